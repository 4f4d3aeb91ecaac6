// Who a node is, in two lines, and the tabs: the head of the inspector and of the credit page.

import { h, onArrows } from "../shared/dom.js";
import { count, plain, signClass, signed } from "../shared/format.js";
import { markIcon } from "../shared/shapes.js";
import { isLive, shapeOf, statusWords, turnWords } from "../step/status.js";
import { tokenWords } from "../step/summary.js";

/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {import("./host.js").Tab} Tab */
/** @typedef {import("./host.js").WhoHost} WhoHost */

const TABS = /** @type {[Tab, string][]} */ ([
  ["messages", "Messages"],
  ["context", "Context"],
  ["credit", "Credit"],
  ["forks", "Forks"],
  ["tokens", "Tokens"],
]);

/** @param {WhoHost} host @param {Shown} shown @param {boolean} wide all in one line */
export function whoLines(host, shown, wide) {
  const { step } = shown;
  const { row } = host.place;
  const later = !!shown.later?.has(row);
  const facts = later ? ["not launched yet"] : [
    statusWords(step.status[row], step.s[row]),
    turnWords(step.status[row], step.turns[row]),
    tokenWords(step, [row]),
    wide ? `depth ${step.depth[row]}` : "",
  ];
  const told = facts.filter(Boolean).join(" \u00b7 ");
  const goal = host.goal(row, 200);
  const mark = markIcon(later ? "unscored" : shapeOf(step.status[row], step.s[row]), 15);
  const name = h("span", { class: "name cut", title: goal }, goal);
  const path = h("span", { class: "label" }, step.path(row));
  const end = wide ? h("span", { class: "label" }, told) : shown.told?.has(row) ? null : sum(shown, row);
  return {
    line: h("div", { class: "line" }, mark, name, path, end),
    sub: h("div", { class: "sub cut" }, told, pileLink(host)),
  };
}

/** Its advantage, or what stands in for it. @param {Shown} shown @param {number} row */
function sum(shown, row) {
  const { step, byReturn, other } = shown;
  const value = shown.values[row];
  if (Number.isNaN(value)) {
    const ended = Number.isNaN(step.s[row]) && !isLive(step.status[row]);
    const waits = ["", "begun", "credit_coming"].includes(step.state);
    const words = step.scored || other ? "not trained" : waits ? "not scored yet" : "no credit";
    return h("span", { class: "sum label" }, ended ? "not scored" : words);
  }
  if (byReturn) return h("span", { class: "sum", title: "reward" }, `R ${plain(value, 3)}`);
  return h("span", { class: `sum ${signClass(value, 5e-4)}`, title: "advantage" }, `A ${signed(value, 3)}`);
}

/** A link from a node to the pile it belongs to. @param {WhoHost} host */
function pileLink({ place, choose }) {
  const pile = place.piles.of(place.row);
  if (!pile) return [];
  const words = `one of ${count(pile.rows.length)} alike`;
  return [" \u00b7 ", h("button", { class: "link", onclick: () => choose.pile(pile.first) }, words)];
}

/** @param {WhoHost} host @returns {HTMLElement} */
export function tabList(host) {
  const go = (/** @type {Tab} */ tab) => {
    const root = list.closest(".rao"); // another head may show the tab, in a list of its own
    host.setTab(tab);
    for (const head of root?.querySelectorAll(`[data-tab=${tab}]`) ?? []) {
      if (head instanceof HTMLElement && head.offsetParent) head.focus();
    }
  };
  /** @type {HTMLElement} */
  const list = h("div", { class: "tabs", role: "tablist", "aria-label": "Inspector" },
    TABS.map(([tab, words]) => {
      const chosen = host.tab === tab;
      const aria = { role: "tab", "aria-selected": chosen, tabindex: chosen ? 0 : -1 };
      return h("button", { ...aria, "data-tab": tab, onclick: () => go(tab) }, words);
    }),
  );
  onArrows(list, { ArrowLeft: -1, ArrowRight: 1 }, (by) => {
    const at = TABS.findIndex(([tab]) => tab === host.tab);
    const [next] = TABS[(at + by + TABS.length) % TABS.length];
    go(next);
  });
  return list;
}

/** Goes to the chosen tab. @param {Element} tabs */
export function chosenTab(tabs) {
  return tabs.querySelector("[aria-selected=true]");
}

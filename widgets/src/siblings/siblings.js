// Siblings in sum: where each stands on the axis of advantage, how they ended, who fell short.

import { h, refill } from "../shared/dom.js";
import { count, duration, signClass } from "../shared/format.js";
import { markIcon } from "../shared/shapes.js";
import { oneLine, taskName } from "../shared/text.js";
import { treeName } from "../step/forks.js";
import { valueText } from "../step/shown.js";
import { noValueWords, shapeOf, statusWords } from "../step/status.js";
import { outcomeWords, summarize } from "../step/summary.js";
import { dotPlot } from "./dots.js";

/** @typedef {import("../step/piles.js").Pile} Pile */
/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {import("../step/summary.js").Summary} Summary */

/**
 * @typedef {object} Family
 * @property {number[]} rows
 * @property {string} title
 * @property {string} under what they are siblings under, in words
 * @property {Pile | null} pile
 * @property {Summary} summary
 */

/** Rows listed by name; the others are in the outline. */
const LISTED = 8;

export class SiblingPanel {
  /** @param {import("./host.js").SiblingsHost} host */
  constructor(host) {
    this.host = host;
    const props = { class: "siblings", role: "group", "aria-label": "Siblings", hidden: true };
    this.element = h("div", props);
    this.key = "";
  }

  /** What the choice belongs to, in a few words. */
  get title() {
    const { shown } = this.host;
    return shown ? this.family(shown).title : "";
  }

  update() {
    const { shown, place, preamble, palette } = this.host;
    if (!shown || place.row < 0 || this.element.hidden) return;
    const { step, other } = shown;
    const pile = place.piles.all.get(place.pile);
    const chosen = [place.row, place.pile, pile?.open, pile?.fallen];
    const key = [step.step, step.revision, ...chosen, preamble, palette.page, JSON.stringify(other)].join(
      "|",
    );
    if (key === this.key) return;
    this.key = key;
    const heir = (/** @type {HTMLElement} */ old) =>
      this.element.querySelector(`[data-at="${old.dataset.at}"]`);
    refill(this.element, heir, this.parts(shown));
  }

  /**
   * What the choice belongs to: its pile, its parent's children, or the roots of its task.
   * @param {Shown} shown @returns {Family}
   */
  family({ step, values }) {
    const { host } = this;
    const { place } = host;
    const pile = place.piles.all.get(place.pile);
    const above = step.parent[place.row];
    if (pile) {
      const { summary, goal } = host.summary(pile);
      const turn = summary.together ? `, launched together at turn ${summary.together}` : "";
      const title = `${count(pile.rows.length)} \u00d7 ${goal}`;
      return { rows: pile.rows, title, under: `siblings under ${step.path(above)}${turn}`, pile, summary };
    }
    const { group } = step.trees[place.tree];
    const roots = () =>
      step
        .treesOf(group)
        .map((tree) => step.rootOf[tree])
        .filter((root) => root >= 0);
    const rows = above < 0 ? roots() : step.children(above);
    const [one, many] = above < 0 ? ["One tree", "trees"] : ["No siblings", "siblings"];
    const title = rows.length === 1 ? one : `${count(rows.length)} ${many}`;
    const task = `of ${taskName(step.groups[group]) || "this task"}`;
    const under = above < 0 ? task : `under ${step.path(above)}, ${host.goal(above, 60)}`;
    return { rows, title, under, pile: null, summary: summarize(step, rows, values) };
  }

  /** @param {Shown} shown */
  parts(shown) {
    const { place, palette, choose } = this.host;
    const family = this.family(shown);
    const { pile, summary, title, under } = family;
    const outcomes = summary.outcomes.map(([shape, number]) =>
      h("span", { class: "key", "aria-hidden": "true" }, markIcon(shape, 13), count(number)),
    );
    const here = place.pile < 0 ? place.row : -1;
    return [
      h("div", { class: "first" },
        h("div", { class: "name", title }, title),
        h("div", { class: "sub cut", title: under }, under),
        dotPlot(shown, palette, family, here, (row) => choose.row(row)),
      ),
      h("div", { class: "second" },
        h("div", { class: "counts" },
          h("span", { class: "hush" }, outcomeWords(summary)),
          outcomes,
          h("span", { class: "label cut" }, factWords(summary)),
        ),
        pile ? null : h("div", { class: "rows" }, this.row(shown, place.row, true)),
        this.fallen(shown, family),
        pile ? this.pileButtons(pile, summary) : this.nodeButtons(),
      ),
    ];
  }

  /** @param {Shown} shown @param {Family} family */
  fallen(shown, { pile, summary }) {
    const others = summary.fallen.filter((row) => pile || row !== this.host.place.row);
    if (!others.length) return null;
    const more = others.length - LISTED;
    const title = pile ? "Fell short" : "Others that fell short";
    return h("div", { class: "rows" },
      h("div", { class: "label", style: "padding:2px 0 4px" }, title),
      others.slice(0, LISTED).map((row) => this.row(shown, row, false)),
      more > 0 ? h("div", { class: "label", style: "padding-top:4px" }, `and ${count(more)} more`) : null,
    );
  }

  /** @param {Shown} shown @param {number} row @param {boolean} here it is chosen */
  row(shown, row, here) {
    const { choose } = this.host;
    const { step, byReturn } = shown;
    const value = shown.values[row];
    const root = step.parent[row] < 0;
    const name = root ? treeName(step, step.tree[row]) : step.path(row);
    const state = statusWords(step.status[row], step.s[row]);
    const why = here ? this.host.goal(row, 60) : oneLine(step.reasonText(row), 60) || state;
    const colour = byReturn ? "" : signClass(value);
    const words = Number.isNaN(value) ? noValueWords(step, row) : valueText(shown, value);
    const current = here ? "true" : null;
    return h(
      "button",
      { class: "sibling", "data-at": `${row}`, "aria-current": current, onclick: () => choose.row(row) },
      markIcon(shapeOf(step.status[row], step.s[row]), 13),
      h("b", {}, name),
      h("span", { class: "why cut", title: why }, why),
      h("span", { class: `value${colour ? ` ${colour}` : ""}` }, words),
    );
  }

  /** @param {Pile} pile @param {Summary} summary */
  pileButtons(pile, summary) {
    const { fold } = this.host;
    const all = count(pile.rows.length);
    const some = summary.fallen.length > 0 && summary.fallen.length < pile.rows.length;
    const only = pile.open && pile.fallen;
    const turn = () => fold.pile(pile.first, !pile.open);
    const narrow = () => fold.pile(pile.first, true, !only);
    const words = only ? `Show all ${all}` : "Failures only";
    return h("div", { class: "acts" },
      button("fold", `${pile.open ? "Fold" : "Unfold"} ${all}`, turn),
      some ? button("only", words, narrow) : null,
    );
  }

  nodeButtons() {
    const { host } = this;
    const open = (/** @type {"messages" | "credit"} */ tab) => () => {
      host.setTab(tab);
      host.focusNodes();
    };
    const messages = button("messages", "Messages", open("messages"));
    return h("div", { class: "acts" }, messages, button("credit", "Credit", open("credit")));
  }
}

/** @param {string} at by which a focus finds it again @param {string} words @param {() => void} onclick */
function button(at, words, onclick) {
  return h("button", { class: "control", "data-at": at, onclick }, words);
}

/** How long they took and what they read and wrote. @param {Summary} summary */
function factWords({ took, tokens }) {
  const [least, most] = took ?? [NaN, NaN];
  const times = least === most ? duration(least) : `${duration(least)} to ${duration(most)}`;
  return [took ? times : "", tokens].filter(Boolean).join(", ");
}

// The trees behind a point of a plot: a card with a button for each. Choosing one opens its node.

import { h } from "../shared/dom.js";
import { count, many, plain } from "../shared/format.js";
import { markIcon } from "../shared/shapes.js";
import { taskName } from "../shared/text.js";
import { NOT_SCORED, kindWords } from "./log.js";
import { asRecorded } from "../step/shown.js";
import { stepSentence } from "../step/states.js";
import { shapeOf, STATUSES, WHY_NOT } from "../step/status.js";

/** @typedef {import("./host.js").BoardHost} BoardHost */
/** @typedef {import("./measures.js").Part} Part */
/** @typedef {import("./host.js").Pressed} Pressed */
/** @typedef {Pick<import("../step/shown.js").Shown, "step" | "credit">} Recorded */
/** @typedef {{tree: number, row: number, nodes: number}} Behind a tree, its first such node, how many */

/** Trees that are listed. */
const LISTED = 60;

/** A coefficient c that is no larger counts as 0, as in `NO_SIGN` of rao_lab/training. */
const NO_SIGN = 1e-9;

/** @type {Part} */
const ALL = { kind: "", key: "", probe: false };

/**
 * The trees that a series counts in a step, those with most of its nodes first.
 * @param {Recorded} shown @param {Part} part
 * @returns {Behind[]}
 */
export function behind({ step, credit }, part) {
  /** @type {Map<number, Behind>} */
  const found = new Map();
  const counts = counted(part, step, credit);
  for (let row = 0; row < step.n; row += 1) {
    const tree = step.tree[row];
    const group = step.groups[step.trees[tree].group];
    if (group.fork || group.probe !== part.probe || !counts(row, group)) continue;
    const have = found.get(tree);
    if (have) have.nodes += 1;
    else found.set(tree, { tree, row, nodes: 1 });
  }
  return [...found.values()].sort((a, b) => b.nodes - a.nodes || a.tree - b.tree);
}

/**
 * @param {Part} part @param {Recorded["step"]} step @param {Recorded["credit"]} credit
 * @returns {(row: number, group: import("../step/types.js").GroupMeta) => boolean}
 */
function counted({ kind, key }, step, credit) {
  const root = (/** @type {number} */ row) => step.parent[row] < 0;
  if (kind === "difficulty") return (row, group) => root(row) && group.difficulty === key;
  if (kind === "probe") return (row, group) => root(row) && (key.startsWith("probe_") || group.task === key);
  if (kind === "depth") return (row) => step.depth[row] === Number(key);
  if (kind === "status") return (row) => STATUSES[step.status[row]] === key;
  if (kind === "unscored") return (row) => Number.isNaN(step.s[row]);
  if (kind === "why") return (row) => WHY_NOT[credit.why[row]] === key;
  if (kind === "sign") {
    const sign = ["signs/negative", "signs/zero", "signs/positive"].indexOf(key) - 1;
    const signOf = (/** @type {number} */ c) => (Math.abs(c) <= NO_SIGN ? 0 : Math.sign(c));
    return (row) => !credit.why[row] && signOf(credit.c[row]) === sign;
  }
  return root;
}

/** What stands behind a plot as a whole. @param {import("./catalogue.js").Entry} entry @returns {Part} */
function partOf({ part = "" }) {
  const kind = ["refusal", "unscored", "badge"].includes(part) ? part : "";
  return { ...ALL, kind, probe: part === "probe" };
}

export class BehindCard {
  /** @param {BoardHost} host @param {{log: (kind: string) => void, page: (step: number) => boolean}} board */
  constructor(host, board) {
    this.host = host;
    this.board = board;
    /** @type {Pressed | null} */
    this.at = null;
    this.body = h("div", { class: "behind" });
    this.key = "";
  }

  /** @param {Pressed} pressed */
  open(pressed) {
    const { host } = this;
    this.at = { ...pressed, step: pressed.step ?? host.wanted };
    this.key = "";
    this.body = h("div", { class: "behind", tabindex: -1 });
    this.fill();
    const menu = host.menu.open(pressed.anchor, [this.body], "behind-menu");
    menu.setAttribute("role", "dialog");
    menu.setAttribute("aria-label", "Trees behind this point");
    this.keepInside(menu);
    if (!menu.contains(document.activeElement)) this.body.focus({ preventScroll: true });
  }

  /** A card at the foot of the cell moves up. @param {HTMLElement} menu */
  keepInside(menu) {
    const root = /** @type {HTMLElement} */ (menu.offsetParent ?? menu.parentElement);
    const over = menu.offsetTop + menu.offsetHeight + 6 - root.clientHeight;
    if (over > 0) menu.style.top = `${Math.max(4, menu.offsetTop - over)}px`;
  }

  /** The step has come, or other trees of it. */
  update() {
    if (!this.body.isConnected) return;
    const had = this.body.contains(document.activeElement);
    this.fill();
    const menu = /** @type {HTMLElement | null} */ (this.body.closest(".menu"));
    if (menu) this.keepInside(menu);
    const first = /** @type {HTMLElement | null} */ (this.body.querySelector("button"));
    if (first && (had || document.activeElement === document.body)) first.focus({ preventScroll: true });
  }

  fill() {
    const { at, host } = this;
    if (!at) return;
    const here = host.shown?.step;
    const key = [at.step, here?.step, here?.revision, host.wanted].join();
    if (key === this.key) return;
    this.key = key;
    this.body.replaceChildren(...this.parts(at));
  }

  /** @param {Pressed} at @returns {HTMLElement[]} */
  parts({ plot, step, hit }) {
    const words = hit ? hit.words : plot.entry.title;
    const head = h("div", { class: "cap" },
      h("b", {}, step === null ? "no step" : `step ${count(step)}`),
      h("span", { class: "label" }, words),
    );
    const say = (/** @type {string} */ text) => [head, h("p", { class: "label" }, text)];
    if (step === null) return say("No step has ended yet.");
    const run = hit && hit.run > 0 ? plot.plan.names[hit.run] : plot.run > 0 ? plot.plan.names[plot.run] : "";
    if (run) return say(`These are trees of ${run}: open it in an Explorer of its own, with step=${step}.`);
    const { shown, wanted } = this.host;
    const { saved } = this.host.traits;
    if (!this.board.page(step)) return say(`The trees of step ${step} are not here. ${saved}`.trim());
    if (!shown || shown.step.step !== step) {
      return say(wanted === step ? "The trees are on their way." : `Step ${step} is not open.`);
    }
    if (!shown.step.n) return say(stepSentence(shown.step, this.host.traits.session) || "It has no trees.");
    const part = hit?.part ?? partOf(plot.entry);
    if (part.kind === "refusal") return [head, this.logButton(part.key, "refused")];
    if (part.kind === "badge") return [head, this.badgeButton(part.key)];
    const recorded = asRecorded(shown);
    const rows = behind(recorded, part);
    if (!rows.length) return say("No tree of this step is behind it.");
    const nodes = rows.reduce((sum, row) => sum + row.nodes, 0);
    const inside = nodes > rows.length || shown.step.parent[rows[0].row] >= 0;
    const trees = many(rows.length, "tree");
    const said = inside ? `${many(nodes, "node")} in ${trees}` : trees;
    const more = rows.length > LISTED ? `, the first ${LISTED} listed` : "";
    return [
      head,
      h("p", { class: "label" }, `${said} behind it${more}`),
      ...rows.slice(0, LISTED).map((row) => this.row(recorded, row, inside)),
      ...(part.kind === "unscored" ? [this.logButton(NOT_SCORED, "")] : []),
    ];
  }

  /** @param {string} kind @param {string} what */
  logButton(kind, what) {
    const onclick = () => {
      this.host.menu.close();
      this.board.log(kind);
    };
    const words = kind ? `${what ? "refused for " : ""}${kindWords(kind)}` : what;
    return h("button", { onclick }, `Log of nodes ${words}`);
  }

  /** @param {string} key */
  badgeButton(key) {
    const { host } = this;
    const onclick = () => {
      host.menu.close();
      host.marking.look(host.marking.badges?.badges.find((badge) => badge.key === key)?.name ?? "");
      host.setView("badges");
    };
    return h("button", { onclick }, key ? "The nodes with this badge" : "The nodes with badges");
  }

  /** @param {Recorded} shown @param {Behind} behind @param {boolean} inside nodes are counted, not roots */
  row({ step, credit }, { tree, row, nodes }, inside) {
    const { group, rollout } = step.trees[tree];
    const name = taskName(step.groups[group]) || "task";
    const R = credit.R[row];
    const value = inside ? many(nodes, "node") : Number.isNaN(R) ? sWords(step.s[row]) : `R ${plain(R)}`;
    const path = inside ? h("span", { class: "path" }, step.path(row)) : null;
    return h("button", { onclick: () => this.go(row) },
      markIcon(shapeOf(step.status[row], step.s[row]), 13),
      h("span", { class: "cut" }, `${name}, tree ${rollout + 1}`),
      path,
      h("span", { class: "value" }, value),
    );
  }

  /** @param {number} row */
  go(row) {
    const { host } = this;
    host.menu.close();
    host.choose.row(row);
    host.setView("tree");
    host.focusNodes();
  }
}

/** @param {number} s */
function sWords(s) {
  return Number.isNaN(s) ? "not scored" : `s ${plain(s)}`;
}

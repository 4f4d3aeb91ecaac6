// The card of values that is shown beside a node or a pile while the pointer rests on it.

import { fill, h } from "../shared/dom.js";
import { brief, count, duration, plain, signed } from "../shared/format.js";
import { badgeIcon } from "../shared/shapes.js";
import { visible } from "../shared/text.js";
import { valueText } from "../step/shown.js";
import { isLive, statusWords, turnWords } from "../step/status.js";
import { outcomeWords, tokenWords } from "../step/summary.js";

/** @typedef {import("../step/piles.js").Pile} Pile */
/** @typedef {import("../step/shown.js").Shown} Shown */

/** ms that the pointer rests before the card is shown. */
const REST = 150;

/**
 * @typedef {object} Told what is told of a node, and where it stands
 * @property {Shown} shown
 * @property {Pile | undefined} pile for which the row stands
 * @property {import("../step/badges.js").Given[]} badges
 * @property {string} goal
 * @property {import("../step/summary.js").Summary | null} summary of the pile
 * @property {[number, number]} at left end and middle, px
 * @property {{width: number, height: number}} size of the node, px
 * @property {{width: number, height: number}} stage px
 */

export class Tip {
  /** @param {(row: number) => Told | null} told null: the row is not drawn any more */
  constructor(told) {
    this.told = told;
    this.element = h("div", { class: "tip", hidden: true });
    this.hovered = -1;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.hover = undefined;
  }

  close() {
    clearTimeout(this.hover);
  }

  /** The pointer is over a row. @param {number} row -1: over none */
  over(row) {
    if (row === this.hovered) return;
    this.hide();
    this.hovered = row;
    if (row >= 0) this.hover = setTimeout(() => this.show(row), REST);
  }

  hide() {
    clearTimeout(this.hover);
    this.hovered = -1;
    this.element.hidden = true;
  }

  /** @param {number} row */
  show(row) {
    const told = this.told(row);
    if (!told) return;
    const { element } = this;
    fill(element, told.pile ? pileParts(told, told.pile) : nodeParts(told, row));
    element.hidden = false;
    const [x, y] = told.at;
    const { size, stage } = told;
    const under = y + size.height / 2;
    const over = y - size.height / 2 - 6 - element.offsetHeight;
    const fits = under + 8 + element.offsetHeight < stage.height;
    element.style.left = `${Math.max(4, Math.min(x, stage.width - element.offsetWidth - 8))}px`;
    element.style.top = `${Math.max(4, fits ? under + 6 : over)}px`;
  }
}

/** @param {Told} told @param {number} row */
function nodeParts({ shown, goal, badges }, row) {
  const { step, credit } = shown;
  const took = step.ended[row] - step.started[row];
  const [s, R, A, c] = [step.s[row], credit.R[row], credit.A[row], credit.c[row]];
  const lacks = Number.isNaN(s) ? "not scored" : "no credit";
  const or = (/** @type {number} */ value, /** @type {string} */ words) => {
    return Number.isNaN(value) ? lacks : words;
  };
  const tokens = tokenWords(step, [row]);
  const pairs = [
    ["s", or(s, brief(s))],
    ["R", or(R, plain(R, 3))],
    ["A", or(A, signed(A, 3))],
    ["wA", or(c, signed(c, 3))],
    ["turns", turnWords(step.status[row], step.turns[row]).replace(/ turns?/, "")],
    ...timePair(took, isLive(step.status[row])),
  ];
  const state = `${step.path(row)} \u00b7 ${statusWords(step.status[row], s)}`;
  const reason = step.reasonText(row);
  return [
    h("div", { class: "goal" }, goal),
    h("div", { class: "label" }, state, shown.other ? " \u00b7 same rollouts, other credit" : ""),
    list(pairs),
    tokens ? h("div", { class: "label" }, tokens) : null,
    reason ? h("div", { class: "label" }, visible(reason)) : null,
    ...badges.map(({ badge, figure }) => {
      const said = h("span", { class: "label" }, figure);
      return h("div", { class: "given" }, badgeIcon(badge.mark, "", 12), badge.name, said);
    }),
  ];
}

/** @param {number} took seconds; NaN: it has not ended, or nobody recorded them @param {boolean} live */
function timePair(took, live) {
  if (Number.isNaN(took)) return live ? [] : [["time", "unknown"]];
  return [["time", duration(took)]];
}

/** @param {Told} told @param {Pile} pile */
function pileParts({ shown, goal, summary }, pile) {
  const { step } = shown;
  if (!summary) return [];
  const figures = Object.entries({ mean: summary.mean, from: summary.low, to: summary.high });
  const under = `alike siblings under ${step.path(step.parent[pile.first])}`;
  return [
    h("div", { class: "goal" }, `${count(pile.rows.length)} \u00d7 ${goal}`),
    h("div", { class: "label" }, `${under}: ${outcomeWords(summary)}`),
    list(summary.known ? figures.map(([name, value]) => [name, valueText(shown, value, 3)]) : []),
  ];
}

/** @param {string[][]} pairs name and value */
function list(pairs) {
  return h("dl", {}, pairs.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]).flat());
}

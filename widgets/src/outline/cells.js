// What a row of the outline says of a node, a tree or a task: its cells, and the same in words.

import { h, s } from "../shared/dom.js";
import { count, many, percent, plain, signClass, signed } from "../shared/format.js";
import { badgeIcon, markIcon } from "../shared/shapes.js";
import { taskName } from "../shared/text.js";
import { treeName } from "../step/forks.js";
import { isLive, noValueWords, shapeOf, statusWords } from "../step/status.js";

/** @typedef {import("../shared/dom.js").Child} Child */
/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {{label: string, cells: Child[]}} Cells `label` is for screen readers */

/** px of the bar of a node, and of a tree or a task. */
const NARROW = 38;
const WIDE = 76;
/** Badges of a row; then a number says how many more there are. */
const MOST = 2;

/**
 * A row may be of another tree than the one whose bars are drawn, so its advantage comes first and its
 * return stands in for it only if there is none.
 * @param {Shown} shown @param {number} row
 */
function figure({ credit, byReturn }, row) {
  const [A, R] = [credit.A[row], credit.R[row]];
  if (!Number.isNaN(A)) return { text: signed(A), words: `advantage ${signed(A)}`, A };
  if (byReturn && !Number.isNaN(R)) return { text: plain(R), words: `reward ${plain(R)}`, R };
  return {};
}

/**
 * @param {Shown} shown @param {import("./rows.js").OutlineRow} row @param {string} goal
 * @param {import("../step/badges.js").Given[]} [badges]
 * @returns {Cells}
 */
export function nodeCells(shown, row, goal, badges = []) {
  const { step } = shown;
  const { id } = row;
  const found = figure(shown, id);
  const live = isLive(step.status[id]);
  const flip = shown.isFlipped(id);
  const value = found.text ?? (live ? `turn ${Math.max(1, step.turns[id])}` : "\u2013");
  const words = found.words ?? (live ? `turn ${step.turns[id]}` : noValueWords(step, id));
  const colour = found.A !== undefined ? signClass(found.A) : live ? "live-word" : "label";
  const hidden = row.open === false ? ` (${count(step.below(id).length - 1)})` : "";
  const state = statusWords(step.status[id], step.s[id]);
  const beside = row.together ? [h("i"), h("i")] : null;
  return {
    label: [
      ...[step.path(id), goal, state, words],
      ...(row.together ? ["launched together"] : []),
      ...(flip ? ["sign changed"] : []),
      ...badges.map(({ badge }) => badge.name),
    ].join(", "),
    cells: [
      markIcon(shapeOf(step.status[id], step.s[id]), 11),
      row.level === 1 ? null : h("span", { class: "beside", "aria-hidden": "true" }, beside),
      h("span", { class: "goal", title: goal }, goal, hidden ? h("span", { class: "label" }, hidden) : null),
      ...badges.slice(0, MOST).map(({ badge, figure }) =>
        h("span", { class: "given", title: `${badge.name}: ${figure}` }, badgeIcon(badge.mark, "", 11)),
      ),
      badges.length > MOST ? h("span", { class: "label" }, `+${badges.length - MOST}`) : null,
      nodeBar(shown, id),
      h("span", { class: `value${colour ? ` ${colour}` : ""}${flip ? " flip" : ""}` }, value),
    ],
  };
}

/** @param {Shown} shown @param {number} tree @returns {Cells} */
export function treeCells({ step, credit }, tree) {
  const root = step.rootOf[tree];
  const A = root >= 0 ? credit.A[root] : NaN;
  const name = treeName(step, tree);
  const nodes = step.sizeOf[tree] ?? 0;
  return {
    label: `${name}, ${nodes} nodes${Number.isNaN(A) ? "" : `, root advantage ${signed(A)}`}`,
    cells: [
      root >= 0 ? markIcon(shapeOf(step.status[root], step.s[root]), 11) : null,
      h("span", { class: "goal" }, name),
      h("span", { class: "amount" }, count(nodes)),
      root >= 0 ? picture(WIDE, Number.isNaN(A) ? [] : [barOf(A, 1, WIDE), zero(WIDE)]) : null,
    ],
  };
}

/**
 * @param {Shown} shown @param {number} group @param {import("./shares.js").TaskShares} shares
 * @returns {Cells}
 */
export function taskCells({ step }, group, shares) {
  const { probe, fork } = step.groups[group];
  const trees = step.treesOf(group);
  const nodes = trees.reduce((sum, tree) => sum + (step.sizeOf[tree] ?? 0), 0);
  const share = shares.of[group];
  const name = taskName(step.groups[group]) || `task ${group + 1}`;
  const known = !Number.isNaN(share);
  const size = `${many(trees.length, "tree")}, ${many(nodes, "node")}`;
  const width = Math.min(1, share / Math.max(1e-9, shares.largest)) * WIDE;
  return {
    label: `${name}, ${size}${known ? `, ${percent(share)} of the update` : ""}`,
    cells: [
      h("span", { class: "goal" }, name, probe && h("span", { class: "label" }, fork ? " forks" : " probe")),
      h("span", { class: "amount" }, count(nodes)),
      picture(WIDE, known ? [s("rect", { x: 0, y: 3, width, ...BAR, fill: "var(--seq3)" })] : []),
    ],
  };
}

/**
 * The bar of one node, the recorded value as a dashed outline in a what-if.
 * @param {Shown} shown @param {number} row
 */
function nodeBar(shown, row) {
  const { A, R } = figure(shown, row);
  if (A !== undefined) {
    const was = shown.recorded.A[row];
    const ghost = shown.other && !Number.isNaN(was) ? outlineOf(was, shown.scale) : null;
    return picture(NARROW, [barOf(A, shown.scale, NARROW, 0.5), ghost, zero(NARROW, 1)]);
  }
  if (R !== undefined) {
    const width = Math.max(0.5, Math.min(1, R / shown.most) * NARROW);
    return picture(NARROW, [s("rect", { x: 0, y: 3, width, ...BAR, fill: "var(--seq2)" })]);
  }
  const dots = { d: "M0 6h38", stroke: "var(--faint)", "stroke-dasharray": "1.5 2.5", "stroke-width": 1.2 };
  return s("svg", { class: "mini", width: NARROW, height: 12, "aria-hidden": "true" }, s("path", dots));
}

const BAR = { height: 6, rx: 1.5 };

/** @param {number} width @param {(SVGElement | null)[]} parts over the track */
function picture(width, parts) {
  const track = s("rect", { x: 0, y: 3, width, ...BAR, fill: "var(--track)" });
  return s("svg", { class: "mini", width, height: 12, "aria-hidden": "true" }, track, ...parts);
}

/** @param {number} value @param {number} scale @param {number} width @param {number} [least] */
function span(value, scale, width, least = 0) {
  const length = Math.min(1, Math.abs(value) / scale) * (width / 2);
  return { x: value < 0 ? width / 2 - length : width / 2, width: Math.max(least, length) };
}

/** @param {number} value @param {number} scale @param {number} width @param {number} [least] px */
function barOf(value, scale, width, least = 0) {
  const { x, width: length } = span(value, scale, width, least);
  const fill = value < 0 ? "var(--barMinus)" : "var(--barPlus)";
  return s("rect", { x, y: 3, width: length, ...BAR, fill });
}

/** @param {number} value @param {number} scale */
function outlineOf(value, scale) {
  const pen = { fill: "none", stroke: "var(--second)", "stroke-width": 0.8, "stroke-dasharray": "2 1.5" };
  return s("rect", { ...span(value, scale, NARROW, 0.5), y: 2, height: 8, rx: 1.5, ...pen });
}

/** @param {number} width @param {number} [line] */
function zero(width, line) {
  return s("path", { d: `M${width / 2} 1.5v9`, stroke: "var(--second)", "stroke-width": line });
}

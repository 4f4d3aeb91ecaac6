// The bands of the icicle: the whole step, one task of it, one tree of that, each opened from the last by a
// lens. Where cells stand and what lies under the pointer; nothing here draws.

import { cells, spans } from "./cells.js";

/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {import("../step/store.js").Step} Step */

/**
 * @typedef {object} Band
 * @property {"step" | "task" | "tree"} name
 * @property {number[]} rows
 * @property {ReturnType<typeof spans>} span
 * @property {ReturnType<typeof cells>} found
 * @property {number} left @property {number} top px
 * @property {number} width px
 * @property {number} line px of one depth
 */

/** px between bands, for their names and the lens. */
const GAP = 44;
const LEFT = 62;
const RIGHT = 16;
const TOP = 22;
/** The step takes this part of the height, and its task that. */
const STEP = { share: 0.2, line: 11 };
const TASK = { share: 0.28, line: 19 };
const TREE = { line: 64 };
/** A tree that is alone in its step takes all of the width; siblings stand under it, if there is room. */
const ALONE = { line: 96, least: 460, under: 220 };

/**
 * The siblings of the choice stand beside its tree, if both have room; in a low cell, beside all bands.
 * In px at the base type size.
 */
const BESIDE = { least: 760, width: 300, high: 300, gap: 28 };

/**
 * @param {Shown} shown @param {number} tree @param {(row: number) => number} weight
 * @param {{width: number, height: number, unit: number}} room px
 */
export function layBands(shown, tree, weight, { width, height, unit }) {
  const { step, values } = shown;
  const group = step.trees[tree]?.group ?? 0;
  const own = rootsOf(step, group);
  const all = step.rootOf.filter((root) => root >= 0);
  const root = step.rootOf[tree] ?? -1;
  const several = { step: step.groups.length > 1, task: own.length > 1 };
  const above =
    TOP + (several.step ? height * STEP.share + GAP : 0) + (several.task ? height * TASK.share + GAP : 0);
  const panel = BESIDE.width * unit + BESIDE.gap;
  const alone = all.length === 1;
  const under = alone && height >= ALONE.least * unit ? ALONE.under * unit : 0;
  const beside = !alone && width >= BESIDE.least * unit;
  const low = beside && height - above < BESIDE.high * unit;
  const inner = width - LEFT - RIGHT - (low ? panel : 0);
  /** @type {Band[]} */
  const bands = [];
  let top = TOP;
  /**
   * @param {Band["name"]} name @param {number[]} roots @param {number} most px of all depths
   * @param {number} line @param {number} [wide]
   */
  const add = (name, roots, most, line, wide = inner) => {
    const rows = roots.flatMap((one) => step.below(one));
    const span = spans(step, roots, weight);
    const depth = rows.reduce((deep, row) => Math.max(deep, step.depth[row]), 0) + 1;
    const tall = Math.max(2, Math.min(line, most / depth));
    const found = cells(step, rows, span, values, wide);
    bands.push({ name, rows, span, found, left: LEFT, top, width: wide, line: tall });
    top += tall * Math.min(depth, Math.floor(most / tall)) + GAP;
  };
  if (several.step) add("step", all, height * STEP.share, STEP.line);
  if (several.task) add("task", own, height * TASK.share, TASK.line);
  const siblings = under
    ? { shown: root >= 0, top: height - under, width: inner, under: true }
    : { shown: beside && root >= 0, top: low ? 0 : top - 20, width: BESIDE.width * unit, under: false };
  const { line } = alone ? ALONE : TREE;
  const most = height - top - 14 - under;
  if (root >= 0) add("tree", [root], most, line * unit, beside && !low ? inner - panel : inner);
  return { bands, siblings };
}

/** @param {Step} step @param {number} group @returns {number[]} of its trees that have begun */
export function rootsOf(step, group) {
  return step
    .treesOf(group)
    .map((tree) => step.rootOf[tree])
    .filter((root) => root >= 0);
}

/**
 * What a band shows of the next one, as shares of its width.
 * @param {Step} step @param {Band} band @param {number} tree
 */
export function lensOf(step, { name, span }, tree) {
  const roots = name === "step" ? rootsOf(step, step.trees[tree].group) : [step.rootOf[tree]];
  const known = roots.filter((root) => root >= 0 && span.width[root] > 0);
  if (!known.length) return null;
  return /** @type {[number, number]} */ ([span.start[known[0]], endOf(span, known[known.length - 1])]);
}

/** @param {Band["span"]} span @param {number} row @returns {number} its right end, in [0, 1] */
export function endOf(span, row) {
  return span.start[row] + span.width[row];
}

/**
 * The node under the pointer, even if it is too narrow to be drawn.
 * @param {Step} step @param {Band[]} bands @param {number} x @param {number} y
 * @returns {{band: Band, row: number} | null}
 */
export function rowAt(step, bands, x, y) {
  for (const band of bands) {
    const depth = Math.floor((y - band.top) / band.line);
    if (depth < -1 || depth >= band.found.depths) continue;
    const at = (x - band.left) / band.width;
    const under = (/** @type {number} */ row) => at >= band.span.start[row] && at < endOf(band.span, row);
    const row = band.rows.find((one) => step.depth[one] === Math.max(0, depth) && under(one));
    if (row !== undefined) return { band, row };
  }
  return null;
}

// The tasks of a step as rows, and a tree as a miniature. Nothing here draws.

import { capital, count, inWords } from "../shared/format.js";

/** @typedef {import("../step/store.js").Step} Step */

/**
 * @typedef {object} GroupRow
 * @property {number} group
 * @property {string} task
 * @property {string} difficulty
 * @property {boolean} probe
 * @property {{tree: number, value: number}[]} roots value NaN: not known yet
 * @property {number} mean NaN: no root is known
 * @property {number} spread standard deviation of the known roots
 * @property {number} first its first tree that has begun, -1 for none
 */

/**
 * The groups of a step with what their roots earned: R if credit is known, s before that.
 * @param {Step} step @param {Float64Array} R @returns {{rows: GroupRow[], by: "R" | "s"}}
 */
export function groupRows(step, R) {
  const credited = step.scored;
  const rows = step.groups.map((meta, group) => {
    const roots = step.treesOf(group).map((tree) => {
      const root = step.rootOf[tree];
      const value = root < 0 ? NaN : credited && !meta.probe ? R[root] : step.s[root];
      return { tree, value };
    });
    const known = roots.map((root) => root.value).filter((value) => !Number.isNaN(value));
    const mean = meanOf(known);
    const spread = known.length > 1 ? Math.sqrt(meanOf(known.map((value) => (value - mean) ** 2))) : NaN;
    const first = roots.find((root) => step.rootOf[root.tree] >= 0)?.tree ?? -1;
    const { task, difficulty, probe } = meta;
    return { group, task, difficulty, probe, roots, mean, spread, first };
  });
  rows.sort((a, b) => Number(a.probe) - Number(b.probe) || a.group - b.group);
  return { rows, by: credited ? "R" : "s" };
}

/**
 * A tree as places on a small grid: x by depth, y by leaf order, deepest levels and widest fans squeezed.
 * @param {Step} step @param {number} tree @param {number} most nodes
 * @returns {{row: number, x: number, y: number, above: number}[]} x in levels, y in rows about 0
 */
export function miniature(step, tree, most = 40) {
  const rows = step.walk(tree).slice(0, most);
  const shown = new Set(rows);
  /** @type {Map<number, number>} */
  const ys = new Map();
  let leaf = 0;
  const stack = rows.slice().reverse();
  const order = rows.filter((row) => !step.children(row).some((child) => shown.has(child)));
  for (const row of order) ys.set(row, leaf++);
  for (const row of stack) {
    if (ys.has(row)) continue;
    const below = step.children(row).filter((child) => ys.has(child));
    ys.set(row, ((ys.get(below[0]) ?? 0) + (ys.get(below[below.length - 1]) ?? 0)) / 2);
  }
  const middle = (leaf - 1) / 2;
  return rows.map((row) => {
    return { row, x: step.depth[row], y: (ys.get(row) ?? 0) - middle, above: step.parent[row] };
  });
}

/** "Eleven more tasks", in figures if there are many. @param {number} number @param {string} word */
export function moreWords(number, word) {
  const many = number <= 12 ? capital(inWords(number)) : count(number);
  return `${many} more ${number === 1 ? word : `${word}s`}`;
}

/** @param {number[]} values */
function meanOf(values) {
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : NaN;
}

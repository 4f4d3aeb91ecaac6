// The tasks of a step as rows, and a tree as a miniature. Nothing here draws.

import { many } from "../shared/format.js";

/** @typedef {import("./store.js").Step} Step */

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
 * The groups of a step with what their roots earned: R if credit is known, s before that. Of a step that has
 * ended, the widest spread is first: its trees differ most. Under way, rows keep their places.
 * @param {Step} step @param {Float64Array} R @returns {{rows: GroupRow[], by: "R" | "s"}}
 */
export function groupRows(step, R) {
  const credited = step.scored;
  const groups = [...step.groups.entries()].filter(([, meta]) => !meta.fork); // no step counts these
  /** @type {number[][]} */
  const trees = step.groups.map(() => []);
  step.trees.forEach(({ group }, tree) => trees[group]?.push(tree));
  const rows = groups.map(([group, meta]) => {
    const roots = trees[group].map((tree) => {
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
  const wide = (/** @type {GroupRow} */ { spread }) => (credited && !Number.isNaN(spread) ? spread : -1);
  rows.sort((a, b) => Number(a.probe) - Number(b.probe) || wide(b) - wide(a) || a.group - b.group);
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

/**
 * Values on an axis, those of one point on top of each other.
 * @param {number[]} values @param {number} most the end of the axis
 * @param {number} [columns] that can be told apart
 * @returns {{value: number, size: number}[]} where they stand, and how many
 */
export function piled(values, most, columns = 18) {
  /** @type {Map<number, number[]>} */
  const found = new Map();
  for (const value of values) {
    const column = Math.round((value / most) * columns);
    const have = found.get(column);
    if (have) have.push(value);
    else found.set(column, [value]);
  }
  return [...found.values()].map((alike) => ({ value: meanOf(alike), size: alike.length }));
}

/** "20 tasks and 8 probes, widest spread first". @param {GroupRow[]} rows @param {boolean} sorted */
export function groupWords(rows, sorted) {
  const probes = rows.filter((row) => row.probe).length;
  const tasks = rows.length - probes;
  const parts = [tasks ? many(tasks, "task") : "", probes ? many(probes, "probe") : ""].filter(Boolean);
  const order = sorted && rows.length > 1 ? ", widest spread first" : "";
  return `${parts.join(" and ")}${order}`;
}

/** @param {number[]} values */
function meanOf(values) {
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : NaN;
}

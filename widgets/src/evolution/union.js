// Two aligned trees as one: every node of both in one layout, so that what is the same has the same place at
// both sides and what one side lacks leaves a gap there.

import { many } from "../shared/format.js";
import { shapeOf } from "../step/status.js";
import { Step } from "../step/store.js";

/**
 * @typedef {object} Side a node
 * @property {string} path @property {string} goal @property {string} shape
 * @property {number | null} s @property {number | null} R @property {number} turns
 */
/** @typedef {{depth: number, a: Side | null, b: Side | null, changed: boolean, moment: string}} Row */

/**
 * @typedef {object} Parting
 * @property {string} a @property {string} b paths of the node
 * @property {number} turn 0: when it is launched
 * @property {string} where @property {string} what
 * @property {boolean} action it is an action that differs, not only its words
 * @property {string} words where words differ before that; mostly empty
 * @property {string[]} left @property {string[]} right lines from the first that differs
 */
/**
 * @typedef {object} Pair
 * @property {string} sum @property {Parting | null} parting
 * @property {Row[]} rows @property {number} hidden
 * @property {string} [lacks] why nobody compared what was written; the trees are aligned by place alone
 */

/**
 * @typedef {object} PairNeeds
 * @property {import("../shared/theme.js").Palette} palette
 * @property {number} pinned step
 * @property {number} chosen step
 * @property {(step: number, path: string) => void} openNode
 */

/**
 * The rows of a comparison as a step of one tree, in the order of the rows.
 * @param {Row[]} rows parents first @returns {Step}
 */
export function unionOf(rows) {
  const step = new Step(0);
  step.groups = [{ task: "", goal: "", difficulty: "", probe: false }];
  step.trees = [{ group: 0, rollout: 0, ended: null, note: "" }];
  step.reserve(rows.length);
  /** @type {number[]} the last row of each depth */
  const open = [];
  const children = new Map();
  rows.forEach(({ depth }, row) => {
    const above = depth ? (open[depth - 1] ?? 0) : -1;
    open[depth] = row;
    open.length = depth + 1;
    step.parent[row] = above;
    step.depth[row] = depth;
    step.spawn[row] = children.get(above) ?? 0;
    children.set(above, step.spawn[row] + 1);
    step.status[row] = 2;
  });
  step.n = rows.length;
  if (rows.length) step.link(0);
  return step;
}

/**
 * Two trees by place alone: the k-th child of a node is that of the other tree.
 * @param {import("./data.js").Cell} one @param {import("./data.js").Cell} two
 * @param {(goal: string) => string} short @param {string} why nobody compared them
 * @returns {Pair}
 */
export function byPlace(one, two, short, why) {
  const steps = [one.column.step, two.column.step];
  /** @param {0 | 1} side @param {number} row @returns {Side | null} */
  const node = (side, row) => {
    if (row < 0) return null;
    const step = steps[side];
    const s = Number.isNaN(step.s[row]) ? null : step.s[row];
    const shape = shapeOf(step.status[row], step.s[row]);
    return { path: step.path(row), goal: short(step.goalText(row)), shape, s, R: null, turns: 0 };
  };
  /** @type {Row[]} */
  const rows = [];
  /** @type {[number, number, number][]} */
  const due = [[one.row, two.row, 0]];
  while (due.length) {
    const [left, right, depth] = /** @type {[number, number, number]} */ (due.pop());
    const [a, b] = [node(0, left), node(1, right)];
    rows.push({ depth, a, b, changed: !a || !b || a.shape !== b.shape || a.goal !== b.goal, moment: "" });
    const children = [left < 0 ? [] : steps[0].children(left), right < 0 ? [] : steps[1].children(right)];
    const count = Math.max(children[0].length, children[1].length);
    for (let k = count - 1; k >= 0; k -= 1) due.push([children[0][k] ?? -1, children[1][k] ?? -1, depth + 1]);
  }
  const only = (/** @type {"a" | "b"} */ side) => rows.filter((row) => !row[side]).length;
  const both = rows.length - only("a") - only("b");
  const sum = `${many(both, "node")} in both by place \u00b7 ${only("b")} only left, ${only("a")} only right`;
  return { sum, parting: null, rows, hidden: 0, lacks: why };
}

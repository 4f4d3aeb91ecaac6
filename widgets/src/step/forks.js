// Forks of a step: which were cut at a node, which one a tree belongs to, and what they came to. No DOM.

import { brief, many } from "../shared/format.js";

/** @typedef {import("./store.js").Step} Step */
/** @typedef {import("./types.js").ForkSet} ForkSet */

/** What was cut at a node. @param {Step} step @param {number} row @returns {ForkSet[]} */
export function forksAt(step, row) {
  const tree = step.tree[row];
  return step.forks.filter((set) => set.tree === tree && step.find(tree, set.path) === row);
}

/** What was cut in a tree, by row. @param {Step} step @param {number} tree */
export function cutsOf(step, tree) {
  /** @type {Map<number, ForkSet[]>} */
  const found = new Map();
  for (const set of step.forks) {
    const row = set.tree === tree ? step.find(tree, set.path) : -1;
    if (row < 0) continue;
    const have = found.get(row);
    if (have) have.push(set);
    else found.set(row, [set]);
  }
  return found;
}

/**
 * The run that holds a node's tree, as its forks or those of its group say, and what the run calls the tree.
 * @param {Step} step @param {number} row
 */
export function cameFrom(step, row) {
  const tree = step.tree[row];
  const { group, rollout } = step.trees[tree];
  const set = step.forks.find((each) => each.group === group || step.trees[each.tree].group === group);
  const made = set?.file ?? "";
  const { probe, label } = step.groups[group];
  return { made, name: made && !probe ? `${label}.${rollout}` : "" };
}

/** What a tree was made by, if it is a fork. @param {Step} step @param {number} tree */
export function setOf(step, tree) {
  const group = step.trees[tree]?.group;
  return step.forks.find((set) => set.group === group);
}

/** "tree 2" or "fork 3". @param {Step} step @param {number} tree */
export function treeName(step, tree) {
  const { group, rollout } = step.trees[tree];
  return `${step.groups[group]?.fork ? "fork" : "tree"} ${rollout + 1}`;
}

/**
 * GROUP.TREE, or the place of a probe or a fork: as addresses say it.
 * @param {Step} step @param {number} tree
 */
export function treeAddress(step, tree) {
  const { group, rollout } = step.trees[tree];
  const { probe, fork, label } = step.groups[group];
  return probe || fork || label === undefined ? String(tree) : `${label}.${rollout}`;
}

/** "tree 2", "tree 2, original of 8 forks" or "fork 3". @param {Step} step @param {number} tree */
export function treeWords(step, tree) {
  const sets = step.forks.filter((set) => set.tree === tree);
  const forks = sets.reduce((sum, set) => sum + step.treesOf(set.group).length, 0);
  const original = forks ? `, original of ${many(forks, "fork")}` : "";
  return `${treeName(step, tree)}${original}`;
}

/** "7 of 8". @param {ForkSet} set @param {string} [between] */
export function countWords({ succeeded, scored }, between = " of ") {
  return scored ? `${brief(succeeded, 1)}${between}${scored}` : "not scored";
}

/** The change of the node itself. @param {ForkSet} set */
export function ownChange(set) {
  return set.changes[set.changes.length - 1];
}

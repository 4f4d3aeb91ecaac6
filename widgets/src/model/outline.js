// Rows of the outline: what a list shows of the open part of a step, as plain data.

/** @typedef {import("./store.js").Step} Step */

/**
 * @typedef {object} OutlineRow
 * @property {"group" | "tree" | "node"} kind
 * @property {string} key
 * @property {number} id group, tree or row number
 * @property {number} level from 1
 * @property {number} set siblings
 * @property {number} place from 1
 * @property {boolean | null} open null: has nothing below
 * @property {boolean} together
 */

/**
 * The nodes of one tree.
 * @param {Step} step @param {number} tree @param {Set<number>} folded
 * @returns {OutlineRow[]}
 */
export function treeRows(step, tree, folded) {
  const root = step.rootOf[tree] ?? -1;
  return root < 0 ? [] : nodeRows(step, root, folded, 1);
}

/**
 * @param {Step} step @param {number} top @param {Set<number>} folded @param {number} level of the top row
 * @returns {OutlineRow[]}
 */
function nodeRows(step, top, folded, level) {
  /** @type {OutlineRow[]} */
  const rows = [];
  const counts = new Map();
  let at = top;
  const base = step.depth[top];
  while (at >= 0) {
    const above = step.parent[at];
    const has = step.first[at] >= 0;
    const shut = folded.has(at);
    if (above >= 0 && !counts.has(above)) counts.set(above, step.children(above).length);
    rows.push({
      ...{ kind: "node", key: `n${at}`, id: at, level: level + step.depth[at] - base, open: has ? !shut : null },
      ...{ set: at === top ? 1 : counts.get(above), place: at === top ? 1 : step.spawn[at] + 1, together: step.together[at] === 1 },
    });
    if (has && !shut) {
      at = step.first[at];
      continue;
    }
    while (at !== top && step.next[at] < 0) at = step.parent[at];
    if (at === top) break;
    at = step.next[at];
  }
  return rows;
}

/**
 * A whole step: tasks, their trees, their nodes. Groups and trees are closed unless opened, nodes open
 * unless folded.
 * @param {Step} step @param {Set<number>} openGroups @param {Set<number>} openTrees @param {Set<number>} folded
 * @returns {OutlineRow[]}
 */
export function stepRows(step, openGroups, openTrees, folded) {
  /** @type {OutlineRow[]} */
  const rows = [];
  /** @type {number[][]} */
  const trees = step.groups.map(() => []);
  step.trees.forEach((tree, index) => trees[tree.group]?.push(index));
  step.groups.forEach((_, group) => {
    const open = openGroups.has(group);
    rows.push({ kind: "group", key: `g${group}`, id: group, level: 1, set: step.groups.length, place: group + 1, open, together: false });
    if (!open) return;
    trees[group].forEach((tree, place) => {
      const has = step.rootOf[tree] >= 0;
      const shown = has && openTrees.has(tree);
      rows.push({
        ...{ kind: "tree", key: `t${tree}`, id: tree, level: 2, set: trees[group].length, place: place + 1 },
        ...{ open: has ? shown : null, together: false },
      });
      if (shown) for (const row of nodeRows(step, step.rootOf[tree], folded, 3)) rows.push(row);
    });
  });
  return rows;
}

/**
 * Nodes whose goal or path holds the words, in reading order.
 * @param {Step} step @param {number[]} rows @param {string} query
 */
export function matches(step, rows, query) {
  const wanted = query.trim().toLowerCase();
  if (!wanted) return [];
  /** @type {Map<number, boolean>} */
  const known = new Map(); // many nodes share a goal
  return rows.filter((row) => {
    const goal = step.goal[row];
    let hit = known.get(goal);
    if (hit === undefined) {
      hit = step.goalText(row).toLowerCase().includes(wanted);
      known.set(goal, hit);
    }
    return hit || step.path(row) === wanted;
  });
}

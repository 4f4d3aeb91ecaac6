// Rows of the outline: what a list shows of the open part of a step, as plain data.

import { Piles } from "./piles.js";

/** @typedef {import("./store.js").Step} Step */

/**
 * @typedef {object} OutlineRow
 * @property {"group" | "tree" | "node" | "pile"} kind
 * @property {string} key
 * @property {number} id group, tree or row number; a pile has its first row
 * @property {number} level from 1
 * @property {number} set siblings
 * @property {number} place from 1
 * @property {boolean | null} open null: has nothing below
 * @property {boolean} together
 */

/**
 * The nodes of one tree.
 * @param {Step} step @param {number} tree @param {Set<number>} folded @param {Piles} [piles]
 * @returns {OutlineRow[]}
 */
export function treeRows(step, tree, folded, piles = new Piles(step)) {
  const root = step.rootOf[tree] ?? -1;
  return root < 0 ? [] : nodeRows(step, root, folded, piles, 1);
}

/**
 * A pile is one row among its siblings; open, it has its nodes one level below it.
 * @param {Step} step @param {number} top @param {Set<number>} folded @param {Piles} piles @param {number} level of the top row
 * @returns {OutlineRow[]}
 */
function nodeRows(step, top, folded, piles, level) {
  /** @type {OutlineRow[]} */
  const rows = [];
  const places = new Places(step, piles);
  let at = top;
  let base = level - step.depth[top];
  while (at >= 0) {
    const pile = at === top ? undefined : piles.of(at);
    if (pile && places.entered !== pile) {
      places.enter(pile);
      rows.push({
        ...{ kind: "pile", key: `p${pile.first}`, id: pile.first, level: base + step.depth[at], open: pile.open },
        ...{ ...places.ofItem(at), together: step.together[pile.first] === 1 },
      });
      if (pile.open) base += 1;
    }
    const has = !pile || pile.open ? step.first[at] >= 0 : false;
    const shut = folded.has(at);
    if (!pile || pile.open) {
      rows.push({
        ...{ kind: "node", key: `n${at}`, id: at, level: base + step.depth[at], open: has ? !shut : null },
        ...{ ...(at === top ? { set: 1, place: 1 } : pile ? places.inPile(pile) : places.ofItem(at)), together: step.together[at] === 1 },
      });
    }
    const below = has && !shut ? piles.firstOf(at) : -1;
    if (below >= 0) {
      places.down();
      at = below;
      continue;
    }
    for (;;) {
      if (at === top) return rows;
      const next = piles.nextOf(at);
      const left = places.entered;
      if (left && (next < 0 || piles.of(next) !== left)) {
        if (left.open) base -= 1;
        places.leave();
      }
      if (next >= 0) {
        at = next;
        break;
      }
      at = step.parent[at];
      places.up();
    }
  }
  return rows;
}

/** Where rows stand among their siblings, a pile being one of them. */
class Places {
  /** @param {Step} step @param {Piles} piles */
  constructor(step, piles) {
    this.step = step;
    this.piles = piles;
    /** @type {import("./piles.js").Pile | undefined} the pile being listed */
    this.entered = undefined;
    /** @type {(import("./piles.js").Pile | undefined)[]} those of the nodes above */
    this.above = [];
    /** @type {Map<number, {set: number, place: number}>} by parent, or by ~first of a pile */
    this.counted = new Map();
  }

  /** @param {import("./piles.js").Pile} pile */
  enter(pile) {
    this.entered = pile;
    const set = pile.fallen ? pile.rows.filter((row) => !this.piles.hides(row)).length : pile.rows.length;
    this.counted.set(~pile.first, { set, place: 0 });
  }

  leave() {
    this.entered = undefined;
  }

  down() {
    this.above.push(this.entered);
    this.entered = undefined;
  }

  up() {
    this.entered = this.above.pop();
  }

  /** @param {number} row */
  ofItem(row) {
    const parent = this.step.parent[row];
    return this.next(parent, () => {
      let items = 0;
      for (let child = this.step.first[parent]; child >= 0; child = this.step.next[child]) {
        const head = this.piles.head[child] ?? -1;
        if (head < 0 || head === child) items += 1;
      }
      return items;
    });
  }

  /** @param {import("./piles.js").Pile} pile */
  inPile(pile) {
    return this.next(~pile.first, () => pile.rows.length);
  }

  /** @param {number} key @param {() => number} count */
  next(key, count) {
    let found = this.counted.get(key);
    if (!found) {
      found = { set: count(), place: 0 };
      this.counted.set(key, found);
    }
    found.place += 1;
    return { set: found.set, place: found.place };
  }
}

/**
 * A whole step: tasks, their trees, their nodes. Groups and trees are closed unless opened, nodes open
 * unless folded.
 * @param {Step} step @param {Set<number>} openGroups @param {Set<number>} openTrees @param {Set<number>} folded
 * @param {Piles} [piles] @returns {OutlineRow[]}
 */
export function stepRows(step, openGroups, openTrees, folded, piles = new Piles(step)) {
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
      if (shown) for (const row of nodeRows(step, step.rootOf[tree], folded, piles, 3)) rows.push(row);
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

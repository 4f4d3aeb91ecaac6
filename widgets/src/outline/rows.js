// Rows of the outline: what a list shows of the open part of a step, as plain data.

import { Piles } from "../step/piles.js";

/** @typedef {import("../step/store.js").Step} Step */

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
 * @param {Step} step @param {number} top @param {Set<number>} folded @param {Piles} piles
 * @param {number} level of the top row
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
      places.item(at);
      rows.push(
        made("pile", pile.first, base + step.depth[at], pile.open, places, step.together[pile.first]),
      );
      if (pile.open) base += 1;
    }
    const listed = !pile || pile.open;
    const has = listed && step.first[at] >= 0;
    const shut = folded.has(at);
    if (listed) {
      if (pile) places.member(pile);
      else places.item(at);
      rows.push(made("node", at, base + step.depth[at], has ? !shut : null, places, step.together[at]));
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

/**
 * @param {"node" | "pile"} kind @param {number} id @param {number} level @param {boolean | null} open
 * @param {{set: number, place: number}} at @param {number} together @returns {OutlineRow}
 */
function made(kind, id, level, open, { set, place }, together) {
  const key = (kind === "node" ? "n" : "p") + id;
  return { kind, key, id, level, set, place, open, together: together === 1 };
}

/** Where rows stand among their siblings, a pile being one of them. */
class Places {
  /** @param {Step} step @param {Piles} piles */
  constructor(step, piles) {
    this.step = step;
    this.piles = piles;
    /** @type {import("../step/piles.js").Pile | undefined} the pile being listed */
    this.entered = undefined;
    /** @type {(import("../step/piles.js").Pile | undefined)[]} those of the nodes above */
    this.above = [];
    /** @type {Map<number, {set: number, place: number}>} by parent, or by ~first of a pile */
    this.counted = new Map();
    /** Of the row that was asked for last: how many siblings it has, itself one, and its place from 1. */
    this.set = 1;
    this.place = 1;
  }

  /** @param {import("../step/piles.js").Pile} pile */
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

  /** A node, or a pile, among the children of a node. @param {number} row */
  item(row) {
    const parent = this.step.parent[row];
    if (parent < 0) return;
    let found = this.counted.get(parent);
    if (!found) {
      found = { set: 0, place: 0 };
      for (let child = this.step.first[parent]; child >= 0; child = this.step.next[child]) {
        const head = this.piles.head[child] ?? -1;
        if (head < 0 || head === child) found.set += 1;
      }
      this.counted.set(parent, found);
    }
    this.take(found);
  }

  /** A node in an open pile. @param {import("../step/piles.js").Pile} pile */
  member(pile) {
    this.take(/** @type {{set: number, place: number}} */ (this.counted.get(~pile.first)));
  }

  /** @param {{set: number, place: number}} found */
  take(found) {
    found.place += 1;
    this.set = found.set;
    this.place = found.place;
  }
}

/**
 * A whole step: tasks, their trees, their nodes. Groups and trees are closed unless opened, nodes open
 * unless folded.
 * @param {Step} step @param {Set<number>} openGroups @param {Set<number>} openTrees
 * @param {Set<number>} folded
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
    const among = { set: step.groups.length, place: group + 1 };
    rows.push({ kind: "group", key: `g${group}`, id: group, level: 1, ...among, open, together: false });
    if (!open) return;
    trees[group].forEach((tree, place) => {
      const has = step.rootOf[tree] >= 0;
      const shown = has && openTrees.has(tree);
      const siblings = { set: trees[group].length, place: place + 1 };
      const open = has ? shown : null;
      rows.push({ kind: "tree", key: `t${tree}`, id: tree, level: 2, ...siblings, open, together: false });
      if (shown) for (const row of nodeRows(step, step.rootOf[tree], folded, piles, 3)) rows.push(row);
    });
  });
  return rows;
}

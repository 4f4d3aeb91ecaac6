// Where the reader is in a step: which tree, which node, what is folded and what is open. It draws nothing
// and asks nobody; `view/app.js` changes it and redraws.

import { foldsFor } from "./layout.js";
import { stepRows, treeRows } from "./outline.js";

/** @typedef {import("./store.js").Step} Step */

/** A tree of at most so many nodes is shown whole, however small the view. */
const SHOWN_WHOLE = 400;

export class Place {
  constructor() {
    /** @type {Step | null} */
    this.step = null;
    this.tree = 0;
    this.row = -1;
    /** Path of the last node chosen, kept over steps. */
    this.keptPath = "0";
    /** @type {string | undefined} the outline row of a task or a tree, where one was chosen */
    this.outlineKey = undefined;
    /** Root of the focused subtree, -1 for the whole tree. */
    this.focus = -1;
    /** @type {Set<number>} nodes whose subtrees are folded */
    this.folded = new Set();
    /** @type {Set<number>} trees whose folds were chosen */
    this.settled = new Set();
    /** @type {Set<number>} */
    this.openGroups = new Set();
    /** @type {Set<number>} */
    this.openTrees = new Set();
  }

  /** Another step: the place in it is kept where it exists. @param {Step} step */
  enter(step) {
    this.step = step;
    this.folded.clear();
    this.settled.clear();
    this.focus = -1;
    this.tree = Math.max(0, Math.min(this.tree, step.trees.length - 1));
    if (step.rootOf[this.tree] === -1) this.tree = firstTree(step);
    this.openGroups = new Set(step.trees[this.tree] ? [step.trees[this.tree].group] : []);
    this.openTrees = new Set([this.tree]);
    this.row = this.nearest(this.keptPath);
  }

  /** The same step with more in it. @param {Step} step */
  grow(step) {
    this.step = step;
    if (this.row >= 0) return;
    this.tree = firstTree(step);
    this.row = step.rootOf[this.tree] ?? -1;
  }

  /** @param {string} path @returns {number} its row, or that of its closest ancestor here */
  nearest(path) {
    const step = this.step;
    if (!step) return -1;
    for (let at = path; at; at = at.includes(".") ? at.slice(0, at.lastIndexOf(".")) : "") {
      const row = step.find(this.tree, at);
      if (row >= 0) return row;
    }
    return step.rootOf[this.tree] ?? -1;
  }

  /** A node, with everything above it open. @param {number} row */
  choose(row) {
    const step = this.step;
    if (!step) return;
    this.row = row;
    this.keptPath = step.path(row);
    for (let above = step.parent[row]; above >= 0; above = step.parent[above]) this.folded.delete(above);
    if (this.focus >= 0 && !this.under(row, this.focus)) this.focus = -1;
  }

  /** @param {number} tree @param {number} [row] its root, if left out */
  openTree(tree, row) {
    const step = this.step;
    if (!step) return;
    this.tree = tree;
    this.focus = -1;
    this.row = row ?? step.rootOf[tree];
    this.keptPath = this.row >= 0 ? step.path(this.row) : "0";
    this.openGroups.add(step.trees[tree].group);
    this.openTrees = new Set([tree]);
  }

  /** @param {number} row @param {number} top @returns {boolean} the row is the top or below it */
  under(row, top) {
    const step = this.step;
    let at = row;
    while (step && at >= 0 && at !== top) at = step.parent[at];
    return at === top;
  }

  /** Folds or unfolds a subtree; a choice inside it moves to its top. @param {number} row */
  toggle(row) {
    if (this.folded.delete(row)) return;
    this.folded.add(row);
    if (this.row !== row && this.under(this.row, row)) this.row = row;
  }

  /** @param {number} row -1: the whole tree @returns {boolean} it has anything below it */
  focusOn(row) {
    const step = this.step;
    if (!step || (row >= 0 && step.first[row] < 0)) return false;
    this.focus = row >= 0 && step.parent[row] < 0 ? -1 : row;
    if (row >= 0) this.folded.delete(row);
    return true;
  }

  unfoldAll() {
    for (const row of this.step?.walk(this.tree) ?? []) this.folded.delete(row);
  }

  /** Folds for a tree that is too large to draw, once. @param {number} budget nodes that can be told apart */
  settle(budget) {
    const step = this.step;
    if (!step || this.settled.has(this.tree)) return;
    this.settled.add(this.tree);
    if ((step.sizeOf[this.tree] ?? 0) <= Math.max(budget, SHOWN_WHOLE)) return;
    const size = new Int32Array(step.n).fill(1);
    const rows = step.walk(this.tree);
    for (let at = rows.length - 1; at > 0; at -= 1) size[step.parent[rows[at]]] += size[rows[at]];
    for (const row of foldsFor(step, step.rootOf[this.tree], budget, (at) => size[at])) this.folded.add(row);
  }

  /** Rows of the outline. @param {boolean} whole all tasks of the step instead of one tree */
  rows(whole) {
    const step = this.step;
    if (!step) return [];
    return whole ? stepRows(step, this.openGroups, this.openTrees, this.folded) : treeRows(step, this.tree, this.folded);
  }

  /** The outline row that is chosen. @param {{key: string}[]} rows @param {boolean} whole */
  keyIn(rows, whole) {
    const key = this.outlineKey;
    return whole && key && rows.some((row) => row.key === key) ? key : `n${this.row}`;
  }
}

/** @param {Step} step */
function firstTree(step) {
  return Math.max(0, step.rootOf.findIndex((root) => root >= 0));
}

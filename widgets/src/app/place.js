// Where the reader is in a step: which tree, which node, what is folded and what is open. It draws nothing;
// the app changes it and redraws.

import { foldsFor } from "../tree/layout.js";
import { stepRows, treeRows } from "../outline/rows.js";
import { Piles } from "../step/piles.js";
import { Step } from "../step/store.js";

/** A tree of at most this many nodes is shown whole, however small the view is. */
const SHOWN_WHOLE = 400;

/** @typedef {import("../step/client.js").Look} Look */

export class Place {
  /** @param {Look} [look] where to begin */
  constructor(look = {}) {
    /** @type {Step | null} */
    this.step = null;
    /** Rows of the step that were known when it was last looked at. */
    this.known = 0;
    this.tree = look.tree ?? 0;
    this.row = -1;
    /** Path of the last node chosen, kept over steps. */
    this.keptPath = look.path ?? "0";
    /** @type {string | undefined} the outline row of a task or a tree, if one was chosen */
    this.outlineKey = undefined;
    /** Root of the focused subtree, -1 for the whole tree. */
    this.focus = -1;
    /** @type {Set<number>} nodes whose subtrees are folded */
    this.folded = new Set();
    this.piles = new Piles(new Step(0));
    /** First row of the pile that is chosen as a whole, -1: a node is chosen. */
    this.pile = -1;
    /** @type {Set<number>} trees whose folds were chosen */
    this.settled = new Set();
    /** @type {Set<number>} */
    this.openGroups = new Set();
    /** @type {Set<number>} */
    this.openTrees = new Set();
  }

  /** Another step: the place in it is kept if it exists. @param {Step} step */
  enter(step) {
    this.step = step;
    this.known = step.n;
    this.folded.clear();
    this.settled.clear();
    this.focus = -1;
    this.tree = Math.max(0, Math.min(this.tree, step.trees.length - 1));
    if (step.rootOf[this.tree] === -1) this.tree = firstTree(step);
    this.openGroups = new Set(step.trees[this.tree] ? [step.trees[this.tree].group] : []);
    this.openTrees = new Set([this.tree]);
    this.piles = new Piles(step);
    this.piles.gather(parentsIn(step));
    this.row = this.nearest(this.keptPath);
    this.pile = this.pile >= 0 && this.piles.head[this.row] === this.row ? this.row : -1;
    if (this.pile < 0) this.piles.reveal(this.row);
  }

  /** The same step with more in it. @param {Step} step */
  grow(step) {
    const before = this.known;
    this.step = step;
    this.known = step.n;
    this.piles.over(step);
    const parents = new Set();
    for (let row = before; row < step.n; row += 1) if (step.parent[row] >= 0) parents.add(step.parent[row]);
    this.piles.gather(parents, before);
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
    this.pile = -1;
    this.outlineKey = undefined;
    this.keptPath = step.path(row);
    this.piles.reveal(row);
    for (let above = step.parent[row]; above >= 0; above = step.parent[above]) this.folded.delete(above);
    if (this.focus >= 0 && !this.under(row, this.focus)) this.focus = -1;
  }

  /** A pile as a whole, open or folded. @param {number} first */
  choosePile(first) {
    const pile = this.piles.all.get(first);
    if (!pile) return;
    const { open, fallen } = pile;
    this.choose(first);
    [pile.open, pile.fallen] = [open, fallen];
    this.pile = first;
  }

  /**
   * Opens or folds a pile; a choice inside a folded one becomes the pile.
   * @param {number} first @param {boolean} open @param {boolean} [fallen] only the nodes that fell short
   */
  setPile(first, open, fallen = false) {
    const pile = this.piles.all.get(first);
    if (!pile || !this.step) return;
    pile.open = open;
    pile.fallen = open && fallen;
    if (this.hidden(this.row)) this.choosePile(first);
    else if (this.row === first && !open) this.pile = first;
    if (this.focus >= 0 && this.hidden(this.focus)) this.focus = -1;
  }

  /** A folded pile holds it, or a pile of which only the fallen are shown. @param {number} row */
  hidden(row) {
    for (let at = row; at >= 0; at = this.step?.parent[at] ?? -1) {
      if (this.piles.hides(at) || (at !== row && this.piles.foldedAt(at))) return true;
    }
    return false;
  }

  /** Piles up what is alike in the tree, also what came while it was watched; the choice stays in sight. */
  gather() {
    const step = this.step;
    if (!step) return;
    this.piles.gather(step.walk(this.tree).filter((row) => step.first[row] >= 0));
    if (this.pile < 0) this.piles.reveal(this.row);
  }

  /** @param {number} tree @param {number} [row] its root, if left out */
  openTree(tree, row) {
    const step = this.step;
    if (!step) return;
    this.tree = tree;
    this.outlineKey = undefined;
    this.focus = -1;
    this.row = row ?? step.rootOf[tree];
    this.keptPath = this.row >= 0 ? step.path(this.row) : "0";
    this.openGroups.add(step.trees[tree].group);
    this.openTrees = new Set([tree]);
    this.pile = -1;
    this.gather();
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
    if (this.row !== row && this.under(this.row, row)) this.choose(row);
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
    for (const row of this.step?.walk(this.tree) ?? []) {
      this.folded.delete(row);
      const pile = this.piles.all.get(row);
      if (pile) [pile.open, pile.fallen] = [true, false];
    }
  }

  /** Folds for a tree that is too large to draw, once. @param {number} budget nodes that can be told apart */
  settle(budget) {
    const step = this.step;
    if (!step || this.settled.has(this.tree)) return;
    this.settled.add(this.tree);
    if (this.shown() <= Math.max(budget, SHOWN_WHOLE)) return;
    const size = new Int32Array(step.n).fill(1);
    const rows = step.walk(this.tree);
    for (let at = rows.length - 1; at > 0; at -= 1) size[step.parent[rows[at]]] += size[rows[at]];
    const folds = foldsFor(step, step.rootOf[this.tree], budget, (at) => size[at], this.piles);
    for (const row of folds) this.folded.add(row);
  }

  /** Nodes of the tree that no pile hides. */
  shown() {
    const { step, piles } = this;
    let shown = 0;
    let level = [step?.rootOf[this.tree] ?? -1].filter((root) => root >= 0);
    while (level.length) {
      shown += level.length;
      level = level.flatMap((row) => (piles.foldedAt(row) ? [] : piles.childrenOf(row)));
    }
    return shown;
  }

  /** Rows of the outline. @param {boolean} whole all tasks of the step instead of one tree */
  rows(whole) {
    const step = this.step;
    if (!step) return [];
    if (!whole) return treeRows(step, this.tree, this.folded, this.piles);
    return stepRows(step, this.openGroups, this.openTrees, this.folded, this.piles);
  }

  /** The outline row that is chosen. @param {{key: string}[]} rows @param {boolean} whole */
  keyIn(rows, whole) {
    const key = this.outlineKey;
    if (whole && key && rows.some((row) => row.key === key)) return key;
    return this.pile >= 0 ? `p${this.pile}` : `n${this.row}`;
  }
}

/** @param {Step} step */
function firstTree(step) {
  return Math.max(
    0,
    step.rootOf.findIndex((root) => root >= 0),
  );
}

/** @param {Step} step */
function parentsIn(step) {
  const found = [];
  for (let row = 0; row < step.n; row += 1) if (step.first[row] >= 0) found.push(row);
  return found;
}

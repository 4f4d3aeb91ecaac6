// Choosing a node, a pile or a tree: the place changes and the views show it. Any choice stops following.

/**
 * @typedef {object} ChoosingHost
 * @property {import("../step/store.js").Step | null} step
 * @property {boolean} whole the whole step is listed, so that a task or a tree can be chosen as such
 * @property {import("./place.js").Place} place
 * @property {{rest: () => void}} steps
 * @property {{relayout: () => void, reset: () => void, reveal: (row: number) => void}} tree
 * @property {{update: () => void, reveal: () => void}} outline
 * @property {() => void} settle
 * @property {() => void} recompute
 * @property {() => void} update
 */

export class Choosing {
  /** @param {ChoosingHost} app */
  constructor(app) {
    this.app = app;
  }

  /** @param {number} row */
  row(row) {
    const { step, steps, place } = this.app;
    if (!step || row < 0 || row >= step.n) return;
    steps.rest();
    if (step.tree[row] !== place.tree) this.tree(step.tree[row], row);
    place.choose(row);
    this.show(row);
  }

  /** A pile as a whole, open or folded as it is. @param {number} first */
  pile(first) {
    const { step, steps, place } = this.app;
    const pile = place.piles.all.get(first);
    if (!step || !pile) return;
    const { open, fallen } = pile;
    steps.rest();
    if (step.tree[first] !== place.tree) this.tree(step.tree[first], first);
    [pile.open, pile.fallen] = [open, fallen];
    place.choosePile(first);
    this.show(first);
  }

  /** @param {number} row */
  show(row) {
    const { tree, outline } = this.app;
    tree.relayout();
    this.app.update();
    tree.reveal(row);
    outline.reveal();
  }

  /** @param {number} tree @param {number} [row] its root, if left out */
  tree(tree, row) {
    const { step, steps } = this.app;
    if (!step?.trees[tree]) return;
    steps.rest();
    this.openTree(tree, row);
  }

  /**
   * Shows a tree that the user did not choose.
   * @param {number} tree @param {number} [row] its root, if left out
   */
  openTree(tree, row) {
    const { app } = this;
    app.place.openTree(tree, row);
    app.settle();
    app.recompute();
    app.tree.reset();
    app.update();
    app.outline.reveal();
  }

  /** @param {string} key of an outline row @returns {void} */
  key(key) {
    const { step, whole, place, outline } = this.app;
    const id = Number(key.slice(1));
    if (!step) return;
    if (key[0] === "n") return this.row(id);
    if (key[0] === "p") return this.pile(id);
    const tree = key[0] === "t" ? id : step.treesOf(id)[0];
    if (tree !== undefined) this.tree(tree);
    if (!whole) return;
    place.outlineKey = key;
    outline.update();
    outline.reveal();
  }
}

// Choosing a node, a pile, a tree: the place changes, and the views show it. Any choice stops following.

/** @typedef {import("./app.js").App} App */

export class Choosing {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
  }

  /** @param {number} row */
  row(row) {
    const { app } = this;
    const step = app.step;
    if (!step || row < 0 || row >= step.n) return;
    app.steps.rest();
    if (step.tree[row] !== app.place.tree) this.tree(step.tree[row], row);
    app.place.choose(row);
    this.show(row);
  }

  /** A pile as a whole, open or folded as it is. @param {number} first */
  pile(first) {
    const { app } = this;
    const step = app.step;
    const pile = app.place.piles.all.get(first);
    if (!step || !pile) return;
    const { open, fallen } = pile;
    app.steps.rest();
    if (step.tree[first] !== app.place.tree) this.tree(step.tree[first], first);
    [pile.open, pile.fallen] = [open, fallen];
    app.place.choosePile(first);
    this.show(first);
  }

  /** @param {number} row */
  show(row) {
    const { app } = this;
    app.treeView.relayout();
    app.update();
    app.treeView.reveal(row);
    app.outline.reveal();
  }

  /** @param {number} tree @param {number} [row] its root, if left out */
  tree(tree, row) {
    if (!this.app.step?.trees[tree]) return;
    this.app.steps.rest();
    this.openTree(tree, row);
  }

  /** Shows a tree, by nobody's choice. @param {number} tree @param {number} [row] its root, if left out */
  openTree(tree, row) {
    const { app } = this;
    app.place.openTree(tree, row);
    app.settle();
    app.recompute();
    app.treeView.reset();
    app.update();
    app.outline.reveal();
  }

  /** @param {string} key of an outline row; in the icicle, a task or a tree is chosen as such @returns {void} */
  key(key) {
    const { app } = this;
    const id = Number(key.slice(1));
    const step = app.step;
    if (!step) return;
    if (key[0] === "n") return this.row(id);
    if (key[0] === "p") return this.pile(id);
    const tree = key[0] === "t" ? id : step.treesOf(id)[0];
    if (tree !== undefined) this.tree(tree);
    if (app.view !== "icicle") return;
    app.place.outlineKey = key;
    app.outline.update();
    app.outline.reveal();
  }
}

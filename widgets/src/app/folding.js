// Folding and unfolding: subtrees, piles, tasks and trees of the outline, and the focus on a subtree.

/**
 * @typedef {object} FoldingHost
 * @property {import("./place.js").Place} place
 * @property {{
 *   relayout: (move: boolean) => void, reset: (move?: boolean) => void, fit: (move: boolean) => void
 * }} tree
 * @property {{reveal: () => void}} outline
 * @property {() => void} update
 */

export class Folding {
  /** @param {FoldingHost} app */
  constructor(app) {
    this.app = app;
  }

  /** A subtree. @param {number} row */
  node(row) {
    const { app } = this;
    app.place.toggle(row);
    app.tree.relayout(true);
    app.update();
  }

  /**
   * @param {number} first @param {boolean} [open] @param {boolean} [fallen] only the nodes that fell short
   */
  pile(first, open = !this.app.place.piles.all.get(first)?.open, fallen = false) {
    const { app } = this;
    app.place.setPile(first, open, fallen);
    app.tree.relayout(true);
    app.update();
    app.outline.reveal();
  }

  /** @param {string} key of an outline row */
  key(key) {
    const { place } = this.app;
    const id = Number(key.slice(1));
    if (key[0] === "n") this.node(id);
    else if (key[0] === "p") this.pile(id);
    else {
      const open = key[0] === "g" ? place.openGroups : place.openTrees;
      if (!open.delete(id)) open.add(id);
      this.app.update();
    }
  }

  /** Only what is below a node. @param {number} row -1: the whole tree */
  focus(row) {
    const { app } = this;
    if (!app.place.focusOn(row)) return;
    app.tree.reset(true);
    app.update();
  }

  /** All of the tree in sight, what is alike piled up. */
  fit() {
    const { app } = this;
    app.place.gather();
    app.tree.fit(true);
    app.update();
  }

  none() {
    const { app } = this;
    app.place.unfoldAll();
    app.tree.reset();
    app.update();
  }
}

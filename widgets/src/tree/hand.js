// What the mouse does on the tree: click, drag and wheel.

/** @typedef {import("./host.js").TreeHost} TreeHost */

/** A second click within this time, in ms, belongs to the first. */
const DOUBLE = 600;

/**
 * @typedef {object} Touched the tree under the hand; x and y are px in the stage, rows -1 if there is none
 * @property {HTMLCanvasElement} canvas
 * @property {{ox: number, oy: number, moveTo: (ox: number, oy: number) => void}} camera
 * @property {(x: number, y: number) => number} rowAt
 * @property {(x: number, y: number) => {first: number} | undefined} foldAt the word that folds an open pile
 * @property {(x: number, y: number) => {row: number} | undefined} ghostAt forks under the pointer
 * @property {(row: number, x: number) => "pile" | "chip" | "card"} partAt
 * @property {(factor: number, x: number, y: number) => void} zoomBy
 * @property {() => void} draw
 * @property {{over: (row: number) => void, hide: () => void}} tip
 */

export class TreeHand {
  /**
   * @param {Pick<TreeHost, "ownPage" | "choose" | "fold" | "focusNodes" | "setTab">} app
   * @param {Touched} tree
   */
  constructor(app, tree) {
    this.app = app;
    this.tree = tree;
    this.openedAt = -DOUBLE;
    /** @type {{x: number, y: number, ox: number, oy: number, moved: boolean} | null} */
    this.grab = null;
    const { canvas } = tree;
    canvas.addEventListener("pointerdown", (event) => this.onDown(event));
    canvas.addEventListener("pointermove", (event) => this.onMove(event));
    canvas.addEventListener("pointerup", (event) => this.onUp(event));
    canvas.addEventListener("dblclick", (event) => this.onDouble(event));
    canvas.addEventListener("pointerleave", () => tree.tip.hide());
    canvas.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
  }

  /** @param {MouseEvent} event @returns {[number, number]} px in the stage */
  local(event) {
    const box = this.tree.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** @param {PointerEvent} event */
  onDown(event) {
    if (event.button !== 0) return;
    const { canvas, camera, tip } = this.tree;
    tip.hide();
    canvas.setPointerCapture(event.pointerId);
    this.grab = { x: event.clientX, y: event.clientY, ox: camera.ox, oy: camera.oy, moved: false };
  }

  /** @param {PointerEvent} event */
  onMove(event) {
    const { grab, tree } = this;
    if (!grab) {
      const [x, y] = this.local(event);
      const row = tree.rowAt(x, y);
      const acts = row >= 0 || tree.foldAt(x, y) || tree.ghostAt(x, y);
      tree.canvas.style.cursor = acts ? "pointer" : "";
      tree.tip.over(row);
      return;
    }
    const dx = event.clientX - grab.x;
    const dy = event.clientY - grab.y;
    if (!grab.moved && Math.hypot(dx, dy) < 4) return;
    grab.moved = true;
    tree.canvas.style.cursor = "grabbing";
    tree.camera.moveTo(grab.ox + dx, grab.oy + dy);
    tree.draw();
  }

  /** @param {PointerEvent} event */
  onUp(event) {
    const { app, tree, grab } = this;
    tree.canvas.style.cursor = "";
    this.grab = null;
    if (!grab || grab.moved) return;
    const [x, y] = this.local(event);
    const fold = tree.foldAt(x, y);
    const row = fold ? -1 : tree.rowAt(x, y);
    const ghost = tree.ghostAt(x, y);
    const part = row >= 0 ? tree.partAt(row, x) : "";
    if (fold) {
      app.choose.pile(fold.first);
      app.fold.pile(fold.first, false);
    } else if (part === "pile") {
      this.openedAt = performance.now();
      app.choose.pile(row);
      app.fold.pile(row, true);
    } else if (part === "chip") app.fold.node(row);
    else if (part === "card") app.choose.row(row);
    else if (ghost) {
      app.choose.row(ghost.row);
      app.setTab("forks");
    }
    app.focusNodes();
  }

  /** @param {MouseEvent} event */
  onDouble(event) {
    if (performance.now() - this.openedAt < DOUBLE) return; // its first click opened a pile
    this.app.fold.focus(this.tree.rowAt(...this.local(event)));
  }

  /** @param {WheelEvent} event */
  onWheel(event) {
    const { app, tree } = this;
    const { camera } = tree;
    if (event.ctrlKey || event.metaKey) {
      const pace = event.deltaMode ? 0.05 : 0.0022;
      tree.zoomBy(Math.exp(-event.deltaY * pace), ...this.local(event));
    } else if (app.ownPage) {
      camera.moveTo(camera.ox - event.deltaX, camera.oy - event.deltaY);
      tree.draw();
    } else return; // a plain wheel scrolls the notebook
    event.preventDefault();
  }
}

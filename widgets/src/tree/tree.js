// The tree on a canvas: cards near, small cards at middle distance, discs far away. The layout counts rows
// and columns, the camera makes pixels of them, and the painters draw what is in view.

import { canvasFor } from "../shared/canvas.js";
import { fill, h } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { reducedMotion } from "../shared/theme.js";
import { sentenceOf } from "../step/states.js";
import { cardAt, cardSize, Fitter, onChip } from "./brush.js";
import { Camera } from "./camera.js";
import { drawNode, drawPlace, drawRing } from "./cards.js";
import { drawEdge, drawLaunches } from "./edges.js";
import { drawGhosts } from "./ghosts.js";
import { TreeHand } from "./hand.js";
import { append, level, tidy } from "./layout.js";
import { Legend } from "./legend.js";
import { drawOpenPile, drawPile } from "./pilecards.js";
import { Tip } from "./tip.js";

/** @typedef {import("./brush.js").Scene} Scene */
/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {import("../step/piles.js").Pile} Pile */
/** @typedef {import("../step/shown.js").Shown} Shown */

/** ms that a move and the coming of a new node take. */
const MOVE = 160;
const FADE = 120;

export class TreeView {
  /** @param {import("./host.js").TreeHost} host */
  constructor(host) {
    this.host = host;
    this.surface = canvasFor(10, 10);
    this.canvas = this.surface.canvas;
    this.canvas.setAttribute("aria-hidden", "true"); // the outline is its accessible twin
    this.note = h("div", { class: "note", hidden: true });
    this.tip = new Tip((row) => this.told(row));
    this.stage = h("div", { class: "stage" }, this.canvas, this.tip.element);
    this.legend = new Legend(() => host.fold.fit());
    this.empty = h("div", { class: "state" });
    const { stage, note, legend } = this;
    this.element = h("div", { class: "centre" }, this.empty, stage, note, legend.element);
    this.camera = new Camera();
    this.fitter = new Fitter();
    /** @type {{first: number, x: number, y: number, width: number}[]} words on the canvas that fold a pile */
    this.folds = [];
    /** @type {Layout | null} */
    this.layout = null;
    /** @type {Map<number, [number, number]>} where rows stood when a move began */
    this.was = new Map();
    this.movedAt = 0;
    /** @type {Map<number, number>} when new rows came */
    this.born = new Map();
    this.frame = 0;
    this.hand = new TreeHand(host, this);
    this.observer = new ResizeObserver(() => this.onSize());
    this.observer.observe(this.stage);
  }

  close() {
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
    this.tip.close();
  }

  /** px of the stage. */
  get height() {
    return this.camera.height;
  }

  // -- layout -------------------------------------------------------------------------------------

  /** The row at the top: of the focused subtree, or of the tree. */
  get top() {
    const { place, shown } = this.host;
    return place.focus >= 0 ? place.focus : (shown?.step.rootOf[place.tree] ?? -1);
  }

  /** Another tree, or everything anew. @param {boolean} [move] animated */
  reset(move = false) {
    this.camera.manual = false;
    this.born.clear();
    this.relayout(move);
  }

  /** Rows as they are now, fitted unless the user chose a place. @param {boolean} [move] animated */
  relayout(move = false) {
    const { place, shown } = this.host;
    const { top } = this;
    if (!shown || top < 0) {
      this.layout = null;
      return;
    }
    if (move && this.layout && this.layout.rows.length < 4000) this.beginMove(this.layout);
    this.layout = tidy(shown.step, top, place.folded, place.piles);
    if (!this.camera.manual) this.place();
    this.draw();
  }

  /** New nodes of a live tree take free places; nothing drawn moves. */
  grow() {
    const { place, shown } = this.host;
    const { layout, top } = this;
    if (!shown || top < 0) return;
    if (layout?.root !== top || layout.forks !== shown.step.forks.length) {
      this.relayout();
      return;
    }
    const added = shown.step.below(top).filter((row) => !layout.y.has(row));
    const now = performance.now();
    for (const row of append(shown.step, layout, added, place.piles)) this.born.set(row, now);
    // Who follows and has chosen no place sees all of a tree that grows: it is fitted if it leaves the stage.
    if (this.host.steps.following && !this.camera.manual && this.outgrown(layout)) {
      this.beginMove(layout);
      this.place();
    }
  }

  /** It reaches beyond the stage. @param {Layout} layout */
  outgrown(layout) {
    const { camera, size } = this;
    if (!camera.width) return false;
    const bottom = camera.oy + (layout.height - 1) * camera.pitch * this.host.palette.unit + size.height / 2;
    const [right] = camera.at(layout.levels, 0, this.host.palette.unit);
    return bottom > camera.height || right + size.width > camera.width;
  }

  /** All of the layout in view. */
  place() {
    const { host, layout } = this;
    if (!layout) return;
    this.camera.fit(layout, host.palette.unit, host.shown?.step.treeLive(host.place.tree) ?? false);
  }

  /** @param {boolean} [move] */
  fit(move = false) {
    if (!this.layout) return;
    if (move) this.beginMove(this.layout);
    this.letGo();
    this.relayout();
  }

  /** The next layout is fitted again, whatever place the user chose. */
  letGo() {
    this.camera.manual = false;
  }

  /** @param {Layout} layout as it is now */
  beginMove(layout) {
    if (reducedMotion()) return;
    this.was = new Map(layout.rows.map((row) => [row, this.at(row)]));
    this.movedAt = performance.now();
  }

  /** @param {number} row @returns {[number, number]} left end and middle in px */
  at(row) {
    const { shown, palette } = this.host;
    const { layout } = this;
    if (!shown || !layout) return [0, 0];
    const depth = shown.step.depth[row] - shown.step.depth[layout.root];
    return this.camera.at(depth, layout.y.get(row) ?? 0, palette.unit);
  }

  get size() {
    return cardSize(this.camera.pitch, this.host.palette.unit, this.camera.card);
  }

  /** @param {number} factor @param {number} [x] @param {number} [y] the point that stays */
  zoomBy(factor, x = this.camera.width / 2, y = this.camera.height / 2) {
    if (!this.layout) return;
    this.camera.zoomBy(this.layout, this.host.palette.unit, factor, x, y);
    this.draw();
  }

  /** Brings a row into view. @param {number} row */
  reveal(row) {
    if (!this.layout?.y.has(row) || !this.camera.width) return;
    if (this.camera.reveal(this.at(row), this.size)) this.draw();
  }

  // -- under the pointer --------------------------------------------------------------------------

  /** @param {number} x @param {number} y px in the stage @returns {number} row, or -1 */
  rowAt(x, y) {
    const { layout, size } = this;
    if (!layout) return -1;
    const far = level(this.camera.pitch) === "far";
    const [wide, high] = far ? [5, 1] : [0, 0]; // a disc is small: the pointer may miss it a little
    for (let i = layout.rows.length - 1; i >= 0; i -= 1) {
      const [left, middle] = this.at(layout.rows[i]);
      const beside = x >= left - wide && x <= left + size.width + wide;
      if (beside && Math.abs(y - middle) <= size.height / 2 + high) return layout.rows[i];
    }
    return -1;
  }

  /** The word that folds an open pile. @param {number} x @param {number} y */
  foldAt(x, y) {
    return this.folds.find((word) => x >= word.x && x <= word.x + word.width && Math.abs(y - word.y) <= 8);
  }

  /** Left end and middle, px. @param {import("./layout.js").Ghost} ghost @returns {[number, number]} */
  placeOf({ row, y }) {
    const { step } = /** @type {Shown} */ (this.host.shown);
    return this.camera.at(step.depth[row] - step.depth[this.top], y, this.host.palette.unit);
  }

  /** The forks under the pointer. @param {number} x @param {number} y */
  ghostAt(x, y) {
    const { width, height } = this.size;
    return this.layout?.ghosts.find((ghost) => {
      const [left, middle] = this.placeOf(ghost);
      return x >= left && x <= left + width && Math.abs(y - middle) <= height / 2;
    });
  }

  /** @param {number} row @param {number} x px in the stage */
  partAt(row, x) {
    if (this.layout?.piles.has(row)) return "pile";
    const from = x - this.at(row)[0];
    const chip = onChip(this.camera.pitch, this.host.palette.unit, from, this.size.width);
    return this.layout?.folded.has(row) && chip ? "chip" : "card";
  }

  /** @param {number} row @returns {import("./tip.js").Told | null} */
  told(row) {
    const { host, layout } = this;
    const { shown } = host;
    if (!shown || !layout?.y.has(row)) return null;
    const pile = layout.piles.get(row);
    const alike = pile ? host.summary(pile) : { summary: null, goal: host.goal(row, 160) };
    const badges = host.marking.of(row);
    return { ...alike, shown, pile, badges, at: this.at(row), size: this.size, stage: this.camera };
  }

  // -- drawing ------------------------------------------------------------------------------------

  onSize() {
    const { clientWidth, clientHeight } = this.stage;
    if (!clientWidth || !clientHeight) return;
    this.camera.width = clientWidth;
    this.camera.height = clientHeight;
    if (!this.layout) this.relayout();
    else if (!this.camera.manual) this.place();
    this.paint(performance.now());
  }

  update() {
    const has = !!this.host.shown?.step.n;
    this.empty.hidden = has;
    this.stage.hidden = !has;
    this.legend.element.hidden = !has;
    if (!has) {
      const words = this.host.lacks || sentenceOf("nothing");
      if (this.empty.textContent !== words) fill(this.empty, words);
      return;
    }
    if (!this.layout) this.relayout();
    this.showNote();
    this.draw();
  }

  showNote() {
    const { layout } = this;
    const { place, shown, fold } = this.host;
    if (!shown || !layout) return;
    const { step } = shown;
    const whole = place.focus >= 0 ? step.below(place.focus).length : (step.sizeOf[place.tree] ?? 0);
    const folded = layout.rows.length < whole && whole > 400;
    this.note.hidden = !folded;
    if (!folded) return;
    const words = `${count(layout.rows.length)} of ${count(whole)} nodes drawn: the rest are folded.`;
    if (this.note.firstChild?.textContent !== words) {
      fill(this.note, h("span", {}, words), h("button", { onclick: () => fold.none() }, "Draw all"));
    }
  }

  draw() {
    if (this.frame) return;
    this.frame = requestAnimationFrame((now) => {
      this.frame = 0;
      this.paint(now);
    });
  }

  /** @param {Shown} shown @returns {Scene} */
  scene(shown) {
    const { host, camera, size } = this;
    const { width, height, pitch, card } = camera;
    const context = this.surface.size(width, height);
    return {
      ...{ context, p: host.palette, shown, pitch, kind: level(pitch), marks: host.marking },
      ...{ size, card: cardAt(pitch, card) },
      fit: (text, room) => this.fitter.fit(context, text, room),
      goal: (row, limit) => host.goal(row, limit),
      summary: (pile) => host.summary(pile),
    };
  }

  /** @param {number} now */
  paint(now) {
    const { layout, camera } = this;
    const { shown, place } = this.host;
    if (!shown || !layout || !camera.width || this.element.hidden) return;
    if (!camera.column) this.place();
    const ghosts = layout.ghosts.map((ghost) => this.placeOf(ghost));
    const places = [...layout.rows.map((row) => this.at(row)), ...ghosts];
    const outside = camera.outside(places, this.size);
    this.legend.show(level(camera.pitch), camera.pitch, shown, outside);
    const scene = this.scene(shown);
    scene.context.fillStyle = scene.p.page;
    scene.context.fillRect(0, 0, camera.width, camera.height);
    const moving = Math.min(1, (now - this.movedAt) / MOVE);
    const ease = moving >= 1 ? 1 : 1 - (1 - moving) ** 3;
    if (moving >= 1) this.was.clear();
    /** @param {number} row @returns {[number, number]} */
    const where = (row) => {
      const [x, y] = this.at(row);
      const from = ease < 1 ? this.was.get(row) : undefined;
      return from ? [from[0] + (x - from[0]) * ease, from[1] + (y - from[1]) * ease] : [x, y];
    };
    const told = this.host.tab === "forks" ? place.row : -1;
    drawGhosts(scene, layout, where, (ghost) => this.placeOf(ghost), told);
    const seen = this.drawEdges(scene, layout, where);
    if (scene.kind !== "far") drawLaunches(scene, layout, seen, where, camera.width, place.row);
    this.drawNodes(scene, layout, seen, now);
    this.drawOpenPiles(scene, seen, where);
    const whole = place.pile >= 0 && !layout.piles.has(place.pile); // an open pile has a ring of its own
    const chosen = whole ? undefined : seen.find(({ row }) => row === place.row);
    if (chosen) drawRing(scene, chosen.x, chosen.y, this.host.keysHere, chosen.row === layout.root);
    if (ease < 1 || this.born.size) this.draw();
  }

  /**
   * @param {Scene} scene @param {Layout} layout @param {(row: number) => [number, number]} where
   * @returns {{row: number, x: number, y: number}[]} the nodes in view
   */
  drawEdges(scene, layout, where) {
    const { width, height } = this.camera;
    const { size, shown } = scene;
    const margin = size.height + 20;
    const seen = [];
    for (const row of layout.rows) {
      const [x, y] = where(row);
      const above = shown.step.parent[row];
      if (row !== layout.root && above >= 0 && !shown.later?.has(row)) {
        const [px, py] = where(above);
        const inside = Math.max(y, py) > -4 && Math.min(y, py) < height + 4 && px < width && x > 0;
        if (inside) drawEdge(scene, layout, row, [px, py], [x, y]);
      }
      const high = y > -margin && y < height + margin;
      if (high && x < width + margin && x + size.width > -margin) seen.push({ row, x, y });
    }
    return seen;
  }

  /**
   * @param {Scene} scene @param {Layout} layout @param {{row: number, x: number, y: number}[]} seen
   * @param {number} now
   */
  drawNodes(scene, layout, seen, now) {
    const { context, shown } = scene;
    const birth = reducedMotion() ? 0 : FADE;
    for (const { row, x, y } of seen) {
      const age = this.born.has(row) ? now - (this.born.get(row) ?? 0) : birth;
      if (age < birth) context.globalAlpha = Math.max(0.05, age / birth);
      else this.born.delete(row);
      const pile = layout.piles.get(row);
      if (shown.later?.has(row)) {
        drawPlace(scene, x, y);
        continue;
      }
      const hidden = layout.folded.has(row) ? shown.step.below(row).length - 1 : 0;
      if (pile) drawPile(scene, pile, x, y);
      else drawNode(scene, row, x, y, hidden, row === layout.root);
      context.globalAlpha = 1;
    }
  }

  /** @param {Scene} scene @param {{row: number}[]} seen @param {(row: number) => [number, number]} where */
  drawOpenPiles(scene, seen, where) {
    const { place, keysHere } = this.host;
    const { focus, text } = scene.p;
    /** @type {Map<Pile, number[]>} */
    const open = new Map();
    for (const { row } of seen) {
      const pile = place.piles.of(row);
      if (!pile?.open) continue;
      const rows = open.get(pile);
      if (rows) rows.push(row);
      else open.set(pile, [row]);
    }
    this.folds = [...open].flatMap(([pile, rows]) => {
      const begins = pile.fallen || pile.rows[0] === rows[0];
      const ring = place.pile === pile.first ? (keysHere ? focus : text) : null;
      return drawOpenPile(scene, pile, where(rows[0]), where(rows[rows.length - 1]), begins, ring);
    });
  }
}

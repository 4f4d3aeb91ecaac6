// The tree on a canvas: cards near, small cards at middle distance, discs far away. The layout counts
// rows and columns; here they become pixels.

import { append, columnPitch, fitPitch, FULL_PITCH, level, tidy } from "./layout.js";
import { count } from "../shared/format.js";
import { fill, h } from "../shared/dom.js";
import { canvasFor } from "../shared/canvas.js";
import { CardPainter } from "./cards.js";
import { PilePainter } from "./pilecards.js";
import { EdgePainter } from "./edges.js";
import { TreeHand } from "./hand.js";
import { markIcon } from "../shared/shapes.js";
import { reducedMotion } from "../shared/theme.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("./layout.js").Layout} Layout */

const MOVE = 160;
const FADE = 120;
const LEFT = 14;
const TOP = 20;
const BOTTOM = 10;

export class TreeView {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.surface = canvasFor(10, 10);
    this.surface.canvas.setAttribute("aria-hidden", "true"); // the outline is its accessible twin
    this.note = h("div", { class: "note", hidden: true });
    this.hand = new TreeHand(app, this);
    this.stage = h("div", { class: "stage" }, this.surface.canvas, this.hand.tip);
    this.percent = h("span", {});
    this.legend = this.makeLegend();
    this.empty = h("div", { class: "state" });
    this.element = h("div", { class: "centre" }, this.empty, this.stage, this.note, this.legend);
    this.cards = new CardPainter(app);
    this.edges = new EdgePainter(app, this);
    this.piles = new PilePainter(app, this.cards);
    /** @type {{first: number, x: number, y: number, width: number}[]} words on the canvas that fold a pile */
    this.folds = [];
    /** @type {number | undefined} px between depths at the base type size */
    this.column = undefined;
    /** @type {Layout | null} */
    this.layout = null;
    this.pitch = FULL_PITCH;
    this.ox = LEFT;
    this.oy = TOP;
    /** The user chose a place and a zoom: nothing is fitted any more. */
    this.manual = false;
    this.width = 0;
    this.height = 0;
    /** @type {Map<number, [number, number]>} where rows stood when a move began */
    this.was = new Map();
    this.movedAt = 0;
    /** @type {Map<number, number>} when new rows came */
    this.born = new Map();
    this.frame = 0;
    this.observer = new ResizeObserver(() => this.onSize());
    this.observer.observe(this.stage);
  }

  close() {
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
    this.hand.close();
  }

  makeLegend() {
    const { app } = this;
    const ramp = h("span", { class: "ramp" });
    this.tintKey = h("span", { class: "key" }, "card tint, bar", h("span", { class: "serif" }, "A"), h("span", { class: "minus" }, "\u22121"), ramp, h("span", { class: "plus" }, "+1"));
    const wedge = svgKey("M0 9L30 5v8z");
    const fit = h("button", { class: "control", style: "height:20px;padding:0 8px", onclick: () => app.fold.fit(), title: "Show the whole tree, alike siblings folded (0)" }, "Fit");
    this.barKey = h("span", { class: "key" }, h("span", { style: "width:3px;height:14px;background:var(--second)" }), "together");
    this.windowKey = h("span", { class: "key" }, h("span", { style: "width:24px;height:2px;background:linear-gradient(90deg,var(--gauge) 60%,var(--track) 60%)" }), "window used");
    this.farKey = h("span", { class: "key" }, "disc: succeeded, ring: failed");
    const edge = h("span", { class: "key" }, "edge", wedge, "|", h("span", { class: "serif" }, "wA"), "|");
    return h("div", { class: "legend", "aria-hidden": "true" }, h("span", { class: "keys" }, this.tintKey, edge, this.barKey, this.windowKey, this.farKey), this.percent, fit);
  }

  // -- layout -------------------------------------------------------------------------------------

  /** Another tree, or everything anew. @param {boolean} [move] */
  reset(move = false) {
    this.manual = false;
    this.born.clear();
    this.relayout(move);
  }

  /** Rows as they are now, fitted unless the user chose a place. @param {boolean} [move] animated */
  relayout(move = false) {
    const { app } = this;
    const step = app.step;
    const root = app.place.focus >= 0 ? app.place.focus : (step?.rootOf[app.place.tree] ?? -1);
    if (!step || root < 0) {
      this.layout = null;
      return;
    }
    if (move && this.layout && this.layout.rows.length < 4000 && !reducedMotion()) {
      this.was = new Map(this.layout.rows.map((row) => [row, this.at(row)]));
      this.movedAt = performance.now();
    }
    this.layout = tidy(step, root, app.place.folded, app.place.piles);
    if (!this.manual) this.place();
    this.draw();
  }

  /** New nodes of a live tree take free places; nothing drawn moves. */
  grow() {
    const { app } = this;
    const step = app.step;
    const root = app.place.focus >= 0 ? app.place.focus : (step?.rootOf[app.place.tree] ?? -1);
    if (!step || root < 0) return;
    if (!this.layout || this.layout.root !== root) {
      this.relayout();
      return;
    }
    const layout = this.layout;
    const added = step.below(root).filter((row) => !layout.y.has(row));
    const now = performance.now();
    for (const row of append(step, layout, added, app.place.piles)) this.born.set(row, now);
  }

  /** Zoom and place so that all is seen. */
  place() {
    const { layout, app } = this;
    if (!layout || !this.width || !this.height) return;
    const { unit } = app.palette;
    const height = this.height - TOP - BOTTOM;
    const live = app.treeIsLive(app.place.tree);
    // A tree that still grows gets room to grow into, so that it need not move.
    const room = live ? { ...layout, height: Math.max(layout.height, 8), levels: Math.max(layout.levels, 2) } : layout;
    this.pitch = fitPitch(room, (this.width - 2 * LEFT) / unit, height / unit);
    this.column = columnPitch(room, (this.width - 2 * LEFT) / unit, this.pitch);
    const used = layout.height * this.pitch * unit;
    const spare = Math.max(0, height - used);
    this.oy = TOP + (live ? Math.min(spare, height * 0.12) : spare / 2) + (this.pitch * unit) / 2;
    this.ox = LEFT * unit + (level(this.pitch) === "far" ? 8 : 0);
  }

  /** @param {boolean} [move] */
  fit(move = false) {
    if (!this.layout) return;
    if (move && !reducedMotion()) {
      this.was = new Map(this.layout.rows.map((row) => [row, this.at(row)]));
      this.movedAt = performance.now();
    }
    this.manual = false;
    this.relayout();
  }

  /** @param {number} row @returns {[number, number]} left end and middle in px */
  at(row) {
    const step = /** @type {import("../step/store.js").Step} */ (this.app.step);
    const layout = /** @type {Layout} */ (this.layout);
    const { unit } = this.app.palette;
    const depth = step.depth[row] - step.depth[layout.root];
    return [this.ox + depth * (this.column ?? 174) * unit, this.oy + (layout.y.get(row) ?? 0) * this.pitch * unit];
  }

  /** @param {number} factor @param {number} [x] @param {number} [y] the point that stays */
  zoomBy(factor, x = this.width / 2, y = this.height / 2) {
    const { layout } = this;
    if (!layout) return;
    const next = Math.max(1, Math.min(FULL_PITCH * 1.8, this.pitch * factor));
    const column = columnPitch(layout, (this.width - 2 * LEFT) / this.app.palette.unit, next);
    this.oy = y - ((y - this.oy) * next) / this.pitch;
    this.ox = x - ((x - this.ox) * column) / (this.column ?? column);
    this.pitch = next;
    this.column = column;
    this.manual = true;
    this.draw();
  }

  /** Brings a row into view with as little movement as will do. @param {number} row */
  reveal(row) {
    const { layout } = this;
    if (!layout?.y.has(row) || !this.width) return;
    const [x, y] = this.at(row);
    const card = this.cards.size(this.pitch);
    const low = card.height / 2 + 8;
    let dx = 0;
    let dy = 0;
    if (y - low < 0) dy = low - y + 12;
    else if (y + low > this.height) dy = this.height - low - y - 12;
    if (x < 4) dx = 16 - x;
    else if (x + card.width > this.width) dx = Math.max(16 - x, this.width - card.width - 16 - x);
    if (!dx && !dy) return;
    this.ox += dx;
    this.oy += dy;
    this.draw();
  }

  // -- drawing ------------------------------------------------------------------------------------

  onSize() {
    const { clientWidth, clientHeight } = this.stage;
    if (!clientWidth || !clientHeight) return;
    this.width = clientWidth;
    this.height = clientHeight;
    if (!this.layout) this.relayout();
    else if (!this.manual) this.place();
    this.paint(performance.now());
  }

  update() {
    const { app } = this;
    const has = !!app.step?.n;
    this.empty.hidden = has;
    this.stage.hidden = !has;
    this.legend.hidden = !has;
    if (!has) {
      const loading = !app.step && !app.client.sorry;
      fill(this.empty, loading ? "Loading the trees" : [markIcon("unscored"), "No trees yet: run a task, or start training."]);
      return;
    }
    if (!this.layout) this.relayout();
    this.showNote();
    this.draw();
  }

  showLegend() {
    const kind = level(this.pitch);
    const words = `${Math.round((this.pitch / FULL_PITCH) * 100)} %`;
    if (this.percent.textContent !== words) this.percent.textContent = words;
    if (this.windowKey) this.windowKey.hidden = kind !== "near";
    if (this.barKey) this.barKey.hidden = kind === "far";
    if (this.farKey) this.farKey.hidden = kind !== "far";
    if (this.tintKey) this.tintKey.hidden = this.app.rule.byReturn;
  }

  showNote() {
    const { app, layout } = this;
    const step = app.step;
    if (!step || !layout) return;
    const whole = app.place.focus >= 0 ? step.below(app.place.focus).length : (step.sizeOf[app.place.tree] ?? 0);
    const folded = layout.rows.length < whole && whole > 400;
    this.note.hidden = !folded;
    if (!folded) return;
    const words = `${count(layout.rows.length)} of ${count(whole)} nodes drawn: the rest are folded.`;
    if (this.note.firstChild?.textContent !== words) {
      fill(this.note, h("span", {}, words), h("button", { onclick: () => app.fold.none() }, "Draw all"));
    }
  }

  draw() {
    if (this.frame) return;
    this.frame = requestAnimationFrame((now) => {
      this.frame = 0;
      this.paint(now);
    });
  }

  /** @param {number} now */
  paint(now) {
    const { app, layout, width, height } = this;
    const step = app.step;
    if (!step || !layout || !width || this.element.hidden) return;
    if (!this.column) this.place();
    this.showLegend();
    const context = this.surface.size(width, height);
    const p = app.palette;
    context.fillStyle = p.page;
    context.fillRect(0, 0, width, height);
    const moving = Math.min(1, (now - this.movedAt) / MOVE);
    const ease = moving >= 1 ? 1 : 1 - (1 - moving) ** 3;
    if (moving >= 1 && this.was.size) this.was.clear();
    const kind = level(this.pitch);
    const size = this.cards.size(this.pitch);
    const place = (/** @type {number} */ row) => {
      const [x, y] = this.at(row);
      const from = ease < 1 ? this.was.get(row) : undefined;
      return from ? /** @type {[number, number]} */ ([from[0] + (x - from[0]) * ease, from[1] + (y - from[1]) * ease]) : /** @type {[number, number]} */ ([x, y]);
    };
    const margin = size.height + 20;
    const seen = [];
    for (const row of layout.rows) {
      const [x, y] = place(row);
      const above = step.parent[row];
      const linked = row !== layout.root && above >= 0;
      const [px, py] = linked ? place(above) : [x, y];
      const inside = y > -margin && y < height + margin && x < width + margin && x + size.width > -margin;
      const edge = linked && Math.max(y, py) > -4 && Math.min(y, py) < height + 4 && px < width && x > 0;
      if (edge) this.edges.curve(context, kind, size, row, px, py, x, y);
      if (inside) seen.push({ row, x, y });
    }
    if (kind !== "far") this.edges.bars(context, kind, size, seen, place);
    const birth = reducedMotion() ? 0 : FADE;
    for (const { row, x, y } of seen) {
      const age = this.born.has(row) ? now - (this.born.get(row) ?? 0) : birth;
      if (age < birth) context.globalAlpha = Math.max(0.05, age / birth);
      else this.born.delete(row);
      const pile = layout.piles.get(row);
      if (pile) this.piles.draw(context, kind, this.pitch, pile, x, y);
      else this.cards.draw(context, kind, this.pitch, row, x, y, layout.folded.has(row) ? step.below(row).length - 1 : 0, row === layout.root);
      context.globalAlpha = 1;
    }
    this.openPiles(context, kind, size, seen, place);
    const chosen = app.place.pile >= 0 && !layout.piles.has(app.place.pile) ? undefined : seen.find(({ row }) => row === app.place.row);
    if (chosen) this.cards.ring(context, kind, this.pitch, chosen.x, chosen.y, this.focused, chosen.row === layout.root);
    if (ease < 1 || this.born.size) this.draw();
  }

  get focused() {
    const { list } = this.app.outline;
    return document.activeElement === list && list.matches(":focus-visible");
  }

  /**
   * Open piles: a word that folds them, and a ring where one is chosen as a whole.
   * @param {CanvasRenderingContext2D} context @param {import("./cards.js").Kind} kind @param {{width: number, height: number}} size
   * @param {{row: number}[]} seen @param {(row: number) => [number, number]} place
   */
  openPiles(context, kind, size, seen, place) {
    const { piles } = this.app.place;
    /** @type {Map<number, number[]>} */
    const open = new Map();
    for (const { row } of seen) {
      const pile = piles.of(row);
      if (!pile?.open) continue;
      const rows = open.get(pile.first);
      if (rows) rows.push(row);
      else open.set(pile.first, [row]);
    }
    this.folds = [...open].flatMap(([first, rows]) => this.piles.around(context, kind, this.pitch, first, place(rows[0]), place(rows[rows.length - 1]), size, piles.of(first)?.rows[0] === rows[0] || !!piles.of(first)?.fallen));
  }
}

/** @param {string} d */
function svgKey(d) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  element.setAttribute("width", "30");
  element.setAttribute("height", "18");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", d);
  path.setAttribute("fill", "var(--faint)");
  element.append(path);
  return element;
}


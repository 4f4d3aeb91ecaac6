// A plot on canvas: one axis of steps, one upright line through it. It says where the pointer is and what was
// pressed there.

import { canvasFor } from "../shared/canvas.js";
import { h } from "../shared/dom.js";
import { stepTicks } from "../shared/axis.js";
import { drawPlan, roomOf } from "./curves.js";
import { type } from "./pens.js";
import { planOf } from "./plan.js";

/** @typedef {import("./catalogue.js").Entry} Entry */
/** @typedef {import("./curves.js").Hit} Hit */
/** @typedef {import("./host.js").PlotHost} PlotHost */
/** @typedef {import("./measures.js").RunCurves} RunCurves */
/** @typedef {import("./pens.js").Scale} Scale */

/** Pixels over and under the field. */
const TOP = 10;
const FOOT = 20;
/** Of a plot's width, what the names of series may take; and more for whole names, if these px are left. */
const NAMES = 0.5;
const FIELD = 60;
/** px that a press may move and still be one. */
const STILL = 4;

/**
 * @typedef {object} Axis
 * @property {number} last the step at the right end
 * @property {number} end the newest step that is drawn
 * @property {number | null} chosen
 * @property {import("../shared/theme.js").Palette} p
 */

/** A title, a note at its right, and a canvas. The table says the same to screen readers. */
export class Plot {
  /** @param {Entry} entry @param {number} run whose columns it shows @param {PlotHost} host */
  constructor(entry, run, host) {
    this.entry = entry;
    this.run = run;
    this.host = host;
    this.name = h("button", { class: "name", tabindex: -1, "aria-haspopup": "true" });
    this.name.addEventListener("click", () => {
      host.open({ plot: this, step: null, hit: null, anchor: this.name });
    });
    this.note = h("span", { class: "label" }, entry.note);
    this.surface = canvasFor(10, 10);
    const { canvas } = this.surface;
    canvas.setAttribute("aria-hidden", "true");
    this.tip = h("span", { class: "plot-tip", hidden: true });
    this.spot = h("i", { class: "spot" });
    this.box = h("div", { class: "plot-box" }, canvas, this.tip, this.spot);
    this.cap = h("div", { class: "cap" }, this.name, this.note);
    this.element = h("div", { class: "plot", "data-id": entry.id }, this.cap, this.box);
    /** px at which step 0 and the last step stand. */
    this.field = { from: 0, to: 1, last: 1 };
    /** @type {import("./curves.js").Find} */
    this.find = () => null;
    this.plan = planOf(entry, [{ name: "", curves: { step: [], columns: {}, difficulties: [] } }], 0);
    /** px around the field. */
    this.fixed = 110;
    /** What the plan is of. @type {{runs: RunCurves[] | null, type: string}} */
    this.taken = { runs: null, type: "" };
    this.listen(canvas);
  }

  /** @param {HTMLCanvasElement} canvas */
  listen(canvas) {
    let from = 0;
    let moved = false;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      [from, moved] = [event.clientX, false];
      this.host.choose(this.stepAt(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      const held = event.buttons & 1 && canvas.hasPointerCapture(event.pointerId);
      if (held && Math.abs(event.clientX - from) > STILL) moved = true;
      if (held && moved) this.host.choose(this.stepAt(event));
      this.showTip(held && moved ? null : event);
    });
    canvas.addEventListener("pointerleave", () => this.showTip(null));
    canvas.addEventListener("pointerup", (event) => {
      if (event.button !== 0 || moved) return;
      const { x, y, step, hit } = this.under(event);
      this.showTip(null);
      this.spot.style.left = `${x}px`;
      this.spot.style.top = `${y}px`;
      this.host.open({ plot: this, step, hit, anchor: this.spot });
    });
  }

  /** The step under the pointer, as a number on the axis. @param {PointerEvent} event */
  stepAt(event) {
    const { from, to, last } = this.field;
    const box = this.surface.canvas.getBoundingClientRect();
    return ((event.clientX - box.left - from) / (to - from)) * last;
  }

  /** What is under the pointer. @param {PointerEvent} event */
  under(event) {
    const box = this.surface.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const asked = this.stepAt(event);
    const near = this.host.steps().reduce(
      (/** @type {number | null} */ best, step) =>
        best === null || Math.abs(step - asked) < Math.abs(best - asked) ? step : best,
      null,
    );
    return { x, y, step: near, hit: near === null ? null : this.find(near, y) };
  }

  /** @param {PointerEvent | null} event */
  showTip(event) {
    const { tip, box } = this;
    const found = event ? this.under(event) : null;
    tip.hidden = !found?.hit;
    if (!found?.hit) return;
    tip.textContent = `step ${found.step}: ${found.hit.words}`;
    const left = Math.min(found.x + 12, box.clientWidth - tip.offsetWidth - 2);
    tip.style.left = `${Math.max(0, left)}px`;
    tip.style.top = `${Math.max(0, found.y - tip.offsetHeight - 8)}px`;
  }

  /**
   * What it shows, and how wide the words around its field are.
   * @param {RunCurves[]} runs @param {Axis["p"]} p @param {boolean} large
   */
  take(runs, p, large) {
    const type = `${p.unit} ${p.family}`;
    if (this.taken.runs === runs && this.taken.type === type) return;
    this.taken = { runs, type };
    this.plan = planOf(this.entry, runs, Math.min(this.run, runs.length - 1), large);
    const beside = this.entry.draw !== "lines" && runs.length > 1 ? `, ${runs[this.run]?.name}` : "";
    const title = `${this.entry.title}${beside}`;
    if (this.name.textContent !== title) this.name.textContent = title;
    const room = roomOf(this.plan, this.scaleOf(p));
    this.fixed = room.left + room.right;
    this.room = room;
    this.element.style.setProperty("--fixed", `${Math.ceil(this.fixed)}`);
  }

  /** Enough of a scale to measure words. @param {Axis["p"]} p @returns {Scale} */
  scaleOf(p) {
    const x = () => 0;
    const { context } = this.surface;
    return { context, p, width: 0, height: 0, right: 0, x, last: 1, chosen: null, u: p.unit, words: [] };
  }

  /**
   * @param {number} width @param {number} height @param {Axis} axis
   * @param {{none: string, words: string}} texts in an empty field, and of what comes
   */
  update(width, height, axis, texts) {
    if (width < 60 || height < 50) return;
    const { p } = axis;
    const context = this.surface.size(Math.floor(width), Math.floor(height));
    const u = p.unit;
    const room = this.room ?? { left: 40 * u, right: 70 * u, least: 70 * u };
    const { left } = room;
    const last = Math.max(1, axis.last);
    // The names of series stand behind their newest step: inside the field while it has room there.
    const grown = Math.max(axis.end, 1) / last;
    const tail = tailOf(room, width, u);
    const right = Math.min(width - 12 * u, left + (width - tail - left) / grown);
    this.field = { from: left, to: right, last };
    const x = (/** @type {number} */ step) => left + (step / last) * (right - left);
    context.clearRect(0, 0, width, height);
    context.lineJoin = "round";
    /** @type {Scale} */
    const scale = { context, p, width, height, right, x, last, chosen: axis.chosen, u, words: [] };
    const bottom = height - FOOT * u;
    steps(scale, bottom);
    this.find = drawPlan(this.plan, scale, TOP * u, bottom, texts);
    if (axis.chosen !== null) upright(scale, bottom, axis.chosen);
    for (const write of scale.words) write();
  }
}

/**
 * px for the names of series: names are whole unless the field would be too narrow to be read; intervals
 * stand beside them if they fit.
 * @param {ReturnType<typeof roomOf>} room @param {number} width @param {number} u
 */
export function tailOf({ left, right, least }, width, u) {
  return Math.min(right, Math.max(width * NAMES, Math.min(least, width - left - FIELD * u)));
}

/** @param {Scale} scale @param {number} bottom */
function steps(scale, bottom) {
  const { context, p, x, last, right, u } = scale;
  type(scale, 10);
  context.fillStyle = p.label;
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  const room = Math.max(1, Math.floor((right - x(0)) / (54 * u)));
  const marks = stepTicks(last, Math.min(5, room));
  for (const step of marks) context.fillText(String(step), x(step), bottom + 14 * u);
}

/** The chosen step. @param {Scale} scale @param {number} bottom @param {number} chosen */
function upright({ context, p, x }, bottom, chosen) {
  const at = Math.round(x(chosen)) + 0.5;
  context.strokeStyle = p.text;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(at, 2);
  context.lineTo(at, bottom);
  context.stroke();
}

// The board's plots on canvas: one axis of steps each, one upright line through all of them. They draw what
// they are given and say where the pointer asked to go.

import { canvasFor } from "../shared/canvas.js";
import { h } from "../shared/dom.js";
import { stepTicks } from "../shared/axis.js";
import { type } from "./pens.js";

/** @typedef {import("./pens.js").Scale} Scale */

/** Pixels around the field: axis figures at the left, labels of series at the right. */
const LEFT = 40;
const TOP = 10;
const FOOT = 20;

/**
 * @typedef {object} Axis
 * @property {number} last the step at the right end
 * @property {number} end the newest step that is drawn
 * @property {number | null} chosen
 * @property {import("../shared/theme.js").Palette} p
 */

/** A plot: a title, a note at its right, and a canvas. The table says the same to screen readers. */
export class Plot {
  /**
   * @param {string} title @param {(scale: Scale, top: number, bottom: number) => void} draw
   * @param {(step: number) => void} choose
   * @param {number} [tail] room for the names of series, px at the base type size
   */
  constructor(title, draw, choose, tail = 70) {
    this.draw = draw;
    this.note = h("span", { class: "label" });
    this.surface = canvasFor(10, 10);
    const { canvas } = this.surface;
    canvas.setAttribute("aria-hidden", "true");
    this.box = h("div", { class: "plot-box" }, canvas);
    this.cap = h("div", { class: "cap" }, h("b", {}, title), this.note);
    this.element = h("div", { class: "plot", style: `--fixed: ${LEFT + tail}` }, this.cap, this.box);
    /** px at which step 0 and the last step stand. */
    this.field = { from: 0, to: 1, last: 1 };
    this.tail = tail;
    const ask = (/** @type {PointerEvent} */ event) => {
      const box = canvas.getBoundingClientRect();
      const { from, to, last } = this.field;
      choose(((event.clientX - box.left - from) / (to - from)) * last);
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      ask(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.buttons & 1 && canvas.hasPointerCapture(event.pointerId)) ask(event);
    });
  }

  /** px around the field, at the base type size. */
  get fixed() {
    return LEFT + this.tail;
  }

  /** @param {number} width @param {number} height @param {Axis} axis */
  update(width, height, axis) {
    if (width < 60 || height < 50) return;
    const { p } = axis;
    const context = this.surface.size(Math.floor(width), Math.floor(height));
    const u = p.unit;
    const left = LEFT * u;
    const last = Math.max(1, axis.last);
    // The names of series stand behind their newest step: inside the field while it has room there.
    const grown = Math.max(axis.end, 1) / last;
    const right = Math.min(width - 12 * u, left + (width - this.tail * u - left) / grown);
    this.field = { from: left, to: right, last };
    const x = (/** @type {number} */ step) => left + (step / last) * (right - left);
    context.clearRect(0, 0, width, height);
    context.lineJoin = "round";
    /** @type {Scale} */
    const scale = { context, p, width, height, right, x, last, chosen: axis.chosen, u, words: [] };
    const bottom = height - FOOT * u;
    steps(scale, bottom);
    this.draw(scale, TOP * u, bottom);
    if (axis.chosen !== null) upright(scale, bottom, axis.chosen);
    for (const write of scale.words) write();
  }
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

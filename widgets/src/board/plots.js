// The board's plots on canvas: one axis of steps each, one upright line through all of them. They draw what
// they are given and say where the pointer asked to go.

import { roundUp, spread, ticks } from "./figures.js";
import { h } from "../shared/dom.js";
import { canvasFor } from "../shared/canvas.js";

/** @typedef {import("../shared/theme.js").Palette} Palette */
/** @typedef {import("./figures.js").Point} Point */

/** Pixels around the field: axis figures at the left, labels of series at the right. */
const LEFT = 40;
const TOP = 10;
const FOOT = 20;

/**
 * @typedef {object} Scale
 * @property {CanvasRenderingContext2D} context
 * @property {Palette} p
 * @property {number} width @property {number} height
 * @property {number} right end of the field, px
 * @property {(step: number) => number} x
 * @property {number} first @property {number} last steps at the ends of the field
 * @property {number | null} chosen
 * @property {number} u unit of type
 * @property {(() => void)[]} words drawn last, over the line of the chosen step
 */

/**
 * @typedef {object} Axis
 * @property {number} last the step at the right end
 * @property {number} end the newest step that is drawn
 * @property {number | null} chosen
 * @property {Palette} p
 */

/** A plot: a title in DOM text, a note at its right, a canvas that is told to the reader by the table. */
export class Plot {
  /**
   * @param {string} title @param {(scale: Scale, top: number, bottom: number) => void} draw
   * @param {(step: number) => void} choose
   */
  constructor(title, draw, choose) {
    this.draw = draw;
    this.note = h("span", { class: "label" });
    const { canvas, size } = canvasFor(10, 10);
    this.canvas = canvas;
    this.sized = size;
    canvas.setAttribute("aria-hidden", "true");
    this.box = h("div", { class: "plot-box" }, canvas);
    this.element = h("div", { class: "plot" }, h("div", { class: "cap" }, h("b", {}, title), this.note), this.box);
    /** @type {{from: number, to: number, first: number, last: number}} */
    this.field = { from: 0, to: 1, first: 0, last: 1 };
    this.tail = 70;
    const ask = (/** @type {PointerEvent} */ event) => {
      const box = canvas.getBoundingClientRect();
      const { from, to, first, last } = this.field;
      choose(first + ((event.clientX - box.left - from) / (to - from)) * (last - first));
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

  /** @param {number} width @param {number} height @param {Axis} axis */
  update(width, height, axis) {
    if (width < 60 || height < 50) return;
    const { p } = axis;
    const context = this.sized(Math.floor(width), Math.floor(height));
    const u = p.unit;
    const left = LEFT * u;
    const last = Math.max(1, axis.last);
    // The names of series stand behind their newest step: inside the field while it has room there.
    const grown = Math.max(axis.end, 1) / last;
    const right = Math.min(width - 12 * u, left + (width - this.tail * u - left) / grown);
    this.field = { from: left, to: right, first: 0, last };
    const x = (/** @type {number} */ step) => left + (step / last) * (right - left);
    context.clearRect(0, 0, width, height);
    context.lineJoin = "round";
    /** @type {Scale} */
    const scale = { context, p, width, height, right, x, first: 0, last, chosen: axis.chosen, u, words: [] };
    const bottom = height - FOOT * u;
    steps(scale, bottom);
    this.draw(scale, TOP * u, bottom);
    if (axis.chosen !== null) upright(scale, bottom);
    for (const write of scale.words) write();
  }
}

/** A ground under words that the line of the chosen step would cross. @param {Scale} scale @param {number} left @param {number} middle @param {number} width @param {boolean} [needed] */
export function ground({ context, p, u, x, chosen }, left, middle, width, needed = false) {
  const crossed = chosen !== null && x(chosen) > left - 3 && x(chosen) < left + width + 3;
  if (!needed && !crossed) return;
  context.globalAlpha = 0.85;
  context.fillStyle = p.page;
  context.fillRect(left - 3, middle - 7 * u, width + 6, 14 * u);
  context.globalAlpha = 1;
}

/** @param {Scale} scale @param {number} size @param {number} [weight] */
export function type({ context, p }, size, weight = 400) {
  context.font = `${weight} ${(size * p.unit).toFixed(2)}px ${p.family}`;
}

/** @param {Scale} scale @param {number} bottom */
function steps(scale, bottom) {
  const { context, p, x, last, right, u } = scale;
  type(scale, 10);
  context.fillStyle = p.label;
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  const room = Math.max(1, Math.floor((right - x(0)) / (54 * u)));
  const marks = ticks(0, last, Math.min(5, room), true);
  if (marks.length < 2) marks.push(last); // a narrow field of few steps says at least how far it goes
  for (const step of marks) context.fillText(String(step), x(step), bottom + 14 * u);
}

/** The chosen step. @param {Scale} scale @param {number} bottom */
function upright({ context, p, x, chosen }, bottom) {
  const at = Math.round(x(/** @type {number} */ (chosen))) + 0.5;
  context.strokeStyle = p.text;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(at, 2);
  context.lineTo(at, bottom);
  context.stroke();
}

/**
 * Level rules with their figures.
 * @param {Scale} scale @param {number[]} marks @param {(value: number) => number} y @param {(value: number) => string} words
 */
export function rules(scale, marks, y, words) {
  const { context, p, x, right, u } = scale;
  type(scale, 10);
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.lineWidth = 1;
  for (const mark of marks) {
    const at = Math.round(y(mark)) + 0.5;
    context.strokeStyle = p.rule;
    context.beginPath();
    context.moveTo(x(0), at);
    context.lineTo(right, at);
    context.stroke();
    context.fillStyle = p.label;
    context.fillText(words(mark), x(0) - 6 * u, at);
  }
}

/** Points as runs without gaps: a step that has no value breaks a line only where `joins` is false.
 * @param {Scale} scale @param {{step: number, value: number}[]} points @param {(value: number) => number} y
 * @param {{colour: string, width: number, dash?: number[]}} pen */
export function line({ context, x }, points, y, { colour, width, dash }) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(dash ?? []);
  context.beginPath();
  points.forEach((point, i) => (i ? context.lineTo(x(point.step), y(point.value)) : context.moveTo(x(point.step), y(point.value))));
  context.stroke();
  context.setLineDash([]);
}

/** @param {Scale} scale @param {Point[]} points @param {(value: number) => number} y @param {string} colour @param {number} alpha */
export function band({ context, x }, points, y, colour, alpha) {
  if (points.length < 2) return;
  context.globalAlpha = alpha;
  context.fillStyle = colour;
  context.beginPath();
  points.forEach((point, i) => (i ? context.lineTo(x(point.step), y(point.high)) : context.moveTo(x(point.step), y(point.high))));
  for (let i = points.length - 1; i >= 0; i -= 1) context.lineTo(x(points[i].step), y(points[i].low));
  context.closePath();
  context.fill();
  context.globalAlpha = 1;
}

/** @param {Scale} scale @param {number} x @param {number} y @param {number} radius @param {string} colour @param {"disc" | "ring"} [shape] */
export function dot({ context, p }, x, y, radius, colour, shape = "disc") {
  context.beginPath();
  context.arc(x, y, radius, 0, 7);
  if (shape === "disc") {
    context.fillStyle = colour;
    context.fill();
    return;
  }
  context.fillStyle = p.page;
  context.fill();
  context.strokeStyle = colour;
  context.lineWidth = 1.4;
  context.stroke();
}

/**
 * Names at the ends of series, moved apart where they would meet.
 * @param {Scale} scale @param {{x: number, y: number, bold: string, plain: string}[]} ends @param {number} top @param {number} bottom
 */
export function endLabels(scale, ends, top, bottom) {
  scale.words.push(() => writeEnds(scale, ends, top, bottom));
}

/** @param {Scale} scale @param {{x: number, y: number, bold: string, plain: string}[]} ends @param {number} top @param {number} bottom */
function writeEnds(scale, ends, top, bottom) {
  const { context, p, u, width } = scale;
  const ys = spread(ends.map((end) => end.y), 14 * u, top + 4 * u, bottom - 4 * u);
  context.textAlign = "left";
  context.textBaseline = "middle";
  ends.forEach((end, i) => {
    type(scale, 11, 600);
    const bold = context.measureText(end.bold).width;
    type(scale, 11);
    const rest = end.plain ? context.measureText(end.plain).width + 5 * u : 0;
    // A name that would leave the plot stands before its end, on a ground of its own.
    const left = Math.min(end.x + 8 * u, width - bold - rest - 2);
    ground(scale, left, ys[i], bold + rest, left < end.x + 4 * u);
    type(scale, 11, 600);
    context.fillStyle = p.text;
    context.fillText(end.bold, left, ys[i]);
    if (!end.plain) return;
    type(scale, 11);
    context.fillStyle = p.label;
    context.fillText(end.plain, left + bold + 5 * u, ys[i]);
  });
}

/** A figure beside the upright line, on a ground of its own. @param {Scale} scale @param {string} text @param {number} x @param {number} y */
export function figureAt(scale, text, x, y) {
  const { context, p, u } = scale;
  type(scale, 11, 600);
  const width = context.measureText(text).width;
  const left = x - width - 8 * u < x0(scale) ? x + 8 * u : x - width - 8 * u;
  ground(scale, left, y, width, true);
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillStyle = p.text;
  context.fillText(text, left, y);
}

/** @param {Scale} scale */
function x0(scale) {
  return scale.x(0);
}

/**
 * A scale of values from 0, with its rules drawn.
 * @param {Scale} scale @param {number} high @param {number} top @param {number} bottom @param {number} wanted rules
 * @param {(value: number) => string} words @param {boolean} [whole]
 * @returns {(value: number) => number}
 */
export function values(scale, high, top, bottom, wanted, words, whole = false) {
  const most = roundUp(high, wanted, whole);
  const y = (/** @type {number} */ value) => bottom - (value / most) * (bottom - top);
  rules(scale, ticks(0, most, wanted, whole), y, words);
  return y;
}

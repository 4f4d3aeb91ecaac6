// What plots are drawn with: rules, lines, bands, dots, and words on a ground of their own.

import { spread } from "../shared/axis.js";

/** @typedef {{step: number, low: number, high: number, broken?: boolean}} Interval */
/** @typedef {(value: number) => number} Place px of a value */
/** @typedef {{x: number, y: number, bold: string, plain: string, short?: string}} End words behind one */

/**
 * @typedef {object} Scale
 * @property {CanvasRenderingContext2D} context
 * @property {import("../shared/theme.js").Palette} p
 * @property {number} width @property {number} height
 * @property {number} right end of the field, px
 * @property {Place} x of a step
 * @property {number} last step, at the end of the field
 * @property {number | null} chosen
 * @property {number} u unit of type
 * @property {(() => void)[]} words drawn last, over the line of the chosen step
 */

/** px of an edge. */
const EDGE = 0.75;

/** How runs are told apart beside their names, by their place. */
export const DASHES = [[], [7, 3], [2, 2.5], [9, 3, 2, 3], [4, 4], [1, 4]];

/** @typedef {"disc" | "ring" | "square" | "diamond" | "triangle" | "bar"} Mark */

/** The same for a few points. @type {Mark[]} */
export const MARKS = ["disc", "square", "diamond", "triangle", "bar", "disc"];
/** Corners of marks, in radii. @type {Record<string, [number, number][]>} */
export const CORNERS = {
  square: [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
  diamond: [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
  triangle: [[0, -1.2], [1.15, 0.9], [-1.15, 0.9]],
  bar: [[-1.3, -0.5], [1.3, -0.5], [1.3, 0.5], [-1.3, 0.5]],
};

/** @param {Scale} scale @param {number} size @param {number} [weight] */
export function type({ context, p }, size, weight = 400) {
  context.font = `${weight} ${(size * p.unit).toFixed(2)}px ${p.family}`;
}

/**
 * A ground under words that the line of the chosen step would cross.
 * @param {Scale} scale @param {number} left @param {number} middle @param {number} width
 * @param {boolean} [needed]
 */
export function ground({ context, p, u, x, chosen }, left, middle, width, needed = false) {
  const crossed = chosen !== null && x(chosen) > left - 3 && x(chosen) < left + width + 3;
  if (!needed && !crossed) return;
  context.globalAlpha = 0.85;
  context.fillStyle = p.page;
  context.fillRect(left - 3, middle - 7 * u, width + 6, 14 * u);
  context.globalAlpha = 1;
}

/**
 * Words on a ground, beginning at `left`.
 * @param {Scale} scale @param {string} words @param {number} left @param {number} middle
 * @param {string} colour
 * @param {boolean} [needed] the ground is drawn even if nothing crosses it
 */
export function say(scale, words, left, middle, colour, needed = false) {
  const { context } = scale;
  ground(scale, left, middle, context.measureText(words).width, needed);
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillStyle = colour;
  context.fillText(words, left, middle);
}

/**
 * Level rules with their figures.
 * @param {Scale} scale @param {number[]} marks @param {Place} y @param {(value: number) => string} words
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

/**
 * A line through points; it ends before a gap and begins anew behind it.
 * @param {Scale} scale @param {{step: number, value: number, broken?: boolean}[]} points @param {Place} y
 * @param {{colour: string, width: number, dash?: number[]}} pen
 */
export function line({ context, x }, points, y, { colour, width, dash }) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(dash ?? []);
  context.beginPath();
  for (const point of points) {
    if (point.broken) context.moveTo(x(point.step), y(point.value));
    else context.lineTo(x(point.step), y(point.value));
  }
  context.stroke();
  context.setLineDash([]);
}

/**
 * The interval about a line, broken as it is.
 * @param {Scale} scale @param {Interval[]} points @param {Place} y @param {string} colour
 * @param {number} alpha
 */
export function band({ context, x }, points, y, colour, alpha) {
  /** @type {Interval[][]} */
  const parts = [[]];
  for (const point of points) {
    if (point.broken) parts.push([]);
    parts[parts.length - 1].push(point);
  }
  context.globalAlpha = alpha;
  context.fillStyle = colour;
  for (const part of parts.filter((each) => each.length > 1)) {
    context.beginPath();
    for (const point of part) context.lineTo(x(point.step), y(point.high));
    for (const point of part.slice().reverse()) context.lineTo(x(point.step), y(point.low));
    context.closePath();
    context.fill();
  }
  context.globalAlpha = 1;
}

/**
 * @param {Scale} scale @param {number} x @param {number} y @param {number} radius @param {string} colour
 * @param {Mark} [shape]
 */
export function dot({ context, p }, x, y, radius, colour, shape = "disc") {
  const corners = CORNERS[shape];
  context.beginPath();
  if (corners) for (const [dx, dy] of corners) context.lineTo(x + dx * radius, y + dy * radius);
  else context.arc(x, y, radius, 0, 7);
  context.closePath();
  context.fillStyle = shape === "ring" ? p.page : colour;
  context.fill();
  if (shape !== "ring") return;
  context.strokeStyle = colour;
  context.lineWidth = 1.4;
  context.stroke();
}

/**
 * A part of a column: a pale one gets an edge, within its size.
 * @param {CanvasRenderingContext2D} context @param {import("./tones.js").Tone} tone @param {number} x
 * @param {number} y @param {number} width @param {number} height
 */
export function filled(context, { fill, edge }, x, y, width, height) {
  context.fillStyle = fill;
  context.fillRect(x, y, width, height);
  if (!edge) return;
  context.strokeStyle = edge;
  context.lineWidth = EDGE;
  context.strokeRect(x + EDGE / 2, y + EDGE / 2, width - EDGE, Math.max(0, height - EDGE));
}

/**
 * The interval of a point: a fine stroke in full ink, which a faint one is not.
 * @param {Scale} scale @param {number} x @param {number} low @param {number} high @param {string} colour
 */
export function whisker({ context }, x, low, high, colour) {
  const at = Math.floor(x) + 0.5;
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(at, low);
  context.lineTo(at, high);
  context.stroke();
}

/**
 * Names at the ends of series, moved apart if they would meet.
 * @param {Scale} scale @param {End[]} ends @param {number} top @param {number} bottom
 */
export function endLabels(scale, ends, top, bottom) {
  scale.words.push(() => writeEnds(scale, ends, top, bottom));
}

/** @param {Scale} scale @param {End[]} ends @param {number} top @param {number} bottom */
function writeEnds(scale, ends, top, bottom) {
  const { context, p, u, width } = scale;
  const wanted = ends.map((end) => end.y);
  const ys = spread(wanted, 14 * u, top + 4 * u, bottom - 4 * u);
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

/**
 * The figures of the chosen step beside its line, moved apart if they would meet.
 * @param {Scale} scale @param {{text: string, y: number}[]} figures @param {number} top
 * @param {number} bottom
 */
export function figuresAt(scale, figures, top, bottom) {
  const { context, p, u, chosen } = scale;
  if (chosen === null) return;
  const x = scale.x(chosen);
  const ys = spread(figures.map(({ y }) => y), 13 * u, top, bottom - 6 * u);
  scale.words.push(() => {
    type(scale, 11, 600);
    figures.forEach(({ text }, i) => {
      const before = x - context.measureText(text).width - 8 * u;
      say(scale, text, before < scale.x(0) ? x + 8 * u : before, ys[i], p.text, true);
    });
  });
}

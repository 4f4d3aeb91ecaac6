// What the picture of a group stands on: the axis, the line for roots without a value, the line that all
// roots are compared with, and words.

import { ticks } from "../shared/axis.js";
import { plain } from "../shared/format.js";

/** @typedef {import("./facts.js").TreeFact} TreeFact */
/** @typedef {import("./plan.js").Plan} Plan */
/** @typedef {import("./plan.js").Hung} Hung */

/**
 * @typedef {object} Picture
 * @property {CanvasRenderingContext2D} context
 * @property {import("../shared/theme.js").Palette} p
 * @property {import("../step/shown.js").Shown} shown
 * @property {Plan} plan
 * @property {number} u unit of type
 * @property {TreeFact[]} trees
 * @property {Hung[]} hung
 * @property {{low: number, high: number}} axis
 * @property {"R" | "s"} by
 * @property {number} shared what all roots are compared with, NaN: each has its own tick
 * @property {string} name of that line
 * @property {{lines: string[], column: number, y: number} | null} note beside a tick
 * @property {(tree: number) => string} called what a tree is called
 */

/** @param {Picture} picture @param {number} size @param {number} [weight] */
export function type({ context, p, u }, size, weight = 400) {
  context.font = `${weight} ${(size * u).toFixed(2)}px ${p.family}`;
}

/**
 * A ground under words that lines would cross.
 * @param {Picture} picture @param {number} left @param {number} middle @param {number} width
 */
export function ground({ context, p, u }, left, middle, width) {
  context.globalAlpha = 0.8;
  context.fillStyle = p.page;
  context.fillRect(left - 2, middle - 6.5 * u, width + 4, 13 * u);
  context.globalAlpha = 1;
}

/** @param {Picture} picture */
export function paintAxis(picture) {
  const { context, p, plan, u, axis, by, shared } = picture;
  const wanted = Math.max(2, Math.min(8, Math.round((plan.bottom - plan.top) / (32 * u))));
  const right = plan.width - 12 * u;
  const marks = ticks(axis.low, axis.high, wanted);
  // Where a round figure is far below the end, the end is told too: roots may stand there.
  if (plan.y(marks[marks.length - 1]) - plan.y(axis.high) > 18 * u) marks.push(axis.high);
  const digits = marks.some((mark) => Math.abs(mark * 10 - Math.round(mark * 10)) > 1e-6) ? 2 : 1;
  context.textBaseline = "middle";
  context.lineWidth = 1;
  for (const mark of marks) {
    const y = Math.round(plan.y(mark)) + 0.5;
    context.strokeStyle = p.rule;
    context.beginPath();
    context.moveTo(plan.left, y);
    context.lineTo(right, y);
    context.stroke();
    type(picture, 10.5);
    context.textAlign = "right";
    context.fillStyle = p.label;
    context.fillText(plain(mark, digits), plan.left - 7 * u, y);
  }
  context.font = `italic ${(15 * u).toFixed(1)}px ${p.serif}`;
  context.fillStyle = p.text;
  context.fillText(by, plan.left - 7 * u, plan.y(marks[marks.length - 1]) - 20 * u);
  paintLane(picture, right);
  if (Number.isNaN(shared)) return;
  const y = plan.y(shared);
  context.strokeStyle = p.text;
  context.lineWidth = 1.8;
  context.beginPath();
  context.moveTo(plan.left, y);
  context.lineTo(right, y);
  context.stroke();
}

/**
 * The name of the line that all roots are compared with, on the side of it that is free at its end.
 * @param {Picture} picture
 */
export function paintShared(picture) {
  const { context, p, plan, u, shared, name, trees } = picture;
  if (Number.isNaN(shared)) return;
  const right = plan.width - 12 * u;
  const over = trees.length * plan.pitch + plan.left > right - 160 * u && trees.at(-1)?.at;
  const y = plan.y(shared) + (over && over >= shared ? 10 : -9) * u;
  type(picture, 11);
  context.textAlign = "right";
  context.textBaseline = "middle";
  const words = name === "no baseline" ? name : `${name} ${plain(shared)}`;
  const { width } = context.measureText(words);
  ground(picture, right - width, y, width);
  context.fillStyle = p.second;
  context.fillText(words, right, y);
}

/** Where roots stand that have no value yet. @param {Picture} picture @param {number} right px */
function paintLane(picture, right) {
  const { context, p, plan, u } = picture;
  if (plan.lane === null) return;
  context.strokeStyle = p.strong;
  context.lineWidth = 1;
  context.setLineDash([1.5, 3]);
  context.beginPath();
  context.moveTo(plan.left, plan.lane);
  context.lineTo(right, plan.lane);
  context.stroke();
  context.setLineDash([]);
  type(picture, 10);
  context.textAlign = "right";
  context.fillStyle = p.label;
  context.fillText("not", plan.left - 7 * u, plan.lane - 6 * u);
  context.fillText("scored", plan.left - 7 * u, plan.lane + 6 * u);
}

/** What tick and bar mean, beside one of them. @param {Picture} picture */
export function paintNote(picture) {
  const { context, p, plan, u, note } = picture;
  if (!note) return;
  type(picture, 11);
  context.textAlign = "left";
  context.textBaseline = "middle";
  note.lines.forEach((line, i) => {
    const [x, y] = [plan.x(note.column) + 14 * u, note.y + i * 15 * u];
    ground(picture, x, y, context.measureText(line).width);
    context.fillStyle = p.label;
    context.fillText(line, x, y);
  });
}

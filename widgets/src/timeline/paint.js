// The strokes of a timeline: bars of a node, what a folded group did in sum, lines of launches, the axis.

import { count, duration } from "../shared/format.js";
import { ticks } from "../shared/axis.js";
import { mix } from "../shared/theme.js";

/** @typedef {import("../shared/theme.js").Palette} Palette */
/** @typedef {import("./times.js").Times} Times */
/** @typedef {import("./lanes.js").Clock} Clock */

/**
 * @typedef {object} Scale where times lie
 * @property {number} left px
 * @property {number} width px
 * @property {number} from the time at the left
 * @property {number} to the time at the right
 */

/**
 * @typedef {object} Pen
 * @property {CanvasRenderingContext2D} context
 * @property {Palette} p
 * @property {Scale} scale
 * @property {number} until what comes later has not happened; Infinity: all has
 */

/** @param {Scale} scale @param {number} time @returns {number} px */
export function xOf({ left, width, from, to }, time) {
  return left + ((time - from) / (to - from)) * width;
}

/** @param {Scale} scale @param {number} x @returns {number} */
export function timeAt({ left, width, from, to }, x) {
  return from + ((x - left) / width) * (to - from);
}

/** @param {number} time @param {Clock} clock */
export function timeWords(time, clock) {
  if (clock === "steps") return `${count(time)} ${Math.round(time) === 1 ? "step" : "steps"}`;
  return time < 0.00995 && time > 0 ? `${(time * 1000).toFixed(1)} ms` : duration(time);
}

/** Colours by what is told of a time. @param {Palette} p */
export function tones(p) {
  return {
    critical: p.sequential[4],
    other: p.sequential[2],
    code: p.gauge,
    criticalCode: mix(p.gauge, p.sequential[5], 0.55),
    wait: p.faint,
  };
}

/**
 * One node: generation full, code narrower, waiting hatched.
 * @param {Pen} pen @param {Times} times @param {number} lane
 * @param {Map<number, import("./times.js").Leg[]>} legs the critical path by lane
 * @param {number} y top @param {number} height
 * @param {boolean} plain waits are a line, and turns are not named
 */
export function drawBars(pen, times, lane, legs, y, height, plain) {
  const { context, p } = pen;
  const tone = tones(p);
  const own = legs.get(lane) ?? [];
  for (const bar of times.bars[lane]) {
    if (bar.kind === "waiting") drawWait(pen, bar, y, height, plain);
    else fillPart(pen, bar, y, height, bar.kind === "code" ? tone.code : tone.other, !plain);
  }
  for (const leg of own) {
    if (leg.kind === "waiting") continue;
    fillPart(pen, leg, y, height, leg.kind === "code" ? tone.criticalCode : tone.critical, !plain);
  }
  if (plain || height < 10) return;
  context.font = `${Math.round(10 * p.unit)}px ${p.family}`;
  context.textBaseline = "middle";
  context.textAlign = "center";
  for (const { kind, turn, start, end } of times.bars[lane]) {
    if (kind !== "generation" || start > pen.until) continue;
    const [a, b] = [xOf(pen.scale, start), xOf(pen.scale, Math.min(end, pen.until))];
    const words = String(turn);
    if (b - a < context.measureText(words).width + 8) continue;
    const critical = own.some((leg) => leg.turn === turn && leg.kind === kind);
    context.fillStyle = critical ? p.page : p.text;
    context.fillText(words, (a + b) / 2, y + height / 2 + 0.5);
  }
  context.textAlign = "left";
}

/**
 * @param {Pen} pen @param {{kind: string, start: number, end: number}} part @param {number} y
 * @param {number} height @param {string} colour @param {boolean} gap turns are kept apart
 */
function fillPart({ context, scale, until }, { kind, start, end }, y, height, colour, gap) {
  const inset = kind === "code" ? height * 0.22 : 0;
  const draw = (/** @type {number} */ from, /** @type {number} */ to) => {
    const right = scale.left + scale.width;
    const [a, b] = [Math.max(scale.left, xOf(scale, from)), Math.min(right, xOf(scale, to))];
    if (b < scale.left || a > right || to < from) return;
    const wide = Math.max(1, b - a - (gap && kind === "generation" && b - a > 3 ? 1 : 0));
    context.beginPath();
    context.roundRect(a, y + inset, wide, height - 2 * inset, Math.min(2, wide / 2));
    context.fill();
  };
  context.fillStyle = colour;
  if (start < until) draw(start, Math.min(end, until));
  if (end <= until) return;
  context.globalAlpha = 0.14; // what is still to come
  draw(Math.max(start, until), end);
  context.globalAlpha = 1;
}

/**
 * @param {Pen} pen @param {{start: number, end: number}} part @param {number} y @param {number} height
 * @param {boolean} plain
 */
function drawWait({ context, p, scale, until }, { start, end }, y, height, plain) {
  const right = scale.left + scale.width;
  const a = Math.max(scale.left, xOf(scale, start));
  const b = Math.min(right, xOf(scale, Math.min(end, until)));
  if (b <= a) return;
  if (plain) {
    context.strokeStyle = tones(p).wait;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(a, Math.round(y + height / 2) + 0.5);
    context.lineTo(b, Math.round(y + height / 2) + 0.5);
    context.stroke();
    return;
  }
  const [top, high] = [y + height * 0.22, height * 0.56];
  context.save();
  context.beginPath();
  context.rect(a, top, b - a, high);
  context.clip();
  context.strokeStyle = p.faint;
  context.lineWidth = 0.8;
  context.beginPath();
  const first = Math.floor(a / 5) * 5;
  for (let x = first - high; x < b; x += 5) {
    context.moveTo(x, top + high);
    context.lineTo(x + high, top);
  }
  context.stroke();
  context.restore();
}

/**
 * What many nodes did in sum: how many of them computed, as a height.
 * @param {Pen} pen @param {Times} times @param {number[]} lanes @param {number} y @param {number} height
 */
export function drawProfile(pen, times, lanes, y, height) {
  const { context, p, scale, until } = pen;
  const { counts, most } = profile(times, lanes, scale);
  if (!most) return;
  context.fillStyle = p.sequential[2];
  const now = Math.min(scale.width, xOf({ ...scale, left: 0 }, until));
  counts.forEach((number, x) => {
    if (!number) return;
    context.globalAlpha = x > now ? 0.14 : 1; // what is still to come
    const high = Math.max(1, (number / most) * height);
    context.fillRect(scale.left + x, y + height - high, 1, high);
  });
  context.globalAlpha = 1;
}

/**
 * How many of some nodes compute, for each pixel column.
 * @param {Times} times @param {number[]} lanes @param {Scale} scale
 */
export function profile(times, lanes, scale) {
  const size = Math.max(1, Math.ceil(scale.width));
  const change = new Int32Array(size + 1);
  const column = (/** @type {number} */ time) =>
    Math.max(0, Math.min(size, Math.floor(xOf({ ...scale, left: 0 }, time))));
  for (const lane of lanes) {
    let done = 0; // a node counts once in a column
    for (const { kind, start, end } of times.bars[lane]) {
      if (kind === "waiting") continue;
      const a = Math.max(done, column(start));
      const b = Math.min(size, Math.max(a, column(start) + 1, column(end)));
      change[a] += 1;
      change[b] -= 1;
      done = b;
    }
  }
  const counts = new Int32Array(size);
  let now = 0;
  let most = 0;
  for (let x = 0; x < size; x += 1) {
    now += change[x];
    counts[x] = now;
    most = Math.max(most, now);
  }
  return { counts, most };
}

/**
 * Round times under or over the lanes, and lines through them.
 * @param {Pen} pen @param {Clock} clock @param {number} y middle of the figures, -1: none
 * @param {number} top of the lines @param {number} bottom of the lines
 */
export function drawAxis({ context, p, scale }, clock, y, top, bottom) {
  const wanted = Math.max(2, Math.floor(scale.width / (86 * p.unit)));
  const long = clock === "seconds" && scale.to - scale.from > 120; // round minutes, then
  const marks = long ? minutes(scale, wanted) : ticks(scale.from, scale.to, wanted);
  context.font = `${Math.round(10 * p.unit)}px ${p.family}`;
  context.textBaseline = "middle";
  for (const mark of marks) {
    const x = Math.round(xOf(scale, mark)) + 0.5;
    context.strokeStyle = p.rule;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, top);
    context.lineTo(x, bottom);
    context.stroke();
    if (y < 0) continue;
    context.fillStyle = p.label;
    const words = mark ? axisWords(mark, clock, scale.to) : clock === "steps" ? "0 steps" : "0 s";
    const wide = context.measureText(words).width;
    const right = scale.left + scale.width;
    context.fillText(words, Math.max(scale.left, Math.min(x - (mark ? wide / 2 : 0), right - wide)), y);
  }
}

/** @param {Scale} scale @param {number} wanted @returns {number[]} */
function minutes({ from, to }, wanted) {
  const paces = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440].map((pace) => pace * 60);
  const pace = paces.find((each) => (to - from) / each <= wanted) ?? (to - from) / wanted;
  const first = Math.ceil(from / pace - 1e-9);
  return Array.from({ length: Math.floor(to / pace + 1e-9) - first + 1 }, (_, at) => (first + at) * pace);
}

/** @param {number} time @param {Clock} clock @param {number} to */
function axisWords(time, clock, to) {
  if (clock === "steps") return count(time);
  if (to < 0.1) return `${Number((time * 1000).toPrecision(6))} ms`;
  if (to < 120) return `${Number(time.toPrecision(6))} s`;
  const short = `${Math.floor(time / 60)} min`;
  return time < 3600 ? (time % 60 ? `${short} ${Math.round(time % 60)} s` : short) : duration(time);
}

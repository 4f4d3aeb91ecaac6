// The intervals of lines: a band about each, or whiskers beside each other if bands would lie on each other
// and could not be told apart.

import { band, dot, whisker } from "./pens.js";

/** @typedef {import("./measures.js").Line} Line */
/** @typedef {import("./pens.js").Place} Place */
/** @typedef {import("./pens.js").Scale} Scale */
/** @typedef {import("./pens.js").Interval} Interval */

/** Lines whose bands can be told apart. */
const BANDS = 4;
/** Of the narrower of two bands, on the mean: how much of it may lie on the other. */
const SHARED = 0.5;
/** px between whiskers of one step. */
const NEXT = 5;
/** Of the way to the next step, what marks beside their step may take. */
const FREE = 0.7;

/** The points of a line that has intervals. @param {Line} line @returns {Interval[]} */
function sure({ points }) {
  return points.map((point) => {
    return { ...point, low: point.low ?? point.value, high: point.high ?? point.value };
  });
}

/** Their intervals cover the same ground. @param {Line[]} lines */
export function overlaid(lines) {
  let [shared, pairs] = [0, 0];
  const all = lines.map((line) => new Map(sure(line).map((point) => [point.step, point])));
  all.forEach((one, i) => {
    for (const other of all.slice(i + 1)) {
      for (const [step, a] of one) {
        const b = other.get(step);
        if (!b) continue;
        const narrow = Math.min(a.high - a.low, b.high - b.low);
        const common = Math.min(a.high, b.high) - Math.max(a.low, b.low);
        shared += Math.max(0, common) / Math.max(1e-9, narrow);
        pairs += 1;
      }
    }
  });
  return pairs > 0 && shared / pairs > SHARED;
}

/**
 * How far the marks of each line stand beside their step, px: 0 unless they would cover each other.
 * @param {Line[]} lines @param {Scale} scale
 */
export function asides(lines, { u, x }) {
  const known = lines.filter(({ points }) => points[0].low !== undefined);
  const pitch = x(1) - x(0);
  const apart = overlaid(known) ? Math.min(NEXT * u, (FREE * pitch) / known.length) : 0;
  if (!apart) return lines.map(() => 0);
  const middle = (known.length - 1) / 2;
  return lines.map((line) => (known.includes(line) ? (known.indexOf(line) - middle) * apart : 0));
}

/**
 * Draws the intervals of lines; none if they are too many.
 * @param {Scale} scale @param {Line[]} lines @param {Place} y @param {(line: Line) => string} tone
 * @returns {number} px that they reach beyond the last step
 */
export function intervals(scale, lines, y, tone) {
  const known = lines.filter(({ probe, points }) => !probe && points[0].low !== undefined);
  if (known.length > BANDS) return 0;
  if (overlaid(known)) return beside(scale, known, y, tone);
  for (const one of known) band(scale, sure(one), y, tone(one), 0.16);
  return 0;
}

/**
 * Whiskers: of each step those of all lines, or in turn those of one if steps are narrow.
 * @param {Scale} scale @param {Line[]} lines @param {Place} y @param {(line: Line) => string} tone
 * @returns {number} px that they reach beyond the last step
 */
function beside(scale, lines, y, tone) {
  const { x, u } = scale;
  const every = Math.max(1, Math.ceil((NEXT * u * lines.length) / (x(1) - x(0))));
  const aside = every > 1 ? lines.map(() => 0) : asides(lines, scale);
  lines.forEach((line, i) => {
    const turn = Math.floor((i * every) / lines.length);
    for (const { step, value, low, high } of line.points) {
      if (low === undefined || high === undefined || step % every !== turn) continue;
      whisker(scale, x(step) + aside[i], y(low), y(high), tone(line));
      dot(scale, x(step) + aside[i], y(value), 2, tone(line));
    }
  });
  return Math.max(0, ...aside);
}

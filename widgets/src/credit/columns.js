// The waterfall's axis: where columns and values stand.

/** @typedef {"s" | "bonus" | "R" | "b" | "A" | "c"} Name */
/** @typedef {ReturnType<typeof scaleOf>} Scale */

/** Middle of each column from the left end of the first, and its bar, at a width. */
const WIDE = { s: 32, bonus: 140, R: 248, b: 406, A: 514, c: 696, bar: 64, all: 766 };
/** Closer together: each as far from the next as its figure needs. */
const CLOSE = { s: 17, bonus: 58, R: 98, b: 140, A: 186, c: 258, bar: 20, all: 280 };
/** px of the picture from which there is room for the wide columns, and for figures of the usual size. */
const ROOM = { wide: 440, figures: 360 };
/** px that the figures of the axis take. */
const AXIS = { wide: 34, close: 28 };
export const TOP = 50;
export const HIGH = 172;

/** Places of values and columns, px. @param {number[]} values @param {number} width */
export function scaleOf(values, width) {
  const known = [0, ...values].filter((value) => Number.isFinite(value));
  const high = Math.max(0.25, ...known);
  const low = Math.min(0, ...known);
  const pad = (high - low) * 0.1;
  const ticks = gridFor(low - pad, high + pad);
  const top = Math.max(high + pad * 0.6, ticks[ticks.length - 1]);
  const bottom = Math.min(low - pad * 0.6, ticks[0]);
  const [columns, axis] = width < ROOM.wide ? [CLOSE, AXIS.close] : [WIDE, AXIS.wide];
  const share = (width - axis) / columns.all;
  return {
    ticks,
    width,
    bar: columns.bar * Math.min(1, share),
    size: width < ROOM.figures ? 11 : 13,
    x: (/** @type {Name} */ name) => axis + columns[name] * share,
    y: (/** @type {number} */ value) => TOP + ((top - value) / (top - bottom)) * HIGH,
  };
}

/** Round lines that cover a range. @param {number} low @param {number} high */
function gridFor(low, high) {
  const range = high - low;
  const each = [0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50].find((size) => range / size <= 4.2) ?? range / 3;
  const ticks = [];
  for (let at = Math.ceil(low / each - 1e-9) * each; at <= high + 1e-9; at += each) {
    ticks.push(Math.abs(at) < 1e-9 ? 0 : at);
  }
  return ticks.length ? ticks : [0];
}

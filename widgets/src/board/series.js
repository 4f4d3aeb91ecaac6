// The metrics of a run by step, as they come. Nothing here draws.

/**
 * @typedef {object} Curves
 * @property {number[]} step
 * @property {Record<string, (number | null)[]>} columns
 * @property {string[]} difficulties of the world, easiest first; empty: it was not recorded
 */
/** @typedef {{step: number, value: number, low: number, high: number, n: number, unscored: number}} Point */

const Z95 = 1.959963984540054;
/** Up to this many steps are points with their intervals: two or three points are no curve yet. */
const FEW = 3;

/**
 * @param {any} raw the synced trait @param {string[]} [difficulties] of the world, easiest first
 * @returns {Curves}
 */
export function curvesOf(raw, difficulties = []) {
  return { step: raw?.step ?? [], columns: raw?.columns ?? {}, difficulties };
}

/** The last step that has ended. @param {Curves} curves @returns {number | null} */
export function lastEnded(curves) {
  return curves.step.length ? curves.step[curves.step.length - 1] : null;
}

/** Steps that have ended; step 0 holds the probes before any training. @param {Curves} curves */
export function trained(curves) {
  return curves.step.filter((step) => step > 0).length;
}

/** Too few steps for a curve. @param {Curves} curves */
export function isFew(curves) {
  return trained(curves) <= FEW;
}

/**
 * The mark of a step.
 * @template {{step: number}} T @param {T[]} marks @param {number} step @returns {T | undefined}
 */
export function at(marks, step) {
  return marks.find((mark) => mark.step === step);
}

/**
 * Names under a prefix, such as the depths of "gradient_share_by_depth".
 * @param {Curves} curves @param {string} prefix
 */
export function namesUnder(curves, prefix) {
  const found = new Set();
  for (const name of Object.keys(curves.columns)) {
    if (name.startsWith(`${prefix}/`)) found.add(name.slice(prefix.length + 1).split("/")[0]);
  }
  return [...found];
}

/** Wilson's 95 % interval. @param {number} share @param {number} n @returns {[number, number]} */
export function wilson(share, n) {
  if (!(n > 0)) return [0, 1];
  const centre = share + (Z95 * Z95) / (2 * n);
  const spread = Z95 * Math.sqrt((share * (1 - share)) / n + (Z95 * Z95) / (4 * n * n));
  const scale = 1 + (Z95 * Z95) / n;
  return [Math.max(0, (centre - spread) / scale), Math.min(1, (centre + spread) / scale)];
}

/**
 * Names in the order of the world, easiest first; those that it does not name follow as they came.
 * @param {string[]} names @param {string[]} order
 */
export function byDifficulty(names, order) {
  const known = order.filter((name) => names.includes(name));
  return [...known, ...names.filter((name) => !known.includes(name))];
}

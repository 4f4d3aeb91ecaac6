// The metrics of a run as series: success with intervals, marks, parts that stand on each other. Nothing here
// draws.

/**
 * @typedef {object} Curves
 * @property {number[]} step
 * @property {Record<string, (number | null)[]>} columns
 * @property {string[]} difficulties of the world, easiest first; empty: it was not recorded
 */
/** @typedef {{step: number, value: number, low: number, high: number, n: number, unscored: number}} Point */
/** @typedef {{name: string, probe: boolean, place: number, points: Point[]}} Success */
/** @typedef {{step: number, value: number}} Mark */

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

/** A plain column as marks. @param {Curves} curves @param {string} name @returns {Mark[]} */
export function marksOf(curves, name) {
  const column = curves.columns[name] ?? [];
  /** @type {Mark[]} */
  const found = [];
  curves.step.forEach((step, i) => {
    const value = column[i];
    if (value !== null && value !== undefined) found.push({ step, value });
  });
  return found;
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

/**
 * Root success by difficulty: training roots as sampled, probe tasks apart; raw, with Wilson's interval.
 * @param {Curves} curves @returns {Success[]}
 */
export function successSeries(curves) {
  const found = [];
  const prefixes = ["success_by_difficulty", "probe_success_by_difficulty"];
  const names = [...new Set(prefixes.flatMap((prefix) => namesUnder(curves, prefix)))];
  const all = byDifficulty(names, curves.difficulties);
  for (const prefix of prefixes) {
    const probe = prefix !== prefixes[0];
    for (const name of all) {
      const shares = curves.columns[`${prefix}/${name}/success`];
      const counts = curves.columns[`${prefix}/${name}/tasks`];
      const missing = curves.columns[`${prefix}/${name}/unscored`];
      if (!shares || !counts) continue;
      /** @type {Point[]} */
      const points = [];
      curves.step.forEach((step, i) => {
        const value = shares[i];
        const n = counts[i];
        if (value === null || value === undefined || !n) return;
        const [low, high] = wilson(value, n);
        points.push({ step, value, low, high, n, unscored: missing?.[i] ?? 0 });
      });
      if (points.length) found.push({ name: name || "all tasks", probe, place: all.indexOf(name), points });
    }
  }
  return found;
}

/**
 * Bands that stand on each other, first name lowest.
 * @param {Curves} curves @param {string} prefix @param {string[]} names
 * @returns {{step: number, parts: number[], total: number}[]}
 */
export function stacked(curves, prefix, names) {
  const found = [];
  for (let i = 0; i < curves.step.length; i += 1) {
    const parts = names.map((name) => curves.columns[`${prefix}/${name}`]?.[i] ?? null);
    if (parts.every((part) => part === null)) continue;
    const known = parts.map((part) => part ?? 0);
    found.push({ step: curves.step[i], parts: known, total: known.reduce((sum, part) => sum + part, 0) });
  }
  return found;
}

/** Depths in order. @param {Curves} curves */
export function depths(curves) {
  return namesUnder(curves, "gradient_share_by_depth").sort((a, b) => Number(a) - Number(b));
}

/** How the loss weight is shared between depths, step by step. @param {Curves} curves */
export function shares(curves) {
  return stacked(curves, "gradient_share_by_depth", depths(curves)).filter((row) => row.total > 0);
}

/**
 * The shares of a step as figures, each with the middle of its part; those too low to be seen are left out.
 * @param {{parts: number[], total: number}} row
 * @returns {{level: number, share: number, middle: number}[]} as shares of 1
 */
export function shareFigures({ parts, total }) {
  let under = 0;
  return parts.flatMap((part, level) => {
    under += part;
    const share = part / total;
    return share >= 0.005 ? [{ level, share, middle: under / total - share / 2 }] : [];
  });
}

/** px of a column of shares: at most, at least before steps share one, and free between two. */
const COLUMN = { most: 14, least: 2, free: 1.5 };

/**
 * The shares of steps as columns: one for each step, or for as many as one column of pixels holds.
 * @param {{step: number, parts: number[], total: number}[]} rows
 * @param {{x: (step: number) => number, u: number}} field
 * @returns {{columns: {x: number, parts: number[]}[], half: number}} parts as shares of 1, half a width in px
 */
export function shareColumns(rows, { x, u }) {
  const pitch = x(1) - x(0);
  const width = Math.max(COLUMN.least, Math.min(COLUMN.most * u, pitch - (pitch > 4 ? COLUMN.free : 0)));
  /** @type {Map<number, {at: number[], parts: number[]}>} */
  const found = new Map();
  for (const row of rows) {
    const key = pitch >= COLUMN.least ? row.step : Math.floor(x(row.step) / COLUMN.least);
    const have = found.get(key) ?? { at: [], parts: row.parts.map(() => 0) };
    found.set(key, have);
    have.at.push(x(row.step));
    row.parts.forEach((part, level) => (have.parts[level] += part / row.total));
  }
  const columns = [...found.values()].map(({ at: xs, parts }) => ({
    x: xs.reduce((sum, one) => sum + one, 0) / xs.length,
    parts: parts.map((part) => part / xs.length),
  }));
  return { columns, half: width / 2 };
}

/** Kinds of refusals, most frequent first. @param {Curves} curves @param {number} [most] */
export function refusalKinds(curves, most = 4) {
  const total = (/** @type {string} */ name) => {
    const column = curves.columns[`refusals/${name}`] ?? [];
    return column.reduce((/** @type {number} */ sum, value) => sum + (value ?? 0), 0);
  };
  return namesUnder(curves, "refusals")
    .map((name) => ({ name, total: total(name) }))
    .filter((kind) => kind.total > 0)
    .sort((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1))
    .slice(0, most)
    .map((kind) => kind.name);
}

// The metrics of runs as what a plot shows: lines, or columns of parts. Nothing here draws.

import { brief, count, duration, percent, plain, rate } from "../shared/format.js";
import { byDifficulty, namesUnder, wilson } from "./series.js";

/** @typedef {import("./catalogue.js").Entry} Entry */
/** @typedef {import("./series.js").Curves} Curves */
/** @typedef {import("./series.js").Point} Point */
/** @typedef {{name: string, curves: Curves}} RunCurves a run, and what it is called beside others */

/**
 * What stands behind a series: of which trees it tells.
 * @typedef {object} Part
 * @property {string} kind "difficulty", "depth", ...; "" = all
 * @property {string} key such as "hard"
 * @property {boolean} probe
 */

/**
 * @typedef {object} Line
 * @property {string} name empty: the title of the plot says it
 * @property {number} run its place among the runs
 * @property {number} place of its name among the names of the plot
 * @property {number} names how many need a tone of their own
 * @property {boolean} probe
 * @property {Measure[]} points
 * @property {Part} part
 */
/** @typedef {Omit<Point, "low" | "high" | "n" | "unscored"> & Partial<Point> & {broken?: boolean}} Measure */

/**
 * @typedef {object} Columns parts of a step that stand on each other
 * @property {{name: string, part: Part, place: number}[]} kinds lowest first; place -1: all others together
 * @property {{step: number, parts: number[], total: number}[]} rows
 */

/** Kinds that are told apart; the others are drawn as one. */
const KINDS = 5;
/** Words for names that a machine made. */
const WORDS = /** @type {Record<string, string>} */ ({ turn_limit: "turn limit", tree_limit: "tree limit" });

/** A number in about three digits. @param {number} value */
export function digits(value) {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || value === 0) return plain(value, 0);
  if (size >= 1000) return value < 0 ? `\u2212${rate(size)}` : rate(size);
  if (size >= 0.001) return brief(value, Math.max(0, 2 - Math.floor(Math.log10(size))));
  return value.toExponential(1).replace(/\.0e/, "e").replace("e-", "e\u2212").replace(/^-/, "\u2212");
}

/** How a value is said, by the format of an entry. @type {Record<string, (value: number) => string>} */
const SAID = {
  share: (value) => plain(value, 2),
  one: (value) => plain(value, 1),
  two: (value) => plain(value, 2),
  ratio: (value) => plain(value, Math.abs(value - 1) < 0.0095 && value !== 1 ? 5 : 2),
  percent: (value) => percent(value, 0),
  percent1: (value) => percent(value, 1),
  count,
  rate,
  seconds: duration,
  digits,
};

/** @param {Entry} entry @returns {(value: number) => string} */
export function said(entry) {
  return SAID[entry.format] ?? digits;
}

/**
 * The same as a figure of an axis: 5 and not 5.0.
 * @param {Entry} entry @returns {(value: number) => string}
 */
export function marked(entry) {
  const say = said(entry);
  return (value) => {
    if (value === 0) return say(0).replace(/^0.*?(?=$| %)/, "0"); // of no unit but the share
    return say(value).replace(/(\.\d*?)0+(?=\D*$)/, (_, some) => (some === "." ? "" : some));
  };
}

/** Only whole numbers make sense on its axis. @param {Entry} entry */
export function isWhole({ format }) {
  return format === "count" || format === "one";
}

/**
 * The series of an entry in a run: the name of a column, and what its star stands for.
 * @param {Entry} entry @param {Curves} curves
 * @returns {{column: string, key: string, name: string}[]}
 */
function seriesOf(entry, curves) {
  return entry.of.flatMap(([pattern, words]) => {
    const [prefix, rest] = pattern.split("/*");
    if (rest === undefined) {
      return pattern in curves.columns ? [{ column: pattern, key: pattern, name: words }] : [];
    }
    return ordered(namesUnder(curves, prefix), curves).flatMap((key) => {
      const column = `${prefix}/${key}${rest}`;
      return column in curves.columns ? [{ column, key, name: words.replace("*", worded(key)) }] : [];
    });
  });
}

/** @param {string} key */
function worded(key) {
  return (WORDS[key] ?? key.replace(/_/g, " ")) || "all tasks";
}

/**
 * Depths by number, difficulties as the world has them, others as they came.
 * @param {string[]} names @param {Curves} curves
 */
function ordered(names, curves) {
  if (names.every((name) => /^\d+$/.test(name))) return names.sort((a, b) => Number(a) - Number(b));
  return byDifficulty(names, curves.difficulties);
}

/** Whether a run has recorded any of it. @param {Entry} entry @param {RunCurves[]} runs */
export function isKnown(entry, runs) {
  return runs.some(({ curves }) => {
    return seriesOf(entry, curves).some(({ column }) => curves.columns[column].some((value) => known(value)));
  });
}

/** @param {number | null | undefined} value @returns {value is number} */
function known(value) {
  return value !== null && value !== undefined;
}

/**
 * The lines of an entry: its series in each run, and those of the probes beside them.
 * @param {Entry} entry @param {RunCurves[]} runs @returns {Line[]}
 */
export function linesOf(entry, runs) {
  const probes = { ...entry, of: entry.of.map(probed), count: entry.count && `probe_${entry.count}` };
  const kinds = entry.part === "difficulty" ? [entry, probes] : [entry];
  const found = kinds.flatMap((kind) => runs.flatMap(({ curves }, run) => {
    return seriesOf(kind, curves).flatMap(({ column, key, name }) => {
      const counts = kind.count ? curves.columns[kind.count.replace("*", key)] : undefined;
      const missing = counts && curves.columns[column.replace(/\/success$/, "/unscored")];
      const points = pointsOf(curves, column, counts, missing);
      const probe = kind !== entry || entry.part === "probe";
      const part = { kind: entry.part ?? "", key, probe };
      return points.length ? [{ name, run, place: 0, names: 1, probe, points, part }] : [];
    });
  }));
  const all = [...new Set(found.map((line) => line.name))];
  const names = entry.part === "difficulty" ? byDifficulty(all, runs[0]?.curves.difficulties ?? []) : all;
  const tones = entry.apart ? 1 : names.length;
  return found.map((line) => ({ ...line, place: names.indexOf(line.name), names: tones }));
}

/** @param {[string, string]} series @returns {[string, string]} */
function probed([pattern, words]) {
  return [`probe_${pattern}`, words];
}

/**
 * @param {Curves} curves @param {string} column
 * @param {(number | null)[]} [counts] of what each value is a share; a share of nothing is no value
 * @param {(number | null)[]} [missing] @returns {Measure[]}
 */
function pointsOf(curves, column, counts, missing) {
  const values = curves.columns[column];
  const sparse = column.startsWith("probe_"); // probes are not sampled in every step
  /** @type {Measure[]} */
  const points = [];
  let gap = false;
  curves.step.forEach((step, i) => {
    const value = values[i];
    const n = counts?.[i] ?? 0;
    if (!known(value) || (counts && !n)) {
      gap = points.length > 0 && !sparse;
      return;
    }
    const [low, high] = counts ? wilson(value, n) : [undefined, undefined];
    const sure = counts ? { low, high, n, unscored: missing?.[i] ?? 0 } : {};
    points.push({ step, value, ...sure, broken: gap });
    gap = false;
  });
  return points;
}

/**
 * A column without what the entry takes off it.
 * @param {Entry} entry @param {Curves} curves @param {string} column
 */
function valuesOf({ less }, { columns }, column) {
  const off = columns[less?.[column] ?? ""];
  const values = columns[column];
  return off ? values.map((value, i) => (known(value) ? value - (off[i] ?? 0) : value)) : values;
}

/**
 * The columns of an entry in a run: kinds that never happened are left out; beyond a few, the rarest are one.
 * @param {Entry} entry @param {Curves} curves @returns {Columns}
 */
export function columnsOf(entry, curves) {
  const all = seriesOf(entry, curves).map(({ column, key, name }) => {
    const values = valuesOf(entry, curves, column);
    const sum = values.reduce((/** @type {number} */ total, value) => total + (value ?? 0), 0);
    return { values, sum, name, part: { kind: entry.part ?? "", key, probe: column.startsWith("probe_") } };
  });
  const free = entry.of[0][0].endsWith("/*") && entry.part !== "depth"; // most frequent first
  const some = all.filter((kind) => kind.sum > 0);
  if (free) some.sort((a, b) => b.sum - a.sum || (a.name < b.name ? -1 : 1));
  const kept = free && some.length > KINDS ? some.slice(0, KINDS - 1) : some;
  const rest = some.slice(kept.length);
  const kinds = kept.map(({ name, part }, place) => ({ name, part, place }));
  if (rest.length) {
    const part = { kind: entry.part ?? "", key: "", probe: false };
    kinds.push({ name: `${rest.length} more kinds`, part, place: -1 });
  }
  /** @type {Columns["rows"]} */
  const rows = [];
  curves.step.forEach((step, i) => {
    if (!all.some(({ values }) => known(values[i]))) return;
    const parts = kept.map(({ values }) => values[i] ?? 0);
    if (rest.length) parts.push(rest.reduce((sum, { values }) => sum + (values[i] ?? 0), 0));
    const total = parts.reduce((sum, part) => sum + part, 0);
    if (total > 0 || entry.draw !== "shares") rows.push({ step, parts, total });
  });
  return { kinds, rows };
}

/** px of a column of shares: at most, at least before steps share one, and free between two. */
const COLUMN = { most: 14, least: 2, free: 1.5 };

/**
 * The parts of steps as columns: one for each step, or the mean of as many as one column of pixels holds.
 * @param {Columns["rows"]} rows
 * @param {{x: (step: number) => number, u: number}} field
 * @param {boolean} shares parts become shares of 1
 * @returns {{columns: {x: number, parts: number[]}[], half: number}} half a width in px
 */
export function packed(rows, { x, u }, shares) {
  const pitch = x(1) - x(0);
  const width = Math.max(COLUMN.least, Math.min(COLUMN.most * u, pitch - (pitch > 4 ? COLUMN.free : 0)));
  /** @type {Map<number, {at: number[], parts: number[]}>} */
  const found = new Map();
  for (const row of rows) {
    const key = pitch >= COLUMN.least ? row.step : Math.floor(x(row.step) / COLUMN.least);
    const have = found.get(key) ?? { at: [], parts: row.parts.map(() => 0) };
    found.set(key, have);
    have.at.push(x(row.step));
    row.parts.forEach((part, level) => (have.parts[level] += shares ? part / row.total : part));
  }
  const columns = [...found.values()].map(({ at: xs, parts }) => ({
    x: xs.reduce((sum, one) => sum + one, 0) / xs.length,
    parts: parts.map((part) => part / xs.length),
  }));
  return { columns, half: width / 2 };
}

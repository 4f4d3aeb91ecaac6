// What a plot will show and say, before it is known how wide it is: series, the range of its axis, and the
// words at the ends of series.

import { plain } from "../shared/format.js";
import { roundUp, ticks } from "../shared/axis.js";
import { columnsOf, isWhole, linesOf, marked, said } from "./measures.js";
import { at, isFew, lastEnded } from "./series.js";

/** @typedef {import("./catalogue.js").Entry} Entry */
/** @typedef {import("./measures.js").Line} Line */
/** @typedef {import("./measures.js").Columns} Columns */
/** @typedef {import("./measures.js").Part} Part */
/** @typedef {import("./measures.js").RunCurves} RunCurves */

/**
 * @typedef {object} Field a part of a plot with an axis of its own
 * @property {Line[]} lines
 * @property {number} low @property {number} high @property {number[]} marks of the axis
 */

/**
 * @typedef {object} Plan
 * @property {Entry} entry
 * @property {(value: number) => string} say
 * @property {(value: number) => string} mark a figure of the axis
 * @property {Field[]} fields from the top
 * @property {Columns | null} columns
 * @property {number | null} newest step that any of the runs has ended
 * @property {boolean} few points, not curves
 * @property {string[]} names of the runs, if they are several
 * @property {boolean} large it has room for the figures of the chosen step beside its points
 * @property {boolean} even every interval at the end of a line reaches as far to both sides
 */

/** Rules of a small field, of one that stands over another, and of the large plot, about. */
const RULES = { small: 2, apart: 1, large: 4 };
/** More of them, if only one fell on the axis: one figure says no scale. */
const FINER = 4;

/**
 * @param {Entry} entry @param {RunCurves[]} runs @param {number} run whose columns are shown
 * @param {boolean} [large] @returns {Plan}
 */
export function planOf(entry, runs, run, large = false) {
  const rules = large ? RULES.large : entry.apart ? RULES.apart : RULES.small;
  const lined = entry.draw === "lines";
  const lines = lined ? linesOf(entry, runs) : [];
  const own = lined ? runs : [runs[run]];
  const columns = lined ? null : columnsOf(entry, runs[run].curves);
  const names = runs.length > 1 ? runs.map(({ name }) => name) : [];
  const parts = entry.apart ? [...new Set(lines.map(({ name }) => name))].map((name) => {
    return lines.filter((line) => line.name === name);
  }) : [lines];
  const fields = columns
    ? [columnField(entry, runs.flatMap(({ curves }) => columnsOf(entry, curves).rows), rules)]
    : parts.map((part) => lineField(entry, part, rules));
  const ends = own.map(({ curves }) => lastEnded(curves)).filter((step) => step !== null);
  const newest = ends.length ? Math.max(...ends) : null;
  const few = own.every(({ curves }) => isFew(curves));
  const even = lines.every(({ points }) => isEven(points[points.length - 1]));
  const words = { say: said(entry), mark: marked(entry) };
  return { entry, ...words, fields, columns, newest, few, names, large, even };
}

/** @param {Entry} entry @param {Line[]} lines @param {number} rules @returns {Field} */
function lineField(entry, lines, rules) {
  if (entry.format === "share") return { lines, low: 0, high: 1, marks: ticks(0, 1, rules) };
  const values = lines.flatMap(({ points }) => points.map(({ value }) => value));
  const most = values.reduce((high, value) => Math.max(high, value), -Infinity);
  const least = values.reduce((low, value) => Math.min(low, value), Infinity);
  if (!values.length) return { lines, low: 0, high: 1, marks: ticks(0, 1, rules, isWhole(entry)) };
  if (least >= 0 && entry.from !== "least") {
    const high = roundUp(entry.format === "count" ? Math.max(1, most) : most, rules, isWhole(entry));
    const marks = rules === RULES.apart ? [0, high] : ticks(0, high, rules, isWhole(entry));
    return { lines, low: 0, high, marks };
  }
  const ends = entry.from === "least" ? [least, most] : [Math.min(0, least), Math.max(0, most)];
  const pad = 0.08 * (ends[1] - ends[0] || Math.abs(most) * 1e-3 || 1);
  const [low, high] = [ends[0] - pad, ends[1] + pad];
  let marks = ticks(low, high, rules);
  for (let more = 1; marks.length < 2 && more <= FINER; more += 1) marks = ticks(low, high, rules + more);
  return { lines, low, high, marks };
}

/**
 * One scale for the columns of all runs, which stand in plots of their own.
 * @param {Entry} entry @param {Columns["rows"]} rows @param {number} rules @returns {Field}
 */
function columnField(entry, rows, rules) {
  if (entry.draw === "shares") return { lines: [], low: 0, high: 1, marks: [0, 0.5, 1] };
  const most = rows.reduce((high, row) => Math.max(high, row.total), entry.format === "count" ? 1 : 0);
  const whole = entry.format === "count";
  const high = roundUp(most, rules, whole);
  return { lines: [], low: 0, high, marks: ticks(0, high, rules, whole) };
}

/** It has nothing to show. @param {Plan} plan */
export function isBare({ fields, columns }) {
  return columns ? !columns.kinds.length : fields.every(({ lines }) => !lines.length);
}

/**
 * The words at the end of a line: those in bold, and those beside them, also without the interval.
 * @param {Plan} plan @param {Line} line @param {number} [step] by default its last
 */
export function endWords({ say, names, newest, even }, line, step) {
  const { points } = line;
  const point = step === undefined ? points[points.length - 1] : at(points, step);
  const run = names[line.run] ?? "";
  if (!point) return { bold: "", plain: "", short: "" };
  const { value, low, high } = point;
  const kind = line.probe && line.part.kind === "difficulty" ? `${line.name}, probes` : line.name;
  const early = step === undefined && !line.probe && !names.length && point.step < (newest ?? 0);
  const dated = [kind, early && `step ${point.step}`].filter(Boolean).join(", ");
  if (low === undefined || high === undefined) {
    const words = [dated, run].filter(Boolean).join(", ");
    return { bold: say(value), plain: words, short: words };
  }
  const name = early ? `${dated}:` : kind;
  const short = [run, say(value)].filter(Boolean).join(" ");
  return { bold: name, plain: `${short} ${rangeWords(value, low, high, even)}`, short };
}

/**
 * How sure a share is: its interval, as plus or minus if all of a plot reach as far to both sides.
 * @param {number} value @param {number} low @param {number} high @param {boolean} even
 */
function rangeWords(value, low, high, even) {
  return even ? `\u00b1 ${plain(high - value)}` : `(${plain(low)} to ${plain(high)})`;
}

/** As words say it. @param {import("./measures.js").Measure} point */
function isEven({ value, low, high }) {
  return low === undefined || high === undefined || plain(high - value) === plain(value - low);
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

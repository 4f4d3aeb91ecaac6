// The figures of a step, and all plots as words and as a table.

import { NONE, count, many, percent, plain, signed } from "../shared/format.js";
import { CATALOGUE } from "./catalogue.js";
import { columnsOf, linesOf, said } from "./measures.js";
import { lastEnded, namesUnder, trained } from "./series.js";
import { NO_SUCCESS } from "./words.js";

/** @typedef {import("./measures.js").Measure} Measure */
/** @typedef {import("./measures.js").RunCurves} RunCurves */
/** @typedef {import("./series.js").Curves} Curves */

const [SUCCESS] = CATALOGUE;

/**
 * The figures of a step beside those of the step before.
 * @param {Curves} curves @param {number} step
 * @returns {{label: string, value: string, change: string, beside?: boolean}[]}
 */
export function figures(curves, step) {
  const place = curves.step.indexOf(step);
  const value = (/** @type {string} */ name, back = 0) => curves.columns[name]?.[place - back] ?? NaN;
  /**
   * @param {string} label @param {string} name @param {(value: number) => string} show
   * @param {(value: number) => string} difference
   */
  const row = (label, name, show, difference) => {
    const now = place < 0 ? NaN : value(name);
    const was = place < 1 ? NaN : value(name, 1);
    const change = Number.isNaN(now) || Number.isNaN(was) ? "" : difference(now - was);
    return { label, value: show(now), change };
  };
  const two = (/** @type {number} */ x) => plain(x, 2);
  const one = (/** @type {number} */ x) => plain(x, 1);
  const whole = (/** @type {number} */ x) => (Number.isNaN(x) ? NONE : count(x));
  const gap = (/** @type {number} */ x) =>
    x !== 0 && x < 0.0005 ? x.toExponential(0).replace("e-", "e\u2212") : plain(x, 3);
  const by = (/** @type {number} */ digits) => (/** @type {number} */ x) => signed(x, digits);
  const [minus, plus] = ["negative", "positive"].map((name) => (place < 0 ? NaN : value(`signs/${name}`)));
  const signs = `${count(minus)} / ${count(plus)}`;
  const names = namesUnder(curves, "success_by_difficulty");
  const rows = [
    row(names.length === 1 && names[0] ? `success, ${names[0]}` : "success", "success", two, by(2)),
    row("mean R of nodes", "R", two, by(2)),
    row("nodes", "nodes", one, by(1)),
    row(
      "together",
      "together",
      (x) => percent(x, 0),
      (x) => `${signed(x * 100, 0)} points`,
    ),
    row("entropy", "entropy", two, by(2)),
    row("unscored", "unscored", whole, (x) => (x ? signed(x, 0) : "")),
    { ...row("log-prob gap", "logprob_difference/mean", gap, by(3)), change: "" },
    { label: "signs \u2212 / +", value: Number.isNaN(minus) ? NONE : signs, change: "" },
  ];
  const probe = place < 0 ? NaN : value("probe_success");
  if (!Number.isNaN(probe)) rows.push({ label: "success, probes", value: two(probe), change: "" });
  const grad = place < 0 ? NaN : value("grad_norm");
  const gradient = { label: "gradient norm", value: two(grad), change: "" };
  if (!Number.isNaN(grad) && rows.length % 2) rows.push(gradient);
  return rows;
}

/** The lines of root success: training roots first, then probes. @param {RunCurves[]} runs */
export function successLines(runs) {
  return linesOf(SUCCESS, runs);
}

/** What a share is of. @param {Measure} point @param {string} what */
function ofWhat({ n, unscored }, what) {
  return n ? `of ${many(n, what)}${unscored ? `, ${unscored} not scored` : ""}` : "";
}

/** @param {Measure} point */
function interval({ low, high }) {
  return low === undefined || high === undefined ? "" : `${plain(low)} to ${plain(high)}`;
}

/**
 * A summary of the plots in words, for those who cannot see them.
 * @param {RunCurves[]} runs @param {number | null} step
 */
export function summary(runs, step) {
  const [{ curves }] = runs;
  if (!curves.step.length) return "No step has ended yet.";
  const last = /** @type {number} */ (lastEnded(curves));
  const done = trained(curves);
  const parts = [done ? `${many(done, "step")}, up to ${last}.` : `Step ${last} alone.`];
  const success = successLines(runs);
  const names = runs.map(({ name }) => name).join(", ");
  if (runs.length > 1) parts.push(`${many(runs.length, "run")} over each other: ${names}.`);
  if (!success.length) parts.push(`${NO_SUCCESS}.`);
  for (const { name, probe, run, points } of success) {
    const end = points[points.length - 1];
    const whole = [name, probe ? "probes" : "", runs[run].name].filter(Boolean).join(", ");
    const ends = points.length > 1 ? [points[0], end] : [end];
    const course = ends.map((point) => `${plain(point.value)} at step ${point.step}`).join(", ");
    const about = `95 % interval over trees ${interval(end)}; ${ofWhat(end, "root")}`;
    parts.push(`Root success, ${whole}: ${course} (${about}).`);
  }
  if (step !== null && step !== last) parts.push(`Step ${step} is chosen.`);
  return parts.join(" ");
}

/** @typedef {{name: string, cell: (step: number) => string}} Cells a column of the table, by step */

/** @param {import("./catalogue.js").Entry} entry @param {RunCurves[]} runs @returns {Cells[]} */
function cellsOf(entry, runs) {
  const show = said(entry);
  if (entry.draw === "lines") {
    return linesOf(entry, runs).map(({ name, probe, run, points }) => {
      const known = new Map(points.map((point) => [point.step, point]));
      const cell = (/** @type {number} */ step) => {
        const point = known.get(step);
        if (!point) return NONE;
        const what = entry.part === "depth" ? "node" : "root";
        const about = [interval(point), ofWhat(point, what)].filter(Boolean);
        return `${show(point.value)}${about.length ? ` (${about.join("; ")})` : ""}`;
      };
      const whole = [entry.title, name, probe && entry.part !== "probe" ? "probes" : "", runs[run].name];
      return { name: whole.filter(Boolean).join(", "), cell };
    });
  }
  return runs.flatMap(({ name: of, curves }) => {
    const { kinds, rows } = columnsOf(entry, curves);
    const known = new Map(rows.map((row) => [row.step, row]));
    return kinds.map(({ name }, i) => ({
      name: [entry.title, name, of].filter(Boolean).join(", "),
      cell: (/** @type {number} */ step) => {
        const row = known.get(step);
        return row ? show(entry.draw === "shares" ? row.parts[i] / row.total : row.parts[i]) : NONE;
      },
    }));
  });
}

/**
 * The table twin of all metrics: a header and rows, newest first, at most `most` of them.
 * @param {RunCurves[]} runs @param {number} [most]
 */
export function tableTwin(runs, most = 40) {
  const columns = CATALOGUE.flatMap((entry) => cellsOf(entry, runs));
  const steps = [...new Set(runs.flatMap(({ curves }) => curves.step))].sort((a, b) => a - b);
  const from = Math.max(0, steps.length - most);
  const rows = steps.slice(from).map((step) => [String(step), ...columns.map(({ cell }) => cell(step))]);
  return { head: ["step", ...columns.map(({ name }) => name)], rows: rows.reverse(), left: from };
}

// The figures of a step, and all plots as words and as a table.

import { NONE, count, many, percent, plain, rate, signed } from "../shared/format.js";
import { at, depths, lastEnded, namesUnder, refusalKinds, successSeries } from "./series.js";
import { NO_SUCCESS } from "./words.js";

/** @typedef {import("./series.js").Curves} Curves */

/**
 * The figures of a step beside those of the step before.
 * @param {Curves} curves @param {number} step
 * @returns {{label: string, value: string, change: string}[]}
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
    row("mean reward R", "R", two, by(2)),
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

/** What a share of successes is of. @param {import("./series.js").Point} point */
function ofRoots({ n, unscored }) {
  return `of ${many(n, "root")}${unscored ? `, ${unscored} not scored` : ""}`;
}

/**
 * A summary of the plots in words, for those who cannot see them.
 * @param {Curves} curves @param {number | null} step
 */
export function summary(curves, step) {
  if (!curves.step.length) return "No step has ended yet.";
  const last = /** @type {number} */ (lastEnded(curves));
  const parts = [`${many(curves.step.length, "step")}, up to ${last}.`];
  const success = successSeries(curves);
  if (!success.length) parts.push(`${NO_SUCCESS}.`);
  for (const series of success) {
    const end = series.points[series.points.length - 1];
    const begin = series.points[0];
    const name = `${series.name}${series.probe ? ", probes" : ""}`;
    const from = `${plain(begin.value)} at step ${begin.step}`;
    const to = `${plain(end.value)} at step ${end.step}`;
    const interval = `95 % interval ${plain(end.low)} to ${plain(end.high)}`;
    parts.push(`Root success, ${name}: ${from}, ${to} (${interval}; ${ofRoots(end)}).`);
  }
  if (step !== null && step !== last) parts.push(`Step ${step} is chosen.`);
  return parts.join(" ");
}

/**
 * The table twin of the plots: a header and rows, newest first, at most `most` of them.
 * @param {Curves} curves @param {number} [most]
 */
export function tableTwin(curves, most = 40) {
  const success = successSeries(curves);
  const kinds = refusalKinds(curves);
  const levels = depths(curves);
  const head = [
    "step",
    ...success.map((series) => `success, ${series.name}${series.probe ? ", probes" : ""}`),
    "nodes",
    "depth",
    ...levels.map((depth) => `loss weight, depth ${depth}`),
    "tokens/s sampling",
    "tokens/s training",
    ...kinds.map((kind) => `refusals, ${kind}`),
  ];
  const from = Math.max(0, curves.step.length - most);
  const rows = curves.step.slice(from).map((step, offset) => {
    const i = from + offset;
    const cell = (/** @type {string} */ name, /** @type {(value: number) => string} */ show) => {
      const value = curves.columns[name]?.[i];
      return value === null || value === undefined ? NONE : show(value);
    };
    return [
      String(step),
      ...success.map((series) => {
        const point = at(series.points, step);
        if (!point) return NONE;
        return `${plain(point.value)} (${plain(point.low)} to ${plain(point.high)}), ${ofRoots(point)}`;
      }),
      cell("nodes", (x) => plain(x, 1)),
      cell("depth", (x) => plain(x, 1)),
      ...levels.map((depth) => cell(`gradient_share_by_depth/${depth}`, (x) => percent(x, 0))),
      cell("tokens_per_second/generation", rate),
      cell("tokens_per_second/training", rate),
      ...kinds.map((kind) => cell(`refusals/${kind}`, count)),
    ];
  });
  return { head, rows: rows.reverse(), left: from };
}

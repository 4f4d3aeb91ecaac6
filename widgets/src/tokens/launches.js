// Is delegation itself praised? Tokens of launches against the rest of what nodes wrote: of one node, and of
// the step by depth. The same as `rao_lab/views/per_token/launches.py`, but that credit is the one shown.

import { h } from "../shared/dom.js";
import { count, percent, plain, signClass, signed } from "../shared/format.js";
import { bytes, LAUNCH } from "./read.js";

/** @typedef {import("../step/asked.js").Answer} Answer */
/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {import("./read.js").NodeTokens} NodeTokens */

/**
 * @typedef {object} Line tokens of one depth, or (null) of all; NaN = there is no such number
 * @property {number | null} depth
 * @property {boolean} launch
 * @property {number} nodes
 * @property {number} tokens
 * @property {number} meanC
 * @property {number} share
 * @property {number} logprob
 * @property {number} entropy
 */

/**
 * Sums over each node's launches, then over the rest of what each wrote.
 * @typedef {{tokens: Int32Array, logprob: Float32Array, entropy: Float32Array, n: number}} Written
 */

/** @param {Answer} answer @returns {Written} */
export function readWritten({ value, buffers: [tokens, logprob, entropy] }) {
  return {
    tokens: new Int32Array(bytes(tokens)),
    logprob: new Float32Array(bytes(logprob)),
    entropy: new Float32Array(bytes(entropy)),
    n: value.nodes,
  };
}

/** Launches against the rest of what trained nodes wrote. @param {Written} written @param {Shown} shown */
export function linesOf({ tokens, logprob, entropy, n }, { step, credit }) {
  const none = credit.c.every(Number.isNaN);
  const wrote = (/** @type {number} */ row) => tokens[row] + tokens[n + row];
  const all = [...Array(Math.min(n, step.n)).keys()];
  const rows = all.filter((row) => (none || !credit.why[row]) && wrote(row) > 0);
  const depths = [...new Set(rows.map((row) => step.depth[row]))].sort((a, b) => a - b);
  return [...depths, null].flatMap((depth) => {
    const own = depth === null ? rows : rows.filter((row) => step.depth[row] === depth);
    return [true, false].map((launch) => {
      const side = launch ? 0 : n;
      const some = own.filter((row) => tokens[side + row] > 0);
      const sum = (/** @type {(row: number) => number} */ of) => some.reduce((all, row) => all + of(row), 0);
      const total = sum((row) => tokens[side + row]);
      const mean = (/** @type {(row: number) => number} */ of) => (total ? sum(of) / total : NaN);
      return /** @type {Line} */ ({
        ...{ depth, launch, nodes: some.length, tokens: total },
        meanC: mean((row) => tokens[side + row] * credit.c[row]),
        share: total ? sum((row) => (tokens[side + row] / wrote(row)) * credit.share[row]) : NaN,
        logprob: mean((row) => logprob[side + row]),
        entropy: mean((row) => entropy[side + row]),
      });
    });
  });
}

/**
 * What launch tokens would earn if they earned what the rest does at their depths: deep nodes weigh more and
 * seldom launch.
 * @param {Line[]} lines
 */
function atLikeDepths(lines) {
  let total = 0;
  let sum = 0;
  for (let at = 0; at + 3 < lines.length; at += 2) {
    const [launch, rest] = [lines[at], lines[at + 1]];
    if (!launch.tokens || Number.isNaN(rest.meanC)) continue;
    total += launch.tokens;
    sum += launch.tokens * rest.meanC;
  }
  return total ? sum / total : NaN;
}

/** The answer in a sentence. @param {Line[]} lines */
export function verdict(lines) {
  const launch = lines[lines.length - 2];
  if (!launch?.tokens) return "No trained node launched anything in this step.";
  if (Number.isNaN(launch.meanC)) {
    return "These trees have no advantages, so nothing says whether delegation is praised.";
  }
  const likely = launch.meanC > 0 ? "more" : "less";
  const way = Math.abs(launch.meanC) < 5e-4 ? "left as they are" : `made ${likely} likely`;
  const said = `Launch tokens are ${way}: mean wA ${signed(launch.meanC, 3)}`;
  const like = atLikeDepths(lines);
  if (Number.isNaN(like)) return `${said}.`;
  const gap = launch.meanC - like;
  const than = Math.abs(gap) < 5e-3 ? "level with" : gap > 0 ? "above" : "below";
  return `${said}, ${than} what else is written at the same depths (${signed(like, 3)}).`;
}

/** @param {Line[]} lines */
export function stepTable(lines) {
  const rows = lines.map((line) => [
    line.launch ? (line.depth === null ? "all" : String(line.depth)) : "",
    line.launch ? "launches" : "the rest",
    count(line.tokens),
    coloured(line.meanC),
    percent(line.share),
    plain(line.logprob, 2),
    plain(line.entropy, 2),
  ]);
  return table(["depth", "wrote", "tokens", "mean wA", "share", "log-prob", "entropy"], rows, 2);
}

/** Of one node. @param {NodeTokens} tokens @param {number} share of the node; NaN: none */
export function nodeTable(tokens, share) {
  const rows = [true, false].map((launch) => {
    const own = [...tokens.wrote].filter((at) => (tokens.role[at] === LAUNCH) === launch);
    const mean = (/** @type {Float32Array} */ values) =>
      own.length ? own.reduce((sum, at) => sum + values[at], 0) / own.length : NaN;
    const part = own.length ? (share * own.length) / tokens.wrote.length : NaN;
    const means = [tokens.logprob, tokens.entropy].map((values) => plain(mean(values), 2));
    return [launch ? "launches" : "the rest", count(own.length), percent(part, 2), ...means];
  });
  return table(["this node wrote", "tokens", "share", "log-prob", "entropy"], rows, 1);
}

/** @param {number} value */
function coloured(value) {
  return h("b", { class: signClass(value, 5e-4) }, signed(value, 3));
}

/** @param {string[]} names @param {(string | HTMLElement)[][]} rows @param {number} words of its columns */
function table(names, rows, words) {
  const side = (/** @type {number} */ at) => (at < words ? "words" : "");
  return h("table", { class: "tk-table" },
    h("thead", {}, h("tr", {}, names.map((name, at) => h("th", { scope: "col", class: side(at) }, name)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, at) => h("td", { class: side(at) }, cell))))),
  );
}

// How a judge and the verifier spoke of the nodes that both scored in a step: the confusion matrix, in all,
// by depth and by the length of the transcript. A bar is the share on which they say the same.

import { fill, h } from "../shared/dom.js";
import { NONE, count, plain } from "../shared/format.js";
import { namesUnder } from "./series.js";

/** @typedef {import("./measures.js").RunCurves} RunCurves */
/** @typedef {import("./series.js").Curves} Curves */

/**
 * @typedef {object} AgreementRow
 * @property {string} name
 * @property {boolean} first of its kind: a rule stands above it
 * @property {number} share on which both say the same; NaN: of nothing
 * @property {string[]} cells those of HEAD, after the name and the bar
 */

/** Columns of the table, and the words over them. @type {[string, string][]} */
const HEAD = [
  ["nodes", "nodes"], ["both", "both yes"], ["judge_alone", "judge alone"],
  ["verifier_alone", "verifier alone"], ["neither", "both no"], ["unscored", "no verdict"],
  ["kappa", "kappa"], ["balanced", "balanced"],
];
/** Left out if it is 0 in all rows. */
const SELDOM = HEAD.findIndex(([key]) => key === "unscored");
/** Those that are no counts. */
const SHARES = ["kappa", "balanced"];
const TABLES = /** @type {[string, string][]} */ ([["judge_by_depth", "depth "], ["judge_by_length", ""]]);

/**
 * The rows of a step; none if the judge was not checked in it.
 * @param {Curves} curves @param {number} step
 */
export function agreementRows(curves, step) {
  const place = curves.step.indexOf(step);
  /** @param {string} prefix @param {string} name @param {boolean} first @returns {AgreementRow[]} */
  const row = (prefix, name, first) => {
    const value = (/** @type {string} */ key) => curves.columns[`${prefix}/${key}`]?.[place] ?? NaN;
    if (place < 0 || Number.isNaN(value("nodes"))) return [];
    const cells = HEAD.map(([key]) => {
      const known = value(key);
      if (Number.isNaN(known)) return NONE;
      return SHARES.includes(key) ? plain(known, 2) : count(known);
    });
    return [{ name, first, share: value("agreement"), cells }];
  };
  return [
    ...row("judge_agreement", "all", false),
    ...TABLES.flatMap(([prefix, before]) => {
      const names = namesUnder(curves, prefix);
      if (before) names.sort((a, b) => Number(a) - Number(b));
      const words = (/** @type {string} */ name) => {
        return before ? `${before}${name}` : lengthWords(curves, place, `${prefix}/${name}`, name);
      };
      const rows = names.flatMap((name) => row(`${prefix}/${name}`, words(name), false));
      return rows.map((each, i) => ({ ...each, first: i === 0 }));
    }),
  ];
}

/**
 * A third of the transcripts, as "short, 12 to 80 tokens"; of a run that did not record how long they are,
 * "short transcripts".
 * @param {Curves} curves @param {number} place of the step @param {string} prefix @param {string} name
 */
function lengthWords(curves, place, prefix, name) {
  for (const unit of ["turn", "token"]) {
    const [low, high] = ["least", "most"].map((end) => {
      return curves.columns[`${prefix}/${end}_${unit}s`]?.[place] ?? NaN;
    });
    if (low < high) return `${name}, ${count(low)} to ${count(high)} ${unit}s`;
    if (low === high) return `${name}, ${count(high)} ${unit}${high === 1 ? "" : "s"}`;
  }
  return `${name} transcripts`;
}

/** "1 node". @param {AgreementRow} row */
function nodesWords({ cells: [nodes] }) {
  return `${nodes} ${nodes === "1" ? "node" : "nodes"}`;
}

/**
 * Of a step in which no node was scored by both: a table would hold nothing but zeros.
 * @param {number} step @param {AgreementRow} all
 */
export function noneWords(step, { cells }) {
  const asked = cells[SELDOM];
  const why = asked === "0" || asked === NONE ? "no node was checked" : `no verdict on ${asked} asked for`;
  return `Step ${step}: judge and verifier cannot be compared, ${why}.`;
}

export class Agreement {
  constructor() {
    const aria = { role: "group", "aria-label": "Judge and verifier", tabindex: 0 };
    this.element = h("div", { class: "agreement", ...aria });
    this.key = "";
  }

  /** @param {RunCurves[]} runs @param {number | null} step */
  show(runs, step) {
    const rows = step === null ? [] : agreementRows(runs[0].curves, step);
    const key = JSON.stringify([step, rows]);
    if (key === this.key) return;
    this.key = key;
    this.element.hidden = !rows.length;
    if (!rows.length) return;
    const [all] = rows;
    if (all.cells[0] === "0") {
      fill(this.element, h("p", { class: "label" }, noneWords(Number(step), all)));
      return;
    }
    const none = rows.every(({ cells }) => cells[SELDOM] === "0");
    const shown = [...HEAD.keys()].filter((i) => !(none && i === SELDOM));
    const head = [h("th", { scope: "col" }), h("th", { scope: "col" }, "say the same")];
    head.push(...shown.map((i) => h("th", { scope: "col", class: "number" }, HEAD[i][1])));
    fill(this.element, h("table", {},
      h("caption", {}, `Judge and verifier in step ${step}, ${nodesWords(all)}`),
      h("thead", {}, h("tr", {}, head)),
      h("tbody", {}, rows.map((row) => this.row(row, shown))),
    ));
  }

  /** @param {AgreementRow} row @param {number[]} shown places of the cells that are shown */
  row({ name, first, share, cells }, shown) {
    const width = `${Math.round(100 * (Number.isNaN(share) ? 0 : share))}%`;
    const bar = h("span", { class: "same", "aria-hidden": true }, h("i", { style: `width: ${width}` }));
    return h("tr", { class: first ? "first" : "" },
      h("th", { scope: "row" }, name),
      h("td", {}, bar, h("b", {}, plain(share, 2))),
      shown.map((i) => h("td", { class: "number" }, cells[i])),
    );
  }
}

// The arithmetic of a node's credit with its numbers in place, as data.

import { brief, count, plain, signed } from "../shared/format.js";
import { whyWords } from "../step/status.js";
import { estimatorName, isByRoot } from "./arithmetic.js";
import { comparedWith, ownRule, signRole } from "./words.js";

/** @typedef {import("./words.js").Credited} Credited */
/** @typedef {import("./words.js").Sources} Sources */
/** @typedef {import("./words.js").Run | {over: string, under: string}} FormulaRun */

/**
 * @typedef {object} Formula
 * @property {string} left its left side in plain letters; the page sets words upright
 * @property {FormulaRun[]} right
 * @property {string} number as in the method
 */

/** Terms of a sum that are written out; of more, the first and the last. */
const TERMS = 9;

/** @param {Credited} shown @param {number} row @param {Sources} from @returns {Formula[]} */
export function formulas(shown, row, from) {
  return [returnLine(shown, row, from), advantageLine(shown, row, from), weightLine(shown, row, from)];
}

/** @param {string[]} terms */
function sum(terms) {
  if (terms.length <= TERMS) return terms.join(" + ");
  const [begin, end] = [terms.slice(0, 4).join(" + "), terms.slice(-2).join(" + ")];
  return `${begin} + \u2026 ${terms.length - 6} more \u2026 + ${end}`;
}

/** @param {Credited} shown @param {number} row @param {Sources} from @returns {Formula} */
function returnLine({ step, credit, config }, row, from) {
  const lam = plain(config.lam, 2);
  const values = from.scored.map((child) => child.s);
  const total = sum(values.map((value) => brief(value, 2)));
  const all = values.length > TERMS ? "\u2026" : values.map((value) => brief(value)).join(", ");
  /** @type {Record<typeof config.bonus, FormulaRun[]>} */
  const terms = {
    mean: [{ text: ` + ${lam} \u00b7 ` }, { over: total, under: String(values.length) }],
    min: [{ text: ` + ${lam} \u00b7 min(${all})` }],
    capped_sum: [{ text: ` + min(${lam} \u00b7 (${total}), ${brief(config.cap ?? NaN)})` }],
  };
  const left = {
    mean: "R = s + \u03bb \u00b7 mean s(children)",
    min: "R = s + \u03bb \u00b7 min s(children)",
    capped_sum: "R = s + min(\u03bb \u00b7 sum s(children), cap)",
  };
  const bonus = values.length ? terms[config.bonus] : [{ text: " + 0" }];
  /** @type {FormulaRun} */
  const end = { text: plain(credit.R[row], 3), role: "strong" };
  const right = [{ text: `= ${brief(step.s[row])}` }, ...bonus, { text: " = " }, end];
  return { left: left[config.bonus], right, number: "(1)" };
}

/** @param {Credited} shown @param {number} row @param {Sources} from @returns {Formula} */
function advantageLine({ step, credit, config }, row, from) {
  const byRoot = isByRoot(config);
  const own = byRoot ? credit.R[step.rootOf[from.tree]] : credit.R[row];
  const b = credit.b[row];
  const plainLeft = config.std ? "A = (R \u2212 b) / \u03c3" : "A = R \u2212 b";
  const left = byRoot ? "A = R(root) \u2212 b" : plainLeft;
  const A = credit.A[row];
  if (ownRule({ config }, { R: own, b, A })) {
    /** @type {FormulaRun} */
    const given = { text: Number.isNaN(A) ? "none" : signed(A, 3), role: signRole(A) };
    const ruled = `A = ${estimatorName(config)}(R, \u2026)`;
    return { left: ruled, right: [{ text: "= " }, given], number: "(3)" };
  }
  if (Number.isNaN(b)) {
    const none = "no other tree of this task has a scored root";
    const text = `= not defined: ${from.siblings ? "it has no scored sibling" : none}`;
    return { left, right: [{ text }], number: "(3)" };
  }
  /** @type {FormulaRun[]} */
  const right = [
    { text: `= ${plain(own, 3)}` },
    ...baselineTerm(config, own, b, from),
    { text: " = " },
    { text: signed(own - b, 3), role: signRole(own - b) },
  ];
  if (config.std && !credit.why[row]) {
    right.push({ text: ", divided by the spread: " }, { text: signed(A, 3), role: signRole(A) });
  }
  return { left, right, number: "(3)" };
}

/**
 * What is taken off, and the difference again if that is a mean of several.
 * @param {Credited["config"]} config @param {number} own @param {number} b @param {Sources} from
 * @returns {FormulaRun[]}
 */
function baselineTerm(config, own, b, from) {
  if (config.baseline === "none") return [{ text: " \u2212 0" }];
  const one = typeof config.estimator !== "string" || config.estimator === "grpo_mean";
  if (one || config.baseline === "moving") return [{ text: ` \u2212 ${plain(b, 3)}` }];
  const used = comparedWith(config, from);
  if (used.length === 1) return [{ text: ` \u2212 ${plain(used[0].R, 3)}` }];
  const over = sum(used.map((other) => plain(other.R, 2)));
  const again = ` = ${plain(own, 3)} \u2212 ${plain(b, 3)}`;
  return [{ text: " \u2212 " }, { over, under: String(used.length) }, { text: again }];
}

/** @param {Credited} shown @param {number} row @param {Sources} from @returns {Formula} */
function weightLine({ step, credit, config }, row, from) {
  const off = config.depth_weighting === "none" || ownWeights({ step, credit, config }, row, from);
  const given = off && config.depth_weighting !== "none";
  const left = given ? "c = w A,  w by the rule" : off ? "c = w A,  w = 1" : "c = w A,  w = \u03b1 / N";
  const why = credit.why[row];
  if (why) {
    const text = `= none: not trained, ${whyWords(why) || "no step counts its tree"}`;
    return { left, right: [{ text }], number: "(4)" };
  }
  const A = signed(credit.A[row], 3);
  const c = credit.c[row];
  const weight = {
    over: `${count(from.total)} / ${from.present}`,
    under: count(from.levels[step.depth[row]] ?? 0),
  };
  const product = ` \u00b7 (${A}) = ${plain(credit.w[row], 3)} \u00b7 (${A}) = `;
  const one = given ? plain(credit.w[row], 3) : "1";
  /** @type {FormulaRun[]} */
  const right = off ? [{ text: `= ${one} \u00b7 (${A}) = ` }] : [{ text: "= " }, weight, { text: product }];
  right.push({ text: signed(c, 3), role: signRole(c) });
  return { left, right, number: "(4)" };
}

/**
 * A rule of the user gave w itself.
 * @param {Credited} shown @param {number} row @param {Sources} from
 */
export function ownWeights({ step, credit, config }, row, { levels, total, present }) {
  if (typeof config.estimator === "string" || Number.isNaN(credit.w[row])) return false;
  const usual = config.depth_weighting === "none" ? 1 : total / present / levels[step.depth[row]];
  return Math.abs(credit.w[row] - usual) > 1e-9;
}

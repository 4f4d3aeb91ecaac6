// A node's credit in words and in formulas, as data: runs of text with a role, no markup.

import { brief, inWords, plain, signed, count } from "../shared/format.js";
import { STATUSES, shapeOf, whyWords } from "../step/status.js";
import { depthCounts } from "./arithmetic.js";

/** @typedef {import("../step/store.js").Step} Step */
/** @typedef {import("../step/types.js").CreditColumns} CreditColumns */
/** @typedef {import("../step/types.js").CreditConfig} CreditConfig */
/** @typedef {{text: string, role?: "strong" | "plus" | "minus"}} Run */

/** @param {number} value @returns {"plus" | "minus" | "strong"} */
export function signRole(value) {
  return value > 5e-4 ? "plus" : value < -5e-4 ? "minus" : "strong";
}

/**
 * Where each term of a node's credit comes from.
 * @param {Step} step @param {CreditColumns} credit @param {CreditConfig} config @param {number} row
 */
export function sources(step, credit, config, row) {
  const tree = step.tree[row];
  const group = step.trees[tree].group;
  const children = step.children(row).map((child) => ({ row: child, s: step.s[child] }));
  const roots = step.treesOf(group).map((other) => {
    const root = step.rootOf[other];
    return { tree: other, rollout: step.trees[other].rollout, row: root, R: root >= 0 ? credit.R[root] : NaN, own: other === tree };
  });
  const counts = depthCounts(step, credit, config.depth_weighting === "per_group");
  const levels = counts[config.depth_weighting === "per_group" ? group : 0] ?? [];
  const total = levels.reduce((sum, n) => sum + n, 0);
  const present = levels.filter((n) => n > 0).length;
  return { tree, group, children, scored: children.filter((child) => !Number.isNaN(child.s)), roots, levels, total, present };
}

/** @typedef {ReturnType<typeof sources>} Sources */

/**
 * The credit of a node in a sentence or two.
 * @param {Step} step @param {CreditColumns} credit @param {CreditConfig} config @param {number} row @param {Sources} from
 * @returns {Run[]}
 */
export function sentence(step, credit, config, row, from) {
  /** @type {Run[]} */
  const runs = [];
  const say = (/** @type {string} */ text, /** @type {Run["role"]} */ role = undefined) => runs.push(role ? { text, role } : { text });
  const own = step.s[row];
  const shape = shapeOf(step.status[row], own);
  const byRoot = config.estimator === "rao_root_adv" || config.estimator === "root_only";
  if (shape === "running" || shape === "waiting") {
    return [{ text: "It is still at work. Its credit is computed when all trees of the step have ended." }];
  }
  if (Number.isNaN(own)) {
    say(shape === "error" ? "It was lost to an error, so its success is not known" : "Its success is not known");
    say(" and it is not trained. Not scored is not 0: it is left out of its parent\u2019s mean.");
    return runs;
  }
  if (own >= 1) say("It succeeded, which earns 1.");
  else if (own > 0) {
    say("It succeeded in part, which earns ");
    say(plain(own, 3), "strong");
    say(".");
  } else if (STATUSES[step.status[row]] === "cancelled") say("It was cancelled because its parent ended first, so it earns nothing of its own.");
  else if (shape === "limit") say(`It hit the ${(STATUSES[step.status[row]] ?? "").replace("_", " ")}, so it earns nothing of its own.`);
  else say("It failed, so it earns nothing of its own.");
  if (from.children.length) childWords(config, credit.bonus[row], from, say);
  if (byRoot && step.parent[row] >= 0 && config.estimator === "rao_root_adv") say(" This estimator gives every node its root\u2019s advantage.");
  if (credit.why[row]) {
    say(" It is not trained: ");
    say(whyWords(credit.why[row]) || "it belongs to a probe");
    say(".");
    return runs;
  }
  const A = credit.A[row];
  baselineWords(config, credit, row, from, say);
  if (Math.abs(A) < 5e-4) {
    say("level", "strong");
    say(": its tokens are made neither more nor less likely.");
    return runs;
  }
  say(`${plain(Math.abs(A), 3)} ${A > 0 ? "above" : "below"}`, signRole(A));
  if (config.std) say(" (in standard deviations)");
  say(`${config.baseline === "none" ? "" : config.estimator === "grpo_mean" ? " that" : from.roots.length === 2 && config.baseline === "leave_one_out" ? " it" : " them"}: its tokens are made ${A > 0 ? "more" : "less"} likely, with weight `);
  say(plain(Math.abs(credit.c[row]), 3), signRole(A));
  say(".");
  return runs;
}

/** @param {CreditConfig} config @param {number} bonus @param {Sources} from @param {(text: string, role?: Run["role"]) => void} say */
function childWords(config, bonus, from, say) {
  const all = from.children.length;
  const won = from.scored.filter((child) => child.s >= 1).length;
  const partly = from.scored.filter((child) => child.s > 0 && child.s < 1).length;
  const lost = all - from.scored.length;
  const who = all === 1 ? "Its one child" : `of its ${inWords(all)} children`;
  const verb = won === 1 || all === 1 ? "succeeded" : "succeeded";
  if (all === 1) say(` ${who} ${won ? verb : partly ? "succeeded in part" : lost ? "was not scored" : "failed"}`);
  else if (won === all) say(`${all === 2 ? " Both" : ` All ${inWords(all)}`} of its children ${verb}`);
  else if (won === 0 && partly) say(` ${cap(inWords(partly))} ${who} succeeded in part`);
  else say(` ${cap(inWords(won))} ${who} ${verb}`);
  if (lost && all > 1) say(` (${inWords(lost)} not scored)`);
  const how = config.bonus === "min" ? "their minimum pays " : config.bonus === "capped_sum" ? "their capped sum pays " : "which pays ";
  if (config.lam === 0) say(", which pays nothing at \u03bb = 0.");
  else {
    say(`, ${how}`);
    say(plain(bonus, 3), "strong");
    say(".");
  }
}

/** @param {string} word */
function cap(word) {
  return word[0].toUpperCase() + word.slice(1);
}

/** @param {CreditConfig} config @param {CreditColumns} credit @param {number} row @param {Sources} from @param {(text: string, role?: Run["role"]) => void} say */
function baselineWords(config, credit, row, from, say) {
  if (config.baseline === "none") {
    say(" There is no baseline, so it stands ");
    return;
  }
  const scored = from.roots.filter((root) => !Number.isNaN(root.R));
  const others = scored.filter((root) => !root.own).length;
  if (config.estimator === "grpo_mean") say(" The mean of all nodes of its task is ");
  else if (config.baseline === "group_mean") say(` The roots of all ${inWords(scored.length)} trees reach `);
  else say(others === 1 ? " The other tree reaches " : ` The other ${inWords(others)} trees reach `);
  say(plain(credit.b[row], 3), "strong");
  const single = config.estimator === "grpo_mean" || (config.baseline === "leave_one_out" && others === 1);
  say(`${single ? "" : " on average"}, so it stands `);
}

/**
 * @typedef {object} Formula
 * @property {string} left LaTeX-free name of the left side, see the view
 * @property {(Run | {over: string, under: string})[]} right
 * @property {string} number as in the method
 */

/**
 * The three lines of arithmetic with the numbers in place.
 * @param {Step} step @param {CreditColumns} credit @param {CreditConfig} config @param {number} row @param {Sources} from
 * @returns {Formula[]}
 */
export function formulas(step, credit, config, row, from) {
  return [returnLine(step, credit, config, row, from), advantageLine(step, credit, config, row, from), weightLine(step, credit, config, row, from)];
}

/** Sums of many terms are cut in the middle. @param {number[]} values @param {number} digits */
function sum(values, digits) {
  const parts = values.map((value) => (digits < 0 ? brief(value, 2) : plain(value, digits)));
  if (parts.length <= 9) return parts.join(" + ");
  return `${parts.slice(0, 4).join(" + ")} + \u2026 ${parts.length - 6} more \u2026 + ${parts.slice(-2).join(" + ")}`;
}

/** @param {Step} step @param {CreditColumns} credit @param {CreditConfig} config @param {number} row @param {Sources} from @returns {Formula} */
function returnLine(step, credit, config, row, from) {
  const values = from.scored.map((child) => child.s);
  const lam = plain(config.lam, 2);
  /** @type {Formula["right"]} */
  const right = [{ text: `= ${brief(step.s[row])}` }];
  if (!values.length) right.push({ text: " + 0" });
  else if (config.bonus === "mean") right.push({ text: ` + ${lam} \u00b7 ` }, { over: sum(values, -1), under: String(values.length) });
  else if (config.bonus === "min") right.push({ text: ` + ${lam} \u00b7 min(${values.length > 9 ? "\u2026" : values.map((v) => brief(v)).join(", ")})` });
  else right.push({ text: ` + min(${lam} \u00b7 (${sum(values, -1)}), ${brief(config.cap ?? NaN)})` });
  right.push({ text: " = " }, { text: plain(credit.R[row], 3), role: "strong" });
  const left = { mean: "R = s + \u03bb \u00b7 mean s(children)", min: "R = s + \u03bb \u00b7 min s(children)", capped_sum: "R = s + min(\u03bb \u00b7 sum s(children), cap)" }[config.bonus];
  return { left, right, number: "(1)" };
}

/** @param {Step} step @param {CreditColumns} credit @param {CreditConfig} config @param {number} row @param {Sources} from @returns {Formula} */
function advantageLine(step, credit, config, row, from) {
  const byRoot = config.estimator === "rao_root_adv" || config.estimator === "root_only";
  const root = step.rootOf[from.tree];
  const own = byRoot ? credit.R[root] : credit.R[row];
  const scored = from.roots.filter((other) => !Number.isNaN(other.R));
  const used = config.baseline === "leave_one_out" ? scored.filter((other) => !other.own) : scored;
  /** @type {Formula["right"]} */
  const right = [];
  const b = credit.b[row];
  const difference = own - b;
  if (Number.isNaN(b)) right.push({ text: "= not defined: no other tree of this task has a scored root" });
  else {
    right.push({ text: `= ${plain(own, 3)}` });
    if (config.baseline === "none") right.push({ text: " \u2212 0" });
    else if (config.estimator === "grpo_mean") right.push({ text: ` \u2212 ${plain(b, 3)}` });
    else if (used.length === 1) right.push({ text: ` \u2212 ${plain(used[0].R, 3)}` });
    else right.push({ text: " \u2212 " }, { over: sum(used.map((other) => other.R), 2), under: String(used.length) }, { text: ` = ${plain(own, 3)} \u2212 ${plain(b, 3)}` });
    right.push({ text: " = " }, { text: signed(difference, 3), role: signRole(difference) });
    if (config.std && !credit.why[row]) right.push({ text: ", divided by the spread: " }, { text: signed(credit.A[row], 3), role: signRole(credit.A[row]) });
  }
  return { left: byRoot ? "A = R(root) \u2212 b" : config.std ? "A = (R \u2212 b) / \u03c3" : "A = R \u2212 b", right, number: "(3)" };
}

/** @param {Step} step @param {CreditColumns} credit @param {CreditConfig} config @param {number} row @param {Sources} from @returns {Formula} */
function weightLine(step, credit, config, row, from) {
  const left = config.depth_weighting === "none" ? "c = w A,  w = 1" : "c = w A,  w = \u03b1 / N";
  if (credit.why[row]) {
    return { left, right: [{ text: `= none: not trained, ${whyWords(credit.why[row]) || "it belongs to a probe"}` }], number: "(4)" };
  }
  const A = credit.A[row];
  const c = credit.c[row];
  const depth = step.depth[row];
  /** @type {Formula["right"]} */
  const right =
    config.depth_weighting === "none"
      ? [{ text: `= 1 \u00b7 (${signed(A, 3)}) = ` }]
      : [{ text: "= " }, { over: `${count(from.total)} / ${from.present}`, under: count(from.levels[depth] ?? 0) }, { text: ` \u00b7 (${signed(A, 3)}) = ${plain(credit.w[row], 3)} \u00b7 (${signed(A, 3)}) = ` }];
  right.push({ text: signed(c, 3), role: signRole(c) });
  return { left, right, number: "(4)" };
}

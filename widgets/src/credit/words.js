// A node's credit in words, as data: runs of text with a role, no markup.

import { capital, inWords, plain, signClass } from "../shared/format.js";
import { setOf } from "../step/forks.js";
import { isLive, shapeOf, STATUSES, whyWords } from "../step/status.js";
import { depthCounts } from "./arithmetic.js";

/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {import("../step/types.js").CreditConfig} CreditConfig */
/** @typedef {{text: string, role?: "strong" | "plus" | "minus"}} Run */
/** @typedef {(text: string, role?: Run["role"]) => void} Say */
/** @typedef {Pick<Shown, "step" | "credit" | "config">} Credited */

/** @param {number} value */
export function signRole(value) {
  return signClass(value, 5e-4) || "strong";
}

/** What weights and shares count. @param {Shown["step"]} step */
export function wholeWords({ alone, groups, trees }) {
  if (!alone) return "the step";
  const trained = trees.filter(({ group }) => !groups[group].probe);
  if (new Set(trained.map(({ group }) => group)).size > 1) return "these groups";
  return trained.length > 1 ? "this group" : "this tree";
}

/**
 * The estimator gives every node its root's advantage, or trains roots alone.
 * @param {CreditConfig} config
 */
export function isByRoot({ estimator }) {
  return estimator === "rao_root_adv" || estimator === "root_only";
}

/** Where each term of a node's credit comes from. @param {Credited} shown @param {number} row */
export function sources({ step, credit, config }, row) {
  const tree = step.tree[row];
  const { group } = step.trees[tree];
  const children = step.children(row).map((child) => ({ row: child, s: step.s[child] }));
  const roots = step.treesOf(group).map((other) => {
    const root = step.rootOf[other];
    const R = root >= 0 ? credit.R[root] : NaN;
    return { tree: other, rollout: step.trees[other].rollout, R, own: other === tree };
  });
  const apart = config.depth_weighting === "per_group";
  const levels = depthCounts(step, credit, apart)[apart ? group : 0] ?? [];
  const total = levels.reduce((sum, n) => sum + n, 0);
  const present = levels.filter((n) => n > 0).length;
  const scored = children.filter((child) => !Number.isNaN(child.s));
  return { tree, group, children, scored, roots, levels, total, present };
}

/** @typedef {ReturnType<typeof sources>} Sources */

/**
 * The credit of a node in a sentence or two.
 * @param {Credited} shown @param {number} row @param {Sources} from
 * @returns {Run[]}
 */
export function sentence({ step, credit, config }, row, from) {
  /** @type {Run[]} */
  const runs = [];
  /** @type {Say} */
  const say = (text, role) => {
    runs.push(role ? { text, role } : { text });
  };
  const own = step.s[row];
  const status = step.status[row];
  if (isLive(status)) {
    say("It is still at work. Its credit is computed when all trees of the step have ended.");
    return runs;
  }
  if (Number.isNaN(own)) {
    const lost = shapeOf(status, own) === "error";
    say(lost ? "It was lost to an error, so its success is not known" : "Its success is not known");
    say(" and it is not trained. Not scored is not 0: it is left out of its parent\u2019s mean.");
    return runs;
  }
  ownWords(own, status, say);
  if (from.children.length) childWords(config, credit.bonus[row], from, say);
  if (step.parent[row] >= 0 && config.estimator === "rao_root_adv") {
    say(" This estimator gives every node its root\u2019s advantage.");
  }
  if (credit.why[row]) {
    say(" It is not trained: ");
    say(whyWords(credit.why[row]) || `it belongs to a ${setOf(step, step.tree[row]) ? "fork" : "probe"}`);
    say(".");
    return runs;
  }
  baselineWords(config, credit.b[row], from, say);
  advantageWords(config, credit.A[row], credit.c[row], from, say);
  return runs;
}

/** What it earns of its own. @param {number} own @param {number} status @param {Say} say */
function ownWords(own, status, say) {
  const name = STATUSES[status] ?? "";
  if (own >= 1) say("It succeeded, which earns 1.");
  else if (own > 0) {
    say("It succeeded in part, which earns ");
    say(plain(own, 3), "strong");
    say(".");
  } else {
    const ends = {
      cancelled: "was cancelled because its parent ended first",
      limit: `hit the ${name.replace("_", " ")}`,
      failed: "failed",
    };
    const shape = shapeOf(status, own);
    const end = ends[shape === "cancelled" || shape === "limit" ? shape : "failed"];
    say(`It ${end}, so it earns nothing of its own.`);
  }
}

/** @param {CreditConfig} config @param {number} bonus @param {Sources} from @param {Say} say */
function childWords(config, bonus, from, say) {
  const all = from.children.length;
  const won = from.scored.filter((child) => child.s >= 1).length;
  const partly = from.scored.filter((child) => child.s > 0 && child.s < 1).length;
  const lost = all - from.scored.length;
  const some = (/** @type {number} */ number) =>
    ` ${capital(inWords(number))} of its ${inWords(all)} children`;
  if (all === 1) {
    const end = lost ? "was not scored" : "failed";
    say(` Its one child ${won ? "succeeded" : partly ? "succeeded in part" : end}`);
  } else if (won === all) say(` ${all === 2 ? "Both" : `All ${inWords(all)}`} of its children succeeded`);
  else if (won === 0 && partly) say(`${some(partly)} succeeded in part`);
  else say(`${some(won)} succeeded`);
  if (lost && all > 1) say(` (${inWords(lost)} not scored)`);
  if (config.lam === 0) say(", which pays nothing at \u03bb = 0.");
  else {
    const how = { mean: "which pays", min: "their minimum pays", capped_sum: "their capped sum pays" };
    say(`, ${how[config.bonus]} `);
    say(plain(bonus, 3), "strong");
    say(".");
  }
}

/**
 * What it is compared with.
 * @param {CreditConfig} config @param {number} b @param {Sources} from @param {Say} say
 */
function baselineWords(config, b, from, say) {
  if (config.baseline === "none") {
    say(" There is no baseline, so it stands ");
    return;
  }
  const scored = from.roots.filter((root) => !Number.isNaN(root.R));
  const others = scored.filter((root) => !root.own).length;
  const mean = config.estimator === "grpo_mean";
  const single = mean || (config.baseline === "leave_one_out" && others === 1);
  if (mean) say(" The mean of all nodes of its task is ");
  else if (config.baseline === "group_mean") say(` The roots of all ${inWords(scored.length)} trees reach `);
  else say(others === 1 ? " The other tree reaches " : ` The other ${inWords(others)} trees reach `);
  say(plain(b, 3), "strong");
  say(`${single ? "" : " on average"}, so it stands `);
}

/**
 * Where it stands, and what that does to its tokens.
 * @param {CreditConfig} config @param {number} A @param {number} c @param {Sources} from @param {Say} say
 */
function advantageWords(config, A, c, from, say) {
  if (Math.abs(A) < 5e-4) {
    say("level", "strong");
    say(": its tokens are made neither more nor less likely.");
    return;
  }
  say(`${plain(Math.abs(A), 3)} ${A > 0 ? "above" : "below"}`, signRole(A));
  if (config.std) say(" (in standard deviations)");
  const one = from.roots.length === 2 && config.baseline === "leave_one_out";
  const compared = config.estimator === "grpo_mean" ? " that" : one ? " it" : " them";
  const than = config.baseline === "none" ? "" : compared;
  say(`${than}: its tokens are made ${A > 0 ? "more" : "less"} likely, with weight `);
  say(plain(Math.abs(c), 3), signRole(A));
  say(".");
}

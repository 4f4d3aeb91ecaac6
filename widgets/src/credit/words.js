// A node's credit in words, as data: runs of text with a role, no markup.

import { capital, inWords, plain, signClass, signed } from "../shared/format.js";
import { setOf } from "../step/forks.js";
import { sentenceOf, stepSentence } from "../step/states.js";
import { isLive, shapeOf, STATUSES, WHY_NOT, whyWords } from "../step/status.js";
import { depthCounts, estimatorName, isByRoot } from "./arithmetic.js";

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

/** Where each term of a node's credit comes from. @param {Credited} shown @param {number} row */
export function sources({ step, credit, config }, row) {
  const tree = step.tree[row];
  const { group } = step.trees[tree];
  const above = step.parent[row];
  const children = step.children(row).map((child) => ({ row: child, s: step.s[child] }));
  const roots = step.treesOf(group).map((other) => {
    const root = step.rootOf[other];
    const R = root >= 0 ? credit.R[root] : NaN;
    return { tree: other, rollout: step.trees[other].rollout, R, own: other === tree };
  });
  // What a child is compared with if the rule compares siblings: those that ended by themselves.
  const siblings = config.estimator === "tree_relative" && above >= 0
    ? step.children(above).map((other) => {
        const ended = STATUSES[step.status[other]] !== "cancelled";
        return { row: other, R: ended ? credit.R[other] : NaN, own: other === row };
      })
    : null;
  const apart = config.depth_weighting === "per_group";
  const levels = depthCounts(step, credit, apart)[apart ? group : 0] ?? [];
  const total = levels.reduce((sum, n) => sum + n, 0);
  const present = levels.filter((n) => n > 0).length;
  const scored = children.filter((child) => !Number.isNaN(child.s));
  return { tree, group, children, scored, roots, siblings, levels, total, present };
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
  if (step.scored && hasNoGroup(credit, row, from)) {
    say(`${cameWords(own, status)}. No credit: the tree has no group.`);
    return runs;
  }
  ownWords(own, status, say);
  if (!step.scored) {
    say(` ${stepSentence(step, {}) || sentenceOf("credit_coming")}`);
    return runs;
  }
  if (from.children.length) childWords(config, credit.bonus[row], from, say);
  if (step.parent[row] >= 0 && isByRoot(config) && config.estimator !== "root_only") {
    say(" This estimator gives every node its root\u2019s advantage.");
  }
  if (credit.why[row]) {
    say(" It is not trained: ");
    say(whyWords(credit.why[row]) || `it belongs to a ${setOf(step, step.tree[row]) ? "fork" : "probe"}`);
    say(".");
    return runs;
  }
  const numbers = { R: credit.R[row], b: credit.b[row], A: credit.A[row], c: credit.c[row] };
  if (ownRule({ config }, numbers)) {
    say(` The rule ${estimatorName(config)} gives it an advantage of `);
    say(signed(numbers.A, 3), signRole(numbers.A));
    say(".");
  } else {
    const root = step.parent[row] >= 0 && isByRoot(config);
    const than = baselineWords({ step, config }, row, numbers.b, from, say);
    say(`, so ${root ? "its root" : "it"} stands `);
    standsWords(config, numbers.A, than, say);
  }
  tokenWords(numbers, say);
  return runs;
}

/**
 * A rule of the user gave an advantage that is not R - b: nothing more is known of it.
 * @param {Pick<Credited, "config">} shown @param {{R: number, b: number, A: number}} numbers
 */
export function ownRule({ config }, { R, b, A }) {
  return typeof config.estimator !== "string" && !(Math.abs(R - b - A) < 1e-9);
}

/**
 * The nodes that a node is compared with, those that a mean is over.
 * @param {CreditConfig} config @param {Sources} from
 */
export function comparedWith(config, { roots, siblings }) {
  const scored = (siblings ?? roots).filter(({ R }) => !Number.isNaN(R));
  return config.baseline === "leave_one_out" ? scored.filter(({ own }) => !own) : scored;
}

/**
 * Nothing is compared with its tree, so nobody counts what it earned.
 * @param {Credited["credit"]} credit @param {number} row @param {Sources} from
 */
function hasNoGroup(credit, row, { roots }) {
  return WHY_NOT[credit.why[row]] === "no_baseline" && roots.length === 1;
}

/** How it ended. @param {number} own @param {number} status */
function cameWords(own, status) {
  if (own > 0) return own >= 1 ? "It succeeded" : "It succeeded in part";
  const ends = {
    cancelled: "was cancelled because its parent ended first",
    limit: `hit the ${(STATUSES[status] ?? "").replace("_", " ")}`,
    failed: "failed",
  };
  const shape = shapeOf(status, own);
  return `It ${ends[shape === "cancelled" || shape === "limit" ? shape : "failed"]}`;
}

/** What it earns of its own. @param {number} own @param {number} status @param {Say} say */
function ownWords(own, status, say) {
  const came = cameWords(own, status);
  if (own >= 1) say(`${came}, which earns 1.`);
  else if (own > 0) {
    say(`${came}, which earns `);
    say(plain(own, 3), "strong");
    say(".");
  } else say(`${came}, so it earns nothing of its own.`);
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
 * What it is compared with, as the beginning of a sentence.
 * @param {Pick<Credited, "step" | "config">} shown @param {number} row @param {number} b
 * @param {Sources} from @param {Say} say @returns {string} a word that stands for it
 */
function baselineWords({ step, config }, row, b, from, say) {
  const { baseline, estimator } = config;
  const own = typeof estimator !== "string";
  if (baseline === "none" && !own) {
    say(" There is no baseline");
    return "";
  }
  const others = comparedWith(config, from).length;
  const end = (/** @type {string} */ words, /** @type {string} */ than, after = "") => {
    say(words);
    say(plain(b, 3), "strong");
    if (after) say(after);
    return than;
  };
  if (own) return end(` The rule ${estimatorName(config)} compares it with `, "that");
  const depth = isByRoot(config) ? 0 : step.depth[row];
  if (baseline === "moving") return end(movingWords(step, depth), "that");
  if (estimator === "grpo_mean") return end(" The mean of all nodes of its task is ", "that");
  const many = inWords(others);
  const mean = (/** @type {string} */ words) => end(` ${words} reach `, "them", " on average");
  if (from.siblings) {
    if (baseline === "group_mean") return mean(`Its ${many} siblings, itself included,`);
    if (others === 1) return end(" Its other sibling that is scored reaches ", "it");
    return mean(`Its other ${many} siblings`);
  }
  if (baseline === "group_mean") return mean(`The roots of all ${many} trees`);
  return others === 1 ? end(" The other tree reaches ", "it") : mean(`The other ${many} trees`);
}

/** @param {Credited["step"]} step @param {number} depth */
function movingWords({ moving }, depth) {
  const known = typeof moving?.[depth] === "number";
  if (known) return ` Over the steps before, nodes at depth ${depth} reached about `;
  return ` No earlier mean of depth ${depth} is known; that of this step is `;
}

/**
 * Where it stands.
 * @param {CreditConfig} config @param {number} A @param {string} than what it is compared with
 * @param {Say} say
 */
function standsWords(config, A, than, say) {
  if (Math.abs(A) < 5e-4) {
    say("level", "strong");
    say(".");
    return;
  }
  say(`${plain(Math.abs(A), 3)} ${A > 0 ? "above" : "below"}`, signRole(A));
  if (config.std) say(" (in standard deviations)");
  say(`${than && ` ${than}`}.`);
}

/** What its advantage does to its tokens. @param {{A: number, c: number}} numbers @param {Say} say */
function tokenWords({ A, c }, say) {
  if (Math.abs(A) < 5e-4) {
    say(" Its tokens are made neither more nor less likely.");
    return;
  }
  say(` Its tokens are made ${A > 0 ? "more" : "less"} likely: their coefficient w\u202fA is `);
  say(signed(c, 3), signRole(A));
  say(".");
}

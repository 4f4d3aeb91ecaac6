// How a node stands, and the shape that says so.

import { brief } from "../shared/format.js";

/** In the order of `Status` in rao_lab/tree. */
export const STATUSES = /** @type {const} */ ([
  "running",
  "waiting",
  "finished",
  "turn_limit",
  "context_limit",
  "tree_limit",
  "timeout",
  "error",
  "cancelled",
]);

/** In the order of `WHY_NOT` in rao_lab/credit. */
export const WHY_NOT = [
  "",
  "unscored",
  "cancelled",
  "not_root",
  "root_unscored",
  "no_baseline",
  "no_tokens",
  "no_sibling",
  "by_rule",
];

/** @typedef {import("../shared/shapes.js").Shape} Shape */

/** @param {number} status @param {number} s @returns {Shape} */
export function shapeOf(status, s) {
  const name = STATUSES[status];
  if (name === "running" || name === "waiting" || name === "error" || name === "cancelled") return name;
  if (name !== "finished") return "limit";
  if (Number.isNaN(s)) return "unscored";
  if (s >= 1) return "succeeded";
  return s > 0 ? "partly" : "failed";
}

/** @param {number} status @param {number} s */
export function statusWords(status, s) {
  const name = STATUSES[status];
  if (name === "running") return "computing";
  if (name === "waiting") return "waits for children";
  if (name === "finished") {
    const shape = shapeOf(status, s);
    if (shape === "partly") return `partly, s ${s.toFixed(2)}`;
    return shape === "unscored" ? "finished, not scored" : shape;
  }
  if (name === "error") return "error in the node";
  return name ? name.replace("_", " ") : "unknown";
}

/** Why a node carries no advantage, as the end of a sentence. @param {number} code */
export function whyWords(code) {
  return (
    {
      unscored: "its success is not known",
      cancelled: "its parent ended first",
      not_root: "this estimator trains roots only",
      root_unscored: "its root has no advantage",
      no_baseline: "no other tree of this task has a scored root",
      no_tokens: "it generated no tokens",
      no_sibling: "it has no scored sibling to be compared with",
      by_rule: "the rule gives it no advantage",
    }[WHY_NOT[code]] ?? ""
  );
}

/**
 * What stands in the place of an advantage or a reward that an ended node does not have.
 * @param {{s: ArrayLike<number>, status: ArrayLike<number>, scored: boolean}} step @param {number} row
 */
export function noValueWords({ s, status, scored }, row) {
  if (STATUSES[status[row]] === "cancelled") return "cancelled";
  if (Number.isNaN(s[row])) return "not scored";
  return scored ? "not trained" : `s ${brief(s[row], 2)}`;
}

/**
 * The turns of a node. If it ended early, its last one may have had no reply, which columns do not tell.
 * @param {number} status @param {number} turns
 */
export function turnWords(status, turns) {
  const words = turns === 1 ? "1 turn" : `${turns} turns`;
  return ["finished", "turn_limit"].includes(STATUSES[status]) ? words : `${words} begun`;
}

/** @param {number} status */
export function isLive(status) {
  return status < 2;
}

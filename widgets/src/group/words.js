// A group and the depths of a step in sentences. They are those of rao_lab/views/explorer/group_words.py (a
// test compares them).

import { capital, inWords, many, percent, plain } from "../shared/format.js";
import { oneLine } from "../shared/text.js";

/** @typedef {import("./facts.js").GroupFact} GroupFact */
/** @typedef {import("./facts.js").StepFacts} StepFacts */
/** @typedef {import("./depths.js").Depths} Depths */
/** @typedef {import("../step/types.js").CreditConfig} CreditConfig */

/**
 * Why no node of a group is trained, by the most frequent code of `WHY_NOT`.
 * @type {Record<number, string>}
 */
const UNTRAINED = {
  1: "none is scored",
  2: "all were cancelled",
  3: "the rule trains roots alone, and none is scored",
  4: "no root is scored",
  5: "there is no other scored root to compare with",
  6: "the ids of their tokens are not recorded",
  7: "there is no scored sibling or other root to compare with",
  8: "the rule gives it no advantage",
};

/**
 * What a group gave to the update, and if it gave nothing, why.
 * @param {GroupFact} fact @param {CreditConfig} config @returns {string}
 */
export function groupSentence(fact, config) {
  const { kind, trees, live, known } = fact;
  if (kind === "fork") return "Forks stand at their s: no step counts them, and they move no weights.";
  if (kind === "probe") return "A probe: tried now and then, and never trained. Its trees stand at their s.";
  if (kind === "coming") {
    const ended = endedWords(trees.length - live, trees.length);
    return `${ended}. Roots stand at their s: there is no R without credit.`;
  }
  if (kind === "untrained") return `Not trained: ${UNTRAINED[fact.why] ?? "no node has an advantage"}.`;
  const left = trees.length - known;
  const lost = left ? ` ${capital(inWords(left))} of its roots ${left === 1 ? "is" : "are"} not scored.` : "";
  return `${kind === "nothing" ? nothing(fact, config) : taught(fact)}${lost}`;
}

/** @param {number} done @param {number} all trees */
function endedWords(done, all) {
  if (all === 1) return `Its one tree has ${done ? "" : "not "}ended`;
  if (done === all) return `All ${inWords(all)} trees have ended`;
  return `${capital(inWords(done))} of ${inWords(all)} trees ${done > 1 ? "have" : "has"} ended`;
}

/** @param {GroupFact} fact @param {CreditConfig} config */
function nothing(fact, config) {
  const { alike, known, mean, nodes, trees, won, lost, scored } = fact;
  const end = "every advantage is 0, and this group taught nothing.";
  if (!alike) return capital(end);
  const rest = nodes > trees.length ? below(config) : "and none has children";
  const all = scored && won === scored ? " Every agent in it succeeded." : "";
  const none = scored && lost === scored ? " No agent in it succeeded." : "";
  return `${allRoots(known, mean)}, ${rest}: ${end}${all}${none}`;
}

/** Why no node below roots that scored alike has an advantage. @param {CreditConfig} config */
function below({ estimator, baseline }) {
  if (typeof estimator !== "string") return "and this rule gives every node 0";
  if (estimator === "root_only") return "and this rule trains roots alone";
  if (estimator === "rao_root_adv") return "and this rule gives every node the advantage of its root";
  if (estimator === "tree_relative") return "and no trained node below them differs from its siblings";
  if (baseline === "moving") return "and no trained node differs from the mean of its depth";
  return "and no trained node below them differs from that";
}

/** @param {GroupFact} fact */
function taught({ alike, known, mean, rootsMoved, moved, trained, share }) {
  const update = `${percent(share)} of the update`;
  if (!alike || rootsMoved) {
    const some = `${moved} of ${many(trained, "node")} have an advantage that is not 0`;
    if (moved < trained) return `${some}: ${update}.`;
    if (trained === 1) return `Its one node makes ${update}.`;
    return `All ${trained} nodes have an advantage: ${update}.`;
  }
  const more = `${moved} nodes below them have one and make`;
  const some = moved === 1 ? "one node below them has one and makes" : more;
  return `${allRoots(known, mean)}, so no root has an advantage; ${some} ${update}.`;
}

/** @param {number} known @param {number} mean */
function allRoots(known, mean) {
  return `${known === 2 ? "Both" : `All ${inWords(known)}`} roots reach ${plain(mean)}`;
}

/**
 * What the hollow rings of a step stand for.
 * @param {StepFacts} facts @returns {string}
 */
export function listSentence({ groups, scored }) {
  if (!scored) return "";
  const own = groups.filter(({ meta }) => !meta.fork && !meta.probe);
  const hollow = own.filter(({ alike }) => alike);
  const none = own.filter(({ kind }) => kind === "nothing" || kind === "untrained");
  const still = hollow.filter(({ kind }) => kind === "trained");
  if (!own.length) return "";
  const parts = [];
  if (still.length) {
    const share = percent(still.reduce((sum, fact) => sum + fact.share, 0));
    const part = `In ${inWords(still.length)} of ${inWords(hollow.length)} `;
    const which = still.length === hollow.length ? "" : part;
    const below = which ? "the nodes below differ" : "The nodes below them differ";
    const other = which ? "the rule compares with others" : "The rule compares with others";
    const why = still.some(({ rootsMoved }) => rootsMoved) ? other : below;
    const so = still.length === 1 ? "so the group is trained" : "so these groups are trained";
    parts.push(`${which}${why}, ${so} all the same (${share} of the update).`);
  }
  if (none.length) {
    const all = `${inWords(own.length)} ${own.length === 1 ? "group" : "groups"}`;
    parts.push(`${capital(inWords(none.length))} of ${all} taught nothing: dotted.`);
  }
  const probes = groups.some(({ alike, meta }) => alike && (meta.probe || meta.fork));
  const never = probes ? " (probes, which are never trained)" : "";
  const begin = hollow.length || probes ? `Hollow: all roots scored alike${hollow.length ? "" : never}.` : "";
  return [begin || "In no group all roots scored alike.", ...parts].join(" ");
}

/** No line begins with the sign of a share. @param {string} words */
export function unbroken(words) {
  return words.replaceAll(" %", "\u00a0%");
}

/** @type {[number, string][]} */
const PARTS = [
  [1 / 4, "a quarter"],
  [1 / 3, "a third"],
  [1 / 2, "half"],
  [2 / 3, "two thirds"],
  [3 / 4, "three quarters"],
];
/** How far a share may be from a round part of the whole, and from another to count as the same. */
const NEAR = 0.025;
const SAME = 0.07;

/** @param {number} share from 0 to 1 */
function partOf(share) {
  if (share > 0.985) return "nearly all";
  return PARTS.find(([part]) => Math.abs(share - part) < NEAR)?.[1] ?? percent(share, 0);
}

/**
 * What weights of depth do to the update.
 * @param {Depths} depths @returns {string}
 */
export function depthSentence({ rows, weighted, trained, total }) {
  if (!trained) return "";
  if (!(total > 0)) return "Every advantage is 0: these trees move no weights.";
  if (rows.length === 1) {
    return `All trained nodes stand at depth ${rows[0].depth}, so weights of depth change nothing.`;
  }
  const off = (/** @type {import("./depths.js").DepthFact} */ row) => (weighted ? row.other : row.share);
  const on = (/** @type {import("./depths.js").DepthFact} */ row) => (weighted ? row.share : row.other);
  const most = rows.reduce((best, row) => (off(row) > off(best) ? row : best));
  const nodes = most.nodes / trained;
  const begin = weighted ? "Without weights," : "Weights are off:";
  const takes = `${begin} depth ${most.depth} takes ${partOf(off(most))} of the update`;
  const has = `it has ${partOf(nodes)} of the nodes`;
  const first = Math.abs(off(most) - nodes) < SAME ? `${takes} because ${has}.` : `${takes}; ${has}.`;
  const ons = rows.map(on);
  if (Math.max(...ons) - Math.min(...ons) < SAME) {
    return `${first} With them each depth ${weighted ? "counts" : "would count"} about the same.`;
  }
  const top = rows.reduce((best, row) => (on(row) > on(best) ? row : best));
  const take = weighted ? "takes" : "would take";
  return `${first} With them depth ${top.depth} ${take} most, ${percent(on(top), 0)}.`;
}

/**
 * What roots are compared with: as a name beside a line, and as the lines of a note beside a tick.
 * @param {CreditConfig} config @param {GroupFact} fact
 */
export function baselineName({ estimator, baseline }, { known, nodes }) {
  if (typeof estimator !== "string") return `b of ${oneLine(estimator.rule, 30)}`;
  if (baseline === "moving") return estimator === "rao" ? "moving mean of depth 0" : "moving mean of roots";
  if (baseline === "none") return "no baseline";
  if (estimator === "grpo_mean") return `mean of all ${nodes} nodes`;
  if (baseline === "group_mean") return `mean of all ${known} roots`;
  return known === 2 ? "the other root" : `mean of the other ${Math.max(0, known - 1)} roots`;
}

/**
 * What the tick, or the line, and the bar of a tree mean.
 * @param {CreditConfig} config @param {GroupFact} fact @param {boolean} line one for all trees
 * @param {number} divisor by which the bar is divided to give A
 */
export function barWords(config, fact, line, divisor) {
  if (config.baseline === "none" && typeof config.estimator === "string") {
    return "no baseline: the bar is from 0 to this root";
  }
  const mark = line ? "line" : "tick";
  const same = Math.abs(divisor - 1) < 1e-6;
  const divided = Number.isNaN(divisor) ? "; A is not its length" : `; A is its length / ${plain(divisor)}`;
  const over = same ? "" : divided;
  return `${mark}: ${baselineName(config, fact)}; bar: from there to this root${over}`;
}

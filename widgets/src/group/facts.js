// What the groups of a step are, in numbers: where their roots stand, what they are compared with, and how
// much of the update each group makes. Nothing here draws.

import { isLive } from "../step/status.js";

/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {import("../step/types.js").CreditColumns} CreditColumns */

/** Below this size two returns are alike, and an advantage is none. */
const ALIKE = 1e-9;

/**
 * @typedef {object} Standing a root on the axis; NaN: there is no such number
 * @property {number} at where it stands: its R, or its s before there is credit
 * @property {number} b what it is compared with
 * @property {number} A
 */

/**
 * @typedef {Standing & {
 *   tree: number, root: number, size: number, depth: number, live: boolean, was: Standing | null
 * }} TreeFact `root` -1: it has not begun; `was` as recorded, in a what-if
 */

/**
 * @typedef {object} GroupFact
 * @property {number} group
 * @property {import("../step/types.js").GroupMeta} meta
 * @property {"R" | "s"} by what its roots stand at
 * @property {number[]} trees
 * @property {number[]} roots where each root stands, NaN: not known
 * @property {number} known how many are known
 * @property {number} live how many trees are at work or have not begun
 * @property {number} mean of those that are known
 * @property {boolean} alike all trees have ended, and two or more roots are known and stand at one point
 * @property {number} spread standard deviation of those that are known
 * @property {number} nodes
 * @property {number} trained nodes that have an advantage, 0 or not
 * @property {number} moved those whose advantage is not 0
 * @property {number} rootsMoved roots among them
 * @property {number} scored nodes that are scored
 * @property {number} won nodes that succeeded
 * @property {number} lost nodes with s = 0
 * @property {number} why the most frequent code of `WHY_NOT`
 * @property {number} share of the update, 0 to 1
 * @property {"trained" | "nothing" | "untrained" | "coming" | "probe" | "fork"} kind nothing: all of its
 *   advantages are 0; untrained: none of its nodes has one
 */

/**
 * @typedef {object} StepFacts
 * @property {GroupFact[]} groups in the order of the step, probes and forks last
 * @property {boolean} scored
 * @property {number} low @property {number} high ends of the axis of all groups
 */

/** By what the groups of a list are ordered. @typedef {"step" | "share" | "spread"} Order */

/**
 * @param {Shown} shown @param {Order} [by] the largest first; probes and forks last
 * @returns {StepFacts}
 */
export function stepFacts(shown, by = "step") {
  const { step, credit } = shown;
  const groups = step.groups.map((meta, group) => emptyFact(meta, group, step.scored));
  step.trees.forEach(({ group }, tree) => {
    const fact = groups[group];
    if (!fact) return;
    const root = step.rootOf[tree];
    fact.trees.push(tree);
    const value = root < 0 ? NaN : fact.by === "R" ? credit.R[root] : step.s[root];
    fact.roots.push(value);
    if (root < 0 || isLive(step.status[root])) fact.live += 1;
  });
  countNodes(shown, groups);
  for (const fact of groups) finish(fact, step.scored);
  const last = (/** @type {GroupFact} */ { meta }) => (meta.fork ? 2 : meta.probe ? 1 : 0);
  const size = (/** @type {GroupFact} */ fact) => (by === "step" ? 0 : fact[by]);
  groups.sort((a, b) => last(a) - last(b) || size(b) - size(a) || a.group - b.group);
  const values = groups.flatMap(({ roots }) => roots);
  return { groups, scored: step.scored, ...axisOf(shown, values) };
}

/**
 * @param {import("../step/types.js").GroupMeta} meta @param {number} group @param {boolean} scored
 * @returns {GroupFact}
 */
function emptyFact(meta, group, scored) {
  const own = scored && !meta.probe && !meta.fork;
  return {
    ...{ group, meta, by: own ? "R" : "s", trees: [], roots: [], known: 0, live: 0, mean: NaN, alike: false },
    spread: 0,
    ...{ nodes: 0, trained: 0, moved: 0, rootsMoved: 0, scored: 0, won: 0, lost: 0, why: 0 },
    ...{ share: 0, kind: "untrained" },
  };
}

/** @param {Shown} shown @param {GroupFact[]} groups */
function countNodes({ step, credit }, groups) {
  const whys = groups.map(() => /** @type {number[]} */ ([]));
  for (let row = 0; row < step.n; row += 1) {
    const fact = groups[step.trees[step.tree[row]]?.group];
    if (!fact) continue;
    fact.nodes += 1;
    if (!Number.isNaN(step.s[row])) fact.scored += 1;
    if (step.s[row] >= 1) fact.won += 1;
    else if (step.s[row] === 0) fact.lost += 1;
    const why = whys[fact.group];
    why[credit.why[row]] = (why[credit.why[row]] ?? 0) + 1;
    if (Number.isNaN(credit.A[row])) continue;
    fact.trained += 1;
    if (Math.abs(credit.A[row]) > ALIKE) {
      fact.moved += 1;
      if (step.parent[row] < 0) fact.rootsMoved += 1;
    }
    fact.share += credit.share[row] || 0;
  }
  whys.forEach((counts, group) => {
    counts.forEach((count, code) => {
      if (code && count > (counts[groups[group].why] ?? 0)) groups[group].why = code;
    });
  });
}

/** @param {GroupFact} fact @param {boolean} scored */
function finish(fact, scored) {
  const known = fact.roots.filter((value) => !Number.isNaN(value));
  fact.known = known.length;
  fact.mean = meanOf(known);
  fact.spread = Math.sqrt(meanOf(known.map((value) => (value - fact.mean) ** 2)) || 0);
  const level = known.length > 1 && Math.max(...known) - Math.min(...known) <= ALIKE;
  fact.alike = level && !fact.live;
  const { meta, moved, trained } = fact;
  if (meta.fork) fact.kind = "fork";
  else if (meta.probe) fact.kind = "probe";
  else if (!scored) fact.kind = "coming";
  else fact.kind = moved ? "trained" : trained ? "nothing" : "untrained";
}

/** @param {number[]} values */
function meanOf(values) {
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : NaN;
}

/**
 * All groups share an axis, so that they compare: from 0 to the largest return that the rule can give.
 * @param {Shown} shown @param {number[]} values
 */
function axisOf({ step, config }, values) {
  const usual = !step.scored ? 1 : config.bonus === "capped_sum" ? 1 + (config.cap ?? 0) : 1 + config.lam;
  let [low, high] = [0, usual];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high };
}

/**
 * The trees of a group.
 * @param {Shown} shown @param {GroupFact} fact @returns {TreeFact[]}
 */
export function treeFacts({ step, credit, recorded, other }, { trees, by }) {
  /** @param {CreditColumns} columns @param {number} root @returns {Standing} */
  const standing = (columns, root) => {
    if (root < 0) return { at: NaN, b: NaN, A: NaN };
    const credited = by === "R";
    return {
      at: credited ? columns.R[root] : step.s[root],
      b: credited ? columns.b[root] : NaN,
      A: credited ? columns.A[root] : NaN,
    };
  };
  return trees.map((tree) => {
    const root = step.rootOf[tree];
    const depth = step.walk(tree).reduce((most, row) => Math.max(most, step.depth[row]), 0);
    const live = root < 0 || isLive(step.status[root]);
    const was = other ? standing(recorded, root) : null;
    return { tree, root, size: step.sizeOf[tree] ?? 0, depth, live, was, ...standing(credit, root) };
  });
}

/**
 * What all roots are compared with, if it is one number for all; NaN: each has its own, or none has one.
 * @param {Standing[]} roots @param {import("../step/types.js").CreditConfig} config
 */
export function sharedBaseline(roots, { estimator, baseline }) {
  const found = roots.map(({ b }) => b).filter((b) => !Number.isNaN(b));
  const own = typeof estimator === "string" && baseline === "leave_one_out";
  if (found.length < 1 || own) return NaN;
  return Math.max(...found) - Math.min(...found) <= ALIKE ? found[0] : NaN;
}

/**
 * By what R - b is divided to get A: 1, the spread, or NaN if no one number does it for all.
 * @param {Standing[]} roots
 */
export function divisor(roots) {
  const found = roots.flatMap(({ at, b, A }) => (Math.abs(A) > ALIKE ? [(at - b) / A] : []));
  if (!found.length) return 1;
  const even = found.every((each) => Math.abs(each - found[0]) <= 1e-6 * Math.max(1, Math.abs(found[0])));
  return even ? found[0] : NaN;
}

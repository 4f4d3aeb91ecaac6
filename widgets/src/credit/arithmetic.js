// The arithmetic of rao_lab/credit on the same columns, for what-if: same rollouts, other credit.
// Both sides are held to tests/golden/credit.json and to thousands of random batches.

import { STATUSES, WHY_NOT } from "../step/status.js";

/** @typedef {import("../step/types.js").CreditConfig} CreditConfig */
/** @typedef {import("../step/types.js").CreditColumns} CreditColumns */

/**
 * @typedef {object} CreditTable the columns that credit reads; a `Step` has them all
 * @property {number} n
 * @property {ArrayLike<number>} tree
 * @property {ArrayLike<number>} parent
 * @property {ArrayLike<number>} depth
 * @property {ArrayLike<number>} status
 * @property {ArrayLike<number>} wrote tokens the node itself generated
 * @property {ArrayLike<number>} window 0 = the ids of its tokens are not recorded: a server keeps them
 * @property {ArrayLike<number>} s NaN = not scored
 * @property {ArrayLike<number>} rootOf row of each tree's root, -1 if there is none yet
 * @property {{group: number}[]} trees
 * @property {{probe?: boolean}[]} groups
 * @property {(number | null)[] | null} [moving] mean R of each depth so far, of a moving baseline
 */

/** Below this spread compared returns count as equal. */
const ALIKE = 1e-8;
/** What a step leaves of a moving mean, if the rule does not say. */
export const USUAL_DECAY = 0.9;
const CANCELLED = STATUSES.indexOf("cancelled");
const WHY = Object.fromEntries(WHY_NOT.map((word, code) => [word, code]));
/** A probe group is recorded like others and never trained. */
const PROBE = WHY_NOT.length;

/** @param {number} n @returns {CreditColumns} */
function emptyColumns(n) {
  const column = () => new Float64Array(n).fill(NaN);
  return {
    childMean: column(),
    childMin: column(),
    bonus: column(),
    R: column(),
    b: column(),
    A: column(),
    w: column(),
    c: column(),
    share: column(),
    why: new Uint8Array(n),
  };
}

/**
 * Equations 1, 3 and 4 on all nodes of a step.
 * @param {CreditTable} table
 * @param {CreditConfig} config
 * @param {"token" | "node"} [shareBy]
 * @returns {CreditColumns}
 */
export function attribute(table, config, shareBy = "token") {
  const out = emptyColumns(table.n);
  childTerms(table, config, out);
  for (let row = 0; row < table.n; row += 1) out.R[row] = table.s[row] + out.bonus[row];
  const compared = comparedReturns(table, config, out.R);
  if (config.baseline === "moving") movingBaselines(table, config, out);
  else baselines(table, config, out, compared);
  const tokens = trainable(table);
  advantages(table, config, out, compared, tokens);
  depthWeights(table, config, out);
  shares(table, out, shareBy, tokens);
  return out;
}

/** @param {CreditTable} table @param {CreditConfig} config @param {CreditColumns} out */
function childTerms(table, config, out) {
  const { n, parent, s } = table;
  const count = new Int32Array(n);
  const total = new Float64Array(n);
  for (let row = 0; row < n; row += 1) {
    const above = parent[row];
    if (above < 0 || Number.isNaN(s[row])) continue;
    count[above] += 1;
    total[above] += s[row];
    if (!(out.childMin[above] <= s[row])) out.childMin[above] = s[row];
  }
  for (let row = 0; row < n; row += 1) {
    out.childMean[row] = count[row] ? total[row] / count[row] : 0;
    if (config.bonus === "mean") out.bonus[row] = config.lam * out.childMean[row];
    else if (config.bonus === "min") out.bonus[row] = config.lam * (count[row] ? out.childMin[row] : 0);
    else out.bonus[row] = Math.min(config.lam * total[row], config.cap ?? Infinity);
  }
}

/**
 * The pools of returns that are compared: the roots of a group; for grpo_mean all its nodes; for
 * tree_relative the children of a node, too, in pools after those of the groups. For each pool the least
 * return, the sum of the differences from it, how many, their spread. Measuring from the least makes the
 * baseline of equal returns equal to them to the last bit.
 * @param {CreditTable} table @param {CreditConfig} config @param {Float64Array} returns
 */
function comparedReturns(table, config, returns) {
  const groups = table.groups.length;
  const siblings = config.estimator === "tree_relative";
  const pools = siblings ? groups + table.n : groups;
  /** @param {number} row */
  const poolOf = (row) => {
    const above = table.parent[row];
    return siblings && above >= 0 ? groups + above : table.trees[table.tree[row]].group;
  };
  /** @param {number} row */
  const counts = (row) => {
    if (Number.isNaN(returns[row])) return false;
    if (config.estimator === "grpo_mean" || table.parent[row] < 0) return true;
    return siblings && table.status[row] !== CANCELLED;
  };
  const least = new Float64Array(pools).fill(NaN);
  const above = new Float64Array(pools);
  const count = new Int32Array(pools);
  const squares = new Float64Array(pools);
  /** @param {(row: number, pool: number) => void} visit */
  const each = (visit) => {
    if (config.estimator === "grpo_mean" || siblings) {
      for (let row = 0; row < table.n; row += 1) if (counts(row)) visit(row, poolOf(row));
      return;
    }
    for (let tree = 0; tree < table.rootOf.length; tree += 1) {
      const root = table.rootOf[tree];
      if (root >= 0 && counts(root)) visit(root, poolOf(root));
    }
  };
  each((row, pool) => {
    if (!(least[pool] <= returns[row])) least[pool] = returns[row];
    count[pool] += 1;
  });
  each((row, pool) => {
    above[pool] += returns[row] - least[pool];
  });
  if (config.std) {
    each((row, pool) => {
      const off = returns[row] - (least[pool] + above[pool] / count[pool]);
      squares[pool] += off * off;
    });
  }
  return { least, above, count, squares, poolOf, counts };
}

/** @typedef {ReturnType<typeof comparedReturns>} Compared */

/**
 * @param {CreditTable} table @param {CreditConfig} config @param {CreditColumns} out
 * @param {Compared} compared
 */
function baselines(table, config, out, compared) {
  const { least, above, count, poolOf, counts } = compared;
  const siblings = config.estimator === "tree_relative";
  for (let row = 0; row < table.n; row += 1) {
    if (config.baseline === "none") {
      out.b[row] = 0;
      continue;
    }
    const pool = poolOf(row);
    if (config.baseline === "group_mean") {
      const enough = siblings && table.parent[row] >= 0 ? 2 : 1;
      out.b[row] = count[pool] >= enough ? least[pool] + above[pool] / count[pool] : NaN;
      continue;
    }
    const own = siblings ? row : table.rootOf[table.tree[row]];
    const inside = own >= 0 && counts(own);
    const others = count[pool] - (inside ? 1 : 0);
    const rest = above[pool] - (inside ? out.R[own] - least[pool] : 0);
    out.b[row] = others > 0 ? least[pool] + rest / others : NaN;
  }
}

/**
 * The mean of each depth over earlier steps; where there is none yet, that of this step.
 * @param {CreditTable} table @param {CreditConfig} config @param {CreditColumns} out
 */
function movingBaselines(table, config, out) {
  const own = stepMeans(table, out.R);
  const means = own.map((mean, depth) => table.moving?.[depth] ?? mean);
  for (let row = 0; row < table.n; row += 1) {
    out.b[row] = means[isByRoot(config) ? 0 : table.depth[row]] ?? NaN;
  }
}

/**
 * Mean R at each depth, over scored nodes that ended by themselves; NaN if there are none.
 * @param {CreditTable} table @param {Float64Array} returns @returns {number[]}
 */
function stepMeans(table, returns) {
  /** @type {number[]} */
  const least = [];
  /** @type {number[]} */
  const count = [];
  /** @param {(row: number, depth: number) => void} visit */
  const each = (visit) => {
    for (let row = 0; row < table.n; row += 1) {
      if (Number.isNaN(returns[row]) || table.status[row] === CANCELLED) continue;
      if (!table.groups[table.trees[table.tree[row]].group].probe) visit(row, table.depth[row]);
    }
  };
  each((row, depth) => {
    least[depth] = Math.min(least[depth] ?? Infinity, returns[row]);
    count[depth] = (count[depth] ?? 0) + 1;
  });
  const above = least.map(() => 0);
  each((row, depth) => {
    above[depth] += returns[row] - least[depth];
  });
  return Array.from(least, (low, depth) => (low === undefined ? NaN : low + above[depth] / count[depth]));
}

/**
 * The estimator gives every node its root's advantage, or trains roots alone.
 * @param {CreditConfig} config
 */
export function isByRoot({ estimator }) {
  return estimator === "rao_root_adv" || estimator === "root_only";
}

/** The estimator by its name. @param {CreditConfig} config @returns {string} */
export function estimatorName({ estimator }) {
  return typeof estimator === "string" ? estimator : estimator.rule;
}

/** T of each node: the tokens whose ids are recorded. @param {CreditTable} table */
function trainable({ n, wrote, window }) {
  return Float64Array.from({ length: n }, (_, row) => (window[row] !== 0 ? wrote[row] : 0));
}

/**
 * @param {CreditTable} table @param {CreditConfig} config @param {CreditColumns} out
 * @param {Compared} compared @param {Float64Array} tokens
 */
function advantages(table, config, out, compared, tokens) {
  const byRoot = isByRoot(config);
  const siblings = config.estimator === "tree_relative";
  let anyTokens = false;
  for (let row = 0; row < table.n && !anyTokens; row += 1) {
    anyTokens = tokens[row] > 0 && !table.groups[table.trees[table.tree[row]].group].probe;
  }
  for (let row = 0; row < table.n; row += 1) {
    const tree = table.tree[row];
    const { group } = table.trees[tree];
    const root = table.rootOf[tree];
    const child = table.parent[row] >= 0;
    const none = Number.isNaN(out.b[row]);
    const own = byRoot ? (root >= 0 ? out.R[root] : NaN) : out.R[row];
    const why = table.groups[group].probe
      ? PROBE
      : Number.isNaN(table.s[row])
        ? WHY.unscored
        : table.status[row] === CANCELLED
          ? WHY.cancelled
          : config.estimator === "root_only" && child
            ? WHY.not_root
            : byRoot && Number.isNaN(own)
              ? WHY.root_unscored
              : none && !(siblings && child)
                ? WHY.no_baseline
                : anyTokens && tokens[row] === 0
                  ? WHY.no_tokens
                  : none
                    ? WHY.no_sibling
                    : 0;
    out.why[row] = why;
    if (why) continue;
    const pool = compared.poolOf(row);
    const spread = config.std ? Math.sqrt(compared.squares[pool] / Math.max(1, compared.count[pool])) : 1;
    out.A[row] = (own - out.b[row]) / (config.std && spread > ALIKE ? spread : 1);
  }
}

/** @param {CreditTable} table @param {CreditConfig} config @param {CreditColumns} out */
function depthWeights(table, config, out) {
  if (config.depth_weighting === "none") {
    for (let row = 0; row < table.n; row += 1) if (!out.why[row]) out.w[row] = 1;
  } else {
    const apart = config.depth_weighting === "per_group";
    const counts = depthCounts(table, out, apart);
    const alphas = counts.map((levels) => {
      const present = levels.filter((count) => count > 0);
      return present.reduce((sum, count) => sum + count, 0) / Math.max(1, present.length);
    });
    for (let row = 0; row < table.n; row += 1) {
      if (out.why[row]) continue;
      const cell = apart ? table.trees[table.tree[row]].group : 0;
      out.w[row] = alphas[cell] / counts[cell][table.depth[row]];
    }
  }
  for (let row = 0; row < table.n; row += 1) out.c[row] = out.w[row] * out.A[row];
}

/**
 * Trained nodes at each depth, of the whole step or group by group.
 * @param {CreditTable} table @param {CreditColumns} out @param {boolean} [apart]
 * @returns {number[][]}
 */
export function depthCounts(table, out, apart = false) {
  /** @type {number[][]} */
  const counts = Array.from({ length: apart ? table.groups.length : 1 }, () => []);
  for (let row = 0; row < table.n; row += 1) {
    if (out.why[row]) continue;
    const levels = counts[apart ? table.trees[table.tree[row]].group : 0];
    const depth = table.depth[row];
    while (levels.length <= depth) levels.push(0);
    levels[depth] += 1;
  }
  return counts;
}

/**
 * @param {CreditTable} table @param {CreditColumns} out @param {"token" | "node"} shareBy
 * @param {Float64Array} tokens
 */
function shares(table, out, shareBy, tokens) {
  const byToken = shareBy === "token" && tokens.some((count) => count > 0);
  let total = 0;
  for (let row = 0; row < table.n; row += 1) {
    if (!out.why[row]) total += Math.abs(out.c[row]) * (byToken ? tokens[row] : 1);
  }
  for (let row = 0; row < table.n; row += 1) {
    if (out.why[row]) continue;
    const mass = Math.abs(out.c[row]) * (byToken ? tokens[row] : 1);
    out.share[row] = total > 0 ? mass / total : 0;
  }
}

/**
 * Rows whose advantage has another sign, or one where there was none.
 * @param {CreditColumns} before @param {CreditColumns} after @param {number} n
 * @returns {number[]}
 */
export function signFlips(before, after, n) {
  const rows = [];
  for (let row = 0; row < n; row += 1) if (flips(before.A[row], after.A[row])) rows.push(row);
  return rows;
}

/** @param {number} a @param {number} b */
export function flips(a, b) {
  return signOf(a) !== signOf(b);
}

/** Rounding noise is 0; "" stands for no credit. @param {number} value @returns {"+" | "-" | "0" | ""} */
export function signOf(value) {
  if (Number.isNaN(value)) return "";
  return Math.abs(value) < 1e-12 ? "0" : value < 0 ? "-" : "+";
}

/** @param {CreditConfig} a @param {CreditConfig} b */
export function sameRule(a, b) {
  return (
    Math.abs(a.lam - b.lam) < 1e-12 &&
    a.bonus === b.bonus &&
    a.cap === b.cap &&
    estimatorName(a) === estimatorName(b) &&
    a.baseline === b.baseline &&
    (a.decay ?? null) === (b.decay ?? null) &&
    a.std === b.std &&
    a.depth_weighting === b.depth_weighting
  );
}

/**
 * The config with one field changed, kept meaningful: grpo_mean compares with the group's mean, tree_relative
 * with a mean of siblings, and a moving mean has no spread to divide by.
 * @param {CreditConfig} config @param {Partial<CreditConfig>} change
 * @returns {CreditConfig}
 */
export function changed(config, change) {
  const next = { ...config, ...change };
  if (next.estimator === "grpo_mean") next.baseline = "group_mean";
  const siblings = next.estimator === "tree_relative";
  if (siblings && (next.baseline === "moving" || next.baseline === "none")) next.baseline = "leave_one_out";
  if (next.baseline === "moving" || typeof next.estimator !== "string") next.std = false;
  if (next.baseline !== "moving") next.decay = null;
  return next;
}

/** The constructor call that makes this rule, to paste. @param {CreditConfig} config */
export function asPython(config) {
  const parts = [`lam=${Number(config.lam.toFixed(6))}`];
  if (config.bonus !== "mean") parts.push(`bonus="${config.bonus}"`);
  if (config.cap !== null) parts.push(`cap=${config.cap}`);
  const { estimator } = config;
  parts.push(`estimator=${typeof estimator === "string" ? `"${estimator}"` : estimator.rule}`);
  parts.push(`baseline="${config.baseline}"`);
  if (config.baseline === "moving" && typeof config.decay === "number") parts.push(`decay=${config.decay}`);
  if (config.std) parts.push("std=True");
  parts.push(`depth_weighting="${config.depth_weighting}"`);
  return `rl.CreditConfig(${parts.join(", ")})`;
}

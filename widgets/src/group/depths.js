// How much of the update each depth makes, with weights of depth and without. Nothing here draws.

/** @typedef {import("../step/shown.js").Shown} Shown */

/**
 * @typedef {object} DepthFact shares from 0 to 1
 * @property {number} depth
 * @property {number} nodes that are trained
 * @property {number} minus share that is made less likely
 * @property {number} plus share that is made more likely
 * @property {number} share both
 * @property {number} other share with weights off; if the rule has none, with weights on
 * @property {number} low @property {number} high w of its nodes: one number, unless each task has its own
 */

/**
 * @typedef {object} Depths
 * @property {DepthFact[]} rows depths that have trained nodes
 * @property {boolean} weighted the rule has weights
 * @property {number} trained nodes in all
 * @property {number} total sum of shares: 0 if no advantage differs from 0
 */

/**
 * Shares without weights are those of |A| and the tokens alone: each node's share is divided by its weight.
 * @param {Shown} shown @returns {Depths}
 */
export function depthFacts({ step, credit, config }) {
  const weighted = config.depth_weighting !== "none";
  /** @type {DepthFact[]} */
  const found = [];
  for (let row = 0; row < step.n; row += 1) {
    if (Number.isNaN(credit.A[row])) continue;
    const depth = step.depth[row];
    found[depth] ??= { depth, nodes: 0, minus: 0, plus: 0, share: 0, other: 0, low: Infinity, high: 0 };
    const fact = found[depth];
    const [share, w] = [credit.share[row] || 0, credit.w[row]];
    fact.nodes += 1;
    fact.share += share;
    if (credit.A[row] < 0) fact.minus += share;
    else fact.plus += share;
    if (weighted) fact.other += w > 0 ? share / w : 0;
    fact.low = Math.min(fact.low, w);
    fact.high = Math.max(fact.high, w);
  }
  const rows = found.filter(Boolean);
  const trained = rows.reduce((sum, { nodes }) => sum + nodes, 0);
  if (!weighted) for (const fact of rows) fact.other = (fact.share * trained) / rows.length / fact.nodes;
  const others = rows.reduce((sum, { other }) => sum + other, 0);
  for (const fact of rows) fact.other = others > 0 ? fact.other / others : 0;
  return { rows, weighted, trained, total: rows.reduce((sum, { share }) => sum + share, 0) };
}

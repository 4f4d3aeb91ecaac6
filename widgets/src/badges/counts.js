// How many of each badge the steps of a run have: from the metrics of training, or counted by the kernel.

/**
 * @typedef {object} Counts
 * @property {number[]} step
 * @property {Record<string, (number | null)[]>} counts by badge
 * @property {string} note how they were counted, if not as the step is
 */

/**
 * @param {Pick<import("./host.js").BadgesHost, "ask" | "traits" | "marking">} host
 * @returns {Counts | null} null: on their way
 */
export function countsOf(host) {
  const { traits, marking } = host;
  const kept = fromCurves(traits.curves);
  const { changed } = marking;
  if (kept && !changed) return kept;
  const answer = host.ask("badge_counts", [changed], { step: null });
  if (answer?.value) return { ...answer.value, note: "" };
  if (kept) return { ...kept, note: "by the usual thresholds" };
  return answer ? { step: [], counts: {}, note: answer.why } : null;
}

/** @param {Record<string, any>} curves @returns {Counts | null} */
function fromCurves({ step, columns }) {
  const names = Object.keys(columns ?? {}).filter((name) => name.startsWith("badges/"));
  if (!names.length) return null;
  // A step without a badge has no such column, and none of it: its other metrics tell that it was trained.
  /** @type {number[]} */
  const trained = [...step.keys()].filter((at) => (columns.trees?.[at] ?? null) !== null);
  const of = (/** @type {string} */ name) => trained.map((at) => columns[name][at] ?? 0);
  const counts = Object.fromEntries(names.map((name) => [name.slice("badges/".length), of(name)]));
  return { step: trained.map((at) => step[at]), counts, note: "" };
}

// The search: what is looked for, and which nodes hold it.

export class Finding {
  constructor() {
    this.query = "";
    /** @type {number[]} rows in reading order */
    this.hits = [];
    /** @type {Set<number>} the same rows */
    this.found = new Set();
  }

  /**
   * @param {import("../step/store.js").Step | null} step
   * @param {number} tree that is searched, -1: all of the step
   * @param {string} query
   */
  look(step, tree, query) {
    const rows = () => (tree < 0 ? [...Array(step?.n ?? 0).keys()] : (step?.walk(tree) ?? []));
    this.take(query, step && query ? matches(step, rows(), query) : []);
  }

  /** @param {string} query @param {number[]} hits rows that it found otherwise */
  take(query, hits) {
    this.query = query;
    this.hits = hits;
    this.found = new Set(hits);
  }

  /** The hit `by` hits further on; after the last comes the first. @param {number} row @param {number} by */
  from(row, by) {
    const { hits } = this;
    return hits[(hits.indexOf(row) + by + hits.length) % hits.length];
  }
}

/**
 * Nodes whose goal or path holds the words, in reading order.
 * @param {import("../step/store.js").Step} step @param {number[]} rows @param {string} query
 */
function matches(step, rows, query) {
  const wanted = query.trim().toLowerCase();
  if (!wanted) return [];
  /** @type {Map<number, boolean>} */
  const known = new Map(); // many nodes share a goal
  return rows.filter((row) => {
    const goal = step.goal[row];
    let hit = known.get(goal);
    if (hit === undefined) {
      hit = step.goalText(row).toLowerCase().includes(wanted);
      known.set(goal, hit);
    }
    return hit || step.path(row) === wanted;
  });
}

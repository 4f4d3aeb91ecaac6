// Piles in numbers, each counted once for what is shown.

import { commonGoal, summarize } from "../step/summary.js";

/** @typedef {import("../step/summary.js").Summary} Summary */

/**
 * @typedef {object} SummariesHost
 * @property {import("../step/shown.js").Shown | null} shown
 * @property {(text: string, limit: number) => string} shortGoal
 */

export class Summaries {
  /** @param {SummariesHost} app */
  constructor(app) {
    this.app = app;
    /** @type {Map<number, {size: number, summary: Summary, goal: string}>} by the first row of a pile */
    this.known = new Map();
  }

  /** Something else is shown. */
  clear() {
    this.known.clear();
  }

  /** A pile in numbers, and what its nodes were asked. @param {import("../step/piles.js").Pile} pile */
  of({ first, rows }) {
    const { step, values } = /** @type {import("../step/shown.js").Shown} */ (this.app.shown);
    const have = this.known.get(first);
    if (have?.size === rows.length) return have;
    const goal = this.app.shortGoal(commonGoal(step, rows), 200);
    const made = { size: rows.length, summary: summarize(step, rows, values), goal };
    this.known.set(first, made);
    return made;
  }
}

// The search: what is looked for, and which nodes hold it.

import { matches } from "../outline/rows.js";

export class Finding {
  constructor() {
    this.query = "";
    /** @type {number[]} rows in reading order */
    this.hits = [];
    /** @type {Set<number>} the same rows */
    this.found = new Set();
  }

  /** @param {import("../step/store.js").Step | null} step @param {number[]} rows those searched @param {string} query */
  look(step, rows, query) {
    this.query = query;
    this.hits = step && query ? matches(step, rows, query) : [];
    this.found = new Set(this.hits);
  }

  /** @param {number} row @param {number} by @returns {number} the hit so many further on, round the end */
  from(row, by) {
    const { hits } = this;
    return hits[(hits.indexOf(row) + by + hits.length) % hits.length];
  }
}

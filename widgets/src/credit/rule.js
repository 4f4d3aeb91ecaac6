// Which credit is shown: what the trainer recorded, or the same rollouts under another rule.

import { attribute, changed, flips, sameRule, signFlips } from "./arithmetic.js";

/** @typedef {import("../step/store.js").Step} Step */
/** @typedef {import("../step/types.js").CreditConfig} CreditConfig */
/** @typedef {import("../step/types.js").CreditColumns} CreditColumns */

export class Rule {
  constructor() {
    /** @type {CreditConfig | null} the what-if rule, null: as recorded */
    this.other = null;
    /** @type {CreditColumns | null} */
    this.recorded = null;
    /** @type {CreditColumns | null} */
    this.credit = null;
    /** @type {number[]} rows whose sign the what-if changes */
    this.flipped = [];
    /** The longest bar of the tree: bars of one tree share a scale, so that lengths compare. */
    this.scale = 1;
    /** No node of the tree has an advantage, but returns exist: R stands in its place. */
    this.byReturn = false;
  }

  /** @param {Step} step @param {number} tree the one whose bars are drawn */
  compute(step, tree) {
    this.recorded = step.recorded();
    this.credit = this.other ? attribute(step, this.other, step.shareBy) : this.recorded;
    this.flipped = this.other ? signFlips(this.recorded, this.credit, step.n) : [];
    const { recorded, credit } = this;
    const rows = step.walk(tree);
    let most = 0;
    for (const row of rows) {
      for (const value of [Math.abs(recorded.A[row]), Math.abs(credit.A[row])]) if (value > most) most = value;
    }
    this.scale = Math.max(0.25, most);
    this.byReturn = most === 0 && rows.every((row) => Number.isNaN(credit.A[row])) && rows.some((row) => !Number.isNaN(credit.R[row]));
  }

  /** Advantages, or returns where no node of the tree has one. @param {Step} step @returns {Float64Array} */
  values(step) {
    return (this.byReturn ? this.credit?.R : this.credit?.A) ?? new Float64Array(step.n).fill(NaN);
  }

  /** @param {Step} step @returns {CreditConfig} */
  config(step) {
    return this.other ?? step.config;
  }

  /** @param {Step} step @param {Partial<CreditConfig> | null} change null: as recorded */
  change(step, change) {
    const next = change ? changed(this.config(step), change) : null;
    this.other = next && !sameRule(next, step.config) ? next : null;
  }

  /** @param {number} row */
  isFlipped(row) {
    return this.other !== null && this.recorded !== null && this.credit !== null && flips(this.recorded.A[row], this.credit.A[row]);
  }
}

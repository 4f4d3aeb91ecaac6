// Which credit is shown: what the trainer recorded, or the same rollouts under another rule.

import { attribute, changed, flips, sameRule, signFlips } from "./arithmetic.js";

/** @typedef {import("../step/store.js").Step} Step */
/** @typedef {import("../step/types.js").CreditConfig} CreditConfig */

export class Rule {
  constructor() {
    /** @type {CreditConfig | null} the rule of a what-if; null: as recorded */
    this.other = null;
  }

  /** @param {Step} step @param {Partial<CreditConfig> | null} change null: as recorded */
  change(step, change) {
    const next = change ? changed(this.other ?? step.config, change) : null;
    this.other = next && !sameRule(next, step.config) ? next : null;
  }
}

/** A step and its credit, see `Shown` in `step/shown.js`. */
export class ShownCredit {
  /**
   * @param {Step} step @param {number} tree the one whose bars are drawn @param {CreditConfig | null} other
   */
  constructor(step, tree, other) {
    this.step = step;
    this.other = other;
    this.config = other ?? step.config;
    this.recorded = step.recorded();
    this.credit = other ? attribute(step, other, step.shareBy) : this.recorded;
    this.flipped = other ? signFlips(this.recorded, this.credit, step.n) : [];
    const { recorded, credit } = this;
    const rows = step.walk(tree);
    let most = 0;
    for (const row of rows) {
      for (const value of [Math.abs(recorded.A[row]), Math.abs(credit.A[row])]) {
        if (value > most) most = value;
      }
    }
    this.scale = Math.max(0.25, most);
    const none = most === 0 && rows.every((row) => Number.isNaN(credit.A[row]));
    this.byReturn = none && rows.some((row) => !Number.isNaN(credit.R[row]));
    this.most = this.byReturn ? 1 + this.config.lam : 0;
    this.values = this.byReturn ? credit.R : credit.A;
  }

  /** @param {number} row */
  isFlipped(row) {
    return this.other !== null && flips(this.recorded.A[row], this.credit.A[row]);
  }
}

// Which credit is shown: what the trainer recorded, or the same rollouts under another rule.

import { attribute, changed, estimatorName, flips, sameRule, signFlips } from "./arithmetic.js";

/** @typedef {import("../step/store.js").Step} Step */
/** @typedef {import("../step/types.js").CreditConfig} CreditConfig */
/** @typedef {import("../step/types.js").CreditColumns} CreditColumns */
/** @typedef {{ask: import("../step/client.js").Client["ask"]}} Asks */

/** Fields of the recorded rule that a rule of the user is asked for with. @type {(keyof CreditConfig)[]} */
const CHANGES = ["lam", "bonus", "cap", "baseline", "depth_weighting", "decay"];

export class Rule {
  constructor() {
    /** @type {CreditConfig | null} the rule of a what-if; null: as recorded */
    this.other = null;
    /** @type {{step: number, args: string[]} | null} what the kernel was asked last */
    this.asked = null;
  }

  /** A function of the user, which a kernel alone can call. */
  get own() {
    return this.other !== null && typeof this.other.estimator !== "string";
  }

  /** @param {Step} step @param {Partial<CreditConfig> | null} change null: as recorded */
  change(step, change) {
    const next = change ? changed(this.other ?? step.config, change) : null;
    this.other = next && !sameRule(next, step.config) ? next : null;
  }

  /**
   * The step under the rule. Until a kernel has answered for a rule of the user it is shown as recorded.
   * @param {Step} step @param {number} tree @param {Asks} host
   */
  shown(step, tree, host) {
    const { other } = this;
    if (!other || !this.own) return new ShownCredit(step, tree, other);
    const answer = this.ask(step, other, host);
    if (answer && !answer.why) return new ShownCredit(step, tree, other, told(step, other, answer.buffers));
    const shown = new ShownCredit(step, tree, null);
    shown.wanted = other;
    const name = estimatorName(other);
    shown.pending = answer ? `${name}: ${answer.why}` : `the kernel is asked what ${name} says`;
    return shown;
  }

  /**
   * One question at a time: while a slider is drawn, values between are passed over.
   * @param {Step} step @param {CreditConfig} other @param {Asks} host
   */
  ask({ step, config }, other, host) {
    const changes = CHANGES.filter((name) => (other[name] ?? null) !== (config[name] ?? null));
    const said = JSON.stringify(Object.fromEntries(changes.map((name) => [name, other[name] ?? null])));
    const { asked } = this;
    if (asked?.step === step && !host.ask("rule", asked.args)) return null;
    this.asked = { step, args: [estimatorName(other), changes.length ? said : ""] };
    return host.ask("rule", this.asked.args);
  }
}

/** What a kernel answers: b, A, w, c, share and why, see `rao_lab/views/explorer/own_rules.py`. */
const TOLD = /** @type {const} */ (["b", "A", "w", "c", "share"]);

/**
 * The columns of a rule of the user.
 * @param {Step} step @param {CreditConfig} config @param {DataView[]} buffers @returns {CreditColumns}
 */
function told(step, config, buffers) {
  const out = attribute(step, { ...config, estimator: "rao" }, step.shareBy);
  const bytes = buffers.map(({ buffer, byteOffset, byteLength }) =>
    buffer.slice(byteOffset, byteOffset + byteLength),
  );
  TOLD.forEach((name, place) => (out[name] = new Float64Array(/** @type {ArrayBuffer} */ (bytes[place]))));
  out.why = new Uint8Array(bytes[TOLD.length]);
  return out;
}

/** A step and its credit, see `Shown` in `step/shown.js`. */
export class ShownCredit {
  /**
   * @param {Step} step @param {number} tree the one whose bars are drawn @param {CreditConfig | null} other
   * @param {CreditColumns} [known] by the other rule, if it is not to be computed here
   */
  constructor(step, tree, other, known) {
    this.step = step;
    this.other = other;
    this.wanted = other;
    this.pending = "";
    this.config = other ?? step.config;
    this.recorded = step.recorded();
    this.credit = known ?? (other ? attribute(step, other, step.shareBy) : this.recorded);
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
    this.bare = none && !this.byReturn;
    this.most = this.byReturn ? 1 + this.config.lam : 0;
    this.values = this.byReturn ? credit.R : credit.A;
  }

  /** @param {number} row */
  isFlipped(row) {
    return this.other !== null && flips(this.recorded.A[row], this.credit.A[row]);
  }
}

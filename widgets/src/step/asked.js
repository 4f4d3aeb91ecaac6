// What is asked of the kernel beside columns and texts. An answer that has grown old stays until another is
// there.

/** @typedef {import("./link.js").Link} Link */

/**
 * @typedef {object} Answer
 * @property {any} value null if there is none
 * @property {DataView[]} buffers
 * @property {string} why there is none, in a sentence; otherwise empty
 */

/** Answers kept: the newest asked for stay. */
const KEPT = 64;

/** The name of a question; saved pages use the same. @param {string} what @param {unknown[]} args */
export function keyOf(what, args) {
  return `${what} ${JSON.stringify(args)}`;
}

export class Asked {
  /** @param {Link} link @param {string} gone what is said if nothing can be asked */
  constructor(link, gone) {
    this.link = link;
    this.gone = gone;
    /** @type {Map<string, Answer & {mark: number}>} */
    this.known = new Map();
    /** @type {Set<string>} */
    this.waiting = new Set();
  }

  /**
   * The answer; null while it is on its way.
   * @param {string} what @param {number | null} step null: of the run
   * @param {(string | number | boolean | null)[]} args
   * @param {number} mark another than that of the answer at hand: it is asked for anew
   * @returns {Answer | null}
   */
  ask(what, step, args, mark) {
    const key = `${step ?? "run"} ${keyOf(what, args)}`;
    const have = this.known.get(key);
    if (have?.mark !== mark && !this.waiting.has(key)) {
      if (this.link.send({ type: "ask", key, what, step, args, mark })) this.waiting.add(key);
      else if (!have) return { value: null, buffers: [], why: this.gone };
    }
    return have ?? null;
  }

  /** @param {any} message @param {DataView[]} buffers */
  take({ key, mark, value, why }, buffers) {
    this.waiting.delete(key);
    this.known.delete(key);
    this.known.set(key, { mark: mark ?? 0, value: value ?? null, buffers, why: why ?? "" });
    for (const old of this.known.keys()) {
      if (this.known.size <= KEPT) break;
      this.known.delete(old);
    }
  }

  /** Nothing that was asked for will come. */
  lose() {
    this.waiting.clear();
  }

  /** Answers about a step hold no longer. */
  forget() {
    this.known.clear();
  }
}

// The times of the tree in front: asked for once, and of a tree that runs about once a second.

import { TreeTimes } from "./lanes.js";

/** @typedef {import("../step/asked.js").Answer} Answer */

/** ms between two questions about a tree that runs. */
const AGAIN = 1000;

/**
 * @typedef {object} Needs
 * @property {import("../step/store.js").Step | null} step
 * @property {{tree: number}} place
 * @property {import("../step/client.js").Client["ask"]} ask
 */

export class Timing {
  /** @param {Needs} host */
  constructor(host) {
    this.host = host;
    /** Why there are none, in a sentence. */
    this.why = "";
    this.mark = 0;
    this.askedAt = 0;
    this.tree = -1;
    /** @type {{answer: Answer, step: unknown, n: number, made: TreeTimes} | null} */
    this.have = null;
  }

  /** Null: they are on their way, or `why` says why not. @returns {TreeTimes | null} */
  get now() {
    const { step, place } = this.host;
    const { tree } = place;
    if (!step || !step.n || step.step < 0 || !step.trees[tree]) return null;
    if (!step.treeLive(tree)) this.mark = 0;
    else if (tree !== this.tree || Date.now() - this.askedAt > AGAIN) {
      this.mark = step.revision + 1;
      this.askedAt = Date.now();
    }
    this.tree = tree;
    const answer = this.host.ask("timeline", [tree], { mark: this.mark });
    this.why = answer?.why ?? "";
    if (!answer?.value) return null;
    const { have } = this;
    if (have?.answer === answer && have.step === step && have.n === step.n) return have.made;
    const made = new TreeTimes(step, tree, answer);
    this.have = { answer, step, n: step.n, made };
    return made;
  }
}

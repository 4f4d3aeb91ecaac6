// The other end of the kernel. It asks for steps and texts, applies snapshots and numbered deltas, and asks
// for everything again if one is missing. It knows no view.

import { Step } from "./store.js";

/** @typedef {import("./types.js").AnyModel} AnyModel */
/** @typedef {import("./types.js").NodeText} NodeText */

/** Node texts kept: the newest asked for stay. */
const KEPT = 200;

export class Client {
  /**
   * @param {AnyModel} model
   * @param {(what: "step" | "delta" | "text" | "traits" | "word") => void} changed
   */
  constructor(model, changed) {
    this.model = model;
    this.changed = changed;
    /** @type {Step | null} */
    this.step = null;
    /** @type {number | null} the step asked for and not yet here */
    this.wanted = null;
    this.seq = -1;
    this.heard = Date.now();
    /** What the kernel could not do, in its words. */
    this.sorry = "";
    /** @type {Map<string, {revision: number, text: NodeText}>} */
    this.texts = new Map();
    /** @type {Set<string>} */
    this.asking = new Set();
    this.onMessage = (/** @type {any} */ message, /** @type {DataView[]} */ buffers) =>
      this.take(message, buffers ?? []);
    this.onTraits = () => {
      this.heard = Date.now();
      this.changed("traits");
    };
    model.on("msg:custom", this.onMessage);
    for (const name of TRAITS) model.on(`change:${name}`, this.onTraits);
  }

  start() {
    this.model.send({ type: "hello", step: this.wanted });
  }

  close() {
    this.model.off("msg:custom", this.onMessage);
    for (const name of TRAITS) this.model.off(`change:${name}`, this.onTraits);
  }

  /** @param {number} step */
  open(step) {
    if (this.wanted === step || (this.wanted === null && this.step?.step === step)) return;
    this.wanted = step;
    this.model.send({ type: "open", step });
    this.changed("traits");
  }

  /** @param {any} message @param {DataView[]} buffers */
  take(message, buffers) {
    this.heard = Date.now();
    if (message.type === "snapshot") this.takeSnapshot(message, buffers);
    else if (message.type === "delta") this.takeDelta(message);
    else if (message.type === "texts") this.takeTexts(message);
    else if (message.type === "sorry") {
      this.sorry = String(message.text);
      this.wanted = null;
      this.changed("word");
    } else if (message.type === "beat" && message.step === this.step?.step && message.seq > this.seq) {
      this.resync();
    }
  }

  /** @param {import("./types.js").Snapshot} message @param {DataView[]} buffers */
  takeSnapshot(message, buffers) {
    const expected = this.wanted ?? this.step?.step ?? message.step;
    if (message.step !== expected) return; // another view of this widget asked for it
    const before = this.step;
    const next = Step.from(message, buffers);
    // The same step again keeps what is chosen, unless its rows stand in another order now.
    const grew = before?.step === message.step && before.sameRows(next);
    this.step = next;
    if (before && grew) this.step.revision = before.revision + 1;
    else this.texts.clear();
    this.seq = message.seq;
    this.wanted = null;
    this.sorry = "";
    this.changed(grew ? "delta" : "step");
  }

  /** @param {import("./types.js").Delta} message */
  takeDelta(message) {
    if (!this.step || message.step !== this.step.step || message.seq <= this.seq) return;
    if (message.seq !== this.seq + 1 || !this.step.apply(message)) {
      this.resync();
      return;
    }
    this.seq = message.seq;
    this.changed("delta");
  }

  resync() {
    if (!this.step) return;
    this.model.send({ type: "resync", step: this.step.step });
  }

  /** @param {{key: string, revision: number, node: NodeText | null}} message */
  takeTexts(message) {
    this.asking.delete(message.key);
    if (!message.node) return;
    this.texts.delete(message.key);
    this.texts.set(message.key, { revision: message.revision, text: message.node });
    for (const old of this.texts.keys()) {
      if (this.texts.size <= KEPT) break;
      this.texts.delete(old);
    }
    this.changed("text");
  }

  /**
   * The texts of a node: null while they are on their way. A node that changed since is asked for again
   * and its older texts stay until then.
   * @param {number} row
   * @returns {NodeText | null}
   */
  text(row) {
    const step = this.step;
    if (!step) return null;
    const [tree, path] = [step.tree[row], step.path(row)];
    const key = `${step.step}/${tree}/${path}`;
    const have = this.texts.get(key);
    const mark = step.turns[row] * 1000 + step.status[row] * 10 + step.children(row).length;
    if ((!have || have.revision !== mark) && !this.asking.has(key)) {
      this.asking.add(key);
      this.model.send({ type: "texts", key, revision: mark, step: step.step, tree, path });
    }
    return this.texts.get(key)?.text ?? null;
  }

  /** @param {string} action */
  act(action) {
    this.model.send({ type: "act", action });
  }
}

/** The synced traits of rao_lab/views/explorer/widget.py, in its order. */
const TRAITS = ["title", "steps", "newest", "live", "session", "curves", "height", "saved", "first_view"];

/**
 * @typedef {object} Model
 * @property {string} title where these trees come from
 * @property {[number, number | null][]} steps step and share of roots solved
 * @property {number | null} newest
 * @property {boolean} live more may come
 * @property {Record<string, any>} session progress of training; empty: nothing to steer
 * @property {Record<string, any>} curves metrics by step for the board
 * @property {number} height px
 * @property {string} first_view tree or board
 * @property {string} saved what a saved page leaves out; empty in a notebook
 */

/** @param {AnyModel} model @returns {Model} */
export function traits(model) {
  const get = (/** @type {string} */ name, /** @type {any} */ otherwise) => model.get(name) ?? otherwise;
  return {
    title: get("title", ""),
    steps: get("steps", []),
    newest: get("newest", null),
    live: get("live", false),
    session: get("session", {}),
    curves: get("curves", {}),
    height: get("height", 520),
    saved: get("saved", ""),
    first_view: get("first_view", "tree"),
  };
}

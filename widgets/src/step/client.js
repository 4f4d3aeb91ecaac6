// The other end of the kernel. It asks for steps and texts, applies snapshots and numbered deltas, and asks
// for everything again if one is missing. It knows no view.

import { Asked } from "./asked.js";
import { Link } from "./link.js";
import { sentenceOf } from "./states.js";
import { Step } from "./store.js";

/** @typedef {import("./types.js").AnyModel} AnyModel */
/** @typedef {import("./types.js").NodeText} NodeText */
/** @typedef {"step" | "delta" | "text" | "answer" | "traits" | "word" | "gone" | "forks" | "again"} News */
/** @typedef {{waits?: boolean, ended?: number, of?: number, error?: string, says?: string}} Forking */

/** Messages that were asked for; others come by themselves. */
const ANSWERS = ["snapshot", "texts", "answer"];
/** Node texts kept: the newest asked for stay. */
const KEPT = 200;

export class Client {
  /**
   * @param {AnyModel} model
   * @param {(what: News) => void} changed
   */
  constructor(model, changed) {
    this.model = model;
    this.changed = changed;
    /** @type {Step | null} */
    this.step = null;
    /** @type {number | null} the step asked for and not yet here */
    this.wanted = null;
    this.seq = -1;
    /** News was missed: the step was asked for as a whole. */
    this.missed = false;
    this.heard = Date.now();
    this.link = new Link(model, () => this.onGone(), () => this.again());
    this.asked = new Asked(this.link, sentenceOf("answer_gone"));
    /** What the kernel could not do, in its words. */
    this.sorry = "";
    /** What the kernel says of forks that it makes. @type {Forking} */
    this.forking = {};
    /** @type {Map<string, {revision: number, text: NodeText}>} */
    this.texts = new Map();
    /** @type {Set<string>} */
    this.asking = new Set();
    this.onMessage = (/** @type {any} */ message, /** @type {DataView[]} */ buffers) =>
      this.take(message, buffers ?? []);
    this.onTraits = () => {
      this.hear(false);
      this.changed("traits");
    };
    model.on("msg:custom", this.onMessage);
    for (const name of HEARD) model.on(`change:${name}`, this.onTraits);
  }

  start() {
    this.link.send({ type: "hello", step: this.wanted });
  }

  /** What was asked for may have been lost on its way: it is asked for again. */
  again() {
    this.asking.clear();
    this.asked.lose();
    if (!this.step || this.wanted !== null) this.start();
    else if (this.step.step >= 0) this.resync();
    this.changed("again");
  }

  close() {
    this.link.close();
    this.model.off("msg:custom", this.onMessage);
    for (const name of HEARD) this.model.off(`change:${name}`, this.onTraits);
  }

  /** @param {number} step */
  open(step) {
    if (this.wanted === step || (this.wanted === null && this.step?.step === step)) return;
    if (this.link.send({ type: "open", step })) this.wanted = step;
    this.changed("traits");
  }

  /** Something was asked for and has not come. */
  get owed() {
    const trees = this.wanted !== null || this.missed || (!this.step && !this.sorry);
    return trees || this.asking.size > 0 || this.asked.waiting.size > 0;
  }

  /** @param {boolean} answers it was asked for */
  hear(answers) {
    this.heard = Date.now();
    this.link.hear(this.owed, answers);
  }

  /** Nothing that was asked for will come. */
  onGone() {
    this.wanted = null;
    this.asking.clear();
    this.asked.lose();
    const { waits, of } = this.forking;
    if (waits || of !== undefined) this.forking = { error: "the kernel is gone" };
    this.changed("gone");
  }

  /** @param {any} message @param {DataView[]} buffers */
  take(message, buffers) {
    this.receive(message, buffers);
    this.hear(ANSWERS.includes(message.type));
  }

  /** @param {any} message @param {DataView[]} buffers */
  receive(message, buffers) {
    if (message.type === "snapshot") this.takeSnapshot(message, buffers);
    else if (message.type === "delta") this.takeDelta(message);
    else if (message.type === "texts") this.takeTexts(message);
    else if (message.type === "answer") {
      this.asked.take(message, buffers);
      this.changed("answer");
    } else if (message.type === "forking") {
      this.forking = message;
      this.changed("forks");
    } else if (message.type === "sorry") {
      this.sorry = String(message.text);
      this.wanted = null;
      this.missed = false;
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
    else this.forget();
    this.seq = message.seq;
    this.missed = false;
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
    this.missed = this.link.send({ type: "resync", step: this.step.step });
  }

  /** @param {{key: string, revision: number, node: NodeText | null, why?: string}} message */
  takeTexts(message) {
    this.asking.delete(message.key);
    const text = message.node ?? noText(message.why ?? sentenceOf("text_unknown"));
    this.texts.delete(message.key);
    this.texts.set(message.key, { revision: message.revision, text });
    for (const old of this.texts.keys()) {
      if (this.texts.size <= KEPT) break;
      this.texts.delete(old);
    }
    this.changed("text");
  }

  /**
   * The texts of a node, or why there are none; null while they are on their way. A node that changed
   * since is asked for again and its older texts stay until then.
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
      const asked = { type: "texts", key, revision: mark, step: step.step, tree, path };
      if (this.link.send(asked)) this.asking.add(key);
    }
    return this.texts.get(key)?.text ?? (this.link.gone ? GONE : null);
  }

  /** Another step, or the same in another order. */
  forget() {
    this.texts.clear();
    this.asked.forget();
  }

  /**
   * What the kernel answers beside columns and texts (`rao_lab/views/explorer/answers.py`). Null while it is
   * on its way, or until then an answer by another `mark`.
   * @param {string} what @param {(string | number | boolean | null)[]} args
   * @param {{step?: number | null, mark?: number}} [about] null = the run; by default the open step
   */
  ask(what, args, { step = this.step?.step ?? null, mark = 0 } = {}) {
    return this.asked.ask(what, step, args, mark);
  }

  /** Asks for forks. @param {Record<string, any>} asked */
  fork(asked) {
    this.forking = { waits: true };
    this.link.tell({ ...asked, type: "fork" });
    this.changed("forks");
  }

  /** @param {string} action */
  act(action) {
    this.link.tell({ type: "act", action });
  }
}

const GONE = noText(sentenceOf("text_gone"));

/** In place of the texts of a node that cannot be read. @param {string} note @returns {NodeText} */
export function noText(note) {
  return {
    ...{ goal: "", args: "", value: "", returned: false, reason: "", source: "", fraction: null },
    ...{ refusals: {}, template: "", has_tokens: false, decoded: false, turns: [], note, unread: true },
  };
}

/** The synced traits of rao_lab/views/explorer/widget.py, in its order. */
const TRAITS = [
  ...["key", "title", "steps", "newest", "live", "session", "curves", "height", "saved", "look", "still"],
  ...["forks", "rules"],
];

/** Those whose change is news: the others are for whoever comes later. */
const HEARD = TRAITS.filter((name) => !["key", "look", "still", "forks", "rules"].includes(name));

/**
 * @typedef {object} Look
 * @property {string} [view]
 * @property {number | null} [step] null: the newest
 * @property {number | null} [tree]
 * @property {string} [path] of the chosen node
 */

/**
 * @typedef {object} Model
 * @property {string} key the id of the widget
 * @property {string} title where these trees come from
 * @property {[number, number | null][]} steps step and share of roots solved
 * @property {number | null} newest
 * @property {boolean} live more may come
 * @property {Record<string, any>} session progress of training; empty: nothing to steer
 * @property {Record<string, any>} curves metrics by step for the board
 * @property {number} height px
 * @property {Look} look what was looked at last
 * @property {boolean} forks the kernel makes those that are asked for
 * @property {string[]} rules credit rules of the user that the kernel can call, by name
 * @property {Record<string, string>} still the same without a kernel, by MIME type
 * @property {string} saved what a saved page leaves out; empty in a notebook
 */

/** @param {AnyModel} model @returns {Model} */
export function traits(model) {
  const get = (/** @type {string} */ name, /** @type {any} */ otherwise) => model.get(name) ?? otherwise;
  return {
    key: get("key", ""),
    title: get("title", ""),
    steps: get("steps", []),
    newest: get("newest", null),
    live: get("live", false),
    session: get("session", {}),
    curves: get("curves", {}),
    height: get("height", 520),
    saved: get("saved", ""),
    look: get("look", {}),
    still: get("still", {}),
    forks: get("forks", false),
    rules: get("rules", []),
  };
}

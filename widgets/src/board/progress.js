// How far training is, in a line of words and a bar: what is done, what is under way, where weights were
// kept.

import { fill, h } from "../shared/dom.js";
import { progressWords, stateSentence, underWay } from "./words.js";

/** Checkpoints that can be told apart; of more, only the newest is marked. */
const MARKS = 48;

export class Progress {
  constructor() {
    /** When the figures came. */
    this.heard = Date.now();
    this.title = h("b", {});
    this.left = h("span", { class: "left" });
    this.so = h("span", { class: "label so" });
    this.now = h("span", { class: "now" });
    this.done = h("i", {});
    this.going = h("i", { class: "going" });
    this.kept = h("div", { class: "kept", "aria-hidden": "true" });
    this.keptKey = "";
    const aria = { role: "progressbar", "aria-label": "Training", "aria-valuemin": 0 };
    this.bar = h("div", { class: "meter", ...aria }, this.done, this.going);
    const grow = h("span", { class: "grow" });
    const words = h("div", { class: "words" }, this.title, this.left, this.so, grow, this.now);
    const box = h("div", { class: "meter-box" }, this.bar, this.kept);
    this.element = h("div", { class: "progress" }, words, box);
  }

  /** @param {import("./words.js").Session} session */
  show(session) {
    const words = progressWords(session, Math.round((Date.now() - this.heard) / 1000));
    const resting = session.state === "paused" && session.resting;
    this.title.textContent = words.step;
    this.left.textContent = words.left;
    this.so.textContent = words.so;
    this.now.textContent = resting ? stateSentence(session, null, 0) : words.now;
    const step = session.step ?? 0;
    const total = session.total || Math.max(1, step || 1);
    const share = Math.min(1, step / total);
    const part = session.live ? underWay(session) / total : 0;
    this.done.style.width = `${share * 100}%`;
    this.going.style.left = `${share * 100}%`;
    this.going.style.width = `${Math.max(part * 100, part ? 0.3 : 0)}%`;
    this.bar.setAttribute("aria-valuemax", String(total));
    this.bar.setAttribute("aria-valuenow", String(step));
    this.bar.setAttribute("aria-valuetext", [words.step, words.left].filter(Boolean).join(", "));
    this.showKept((session.checkpoints ?? []).map((/** @type {number} */ kept) => kept / total));
  }

  /** @param {number[]} places of checkpoints, as shares of the bar */
  showKept(places) {
    const shown = places.length > MARKS ? places.slice(-1) : places;
    const key = shown.join();
    if (key === this.keptKey) return;
    this.keptKey = key;
    fill(
      this.kept,
      shown.map((place) => h("i", { style: `left: ${place * 100}%` })),
    );
  }
}

// A step that grows: live data are drawn a few times a second, and what is chosen stays.

import { commonPreamble } from "../shared/text.js";

/**
 * @typedef {object} GrowingHost
 * @property {import("../step/store.js").Step | null} step
 * @property {import("./place.js").Place} place
 * @property {string} preamble what all goals begin with
 * @property {{alive: () => void}} steps
 * @property {{grow: () => void}} tree
 * @property {HTMLElement} said to screen readers
 * @property {() => void} recompute
 * @property {() => void} update
 */

/** ms between redraws, at least. */
const GAP = 200;
/** ms between two words to screen readers. */
const SAID_GAP = 5000;

export class Growing {
  /** @param {GrowingHost} app */
  constructor(app) {
    this.app = app;
    this.drawn = 0;
    this.saidAt = 0;
    /** @type {ReturnType<typeof setTimeout> | null} */
    this.waiting = null;
  }

  close() {
    if (this.waiting) clearTimeout(this.waiting);
  }

  /** There is news. */
  told() {
    if (this.waiting) return;
    this.waiting = setTimeout(() => this.draw(), Math.max(0, this.drawn + GAP - Date.now()));
  }

  draw() {
    const { app } = this;
    const { step } = app;
    this.waiting = null;
    this.drawn = Date.now();
    if (!step) return;
    app.place.grow(step);
    app.steps.alive();
    if (!app.preamble) app.preamble = commonPreamble(step.someGoals());
    app.recompute();
    app.tree.grow();
    app.update();
    if (Date.now() - this.saidAt < SAID_GAP) return;
    this.saidAt = Date.now();
    app.said.textContent = `${step.n} nodes known`;
  }
}

// Which step is open, and whether the view goes on to the newest by itself. Choosing anything stops that.

import { curvesOf, lastEnded } from "../board/figures.js";

/** @typedef {import("./app.js").App} App */

/** ms that a tree stays in view after its end, before a view that follows goes on to one that runs. */
const LINGER = 800;

export class Steps {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.following = app.traits.live;
    /** The tree whose end was seen last, and when. */
    this.seen = { step: -1, tree: -1, at: 0 };
  }

  /** While trees run, a view that follows shows one that does: the ended one gives way after a moment. */
  alive() {
    const { app, seen } = this;
    const { step, place } = app;
    if (!this.following || !step || app.view !== "tree" || app.tab === "credit" || step.treeLive(place.tree)) return;
    const next = step.liveTree(step.isProbe(place.tree));
    if (next < 0) return;
    if (seen.step !== step.step || seen.tree !== place.tree) this.seen = { step: step.step, tree: place.tree, at: Date.now() };
    else if (Date.now() - seen.at >= LINGER) app.choose.openTree(next);
  }

  /** What a view that follows shows: the board the newest step with figures, others the one under way. */
  get target() {
    const { traits, view } = this.app;
    const ended = view === "board" ? lastEnded(curvesOf(traits.curves)) : null;
    return ended ?? traits.newest;
  }

  /** The newest, where the view follows; after the last step there is nothing more to follow. */
  onward() {
    const { target } = this;
    if (this.following && target !== null) this.app.client.open(target);
    if (!this.app.traits.live) this.following = false;
  }

  /** @param {number} step */
  open(step) {
    this.rest();
    this.app.client.open(step);
    this.app.top.update();
    this.app.board.update();
  }

  /** @param {number} by */
  move(by) {
    const { client, traits } = this.app;
    const all = traits.steps.map(([step]) => step);
    const now = client.wanted ?? this.app.step?.step;
    const at = all.indexOf(now ?? NaN);
    const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
    if (next !== undefined && next !== now) this.open(next);
  }

  rest() {
    if (!this.following) return;
    this.following = false;
    this.app.top.update();
  }

  follow() {
    if (!this.app.traits.live) return;
    this.following = true;
    this.onward();
    this.app.top.update();
    this.app.board.update();
  }
}

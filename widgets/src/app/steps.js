// Which step is open, and whether the view goes on to the newest by itself. Choosing anything stops that.

import { PAGES } from "./views.js";
import { curvesOf, lastEnded } from "../board/series.js";

/**
 * @typedef {object} StepsHost
 * @property {import("../step/store.js").Step | null} step
 * @property {number | null} wanted the step that is open, or asked for and not yet here
 * @property {import("../step/client.js").Model} traits
 * @property {{tree: number}} place
 * @property {string} view
 * @property {string} tab
 * @property {{open: (step: number) => void}} client
 * @property {{openTree: (tree: number) => void}} choose
 * @property {() => void} showState
 * @property {() => void} showSteps which step is open has changed, or whether the view follows
 */

/** Views of one tree. */
const OF_A_TREE = ["tree", "timeline"];
/** ms for which it is said that there is no other step. */
const SAID = 8000;
/** ms that a tree stays in view after its end, before a view that follows goes on to one that still runs. */
const LINGER = 800;

export class Steps {
  /** @param {StepsHost} app */
  constructor(app) {
    this.app = app;
    const { live, look } = app.traits;
    this.following = live && (look.step ?? null) === null;
    /** The tree whose end was seen last, and when. */
    this.seen = { step: -1, tree: -1, at: 0 };
    /** Why a key led to no other step, for a while. */
    this.sorry = "";
  }

  /** While trees run, a view that follows shows one that does: the ended one gives way after a moment. */
  alive() {
    const { seen } = this;
    const { step, place, view, tab } = this.app;
    const away = !OF_A_TREE.includes(view) || PAGES.includes(tab);
    if (!this.following || !step || away || step.treeLive(place.tree)) return;
    const next = step.liveTree(step.isProbe(place.tree));
    if (next < 0) return;
    if (seen.step !== step.step || seen.tree !== place.tree) {
      this.seen = { step: step.step, tree: place.tree, at: Date.now() };
    } else if (Date.now() - seen.at >= LINGER) this.app.choose.openTree(next);
  }

  /** What a view that follows shows: the board the newest step with figures, others the one under way. */
  get target() {
    const { traits, view } = this.app;
    const ended = view === "board" ? lastEnded(curvesOf(traits.curves)) : null;
    return ended ?? traits.newest;
  }

  /** The newest, if the view follows; after the last step there is nothing more to follow. */
  onward() {
    const { target } = this;
    if (this.following && target !== null) this.app.client.open(target);
    if (!this.app.traits.live) this.following = false;
  }

  /** The step that can be opened nearest to one. @param {number} target @returns {number | null} */
  near(target) {
    let best = null;
    for (const [step] of this.app.traits.steps) {
      if (best === null || Math.abs(step - target) < Math.abs(best - target)) best = step;
    }
    return best;
  }

  /** @param {number} step */
  open(step) {
    this.following = false;
    this.app.client.open(step);
    this.app.showSteps();
  }

  /** @param {number} by */
  move(by) {
    const { wanted, traits } = this.app;
    const all = traits.steps.map(([step]) => step);
    const at = all.indexOf(wanted ?? NaN);
    const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
    if (all.length < 2) this.say(loneWords(all, traits));
    if (next !== undefined && next !== wanted) this.open(next);
  }

  /** @param {string} words */
  say(words) {
    this.sorry = words;
    this.app.showState();
    setTimeout(() => {
      this.sorry = "";
      this.app.showState();
    }, SAID);
  }

  rest() {
    if (!this.following) return;
    this.following = false;
    this.app.showSteps();
  }

  /** On to the newest step, and with it while more may come. */
  follow() {
    if (!this.app.traits.live) {
      // Curves tell of all steps, trees may be here of a few.
      const { target } = this;
      const newest = target === null ? null : this.near(target);
      if (newest !== null) this.open(newest);
      return;
    }
    this.following = true;
    this.onward();
    this.app.showSteps();
  }
}

/**
 * What could be done where there is no other step.
 * @param {number[]} steps @param {import("../step/client.js").Model} traits
 */
function loneWords([step = -1], { live, saved, curves }) {
  if (live) return "There is one step so far.";
  const all = curvesOf(curves).step.length;
  if (step < 0 || all < 2) return "There is no other step.";
  const page = "explorer.save_html(path, steps=[...]) saves a page of several.";
  if (!saved) return `Trees are kept of step ${step} alone.`;
  return `This page holds the trees of step ${step} alone: ${page}`;
}

// Tells the kernel what is looked at, so that what is printed, saved or kept in a notebook is the same.

import { inFront } from "./views.js";

/**
 * @typedef {object} LookingHost
 * @property {import("../step/store.js").Step | null} step
 * @property {string} view
 * @property {string} tab
 * @property {boolean} ownPage nobody is there to be told
 * @property {{following: boolean}} steps
 * @property {{tree: number, keptPath: string}} place
 * @property {{link: import("../step/link.js").Link}} client
 */

/** ms of rest before a look is told, and between two that are. */
const REST = 400;
const GAP = 2000;

export class Looking {
  /** @param {LookingHost} app */
  constructor(app) {
    this.app = app;
    this.told = "";
    this.toldAt = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  close() {
    clearTimeout(this.timer);
  }

  /** Something may have been chosen. */
  update() {
    const { step, ownPage } = this.app;
    if (ownPage || !step || step.step < 0 || JSON.stringify(this.now) === this.told) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell(), Math.max(REST, this.toldAt + GAP - Date.now()));
  }

  get now() {
    const { step, steps, place, view, tab } = this.app;
    const own = inFront({ view, tab });
    return { view: own, step: steps.following ? null : step?.step, tree: place.tree, path: place.keptPath };
  }

  tell() {
    const { now } = this;
    this.told = JSON.stringify(now);
    this.toldAt = Date.now();
    this.app.client.link.tell({ type: "look", ...now });
  }
}

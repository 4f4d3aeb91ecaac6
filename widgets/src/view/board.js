// The board: how training goes, and the hand on it. Shown only where a session is attached.

import { h } from "../shared/dom.js";

/** @typedef {import("./app.js").App} App */

export class Board {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.element = h("div", { class: "centre" });
  }

  update() {}
}

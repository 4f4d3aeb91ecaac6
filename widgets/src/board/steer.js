// The hand on training: how it stands, and pause, resume, one step and stop, in the top bar.

import { stateOf } from "./figures.js";
import { fill, h, s } from "../shared/dom.js";

/** @typedef {import("../app/app.js").App} App */

/** A wish that the kernel has not granted by then is no longer shown as granted. */
const WISH_MS = 4000;
const GLYPHS = {
  pause: "M5.5 3v10M10.5 3v10",
  resume: "M5 3l8 5l-8 5z",
  step: "M3.5 3.5l6 4.5l-6 4.5zM12.5 3.5v9",
  stop: "M3.5 3.5h9v9h-9z",
};

export class Steer {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.state = h("span", { class: "state-mark", role: "status" });
    this.buttons = h("div", { class: "hand", role: "group", "aria-label": "Training" });
    this.asked = "";
    this.askedAt = 0;
    this.key = "";
  }

  /** @param {string} action */
  act(action) {
    this.asked = action;
    this.askedAt = Date.now();
    this.app.client.act(action);
    this.show();
  }

  /** Seconds since the kernel was heard. */
  get quiet() {
    return Math.round((Date.now() - this.app.client.heard) / 1000);
  }

  /** State and buttons, which stand in the top bar. */
  show() {
    const { session } = this.app.traits;
    if (this.asked && Date.now() - this.askedAt > WISH_MS) this.asked = "";
    const state = stateOf(session, session.live ? this.quiet : 0, this.asked);
    const roomy = this.app.size === "full" || this.app.size === "drawer";
    const ago = roomy && session.live && state.kind === "live" ? `, updated ${Math.max(1, this.quiet)} s ago` : "";
    const words = `${state.text}${ago}`;
    if (this.state.dataset.kind !== state.kind) this.state.dataset.kind = state.kind;
    if (this.state.textContent !== words) fill(this.state, h("i", { "aria-hidden": "true" }), words);
    const actions = session.actions ?? [];
    const paused = (session.state === "paused" && this.asked !== "resume" && this.asked !== "step") || this.asked === "pause";
    const key = `${actions.join()}|${paused}|${session.state}`;
    this.buttons.hidden = !actions.length || this.app.view !== "board";
    this.state.hidden = !session.state || this.app.view !== "board";
    if (key === this.key) return;
    this.key = key;
    const kept = /** @type {HTMLElement | null} */ (document.activeElement);
    const focused = this.buttons.contains(kept) ? kept?.dataset.act : undefined;
    const busy = session.state === "stopping";
    const button = (/** @type {keyof typeof GLYPHS} */ action, /** @type {string} */ label, firm = false) =>
      h("button", { class: `control${firm ? " firm" : ""}`, "data-act": action, disabled: busy, onclick: () => this.act(action) }, glyph(action), h("span", {}, label));
    fill(this.buttons, paused ? button("resume", "Resume", true) : button("pause", "Pause", true), button("step", "One step"), button("stop", "Stop"));
    if (!focused) return;
    const again = this.buttons.querySelector(`[data-act=${focused}]`) ?? this.buttons.querySelector("button");
    /** @type {HTMLElement | null} */ (again)?.focus();
  }
}

/** @param {keyof typeof GLYPHS} name */
function glyph(name) {
  return s("svg", { width: 11, height: 11, viewBox: "0 0 16 16", "aria-hidden": "true" }, s("path", { d: GLYPHS[name], fill: "none", stroke: "currentColor", "stroke-width": name === "pause" ? 2.8 : 1.8, "stroke-linejoin": "round" }));
}

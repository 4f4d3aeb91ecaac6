// The state of training and the buttons that steer it (pause, resume, one step, stop), in the top bar.

import { fill, h, refill, s } from "../shared/dom.js";
import { stateOf } from "./words.js";

/** @typedef {import("./host.js").BoardHost} BoardHost */

/** After this time, a request that the kernel has not met is no longer shown as met. */
const WISH_MS = 4000;
const GLYPHS = {
  pause: "M5.5 3v10M10.5 3v10",
  resume: "M5 3l8 5l-8 5z",
  step: "M3.5 3.5l6 4.5l-6 4.5zM12.5 3.5v9",
  stop: "M3.5 3.5h9v9h-9z",
};

export class Steer {
  /** @param {Pick<BoardHost, "traits" | "quiet" | "size" | "view" | "act" | "focusNodes">} host */
  constructor(host) {
    this.host = host;
    this.state = h("span", { class: "state-mark", role: "status" });
    this.buttons = h("div", { class: "hand", role: "group", "aria-label": "Training" });
    const onclick = () => this.goOn();
    this.resume = h("button", { class: "control", onclick }, glyph("resume"), h("span", {}, "Resume"));
    this.asked = "";
    this.askedAt = 0;
    this.key = "";
  }

  /** @param {string} action */
  act(action) {
    this.asked = action;
    this.askedAt = Date.now();
    this.host.act(action);
    this.show();
  }

  /** From beside the sentence of a pause, which goes with it. */
  goOn() {
    this.act("resume");
    this.host.focusNodes();
  }

  /** State and buttons, which stand in the top bar. */
  show() {
    const { traits, quiet, view } = this.host;
    const { session } = traits;
    if (this.asked && Date.now() - this.askedAt > WISH_MS) this.asked = "";
    this.buttons.hidden = !session.actions?.length || view !== "board";
    this.state.hidden = !session.state || view !== "board";
    this.showState(session, quiet);
    this.showButtons(session);
  }

  /** @param {import("./words.js").Session} session @param {number} quiet */
  showState(session, quiet) {
    const { size } = this.host;
    const { kind, text } = stateOf(session, session.live ? quiet : 0, this.asked);
    const roomy = size === "full" || size === "drawer";
    const ago = roomy && session.live && kind === "live" ? `, updated ${Math.max(1, quiet)} s ago` : "";
    const words = `${text}${ago}`;
    if (this.state.dataset.kind !== kind) this.state.dataset.kind = kind;
    if (this.state.textContent !== words) fill(this.state, h("i", { "aria-hidden": "true" }), words);
  }

  /** @param {import("./words.js").Session} session */
  showButtons(session) {
    const { asked, buttons } = this;
    const resumed = asked === "resume" || asked === "step";
    const paused = (session.state === "paused" && !resumed) || asked === "pause";
    const key = `${(session.actions ?? []).join()}|${paused}|${session.state}`;
    if (key === this.key) return;
    this.key = key;
    const disabled = session.state === "stopping";
    const button = (/** @type {keyof typeof GLYPHS} */ action, /** @type {string} */ label, firm = false) => {
      const props = { class: `control${firm ? " firm" : ""}`, "data-act": action, disabled };
      return h("button", { ...props, onclick: () => this.act(action) }, glyph(action), h("span", {}, label));
    };
    refill(
      buttons,
      (old) => buttons.querySelector(`[data-act=${old.dataset.act}]`) ?? buttons.querySelector("button"),
      paused ? button("resume", "Resume", true) : button("pause", "Pause", true),
      button("step", "One step"),
      button("stop", "Stop"),
    );
  }
}

/** @param {keyof typeof GLYPHS} name */
function glyph(name) {
  const width = name === "pause" ? 2.8 : 1.8;
  const pen = { fill: "none", stroke: "currentColor", "stroke-width": width, "stroke-linejoin": "round" };
  const frame = { width: 11, height: 11, viewBox: "0 0 16 16", "aria-hidden": "true" };
  return s("svg", frame, s("path", { d: GLYPHS[name], ...pen }));
}

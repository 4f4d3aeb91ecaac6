// Play, pause, pace and the way through the time of a tree, by buttons and as a slider.

import { h, onArrows, s } from "../shared/dom.js";
import { icon } from "../shared/shapes.js";
import { timeWords } from "./paint.js";
import { SPEEDS } from "./replay.js";

/** @typedef {import("./replay.js").Replay} Replay */

const PLAY = "M4 2.5l9 5.5l-9 5.5z";
const PAUSE = "M4 2.5h3v11h-3zM9.5 2.5h3v11h-3z";

export class Transport {
  /** @param {Replay} replay @param {boolean} brief there is little room for words */
  constructor(replay, brief) {
    this.replay = replay;
    this.brief = brief;
    this.sign = h("span", { class: "sign" });
    const play = { class: "control square", onclick: () => replay.toggle() };
    this.button = h("button", play, this.sign);
    const options = SPEEDS.map((speed) => h("option", { value: speed }, `${speed}\u00d7`));
    const pick = () => replay.faster(SPEEDS.indexOf(Number(this.speed.value)) - SPEEDS.indexOf(replay.speed));
    this.speed = h("select", { "aria-label": "Speed", onchange: pick }, options);
    this.now = h("span", { class: "tl-now" });
    this.thumb = h("span", { class: "thumb" });
    const aria = { role: "slider", tabindex: 0, "aria-label": "Moment" };
    this.slider = h("div", { class: "slider", ...aria }, this.thumb);
    this.slider.addEventListener("pointerdown", (event) => this.onDown(event));
    const arrows = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageUp: 10, PageDown: -10 };
    onArrows(this.slider, arrows, (by) => this.slide(by));
    const select = h("span", { class: "select" }, this.speed, icon("down", 10));
    this.element = h("div", { class: "tl-transport" }, this.button, this.slider, select, this.now);
  }

  /** @param {number} by hundredths */
  slide(by) {
    const { times, at } = this.replay;
    if (times) this.replay.go((at ?? times.end) + (by / 100) * times.end);
  }

  /** @param {PointerEvent} event */
  onDown(event) {
    const { slider, replay } = this;
    const drag = (/** @type {PointerEvent} */ move) => {
      const box = slider.getBoundingClientRect();
      const share = Math.max(0, Math.min(1, (move.clientX - box.left) / box.width));
      if (replay.times) replay.go(share * replay.times.end);
    };
    slider.setPointerCapture(event.pointerId);
    slider.onpointermove = (move) => (move.buttons ? drag(move) : undefined);
    slider.onpointerup = () => (slider.onpointermove = null);
    drag(event);
  }

  update() {
    const { replay, button, slider } = this;
    const { times, at, playing, clock, slowed } = replay;
    button.disabled = !times;
    this.speed.disabled = !times;
    const words = playing ? "Pause" : "Replay how the tree grew";
    button.title = `${words} (Space)`;
    button.setAttribute("aria-label", words);
    if (this.sign.dataset.is !== String(playing)) {
      this.sign.dataset.is = String(playing);
      this.sign.replaceChildren(glyph(playing ? PAUSE : PLAY));
    }
    this.speed.value = String(replay.speed);
    const slow = slowed > 1.05 ? `1\u00d7 is ${timeWords(1 / slowed, "seconds")} of the tree a second` : "";
    this.speed.title = [slow, "slower, faster: < >"].filter(Boolean).join("; ");
    const end = times?.end ?? 1;
    const share = at === null ? 1 : at / end;
    this.thumb.style.left = `${share * 100}%`;
    slider.setAttribute("aria-valuemin", "0");
    slider.setAttribute("aria-valuemax", "100");
    slider.setAttribute("aria-valuenow", String(Math.round(share * 100)));
    const moment = times ? `${timeWords(at ?? end, clock)} of ${timeWords(end, clock)}` : "";
    slider.setAttribute("aria-valuetext", moment);
    this.now.textContent = at === null ? "" : this.brief ? timeWords(at, clock) : moment;
  }
}

/** @param {string} d */
function glyph(d) {
  return s("svg", { viewBox: "0 0 16 16", width: 11, height: 11 }, s("path", { d, fill: "currentColor" }));
}

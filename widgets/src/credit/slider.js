// A slider from 0 to 1 in hundredths; a recorded value beyond widens it.

import { h, onArrows } from "../shared/dom.js";

const ARROWS = { ArrowLeft: -0.05, ArrowDown: -0.05, ArrowRight: 0.05, ArrowUp: 0.05 };
const PAGES = { PageUp: 0.2, PageDown: -0.2, Home: -9, End: 9 };

export class Slider {
  /** @param {(value: number) => void} chosen */
  constructor(chosen) {
    this.value = 0;
    this.most = 1;
    this.thumb = h("span", { class: "thumb" });
    this.was = h("span", { class: "was" });
    const aria = { role: "slider", tabindex: 0, "aria-label": "lambda", "aria-valuemin": 0 };
    this.element = h("div", { class: "slider", ...aria }, this.was, this.thumb);
    const { element } = this;
    const choose = (/** @type {number} */ value) => {
      chosen(Math.max(0, Math.min(this.most, Math.round(value * 100) / 100)));
    };
    const at = (/** @type {PointerEvent} */ event) => {
      const box = element.getBoundingClientRect();
      choose(((event.clientX - box.left) / box.width) * this.most);
    };
    element.addEventListener("pointerdown", (event) => {
      element.setPointerCapture(event.pointerId);
      at(event);
      element.onpointermove = (move) => {
        if (move.buttons) at(move);
      };
    });
    element.addEventListener("pointerup", () => (element.onpointermove = null));
    onArrows(element, { ...ARROWS, ...PAGES }, (by) => choose(this.value + by));
  }

  /** @param {number} value @param {number | null} was recorded, if it is another */
  show(value, was) {
    this.value = value;
    this.most = Math.max(1, value, was ?? 0);
    this.thumb.style.left = `${(value / this.most) * 100}%`;
    this.was.hidden = was === null;
    if (was !== null) this.was.style.left = `${(was / this.most) * 100}%`;
    this.element.setAttribute("aria-valuemax", String(this.most));
    this.element.setAttribute("aria-valuenow", String(value));
  }
}

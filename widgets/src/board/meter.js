// The bar of progress: what is done, what is under way, where weights were kept.

import { fill, h } from "../shared/dom.js";

/** The bar of progress: what is done, what is under way, where weights were kept. */
export function meter() {
  const done = h("i", {});
  const part = h("i", { class: "going" });
  const marks = h("div", { class: "kept", "aria-hidden": "true" });
  const element = h("div", { class: "meter", role: "progressbar", "aria-label": "Training", "aria-valuemin": 0 }, done, part);
  const whole = h("div", { class: "meter-box" }, element, marks);
  let key = "";
  return {
    element: whole,
    /** @param {import("../shared/theme.js").Palette} p @param {number} share @param {number} under @param {number[]} kept @param {string} words @param {number} now @param {number} total */
    show(p, share, under, kept, words, now, total) {
      done.style.width = `${share * 100}%`;
      part.style.left = `${share * 100}%`;
      part.style.width = `${Math.max(under * 100, under ? 0.3 : 0)}%`;
      element.setAttribute("aria-valuemax", String(total));
      element.setAttribute("aria-valuenow", String(now));
      element.setAttribute("aria-valuetext", words);
      // One mark a checkpoint while they can be told apart, then the newest alone.
      const shown = kept.length > 48 ? kept.slice(-1) : kept;
      const now_ = shown.join();
      if (now_ === key) return;
      key = now_;
      fill(marks, shown.map((at_) => h("i", { style: `left: ${at_ * 100}%` })));
    },
  };
}

// The line under the tree: what tint, bar, edge and disc mean at this distance, the zoom, and Fit.

import { h, s } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { ends, valueText } from "../step/shown.js";
import { FULL_PITCH } from "./layout.js";

export class Legend {
  /** @param {() => void} fit */
  constructor(fit) {
    this.percent = h("span", { style: "white-space:nowrap" });
    this.of = h("span", {});
    this.ramp = h("span", { class: "ramp" });
    const [minus, plus] = [h("span", { class: "minus" }, "\u22121"), h("span", { class: "plus" }, "+1")];
    this.tint = key(this.of, serif("A"), minus, this.ramp, plus);
    this.value = serif("A");
    this.ends = h("span", {});
    this.scale = key("bar", this.value, this.ends);
    const wedge = s("svg", { width: 30, height: 18 }, s("path", { d: "M0 9L30 5v8z", fill: "var(--faint)" }));
    const edge = key("edge", wedge, "|", serif("wA"), "|");
    this.bar = key(h("span", { style: "width:3px;height:14px;background:var(--second)" }), "together");
    const used = "width:24px;height:2px;background:linear-gradient(90deg,var(--gauge) 60%,var(--track) 60%)";
    this.window = key(h("span", { style: used }), "window used");
    this.far = key("disc: succeeded, ring: failed");
    const title = "Show the whole tree, alike siblings folded (0)";
    const style = "height:20px;padding:0 8px";
    const button = h("button", { class: "control", style, onclick: fit, title }, "Fit");
    const keys = h("span", { class: "keys" }, this.tint, this.scale, edge, this.bar, this.window, this.far);
    this.element = h("div", { class: "legend", "aria-hidden": "true" }, keys, this.percent, button);
  }

  /**
   * @param {"near" | "middle" | "far"} kind @param {number} pitch
   * @param {import("../step/shown.js").Shown} shown
   * @param {{hidden: number, cut: number}} outside cards that are out of view, and cut by an end of it
   */
  show(kind, pitch, shown, outside) {
    put(this.percent, zoomWords(Math.round((pitch / FULL_PITCH) * 100), outside));
    this.window.hidden = kind !== "near";
    this.bar.hidden = kind === "far";
    this.far.hidden = kind !== "far";
    this.tint.hidden = shown.byReturn || !!shown.bare;
    put(this.of, kind === "far" ? "disc" : "card tint");
    this.ramp.classList.toggle("tint", kind !== "far");
    this.scale.hidden = kind !== "near" || !!shown.bare;
    put(this.value, shown.byReturn ? "R" : "A");
    put(this.ends, ends(shown).map((end) => valueText(shown, end)).join(" to "));
  }
}

/**
 * The zoom, and what of the tree is not seen at it.
 * @param {number} zoom percent @param {{hidden: number, cut: number}} outside
 */
export function zoomWords(zoom, { hidden, cut }) {
  const parts = [];
  if (hidden) parts.push(`${count(hidden)} out of view`);
  if (cut) parts.push(`${count(cut)} cut`);
  return parts.length ? `${parts.join(", ")}: drag to see \u00b7 ${zoom} %` : `${zoom} %`;
}

/** @param {HTMLElement} place @param {string} words */
function put(place, words) {
  if (place.textContent !== words) place.textContent = words;
}

/** @param {...import("../shared/dom.js").Child} parts */
function key(...parts) {
  return h("span", { class: "key" }, parts);
}

/** @param {string} words */
function serif(words) {
  return h("span", { class: "serif" }, words);
}

// What the colours and marks of tokens mean, with numbers.

import { h } from "../shared/dom.js";
import { isSigned } from "./metrics.js";

/** @typedef {import("./metrics.js").Scale} Scale */
/** @typedef {import("../shared/theme.js").Palette} Palette */

/** Steps of the drawn ramp. */
const STEPS = 24;

/**
 * @param {Palette} p @param {Scale | null} scale null: nothing is coloured
 * @param {import("./metrics.js").Given} given
 * @returns {HTMLElement[]}
 */
export function legendOf(p, scale, { tokens, shown, row }) {
  const keys = scale ? [ramp(p, scale)] : [];
  const { why, c } = shown.credit;
  const state = why[row] || Number.isNaN(c[row]) ? "untrained" : c[row] === 0 ? "level" : "trained";
  const words = { trained: "trained", level: "weight 0: trains nothing", untrained: "written, not trained" };
  if (tokens.wrote.length) keys.push(key(`w ${state}`, words[state]));
  const has = (/** @type {Uint8Array} */ column, /** @type {number} */ value) => column.includes(value);
  if (scale && isSigned(scale)) keys.push(key("w below", `below ${scale.zero}`));
  if (has(tokens.role, 3)) keys.push(key("w launch", "launch"));
  if (has(tokens.role, 1)) keys.push(key("w thought", "thought"));
  if (has(tokens.kind, 0)) keys.push(key("", "read: masked"));
  if (has(tokens.kind, 2)) keys.push(key("unused", "in no sequence"));
  if (has(tokens.kind, 3)) keys.push(key("cut-out", "cut out"));
  return keys;
}

/** @param {string} classes @param {string} words */
function key(classes, words) {
  const sample = h("span", { class: `tk ${classes}`, "aria-hidden": "true" }, "abc");
  return h("span", { class: "key" }, sample, words);
}

/** @param {Palette} p @param {Scale} scale */
function ramp(p, scale) {
  const [low, high] = scale.ends;
  const falls = high === 0; // from certain to unlikely, as its numbers run
  const at = (/** @type {number} */ t) => {
    const share = scale.root ? t * t : t;
    const place = falls ? 1 - share : share;
    return scale.log ? low * (high / low) ** place : low + place * (high - low);
  };
  const cells = [...Array(STEPS).keys()].map((step) => {
    return h("i", { style: `background:${scale.colour(p, at((step + 0.5) / STEPS))}` });
  });
  const marks = scale.marks.map(([, text]) => h("span", {}, text));
  return h("span", { class: "key tk-scale" },
    h("span", { class: "tk-ramp", "aria-hidden": "true" }, cells),
    h("span", { class: "tk-marks" }, marks),
  );
}

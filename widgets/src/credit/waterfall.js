// The waterfall: s, what the children add, R, the baseline, A, and the wedge of the weight.

import { plain, signed } from "../shared/format.js";
import { s } from "../shared/dom.js";
import { signRole } from "./words.js";

/** @typedef {import("../app/app.js").App} App */

/** Middle of each column at a width of 796. */
const MIDDLES = { s: 62, bonus: 170, R: 278, b: 436, A: 544, c: 726 };
const BAR = 64;
const TOP = 50;
const HIGH = 172;
let made = 0;

/**
 * @param {App} app @param {number} row @param {import("./words.js").Sources} from @param {number} width
 * @returns {SVGElement}
 */
export function waterfall(app, row, from, width) {
  const step = /** @type {import("../step/store.js").Step} */ (app.step);
  const credit = /** @type {import("../step/types.js").CreditColumns} */ (app.rule.credit);
  const config = app.config;
  const own = step.s[row];
  const bonus = credit.bonus[row];
  const R = credit.R[row];
  const byRoot = config.estimator === "rao_root_adv" || config.estimator === "root_only";
  const start = byRoot ? credit.R[step.rootOf[from.tree]] : R;
  const b = credit.b[row];
  const A = credit.A[row];
  const c = credit.c[row];
  const w = credit.w[row];
  const known = [0, own, R, start, start - b, A, c].filter((value) => Number.isFinite(value));
  const high = Math.max(0.25, ...known);
  const low = Math.min(0, ...known);
  const pad = (high - low) * 0.1;
  const ticks = gridFor(low - pad, high + pad);
  const top = Math.max(high + pad * 0.6, ticks[ticks.length - 1]);
  const bottom = Math.min(low - pad * 0.6, ticks[0]);
  const y = (/** @type {number} */ value) => TOP + ((top - value) / (top - bottom)) * HIGH;
  const scale = width / 796;
  const x = (/** @type {keyof typeof MIDDLES} */ name) => MIDDLES[name] * scale;
  const bar = Math.min(BAR, BAR * scale);
  const hatch = `hatch${(made += 1)}`;
  const parts = [
    s("defs", {}, s("pattern", { id: hatch, width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, s("path", { d: "M0 0V5", stroke: "var(--faint)", "stroke-width": 1.4 }))),
    ...ticks.map((tick) => s("g", {}, s("path", { d: `M0 ${Math.round(y(tick)) + 0.5}H${width}`, stroke: tick === 0 ? "var(--second)" : "var(--rule)" }), s("text", { x: 0, y: y(tick) - 4, "font-size": 10, fill: "var(--label)" }, tick === 0 ? "0" : signed(tick, Math.abs(tick % 0.5) > 1e-9 ? 2 : 1)))),
  ];
  /** @param {keyof typeof MIDDLES} name @param {(string | SVGElement)[]} symbol @param {number} value @param {string} words @param {string} [role] */
  const head = (name, symbol, value, words, role) => {
    const colour = role === "plus" ? "var(--plus)" : role === "minus" ? "var(--minus)" : "var(--text)";
    parts.push(s("text", { class: "sym", x: x(name), y: 15, "text-anchor": "middle", "font-size": 17, fill: "var(--text)" }, ...symbol));
    parts.push(s("text", { x: x(name), y: 34, "text-anchor": "middle", "font-size": Number.isNaN(value) ? 11 : 13, "font-weight": Number.isNaN(value) ? 400 : 600, fill: Number.isNaN(value) ? "var(--label)" : colour }, Number.isNaN(value) ? "none" : words));
  };
  const block = (/** @type {keyof typeof MIDDLES} */ name, /** @type {number} */ a, /** @type {number} */ z, /** @type {string} */ fill, /** @type {Record<string, any>} */ more = {}) => {
    if (Number.isNaN(a) || Number.isNaN(z)) return;
    const upper = Math.min(y(a), y(z));
    const tall = Math.abs(y(a) - y(z));
    if (tall < 1) parts.push(s("rect", { x: x(name) - bar / 2, y: upper - 1.5, width: bar, height: 3, rx: 1, fill: "var(--text)" }));
    else parts.push(s("rect", { x: x(name) - bar / 2, y: upper, width: bar, height: tall, rx: 2, fill, ...more }));
  };
  const join = (/** @type {keyof typeof MIDDLES} */ a, /** @type {keyof typeof MIDDLES} */ z, /** @type {number} */ value) => {
    if (!Number.isNaN(value)) parts.push(s("path", { d: `M${x(a) + bar / 2} ${y(value)}H${x(z) - bar / 2}`, stroke: "var(--second)", "stroke-dasharray": "2 2" }));
  };
  const bonusName = { mean: "s", min: "min s", capped_sum: "\u03a3 s" }[config.bonus];
  head("s", ["s"], own, plain(own, Number.isInteger(own) ? 0 : 3));
  head("bonus", config.bonus === "mean" ? ["+ \u03bb s"] : [`+ \u03bb ${bonusName}`], Number.isNaN(own) ? NaN : bonus, signed(bonus, 3));
  head("R", ["R"], R, plain(R, 3));
  head("b", ["\u2212 b"], b, signed(-b, 3));
  head("A", ["A"], A, signed(A, 3), signRole(A));
  head("c", ["w A"], c, signed(c, 3), signRole(c));
  if (config.bonus === "mean") parts.push(s("path", { d: `M${x("bonus") + 11} 5h6`, stroke: "var(--text)", "stroke-width": 1.1 })); // s with a bar: the mean
  join("s", "bonus", own);
  join("bonus", "R", R);
  if (!byRoot) join("R", "b", R);
  else if (Number.isFinite(start) && !Number.isNaN(b)) parts.push(s("text", { x: x("b") - bar / 2 - 4, y: y(start) + 3, "font-size": 10, "text-anchor": "end", fill: "var(--label)" }, "root\u2019s R"));
  if (!config.std) join("b", "A", start - b);
  block("s", 0, own, "var(--seq2)");
  if (Number.isFinite(own)) block("bonus", own, own + bonus, "var(--seq2)");
  block("R", 0, R, "var(--seq4)");
  if (config.baseline !== "none") block("b", start, start - b, `url(#${hatch})`, { stroke: "var(--second)", "stroke-width": 1 });
  else block("b", start, start, "none");
  const signedFill = A < 0 ? "var(--barMinus)" : "var(--barPlus)";
  if (Number.isFinite(A) && Number.isFinite(c) && Math.abs(A) > 1e-9) {
    const left = x("A") + bar / 2;
    const right = x("c") - bar / 2;
    parts.push(s("path", { d: `M${left} ${y(0)}H${right}V${y(c)}L${left} ${y(A)}z`, fill: signedFill, opacity: 0.14 }), s("path", { d: `M${left} ${y(A)}L${right} ${y(c)}`, stroke: "var(--second)", "stroke-dasharray": "2 2" }));
    const middle = (y(0) + (y(A) + y(c)) / 2) / 2;
    parts.push(s("text", { x: (left + right) / 2, y: middle + 4, "text-anchor": "middle", "font-size": 12, "font-weight": 600, fill: "var(--text)", stroke: "var(--page)", "stroke-width": Math.abs(y(0) - y(A)) < 18 ? 3 : 0, "paint-order": "stroke" }, `\u00d7 ${plain(w, 3)}`));
  }
  block("A", 0, A, signedFill);
  block("c", 0, c, signedFill);
  ghosts(app, row, parts, { x, y, bar });
  const words = `s ${plain(own, 3)}, bonus ${signed(bonus, 3)}, R ${plain(R, 3)}, baseline ${plain(b, 3)}, advantage ${signed(A, 3)}, weight ${plain(w, 3)}, coefficient ${signed(c, 3)}`;
  return s("svg", { class: "waterfall", width, height: TOP + HIGH + 10, role: "img", "aria-label": words, style: "flex:none" }, ...parts);
}

/** In a what-if, where the recorded numbers stood. @param {App} app @param {number} row @param {SVGElement[]} parts @param {{x: (name: keyof typeof MIDDLES) => number, y: (value: number) => number, bar: number}} at */
function ghosts(app, row, parts, { x, y, bar }) {
  const was = app.rule.recorded;
  const now = app.rule.credit;
  if (!app.rule.other || !was || !now) return;
  for (const name of /** @type {const} */ (["R", "A", "c"])) {
    const value = was[name][row];
    if (Number.isNaN(value) || Math.abs(value - now[name][row]) < 5e-4) continue;
    parts.push(s("path", { d: `M${x(name) - bar / 2 - 5} ${y(value)}h${bar + 10}`, stroke: "var(--second)", "stroke-width": 1.4, "stroke-dasharray": "3 2" }), s("text", { x: x(name) + bar / 2 + 7, y: y(value) + 3, "font-size": 10, fill: "var(--label)" }, "recorded"));
  }
}

/** Round lines that cover a range. @param {number} low @param {number} high */
function gridFor(low, high) {
  const range = high - low;
  const each = [0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50].find((size) => range / size <= 4.2) ?? range / 3;
  const ticks = [];
  for (let at = Math.ceil(low / each - 1e-9) * each; at <= high + 1e-9; at += each) ticks.push(Math.abs(at) < 1e-9 ? 0 : at);
  return ticks.length ? ticks : [0];
}

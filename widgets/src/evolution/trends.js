// What the trees of a column have become, over steps: small plots with the chosen step and the pinned one.

import { ticks } from "../shared/axis.js";
import { h, s } from "../shared/dom.js";
import { percent, plain } from "../shared/format.js";

/** @typedef {import("./data.js").Figures} Figures */

/**
 * @typedef {object} Trend
 * @property {"solved" | "nodes" | "depth" | "fan_out" | "together" | "delegating"} name
 * @property {string} title
 * @property {string} about what it is the mean or the share of
 * @property {boolean} share from 0 to 1
 */

/** @type {Trend[]} */
export const TRENDS = [
  { name: "solved", title: "Solved", about: "mean s of the roots; band: 95 % over trees", share: true },
  { name: "nodes", title: "Nodes", about: "mean of a tree", share: false },
  { name: "depth", title: "Depth", about: "mean of a tree", share: false },
  { name: "fan_out", title: "Fan-out", about: "children of an agent that delegates", share: false },
  { name: "together", title: "Together", about: "share of launched agents beside another", share: true },
  { name: "delegating", title: "Delegate", about: "share of agents that launch any", share: true },
];

const HIGH = 46;
const LEFT = 26;
const RIGHT = 6;
/** Up to so many steps each has a dot. */
const DOTS = 40;

/** @param {Trend} trend @param {number | null} value */
function figureOf({ share, name }, value) {
  if (value === null) return "\u2013";
  return share && name !== "solved" ? percent(value, 0) : plain(value);
}

/**
 * @param {Trend} trend @param {Figures[]} rows in the order of the steps
 * @param {{
 *   steps: number[], chosen: number, pinned: number, from: number, to: number, width: number, u: number
 * }} how `from` and `to` are the ends of what is in view; equal: all is
 * @param {(step: number) => void} choose
 */
export function trendPlot(trend, rows, how, choose) {
  const { steps, chosen, pinned, u, width } = how;
  const known = rows.filter((row) => row[trend.name] !== null);
  const value = (/** @type {Figures} */ row) => row[trend.name] ?? 0;
  const most = trend.share ? 1 : Math.max(1, Math.ceil(Math.max(0, ...known.map(value))));
  const [first, last] = [steps[0], Math.max(steps[0] + 1, steps[steps.length - 1])];
  const [left, right, high] = [LEFT * u, width - RIGHT * u, HIGH * u];
  const x = (/** @type {number} */ step) => left + ((step - first) / (last - first)) * (right - left);
  const y = (/** @type {number} */ at) => high - 3 - (at / most) * (high - 9);
  const place = (/** @type {number} */ step, /** @type {number} */ at) =>
    `${x(step).toFixed(1)} ${y(at).toFixed(1)}`;
  const view = `M${x(how.from)} ${high + 2}H${x(how.to)}`;
  const line = { d: pathOf(known.map((row) => place(row.step, value(row)))), stroke: "var(--seq4)" };
  const told = known.length <= DOTS ? known : known.filter(({ step }) => step === chosen || step === pinned);
  const svg = s("svg", { width, height: high + 6, class: "trend", "aria-hidden": "true" },
    ...rules(trend, most, left, right, y, u),
    trend.name === "solved" ? band(known, place) : null,
    how.from === how.to ? null : s("path", { d: view, stroke: "var(--strong)", "stroke-width": 3 }),
    upright(x(pinned), high, true),
    upright(x(chosen), high, false),
    s("path", { ...line, fill: "none", "stroke-width": 1.6, "stroke-linejoin": "round" }),
    ...told.map((row) => {
      const r = row.step === chosen ? 3.2 : 1.9;
      return s("circle", { cx: x(row.step), cy: y(value(row)), r, fill: "var(--seq4)" });
    }),
  );
  onDrag(svg, (at) => choose(first + ((at - left) / (right - left)) * (last - first)));
  return h("div", { class: "plot", title: trend.about }, caption(trend, rows, chosen, pinned), svg);
}

/**
 * The value at the pinned step and at the chosen one.
 * @param {Trend} trend @param {Figures[]} rows @param {number} chosen @param {number} pinned
 */
function caption(trend, rows, chosen, pinned) {
  const at = (/** @type {number} */ step) => {
    return figureOf(trend, rows.find((row) => row.step === step)?.[trend.name] ?? null);
  };
  const before = chosen === pinned ? null : h("span", { class: "label" }, `${at(pinned)} \u2192\u00a0`);
  return h("div", { class: "cap" }, h("b", {}, trend.title), h("span", {}, before, h("b", {}, at(chosen))));
}

/** @param {SVGElement} svg @param {(x: number) => void} went to px from its left */
function onDrag(svg, went) {
  const ask = (/** @type {PointerEvent} */ event) => went(event.clientX - svg.getBoundingClientRect().left);
  svg.addEventListener("pointerdown", ask);
  svg.addEventListener("pointermove", (event) => {
    if (event.buttons & 1) ask(event);
  });
}

/** @param {string[]} places */
function pathOf(places) {
  return places.length ? `M${places.join("L")}` : "";
}

/**
 * @param {Trend} trend @param {number} most @param {number} left @param {number} right
 * @param {(value: number) => number} y @param {number} u
 */
function rules(trend, most, left, right, y, u) {
  const marks = trend.share ? [0, 0.5, 1] : ticks(0, most, 2, true);
  return marks.flatMap((mark) => {
    const at = Math.round(y(mark)) + 0.5;
    const words = trend.share && trend.name !== "solved" ? `${mark * 100}` : String(mark);
    const type = { "text-anchor": "end", "font-size": 10 * u, fill: "var(--label)", dy: "0.34em" };
    return [
      s("path", { d: `M${left} ${at}H${right}`, stroke: "var(--rule)" }),
      s("text", { x: left - 5 * u, y: at, ...type }, words),
    ];
  });
}

/** @param {Figures[]} known @param {(step: number, value: number) => string} place */
function band(known, place) {
  const rows = known.filter(({ low, high }) => low !== null && high !== null);
  if (rows.length < 2) return null;
  const top = rows.map((row) => place(row.step, row.high ?? 0));
  const foot = rows.map((row) => place(row.step, row.low ?? 0)).reverse();
  return s("path", { d: `${pathOf([...top, ...foot])}Z`, fill: "var(--seq3)", opacity: 0.2 });
}

/** @param {number} x @param {number} high @param {boolean} dashed */
function upright(x, high, dashed) {
  const at = Math.round(x) + 0.5;
  const dash = { "stroke-dasharray": dashed ? "2 2" : null };
  return s("path", { d: `M${at} 1V${high - 3}`, stroke: "var(--text)", ...dash });
}

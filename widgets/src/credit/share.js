// How much of the update a node carries: among all nodes of the step, and among those of its tree.

import { h, s } from "../shared/dom.js";
import { count, percent, plain, signed } from "../shared/format.js";
import { boxed } from "./origins.js";
import { signRole, wholeWords } from "./words.js";

/** @typedef {import("../step/shown.js").Shown} Shown */

/** px of the histogram, and free above its highest bar. */
const HIGH = 140;
const FREE = 22;
/** Nodes listed, and nodes in the strip above the list. */
const LISTED = 4;
const STRIP = 80;

/**
 * Where the node stands among all of the step, by |wA|.
 * @param {Shown} shown @param {number} row @param {number} width
 */
export function shareBox({ step, credit }, row, width) {
  const sizes = Array.from(credit.c.subarray(0, step.n), Math.abs).filter((size) => !Number.isNaN(size));
  const own = Math.abs(credit.c[row]);
  const share = credit.share[row];
  const trained = !Number.isNaN(own);
  const words = trained ? percent(share, share < 0.01 ? 3 : 1) : "none";
  const head = [
    h("div", { class: "serif", style: "font-size:calc(var(--unit)*1.31)" }, "share"),
    h("b", { class: trained ? signRole(credit.c[row]) : "label" }, words),
  ];
  const whole = wholeWords(step);
  if (!trained) return h("div", {}, head, h("div", { class: "label" }, `of the loss weight of ${whole}`));
  const average = `${plain(share * sizes.length, 2)} \u00d7 the average node`;
  const picture = histogram(sizes, own, credit.c[row] < 0, width, whole);
  return h("div", {}, head, h("div", { class: "label" }, average), picture);
}

/**
 * @param {number[]} sizes @param {number} own @param {boolean} minus @param {number} width
 * @param {string} whole whose nodes they are
 */
function histogram(sizes, own, minus, width, whole) {
  sizes.sort((a, b) => a - b);
  const usual = sizes[Math.floor(sizes.length * 0.985)] ?? 1;
  const most = Math.max(0.1, Math.ceil(usual * 10) / 10);
  const bins = Array(Math.max(10, Math.min(26, Math.floor(width / 6.5)))).fill(0);
  const binOf = (/** @type {number} */ size) =>
    Math.min(bins.length - 1, Math.floor((size / most) * bins.length));
  for (const size of sizes) bins[binOf(size)] += 1;
  const top = Math.max(...bins);
  const each = width / bins.length;
  const colour = minus ? "var(--barMinus)" : "var(--barPlus)";
  const bars = bins.map((number, i) => {
    const height = (number / top) * (HIGH - FREE);
    const box = { x: i * each + 0.4, width: Math.max(0.5, each - 0.8), y: HIGH - height, height };
    return s("rect", { ...box, fill: i === binOf(own) ? colour : "var(--strong)" });
  });
  const x = Math.min(width - 1, (own / most) * width);
  const left = x > width - 64; // there is no room at its right
  const name = { x: left ? x - 7 : x + 7, y: 8, "font-size": 11, "text-anchor": left ? "end" : "start" };
  const foot = { y: HIGH + 14, "font-size": 10, fill: "var(--label)" };
  const label = `${count(sizes.length)} nodes of ${whole} by size of their coefficient`;
  return s("svg", { width, height: HIGH + 30, role: "img", "aria-label": label, style: "margin-top:18px" },
    ...bars,
    s("path", { d: `M0 ${HIGH + 0.5}H${width}`, stroke: "var(--second)" }),
    s("path", { d: `M${x} 4V${HIGH}`, stroke: colour, "stroke-width": 1.8 }),
    s("circle", { cx: x, cy: 4, r: 3, fill: colour }),
    s("text", { ...name, fill: minus ? "var(--minus)" : "var(--plus)" }, "this node"),
    s("text", { x: 0, ...foot }, "0"),
    s("text", { x: width / 2, ...foot, "text-anchor": "middle" }, `|wA|, ${count(sizes.length)} nodes`),
    s("text", { x: width, ...foot, "text-anchor": "end" }, `\u2265 ${plain(most, 1)}`),
  );
}

/**
 * The nodes of its tree by what they weigh.
 * @param {Shown} shown @param {number} row @param {(row: number, limit: number) => string} goal
 * @param {(row: number) => void} open
 */
export function treeBox({ step, credit }, row, goal, open) {
  const rows = step.walk(step.tree[row]).filter((at) => !Number.isNaN(credit.c[at]));
  const title = step.trees.length > 1 ? `This tree in ${wholeWords(step)}` : "This tree";
  if (!rows.length) return boxed(title, h("div", { class: "label" }, "None of its nodes is trained."));
  const heavy = [...rows].sort((a, b) => Math.abs(credit.c[b]) - Math.abs(credit.c[a]));
  const listed = heavy.slice(0, LISTED);
  if (rows.includes(row) && !listed.includes(row)) listed.splice(LISTED - 1, 1, row);
  const lines = listed.map((at) => {
    const here = at === row;
    return h(
      "button",
      {
        class: "source",
        "data-at": `node${at}`,
        style: here ? "font-weight:600" : "",
        onclick: () => open(at),
      },
      h("span", { class: "path", style: here ? "color:inherit" : "" }, step.path(at)),
      h("span", { class: "cut grow" }, goal(at, 30)),
      h("span", { class: signRole(credit.c[at]) }, signed(credit.c[at], 3)),
    );
  });
  return boxed(title, weightStrip(credit, heavy.slice(0, STRIP), row), lines);
}

/** Each as wide as its weight. @param {Shown["credit"]} credit @param {number[]} rows @param {number} row */
function weightStrip({ c, share }, rows, row) {
  const total = rows.reduce((sum, at) => sum + share[at], 0) || 1;
  let left = 0;
  const cells = rows.map((at) => {
    const width = (share[at] / total) * 100;
    const here = at === row;
    const tall = here ? { y: 0.5, height: 17 } : { y: 2, height: 14 };
    const [minus, plus] = here ? ["--barMinus", "--barPlus"] : ["--ramp2", "--ramp4"];
    const box = { x: left, width: Math.max(0.1, width - 0.4), ...tall };
    left += width;
    return s("rect", { ...box, fill: `var(${c[at] < 0 ? minus : plus})` });
  });
  const frame = { viewBox: "0 0 100 18", preserveAspectRatio: "none", width: "100%", height: 18 };
  return s("svg", { ...frame, "aria-hidden": "true", style: "margin-bottom:6px" }, ...cells);
}

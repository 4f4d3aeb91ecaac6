// How much of the update each depth makes: bars and figures, with weights of depth and without, and what is
// seen in a sentence.

import { fill, h, s } from "../shared/dom.js";
import { count, percent, plain } from "../shared/format.js";
import { roundUp, ticks } from "../shared/axis.js";
import { depthFacts } from "./depths.js";
import { depthSentence, unbroken } from "./words.js";

/** @typedef {import("./depths.js").Depths} Depths */
/** @typedef {import("./depths.js").DepthFact} DepthFact */
/** @typedef {import("../step/shown.js").Shown} Shown */

/** px at the base size of type: rows, roomy or close, and what stands above and below them. */
const ROW = { roomy: 34, close: 23 };
const AROUND = 66;
/** px that a figure of the axis takes, with the gap to the next. */
const LABEL = 36;
/** More depths than these scroll. */
const SEEN = 8;

export class SharePanel {
  constructor() {
    this.cap = h("div", { class: "cap" });
    this.table = h("table", {});
    this.words = h("p", { class: "seen" });
    const body = h("div", { class: "by-depth" }, this.table);
    this.element = h("div", { class: "share-of" }, this.cap, h("div", { class: "beside" }, body, this.words));
    /** @type {Depths} */
    this.depths = { rows: [], weighted: true, trained: 0, total: 0 };
    this.key = "";
    this.draw = () => {};
    // Type that comes late widens the figures, and the plot has less room than it was drawn for.
    this.watch = new ResizeObserver(() => requestAnimationFrame(() => this.draw()));
  }

  /** The step or its credit is another. @param {Shown} shown */
  count(shown) {
    this.depths = depthFacts(shown);
    this.key = "";
  }

  /**
   * @param {Shown} shown @param {number} free px that it may take @param {number} u unit of type
   * @param {string} whole what it counts, if that may be a part of a step
   */
  update(shown, free, u, whole) {
    const { depths } = this;
    this.element.hidden = !depths.trained;
    if (!depths.trained) return;
    const roomy = (depths.rows.length * ROW.roomy + AROUND) * u <= free;
    const pitch = (roomy ? ROW.roomy : ROW.close) * u;
    const key = [this.element.clientWidth, pitch, u, whole].join();
    if (key === this.key) return;
    this.key = key;
    const { step } = shown;
    const trained = step.n === depths.trained ? "" : `${count(depths.trained)} trained of `;
    const where = step.step > 0 && !step.alone ? `step ${step.step}` : whole;
    const off = depths.weighted ? "weights off" : "weights on";
    fill(this.cap,
      h("b", {}, "Gradient share by depth"),
      h("span", { class: "of" }, `${where}, ${trained}${count(step.n)} nodes`),
      h("span", { class: "key label" }, swatch("minus"), "made less likely"),
      h("span", { class: "key label" }, swatch("plus"), "made more likely"),
      h("span", { class: "key label" }, swatch("off"), off),
      shown.other ? h("span", { class: "label" }, "same rollouts, other credit") : null,
    );
    this.element.style.setProperty("--row", `${pitch}px`);
    this.element.style.setProperty("--seen", String(Math.min(SEEN, depths.rows.length)));
    const plot = h("td", { class: "plot", rowspan: depths.rows.length });
    fill(this.table, tableParts(depths, off, plot));
    const words = unbroken(depthSentence(depths));
    if (this.words.textContent !== words) this.words.textContent = words;
    let drawn = 0;
    this.draw = () => {
      const width = plot.clientWidth;
      if (width && width !== drawn) fill(plot, bars(depths, width, pitch, u));
      drawn = width;
    };
    this.draw();
    this.watch.disconnect();
    this.watch.observe(plot);
  }
}

/** @param {"minus" | "plus" | "off"} kind */
function swatch(kind) {
  return h("i", { class: kind, "aria-hidden": "true" });
}

/** @param {Depths} depths @param {string} off @param {HTMLElement} plot */
function tableParts({ rows, weighted }, off, plot) {
  const head = ["share", off, "nodes"];
  const w = h("th", { scope: "col" }, h("span", { class: "serif" }, "w"));
  const lines = rows.map((row, at) => {
    return h("tr", {},
      h("th", { scope: "row" }, `depth ${row.depth}`),
      at === 0 ? plot : null,
      h("td", {}, h("b", {}, percent(row.share))),
      h("td", { class: "second" }, percent(row.other)),
      h("td", {}, count(row.nodes)),
      h("td", {}, h("b", {}, weighted ? weightWords(row) : "1")),
    );
  });
  return [
    h("thead", {},
      h("tr", {}, h("td", {}), h("td", {}), head.map((name) => h("th", { scope: "col" }, name)), w),
    ),
    h("tbody", {}, lines),
  ];
}

/** One weight, or the least and the largest if each task has its own. @param {DepthFact} row */
function weightWords({ low, high }) {
  if (high - low < 5e-4) return plain(low, 3);
  return `${plain(low, 1)} to ${plain(high, 1)}`;
}

/** @param {Depths} depths @param {number} width @param {number} pitch px @param {number} u */
function bars({ rows }, width, pitch, u) {
  const most = rows.reduce((so, { share, other }) => Math.max(so, share, other), 0.05);
  const end = Math.min(1, roundUp(most, 5));
  const x = (/** @type {number} */ share) => (share / end) * (width - 16 * u);
  const foot = rows.length * pitch;
  const thick = Math.min(18 * u, pitch - 8 * u);
  const even = x(1 / rows.length);
  const figure = { y: foot + 14 * u, class: "axis", "text-anchor": "middle" };
  const room = Math.max(1, Math.min(5, Math.floor(x(end) / (LABEL * u))));
  const ends = x(end) < LABEL * u ? [end] : [0, end]; // two figures would meet
  const grid = (room > 1 ? ticks(0, end, room) : ends).map((mark) => [
    s("path", { d: `M${x(mark)} 0V${foot}`, stroke: "var(--rule)" }),
    s("text", { x: Math.max(9 * u, x(mark)), ...figure }, percent(mark, 0)),
  ]);
  const marks = rows.flatMap(({ minus, share, other }, at) => {
    const y = at * pitch + (pitch - thick) / 2;
    const off = { x: 0.5, y: y - 3 * u, width: Math.max(0, x(other)), height: thick + 6 * u, rx: 2 };
    const dash = { fill: "none", stroke: "var(--text)", "stroke-dasharray": "3 2.5", "stroke-width": 1 };
    const plus = { x: x(minus), width: Math.max(0, x(share) - x(minus)) };
    return [
      s("rect", { x: 0, y, width: x(minus), height: thick, fill: "var(--barMinus)" }),
      s("rect", { ...plus, y, height: thick, fill: "var(--barPlus)" }),
      s("rect", { ...off, ...dash }),
    ];
  });
  const line = { stroke: "var(--second)", "stroke-dasharray": "3 3", d: `M${even} ${-4 * u}V${foot}` };
  return s("svg", { width, height: foot + 18 * u, "aria-hidden": "true" },
    ...grid.flat(),
    ...marks,
    rows.length > 1 ? s("path", line, s("title", {}, "equal shares")) : null,
  );
}

// Runs that are drawn over each other: what each is called, how it is drawn, and the settings that differ.

import { fill, h, s } from "../shared/dom.js";
import { count, many } from "../shared/format.js";
import { CORNERS, DASHES, MARKS } from "./pens.js";
import { curvesOf, isFew } from "./series.js";

/** @typedef {import("./measures.js").RunCurves} RunCurves */
/** @typedef {{names: string[], runs: any[], differ: [string, string[]][]}} Beside as the kernel tells it */

/** Settings that are said before "more". */
const SAID = 3;

/**
 * All runs that are drawn, the one of this Explorer first.
 * @param {import("./series.js").Curves} own @param {Beside | null} beside @param {string[]} difficulties
 * @returns {RunCurves[]}
 */
export function runsOf(own, beside, difficulties) {
  if (!beside?.runs?.length) return [{ name: "", curves: own }];
  const others = beside.runs.map((raw, i) => {
    return { name: beside.names[i + 1], curves: curvesOf(raw, difficulties) };
  });
  return [{ name: beside.names[0], curves: own }, ...others];
}

/** The line over the plots: each run with its stroke, or its mark if plots are points, then what differs. */
export class RunBar {
  constructor() {
    this.runs = h("div", { class: "runs" });
    this.table = h("div", { class: "differ" });
    this.fold = h("details", { class: "differences" }, h("summary", {}), this.table);
    this.element = h("div", { class: "beside-bar", hidden: true }, this.runs, this.fold);
    this.key = "";
  }

  /** @param {Beside | null} beside @param {string} why there is none @param {RunCurves[]} runs */
  show(beside, why, runs) {
    this.element.hidden = runs.length < 2 && !why;
    const known = runs.map(({ curves }) => curves.step.length);
    const few = runs.every(({ curves }) => isFew(curves));
    const key = JSON.stringify([beside?.names, beside?.differ, why, known, few]);
    if (this.element.hidden || key === this.key) return;
    this.key = key;
    this.fold.hidden = !beside?.differ.length;
    if (runs.length < 2) {
      fill(this.runs, h("span", { class: "label" }, `The other runs are not here: ${why}`));
      return;
    }
    const differ = beside?.differ ?? [];
    fill(this.runs, runs.map(({ name, curves }, i) => {
      const steps = h("span", { class: "label" }, many(curves.step.length, "step"));
      return h("span", { class: "run" }, few ? mark(i) : stroke(i), h("b", {}, name), steps);
    }), differ.length ? null : h("span", { class: "label" }, "the same settings"));
    const summary = /** @type {HTMLElement} */ (this.fold.firstElementChild);
    const said = differ.slice(0, SAID).map(([name, values]) => `${name} ${values.join(" | ")}`);
    const more = differ.length - said.length;
    const rest = more > 0 ? `; ${count(more)} more` : "";
    fill(summary, `Settings that differ: ${said.join("; ")}${rest}`);
    const head = ["setting", ...runs.map(({ name }) => name)];
    fill(this.table, h("table", {},
      h("thead", {}, h("tr", {}, head.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, differ.map(([name, values]) => {
        return h("tr", {}, h("th", { scope: "row" }, name), values.map((value) => h("td", {}, value)));
      })),
    ));
  }
}

/** How the points of a run are drawn. @param {number} run */
function mark(run) {
  const corners = CORNERS[MARKS[run % MARKS.length]];
  const points = corners?.map(([x, y]) => `${6 + 4 * x},${6 + 4 * y}`).join(" ");
  const ink = { fill: "var(--seq4)" };
  const shape = corners ? s("polygon", { points, ...ink }) : s("circle", { cx: 6, cy: 6, r: 4, ...ink });
  return s("svg", { width: 12, height: 12, "aria-hidden": "true" }, shape);
}

/** How the curves of a run are drawn. @param {number} run */
function stroke(run) {
  const dash = DASHES[run % DASHES.length].join(" ");
  const pen = { stroke: "var(--seq4)", "stroke-width": 2, "stroke-dasharray": dash };
  const frame = { width: 30, height: 8, "aria-hidden": "true" };
  return s("svg", frame, s("line", { x1: 0, x2: 30, y1: 4, y2: 4, ...pen }));
}

// A pile as a row of the outline: how many, what they were asked, how they ended, every advantage as a tick.

import { count, plain, signed } from "../shared/format.js";
import { h, s } from "../shared/dom.js";
import { outcomeWords } from "../step/summary.js";
import { outcomeParts, short, tickPlaces } from "../tree/pilecards.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("../step/piles.js").Pile} Pile */

/** @param {App} app @param {import("./rows.js").OutlineRow} row */
export function pileCells(app, row) {
  const pile = /** @type {Pile} */ (app.place.piles.all.get(row.id));
  const { summary, goal } = app.summary(pile);
  const { byReturn } = app.rule;
  const number = byReturn ? plain : signed;
  const range = summary.known ? `, ${byReturn ? "reward" : "advantage"} ${number(summary.low)} to ${number(summary.high)}, mean ${number(summary.mean)}` : ", not scored";
  const some = pile.open && pile.fallen ? `, ${summary.fallen.length} that fell short shown` : "";
  const colour = !summary.known ? " label" : byReturn ? "" : summary.mean > 0.004 ? " plus" : summary.mean < -0.004 ? " minus" : "";
  return {
    label: `${count(pile.rows.length)} alike, ${goal}: ${outcomeWords(summary)}${range}${row.together ? ", launched together" : ""}${some}`,
    cells: [
      h("span", { class: "pile-count", "aria-hidden": "true" }, short(pile.rows.length)),
      h("span", { class: "goal", title: goal }, goal),
      outcomeBar(summary, pile.rows.length),
      tickStrip(app, pile.rows, app.view === "icicle" ? 76 : 38),
      app.view === "icicle" ? null : h("span", { class: `value${colour}` }, summary.known ? number(summary.mean) : "\u2013"),
    ],
  };
}

/** @param {import("../step/summary.js").Summary} summary @param {number} all @param {number} [width] */
export function outcomeBar(summary, all, width = 44) {
  let left = 0;
  const parts = outcomeParts(summary, all).map(({ colour, share, hollow }) => {
    const x = left;
    left += share * width;
    const wide = Math.max(1, share * width - 1);
    return s("rect", hollow ? { x: x + 0.5, y: 3.5, width: Math.max(0.5, wide - 1), height: 5, fill: "none", stroke: `var(--${colour})` } : { x, y: 3, width: wide, height: 6, fill: `var(--${colour})` });
  });
  return s("svg", { class: "outcomes", width, height: 12, "aria-hidden": "true" }, ...parts);
}

/** @param {App} app @param {number[]} rows @param {number} width */
function tickStrip(app, rows, width) {
  const { rule, step } = app;
  const values = step ? rule.values(step) : [];
  const low = rule.byReturn ? 0 : -rule.scale;
  const high = rule.byReturn ? 1 + app.config.lam : rule.scale;
  const ticks = tickPlaces(rows, values, width, low, high).map(({ at, value }) => s("path", { d: `M${at} 2v8`, "stroke-width": 1.6, stroke: rule.byReturn ? "var(--seq3)" : value < 0 ? "var(--barMinus)" : "var(--barPlus)" }));
  const zero = rule.byReturn ? null : s("path", { d: `M${width / 2} 0.5v11`, stroke: "var(--second)", "stroke-width": 1 });
  return s("svg", { class: "mini", width, height: 12, "aria-hidden": "true" }, s("path", { d: `M0 6h${width}`, stroke: "var(--track)", "stroke-width": 2 }), ...ticks, zero);
}

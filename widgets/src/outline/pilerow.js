// A pile as a row of the outline: how many, what they were asked, how they ended, every advantage as a tick.

import { h, s } from "../shared/dom.js";
import { count, short, signClass } from "../shared/format.js";
import { ends, valueText } from "../step/shown.js";
import { outcomeParts, outcomeWords, tickPlaces } from "../step/summary.js";

/** @typedef {import("../step/piles.js").Pile} Pile */
/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {import("../step/summary.js").Summary} Summary */

/**
 * @param {Shown} shown @param {Pile} pile @param {{summary: Summary, goal: string}} alike
 * @param {boolean} together launched in one go @param {boolean} whole the whole step is listed
 */
export function pileCells(shown, pile, { summary, goal }, together, whole) {
  const { byReturn } = shown;
  const text = (/** @type {number} */ value) => valueText(shown, value);
  const { low, high, mean } = summary;
  const range = `${byReturn ? "reward" : "advantage"} ${text(low)} to ${text(high)}, mean ${text(mean)}`;
  const colour = !summary.known ? "label" : byReturn ? "" : signClass(mean);
  const value = summary.known ? text(mean) : "\u2013";
  return {
    label: [
      `${count(pile.rows.length)} alike`,
      `${goal}: ${outcomeWords(summary)}`,
      ...(summary.known ? [range] : []),
      ...(together ? ["launched together"] : []),
      ...(pile.open && pile.fallen ? [`${summary.fallen.length} that fell short shown`] : []),
    ].join(", "),
    cells: [
      h("span", { class: "pile-count", "aria-hidden": "true" }, short(pile.rows.length)),
      h("span", { class: "goal", title: goal }, goal),
      outcomeBar(summary, pile.rows.length),
      tickStrip(shown, pile.rows, whole ? 76 : 38),
      whole ? null : h("span", { class: `value${colour ? ` ${colour}` : ""}` }, value),
    ],
  };
}

/** @param {Summary} summary @param {number} all */
function outcomeBar(summary, all) {
  const width = 44;
  let left = 0;
  const parts = outcomeParts(summary, all).map(({ colour, share, hollow }) => {
    const x = left;
    left += share * width;
    const wide = Math.max(1, share * width - 1);
    const tone = `var(--${colour})`;
    if (!hollow) return s("rect", { x, y: 3, width: wide, height: 6, fill: tone });
    const inner = Math.max(0.5, wide - 1);
    return s("rect", { x: x + 0.5, y: 3.5, width: inner, height: 5, fill: "none", stroke: tone });
  });
  return s("svg", { class: "outcomes", width, height: 12, "aria-hidden": "true" }, ...parts);
}

/** @param {Shown} shown @param {number[]} rows @param {number} width */
function tickStrip(shown, rows, width) {
  const { byReturn } = shown;
  const ticks = tickPlaces(rows, shown.values, width, ends(shown)).map(({ at, value }) => {
    const stroke = byReturn ? "var(--seq3)" : value < 0 ? "var(--barMinus)" : "var(--barPlus)";
    return s("path", { d: `M${at} 2v8`, "stroke-width": 1.6, stroke });
  });
  const zero = { d: `M${width / 2} 0.5v11`, stroke: "var(--second)", "stroke-width": 1 };
  return s("svg", { class: "mini", width, height: 12, "aria-hidden": "true" },
    s("path", { d: `M0 6h${width}`, stroke: "var(--track)", "stroke-width": 2 }),
    ...ticks,
    byReturn ? null : s("path", zero),
  );
}

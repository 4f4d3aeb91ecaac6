// Siblings as discs on the axis of advantage, or of reward; very many as columns.

import { h, s } from "../shared/dom.js";
import { count, plain } from "../shared/format.js";
import { markColour, sequentialColour } from "../shared/theme.js";
import { valueText } from "../step/shown.js";
import { LIVE, outcomeWords } from "../step/summary.js";
import { statusWords } from "../step/status.js";

/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {{row: number, column: number, place: number}} Disc `place` counts from 0 up */
/** @typedef {{column: number, size: number, mean: number}} Column */

/** More siblings than these are drawn as columns instead of discs. */
const DISCS = 240;
const COLUMNS = 28;
/** The field, in units of the drawing. */
const WIDTH = 280;
const BASE = 84;
const PITCH = WIDTH / COLUMNS;

/**
 * @param {Shown} shown @param {import("../shared/theme.js").Palette} p
 * @param {{rows: number[], summary: import("../step/summary.js").Summary}} family
 * @param {number} here the chosen one of them @param {(row: number) => void} choose
 */
export function dotPlot(shown, p, { rows, summary }, here, choose) {
  const { values, byReturn } = shown;
  if (!summary.known) {
    const bare = summary.outcomes.every(([shape]) => shape === "unscored" || LIVE.includes(shape));
    const words = bare ? "None of them is scored yet." : `No advantages: ${outcomeWords(summary)}.`;
    return h("div", { class: "label", style: "padding:10px 0" }, words);
  }
  const [low, high] = byReturn ? [0, shown.most] : [-1, 1];
  const x = (/** @type {number} */ value) => {
    return ((Math.max(low, Math.min(high, value)) - low) / (high - low)) * WIDTH;
  };
  const colour = (/** @type {number} */ value) =>
    byReturn ? sequentialColour(p, value / shown.most) : markColour(p, value);
  const discs = stacked(rows, values, COLUMNS, low, high);
  const tallest = discs.reduce((most, disc) => Math.max(most, disc.place + 1), 1);
  const lift = Math.min(PITCH, (BASE - 10) / tallest);
  const marks =
    discs.length > DISCS
      ? columnsOf(discs, values).map((column) => bar(column, tallest, colour(column.mean)))
      : discs.map(({ row, column, place }) => {
          const at = { x: (column + 0.5) * PITCH, y: BASE - 5 - place * lift };
          return disc(shown, row, at, colour(values[row]), row === here, choose);
        });
  const words = byReturn ? "reward" : "advantage";
  const ends = byReturn ? ["0", plain(high)] : ["\u22121", "+1"];
  const text = (/** @type {number} */ value) => valueText(shown, value);
  const label = `${words} ${text(summary.low)} to ${text(summary.high)}, mean ${text(summary.mean)}`;
  const apart = !byReturn && Math.abs(x(summary.mean) - x(0)) >= 14; // the mean's mark would cover the 0
  return s(
    "svg",
    { class: "dots", width: "100%", viewBox: `-8 0 ${WIDTH + 16} 118`, role: "img", "aria-label": label },
    s("path", { d: `M0 ${BASE + 0.5}h${WIDTH}`, stroke: "var(--strong)" }),
    byReturn ? null : s("path", { d: `M${x(0)} 4V${BASE + 5}`, stroke: "var(--second)" }),
    ...marks,
    s("path", { d: `M${x(summary.mean)} ${BASE + 1}l-4 7h8z`, fill: "var(--text)" }, s("title", {}, "mean")),
    s("text", { x: 0, y: 99, class: "axis" }, ends[0]),
    s("text", { x: WIDTH, y: 99, class: "axis", "text-anchor": "end" }, ends[1]),
    apart ? s("text", { x: x(0), y: 99, class: "axis", "text-anchor": "middle" }, "0") : null,
    s("text", { x: WIDTH / 2, y: 114, class: "axis", "text-anchor": "middle" }, words),
  );
}

/**
 * @param {Shown} shown @param {number} row @param {{x: number, y: number}} at @param {string} colour
 * @param {boolean} here @param {(row: number) => void} choose
 */
function disc({ step }, row, { x, y }, colour, here, choose) {
  const won = step.s[row] >= 0.5;
  const ring = { fill: "none", stroke: "var(--text)", "stroke-width": 1.6 };
  const pen = { fill: won ? colour : "var(--page)", stroke: won ? "none" : colour, "stroke-width": 1.8 };
  return s("g", { class: "disc", onclick: () => choose(row) },
    here ? s("circle", { cx: x, cy: y, r: 6.6, ...ring }) : null,
    s("circle", { cx: x, cy: y, r: won ? 4.3 : 3.6, ...pen }),
    s("title", {}, `${step.path(row)}, ${statusWords(step.status[row], step.s[row])}`),
  );
}

/**
 * One column for each place on the axis.
 * @param {Disc[]} discs @param {ArrayLike<number>} values @returns {Column[]}
 */
function columnsOf(discs, values) {
  /** @type {Map<number, {size: number, sum: number}>} */
  const found = new Map();
  for (const { row, column } of discs) {
    const have = found.get(column) ?? { size: 0, sum: 0 };
    found.set(column, { size: have.size + 1, sum: have.sum + values[row] });
  }
  return [...found].map(([column, { size, sum }]) => ({ column, size, mean: sum / size }));
}

/** @param {Column} column @param {number} tallest @param {string} fill */
function bar({ column, size }, tallest, fill) {
  const height = Math.max(2, (size / tallest) * (BASE - 14));
  const box = { x: column * PITCH + 1, y: BASE - height, width: PITCH - 2, height, fill };
  return s("rect", box, s("title", {}, count(size)));
}

/**
 * Discs of a dot plot: values in columns as wide as a disc, stacked in each.
 * @param {number[]} rows @param {ArrayLike<number>} value @param {number} columns
 * @param {number} low left end of the axis @param {number} high right end; values beyond stand at the ends
 * @returns {Disc[]}
 */
export function stacked(rows, value, columns, low, high) {
  const heights = new Int32Array(columns);
  return rows
    .filter((row) => !Number.isNaN(value[row]))
    .sort((a, b) => value[a] - value[b] || a - b)
    .map((row) => {
      const share = (Math.max(low, Math.min(high, value[row])) - low) / (high - low);
      const column = Math.min(columns - 1, Math.floor(share * columns));
      heights[column] += 1;
      return { row, column, place: heights[column] - 1 };
    });
}

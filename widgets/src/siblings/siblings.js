// Siblings in sum: where each stands on the axis of advantage, how they ended, who fell short.

import { count, duration, plain, signed } from "../shared/format.js";
import { fill, h, s } from "../shared/dom.js";
import { oneLine, taskName } from "../shared/text.js";
import { shapeOf, statusWords } from "../step/status.js";
import { outcomeWords, stacked, summarize } from "../step/summary.js";
import { markIcon } from "../shared/shapes.js";
import { mix, rampColour, sequentialColour } from "../shared/theme.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("../step/summary.js").Summary} Summary */
/** @typedef {{rows: number[], title: string, under: string, pile: import("../step/piles.js").Pile | null, summary: Summary}} Family */

/** Rows listed by name; the others are in the outline. */
const LISTED = 8;
/** More siblings than these are drawn as columns instead of discs. */
const DISCS = 240;
const COLUMNS = 28;

export class SiblingPanel {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.element = h("div", { class: "siblings", role: "group", "aria-label": "Siblings", hidden: true });
    this.shown = "";
  }

  update() {
    const { app } = this;
    const step = app.step;
    if (!step || app.place.row < 0 || this.element.hidden) return;
    const pile = app.place.piles.all.get(app.place.pile);
    const key = [step.step, step.revision, app.place.row, app.place.pile, pile?.open, pile?.fallen, app.preamble, app.palette.page, app.size, app.view, JSON.stringify(app.rule.other)].join("|");
    if (key === this.shown) return;
    this.shown = key;
    const at = /** @type {HTMLElement | null} */ (document.activeElement)?.closest?.(".siblings") === this.element ? /** @type {HTMLElement} */ (document.activeElement).dataset.at : undefined;
    fill(this.element, siblingParts(app));
    if (at) /** @type {HTMLElement | null} */ (this.element.querySelector(`[data-at="${CSS.escape(at)}"]`))?.focus();
  }
}

/** Those the choice stands among: its pile, its parent's children, or the roots of its task. @param {App} app @returns {Family} */
export function familyOf(app) {
  const step = /** @type {import("../step/store.js").Step} */ (app.step);
  const { place } = app;
  const pile = place.piles.all.get(place.pile);
  const above = step.parent[place.row];
  if (pile) {
    const { summary, goal } = app.summary(pile);
    const turn = summary.together ? `, launched together at turn ${summary.together}` : "";
    return { rows: pile.rows, title: `${count(pile.rows.length)} \u00d7 ${goal}`, under: `siblings under ${step.path(above)}${turn}`, pile, summary };
  }
  if (above < 0) {
    const group = step.trees[place.tree].group;
    const rows = step.treesOf(group).map((tree) => step.rootOf[tree]).filter((root) => root >= 0);
    return { rows, title: rows.length === 1 ? "One tree" : `${count(rows.length)} trees`, under: `of ${taskName(step.groups[group]) || "this task"}`, pile: null, summary: summarize(step, rows, app.rule.values(step)) };
  }
  const rows = step.children(above);
  return { rows, title: rows.length === 1 ? "No siblings" : `${count(rows.length)} siblings`, under: `under ${step.path(above)}, ${app.goal(above, 60)}`, pile: null, summary: summarize(step, rows, app.rule.values(step)) };
}

/** @param {App} app */
export function siblingParts(app) {
  const family = familyOf(app);
  const { pile, summary } = family;
  const times = summary.took ? (summary.took[0] === summary.took[1] ? duration(summary.took[0]) : `${duration(summary.took[0])} to ${duration(summary.took[1])}`) : "";
  const facts = [times, summary.tokens ? `${count(summary.tokens)} tokens` : ""].filter(Boolean).join(", ");
  return [
    h("div", { class: "first" }, h("div", { class: "name", title: family.title }, family.title), h("div", { class: "sub cut", title: family.under }, family.under), dotPlot(app, family)),
    h(
      "div",
      { class: "second" },
      h("div", { class: "counts" }, h("span", { class: "hush" }, outcomeWords(summary)), summary.outcomes.map(([shape, number]) => h("span", { class: "key", "aria-hidden": "true" }, markIcon(shape, 13), count(number))), h("span", { class: "label cut" }, facts)),
      pile ? null : chosenRow(app),
      fallenRows(app, family),
      pile ? pileButtons(app, pile, summary) : nodeButtons(app),
    ),
  ];
}

/** @param {App} app @param {Family} family */
function dotPlot(app, family) {
  const step = /** @type {import("../step/store.js").Step} */ (app.step);
  const { rule, palette: p } = app;
  const values = rule.values(step);
  const { summary } = family;
  if (!summary.known) return h("div", { class: "label", style: "padding:10px 0" }, "None of them is scored yet.");
  const [low, high] = rule.byReturn ? [0, 1 + app.config.lam] : [-1, 1];
  const [width, base] = [280, 84];
  const pitch = width / COLUMNS;
  const discs = stacked(family.rows, values, COLUMNS, low, high);
  const tallest = discs.reduce((most, disc) => Math.max(most, disc.place + 1), 1);
  const lift = Math.min(pitch, (base - 10) / tallest);
  const x = (/** @type {number} */ value) => ((Math.max(low, Math.min(high, value)) - low) / (high - low)) * width;
  const colour = (/** @type {number} */ value) => (rule.byReturn ? sequentialColour(p, value / (1 + app.config.lam)) : Math.abs(value) < 1e-9 ? p.gauge : mix(rampColour(p, value), value < 0 ? p.barMinus : p.barPlus, 0.45));
  const marks = discs.length > DISCS ? columns(discs, values, pitch, base, tallest, colour) : discs.map(({ row, column, place }) => disc(app, row, (column + 0.5) * pitch, base - 5 - place * lift, colour(values[row])));
  const words = rule.byReturn ? "reward" : "advantage";
  const ends = rule.byReturn ? ["0", plain(high)] : ["\u22121", "+1"];
  return s(
    "svg",
    { class: "dots", width: "100%", viewBox: `-8 0 ${width + 16} 118`, role: "img", "aria-label": `${words} ${rule.byReturn ? plain(summary.low) : signed(summary.low)} to ${rule.byReturn ? plain(summary.high) : signed(summary.high)}, mean ${rule.byReturn ? plain(summary.mean) : signed(summary.mean)}` },
    s("path", { d: `M0 ${base + 0.5}h${width}`, stroke: "var(--strong)" }),
    rule.byReturn ? null : s("path", { d: `M${x(0)} 4V${base + 5}`, stroke: "var(--second)" }),
    ...marks,
    s("path", { d: `M${x(summary.mean)} ${base + 1}l-4 7h8z`, fill: "var(--text)" }, s("title", {}, "mean")),
    s("text", { x: 0, y: 99, class: "axis" }, ends[0]),
    s("text", { x: width, y: 99, class: "axis", "text-anchor": "end" }, ends[1]),
    rule.byReturn || Math.abs(x(summary.mean) - x(0)) < 14 ? null : s("text", { x: x(0), y: 99, class: "axis", "text-anchor": "middle" }, "0"),
    s("text", { x: width / 2, y: 114, class: "axis", "text-anchor": "middle" }, words),
  );
}

/** @param {App} app @param {number} row @param {number} x @param {number} y @param {string} colour */
function disc(app, row, x, y, colour) {
  const step = /** @type {import("../step/store.js").Step} */ (app.step);
  const won = step.s[row] >= 0.5;
  const here = app.place.pile < 0 && row === app.place.row;
  return s(
    "g",
    { class: "disc", onclick: () => app.choose.row(row) },
    here ? s("circle", { cx: x, cy: y, r: 6.6, fill: "none", stroke: "var(--text)", "stroke-width": 1.6 }) : null,
    s("circle", { cx: x, cy: y, r: won ? 4.3 : 3.6, fill: won ? colour : "var(--page)", stroke: won ? "none" : colour, "stroke-width": 1.8 }),
    s("title", {}, `${step.path(row)}, ${statusWords(step.status[row], step.s[row])}`),
  );
}

/** Many siblings: one column for each place on the axis. @param {{row: number, column: number}[]} discs @param {ArrayLike<number>} values @param {number} pitch @param {number} base @param {number} tallest @param {(value: number) => string} colour */
function columns(discs, values, pitch, base, tallest, colour) {
  /** @type {Map<number, {size: number, sum: number}>} */
  const found = new Map();
  for (const { row, column } of discs) {
    const have = found.get(column) ?? { size: 0, sum: 0 };
    found.set(column, { size: have.size + 1, sum: have.sum + values[row] });
  }
  return [...found].map(([column, { size, sum }]) => {
    const height = Math.max(2, (size / tallest) * (base - 14));
    return s("rect", { x: column * pitch + 1, y: base - height, width: pitch - 2, height, fill: colour(sum / size) }, s("title", {}, count(size)));
  });
}

/** @param {App} app */
function chosenRow(app) {
  return h("div", { class: "rows" }, siblingRow(app, app.place.row, true));
}

/** @param {App} app @param {Family} family */
function fallenRows(app, family) {
  const others = family.summary.fallen.filter((row) => family.pile || row !== app.place.row);
  if (!others.length) return null;
  const more = others.length - LISTED;
  return h(
    "div",
    { class: "rows" },
    h("div", { class: "label", style: "padding:2px 0 4px" }, family.pile ? "Fell short" : "Others that fell short"),
    others.slice(0, LISTED).map((row) => siblingRow(app, row, false)),
    more > 0 ? h("div", { class: "label", style: "padding-top:4px" }, `and ${count(more)} more`) : null,
  );
}

/** @param {App} app @param {number} row @param {boolean} here */
function siblingRow(app, row, here) {
  const step = /** @type {import("../step/store.js").Step} */ (app.step);
  const value = app.rule.values(step)[row];
  const root = step.parent[row] < 0;
  const name = root ? `tree ${step.trees[step.tree[row]].rollout + 1}` : step.path(row);
  const why = here ? app.goal(row, 60) : oneLine(step.reasonText(row), 60) || statusWords(step.status[row], step.s[row]);
  const colour = app.rule.byReturn ? "" : value > 0.004 ? " plus" : value < -0.004 ? " minus" : "";
  return h(
    "button",
    { class: "sibling", "data-at": `${row}`, "aria-current": here ? "true" : null, onclick: () => app.choose.row(row) },
    markIcon(shapeOf(step.status[row], step.s[row]), 13),
    h("b", {}, name),
    h("span", { class: "why cut", title: why }, why),
    h("span", { class: `value${colour}` }, Number.isNaN(value) ? "not scored" : app.rule.byReturn ? plain(value) : signed(value)),
  );
}

/** @param {App} app @param {import("../step/piles.js").Pile} pile @param {Summary} summary */
function pileButtons(app, pile, summary) {
  const all = count(pile.rows.length);
  const some = summary.fallen.length > 0 && summary.fallen.length < pile.rows.length;
  const only = pile.open && pile.fallen;
  return h(
    "div",
    { class: "acts" },
    h("button", { class: "control", "data-at": "fold", onclick: () => app.fold.pile(pile.first, !pile.open) }, pile.open ? `Fold ${all}` : `Unfold ${all}`),
    some ? h("button", { class: "control", "data-at": "only", onclick: () => app.fold.pile(pile.first, true, !only) }, only ? `Show all ${all}` : "Failures only") : null,
  );
}

/** @param {App} app */
function nodeButtons(app) {
  const open = (/** @type {import("../app/app.js").Tab} */ tab) => () => {
    app.setTab(tab);
    app.outline.focus();
  };
  return h("div", { class: "acts" }, h("button", { class: "control", "data-at": "messages", onclick: open("messages") }, "Messages"), h("button", { class: "control", "data-at": "credit", onclick: open("credit") }, "Credit"));
}

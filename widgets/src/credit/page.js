// The credit page: a node's numbers as a waterfall, where each comes from, and the arithmetic.

import { shapeOf } from "../step/status.js";
import { formulas, sentence, signRole, sources } from "./words.js";
import { brief, count, percent, plain, signed } from "../shared/format.js";
import { fill, h, s } from "../shared/dom.js";
import { tabList, whoLines } from "../inspector/inspector.js";
import { markIcon } from "../shared/shapes.js";
import { waterfall } from "./waterfall.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("./words.js").Sources} Sources */

const CHILDREN = 7;

export class CreditPage {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.who = h("div", { class: "who" });
    this.tabs = h("div", {});
    this.pane = h("div", { class: "pane", tabindex: 0, role: "tabpanel", "aria-label": "Credit" });
    this.element = h("div", { class: "credit" }, this.who, this.tabs, this.pane);
  }

  update() {
    const { app } = this;
    const step = app.step;
    const row = app.place.row;
    if (!step || !app.rule.credit || row < 0) return;
    const who = whoLines(app, true);
    fill(this.who, who.line);
    const focused = this.tabs.contains(document.activeElement);
    const tabs = tabList(app);
    fill(this.tabs, tabs);
    if (focused) /** @type {HTMLElement | null} */ (tabs.querySelector("[aria-selected=true]"))?.focus();
    const kept = this.pane.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.at : undefined;
    const scroll = this.pane.scrollTop;
    const from = sources(step, app.rule.credit, app.config, row);
    const width = Math.max(360, this.element.clientWidth - 40);
    const beside = width >= 820;
    const main = beside ? Math.round((width * 796) / 1000) : width;
    fill(
      this.pane,
      h("p", { class: "sentence" }, app.rule.other ? h("span", { class: "label" }, "same rollouts, other credit: ") : null, sentence(step, app.rule.credit, app.config, row, from).map(({ text, role }) => (role ? h("b", { class: role }, text) : text))),
      h("div", { style: "display:flex" }, waterfall(app, row, from, main), beside ? h("div", { style: `margin-left:${Math.round(width * 0.034)}px;flex:1 1 0;min-width:0` }, this.share(row, width - main - Math.round(width * 0.034))) : null),
      h(
        "div",
        { class: "from", style: beside ? `grid-template-columns:33.4% 22.6% 15.8% 17%;column-gap:${(width * 0.112) / 3}px` : `grid-template-columns:1fr 1fr;column-gap:28px;row-gap:16px` },
        this.children(from),
        this.roots(from, beside ? width * 0.226 : width / 2 - 14),
        this.depths(row, from),
        beside ? this.inStep(row) : h("div", {}, this.share(row, width / 2 - 14)),
      ),
      this.formulas(row, from),
    );
    this.pane.scrollTop = scroll;
    if (kept) /** @type {HTMLElement | null} */ (this.pane.querySelector(`[data-at="${kept}"]`))?.focus();
  }

  /** @param {Sources} from */
  children(from) {
    const { app } = this;
    const step = /** @type {import("../step/store.js").Step} */ (app.step);
    const { config } = app;
    const { credit } = app.rule;
    const row = app.place.row;
    if (!from.children.length) return h("div", {}, h("div", { class: "box" }), h("h4", {}, "Children"), h("div", { class: "label" }, "It launched none, so there is no bonus."));
    const mean = credit?.childMean[row] ?? NaN;
    const list = from.children.slice(0, from.children.length > CHILDREN + 1 ? CHILDREN : CHILDREN + 1).map(({ row: child, s: won }) =>
      h(
        "button",
        { class: "source", "data-at": `child${child}`, title: "Open this child", onclick: () => app.choose.row(child) },
        markIcon(shapeOf(step.status[child], won), 12),
        h("span", { class: "cut", style: "flex:1 1 40px;padding-left:1px" }, app.goal(child, 40)),
        h("span", { class: "path" }, step.path(child)),
        h("span", { class: "track" }, Number.isNaN(won) ? null : h("i", { style: `width:${won * 100}%` })),
        h("span", { class: "fig" }, Number.isNaN(won) ? "\u2013" : brief(won, 2)),
      ),
    );
    const more = from.children.length - list.length;
    const how = config.bonus === "min" ? "minimum" : config.bonus === "capped_sum" ? `sum, capped at ${brief(config.cap ?? NaN)}` : "mean";
    const least = credit?.childMin[row] ?? NaN;
    return h(
      "div",
      {},
      h("div", { class: "box" }),
      h("h4", {}, "Children, what they scored before any bonus"),
      h("div", { style: "position:relative" }, list),
      more > 0 ? h("div", { class: "label" }, `and ${count(more)} more`) : null,
      h("div", { class: "source label", style: "gap:12px" }, h("span", { class: "grow" }, `\u03bb = ${plain(config.lam, 2)}`), config.bonus === "mean" ? null : how, h("span", {}, Number.isNaN(least) ? "none scored" : `min ${brief(least, 3)}`), h("b", { style: "color:var(--text)" }, `mean ${plain(mean, 3)}`)),
    );
  }

  /** The task's roots on an axis of R. @param {Sources} from @param {number} width */
  roots(from, width) {
    const { app } = this;
    const step = /** @type {import("../step/store.js").Step} */ (app.step);
    const b = app.rule.credit?.b[app.place.row] ?? NaN;
    const scored = from.roots.filter((root) => !Number.isNaN(root.R));
    const title = h("h4", {}, from.roots.length === 1 ? "Roots of this task" : `Roots of the ${from.roots.length} trees of this task`);
    if (!scored.length) return h("div", {}, h("div", { class: "box" }), title, h("div", { class: "label" }, "None is scored yet."));
    const most = Math.max(1, ...scored.map((root) => root.R), Number.isNaN(b) ? 0 : b);
    const inner = width - 24;
    const x = (/** @type {number} */ R) => 10 + (R / most) * inner;
    /** @type {number[][]} places taken in each row of dots */
    const stacks = [[], [], [], []];
    const dots = [...scored].sort((one, two) => one.R - two.R).map((root) => {
      const free = stacks.findIndex((taken) => taken.every((other) => Math.abs(other - x(root.R)) > 13.2));
      const high = free < 0 ? 3 : free;
      stacks[high].push(x(root.R));
      const y = 56 - 8 - Math.min(high, 2) * 13.5;
      const own = root.own;
      const label = `tree ${root.rollout + 1}, R ${plain(root.R, 3)}`;
      const dot = s(
        "g",
        { role: "button", tabindex: 0, "data-at": `root${root.tree}`, "aria-label": `${label}${own ? ", this tree" : ""}`, style: "cursor:pointer" },
        s("title", {}, label),
        s("circle", { cx: x(root.R), cy: y, r: 6.5, fill: own ? "var(--page)" : "var(--seq2)", stroke: own ? "var(--second)" : "none", "stroke-dasharray": own ? "2 1.6" : null }),
        s("text", { x: x(root.R), y: y + 3.2, "text-anchor": "middle", "font-size": 9, "font-weight": 600, fill: own ? "var(--label)" : app.palette.dark ? "#ffffff" : "var(--text)" }, root.rollout + 1),
      );
      const open = () => app.choose.tree(root.tree);
      dot.addEventListener("click", open);
      dot.addEventListener("keydown", (event) => {
        if (/** @type {KeyboardEvent} */ (event).key === "Enter") {
          open();
          event.stopPropagation();
        }
      });
      return dot;
    });
    const ticks = ticksFor(most);
    const config = app.config;
    const own = from.roots.find((root) => root.own);
    const line = Number.isNaN(b) || config.baseline === "none" ? [] : [s("path", { d: `M${x(b)} 14V56`, stroke: "var(--text)", "stroke-width": 2.2 }), s("text", { x: Math.max(24, Math.min(width - 24, x(b))), y: 9, "text-anchor": "middle", "font-size": 11, "font-weight": 600, fill: "var(--text)" }, `b = ${plain(b, 3)}`)];
    const words =
      config.baseline === "none"
        ? "No baseline: b = 0."
        : config.estimator === "grpo_mean"
          ? "b is the mean over all nodes of these trees."
          : config.baseline === "group_mean"
            ? "b is the mean of all roots, its own included."
            : scored.length < 2 && own && !Number.isNaN(own.R)
              ? "No other tree is scored: there is no baseline."
              : `Tree ${(own?.rollout ?? 0) + 1} is left out of its own baseline.`;
    return h(
      "div",
      {},
      h("div", { class: "box" }),
      title,
      s("svg", { width, height: 76, role: "group", "aria-label": "Roots by R" }, s("path", { d: `M${x(0)} 56.5H${x(most)}`, stroke: "var(--second)", "stroke-width": 1 }), ...ticks.map((tick) => s("g", {}, s("path", { d: `M${x(tick)} 57v4`, stroke: "var(--second)" }), s("text", { x: x(tick), y: 72, "text-anchor": "middle", "font-size": 10, fill: "var(--label)" }, plain(tick, 1)))), ...line, ...dots),
      h("div", { class: "label" }, words),
      step.groups[from.group].probe ? h("div", { class: "label" }, "A probe: recorded, never trained.") : null,
    );
  }

  /** @param {number} row @param {Sources} from */
  depths(row, from) {
    const { app } = this;
    const step = /** @type {import("../step/store.js").Step} */ (app.step);
    const config = app.config;
    const most = Math.max(1, ...from.levels);
    const alpha = from.total / Math.max(1, from.present);
    const own = step.depth[row];
    const shown = from.levels.length <= 8 ? from.levels.map((_, depth) => depth) : [...new Set([0, 1, 2, 3, 4, 5, own, from.levels.length - 1])].sort((a, b) => a - b);
    return h(
      "div",
      {},
      h("div", { class: "box" }),
      h("h4", {}, config.depth_weighting === "per_group" ? "Nodes at each depth in the task" : "Nodes at each depth in the step"),
      shown.map((depth) => {
        const nodes = from.levels[depth];
        const here = depth === own;
        return h(
          "div",
          { class: "source", style: here ? "font-weight:600" : "color:var(--label)" },
          h("span", { style: "width:3.6em;flex:none" }, `depth ${depth}`),
          h("span", { style: "width:64px;flex:none;display:flex;align-items:center;gap:5px" }, h("span", { style: `width:${Math.max(1, (nodes / most) * 36)}px;height:8px;border-radius:2px;flex:none;background:var(${here ? "--seq4" : "--seq1"})` }), h("span", { class: "label" }, count(nodes))),
          h("span", { style: "margin-left:auto" }, nodes ? `\u00d7 ${plain(config.depth_weighting === "none" ? 1 : alpha / nodes, 3)}` : "\u2013"),
        );
      }),
      config.depth_weighting === "none" ? h("div", { class: "label" }, "Depth weights are off: w = 1.") : null,
    );
  }

  /** Where the node stands among all of the step, by |wA|. @param {number} row @param {number} width */
  share(row, width) {
    const { app } = this;
    const step = /** @type {import("../step/store.js").Step} */ (app.step);
    const credit = /** @type {import("../step/types.js").CreditColumns} */ (app.rule.credit);
    const values = [];
    for (let at = 0; at < step.n; at += 1) if (!Number.isNaN(credit.c[at])) values.push(Math.abs(credit.c[at]));
    const own = Math.abs(credit.c[row]);
    const head = [h("div", { class: "serif", style: "font-size:calc(var(--unit)*1.31)" }, "share"), h("b", { class: Number.isNaN(own) ? "label" : signRole(credit.c[row]) }, Number.isNaN(own) ? "none" : percent(credit.share[row], credit.share[row] < 0.01 ? 3 : 1))];
    if (!values.length || Number.isNaN(own)) return h("div", {}, head, h("div", { class: "label" }, "of the loss weight of the step"));
    const average = credit.share[row] * values.length;
    values.sort((a, b) => a - b);
    const most = Math.max(0.1, Math.ceil((values[Math.floor(values.length * 0.985)] ?? 1) * 10) / 10);
    const bins = Array(Math.max(10, Math.min(26, Math.floor(width / 6.5)))).fill(0);
    for (const value of values) bins[Math.min(bins.length - 1, Math.floor((value / most) * bins.length))] += 1;
    const mine = Math.min(bins.length - 1, Math.floor((own / most) * bins.length));
    const top = Math.max(...bins);
    const high = 140;
    const each = width / bins.length;
    const colour = credit.c[row] < 0 ? "var(--barMinus)" : "var(--barPlus)";
    const x = Math.min(width - 1, (own / most) * width);
    const label = x > width - 64;
    return h(
      "div",
      {},
      head,
      h("div", { class: "label" }, `${plain(average, 2)} \u00d7 the average node`),
      s(
        "svg",
        { width, height: high + 30, role: "img", "aria-label": `${count(values.length)} nodes of the step by size of their coefficient`, style: "margin-top:18px" },
        ...bins.map((number, i) => s("rect", { x: i * each + 0.4, width: Math.max(0.5, each - 0.8), y: high - (number / top) * (high - 22), height: (number / top) * (high - 22), fill: i === mine ? colour : "var(--strong)" })),
        s("path", { d: `M0 ${high + 0.5}H${width}`, stroke: "var(--second)" }),
        s("path", { d: `M${x} 4V${high}`, stroke: colour, "stroke-width": 1.8 }),
        s("circle", { cx: x, cy: 4, r: 3, fill: colour }),
        s("text", { x: label ? x - 7 : x + 7, y: 8, "font-size": 11, "text-anchor": label ? "end" : "start", fill: credit.c[row] < 0 ? "var(--minus)" : "var(--plus)" }, "this node"),
        s("text", { x: 0, y: high + 14, "font-size": 10, fill: "var(--label)" }, "0"),
        s("text", { x: width / 2, y: high + 14, "font-size": 10, "text-anchor": "middle", fill: "var(--label)" }, `|wA|, ${count(values.length)} nodes`),
        s("text", { x: width, y: high + 14, "font-size": 10, "text-anchor": "end", fill: "var(--label)" }, `\u2265 ${plain(most, 1)}`),
      ),
    );
  }

  /** The tree's nodes by what they weigh. @param {number} row */
  inStep(row) {
    const { app } = this;
    const step = /** @type {import("../step/store.js").Step} */ (app.step);
    const credit = /** @type {import("../step/types.js").CreditColumns} */ (app.rule.credit);
    const rows = step.walk(app.place.tree).filter((at) => !Number.isNaN(credit.c[at]));
    const title = [h("div", { class: "box" }), h("h4", {}, step.trees.length > 1 ? "This tree in the step" : "This tree")];
    if (!rows.length) return h("div", {}, title, h("div", { class: "label" }, "None of its nodes is trained."));
    const heavy = [...rows].sort((a, b) => Math.abs(credit.c[b]) - Math.abs(credit.c[a]));
    const listed = heavy.slice(0, 4);
    if (rows.includes(row) && !listed.includes(row)) listed.splice(3, 1, row);
    const strip = heavy.slice(0, 80);
    const total = strip.reduce((sum, at) => sum + credit.share[at], 0) || 1;
    let left = 0;
    const cells = strip.map((at) => {
      const width = (credit.share[at] / total) * 100;
      const cell = s("rect", { x: left, width: Math.max(0.1, width - 0.4), y: at === row ? 0.5 : 2, height: at === row ? 17 : 14, fill: at === row ? (credit.c[at] < 0 ? "var(--barMinus)" : "var(--barPlus)") : credit.c[at] < 0 ? "var(--ramp2)" : "var(--ramp4)" });
      left += width;
      return cell;
    });
    return h(
      "div",
      {},
      title,
      s("svg", { viewBox: "0 0 100 18", preserveAspectRatio: "none", width: "100%", height: 18, "aria-hidden": "true", style: "margin-bottom:6px" }, ...cells),
      listed.map((at) =>
        h("button", { class: "source", "data-at": `node${at}`, style: at === row ? "font-weight:600" : "", onclick: () => app.choose.row(at) }, h("span", { class: "path", style: at === row ? "color:inherit" : "" }, step.path(at)), h("span", { class: "cut grow" }, app.goal(at, 30)), h("span", { class: signRole(credit.c[at]) }, signed(credit.c[at], 3))),
      ),
    );
  }

  /** @param {number} row @param {Sources} from */
  formulas(row, from) {
    const { app } = this;
    const step = /** @type {import("../step/store.js").Step} */ (app.step);
    const credit = /** @type {import("../step/types.js").CreditColumns} */ (app.rule.credit);
    const live = step.status[row] < 2 || Number.isNaN(step.s[row]);
    if (live) return null;
    return h(
      "div",
      { class: "formulas" },
      formulas(step, credit, app.config, row, from)
        .map(({ left, right, number }) => [
          h("div", { class: "left" }, symbols(left)),
          h("div", { class: "right" }, right.map((run) => ("over" in run ? h("span", { class: "frac" }, h("span", {}, run.over), h("span", {}, run.under)) : run.role ? h("b", { class: run.role }, run.text) : h("span", {}, run.text)))),
          h("div", { class: "number" }, number),
        ])
        .flat(),
    );
  }
}

/** Words inside a formula stand upright. @param {string} text */
function symbols(text) {
  return text.split(/(mean|min|sum|cap|children|root)/).map((part, i) => (i % 2 ? h("span", { class: "up" }, part) : part));
}

/** @param {number} most */
function ticksFor(most) {
  const step = most <= 1 ? 0.5 : most <= 2.2 ? 0.5 : Math.ceil(most / 4);
  const ticks = [];
  for (let at = 0; at <= most + 1e-9; at += step) ticks.push(at);
  if (most - ticks[ticks.length - 1] > step * 0.45) ticks.push(most);
  return ticks;
}


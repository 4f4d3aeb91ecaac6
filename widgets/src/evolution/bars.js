// What stands over the small trees and over the pair: what is shown, the trends, and the buttons.

import { fill, h, refill } from "../shared/dom.js";
import { taskName } from "../shared/text.js";
import { TRENDS, trendPlot } from "./trends.js";
import { headWords, noteWords } from "./words.js";

/** @typedef {import("./data.js").Task} Task */
/** @typedef {import("./grid.js").Row} Row */

/**
 * @typedef {object} BarsNeeds
 * @property {import("../shared/theme.js").Palette} palette
 * @property {import("./host.js").EvolutionHost} host
 * @property {import("./data.js").Columns} columns
 * @property {number} chosen @property {number} pinned
 * @property {Row} row @property {boolean} all @property {string} trouble
 * @property {(step: number) => void} choose
 * @property {(step: number) => void} pin
 * @property {() => void} swap
 * @property {(by: number) => void} treeBy
 * @property {() => void} showAll
 * @property {(step: number, row: Row) => void} open
 * @property {(step: number) => boolean} held its trees can be opened
 * @property {(step: number) => string} lacks why they cannot
 */

/** px at the base type size that a small plot takes at least, and between two. */
const PLOT = 165;
const GAP = 14;
/** Plots in a row. */
const ACROSS = [6, 3, 2, 1];

export class Bars {
  /** @param {BarsNeeds} view */
  constructor(view) {
    this.view = view;
    this.tools = h("div", { class: "tools" });
    this.trends = h("div", { class: "trends" });
    this.title = h("div", { class: "cap" });
    this.keys = { tools: "", trends: "", title: "" };
  }

  /** Something has changed. @param {"tools" | "trends" | "title"} part @param {unknown[]} parts */
  differs(part, parts) {
    const key = parts.join();
    if (this.keys[part] === key) return false;
    this.keys[part] = key;
    return true;
  }

  showTools() {
    const { columns, host, row, all, trouble } = this.view;
    const { index, most } = columns;
    const { following } = host.steps;
    const { live, steps } = host.traits;
    if (!index) return;
    const here = [columns.revision, row.tree, all, trouble];
    if (!this.differs("tools", [...here, following, live, steps.length])) return;
    const next = { title: "The next tree of each task", onclick: () => this.view.treeBy(1) };
    const every = { "aria-pressed": all, onclick: () => this.view.showAll() };
    const words = h("div", { class: "words" },
      h("b", {}, headWords(index)),
      h("span", { class: "label" }, trouble || noteWords(columns, index, host.traits)),
    );
    refill(this.tools, heirIn(this.tools),
      words,
      h("span", { class: "grow" }),
      live && !following ? tool("follow", "Follow", "f", { onclick: () => host.steps.follow() }) : null,
      most > 1 && !all ? tool("tree", `Tree ${row.tree + 1} of ${most}`, "[ ]", next) : null,
      most > 1 ? tool("all", "All trees", "a", every) : null,
    );
  }

  /** @param {number} width px @param {number[]} window steps in view */
  showTrends(width, window) {
    const { columns, chosen, pinned, palette: p } = this.view;
    this.trends.hidden = columns.index?.kind === "training"; // a line would compare other tasks
    if (this.trends.hidden) return;
    const look = [Math.round(width), p.unit, p.dark];
    const here = [columns.revision, chosen, pinned, window[0], window.length];
    if (!this.differs("trends", [...here, ...look])) return;
    const { steps } = columns;
    const rows = steps.flatMap((step) => columns.known.get(step)?.figures ?? []);
    const per = ACROSS.find((across) => width / across >= PLOT * p.unit) ?? 1;
    this.trends.style.gridTemplateColumns = `repeat(${per}, minmax(0, 1fr))`;
    const ends = window.length < steps.length ? window : [0];
    const how = {
      ...{ steps, chosen, pinned, u: p.unit, width: (width - (per - 1) * GAP * p.unit) / per },
      from: ends[0],
      to: ends[ends.length - 1],
    };
    const choose = (/** @type {number} */ step) => this.view.choose(columns.nearest(step));
    fill(this.trends, TRENDS.map((trend) => trendPlot(trend, rows, how, choose)));
  }

  /** @param {Task} task */
  showTitle(task) {
    const { view } = this;
    const { chosen, pinned, row, columns } = view;
    const tree = columns.most > 1 ? `, tree ${row.tree + 1}` : "";
    const held = [view.held(chosen), view.held(pinned)];
    if (!this.differs("title", [task.task, tree, chosen, pinned, ...held])) return;
    const open = (/** @type {string} */ name, /** @type {number} */ step) => {
      const held = view.held(step);
      const title = held ? "" : view.lacks(step);
      const onclick = () => view.open(step, view.row);
      return tool(name, `Open step ${step}`, "", { onclick, disabled: !held, title });
    };
    refill(this.title, heirIn(this.title),
      h("b", {}, `${taskName(task)}${tree}: step ${pinned} against step ${chosen}`),
      h("span", { class: "label" }, `step ${pinned} is pinned`),
      h("span", { class: "grow" }),
      h("span", { class: "acts" },
        tool("pin", `Pin step ${chosen}`, "p", { onclick: () => view.pin(chosen) }),
        chosen === pinned ? null : tool("swap", "Swap", "x", { onclick: () => view.swap() }),
        chosen === pinned ? null : open("open-pinned", pinned),
        open("open", chosen),
      ),
    );
  }
}

/**
 * @param {string} name @param {string} words @param {string} key @param {Record<string, any>} props
 */
function tool(name, words, key, props) {
  const shown = key ? h("kbd", {}, key) : null;
  return h("button", { class: "control", "data-tool": name, ...props }, words, shown);
}

/** @param {Element} bar @returns {(old: HTMLElement) => Element | null} */
function heirIn(bar) {
  return (old) => bar.querySelector(`[data-tool="${old.dataset.tool}"]`) ?? bar.querySelector("[data-tool]");
}

// Small multiples: a row a task, a column a step. Columns that do not fit are out of the window, which moves
// with the choice; a step that comes is one column more at the right.

import { canvasFor } from "../shared/canvas.js";
import { h, refill } from "../shared/dom.js";
import { brief, count, many } from "../shared/format.js";
import { taskName } from "../shared/text.js";
import { drawDisc, drawTree, scaleOf, shapeOfTree } from "./shape.js";
import { cellWords, depthOf } from "./words.js";

/** @typedef {import("./data.js").Cell} Cell */
/** @typedef {import("./data.js").Columns} Columns */
/** @typedef {import("./data.js").Task} Task */
/** @typedef {{task: number, tree: number}} Row tree from 0 */

/**
 * @typedef {object} GridNeeds
 * @property {import("../shared/theme.js").Palette} palette
 * @property {string} size of the cell
 * @property {Columns} columns
 * @property {number} chosen step
 * @property {number} pinned step
 * @property {Row} row
 * @property {boolean} all every tree of a task has a row
 * @property {(step: number) => string} nameOf what a step is called, or its number
 * @property {(task: Task, limit: number) => string} goalOf
 * @property {(step: number, row?: Row) => void} choose
 * @property {(step: number, row: Row) => void} open
 * @property {(step: number) => void} pin
 */

/** px at the base type size: a cell, the names of rows, the tree in a cell, and all around it. */
const CELL = { least: 96, most: 190 };
const NAMES = { full: 168, small: 116 };
const TREE = { least: 26, most: 64 };
const AROUND = 15;
/** Up to so many rows all stand in view; more take this share of the height, and a bar of these px. */
const FEW = 5;
const MOST = 0.6;
const SCROLL = 12;
/** Marks of a task's trees in a cell, at most. */
const MARKS = 6;

export class Grid {
  /** @param {GridNeeds} host the view */
  constructor(host) {
    this.host = host;
    this.element = h("div", { class: "grid", role: "grid", "aria-label": "Tasks over steps" });
    this.first = 0;
    this.key = "";
    /** @type {Map<string, HTMLElement>} cells by step and row */
    this.cells = new Map();
  }

  /** Rows that stand here. @returns {Row[]} */
  get rows() {
    const { columns, row, all } = this.host;
    const trees = columns.most;
    return columns.tasks.flatMap((_, task) =>
      all ? Array.from({ length: trees }, (__, tree) => ({ task, tree })) : [{ task, tree: row.tree }],
    );
  }

  /** px of the names. */
  get names() {
    const { size, palette } = this.host;
    return (size === "full" || size === "drawer" ? NAMES.full : NAMES.small) * palette.unit;
  }

  /** Columns that fit. @param {number} width px */
  fit(width) {
    return Math.max(1, Math.floor((width - this.names) / (CELL.least * this.host.palette.unit)));
  }

  /** The steps in the window; the chosen one is among them. @param {number} width px @returns {number[]} */
  window(width) {
    const { columns, chosen } = this.host;
    const { steps } = columns;
    const most = this.fit(width);
    const at = Math.max(0, steps.indexOf(chosen));
    if (at < this.first) this.first = at;
    if (at >= this.first + most) this.first = at - most + 1;
    this.first = Math.max(0, Math.min(this.first, steps.length - most));
    return steps.slice(this.first, this.first + most);
  }

  /** @param {number} width px @param {number} height px that there are; more rows are scrolled */
  update(width, height) {
    const { host } = this;
    const { columns, palette: p, chosen, pinned, row, all } = host;
    const steps = this.window(width);
    const size = [Math.round(width), p.unit, p.dark, p.page, window.devicePixelRatio];
    const key = [columns.revision, chosen, pinned, row.task, row.tree, all, ...steps, ...size, height].join();
    if (key === this.key) return;
    this.key = key;
    const scrolls = this.rows.length > FEW;
    this.element.style.maxHeight = scrolls ? `${Math.max(260 * p.unit, height * MOST)}px` : "";
    const room = width - this.names - (scrolls ? SCROLL : 0);
    const cell = Math.min(CELL.most * p.unit, room / Math.max(1, steps.length));
    const heir = (/** @type {HTMLElement} */ old) => this.heir(old);
    this.cells.clear();
    const top = this.element.scrollTop;
    refill(this.element, heir, this.head(steps, cell), this.rows.map((one) => this.line(one, steps, cell)));
    this.element.scrollTop = top;
  }

  /** What gets the focus of what is gone. @param {HTMLElement} old */
  heir(old) {
    const { chosen, row } = this.host;
    if (old.dataset.step === undefined) return this.element.querySelector(`[data-head="${chosen}"]`);
    return this.cells.get(keyOf(chosen, row)) ?? null;
  }

  focus() {
    this.cells.get(keyOf(this.host.chosen, this.host.row))?.focus();
  }

  /** @param {number[]} steps @param {number} cell px */
  head(steps, cell) {
    const { columns, chosen, pinned } = this.host;
    const last = columns.steps.length - 1;
    const [before, after] = [this.first > 0, this.first + steps.length - 1 < last];
    const move = (/** @type {number} */ by) => () => {
      const { steps: all } = columns;
      const to = by < 0 ? this.first - 1 : this.first + steps.length;
      this.host.choose(all[Math.max(0, Math.min(last, to))]);
    };
    const some = `${many(steps.length, "step")} of ${count(last + 1)}`;
    const words = h("span", { class: "label" }, before || after ? some : "step");
    const arrows = !before && !after ? null : h("span", { class: "arrows" },
      h("button", { onclick: move(-1), disabled: !before, "aria-label": "Earlier steps" }, "\u2039"),
      h("button", { onclick: move(1), disabled: !after, "aria-label": "Later steps" }, "\u203a"),
    );
    const heads = steps.map((step) => {
      const marks = [step === chosen ? "chosen" : "", step === pinned ? "pinned" : ""].filter(Boolean);
      const props = { class: "step", style: `width:${cell}px`, "data-head": step, tabindex: -1 };
      const title = "Compare at this step; Shift + click pins it";
      const onclick = (/** @type {MouseEvent} */ event) =>
        event.shiftKey ? this.host.pin(step) : this.host.choose(step);
      return h("button", { ...props, role: "columnheader", title, onclick, "data-marks": marks.join(" ") },
        h("span", { class: "cut" }, this.host.nameOf(step)),
        step === pinned ? h("span", { class: "label" }, "pinned") : null,
      );
    });
    return h("div", { class: "line head", role: "row" },
      h("div", { class: "name", style: `width:${this.names}px` }, words, arrows),
      heads,
    );
  }

  /** @param {Row} row @param {number[]} steps @param {number} cell px */
  line(row, steps, cell) {
    const { host } = this;
    const { columns, palette: p } = host;
    const task = columns.tasks[row.task];
    const shapes = columns.steps.flatMap((step) =>
      columns.trees(step, row.task).map(({ column, at }) => shapeOfTree(column.step, at)),
    );
    const scale = scaleOf(shapes, cell - 26 * p.unit, TREE.most * p.unit, p.unit);
    const high = Math.max(TREE.least * p.unit, (scale.up + scale.down) * scale.pitch + AROUND * p.unit);
    const goal = host.goalOf(task, 80);
    const name = taskName(task);
    const pressed = { "aria-pressed": host.row.task === row.task && host.row.tree === row.tree };
    const onclick = () => host.choose(host.chosen, row);
    const number = columns.most > 1 ? `tree ${row.tree + 1} of ${columns.most}` : "";
    const props = { class: "name", style: `width:${this.names}px`, title: goal, tabindex: -1, onclick };
    const label = h("button", { ...props, ...pressed },
      h("b", { class: "cut" }, name),
      h("span", { class: "cut" }, goal),
      number ? h("span", { class: "label" }, number) : null,
    );
    const cells = steps.map((step) => this.cell(step, row, { cell, high, scale, name }));
    return h("div", { class: "line", role: "row" }, h("div", { role: "rowheader" }, label), cells);
  }

  /**
   * @param {number} step @param {Row} row
   * @param {{cell: number, high: number, scale: import("./shape.js").Scale, name: string}} how
   */
  cell(step, row, { cell, high, scale, name }) {
    const { host } = this;
    const { columns, chosen, pinned, palette: p } = host;
    const here = step === chosen && host.row.task === row.task && host.row.tree === row.tree;
    const trees = columns.trees(step, row.task);
    const shown = trees.find(({ column, at }) => column.tree[at] === row.tree);
    const marks = [step === chosen ? "chosen" : "", step === pinned ? "pinned" : ""].filter(Boolean);
    const props = { class: "cell", role: "gridcell", "data-step": step, "data-marks": marks.join(" ") };
    const lacks = columns.known.has(step) ? "not tried" : "loading";
    const words = `${name}, step ${step}: ${shown ? cellWords(shown) : lacks}`;
    const act = {
      tabindex: here ? 0 : -1,
      "aria-label": words,
      "aria-selected": here,
      title: here ? "Enter, or click again: opens this tree" : "",
      onclick: () => (here && shown ? host.open(step, row) : host.choose(step, row)),
    };
    const button = h("button", { ...props, ...act, style: `width:${cell}px` });
    this.cells.set(keyOf(step, row), button);
    if (!columns.known.has(step)) button.append(h("span", { class: "wait", style: `height:${high}px` }));
    else if (!shown) button.append(h("span", { class: "none", style: `height:${high}px` }, "\u2013"));
    else {
      button.append(this.picture(shown, trees, cell - 6, high, scale), caption(shown, cell / p.unit));
    }
    return button;
  }

  /**
   * @param {Cell} shown @param {Cell[]} trees of the task @param {number} width @param {number} high
   * @param {import("./shape.js").Scale} scale
   */
  picture({ column, at }, trees, width, high, scale) {
    const { palette: p, all } = this.host;
    const { canvas, context } = canvasFor(width, high);
    canvas.setAttribute("aria-hidden", "true");
    const { step } = column;
    const used = scale.column * shapeOfTree(step, at).levels;
    const room = width - 20 * p.unit;
    const left = 10 * p.unit + Math.max(0, Math.min(14 * p.unit, room - used - 40 * p.unit));
    const middle = (high - (scale.up + scale.down) * scale.pitch) / 2 + scale.up * scale.pitch;
    drawTree(context, p, step, shapeOfTree(step, at), scale, left, middle);
    if (!all && trees.length > 1) this.marks(context, trees, at, width);
    return canvas;
  }

  /**
   * The roots of all trees of the task, the one that is drawn underlined.
   * @param {CanvasRenderingContext2D} context @param {Cell[]} trees @param {number} shown
   * @param {number} width
   */
  marks(context, trees, shown, width) {
    const { palette: p } = this.host;
    const gap = 7 * p.unit;
    if (trees.length > MARKS) {
      const solved = trees.filter(({ column, row }) => column.step.s[row] === 1).length;
      context.font = `${10 * p.unit}px ${p.family}`;
      context.fillStyle = p.label;
      context.textAlign = "right";
      context.textBaseline = "top";
      context.fillText(`${solved}/${trees.length} solved`, width - 2, 1);
      return;
    }
    trees.forEach(({ column, at, row }, i) => {
      const x = width - (trees.length - i) * gap;
      drawDisc(context, p, column.step, row, x, 5 * p.unit, 2.4 * p.unit);
      if (at !== shown) return;
      context.fillStyle = p.second;
      context.fillRect(x - 2.6 * p.unit, 9.5 * p.unit, 5.2 * p.unit, 1.2);
    });
  }
}

/** @param {number} step @param {Row} row */
function keyOf(step, { task, tree }) {
  return `${step}/${task}/${tree}`;
}

/** s, nodes and depth under a tree. @param {Cell} cell @param {number} width in units of type */
function caption(cell, width) {
  const { column, at, row } = cell;
  const s = column.step.s[row];
  const nodes = count(column.nodes[at]);
  const depth = depthOf(cell);
  const wide = width >= 126;
  const size = wide ? many(column.nodes[at], "node") : `${nodes} n`;
  const deep = wide ? `depth ${depth}` : `d ${depth}`;
  return h("span", { class: "caption" },
    h("b", {}, Number.isNaN(s) ? "s \u2013" : `s ${brief(s, 2)}`),
    ` \u00b7 ${size} \u00b7 ${deep}`,
  );
}


// The icicle: the whole step, one task of it, one tree of that, each opened from the last by a lens.

import { cells, spans } from "./cells.js";
import { count, percent, plain, signed } from "../shared/format.js";
import { h } from "../shared/dom.js";
import { shorten, taskName } from "../shared/text.js";
import { canvasFor, fitText } from "../shared/canvas.js";
import { icon } from "../shared/shapes.js";
import { SiblingPanel } from "../siblings/siblings.js";
import { mix, rampColour, rgb, sequentialColour } from "../shared/theme.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {{name: string, rows: number[], span: ReturnType<typeof spans>, from: number, to: number, top: number, line: number, left: number, width: number, found: ReturnType<typeof cells>}} Band */

/** The siblings of the choice stand beside its tree, where both have room; in a low cell, beside all bands. */
const BESIDE = { least: 760, width: 300, high: 300 };

const WIDTHS = { share: "gradient share", nodes: "nodes", tokens: "tokens" };

export class IcicleView {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {keyof typeof WIDTHS} */
    this.by = "share";
    this.surface = canvasFor(10, 10);
    this.surface.canvas.setAttribute("aria-hidden", "true");
    this.title = h("b", {});
    this.select = h("select", { "aria-label": "width", onchange: () => this.choose() }, Object.entries(WIDTHS).map(([value, words]) => h("option", { value }, words)));
    this.note = h("div", { class: "label", style: "padding:4px 16px 10px;flex:none" });
    this.byA = h("span", { class: "key" }, "colour", h("span", { class: "serif" }, "A"), h("span", { class: "minus" }, "\u22121"), h("span", { class: "ramp", style: "width:72px" }), h("span", { class: "plus" }, "+1"));
    this.byR = h("span", { class: "key" }, "colour", h("span", { class: "serif" }, "R"), "0", h("span", { style: "width:72px;height:7px;background:linear-gradient(90deg,var(--seq0),var(--seq2),var(--seq5))" }), "1 + \u03bb");
    this.tip = h("div", { class: "tip", hidden: true });
    const head = h(
      "div",
      { class: "bar", style: "border:0;height:38px;padding:0 16px;overflow:hidden;white-space:nowrap" },
      this.title,
      h("label", { class: "field" }, h("span", { class: "label" }, "width"), h("span", { class: "select" }, this.select, icon("down", 10))),
      h("span", { class: "legend", style: "padding:0;height:auto" }, this.byA, this.byR),
    );
    this.siblings = new SiblingPanel(app);
    this.stage = h("div", { class: "stage" }, this.surface.canvas, this.siblings.element, this.tip);
    this.element = h("div", { class: "centre" }, head, this.stage, this.note);
    /** @type {Band[]} */
    this.bands = [];
    this.key = "";
    this.largestShare = 1;
    /** @type {number[]} */
    this.groupShares = [];
    this.shareKey = "";
    new ResizeObserver(() => this.app.view === "icicle" && this.update()).observe(this.stage);
    const { canvas } = this.surface;
    canvas.addEventListener("click", (event) => this.onClick(event));
    canvas.addEventListener("dblclick", () => app.setView("tree"));
    canvas.addEventListener("pointermove", (event) => this.onMove(event));
    canvas.addEventListener("pointerleave", () => (this.tip.hidden = true));
  }

  choose() {
    this.by = /** @type {keyof typeof WIDTHS} */ (this.select.value);
    this.update();
  }

  /** Part of the update that a group carries. @param {number} group */
  shareOf(group) {
    const { app } = this;
    const step = app.step;
    if (!step || !app.rule.credit) return NaN;
    const key = `${step.step}/${step.revision}/${JSON.stringify(app.rule.other)}`;
    if (key !== this.shareKey) {
      this.shareKey = key;
      this.groupShares = step.groups.map(() => 0);
      let any = false;
      for (let row = 0; row < step.n; row += 1) {
        const share = app.rule.credit.share[row];
        if (Number.isNaN(share)) continue;
        any = true;
        this.groupShares[step.trees[step.tree[row]].group] += share;
      }
      if (!any) this.groupShares = this.groupShares.map(() => NaN);
      this.largestShare = Math.max(1e-9, ...this.groupShares.filter((share) => !Number.isNaN(share)));
    }
    return this.groupShares[group];
  }

  /** @param {number} row */
  weight(row) {
    const { app } = this;
    const step = /** @type {import("../step/store.js").Step} */ (app.step);
    if (this.by === "nodes") return 1;
    if (this.by === "tokens") return step.wrote[row] + step.read[row];
    const share = app.rule.credit?.share[row] ?? NaN;
    return Number.isNaN(share) ? 0 : share;
  }

  update() {
    const { app } = this;
    const step = app.step;
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (!step || !width || !height) return;
    const hasShare = app.rule.credit ? app.rule.credit.share.subarray(0, step.n).some((share) => share > 0) : false;
    const hasTokens = step.wrote.subarray(0, step.n).some((tokens) => tokens > 0);
    const allowed = { share: hasShare, nodes: true, tokens: hasTokens };
    for (const option of this.select.options) option.disabled = !allowed[/** @type {keyof typeof WIDTHS} */ (option.value)];
    if (!allowed[this.by]) this.by = "nodes";
    this.select.value = this.by;
    this.title.textContent = step.trees.length > 1 ? `Step ${step.step}` : "This tree";
    this.byA.hidden = app.rule.byReturn;
    this.byR.hidden = !app.rule.byReturn;
    this.layout(step, width, height);
    this.paint(width, height);
  }

  /** @param {import("../step/store.js").Step} step @param {number} width @param {number} height */
  layout(step, width, height) {
    const { app } = this;
    const group = step.trees[app.place.tree]?.group ?? 0;
    const left = 62;
    const mine = step.treesOf(group).map((tree) => step.rootOf[tree]).filter((root) => root >= 0);
    const { unit } = app.palette;
    const panel = BESIDE.width * unit;
    const beside = width >= BESIDE.least * unit;
    const above = 22 + (step.groups.length > 1 ? height * 0.2 + 44 : 0) + (mine.length > 1 ? height * 0.28 + 44 : 0);
    const low = beside && height - above < BESIDE.high * unit;
    const inner = width - left - 16 - (low ? panel + 28 : 0);
    const value = (app.rule.byReturn ? app.rule.credit?.R : app.rule.credit?.A) ?? new Float64Array(step.n).fill(NaN);
    const all = step.rootOf.filter((root) => root >= 0);
    const weight = (/** @type {number} */ row) => this.weight(row);
    this.bands = [];
    const band = (/** @type {string} */ name, /** @type {number[]} */ roots, /** @type {number} */ top, /** @type {number} */ most, /** @type {number} */ line, wide = inner) => {
      const rows = roots.flatMap((root) => step.below(root));
      const span = spans(step, roots, weight);
      const depth = rows.reduce((deep, row) => Math.max(deep, step.depth[row]), 0) + 1;
      const tall = Math.max(2, Math.min(line, most / depth));
      const found = cells(step, rows, span, value, 0, 1, wide);
      this.bands.push({ name, rows, span, from: 0, to: 1, top, line: tall, left, width: wide, found });
      return top + tall * Math.min(depth, Math.floor(most / tall));
    };
    let top = 22;
    if (step.groups.length > 1) top = band("step", all, top, height * 0.2, 11) + 44;
    if (mine.length > 1) top = band("task", mine, top, height * 0.28, 19) + 44;
    const root = step.rootOf[app.place.tree] ?? -1;
    this.siblings.element.hidden = !beside || root < 0;
    if (root >= 0) band("tree", [root], top, height - top - 14, 44, beside && !low ? inner - panel - 28 : inner);
    this.siblings.element.style.top = low ? "0" : `${top - 20}px`;
    this.siblings.element.style.width = `${panel}px`;
    this.siblings.update();
    const last = this.bands[this.bands.length - 1]?.found;
    const first = this.bands[0]?.found;
    const merged = this.bands.reduce((sum, item) => sum + item.found.merged, 0);
    this.note.textContent = merged && first && last ? `${count(merged)} cells are under 2 px wide: each pixel column shows their mean` : `${count(step.n)} ${step.n === 1 ? "node" : "nodes"}`;
  }

  /** @param {number} width @param {number} height */
  paint(width, height) {
    const { app } = this;
    const step = /** @type {import("../step/store.js").Step} */ (app.step);
    const p = app.palette;
    const context = this.surface.size(width, height);
    context.fillStyle = p.page;
    context.fillRect(0, 0, width, height);
    const small = `${Math.round(10 * p.unit)}px ${p.family}`;
    this.bands.forEach((band, index) => {
      const next = this.bands[index + 1];
      const lens = this.lens(band);
      const bottom = band.top + band.line * band.found.depths;
      if (next && lens) this.drawLens(context, p, lens, bottom, band, next);
      context.font = small;
      context.textBaseline = "middle";
      context.fillStyle = p.label;
      context.textAlign = "right";
      for (let depth = 0; depth < band.found.depths; depth += 1) {
        if (depth && band.line < 13 && depth !== band.found.depths - 1) continue;
        context.fillText(depth ? String(depth) : "depth 0", band.left - 8, band.top + band.line * (depth + 0.5));
      }
      context.textAlign = "left";
      for (const cell of band.found.cells) {
        const x = band.left + cell.x;
        const gap = cell.width > 3 ? 1 : 0;
        context.fillStyle = this.colour(cell.value);
        context.fillRect(x, band.top + cell.depth * band.line, Math.max(cell.width - gap, 0.8), band.line - (band.line > 4 ? 1 : 0));
        if (cell.row < 0) continue;
        if (band.name === "tree" && cell.width > 46 && band.line > 15) this.cellText(context, p, cell, x, band);
      }
      this.names(context, p, band);
      if (next && lens) {
        context.strokeStyle = p.text;
        context.lineWidth = 1.8;
        context.beginPath();
        context.roundRect(band.left + lens[0] * band.width - 1, band.top - 18, (lens[1] - lens[0]) * band.width + 2, bottom - band.top + 20, 3);
        context.stroke();
      }
      if (band.name === "tree") this.ring(context, p, band);
    });
    if (!this.bands.some((band) => band.found.cells.length)) {
      context.font = `${Math.round(12 * p.unit)}px ${p.family}`;
      context.fillStyle = p.label;
      context.fillText("Nothing to draw by this width yet.", 16, 40);
    }
    void step;
  }

  /** Round the chosen node, or the chosen pile as a whole. @param {CanvasRenderingContext2D} context @param {import("../shared/theme.js").Palette} p @param {Band} band */
  ring(context, p, band) {
    const { place, step } = this.app;
    if (!step || place.row < 0) return;
    const rows = place.piles.all.get(place.pile)?.rows ?? [place.row];
    const last = rows[rows.length - 1];
    const from = band.span.start[rows[0]] * band.width;
    const wide = (band.span.start[last] + band.span.width[last]) * band.width - from;
    if (!(wide > 0)) return;
    for (const [line, colour] of /** @type {[number, string][]} */ ([[3.4, p.page], [1.8, p.text]])) {
      context.lineWidth = line;
      context.strokeStyle = colour;
      context.strokeRect(band.left + from, band.top + step.depth[place.row] * band.line, Math.max(3, wide - 1), band.line - 1);
    }
  }

  /** @param {number} value A, or R where no tree has an advantage */
  colour(value) {
    const p = this.app.palette;
    if (Number.isNaN(value)) return p.rule;
    return this.app.rule.byReturn ? sequentialColour(p, value / (1 + this.app.config.lam)) : rampColour(p, value);
  }

  /** @param {CanvasRenderingContext2D} context @param {import("../shared/theme.js").Palette} p @param {import("./cells.js").Cell} cell @param {number} x @param {Band} band */
  cellText(context, p, cell, x, band) {
    const { app } = this;
    context.fillStyle = inkOn(this.colour(cell.value));
    context.font = `${Math.round(11 * p.unit)}px ${p.family}`;
    const value = Number.isNaN(cell.value) ? "" : `  ${app.rule.byReturn ? plain(cell.value) : signed(cell.value)}`;
    context.fillText(fitText(context, app.goal(cell.row, 60) + value, cell.width - 10), x + 5, band.top + cell.depth * band.line + band.line / 2);
  }

  /** What a band shows of the next one, as a share of its width. @param {Band} band @returns {[number, number] | null} */
  lens(band) {
    const { app } = this;
    const step = /** @type {import("../step/store.js").Step} */ (app.step);
    const roots = band.name === "step" ? step.treesOf(step.trees[app.place.tree].group).map((tree) => step.rootOf[tree]) : [step.rootOf[app.place.tree]];
    const known = roots.filter((root) => root >= 0 && band.span.width[root] > 0);
    if (!known.length) return null;
    const last = known[known.length - 1];
    return [band.span.start[known[0]], band.span.start[last] + band.span.width[last]];
  }

  /** @param {CanvasRenderingContext2D} context @param {import("../shared/theme.js").Palette} p @param {[number, number]} lens @param {number} bottom @param {Band} band @param {Band} next */
  drawLens(context, p, lens, bottom, band, next) {
    const left = band.left + lens[0] * band.width;
    const right = band.left + lens[1] * band.width;
    const end = next.left + band.width; // what stands beside the next band is under the lens, too
    const middle = (bottom + next.top - 20) / 2;
    context.fillStyle = mix(p.page, p.text, 0.06);
    context.beginPath();
    context.moveTo(left, bottom + 2);
    context.bezierCurveTo(left, middle, next.left, middle, next.left, next.top - 20);
    context.lineTo(end, next.top - 20);
    context.bezierCurveTo(end, middle, right, middle, right, bottom + 2);
    context.fill();
  }

  /** Names over the tasks or trees of a band. @param {CanvasRenderingContext2D} context @param {import("../shared/theme.js").Palette} p @param {Band} band */
  names(context, p, band) {
    const { app } = this;
    const step = /** @type {import("../step/store.js").Step} */ (app.step);
    const small = `${Math.round(10 * p.unit)}px ${p.family}`;
    context.textAlign = "center";
    const put = (/** @type {string} */ words, /** @type {number} */ from, /** @type {number} */ to, /** @type {boolean} */ here) => {
      const room = (to - from) * band.width;
      context.font = here ? `600 ${small}` : small;
      if (context.measureText(words).width + 4 > room && !here) return;
      context.fillStyle = here ? p.text : p.label;
      context.fillText(words, band.left + ((from + to) / 2) * band.width, band.top - 9);
    };
    const ends = (/** @type {number} */ root) => /** @type {[number, number]} */ ([band.span.start[root], band.span.start[root] + band.span.width[root]]);
    const own = step.trees[app.place.tree];
    if (band.name === "step") {
      step.groups.forEach((group, index) => {
        const roots = step.treesOf(index).map((tree) => step.rootOf[tree]).filter((root) => root >= 0);
        if (!roots.length) return;
        const number = /(\d+)\s*$/.exec(group.task)?.[1] ?? shorten(taskName(group), 10);
        put(number, ends(roots[0])[0], ends(roots[roots.length - 1])[1], index === own.group);
      });
    } else if (band.name === "task") {
      for (const tree of step.treesOf(own.group)) {
        if (step.rootOf[tree] >= 0) put(`tree ${step.trees[tree].rollout + 1}`, ...ends(step.rootOf[tree]), tree === app.place.tree);
      }
    } else put(`${taskName(step.groups[own.group])}, tree ${own.rollout + 1}: ${count(step.sizeOf[app.place.tree])} nodes`, 0, 1, true);
    context.textAlign = "left";
  }

  /** @param {MouseEvent} event @returns {{band: Band, row: number} | null} */
  hitTest(event) {
    const box = this.surface.canvas.getBoundingClientRect();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    const step = this.app.step;
    for (const band of this.bands) {
      const depth = Math.floor((y - band.top) / band.line);
      if (depth < -1 || depth >= band.found.depths) continue;
      const at = (x - band.left) / band.width;
      // The narrowest node of this line under the pointer: also those too narrow to be drawn.
      const row = step ? band.rows.find((one) => step.depth[one] === Math.max(0, depth) && at >= band.span.start[one] && at < band.span.start[one] + band.span.width[one]) : undefined;
      if (row !== undefined) return { band, row };
    }
    return null;
  }

  /** @param {MouseEvent} event */
  onClick(event) {
    const hit = this.hitTest(event);
    if (!hit) return;
    const { app } = this;
    if (hit.band.name === "tree") app.choose.row(hit.row);
    else app.choose.key(`t${app.step?.tree[hit.row] ?? 0}`);
    app.outline.focus();
  }

  /** @param {MouseEvent} event */
  onMove(event) {
    const hit = this.hitTest(event);
    const { app, tip } = this;
    const step = app.step;
    tip.hidden = !hit;
    this.surface.canvas.style.cursor = hit ? "pointer" : "";
    if (!hit || !step || !app.rule.credit) return;
    const A = app.rule.credit.A[hit.row];
    const share = app.rule.credit.share[hit.row];
    tip.replaceChildren(h("div", { class: "goal" }, app.goal(hit.row, 120)), h("div", { class: "label" }, `tree ${step.trees[step.tree[hit.row]].rollout + 1} \u00b7 ${step.path(hit.row)}`), h("div", {}, Number.isNaN(A) ? "not scored" : `A ${signed(A)}${Number.isNaN(share) ? "" : `, ${percent(share, 2)} of the update`}`));
    const box = this.stage.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(event.clientX - box.left + 12, box.width - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.max(4, Math.min(event.clientY - box.top + 14, box.height - tip.offsetHeight - 4))}px`;
  }
}

/** Black or white, whichever reads better on a colour. @param {string} colour */
function inkOn(colour) {
  const linear = (rgb(colour) ?? [255, 255, 255]).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.19 ? "#14171a" : "#ffffff";
}

// The outline: a windowed list of the open rows, and at every width the tree that keyboards and screen
// readers see.

import { count, percent, plain, signed } from "../shared/format.js";
import { fill, h, s } from "../shared/dom.js";
import { taskName } from "../shared/text.js";
import { shapeOf, statusWords } from "../step/status.js";
import { pileCells } from "./pilerow.js";
import { icon, markIcon } from "../shared/shapes.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("./rows.js").OutlineRow} OutlineRow */

const SPARE = 6;
let made = 0;

export class Outline {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.id = `rao${(made += 1)}`;
    this.headLeft = h("span", { class: "label" });
    this.headRight = h("span", { class: "label" });
    this.room = h("div", { class: "room", role: "presentation" });
    this.list = h("div", { class: "list", role: "tree", tabindex: 0, "aria-label": "Nodes" }, this.room);
    this.element = h("div", { class: "outline" }, h("div", { class: "head" }, this.headLeft, this.headRight), this.list);
    /** @type {OutlineRow[]} */
    this.rows = [];
    /** @type {Map<string, {sign: string, element: HTMLElement}>} */
    this.drawn = new Map();
    this.list.addEventListener("scroll", () => this.draw());
    this.list.addEventListener("click", (event) => this.onClick(event));
    this.list.addEventListener("dblclick", (event) => {
      const key = this.keyAt(event);
      if (key?.[0] === "n") app.fold.focus(Number(key.slice(1)));
    });
    this.list.addEventListener("focus", () => app.treeView.draw());
    this.list.addEventListener("blur", () => app.treeView.draw());
  }

  focus() {
    this.list.focus({ preventScroll: true });
  }

  get pitch() {
    return Math.round(26 * this.app.palette.unit);
  }

  /** @param {Event} event */
  keyAt(event) {
    const row = /** @type {HTMLElement} */ (event.target).closest(".row");
    return row instanceof HTMLElement ? row.dataset.key : undefined;
  }

  /** @param {Event} event */
  onClick(event) {
    const key = this.keyAt(event);
    if (!key) return;
    if (/** @type {HTMLElement} */ (event.target).closest(".twist.has")) this.app.fold.key(key);
    else {
      this.app.choose.key(key);
      if (key[0] === "p") this.app.fold.pile(Number(key.slice(1)), true);
      if (this.app.size === "tiny" || (this.app.size === "small" && this.app.view === "outline")) this.app.size === "tiny" ? this.app.setInspecting(true) : this.app.setView("tree");
    }
    this.focus();
  }

  get key() {
    return this.app.place.keyIn(this.rows, this.app.view === "icicle");
  }

  update() {
    const { app } = this;
    this.rows = app.outlineRows();
    const step = app.step;
    const whole = app.view === "icicle";
    const nodes = step ? (whole ? step.n : step.sizeOf[app.place.tree] ?? 0) : 0;
    const piled = this.rows.some((row) => row.kind === "pile");
    this.headLeft.textContent = `${count(nodes)} ${nodes === 1 ? "node" : "nodes"}${piled ? ", alike siblings folded" : ""}`;
    if (whole) fill(this.headRight, "share, or ", h("span", { class: "serif" }, "A"));
    else if (app.rule.byReturn) fill(this.headRight, "reward ", h("span", { class: "serif" }, "R"));
    else fill(this.headRight, "advantage ", h("span", { class: "serif" }, "A"));
    this.room.style.height = `${this.rows.length * this.pitch}px`;
    this.draw();
  }

  /** Scrolls so that the chosen row can be seen. */
  reveal() {
    const at = this.rows.findIndex((row) => row.key === this.key);
    if (at < 0) return;
    const top = at * this.pitch;
    const seen = this.list.clientHeight;
    if (top < this.list.scrollTop) this.list.scrollTop = top;
    else if (top + this.pitch > this.list.scrollTop + seen) this.list.scrollTop = top + this.pitch - seen;
    else return;
    this.draw();
  }

  draw() {
    const { app, pitch } = this;
    if (!app.step) {
      fill(this.room);
      this.drawn.clear();
      return;
    }
    const first = Math.max(0, Math.floor(this.list.scrollTop / pitch) - SPARE);
    const last = Math.min(this.rows.length, Math.ceil((this.list.scrollTop + Math.max(200, this.list.clientHeight)) / pitch) + SPARE);
    const key = this.key;
    let found = false;
    /** @type {Map<string, {sign: string, element: HTMLElement}>} */
    const kept = new Map();
    /** @type {Element | null} */
    let after = null;
    const put = (/** @type {number} */ at) => {
      const row = this.rows[at];
      const sign = this.sign(row, at, key);
      const old = this.drawn.get(row.key);
      // A row that says the same stays as it is: moving the selection touches two.
      const element = old?.sign === sign ? old.element : this.row(row, at, key);
      if (old && old.element !== element) old.element.replaceWith(element);
      else if (!old) after ? after.after(element) : this.room.prepend(element);
      after = element;
      kept.set(row.key, { sign, element });
    };
    for (let at = first; at < last; at += 1) {
      if (this.rows[at].key === key) found = true;
      put(at);
    }
    const chosen = found ? -1 : this.rows.findIndex((row) => row.key === key);
    if (chosen >= 0) put(chosen); // the active row always exists
    for (const [old, { element }] of this.drawn) if (!kept.has(old)) element.remove();
    this.drawn = kept;
    if (found || chosen >= 0) this.list.setAttribute("aria-activedescendant", `${this.id}-${key}`);
    else this.list.removeAttribute("aria-activedescendant");
  }

  /** Everything a row's looks depend on. @param {OutlineRow} row @param {number} at @param {string} key */
  sign(row, at, key) {
    const { app } = this;
    const step = /** @type {import("../step/store.js").Step} */ (app.step);
    const base = [at, row.level, row.set, row.open, row.key === key, app.rule.scale, app.preamble, step.step];
    if (row.kind !== "node") return [...base, step.revision, row.kind === "pile" && app.place.piles.all.get(row.id)?.fallen, app.finding.query, JSON.stringify(app.rule.other), app.icicle.largestShare].join("|");
    const id = row.id;
    const was = app.rule.other ? (app.rule.recorded?.A[id] ?? NaN) : "";
    const below = row.open === false ? step.revision : "";
    return [...base, step.status[id], step.s[id], step.turns[id], step.goal[id], app.rule.credit?.A[id], app.rule.credit?.R[id], was, app.rule.byReturn, app.config.lam, below, app.finding.query].join("|");
  }

  /** @param {OutlineRow} row @param {number} at @param {string} key */
  row(row, at, key) {
    const { app } = this;
    const content = row.kind === "node" ? this.nodeCells(row) : row.kind === "pile" ? pileCells(app, row) : this.bandCells(row);
    const indent = 13;
    const left = 4 + (row.level - 1) * indent;
    const guides = [];
    for (let level = 1; level < row.level; level += 1) guides.push(h("span", { class: "guide", style: `left:${4 + (level - 1) * indent + 12}px` }));
    const twist = h("span", { class: `twist${row.open === null ? "" : " has"}`, "aria-hidden": "true" }, row.open === null ? null : icon(row.open ? "open" : "shut", 11));
    return h(
      "div",
      {
        class: `row${this.hit(row) ? " hit" : ""}`,
        id: `${this.id}-${row.key}`,
        role: "treeitem",
        "data-key": row.key,
        "aria-level": row.level,
        "aria-setsize": row.set,
        "aria-posinset": row.place,
        "aria-expanded": row.open === null ? null : String(row.open),
        "aria-selected": String(row.key === key),
        "aria-label": content.label,
        style: `top:${at * this.pitch}px;padding-left:${left}px`,
      },
      guides,
      twist,
      content.cells,
    );
  }

  /** The search found it, or something in it. @param {OutlineRow} row */
  hit(row) {
    const { found } = this.app.finding;
    if (row.kind === "pile") return found.size > 0 && !row.open && !!this.app.place.piles.all.get(row.id)?.rows.some((one) => found.has(one));
    return row.kind === "node" && found.has(row.id);
  }

  /** @param {OutlineRow} row */
  nodeCells(row) {
    const { app } = this;
    const step = /** @type {import("../step/store.js").Step} */ (app.step);
    const credit = /** @type {import("../step/types.js").CreditColumns} */ (app.rule.credit);
    const id = row.id;
    const shape = shapeOf(step.status[id], step.s[id]);
    const A = credit.A[id];
    const R = credit.R[id];
    const goal = app.goal(id, 80);
    const live = shape === "running" || shape === "waiting";
    const flip = app.rule.isFlipped(id);
    const known = !Number.isNaN(A);
    const value = known ? signed(A) : app.rule.byReturn && !Number.isNaN(R) ? plain(R) : live ? `turn ${Math.max(1, step.turns[id])}` : "\u2013";
    const colour = known ? (A > 0.004 ? " plus" : A < -0.004 ? " minus" : "") : live ? " live-word" : " label";
    const words = known ? `advantage ${signed(A)}` : app.rule.byReturn && !Number.isNaN(R) ? `reward ${plain(R)}` : live ? `turn ${step.turns[id]}` : "not scored";
    const hidden = row.open === false ? ` (${count(step.below(id).length - 1)})` : "";
    return {
      label: `${step.path(id)}, ${goal}, ${statusWords(step.status[id], step.s[id])}, ${words}${row.together ? ", launched together" : ""}${flip ? ", sign changed" : ""}`,
      cells: [
        markIcon(shape, 11),
        row.level === 1 ? null : h("span", { class: "beside", "aria-hidden": "true" }, row.together ? [h("i"), h("i")] : null),
        h("span", { class: "goal", title: goal }, goal, hidden ? h("span", { class: "label" }, hidden) : null),
        this.mini(id),
        h("span", { class: `value${colour}${flip ? " flip" : ""}` }, value),
      ],
    };
  }

  /** The bar of one node, the recorded value as a dashed outline in a what-if. @param {number} row */
  mini(row) {
    const { app } = this;
    const credit = /** @type {import("../step/types.js").CreditColumns} */ (app.rule.credit);
    const was = app.rule.recorded?.A[row] ?? NaN;
    const A = credit.A[row];
    const half = 19;
    const span = (/** @type {number} */ value) => {
      const length = Math.min(1, Math.abs(value) / app.rule.scale) * half;
      return { x: value < 0 ? half - length : half, width: Math.max(0.5, length) };
    };
    const parts = [s("rect", { x: 0, y: 3, width: 38, height: 6, rx: 1.5, fill: "var(--track)" })];
    if (!Number.isNaN(A)) {
      const bar = span(A);
      parts.push(s("rect", { ...bar, y: 3, height: 6, rx: 1.5, fill: A < 0 ? "var(--barMinus)" : "var(--barPlus)" }));
      if (app.rule.other && !Number.isNaN(was)) {
        const ghost = span(was);
        parts.push(s("rect", { x: ghost.x, width: ghost.width, y: 2, height: 8, rx: 1.5, fill: "none", stroke: "var(--second)", "stroke-width": 0.8, "stroke-dasharray": "2 1.5" }));
      }
      parts.push(s("path", { d: "M19 1.5v9", stroke: "var(--second)", "stroke-width": 1 }));
    } else if (app.rule.byReturn && !Number.isNaN(credit.R[row])) {
      parts.push(s("rect", { x: 0, y: 3, width: Math.max(0.5, Math.min(1, credit.R[row] / (1 + app.config.lam)) * 38), height: 6, rx: 1.5, fill: "var(--seq2)" }));
    } else {
      return s("svg", { class: "mini", width: 38, height: 12, "aria-hidden": "true" }, s("path", { d: "M0 6h38", stroke: "var(--faint)", "stroke-dasharray": "1.5 2.5", "stroke-width": 1.2 }));
    }
    return s("svg", { class: "mini", width: 38, height: 12, "aria-hidden": "true" }, ...parts);
  }

  /** Rows of tasks and trees. @param {OutlineRow} row */
  bandCells(row) {
    const { app } = this;
    const step = /** @type {import("../step/store.js").Step} */ (app.step);
    const credit = /** @type {import("../step/types.js").CreditColumns} */ (app.rule.credit);
    if (row.kind === "tree") {
      const root = step.rootOf[row.id];
      const A = root >= 0 ? credit.A[root] : NaN;
      const name = `tree ${step.trees[row.id].rollout + 1}`;
      const nodes = step.sizeOf[row.id] ?? 0;
      return {
        label: `${name}, ${nodes} nodes${Number.isNaN(A) ? "" : `, root advantage ${signed(A)}`}`,
        cells: [root >= 0 ? markIcon(shapeOf(step.status[root], step.s[root]), 11) : null, h("span", { class: "goal" }, name), h("span", { class: "amount" }, count(nodes)), root >= 0 ? this.wide(A, NaN) : null],
      };
    }
    const group = step.groups[row.id];
    const trees = step.treesOf(row.id);
    const nodes = trees.reduce((sum, tree) => sum + (step.sizeOf[tree] ?? 0), 0);
    const share = app.icicle.shareOf(row.id);
    const name = taskName(group) || `task ${row.id + 1}`;
    return {
      label: `${name}, ${trees.length} trees, ${nodes} nodes${Number.isNaN(share) ? "" : `, ${percent(share)} of the update`}`,
      cells: [h("span", { class: "goal" }, name, group.probe ? h("span", { class: "label" }, " probe") : null), h("span", { class: "amount" }, count(nodes)), this.wide(NaN, share)],
    };
  }

  /** @param {number} A @param {number} share */
  wide(A, share) {
    const { app } = this;
    const width = 76;
    const parts = [s("rect", { x: 0, y: 3, width, height: 6, rx: 1.5, fill: "var(--track)" })];
    if (!Number.isNaN(share)) parts.push(s("rect", { x: 0, y: 3, width: Math.min(1, share / Math.max(1e-9, app.icicle.largestShare)) * width, height: 6, rx: 1.5, fill: "var(--seq3)" }));
    else if (!Number.isNaN(A)) {
      const length = Math.min(1, Math.abs(A)) * (width / 2);
      parts.push(s("rect", { x: A < 0 ? width / 2 - length : width / 2, y: 3, width: length, height: 6, rx: 1.5, fill: A < 0 ? "var(--barMinus)" : "var(--barPlus)" }), s("path", { d: `M${width / 2} 1.5v9`, stroke: "var(--second)" }));
    }
    return s("svg", { class: "mini", width, height: 12, "aria-hidden": "true" }, ...parts);
  }
}

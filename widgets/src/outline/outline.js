// The outline: a windowed list of the open rows, and at every width the tree that keyboards and screen
// readers see.

import { fill, h } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { icon } from "../shared/shapes.js";
import { nodeCells, taskCells, treeCells } from "./cells.js";
import { pileCells } from "./pilerow.js";
import { TaskShares } from "./shares.js";

/** @typedef {import("./rows.js").OutlineRow} OutlineRow */
/** @typedef {import("../step/piles.js").Pile} Pile */
/** @typedef {import("../step/shown.js").Shown} Shown */

/** Rows drawn beyond those in view. */
const SPARE = 6;
/** px by which a level is set in; all levels together leave these to a row, its goal among them. */
const INDENT = 13;
const CELLS = 198;
let made = 0;

export class Outline {
  /** @param {import("./host.js").OutlineHost} host */
  constructor(host) {
    this.host = host;
    this.id = `rao${(made += 1)}`;
    this.headLeft = h("span", { class: "label" });
    this.headRight = h("span", { class: "label" });
    this.room = h("div", { class: "room", role: "presentation" });
    this.list = h("div", { class: "list", role: "tree", tabindex: 0, "aria-label": "Nodes" }, this.room);
    const head = h("div", { class: "head" }, this.headLeft, this.headRight);
    this.element = h("div", { class: "outline" }, head, this.list);
    this.shares = new TaskShares();
    /** @type {OutlineRow[]} */
    this.rows = [];
    /** @type {Map<string, {sign: string, element: HTMLElement}>} */
    this.drawn = new Map();
    this.inset = INDENT;
    this.list.addEventListener("scroll", () => this.draw());
    this.list.addEventListener("click", (event) => this.onClick(event));
    this.list.addEventListener("dblclick", (event) => {
      const key = keyAt(event);
      if (key?.[0] === "n") host.fold.focus(Number(key.slice(1)));
    });
    this.list.addEventListener("focus", () => host.onKeysMoved());
    this.list.addEventListener("blur", () => host.onKeysMoved());
  }

  focus() {
    this.list.focus({ preventScroll: true });
  }

  /** It has the keyboard. */
  get focused() {
    return document.activeElement === this.list && this.list.matches(":focus-visible");
  }

  /** px between rows. */
  get pitch() {
    return Math.round(26 * this.host.palette.unit);
  }

  /** Of the chosen row. */
  get key() {
    return this.host.place.keyIn(this.rows, this.host.whole);
  }

  /** px by which each level is set in: less in a deep tree, so that its goals can be read. */
  get indent() {
    const deep = this.rows.reduce((most, { level }) => Math.max(most, level), 1) - 1;
    const room = Math.max(INDENT, this.list.clientWidth - CELLS * this.host.palette.unit);
    return Math.min(INDENT, room / Math.max(1, deep));
  }

  /** @param {Event} event */
  onClick(event) {
    const { choose, fold } = this.host;
    const key = keyAt(event);
    if (!key) return;
    if (/** @type {HTMLElement} */ (event.target).closest(".twist.has")) fold.key(key);
    else {
      choose.key(key);
      if (key[0] === "p") fold.pile(Number(key.slice(1)), true);
      this.host.leaveOutline();
    }
    this.focus();
  }

  update() {
    const { shown, place, whole } = this.host;
    this.rows = this.host.outlineRows();
    if (shown && whole) this.shares.compute(shown);
    const step = shown?.step;
    const nodes = (whole ? step?.n : step?.sizeOf[place.tree]) ?? 0;
    const piled = this.rows.some((row) => row.kind === "pile");
    const words = `${count(nodes)} ${nodes === 1 ? "node" : "nodes"}`;
    this.headLeft.textContent = `${words}${piled ? ", alike siblings folded" : ""}`;
    const [name, symbol] = whole
      ? ["share, or ", "A"]
      : shown?.byReturn
        ? ["reward ", "R"]
        : ["advantage ", "A"];
    fill(this.headRight, name, h("span", { class: "serif" }, symbol));
    this.room.style.height = `${this.rows.length * this.pitch}px`;
    this.draw();
  }

  /** Scrolls so that the chosen row can be seen. */
  reveal() {
    const { list, pitch, key } = this;
    const at = this.rows.findIndex((row) => row.key === key);
    if (at < 0) return;
    const top = at * pitch;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + pitch > list.scrollTop + list.clientHeight)
      list.scrollTop = top + pitch - list.clientHeight;
    else return;
    this.draw();
  }

  draw() {
    const { pitch, list, rows, key } = this;
    const { shown } = this.host;
    if (!shown) {
      fill(this.room);
      this.drawn.clear();
      return;
    }
    const first = Math.max(0, Math.floor(list.scrollTop / pitch) - SPARE);
    const seen = Math.ceil((list.scrollTop + Math.max(200, list.clientHeight)) / pitch);
    const last = Math.min(rows.length, seen + SPARE);
    /** @type {Map<string, {sign: string, element: HTMLElement}>} */
    const kept = new Map();
    this.inset = this.indent;
    /** @type {Element | null} */
    let after = null;
    const put = (/** @type {number} */ at) => {
      const row = rows[at];
      const sign = this.sign(shown, row, at, key);
      const old = this.drawn.get(row.key);
      // A row that says the same stays as it is: moving the selection touches two.
      const element = old?.sign === sign ? old.element : this.row(shown, row, at, key);
      if (old && old.element !== element) old.element.replaceWith(element);
      else if (!old) after ? after.after(element) : this.room.prepend(element);
      after = element;
      kept.set(row.key, { sign, element });
    };
    for (let at = first; at < last; at += 1) put(at);
    const chosen = kept.has(key) ? -1 : rows.findIndex((row) => row.key === key);
    if (chosen >= 0) put(chosen); // the active row always exists
    for (const [old, { element }] of this.drawn) if (!kept.has(old)) element.remove();
    this.drawn = kept;
    if (kept.has(key)) list.setAttribute("aria-activedescendant", `${this.id}-${key}`);
    else list.removeAttribute("aria-activedescendant");
  }

  /**
   * Everything a row's looks depend on.
   * @param {Shown} shown @param {OutlineRow} row @param {number} at @param {string} key
   */
  sign(shown, row, at, key) {
    const { finding, place, preamble } = this.host;
    const { step, credit, recorded, other } = shown;
    const { id } = row;
    const here = [at, row.level, this.inset, row.set, row.open, row.key === key, preamble, finding.query];
    const base = [...here, shown.scale, step.step];
    if (row.kind !== "node") {
      const fallen = row.kind === "pile" && place.piles.all.get(id)?.fallen;
      return [...base, step.revision, fallen, JSON.stringify(other), this.shares.largest].join("|");
    }
    const later = shown.later?.has(id);
    const state = [step.status[id], step.s[id], step.turns[id], step.goal[id], later];
    const values = [
      credit.A[id],
      credit.R[id],
      other ? recorded.A[id] : "",
      shown.byReturn,
      shown.config.lam,
    ];
    const badges = this.host.marking.onCard(id).map(({ badge, figure }) => badge.key + figure);
    return [...base, ...state, ...values, row.open === false ? step.revision : "", ...badges].join("|");
  }

  /** @param {Shown} shown @param {OutlineRow} row */
  cells(shown, row) {
    const { host } = this;
    if (row.kind === "node") return nodeCells(shown, row, host.goal(row.id, 80), host.marking.onCard(row.id));
    if (row.kind === "tree") return treeCells(shown, row.id);
    if (row.kind === "group") return taskCells(shown, row.id, this.shares);
    const pile = /** @type {Pile} */ (host.place.piles.all.get(row.id));
    return pileCells(shown, pile, host.summary(pile), row.together, host.whole);
  }

  /** @param {Shown} shown @param {OutlineRow} row @param {number} at @param {string} key */
  row(shown, row, at, key) {
    const content = this.cells(shown, row);
    const left = (/** @type {number} */ level) => 4 + (level - 1) * this.inset;
    const guides = Array.from({ length: row.level - 1 }, (_, above) =>
      h("span", { class: "guide", style: `left:${left(above + 1) + 12}px` }),
    );
    const has = row.open !== null;
    const sign = has ? icon(row.open ? "open" : "shut", 11) : null;
    const later = row.kind === "node" && shown.later?.has(row.id);
    return h(
      "div",
      {
        class: `row${this.hit(row) ? " hit" : ""}${later ? " later" : ""}`,
        id: `${this.id}-${row.key}`,
        role: "treeitem",
        "data-key": row.key,
        "aria-level": row.level,
        "aria-setsize": row.set,
        "aria-posinset": row.place,
        "aria-expanded": has ? String(row.open) : null,
        "aria-selected": String(row.key === key),
        "aria-label": later ? `${shown.step.path(row.id)}, not launched yet` : content.label,
        style: `top:${at * this.pitch}px;padding-left:${left(row.level)}px`,
      },
      guides,
      h("span", { class: `twist${has ? " has" : ""}`, "aria-hidden": "true" }, sign),
      content.cells,
    );
  }

  /** The search found it, or something in it. @param {OutlineRow} row */
  hit(row) {
    const { place, finding } = this.host;
    if (row.kind === "node") return finding.found.has(row.id);
    if (row.kind !== "pile" || row.open || !finding.found.size) return false;
    return !!place.piles.all.get(row.id)?.rows.some((one) => finding.found.has(one));
  }
}

/** The key of the row under the pointer. @param {Event} event */
function keyAt(event) {
  const row = /** @type {HTMLElement} */ (event.target).closest(".row");
  return row instanceof HTMLElement ? row.dataset.key : undefined;
}

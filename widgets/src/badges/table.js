// The badges of a step as a windowed table: a row a badge, the node that is chosen marked.

import { fill, h } from "../shared/dom.js";
import { many, signClass, signed } from "../shared/format.js";
import { badgeIcon, markIcon } from "../shared/shapes.js";
import { commonWords, taskName } from "../shared/text.js";
import { shapeOf, statusWords } from "../step/status.js";

/** @typedef {import("../step/badges.js").Given} Given */
/** @typedef {import("./host.js").BadgesHost} BadgesHost */

const SPARE = 4;
let made = 0;

export class BadgeTable {
  /** @param {BadgesHost} host */
  constructor(host) {
    this.host = host;
    this.id = `badges${(made += 1)}`;
    this.head = h("div", { class: "heads", role: "row" });
    this.room = h("div", { class: "room", role: "presentation" });
    const aria = { role: "grid", "aria-label": "Badges of the step", tabindex: 0 };
    this.list = h("div", { class: "list", ...aria }, this.room);
    this.element = h("div", { class: "given-table" }, this.head, this.list);
    /** @type {Given[]} */
    this.rows = [];
    this.at = -1;
    /** Letters that the names of all tasks begin with: the table leaves them out. */
    this.common = 0;
    this.list.addEventListener("scroll", () => this.draw());
    this.list.addEventListener("click", (event) => this.onClick(event));
    this.list.addEventListener("dblclick", () => this.open());
  }

  get pitch() {
    return Math.round(29 * this.host.palette.unit);
  }

  /** @param {Event} event */
  onClick(event) {
    const row = /** @type {HTMLElement} */ (event.target).closest("[data-at]");
    if (row instanceof HTMLElement) this.choose(Number(row.dataset.at));
    this.list.focus({ preventScroll: true });
  }

  /** @param {number} at */
  choose(at) {
    const given = this.rows[at];
    if (!given) return;
    this.at = at;
    if (given.row >= 0) this.host.choose.row(given.row);
    else this.host.choose.tree(given.tree);
    this.reveal();
  }

  /** The chosen node in its tree. */
  open() {
    if (this.at >= 0) this.host.setView("tree");
  }

  /** @param {KeyboardEvent} event @returns {boolean} it meant something */
  onKey({ key, shiftKey, ctrlKey, metaKey, altKey }) {
    if (document.activeElement !== this.list || shiftKey || ctrlKey || metaKey || altKey) return false;
    const last = this.rows.length - 1;
    const to = { ArrowUp: this.at - 1, ArrowDown: this.at + 1, Home: 0, End: last }[key];
    if (to !== undefined) this.choose(Math.max(0, Math.min(last, to)));
    else if (key === "Enter") this.open();
    else return false;
    return true;
  }

  reveal() {
    const { list, pitch, at } = this;
    const top = at * pitch;
    if (top < list.scrollTop) list.scrollTop = top;
    const over = top + pitch - list.clientHeight;
    if (over > list.scrollTop) list.scrollTop = over;
    this.draw();
  }

  /** @param {Given[]} rows */
  update(rows) {
    const { place, shown } = this.host;
    this.rows = rows;
    this.common = commonWords(shown?.step.groups.map((group) => taskName(group)) ?? []).length;
    if (this.rows[this.at]?.row !== place.row) this.at = rows.findIndex(({ row }) => row === place.row);
    this.room.style.height = `${rows.length * this.pitch}px`;
    this.list.setAttribute("aria-rowcount", String(rows.length));
    const names = ["tree", "node", "goal", "badge", "figure", "A"];
    fill(this.head, names.map((name) => h("span", { class: `c-${name}`, role: "columnheader" }, name)));
    this.draw();
  }

  draw() {
    const { list, pitch, rows } = this;
    const first = Math.max(0, Math.floor(list.scrollTop / pitch) - SPARE);
    const last = Math.min(rows.length, Math.ceil((list.scrollTop + list.clientHeight) / pitch) + SPARE);
    const drawn = rows.slice(first, last).map((given, at) => this.row(given, first + at));
    fill(this.room, drawn);
    const shown = this.at >= first && this.at < last;
    if (shown) list.setAttribute("aria-activedescendant", `${this.id}-${this.at}`);
    else list.removeAttribute("aria-activedescendant");
  }

  /** @param {Given} given @param {number} at */
  row({ badge, row, tree, figure }, at) {
    const { host } = this;
    const { step, credit } = /** @type {import("../step/shown.js").Shown} */ (host.shown);
    const { group, rollout } = step.trees[tree];
    const task = taskName(step.groups[group]) || `task ${group + 1}`;
    const probe = step.groups[group].probe ? " probe" : "";
    const own = row >= 0;
    const title = `${task}: ${badge.sentence} ${figure}`;
    const A = own ? credit.A[row] : NaN;
    const trees = many(step.treesOf(group).length, "tree");
    const state = own ? statusWords(step.status[row], step.s[row]) : "";
    const cell = (/** @type {string} */ name, /** @type {any} */ ...parts) =>
      h("span", { class: `c-${name} cut`, role: "gridcell", title }, ...parts);
    const number = `${own ? `, tree ${rollout + 1}` : ""}${probe}`;
    const short = h("span", { class: "cut" }, task.slice(this.common));
    const where = `${task}${number}`;
    return h("div",
      {
        ...{ class: "given-row", role: "row", id: `${this.id}-${at}`, "data-at": at },
        ...{ "aria-selected": at === this.at, style: `top:${at * this.pitch}px` },
        "aria-label": [where, own ? step.path(row) : "group", badge.name, figure, state].join(", "),
        title,
      },
      h("span", { class: "c-tree", role: "gridcell" }, short, number),
      cell("node", own ? [markIcon(shapeOf(step.status[row], step.s[row]), 12), step.path(row)] : []),
      cell("goal", own ? host.goal(row, 80) : `${task}, ${trees}`),
      cell("badge", badgeIcon(badge.mark, "", 13), badge.name),
      cell("figure", figure),
      h("span", { class: `c-A ${signClass(A)}`, role: "gridcell" }, Number.isNaN(A) ? "" : signed(A)),
    );
  }
}

// The log of a run: which nodes were refused what, and which have no success, step by step. A row opens its
// node.

import { fill, h } from "../shared/dom.js";
import { count, many } from "../shared/format.js";
import { oneLine, taskName } from "../shared/text.js";

/** @typedef {import("./host.js").BoardHost} BoardHost */

/**
 * @typedef {object} LogRow
 * @property {number} step
 * @property {string} task
 * @property {boolean} probe
 * @property {number} tree of its task, from 1
 * @property {number} place of the tree in the step
 * @property {string} node
 * @property {string} kind
 * @property {number} count
 * @property {string} reason
 */

/** Rows that are listed, and steps that are asked for at once. */
const LISTED = 400;
const AHEAD = 12;
export const NOT_SCORED = "not scored";
const HEAD = ["step", "task", "tree", "node", "what", "times", "why"];
const NUMBERS = ["step", "tree", "times"];

/** @param {string} kind */
export function kindWords(kind) {
  return kind.replace(/_/g, " ");
}

/**
 * The rows of a step, as the kernel tells them.
 * @param {number} step @param {any} value @returns {LogRow[]}
 */
export function logRows(step, value) {
  const groups = value?.groups ?? [];
  return (value?.rows ?? []).map((/** @type {any[]} */ [group, tree, place, node, kind, times, reason]) => {
    const [task, difficulty, probe] = groups[group] ?? ["", "", false];
    const name = taskName({ task, difficulty }) || "task";
    return { step, task: name, probe, tree, place, node, kind, count: times, reason };
  });
}

/**
 * The rows that are looked for.
 * @param {LogRow[]} rows @param {string} kind empty: all @param {string} query
 */
export function sifted(rows, kind, query) {
  const words = query.trim().toLowerCase();
  return rows.filter((row) => {
    if (kind && row.kind !== kind) return false;
    const text = [row.task, row.node, kindWords(row.kind), row.reason].join(" ");
    return !words || text.toLowerCase().includes(words);
  });
}

/** How often each kind happened, most frequent first. @param {LogRow[]} rows @returns {[string, number][]} */
export function kindsOf(rows) {
  /** @type {Map<string, number>} */
  const found = new Map();
  for (const row of rows) found.set(row.kind, (found.get(row.kind) ?? 0) + row.count);
  return [...found].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

export class Log {
  /** @param {BoardHost} host */
  constructor(host) {
    this.host = host;
    this.kind = "";
    this.whole = false;
    this.key = "";
    this.select = h("select", { class: "control", "aria-label": "What happened" });
    this.select.addEventListener("change", () => this.choose(this.select.value));
    this.steps = h("button", { class: "control", "aria-pressed": false }, "all steps");
    this.steps.addEventListener("click", () => {
      this.whole = !this.whole;
      this.show();
    });
    const props = { class: "find-metric", type: "search", placeholder: "task, node or why" };
    this.find = h("input", { ...props, "aria-label": "Find in the log" });
    this.find.addEventListener("input", () => this.show());
    this.said = h("span", { class: "label" });
    this.body = h("tbody", {});
    const head = h("tr", {}, HEAD.map((name) => {
      return h("th", { scope: "col", class: NUMBERS.includes(name) ? "number" : "" }, name);
    }));
    const table = h("table", {}, h("thead", {}, head), this.body);
    this.box = h("div", { class: "log-box" }, table);
    this.bar = h("div", { class: "log-bar" }, this.select, this.steps, this.find, this.said);
    const title = "Refusals and nodes not scored";
    this.element = h("section", { class: "log", "data-name": "Log", "aria-label": title },
      h("h3", {}, title), this.bar, this.box,
    );
    this.body.addEventListener("keydown", (event) => this.onKey(event));
  }

  /** @param {string} kind empty: all */
  choose(kind) {
    this.kind = kind;
    this.show();
  }

  /** The steps whose log is shown, newest first. */
  get wanted() {
    const { traits, wanted } = this.host;
    if (!this.whole) return wanted === null ? [] : [wanted];
    return traits.steps.map(([step]) => step).reverse();
  }

  show() {
    if (!this.element.isConnected) return;
    /** @type {LogRow[]} */
    const rows = [];
    let [asked, waits, more, why] = [0, 0, 0, ""];
    const lacking = [];
    for (const step of this.wanted) {
      if (asked - lacking.length >= AHEAD && waits) break; // the others follow when these are here
      if (rows.length > 4 * LISTED) break;
      asked += 1;
      const answer = this.host.ask("log", [], { step, mark: this.markOf(step) });
      if (!answer) waits += 1;
      else if (answer.why) lacking.push(step), (why = answer.why);
      else rows.push(...logRows(step, answer.value)), (more += answer.value?.more ? 1 : 0);
    }
    const found = sifted(rows, this.kind, this.find.value);
    const ends = [found.length, found[0], found.at(-1), rows.length];
    const key = JSON.stringify([...ends, waits, this.kind, this.whole, why]);
    if (key === this.key) return;
    this.key = key;
    this.showKinds(rows);
    this.steps.setAttribute("aria-pressed", String(this.whole));
    const parts = [
      waits ? "on its way" : found.length ? `${many(found.length, "row")}` : "nothing of this kind",
      found.length > LISTED ? `the first ${LISTED} listed` : "",
      more ? `${many(more, "step")} with more nodes than are listed` : "",
      lacking.length ? `${many(lacking.length, "step")} not here: ${why}` : "",
    ];
    this.said.textContent = parts.filter(Boolean).join("; ");
    fill(this.body, found.slice(0, LISTED).map((row, i) => this.row(row, i)));
  }

  /** A step under way has more to tell each time. @param {number} step */
  markOf(step) {
    const here = this.host.shown?.step;
    return here?.step === step ? here.revision : 0;
  }

  /** @param {LogRow[]} rows */
  showKinds(rows) {
    const kinds = kindsOf(rows);
    if (this.kind && !kinds.some(([kind]) => kind === this.kind)) kinds.push([this.kind, 0]);
    const all = h("option", { value: "" }, `all kinds (${count(kinds.length)})`);
    fill(this.select, all, kinds.map(([kind, times]) => {
      const words = `${oneLine(kindWords(kind), 40)} (${count(times)})`;
      return h("option", { value: kind, selected: kind === this.kind }, words);
    }));
  }

  /** @param {LogRow} row @param {number} place */
  row(row, place) {
    const open = h("button", { tabindex: place ? -1 : 0, onclick: () => this.open(row) }, row.node);
    const probe = row.probe ? h("span", { class: "label" }, " probe") : null;
    const reason = oneLine(row.reason, 240);
    return h("tr", { onclick: () => this.open(row) },
      h("td", { class: "number" }, String(row.step)),
      h("td", {}, row.task, probe),
      h("td", { class: "number" }, String(row.tree)),
      h("td", {}, open),
      h("td", {}, oneLine(kindWords(row.kind), 40)),
      h("td", { class: "number" }, row.kind === NOT_SCORED ? "" : count(row.count)),
      h("td", { class: "why", title: reason }, h("div", {}, reason)),
    );
  }

  /** @param {LogRow} row */
  open({ step, place, node }) {
    this.host.address.go(`${step}:${place}/${node}`);
    this.host.focusNodes();
  }

  /** Up and down move along the rows, which are one tab stop. @param {KeyboardEvent} event */
  onKey(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return;
    const all = /** @type {HTMLElement[]} */ ([...this.body.querySelectorAll("button")]);
    const next = all[all.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + by];
    if (next) {
      for (const button of all) button.tabIndex = button === next ? 0 : -1;
      next.focus();
    }
    event.preventDefault();
    event.stopPropagation();
  }
}

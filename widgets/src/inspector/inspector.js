// The inspector: who the chosen node is, what it said and what it read.

import { STATUSES, isLive, shapeOf, statusWords } from "../step/status.js";
import { count, duration, plain, signed } from "../shared/format.js";
import { fill, h } from "../shared/dom.js";
import { oneLine, visible } from "../shared/text.js";
import { contextParts } from "./context.js";
import { messageParts } from "./messages.js";
import { icon, markIcon } from "../shared/shapes.js";
import { familyOf, SiblingPanel } from "../siblings/siblings.js";

/** @typedef {import("../app/app.js").App} App */

const TABS = /** @type {const} */ ([
  ["messages", "Messages"],
  ["context", "Context"],
  ["credit", "Credit"],
]);

/** ms without an answer after which the pane says that it waits. */
const PATIENCE = 150;

/** Who, in two lines. @param {App} app @param {boolean} wide */
export function whoLines(app, wide) {
  const step = /** @type {import("../step/store.js").Step} */ (app.step);
  const row = app.place.row;
  const A = app.rule.credit?.A[row] ?? NaN;
  const R = app.rule.credit?.R[row] ?? NaN;
  const shape = shapeOf(step.status[row], step.s[row]);
  const turns = step.turns[row];
  const tokens = step.read[row] + step.wrote[row];
  const facts = [statusWords(step.status[row], step.s[row]), `${turns} ${turns === 1 ? "turn" : "turns"}`, tokens ? `${count(tokens)} tokens` : "", wide ? `depth ${step.depth[row]}` : ""];
  const sum = !Number.isNaN(A)
    ? h("span", { class: `sum ${A > 5e-4 ? "plus" : A < -5e-4 ? "minus" : ""}`, title: "advantage" }, signed(A, 3))
    : app.rule.byReturn && !Number.isNaN(R)
      ? h("span", { class: "sum", title: "reward" }, `R ${plain(R, 3)}`)
      : h("span", { class: "sum label" }, Number.isNaN(step.s[row]) && !isLive(step.status[row]) ? "not scored" : step.scored || app.rule.other ? "not trained" : "not scored yet");
  const goal = app.goal(row, 200);
  return {
    line: h("div", { class: "line" }, markIcon(shape, 15), h("span", { class: "name cut", title: goal }, goal), h("span", { class: "label" }, step.path(row)), wide ? h("span", { class: "label" }, facts.filter(Boolean).join(" \u00b7 ")) : sum),
    sub: h("div", { class: "sub cut" }, facts.filter(Boolean).join(" \u00b7 "), pileLink(app)),
  };
}

/** From a node to the alike siblings it stands among. @param {App} app */
function pileLink(app) {
  const pile = app.place.piles.of(app.place.row);
  return pile ? [" \u00b7 ", h("button", { class: "link", onclick: () => app.choose.pile(pile.first) }, `one of ${count(pile.rows.length)} alike`)] : [];
}

/** @param {App} app @returns {HTMLElement} */
export function tabList(app) {
  const list = h(
    "div",
    { class: "tabs", role: "tablist", "aria-label": "Inspector" },
    TABS.map(([tab, words]) => h("button", { role: "tab", "aria-selected": app.tab === tab, tabindex: app.tab === tab ? 0 : -1, "data-tab": tab, onclick: () => app.setTab(tab) }, words)),
  );
  list.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    const at = TABS.findIndex(([tab]) => tab === app.tab);
    const next = TABS[(at + by + TABS.length) % TABS.length][0];
    app.setTab(next);
    const shown = /** @type {HTMLElement | null} */ (app.root.querySelector(`.tabs:not([hidden]) [data-tab=${next}]`));
    [...app.root.querySelectorAll(`[data-tab=${next}]`)].forEach((tab) => tab instanceof HTMLElement && tab.offsetParent && tab.focus());
    void shown;
    event.preventDefault();
    event.stopPropagation();
  });
  return list;
}

export class Inspector {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.who = h("div", { class: "who" });
    this.tabs = h("div", {});
    this.tools = h("div", {});
    this.head = h("div", { class: "head" }, this.who, this.tabs, this.tools);
    this.pane = h("div", { class: "pane", tabindex: 0, role: "tabpanel" });
    this.grip = h("div", { class: "grip", role: "separator", "aria-orientation": "vertical", "aria-label": "Inspector width", tabindex: 0 });
    this.element = h("div", { class: "inspector" }, this.grip, this.head, this.pane);
    this.siblings = new SiblingPanel(app);
    this.shown = "";
    /** Step, node and tab of what stands in the pane. */
    this.filled = "";
    /** @type {import("../step/types.js").NodeText | null} */
    this.text = null;
    /** @type {Set<string>} texts shown whole */
    this.opened = new Set();
    this.resize();
  }

  resize() {
    const set = (/** @type {number} */ width) => {
      this.element.style.width = `${Math.max(300, Math.min(560, width))}px`;
    };
    this.grip.addEventListener("pointerdown", (event) => {
      this.grip.setPointerCapture(event.pointerId);
      const right = this.element.getBoundingClientRect().right;
      this.grip.onpointermove = (move) => set(right - move.clientX);
    });
    this.grip.addEventListener("pointerup", () => (this.grip.onpointermove = null));
    this.grip.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: 20, ArrowRight: -20 }[event.key];
      if (!by) return;
      set(this.element.offsetWidth + by);
      event.preventDefault();
      event.stopPropagation();
    });
  }

  update() {
    const { app } = this;
    const step = app.step;
    if (!step || this.element.hidden || app.place.row < 0) return;
    const small = app.size === "small";
    const back = app.size === "tiny";
    this.grip.hidden = small || back;
    this.element.classList.toggle("shut", small && app.shut);
    this.pane.hidden = small && app.shut;
    const whole = app.place.pile >= 0;
    this.siblings.element.hidden = !whole || this.pane.hidden;
    if (whole) {
      this.showPile(small, back);
      return;
    }
    const who = whoLines(app, false);
    fill(this.who, back ? this.wayBack() : null, who.line, who.sub);
    const focused = this.tabs.contains(document.activeElement);
    const tabs = tabList(app);
    fill(this.tabs, tabs);
    if (focused) /** @type {HTMLElement | null} */ (tabs.querySelector("[aria-selected=true]"))?.focus();
    fill(this.tools, small ? this.lid() : null);
    this.showPane();
  }

  /** Alike siblings as one: their sum in place of messages. @param {boolean} small @param {boolean} back */
  showPile(small, back) {
    const { app } = this;
    const { title } = familyOf(app);
    fill(this.who, back ? this.wayBack() : null, small ? h("div", { class: "line" }, h("span", { class: "name cut", title }, title)) : null);
    fill(this.tabs);
    fill(this.tools, small ? this.lid() : null);
    if (this.siblings.element.parentElement !== this.pane || this.pane.childElementCount !== 1) fill(this.pane, this.siblings.element);
    this.shown = this.filled = "";
    this.siblings.update();
  }

  wayBack() {
    return h("button", { class: "control", style: "margin-bottom:8px", onclick: () => this.app.setInspecting(false) }, "Back to the outline");
  }

  /** Opens and closes the sheet of a narrow cell. */
  lid() {
    const { app } = this;
    const turn = () => {
      app.shut = !app.shut;
      app.update();
      app.treeView.onSize();
    };
    return h("button", { class: "twist", "aria-label": app.shut ? "Open the inspector" : "Close the inspector", style: "padding:8px", onclick: turn }, icon(app.shut ? "up" : "down"));
  }

  showPane() {
    const { app } = this;
    const step = /** @type {import("../step/store.js").Step} */ (app.step);
    const row = app.place.row;
    /** @type {import("../step/types.js").NodeText | null} */
    const text = app.client.text(row);
    const id = `${step.step}/${row}/${app.tab}`;
    const credit = app.rule.credit;
    // Chips carry their children's advantages, so a what-if redraws; unrelated live nodes do not.
    const children = step.children(row).map((child) => `${step.status[child]}${credit?.A[child]}`);
    const key = [id, step.turns[row], step.status[row], text ? text.turns.map((turn) => turn.ended).join() : "none", children.join(), app.size, this.opened.size, app.preamble].join("|");
    if (this.shown === key && this.text === text) return;
    this.shown = key;
    this.text = text;
    if (!text) {
      // Texts mostly come within a frame or two: what stood here stays until then, and nothing flickers.
      if (!this.pane.childElementCount) this.showLoading();
      else setTimeout(() => this.shown === key && !this.text && this.showLoading(), PATIENCE);
      return;
    }
    const scroll = this.filled === id ? this.pane.scrollTop : 0;
    this.filled = id;
    fill(this.pane, app.tab === "context" ? contextParts(app, row, text) : messageParts(app, row, text, this));
    this.pane.scrollTop = scroll;
  }

  showLoading() {
    this.filled = "";
    fill(this.pane, h("div", { class: "part", "aria-label": "Loading" }, [90, 60, 75].map((width) => h("div", { class: "skeleton", style: `width:${width}%` }))));
  }

  /**
   * A long text: its beginning, and the rest on demand.
   * @param {string} key @param {string} text @param {number} limit @param {(shown: string) => (Node | string)[]} make
   */
  long(key, text, limit, make) {
    if (text.length <= limit * 1.2 || this.opened.has(key)) return make(visible(text));
    const more = h("button", { class: "more", onclick: () => (this.opened.add(key), this.update()) }, `Show all ${count(text.length)} characters`);
    return [...make(`${visible(text.slice(0, limit))}\u2026`), more];
  }
}

/** @param {number} started @param {number | null} sampled @param {number | null} ended @param {number} waiting */
export function turnTime(started, sampled, ended, waiting) {
  if (ended === null) return sampled === null ? "is being written" : "its code runs";
  const own = duration(Math.max(0, ended - started - waiting));
  return waiting > 0.05 ? `${own}, then ${duration(waiting)} waiting` : own;
}

/** @param {number} status */
export function endWords(status) {
  return oneLine(STATUSES[status]?.replace("_", " ") ?? "", 20);
}

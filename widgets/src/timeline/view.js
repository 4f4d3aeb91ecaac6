// The Timeline: a lane for each row of the outline over a time axis, what the critical path is, and replay.

import { canvasFor } from "../shared/canvas.js";
import { h } from "../shared/dom.js";
import { sentenceOf } from "../step/states.js";
import { Facts } from "./facts.js";
import { LaneHand } from "./hand.js";
import { drawAxis } from "./paint.js";
import { Picture } from "./picture.js";
import { legsOf } from "./times.js";
import { Transport } from "./transport.js";

/** @typedef {import("./host.js").TimelineHost} TimelineHost */
/** @typedef {import("./host.js").OutlineRow} OutlineRow */
/** @typedef {import("./lanes.js").TreeTimes} TreeTimes */
/** @typedef {import("./times.js").Leg} Leg */
/** @typedef {import("./paint.js").Pen} Pen */

/** px beside the lanes. */
const EDGE = 12;
/** Rows that are seen at once in a narrow cell, if there are as many. */
const SEEN = 7;
/** Names at the left, if no outline stands beside the lanes: px at the base type size. */
const NAMES = { least: 112, most: 210, share: 0.26 };

export class TimelineView {
  /** @param {TimelineHost} host */
  constructor(host) {
    this.host = host;
    this.axis = canvasFor(10, 10);
    this.surface = canvasFor(10, 10);
    for (const { canvas } of [this.axis, this.surface]) canvas.setAttribute("aria-hidden", "true");
    this.head = h("div", { class: "tl-head" }, this.axis.canvas);
    this.room = h("div", { class: "room" });
    this.list = h("div", { class: "tl-list" }, this.room);
    this.tip = h("div", { class: "tip", hidden: true });
    this.stage = h("div", { class: "stage" }, this.surface.canvas, this.list, this.tip);
    this.transport = new Transport(host.replay, false);
    this.clocks = h("div", { class: "switch", role: "group", "aria-label": "Time axis" },
      this.clockButton("seconds", "Seconds"),
      this.clockButton("steps", "Decode steps"),
    );
    const keys = [key("gen critical", "critical path"), key("gen", "decodes"), key("code", "runs code")];
    this.keys = h("div", { class: "tl-keys label", "aria-hidden": "true" }, keys, key("wait", "waits"));
    this.bar = h("div", { class: "tl-bar" }, this.transport.element, this.clocks, this.keys);
    this.facts = new Facts((row) => host.choose.row(row), (row, limit) => host.goal(row, limit));
    this.state = h("div", { class: "state", hidden: true });
    this.foot = h("div", { class: "tl-foot" }, this.bar, this.facts.element);
    this.element = h("div", { class: "centre timeline" }, this.state, this.head, this.stage, this.foot);
    /** @type {OutlineRow[]} */
    this.rows = [];
    /** @type {[number, number] | null} the part of time that is seen; null: all */
    this.span = null;
    this.frame = 0;
    new ResizeObserver(() => this.draw()).observe(this.stage);
    this.picture = new Picture(this);
    this.hand = new LaneHand(this);
    this.listen();
  }

  /** @param {"seconds" | "steps"} clock @param {string} words */
  clockButton(clock, words) {
    return h("button", { "data-clock": clock, onclick: () => this.choose(clock) }, words);
  }

  /** @param {"seconds" | "steps"} clock */
  choose(clock) {
    this.span = null;
    this.host.replay.choose(clock);
  }

  listen() {
    const { list, host } = this;
    const twin = host.outline.list;
    list.addEventListener("scroll", () => {
      if (this.beside && twin.scrollTop !== list.scrollTop) twin.scrollTop = list.scrollTop;
      this.draw();
    });
    twin.addEventListener("scroll", () => {
      if (this.beside && !this.element.hidden) list.scrollTop = twin.scrollTop;
    });
  }

  /** The outline stands beside the lanes, row by row. */
  get beside() {
    return this.host.size === "full";
  }

  /** @returns {TreeTimes | null} */
  get tree() {
    return this.host.timing.now;
  }

  update() {
    const { host } = this;
    const { shown, timing, replay } = host;
    this.rows = host.outlineRows();
    const { tree } = this;
    const { times } = replay;
    const words = times ? "" : whyNone(shown, tree, timing.why, host.lacks);
    this.state.hidden = !words;
    this.state.textContent = words;
    for (const part of [this.head, this.stage, this.foot]) part.hidden = !times;
    if (!tree || !times || !shown) return;
    this.transport.update();
    this.showClocks();
    const height = this.rows.length * host.outline.pitch;
    this.room.style.height = `${height}px`;
    const seen = Math.min(this.rows.length, SEEN) * host.outline.pitch; // the words below scroll before these
    this.stage.style.minHeight = host.size === "small" ? `${seen}px` : "";
    if (this.beside) {
      const spare = host.outline.list.clientHeight - this.list.clientHeight;
      host.outline.room.style.setProperty("--spare", `${Math.max(0, spare)}px`);
      this.list.scrollTop = host.outline.list.scrollTop;
    }
    this.draw();
  }

  showClocks() {
    const { tree, host } = this;
    const { shown, replay, place } = host;
    if (!tree || !shown) return;
    for (const button of this.clocks.querySelectorAll("button")) {
      const clock = /** @type {"seconds" | "steps"} */ (button.dataset.clock);
      button.setAttribute("aria-pressed", String(clock === replay.clock));
      button.disabled = !tree.clocks.includes(clock);
      button.title = button.disabled ? "Nobody kept this clock" : "";
    }
    const row = place.pile >= 0 ? shown.step.parent[place.pile] : place.row; // whom the pile kept waiting
    this.facts.update(shown.step, tree, replay.clock, row);
  }

  /** Another moment is shown. */
  moved() {
    if (!this.host.replay.times || this.head.hidden) this.update();
    this.transport.update();
    this.showClocks();
    this.draw();
  }

  draw() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
    });
  }

  /** @param {number} width @returns {Pick<Pen, "scale" | "until">} */
  scaleOf(width) {
    const { replay, palette } = this.host;
    const { least, most, share } = NAMES;
    const names = this.beside ? EDGE : Math.max(least, Math.min(most, width * share)) * palette.unit;
    const end = replay.times?.end ?? 1;
    const [from, to] = this.span ?? [0, end];
    const scale = { left: names, width: Math.max(20, width - names - EDGE), from, to };
    return { scale, until: replay.until };
  }

  paint() {
    const { tree, host } = this;
    const { times } = host.replay;
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (!tree || !times || !host.shown || !width || this.element.hidden) return;
    const { palette: p, replay } = host;
    const inner = this.list.clientWidth || width;
    const context = this.surface.size(width, height);
    context.fillStyle = p.page;
    context.fillRect(0, 0, width, height);
    const pen = { context, p, ...this.scaleOf(inner) };
    const pitch = host.outline.pitch;
    const top = this.list.scrollTop;
    const first = Math.max(0, Math.floor(top / pitch));
    const last = Math.min(this.rows.length, Math.ceil((top + height) / pitch));
    const chosen = host.place.keyIn(this.rows, false);
    for (let at = first; at < last; at += 1) {
      if (this.rows[at].key !== chosen) continue;
      context.fillStyle = p.selected;
      context.fillRect(0, at * pitch - top, width, pitch);
    }
    drawAxis(pen, replay.clock, -1, 0, height);
    const yOf = new Map(this.rows.map((row, at) => [row.id, (at + 0.5) * pitch - top]));
    const legs = legsOf(times);
    this.picture.drawLines(pen, tree, yOf, first, last, legs);
    for (let at = first; at < last; at += 1) {
      this.picture.drawRow(pen, tree, this.rows[at], at * pitch - top, legs);
    }
    this.picture.drawSerial(pen, tree, yOf);
    this.picture.drawMoment(pen, 0, height, false);
    this.drawHead(pen);
  }

  /** @param {Pen} pen */
  drawHead(pen) {
    const { palette: p, replay } = this.host;
    const height = this.head.clientHeight;
    const context = this.axis.size(this.stage.clientWidth, height);
    context.fillStyle = p.page;
    context.fillRect(0, 0, this.stage.clientWidth, height);
    const own = { ...pen, context };
    drawAxis(own, replay.clock, height / 2 + 2, height - 5, height);
    this.picture.drawMoment(own, height - 13, height, true);
  }

  /** @param {number} factor @param {number} [about] the time that stays */
  zoomBy(factor, about) {
    const end = this.host.replay.times?.end ?? 1;
    const [from, to] = this.span ?? [0, end];
    const fixed = about ?? this.host.replay.at ?? (from + to) / 2;
    const size = Math.max(end / 2000, Math.min(end, (to - from) / factor));
    const start = Math.max(0, Math.min(end - size, fixed - ((fixed - from) / (to - from)) * size));
    this.span = size >= end ? null : [start, start + size];
    this.draw();
  }

  fit() {
    this.span = null;
    this.draw();
  }
}

/** @param {string} kind @param {string} words */
function key(kind, words) {
  return h("span", { class: "key" }, h("i", { class: `tl-mark ${kind}` }), words);
}

/**
 * Why there are no lanes.
 * @param {import("../step/shown.js").Shown | null} shown @param {TreeTimes | null} tree @param {string} why
 * @param {string} lacks
 */
function whyNone(shown, tree, why, lacks) {
  if (!shown?.step.n) return lacks || sentenceOf("nothing");
  if (tree) return shown.step.treeLive(0) ? sentenceOf("times_begun") : sentenceOf("times_none");
  return why || sentenceOf("times_loading");
}

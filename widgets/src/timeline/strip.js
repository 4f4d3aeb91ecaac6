// The time strip under the tree: every node as a thin lane, what the time comes to, and replay. In a narrow
// or low cell, and for a large tree, a profile of how many nodes compute.

import { canvasFor } from "../shared/canvas.js";
import { h } from "../shared/dom.js";
import { count, plain } from "../shared/format.js";
import { drawAxis, drawBars, drawProfile, timeAt, timeWords, xOf } from "./paint.js";
import { legsOf } from "./times.js";
import { Transport } from "./transport.js";

/** @typedef {import("./host.js").TimelineHost} TimelineHost */
/** @typedef {import("./paint.js").Pen} Pen */

/** px at the base type size: a lane at most and at least, and the foot with the figures of the axis. */
const LANE = { most: 7, least: 3 };
const FOOT = 20;
const EDGE = 12;

/** @param {string} kind @param {string} words */
function key(kind, words) {
  return h("span", { class: "key" }, h("i", { class: `tl-mark ${kind}` }), words);
}

export class TimeStrip {
  /** @param {TimelineHost} host */
  constructor(host) {
    this.host = host;
    this.surface = canvasFor(10, 10);
    this.surface.canvas.setAttribute("aria-hidden", "true");
    this.transport = new Transport(host.replay, true);
    this.figures = h("div", { class: "tl-figures" });
    this.note = h("div", { class: "label" });
    const title = h("b", { class: "tl-title" }, "Time");
    this.keys = h("div", { class: "tl-keys label", "aria-hidden": "true" },
      key("critical", "critical path"), key("gen", "other"), key("line", "waits"));
    const { figures, keys, note } = this;
    this.side = h("div", { class: "tl-side" }, title, figures, this.transport.element, keys, note);
    this.stage = h("div", { class: "stage" }, this.surface.canvas);
    this.element = h("div", { class: "tl-strip", hidden: true }, this.side, this.stage);
    this.frame = 0;
    this.clock = "";
    /** @type {{x: number, moved: boolean} | null} */
    this.grab = null;
    new ResizeObserver(() => this.draw()).observe(this.stage);
    const { canvas } = this.surface;
    canvas.addEventListener("pointerdown", (event) => this.onDown(event));
    canvas.addEventListener("pointermove", (event) => this.onMove(event));
    canvas.addEventListener("pointerup", (event) => this.onUp(event));
  }

  /** A profile stands for the lanes. */
  get low() {
    return this.element.dataset.low === "true";
  }

  /**
   * @param {boolean} wanted @param {boolean} low it is one line high
   * @param {HTMLElement} home it stands at the end of this @param {Element | null} before or before this
   */
  show(wanted, low, home, before) {
    const { times } = this.host.replay;
    const { element } = this;
    if (element.parentElement !== home) home.insertBefore(element, before);
    this.element.hidden = !wanted || !times;
    this.element.dataset.low = String(low);
    if (!this.element.hidden) this.update();
  }

  update() {
    const { timing, replay } = this.host;
    const tree = timing.now;
    const { times, clock } = replay;
    if (!tree || !times) return;
    const { speedUp } = tree;
    this.clock = clock;
    const ideal = Number.isNaN(speedUp) ? "" : `${plain(speedUp, speedUp < 9.95 ? 2 : 1)}\u00d7`;
    const took = timeWords(times.end, clock);
    const running = times.lanes[0].live ? "so far" : clock === "seconds" ? "wall clock" : "in a row";
    this.figures.replaceChildren(
      h("span", {}, h("b", {}, took), h("i", {}, running)),
      ...(ideal ? [h("span", {}, h("b", {}, ideal), h("i", {}, "ideal speed-up"))] : []),
    );
    const { steps, pathSteps } = tree.best;
    const of = `${count(steps)} decode steps of all nodes / ${count(pathSteps)} on the critical path`;
    this.figures.title = ideal ? of : "";
    this.transport.update();
    this.draw();
  }

  /** Another moment is shown. */
  moved() {
    if (this.clock !== this.host.replay.clock) this.update();
    this.transport.update();
    this.draw();
  }

  draw() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
    });
  }

  /** @param {number} width @returns {import("./paint.js").Scale} */
  scaleOf(width) {
    const to = this.host.replay.times?.end ?? 1;
    return { left: EDGE, width: Math.max(20, width - 2 * EDGE), from: 0, to };
  }

  /** px between lanes; 0: they are too many, and a profile stands for them. */
  get pitch() {
    const { palette, replay } = this.host;
    const room = this.stage.clientHeight - FOOT * palette.unit - 6;
    const pitch = Math.min(LANE.most * palette.unit, room / (replay.times?.lanes.length ?? 1));
    return this.low || pitch < LANE.least ? 0 : pitch;
  }

  paint() {
    const { palette: p, replay, timing, place } = this.host;
    const { times, clock } = replay;
    const { clientWidth: width, clientHeight: height } = this.stage;
    const tree = timing.now;
    if (!tree || !times || !width || this.element.hidden) return;
    const context = this.surface.size(width, height);
    context.clearRect(0, 0, width, height);
    /** @type {Pen} */
    const pen = { context, p, scale: this.scaleOf(width), until: replay.until };
    const { pitch } = this;
    const foot = this.low ? 0 : FOOT * p.unit;
    if (foot) drawAxis(pen, clock, height - foot / 2 + 1, 4, height - foot + 2);
    const lanes = times.lanes.map((_, lane) => lane);
    if (!pitch) {
      drawProfile(pen, times, lanes, 5, height - foot - 8);
      this.note.textContent = this.low ? "" : `${count(lanes.length)} nodes in sum: how many compute`;
      this.keys.hidden = true;
    } else {
      this.note.textContent = "";
      this.keys.hidden = false;
      const legs = legsOf(times);
      const chosen = tree.laneOf.get(place.row) ?? -1;
      for (const lane of lanes) {
        const y = 5 + lane * pitch;
        if (lane === chosen) {
          context.fillStyle = p.selected;
          context.fillRect(0, y - 1, width, pitch);
        }
        const high = Math.max(1.5, Math.min(5 * p.unit, pitch - 2));
        drawBars(pen, times, lane, legs, y + (pitch - 2 - high) / 2, high, true);
      }
    }
    this.drawMoment(pen, height - foot);
  }

  /** @param {Pen} pen @param {number} bottom */
  drawMoment({ context, p, scale }, bottom) {
    const { at } = this.host.replay;
    if (at === null) return;
    const x = xOf(scale, at);
    context.fillStyle = p.text;
    context.fillRect(x - 0.9, 2, 1.8, bottom - 2);
    context.beginPath();
    context.roundRect(x - 4, bottom - 9, 8, 9, 2.5);
    context.fill();
  }

  /** @param {PointerEvent} event */
  onDown(event) {
    if (event.button !== 0) return;
    this.surface.canvas.setPointerCapture(event.pointerId);
    const axis = this.low || !this.pitch || event.offsetY > this.stage.clientHeight - FOOT;
    this.grab = { x: event.offsetX, moved: axis };
    if (axis) this.scrub(event);
  }

  /** @param {PointerEvent} event */
  onMove(event) {
    const { grab } = this;
    if (!grab) return;
    if (Math.abs(event.offsetX - grab.x) > 4) grab.moved = true;
    if (grab.moved) this.scrub(event);
  }

  /** @param {PointerEvent} event */
  onUp(event) {
    const { grab, host } = this;
    this.grab = null;
    if (!grab || grab.moved) return;
    const row = host.timing.now?.rows[Math.floor((event.offsetY - 4) / this.pitch)] ?? -1;
    if (row >= 0) host.choose.row(row);
    host.focusNodes();
  }

  /** @param {PointerEvent} event */
  scrub(event) {
    const { replay } = this.host;
    replay.playing = false;
    replay.go(timeAt(this.scaleOf(this.stage.clientWidth), event.offsetX));
  }
}

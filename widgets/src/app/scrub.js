// The steps of a run as a slider: a curve of what was solved, and a mark at the step that is open.

import { canvasFor } from "../shared/canvas.js";
import { h, onArrows, ownKeys } from "../shared/dom.js";
import { percent } from "../shared/format.js";

/**
 * @typedef {object} ScrubHost
 * @property {Pick<import("../step/client.js").Model, "steps" | "newest" | "live">} traits
 * @property {number | null} wanted the step that is open, or asked for and not yet here
 * @property {import("./steps.js").Steps} steps
 * @property {import("../shared/theme.js").Palette} palette
 */

const HEIGHT = 32;
/** px free at both ends. */
const ENDS = 6;
/** ms between steps that a drag asks for: a kernel can answer at this rate. */
const PACE = 60;

export class Scrub {
  /** @param {ScrubHost} app */
  constructor(app) {
    this.app = app;
    this.number = h("b", {});
    this.surface = canvasFor(220, HEIGHT);
    const { canvas } = this.surface;
    this.element = h("div", { class: "scrub" }, h("span", {}, "step ", this.number), canvas);
    for (const [name, value] of Object.entries({ role: "slider", tabindex: "0", "aria-label": "Step" })) {
      canvas.setAttribute(name, value);
    }
    ownKeys(canvas);
    canvas.addEventListener("pointerdown", (event) => this.onDown(event));
    const arrows = { ArrowLeft: -1, ArrowRight: 1, PageUp: 10, PageDown: -10, Home: -1e9, End: 1e9 };
    onArrows(canvas, arrows, (by) => app.steps.move(by));
    /** @type {number | undefined} the step a drag came to last */
    this.pending = undefined;
    /** @type {ReturnType<typeof setTimeout> | null} */
    this.timer = null;
  }

  /** @param {number} width */
  draw(width) {
    const { steps, newest, live } = this.app.traits;
    const { palette: p, wanted } = this.app;
    const context = this.surface.size(width, HEIGHT);
    const [first] = steps[0];
    const now = wanted ?? first;
    const last = Math.max(first + 1, steps[steps.length - 1][0]);
    const x = (/** @type {number} */ step) => {
      return ENDS + ((step - first) / (last - first)) * (width - 2 * ENDS);
    };
    const y = (/** @type {number} */ value) => 22 - value * 16;
    const solved = (/** @type {number | null} */ step) => steps.find(([one]) => one === step)?.[1] ?? null;
    context.clearRect(0, 0, width, HEIGHT);
    context.strokeStyle = p.strong;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(2, 24.5);
    context.lineTo(width - 2, 24.5);
    context.stroke();
    context.strokeStyle = p.second;
    context.lineWidth = 1.2;
    context.beginPath();
    let pen = false; // a step without a value breaks the line
    for (const [step, value] of steps) {
      const known = value !== null && value !== undefined;
      if (known && pen) context.lineTo(x(step), y(value));
      else if (known) context.moveTo(x(step), y(value));
      pen = known;
    }
    context.stroke();
    if (live && newest !== null) {
      context.fillStyle = p.live;
      context.beginPath();
      context.arc(Math.min(width - 5, x(newest)), y(solved(newest) ?? 0), 3, 0, 7);
      context.fill();
    }
    drawHandle(context, x(now), p.text);
    this.say(first, last, now, solved(now));
  }

  /** @param {number} first @param {number} last @param {number} now @param {number | null} solved */
  say(first, last, now, solved) {
    const { canvas } = this.surface;
    this.number.textContent = String(now);
    canvas.setAttribute("aria-valuemin", String(first));
    canvas.setAttribute("aria-valuemax", String(last));
    canvas.setAttribute("aria-valuenow", String(now));
    const share = solved === null ? "" : `, ${percent(solved)} of roots solved`;
    canvas.setAttribute("aria-valuetext", `step ${now}${share}`);
  }

  /** @param {PointerEvent} event */
  onDown(event) {
    const { canvas } = this.surface;
    canvas.setPointerCapture(event.pointerId);
    this.drag(event);
    canvas.onpointermove = (move) => {
      if (move.buttons) this.drag(move);
    };
    canvas.onpointerup = () => {
      canvas.onpointermove = null;
      this.open();
    };
  }

  /** @param {PointerEvent} event */
  drag(event) {
    const { steps, traits } = this.app;
    const box = this.surface.canvas.getBoundingClientRect();
    const share = (event.clientX - box.left - ENDS) / (box.width - 2 * ENDS);
    const [first] = traits.steps[0];
    const [last] = traits.steps[traits.steps.length - 1];
    this.pending = steps.near(first + share * (last - first)) ?? undefined;
    steps.following = false;
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.open();
    }, PACE);
  }

  open() {
    if (this.pending !== undefined) this.app.steps.open(this.pending);
  }
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {string} colour */
function drawHandle(context, x, colour) {
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(x, 2);
  context.lineTo(x, 24);
  context.stroke();
  context.beginPath();
  context.roundRect(x - 4, 21, 8, 10, 2.5);
  context.fill();
}

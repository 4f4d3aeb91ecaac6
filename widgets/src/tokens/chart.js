// A metric along the tokens that a node wrote, on canvas. Where tokens are closer than pixels, each column of
// pixels shows its least and its greatest.

import { canvasFor } from "../shared/canvas.js";
import { h } from "../shared/dom.js";
import { barColour } from "./metrics.js";
import { LAUNCH, THOUGHT } from "./read.js";

/** @typedef {import("./metrics.js").Scale} Scale */
/** @typedef {import("./read.js").NodeTokens} NodeTokens */
/** @typedef {import("../shared/theme.js").Palette} Palette */

/** px at the base size of type: around the field, and its height. */
const LEFT = 58;
const RIGHT = 8;
const TOP = 14;
const FOOT = 10;
const HEIGHT = 96;

/**
 * @typedef {object} Drawn
 * @property {NodeTokens} tokens
 * @property {Float32Array} values one for each token that was written
 * @property {Scale} scale
 * @property {Palette} p
 */

export class TokenChart {
  /** @param {{pick: (place: number) => void, hover: (place: number, near: Element | null) => void}} host */
  constructor(host) {
    this.surface = canvasFor(10, HEIGHT);
    /** The chosen token is drawn over the rest, which stays. */
    this.over = canvasFor(10, HEIGHT);
    const { canvas } = this.over;
    this.element = h("div", { class: "tk-chart", "aria-hidden": "true" }, this.surface.canvas, canvas);
    /** @type {Drawn | null} */
    this.drawn = null;
    const place = (/** @type {PointerEvent} */ event) => this.placeAt(event.offsetX);
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button || place(event) < 0) return;
      canvas.setPointerCapture(event.pointerId);
      host.pick(place(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      const at = place(event);
      if (event.buttons & 1 && at >= 0 && canvas.hasPointerCapture(event.pointerId)) host.pick(at);
      else host.hover(at, at < 0 ? null : canvas);
    });
    canvas.addEventListener("pointerleave", () => host.hover(-1, null));
  }

  /** @param {number} x px @returns {number} the token there; -1: none */
  placeAt(x) {
    if (!this.drawn) return -1;
    const { values, p } = this.drawn;
    const [from, to] = this.field(p.unit);
    const at = Math.floor(((x - from) / (to - from)) * values.length);
    return at >= 0 && at < values.length ? at : -1;
  }

  /** @param {number} u @returns {[number, number]} px */
  field(u) {
    return [LEFT * u, Math.max(LEFT * u + 20, this.width - RIGHT * u)];
  }

  get width() {
    return Math.max(80, this.element.clientWidth);
  }

  /** @param {Drawn} drawn */
  update(drawn) {
    this.drawn = drawn;
    const { values, scale, p } = drawn;
    const u = p.unit;
    const { width } = this;
    const context = this.surface.size(Math.floor(width), Math.floor(HEIGHT * u));
    context.clearRect(0, 0, width, HEIGHT * u);
    const [from, to] = this.field(u);
    const [top, bottom] = [TOP * u, (HEIGHT - FOOT) * u];
    const y = (/** @type {number} */ value) => bottom - part(scale, value) * (bottom - top);
    const x = (/** @type {number} */ place) => from + (place / Math.max(1, values.length)) * (to - from);
    this.turns(context, drawn, x, top, bottom);
    axis(context, drawn, y, from, to);
    bars(context, drawn, { x, y, from, to });
    strip(context, drawn, x, bottom + 3 * u, 4 * u);
  }

  /** Where the chosen token stands. @param {number} place among those that were written; -1: none */
  mark(place) {
    if (!this.drawn) return;
    const { values, p } = this.drawn;
    const u = p.unit;
    const { width } = this;
    const context = this.over.size(Math.floor(width), Math.floor(HEIGHT * u));
    context.clearRect(0, 0, width, HEIGHT * u);
    if (place < 0) return;
    const [from, to] = this.field(u);
    const at = from + ((place + 0.5) / Math.max(1, values.length)) * (to - from);
    context.strokeStyle = p.text;
    context.lineWidth = 1.8;
    context.beginPath();
    context.moveTo(at, (TOP - 4) * u);
    context.lineTo(at, (HEIGHT - FOOT + 2) * u);
    context.stroke();
  }

  /**
   * A line where each turn begins, and its number if there is room.
   * @param {CanvasRenderingContext2D} context @param {Drawn} drawn @param {(place: number) => number} x
   * @param {number} top @param {number} bottom
   */
  turns(context, { tokens, p }, x, top, bottom) {
    const u = p.unit;
    let free = -Infinity;
    let place = 0;
    context.font = `${10 * u}px ${p.family}`;
    context.textBaseline = "alphabetic";
    context.textAlign = "left";
    for (const turn of tokens.turns) {
      if (!turn.wrote) continue;
      const at = Math.round(x(place)) + 0.5;
      context.strokeStyle = p.rule;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(at, top - 8 * u);
      context.lineTo(at, bottom);
      context.stroke();
      const named = `turn ${turn.index}`;
      const fits = context.measureText(named).width + 8 * u < x(place + turn.wrote) - at;
      const words = free === -Infinity && fits ? named : String(turn.index);
      if (at > free) {
        context.fillStyle = p.label;
        context.fillText(words, at + 3 * u, top - 3 * u);
        free = at + context.measureText(words).width + 8 * u;
      }
      place += turn.wrote;
    }
  }
}

/** Where a value stands between the ends, 0 to 1. @param {Scale} scale @param {number} value */
function part({ ends: [low, high], log }, value) {
  const of = log ? Math.log : (/** @type {number} */ one) => one;
  return Math.max(0, Math.min(1, (of(value) - of(low)) / (of(high) - of(low) || 1)));
}

/**
 * @param {CanvasRenderingContext2D} context @param {Drawn} drawn @param {(value: number) => number} y
 * @param {number} from @param {number} to px
 */
function axis(context, { scale, p }, y, from, to) {
  const u = p.unit;
  context.font = `${10 * u}px ${p.family}`;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.fillStyle = p.label;
  for (const [at, text] of scale.marks) {
    if (scale.root && at === 0.5) continue; // it stands at a quarter, too near to the zero
    const place = scale.ends[1] === 0 ? 1 - at : at; // its legend begins with 0, and its axis ends there
    const [low, high] = scale.ends;
    const value = scale.log ? low * (high / low) ** place : low + place * (high - low);
    context.fillText(text, from - 6 * u, y(value));
  }
  context.strokeStyle = p.strong;
  context.lineWidth = 1;
  const at = Math.round(y(scale.zero)) + 0.5;
  context.beginPath();
  context.moveTo(from, at);
  context.lineTo(to, at);
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context @param {Drawn} drawn
 * @param {{x: (place: number) => number, y: (value: number) => number, from: number, to: number}} field
 */
function bars(context, { values, scale, p }, { x, y, from, to }) {
  const size = (to - from) / Math.max(1, values.length);
  const zero = y(scale.zero);
  const bar = (/** @type {number} */ at, /** @type {number} */ wide, /** @type {number} */ value) => {
    if (Number.isNaN(value)) {
      context.fillStyle = p.faint;
      context.fillRect(at, zero - 1, Math.max(1, Math.min(wide, 3)), 2); // not known: a dot, not a bar of 0
      return;
    }
    context.fillStyle = barColour(p, scale, value);
    const height = Math.max(1.5, Math.abs(zero - y(value)));
    context.fillRect(at, y(value) < zero ? zero - height : zero, wide, height);
  };
  if (size >= 1.5) {
    const gap = size > 5 ? 1 : 0;
    values.forEach((value, place) => bar(x(place), size - gap, value));
    return;
  }
  for (let at = Math.floor(from); at < to; at += 1) {
    const first = Math.max(0, Math.floor((at - from) / size));
    const last = Math.min(values.length, Math.max(first + 1, Math.floor((at + 1 - from) / size)));
    let least = NaN;
    let most = NaN;
    for (let place = first; place < last; place += 1) {
      const value = values[place];
      if (Number.isNaN(value)) continue;
      if (!(least <= value)) least = value;
      if (!(most >= value)) most = value;
    }
    if (scale.ends[0] < scale.zero && least < scale.zero) bar(at, 1, least);
    if (!(most < scale.zero && scale.ends[0] < scale.zero)) bar(at, 1, most);
  }
}

/**
 * Below the axis: launches as a firm line, thought as a thin one.
 * @param {CanvasRenderingContext2D} context @param {Drawn} drawn @param {(place: number) => number} x
 * @param {number} top @param {number} height
 */
function strip(context, { tokens, p }, x, top, height) {
  const { wrote, role } = tokens;
  for (let first = 0, next = 0; first < wrote.length; first = next) {
    const own = role[wrote[first]];
    for (next = first + 1; next < wrote.length && role[wrote[next]] === own; ) next += 1;
    const wide = Math.max(1, x(next) - x(first));
    context.fillStyle = own === LAUNCH ? p.text : p.gauge;
    if (own === LAUNCH) context.fillRect(x(first), top, wide, height);
    else if (own === THOUGHT) context.fillRect(x(first), top + height / 2 - 0.5, wide, 1);
  }
}

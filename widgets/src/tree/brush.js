// What the painters of the tree share: the sizes of cards, boxes, and texts cut to fit.

import { fitText } from "../shared/canvas.js";
import { mix, valueColour } from "../shared/theme.js";
import { FULL_PITCH, level, TWO_LINES } from "./layout.js";

/** @typedef {import("../shared/theme.js").Palette} Palette */
/** @typedef {import("../step/piles.js").Pile} Pile */
/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {import("../step/summary.js").Summary} Summary */
/** @typedef {"near" | "middle" | "far"} Kind */
/** @typedef {{width: number, height: number}} Size */

/**
 * @typedef {object} Scene one picture of the tree
 * @property {CanvasRenderingContext2D} context
 * @property {Palette} p
 * @property {Shown} shown
 * @property {number} pitch px between rows at the base type size
 * @property {Kind} kind what a node is drawn as at this pitch
 * @property {Size} size of a node, px
 * @property {Size} card the same at the base type size, before it grows with the rows
 * @property {(text: string, width: number) => string} fit cut to a width in the font that is set
 * @property {(row: number, limit: number) => string} goal
 * @property {(pile: Pile) => {summary: Summary, goal: string}} summary
 * @property {import("../step/badges.js").Marks} marks badges, and what was searched for
 */

/** A near card and a middle one as they usually are, in px at the base type size. */
export const NEAR = { width: 134, height: 46 };
const MIDDLE = { width: 124, height: 24 };
/** Of a middle card with two lines. */
const TALL = 34;
/** A card narrower than this has its goal alone in the first line, and no bar. */
const SLIM = 104;
/** Room for the number of folded nodes on a card. */
export const CHIP = 30;

/** Cards grow with the rows beyond 100 %. @param {number} pitch @param {number} unit */
export function cardScale(pitch, unit) {
  return unit * Math.max(1, pitch / FULL_PITCH);
}

/**
 * A card at the base type size; a middle one is as high as its row allows.
 * @param {number} pitch @param {number} [width] by default as usual @returns {Size}
 */
export function cardAt(pitch, width) {
  if (level(pitch) === "near") return { width: width || NEAR.width, height: NEAR.height };
  const slim = width && width < SLIM && pitch >= TWO_LINES;
  return { width: width || MIDDLE.width, height: Math.min(slim ? TALL : MIDDLE.height, pitch - 3) };
}

/** Its goal has a line of its own. @param {Size} card */
export function isSlim({ width, height }) {
  return width < SLIM && height > MIDDLE.height;
}

/** @param {number} pitch */
export function discRadius(pitch) {
  return Math.max(2, Math.min(4, pitch * 0.3));
}

/** @param {number} pitch @param {number} unit @param {number} [wide] a card @returns {Size} px */
export function cardSize(pitch, unit, wide) {
  const kind = level(pitch);
  if (kind === "far") return { width: discRadius(pitch) * 2, height: discRadius(pitch) * 2 };
  const { width, height } = cardAt(pitch, wide);
  const k = cardScale(pitch, unit);
  return { width: width * k, height: height * k };
}

/** Texts cut to fit, each measured once. */
export class Fitter {
  constructor() {
    /** @type {Map<string, string>} */
    this.fitted = new Map();
  }

  /** @param {CanvasRenderingContext2D} context @param {string} text @param {number} width */
  fit(context, text, width) {
    const key = `${context.font}|${Math.round(width)}|${text}`;
    let found = this.fitted.get(key);
    if (found === undefined) {
      if (this.fitted.size > 20_000) this.fitted.clear();
      found = fitText(context, text, width);
      this.fitted.set(key, found);
    }
    return found;
  }
}

/**
 * The ground of a card, tinted by its value.
 * @param {Scene} scene @param {number} value @param {number} share
 */
export function tint({ p, shown }, value, share) {
  if (Number.isNaN(value)) return p.page;
  return mix(p.page, valueColour(p, value, shown.most), shown.byReturn ? 0.12 : share);
}

/**
 * @param {Scene} scene @param {number} x @param {number} y @param {Size} size @param {number} radius
 * @param {string} ground
 */
export function box({ context, p }, x, y, { width, height }, radius, ground) {
  context.beginPath();
  context.roundRect(x + 0.5, y + 0.5, width - 1, height - 1, radius);
  context.fillStyle = ground;
  context.fill();
  context.strokeStyle = p.strong;
  context.lineWidth = 1;
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} width
 * @param {number} height @param {number} radius
 */
export function rounded(context, x, y, width, height, radius) {
  context.beginPath();
  context.roundRect(x, y, Math.max(0, width), height, radius);
  context.fill();
}

/** What bars and ticks lie on. @param {Palette} p */
export function trackColour(p) {
  return p.dark ? mix(p.page, "#ffffff", 0.06) : p.track;
}

/**
 * Where a folded node is opened.
 * @param {number} pitch @param {number} unit @param {number} x px from the card's left @param {number} width
 */
export function onChip(pitch, unit, x, width) {
  return level(pitch) === "far" || x > width - (CHIP + 8) * cardScale(pitch, unit);
}

// Which part of the layout is in view, and how large: rows and columns become pixels here.

import { columns, fitPitch, FULL_PITCH, level } from "./layout.js";

/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {{width: number, height: number}} Size */

const LEFT = 14;
const TOP = 20;
const BOTTOM = 10;

export class Camera {
  constructor() {
    /** px between rows, at the base type size. */
    this.pitch = FULL_PITCH;
    /** @type {number | undefined} px between depths, at the base type size */
    this.column = undefined;
    /** px of a card, at the base type size. */
    this.card = 0;
    /** Where the layout's root begins, px. */
    this.ox = LEFT;
    this.oy = TOP;
    /** The user chose a place and a zoom, so nothing is fitted. */
    this.manual = false;
    this.width = 0;
    this.height = 0;
  }

  /** Zoom and place so that all is seen. @param {Layout} layout @param {number} unit @param {boolean} live */
  fit(layout, unit, live) {
    if (!this.width || !this.height) return;
    const height = this.height - TOP - BOTTOM;
    // A tree that still grows gets extra room, so that it need not move.
    const least = live ? { height: 8, levels: 2 } : { height: 0, levels: 0 };
    const room = {
      ...layout,
      height: Math.max(layout.height, least.height),
      levels: Math.max(layout.levels, least.levels),
    };
    this.pitch = fitPitch(room, (this.width - 2 * LEFT) / unit, height / unit, live);
    this.lay(room, unit);
    const used = layout.height * this.pitch * unit;
    const spare = Math.max(0, height - used);
    this.oy = TOP + (live ? Math.min(spare, height * 0.12) : spare / 2) + (this.pitch * unit) / 2;
    this.ox = LEFT * unit + (level(this.pitch) === "far" ? 8 : 0);
  }

  /**
   * @param {number} depth below the layout's root @param {number} y in rows @param {number} unit
   * @returns {[number, number]} px
   */
  at(depth, y, unit) {
    return [this.ox + depth * (this.column ?? 174) * unit, this.oy + y * this.pitch * unit];
  }

  /** Columns and cards for the pitch that is set. @param {Layout} layout @param {number} unit */
  lay(layout, unit) {
    const { column, card } = columns(layout, (this.width - 2 * LEFT) / unit, this.pitch);
    this.column = column;
    this.card = card;
  }

  /**
   * How many cards are out of view, and how many are cut by an end of it.
   * @param {[number, number][]} places @param {Size} size
   */
  outside(places, { width, height }) {
    let [hidden, cut] = [0, 0];
    for (const [x, y] of places) {
      const [above, below] = [y - height / 2, y + height / 2];
      if (x + width <= 1 || x >= this.width - 1 || below <= 1 || above >= this.height - 1) hidden += 1;
      else if (x < -1 || x + width > this.width + 1 || above < -1 || below > this.height + 1) cut += 1;
    }
    return { hidden, cut };
  }

  /**
   * @param {Layout} layout @param {number} unit @param {number} factor @param {number} x
   * @param {number} y the point that stays
   */
  zoomBy(layout, unit, factor, x, y) {
    const [pitch, before] = [this.pitch, this.column];
    this.pitch = Math.max(1, Math.min(FULL_PITCH * 1.8, pitch * factor));
    this.lay(layout, unit);
    const column = this.column ?? 1;
    this.oy = y - ((y - this.oy) * this.pitch) / pitch;
    this.ox = x - ((x - this.ox) * column) / (before ?? column);
    this.manual = true;
  }

  /** By hand. @param {number} ox @param {number} oy */
  moveTo(ox, oy) {
    this.manual = true;
    this.ox = ox;
    this.oy = oy;
  }

  /**
   * Brings a card into view with the least movement.
   * @param {[number, number]} at left end and middle, px @param {{width: number, height: number}} card
   * @returns {boolean} it moved
   */
  reveal([x, y], card) {
    const low = card.height / 2 + 8;
    let dx = 0;
    let dy = 0;
    if (y - low < 0) dy = low - y + 12;
    else if (y + low > this.height) dy = this.height - low - y - 12;
    if (x < 4) dx = 16 - x;
    else if (x + card.width > this.width) dx = Math.max(16 - x, this.width - card.width - 16 - x);
    this.ox += dx;
    this.oy += dy;
    return dx !== 0 || dy !== 0;
  }
}

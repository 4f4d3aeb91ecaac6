// Two aligned trees beside each other in one layout: what is the same has the same place at both sides, and
// what one side lacks leaves a dashed gap there.

import { canvasFor, fitText } from "../shared/canvas.js";
import { brief } from "../shared/format.js";
import { drawMark } from "../shared/shapes.js";
import { mix } from "../shared/theme.js";
import { miniature } from "../step/groups.js";
import { unionOf } from "./union.js";

/** @typedef {import("./union.js").Pair} Pair */
/** @typedef {import("./union.js").Row} Row */
/** @typedef {import("./union.js").Side} Side */
/** @typedef {"a" | "b"} Which */
/** @typedef {{x: number, y: number, width: number, height: number}} Box px */
/** @typedef {{row: number, above: number, x: number, y: number}} Spot px */

/**
 * @typedef {object} Layout
 * @property {Spot[]} spots
 * @property {boolean} cards otherwise discs
 * @property {number} width px of a node @property {number} height
 * @property {number} half px of one side
 * @property {number} high px of all
 */

/** px at the base type size. */
const CARD = { most: 128, least: 64, high: 22 };
const ROW = { cards: 30, dots: 9, least: 5 };
const COLUMN = { cards: 150, dots: 96, gap: 16 };
const PAD = 8;
const BETWEEN = 20;
/** Up to this many rows, nodes are cards. */
const CARDS = 40;
/** px that discs take at most. */
const HIGHEST = 420;

export class PairPicture {
  /** @param {import("./union.js").PairNeeds} needs */
  constructor(needs) {
    this.needs = needs;
    /** @type {({side: Which, row: Row} & Box)[]} */
    this.boxes = [];
  }

  /** @param {Pair} pair @param {number} width px */
  draw(pair, width) {
    const { palette: p } = this.needs;
    const layout = lay(pair.rows, width, p.unit);
    const { canvas, context } = canvasFor(width, layout.high);
    canvas.setAttribute("aria-hidden", "true"); // the table says the same
    this.boxes = [];
    this.side(context, pair, layout, "a", PAD * p.unit);
    this.side(context, pair, layout, "b", layout.half + (BETWEEN + PAD) * p.unit);
    context.fillStyle = p.rule;
    context.fillRect(Math.round(layout.half + (BETWEEN * p.unit) / 2), 4, 1, layout.high - 8);
    canvas.addEventListener("click", (event) => this.onClick(event));
    canvas.addEventListener("pointermove", (event) => {
      canvas.style.cursor = this.boxAt(event) ? "pointer" : "default";
    });
    return canvas;
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {Pair} pair @param {Layout} layout @param {Which} which
   * @param {number} left px
   */
  side(context, { rows, parting }, { spots, cards, width, height }, which, left) {
    const { palette: p } = this.needs;
    const of = new Map(spots.map((spot) => [spot.row, spot]));
    for (const { row, above, x, y } of spots) {
      const from = of.get(above);
      if (from) edge(context, p, !!rows[row][which], [left + from.x + width, from.y], [left + x, y]);
    }
    for (const { row, x, y } of spots) {
      const node = rows[row][which];
      const box = { x: left + x, y: y - height / 2, width, height };
      const first = !!parting && node?.path === parting[which];
      if (node) this.boxes.push({ side: which, row: rows[row], ...box });
      if (cards) card(context, p, rows[row], which, box, first);
      else dot(context, p, node, box, first);
      if (cards && first && parting?.turn) flag(context, p, `turn ${parting.turn}`, box);
    }
  }

  /** @param {MouseEvent} event */
  boxAt(event) {
    const frame = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
    const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
    return this.boxes.find((box) => {
      const beside = x >= box.x - 2 && x <= box.x + box.width + 2;
      return beside && y >= box.y - 2 && y <= box.y + box.height + 2;
    });
  }

  /** @param {MouseEvent} event */
  onClick(event) {
    const found = this.boxAt(event);
    if (!found) return;
    const { pinned, chosen } = this.needs;
    this.needs.openNode(found.side === "a" ? pinned : chosen, found.row[found.side]?.path ?? "0");
  }
}

/** @param {Row[]} rows @param {number} width px @param {number} u unit of type @returns {Layout} */
function lay(rows, width, u) {
  const spots = miniature(unionOf(rows), 0, rows.length);
  const ys = spots.map((spot) => spot.y);
  const levels = Math.max(1, ...spots.map((spot) => spot.x));
  const low = Math.min(...ys);
  const leaves = Math.max(...ys) - low + 1;
  const half = (width - BETWEEN * u) / 2;
  const room = half - 2 * PAD * u;
  // Cards shrink with the columns; where they cannot be read, nodes are discs.
  const column = Math.min(COLUMN.cards * u, (room + COLUMN.gap * u) / (levels + 1));
  const cards = rows.length <= CARDS && column >= (CARD.least + COLUMN.gap) * u;
  const radius = Math.max(1.8, Math.min(3.4, Math.min(ROW.dots, HIGHEST / leaves) * 0.34)) * u;
  const size = cards
    ? { width: Math.min(CARD.most * u, column - COLUMN.gap * u), height: CARD.high * u }
    : { width: 2 * radius, height: 2 * radius };
  const across = cards ? column : Math.min(COLUMN.dots * u, (room - 2 * radius) / levels);
  const pitch = (cards ? ROW.cards : Math.max(ROW.least, Math.min(ROW.dots, HIGHEST / leaves))) * u;
  const top = PAD * u + pitch / 2;
  return {
    ...{ cards, half, ...size, high: leaves * pitch + 2 * PAD * u },
    spots: spots.map(({ row, above, x, y }) => ({ row, above, x: x * across, y: top + (y - low) * pitch })),
  };
}

/**
 * @param {CanvasRenderingContext2D} context @param {import("../shared/theme.js").Palette} p
 * @param {boolean} there @param {[number, number]} from @param {[number, number]} to
 */
function edge(context, p, there, [x0, y0], [x1, y1]) {
  const middle = (x0 + x1) / 2;
  context.beginPath();
  context.moveTo(x0, y0);
  context.bezierCurveTo(middle, y0, middle, y1, x1, y1);
  context.strokeStyle = there ? p.faint : p.strong;
  context.lineWidth = there ? 1.2 : 0.9;
  context.setLineDash(there ? [] : [2, 3]);
  context.stroke();
  context.setLineDash([]);
}

/**
 * @param {CanvasRenderingContext2D} context @param {import("../shared/theme.js").Palette} p @param {Row} row
 * @param {Which} which @param {Box} box @param {boolean} first here the trees part
 */
function card(context, p, row, which, { x, y, width, height }, first) {
  const { unit: u } = p;
  const node = row[which];
  context.beginPath();
  context.roundRect(x + 0.5, y + 0.5, width - 1, height - 1, 5);
  context.lineWidth = first ? 2 : 1;
  context.strokeStyle = first ? p.text : p.strong;
  if (!node) {
    context.setLineDash([3, 3]);
    context.stroke();
    context.setLineDash([]);
    return;
  }
  const alone = !row.a || !row.b;
  const ground = alone ? mix(p.page, p.sequential[2], 0.28) : row.changed ? p.well : p.page;
  context.fillStyle = ground;
  context.fill();
  context.stroke();
  const middle = y + height / 2;
  const shape = /** @type {import("../shared/shapes.js").Shape} */ (node.shape);
  drawMark(context, shape, x + 6 * u, middle - 5.5 * u, 11 * u, p, ground);
  const moved = which === "b" && !!row.a && row.a.s !== node.s;
  const words = `${moved ? "\u2192 " : ""}${node.s === null ? "\u2013" : brief(node.s, 2)}`;
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.font = `${moved ? 600 : 400} ${11 * u}px ${p.family}`;
  context.fillStyle = moved ? p.text : p.label;
  context.fillText(words, x + width - 6 * u, middle + 0.5);
  const room = width - 31 * u - context.measureText(words).width;
  context.textAlign = "left";
  context.fillStyle = p.text;
  context.font = `400 ${11 * u}px ${p.family}`;
  if (room > 14) context.fillText(fitText(context, node.goal || node.path, room), x + 21 * u, middle + 0.5);
}

/**
 * The turn at which the trees part, on the upper edge of the card.
 * @param {CanvasRenderingContext2D} context @param {import("../shared/theme.js").Palette} p
 * @param {string} words @param {Box} box
 */
function flag(context, p, words, { x, y, width }) {
  context.font = `600 ${10 * p.unit}px ${p.family}`;
  const wide = context.measureText(words).width + 6 * p.unit;
  const left = x + width - wide - 6 * p.unit;
  context.fillStyle = p.page;
  context.fillRect(left, y - 5 * p.unit, wide, 10 * p.unit);
  context.fillStyle = p.text;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(words, left + 3 * p.unit, y);
}

/**
 * @param {CanvasRenderingContext2D} context @param {import("../shared/theme.js").Palette} p
 * @param {Side | null} node @param {Box} box @param {boolean} first
 */
function dot(context, p, node, box, first) {
  const radius = box.width / 2;
  const [x, y] = [box.x + radius, box.y + radius];
  const full = (node?.s ?? 0) >= 0.5;
  const tones = { limit: p.limit, failed: p.bad, error: p.bad, succeeded: p.good, partly: p.good };
  const tone = /** @type {Record<string, string>} */ (tones)[node?.shape ?? ""] ?? p.label;
  context.beginPath();
  context.arc(x, y, full ? radius : radius - 0.5, 0, 7);
  context.fillStyle = full ? tone : p.page;
  context.fill();
  context.strokeStyle = node ? tone : p.strong;
  context.lineWidth = 1.2;
  context.setLineDash(node && node.s === null ? [1.5, 1.5] : []);
  if (!node) context.lineWidth = 0.9;
  if (!full) context.stroke();
  context.setLineDash([]);
  if (!first) return;
  context.beginPath();
  context.arc(x, y, radius + 3, 0, 7);
  context.strokeStyle = p.text;
  context.lineWidth = 1.6;
  context.stroke();
}

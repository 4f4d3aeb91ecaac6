// Trees as small pictures about their roots: a root has the same place in every cell, and all cells of a row
// have one scale.

import { miniature } from "../step/groups.js";
import { isLive, shapeOf } from "../step/status.js";

/** @typedef {import("../shared/theme.js").Palette} Palette */
/** @typedef {import("../step/store.js").Step} Step */
/** @typedef {{row: number, x: number, y: number, above: number}} Spot x in levels, y in rows from the root */
/** @typedef {{spots: Spot[], up: number, down: number, levels: number}} Shape */
/** @typedef {{pitch: number, column: number, up: number, down: number}} Scale px, and rows about the root */

/** Nodes that are drawn: of larger trees, these are enough to see their shape. */
const MOST = 240;
/** px between rows and between columns, at most, at the base type size. */
const PITCH = 11;
const COLUMN = 24;

/** @type {WeakMap<Step, Map<number, Shape>>} */
const shapes = new WeakMap();

/** @param {Step} step @param {number} tree @returns {Shape} */
export function shapeOfTree(step, tree) {
  const known = shapes.get(step) ?? new Map();
  shapes.set(step, known);
  let shape = known.get(tree);
  if (!shape) {
    const spots = miniature(step, tree, MOST);
    const root = spots[0]?.y ?? 0;
    const ys = spots.map((spot) => spot.y - root);
    shape = {
      spots: spots.map((spot, i) => ({ ...spot, y: ys[i] })),
      up: Math.max(0, ...ys.map((y) => -y)),
      down: Math.max(0, ...ys),
      levels: Math.max(0, ...spots.map((spot) => spot.x)),
    };
    known.set(tree, shape);
  }
  return shape;
}

/**
 * One scale for the trees of a row.
 * @param {Shape[]} shapes @param {number} width @param {number} height px that there are at most
 * @param {number} u unit of type
 * @returns {Scale}
 */
export function scaleOf(shapes, width, height, u) {
  const most = (/** @type {(shape: Shape) => number} */ of) => Math.max(0, ...shapes.map(of));
  const [up, down, levels] = [most((one) => one.up), most((one) => one.down), most((one) => one.levels)];
  const pitch = Math.min(PITCH * u, height / Math.max(1, up + down));
  return { pitch, column: Math.min(COLUMN * u, width / Math.max(1, levels)), up, down };
}

/** The colour of a node by how it ended. @param {Palette} p @param {Step} step @param {number} row */
function inkOf(p, step, row) {
  const shape = shapeOf(step.status[row], step.s[row]);
  if (shape === "succeeded" || shape === "partly") return p.good;
  if (shape === "failed" || shape === "error") return p.bad;
  if (shape === "limit") return p.limit;
  return isLive(step.status[row]) ? p.live : p.label;
}

/**
 * A disc if it succeeded, otherwise a ring; dashed if nobody scored it.
 * @param {CanvasRenderingContext2D} context @param {Palette} p @param {Step} step @param {number} row
 * @param {number} x @param {number} y @param {number} radius
 */
export function drawDisc(context, p, step, row, x, y, radius) {
  const s = step.s[row];
  const colour = inkOf(p, step, row);
  const full = s >= 0.5;
  context.beginPath();
  context.arc(x, y, full ? radius : Math.max(1, radius - 0.6), 0, 7);
  context.fillStyle = full ? colour : p.page;
  context.fill();
  if (full) return;
  context.strokeStyle = colour;
  context.lineWidth = Math.max(1, Math.min(1.6, radius * 0.45));
  if (Number.isNaN(s)) context.setLineDash([1.5, 1.5]);
  context.stroke();
  context.setLineDash([]);
}

/**
 * A whole tree, its root at (x, y).
 * @param {CanvasRenderingContext2D} context @param {Palette} p @param {Step} step @param {Shape} shape
 * @param {Scale} scale @param {number} x @param {number} y
 */
export function drawTree(context, p, step, { spots }, { pitch, column }, x, y) {
  const of = new Map(spots.map((spot) => [spot.row, spot]));
  const px = (/** @type {Spot} */ spot) => x + spot.x * column;
  const py = (/** @type {Spot} */ spot) => y + spot.y * pitch;
  context.strokeStyle = p.faint;
  context.lineWidth = 0.9;
  context.beginPath();
  for (const spot of spots) {
    const above = of.get(spot.above);
    if (!above) continue;
    const middle = (px(above) + px(spot)) / 2;
    context.moveTo(px(above), py(above));
    context.bezierCurveTo(middle, py(above), middle, py(spot), px(spot), py(spot));
  }
  context.stroke();
  drawTogether(context, p, step, spots, px, py, column);
  const small = Math.max(1.6, Math.min(3, pitch * 0.32));
  for (const spot of spots) {
    const root = step.parent[spot.row] < 0;
    drawDisc(context, p, step, spot.row, px(spot), py(spot), root ? small * 1.5 : small);
  }
}

/**
 * A bar before siblings that were launched together.
 * @param {CanvasRenderingContext2D} context @param {Palette} p @param {Step} step @param {Spot[]} spots
 * @param {(spot: Spot) => number} px @param {(spot: Spot) => number} py @param {number} column
 */
function drawTogether(context, p, step, spots, px, py, column) {
  if (column < 9) return;
  /** @type {Map<string, Spot[]>} */
  const lots = new Map();
  for (const spot of spots) {
    const { row, above } = spot;
    if (above < 0 || !step.together[row]) continue;
    const key = `${above}/${step.turn[row]}/${step.batch[row]}`;
    lots.set(key, [...(lots.get(key) ?? []), spot]);
  }
  context.strokeStyle = p.second;
  context.lineWidth = 1.4;
  context.beginPath();
  for (const lot of lots.values()) {
    if (lot.length < 2) continue;
    const x = px(lot[0]) - Math.min(5.5, column * 0.32);
    context.moveTo(x, py(lot[0]) - 2);
    context.lineTo(x, py(lot[lot.length - 1]) + 2);
  }
  context.stroke();
}

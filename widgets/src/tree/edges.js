// What joins cards: curves from parent to child, and upright bars behind siblings that were
// launched together.

import { mix } from "../shared/theme.js";
import { cardScale } from "./brush.js";

/** @typedef {import("./brush.js").Scene} Scene */
/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {[number, number]} Place left end and middle of a node, px */

/**
 * @param {Scene} scene @param {Layout} layout @param {number} row the child @param {Place} from
 * @param {Place} to
 */
export function drawEdge({ context, p, shown, kind, size }, layout, row, [px, py], [x, y]) {
  const pile = layout.piles.get(row);
  const c = pile ? meanOf(shown.credit.c, pile.rows) : shown.credit.c[row];
  const far = kind === "far";
  const left = px + size.width;
  const middle = (left + x) / 2;
  context.beginPath();
  context.moveTo(left, py);
  context.bezierCurveTo(middle, py, middle, y, x, y);
  if (Number.isNaN(c)) {
    context.strokeStyle = shown.byReturn ? p.strong : p.faint;
    context.lineWidth = far ? 0.8 : 1.2;
    if (!shown.byReturn) context.setLineDash([1.5, 3]);
    context.stroke();
    context.setLineDash([]);
    return;
  }
  const strength = Math.min(1, Math.abs(c) / 1.4);
  const bar = c < 0 ? p.barMinus : p.barPlus;
  const pale = c < 0 ? p.ramp[2] : p.ramp[4];
  context.strokeStyle = Math.abs(c) < 1e-9 ? p.strong : mix(pale, bar, Math.min(1, 0.3 + 1.2 * strength));
  context.lineWidth = far ? Math.min(3.2, 0.9 + 1.6 * Math.abs(c)) : Math.min(8.2, 1.2 + 5 * Math.abs(c));
  context.stroke();
}

/**
 * Upright bars behind siblings launched together, and the turns that launched.
 * @param {Scene} scene @param {Layout} layout @param {{row: number}[]} seen
 * @param {(row: number) => Place} place
 * @param {number} width of the picture @param {number} chosen
 */
export function drawLaunches(scene, layout, seen, place, width, chosen) {
  const { context, p, shown, kind, pitch, size } = scene;
  const { step } = shown;
  const labels = kind === "near" && pitch - scene.card.height >= 11; // both grow with the type
  const k = cardScale(pitch, p.unit);
  context.font = `${Math.round(10 * k)}px ${p.family}`;
  context.textBaseline = "alphabetic";
  for (const parent of new Set(seen.map(({ row }) => step.parent[row]))) {
    if (parent < 0 || !layout.y.has(parent) || layout.folded.has(parent)) continue;
    for (const batch of batches(step, parent, layout.y)) {
      if (shown.later?.has(batch[0])) continue;
      const [x, top] = place(batch[0]);
      const [, bottom] = place(batch[batch.length - 1]);
      if (x > width || x + size.width < 0) continue;
      const pile = layout.piles.get(batch[0]);
      const many = batch.reduce((sum, row) => sum + (layout.piles.get(row)?.rows.length ?? 1), 0);
      const together = batch.length > 1 || (pile !== undefined && scene.summary(pile).summary.together > 0);
      const high = top - size.height / 2;
      if (together) {
        context.fillStyle = p.second;
        context.beginPath();
        context.roundRect(x - 9.5 * k, high + 2, 3 * k, bottom - top + size.height - 4, 1.5);
        context.fill();
      }
      if (!labels || high < 8) continue;
      context.fillStyle = p.label;
      const raised = pile || batch[0] === chosen; // by the card behind, or by the ring
      const words = `turn ${step.turn[batch[0]]}${together ? `: ${many} together` : ""}`;
      context.fillText(words, together ? x - 9 * k : x, high - (raised ? 8 : 5) * k);
    }
  }
}

/**
 * Children launched in one go, in spawn order.
 * @param {import("../step/store.js").Step} step @param {number} parent @param {Map<number, number>} drawn
 */
function batches(step, parent, drawn) {
  /** @type {number[][]} */
  const found = [];
  for (let row = step.first[parent]; row >= 0; row = step.next[row]) {
    if (!drawn.has(row)) continue;
    const last = found[found.length - 1]?.[0];
    const same = last !== undefined && step.together[row] && step.turn[last] === step.turn[row];
    if (same && step.batch[last] === step.batch[row]) found[found.length - 1].push(row);
    else found.push([row]);
  }
  return found;
}

/** @param {Float64Array} values @param {number[]} rows @returns {number} mean of those that are known */
function meanOf(values, rows) {
  const known = rows.map((row) => values[row]).filter((value) => !Number.isNaN(value));
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : NaN;
}

// What joins cards: curves from parent to child, and the upright bars behind siblings launched together.

import { mix } from "../shared/theme.js";

/** @typedef {import("../app/app.js").App} App */

export class EdgePainter {
  /** @param {App} app @param {import("./tree.js").TreeView} view */
  constructor(app, view) {
    this.app = app;
    this.view = view;
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {string} kind @param {{width: number, height: number}} size
   * @param {number} row @param {number} px @param {number} py @param {number} x @param {number} y
   */
  curve(context, kind, size, row, px, py, x, y) {
    const { app } = this;
    const p = app.palette;
    const pile = this.view.layout?.piles.get(row);
    const c = pile ? meanOf(app.rule.credit?.c, pile.rows) : (app.rule.credit?.c[row] ?? NaN);
    const from = px + size.width;
    const middle = (from + x) / 2;
    context.beginPath();
    context.moveTo(from, py);
    context.bezierCurveTo(middle, py, middle, y, x, y);
    if (Number.isNaN(c)) {
      context.strokeStyle = app.rule.byReturn ? p.strong : p.faint;
      context.lineWidth = kind === "far" ? 0.8 : 1.2;
      if (!app.rule.byReturn) context.setLineDash([1.5, 3]);
      context.stroke();
      context.setLineDash([]);
      return;
    }
    const strength = Math.min(1, Math.abs(c) / 1.4);
    const far = kind === "far";
    const bar = c < 0 ? p.barMinus : p.barPlus;
    const pale = c < 0 ? p.ramp[2] : p.ramp[4];
    context.strokeStyle = Math.abs(c) < 1e-9 ? p.strong : mix(pale, bar, Math.min(1, 0.3 + 1.2 * strength));
    context.lineWidth = far ? Math.min(3.2, 0.9 + 1.6 * Math.abs(c)) : Math.min(8.2, 1.2 + 5 * Math.abs(c));
    context.stroke();
  }

  /**
   * Upright bars behind siblings launched together, and the turns that launched.
   * @param {CanvasRenderingContext2D} context @param {string} kind @param {{width: number, height: number}} size
   * @param {{row: number}[]} seen @param {(row: number) => [number, number]} place
   */
  bars(context, kind, size, seen, place) {
    const { app } = this;
    const { layout } = this.view;
    const step = /** @type {import("../step/store.js").Step} */ (app.step);
    const p = app.palette;
    const { unit } = p;
    const parents = new Set(seen.map(({ row }) => step.parent[row]));
    const labels = kind === "near" && (this.view.pitch - 46) * unit >= 11;
    context.font = `${Math.round(10 * unit)}px ${p.family}`;
    context.textBaseline = "alphabetic";
    for (const parent of parents) {
      if (parent < 0 || !layout?.y.has(parent) || layout.folded.has(parent)) continue;
      for (const batch of batches(step, parent, layout.y)) {
        const [x, top] = place(batch[0]);
        const [, bottom] = place(batch[batch.length - 1]);
        if (x > this.view.width || x + size.width < 0) continue;
        const many = batch.reduce((sum, row) => sum + (layout.piles.get(row)?.rows.length ?? 1), 0);
        const together = many > 1 && (batch.length > 1 || app.summary(/** @type {import("../step/piles.js").Pile} */ (layout.piles.get(batch[0]))).summary.together > 0);
        const high = top - size.height / 2;
        if (together) {
          context.fillStyle = p.second;
          context.beginPath();
          context.roundRect(x - 9.5 * unit, high + 2, 3 * unit, bottom - top + size.height - 4, 1.5);
          context.fill();
        }
        if (!labels || high < 8) continue;
        context.fillStyle = p.label;
        const raised = layout.piles.has(batch[0]) || batch[0] === app.place.row; // by the card behind, or the ring
        context.fillText(together ? `turn ${step.turn[batch[0]]}, ${many} together` : `turn ${step.turn[batch[0]]}`, together ? x - 9 * unit : x, high - (raised ? 8 : 5));
      }
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
    const same = last !== undefined && step.together[row] && step.turn[last] === step.turn[row] && step.batch[last] === step.batch[row];
    if (same) found[found.length - 1].push(row);
    else found.push([row]);
  }
  return found;
}

/** @param {Float64Array | undefined} values @param {number[]} rows @returns {number} mean of those that are known */
function meanOf(values, rows) {
  let [sum, known] = [0, 0];
  for (const row of rows) {
    const value = values?.[row] ?? NaN;
    if (Number.isNaN(value)) continue;
    sum += value;
    known += 1;
  }
  return known ? sum / known : NaN;
}

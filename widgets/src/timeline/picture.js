// What is drawn of a row of the timeline, and between rows.

import { count } from "../shared/format.js";
import { fitText } from "../shared/canvas.js";
import { drawMark } from "../shared/shapes.js";
import { shapeOf } from "../step/status.js";
import { drawBars, drawProfile, timeWords, tones, xOf } from "./paint.js";

/** @typedef {import("./host.js").OutlineRow} OutlineRow */
/** @typedef {import("./lanes.js").TreeTimes} TreeTimes */
/** @typedef {import("./times.js").Leg} Leg */
/** @typedef {import("./times.js").Times} Times */
/** @typedef {import("./paint.js").Pen} Pen */

/** Of the room for names, what the levels of a tree take at most. */
const DEEP = 0.16;

/**
 * @typedef {object} Pictured
 * @property {import("./host.js").TimelineHost} host
 * @property {OutlineRow[]} rows
 * @property {boolean} beside the outline names the rows
 */

export class Picture {
  /** @param {Pictured} view */
  constructor(view) {
    this.view = view;
  }

  /**
   * @param {Pen} pen @param {TreeTimes} tree @param {OutlineRow} row @param {number} y top
   * @param {Map<number, Leg[]>} legs
   */
  drawRow(pen, tree, row, y, legs) {
    const { host } = this.view;
    const { context, p } = pen;
    const { times } = host.replay;
    const pitch = host.outline.pitch;
    const lane = tree.laneOf.get(row.id) ?? -1;
    const step = host.shown?.step;
    if (!times || !step) return;
    if (!this.view.beside) this.drawName(pen, row, y + pitch / 2);
    if (row.kind === "pile") {
      const all = host.place.piles.all.get(row.id)?.rows ?? [];
      if (row.open) return;
      const lanes = all.flatMap((each) => step.below(each)).map((each) => tree.laneOf.get(each) ?? -1);
      const known = lanes.filter((each) => each >= 0);
      drawProfile(pen, times, known, y + 4, pitch - 8);
      if (known.length) this.say(pen, `${count(known.length)} nodes in sum`, known, y + pitch / 2);
      return;
    }
    if (lane < 0 || !Number.isFinite(times.lanes[lane].started)) {
      context.fillStyle = p.label;
      context.font = `${Math.round(10 * p.unit)}px ${p.family}`;
      context.fillText("unknown", pen.scale.left, y + pitch / 2);
      return;
    }
    const folded = row.open === false;
    const high = folded ? pitch - 13 : pitch - 10;
    drawBars(pen, times, lane, legs, y + (folded ? 3 : 5), high, false);
    if (folded) {
      const below = step.below(row.id).slice(1).map((each) => tree.laneOf.get(each) ?? -1);
      drawProfile(pen, times, below.filter((each) => each >= 0), y + pitch - 9, 6);
      this.say(pen, `${count(below.length)} below in sum`, [lane], y + pitch / 2);
    } else if (row.id === host.place.row && host.place.pile < 0) this.sayOwn(pen, lane, y + pitch / 2);
  }

  /**
   * Nodes that ran after a sibling without need: from where they began back to where they could have.
   * @param {Pen} pen @param {TreeTimes} tree @param {Map<number, number>} yOf middles by row
   */
  drawSerial({ context, p, scale, until }, tree, yOf) {
    const times = /** @type {Times} */ (this.view.host.replay.times);
    context.strokeStyle = p.limit;
    context.lineWidth = 1.5;
    for (const [earlier, later] of tree.serial) {
      const y = yOf.get(tree.rows[later]);
      const [could, did] = [times.lanes[earlier].started, times.lanes[later].started];
      if (y === undefined || !(could < did) || did > until) continue;
      const right = scale.left + scale.width;
      const [a, b] = [could, did].map((time) => Math.max(scale.left, Math.min(right, xOf(scale, time))));
      context.setLineDash([4, 3]);
      context.beginPath();
      context.moveTo(b, y);
      context.lineTo(a, y);
      context.stroke();
      context.setLineDash([]);
      context.beginPath();
      context.moveTo(a, y - 4);
      context.lineTo(a, y + 4);
      context.stroke();
    }
  }

  /** What the chosen node took, behind its bars. @param {Pen} pen @param {number} lane @param {number} y */
  sayOwn(pen, lane, y) {
    const { replay } = this.view.host;
    const times = /** @type {Times} */ (replay.times);
    const sum = (/** @type {boolean} */ waits) =>
      times.bars[lane].reduce((all, { kind, start, end }) => {
        const took = Math.max(0, Math.min(end, replay.until) - start);
        return all + ((kind === "waiting") === waits ? took : 0);
      }, 0);
    const [works, waits] = [sum(false), sum(true)];
    const rest = waits ? `, waits ${timeWords(waits, replay.clock)}` : "";
    this.say(pen, `computes ${timeWords(works, replay.clock)}${rest}`, [lane], y);
  }

  /**
   * Words right of a lane's end; in the longest wait, if there is no room; otherwise nowhere.
   * @param {Pen} pen @param {string} words @param {number[]} lanes the first has the bars @param {number} y
   */
  say({ context, p, scale }, words, lanes, y) {
    const times = /** @type {Times} */ (this.view.host.replay.times);
    context.font = `${Math.round(10 * p.unit)}px ${p.family}`;
    context.textBaseline = "middle";
    const wide = context.measureText(words).width;
    const ends = lanes.map((lane) => times.ends[lane]);
    let x = Math.max(scale.left, xOf(scale, Math.max(...ends)) + 6);
    if (x + wide > scale.left + scale.width) {
      const waits = times.bars[lanes[0]].filter(({ kind }) => kind === "waiting");
      const room = waits.reduce((best, bar) => {
        const [a, b] = [xOf(scale, bar.start), Math.min(scale.left + scale.width, xOf(scale, bar.end))];
        return b - a > best[1] - best[0] ? [a, b] : best;
      }, [0, 0]);
      if (room[1] - Math.max(scale.left, room[0]) < wide + 12) return;
      x = Math.max(scale.left, room[0]) + 6;
      context.fillStyle = p.page;
      context.fillRect(x - 3, y - 7 * p.unit, wide + 6, 14 * p.unit);
    }
    context.fillStyle = p.second;
    context.fillText(words, x, y + 0.5);
  }

  /** @param {Pen} pen @param {OutlineRow} row @param {number} y */
  drawName({ context, p, scale }, row, y) {
    const { host } = this.view;
    const step = host.shown?.step;
    if (!step) return;
    context.font = `${Math.round(11 * p.unit)}px ${p.family}`;
    context.textBaseline = "middle";
    const indent = Math.min(scale.left * DEEP, (row.level - 1) * 8);
    const alike = row.kind === "pile" ? (host.place.piles.all.get(row.id)?.rows.length ?? 0) : 0;
    const pile = alike ? `${count(alike)} \u00d7 ` : "";
    if (row.kind === "node") {
      const ground = row.id === host.place.row ? p.selected : p.page;
      drawMark(context, shapeOf(step.status[row.id], step.s[row.id]), 8 + indent, y - 5.5, 11, p, ground);
    }
    context.fillStyle = p.text;
    const room = scale.left - indent - 30;
    const words = fitText(context, `${pile}${host.goal(row.id, 40)}`, room);
    context.fillText(words, 24 + indent, y + 0.5);
  }

  /**
   * From each launch to the child, and from its end back; those of the critical path are drawn strongly.
   * @param {Pen} pen @param {TreeTimes} tree @param {Map<number, number>} yOf middles by row
   * @param {number} first @param {number} last @param {Map<number, Leg[]>} legs
   */
  drawLines(pen, tree, yOf, first, last, legs) {
    const times = /** @type {Times} */ (this.view.host.replay.times);
    const { context, p, scale, until } = pen;
    const seen = this.view.rows.slice(first, last);
    const lines = new Set(seen.flatMap(({ id }) => [id, ...this.parentsChildren(id)]));
    for (const row of lines) {
      const lane = tree.laneOf.get(row) ?? -1;
      const y = yOf.get(row);
      const parent = lane < 0 ? -1 : times.lanes[lane].parent;
      const above = parent < 0 ? undefined : yOf.get(tree.rows[parent]);
      if (y === undefined || above === undefined) continue;
      const strong = legs.has(lane);
      context.strokeStyle = strong ? tones(p).critical : p.strong;
      context.lineWidth = strong ? 1.6 : 1;
      const end = times.lanes[lane].live ? Infinity : times.ends[lane];
      for (const time of [times.lanes[lane].started, end]) {
        if (!(time <= until) || !Number.isFinite(time)) continue;
        const x = Math.round(xOf(scale, time)) + 0.5;
        if (x < scale.left - 1 || x > scale.left + scale.width + 1) continue;
        context.beginPath();
        context.moveTo(x, above + 4);
        context.lineTo(x, y - 4);
        context.stroke();
      }
    }
  }

  /** Rows out of view whose lines cross the view. @param {number} row @returns {number[]} */
  parentsChildren(row) {
    const step = this.view.host.shown?.step;
    if (!step || step.parent[row] < 0) return [];
    const next = step.next[row];
    return next >= 0 ? [step.parent[row], next] : [step.parent[row]];
  }

  /**
   * The moment that is shown.
   * @param {Pen} pen @param {number} top @param {number} bottom @param {boolean} handle
   */
  drawMoment({ context, p, scale }, top, bottom, handle) {
    const { at } = this.view.host.replay;
    if (at === null) return;
    const x = xOf(scale, at);
    if (x < scale.left || x > scale.left + scale.width) return;
    context.strokeStyle = p.text;
    context.lineWidth = 1.8;
    context.beginPath();
    context.moveTo(x, top);
    context.lineTo(x, bottom);
    context.stroke();
    if (!handle) return;
    context.fillStyle = p.text;
    context.beginPath();
    context.roundRect(x - 4, top, 8, 9, 2.5);
    context.fill();
  }
}

// Draws the bands of the icicle, the lens from one to the next, and the ring round the choice.

import { fitText } from "../shared/canvas.js";
import { many } from "../shared/format.js";
import { shorten, taskName } from "../shared/text.js";
import { mix, rgb, valueColour } from "../shared/theme.js";
import { treeName } from "../step/forks.js";
import { valueText } from "../step/shown.js";
import { endOf, lensOf, rootsOf } from "./bands.js";

/** @typedef {import("./bands.js").Band} Band */
/** @typedef {import("./cells.js").Cell} Cell */

/**
 * @typedef {object} Picture
 * @property {CanvasRenderingContext2D} context
 * @property {import("../shared/theme.js").Palette} p
 * @property {import("../step/shown.js").Shown} shown
 * @property {number} tree
 * @property {number[]} chosen rows, side by side: a node, or the nodes of a pile
 * @property {(row: number, limit: number) => string} goal
 */

/** @param {Picture} picture @param {Band[]} bands */
export function paintBands(picture, bands) {
  const { context, p, shown, tree } = picture;
  bands.forEach((band, index) => {
    const next = bands[index + 1];
    const lens = next ? lensOf(shown.step, band, tree) : null;
    const bottom = band.top + band.line * band.found.depths;
    if (lens) drawLens(picture, lens, bottom, band, next);
    depthFigures(picture, band);
    for (const cell of band.found.cells) drawCell(picture, band, cell);
    names(picture, band);
    if (lens) {
      const [from, to] = lens;
      context.strokeStyle = p.text;
      context.lineWidth = 1.8;
      context.beginPath();
      const box = [band.left + from * band.width - 1, band.top - 18, (to - from) * band.width + 2];
      context.roundRect(box[0], box[1], box[2], bottom - band.top + 20, 3);
      context.stroke();
    }
    if (band.name === "tree") ring(picture, band);
  });
  if (bands.some((band) => band.found.cells.length)) return;
  context.font = `${Math.round(12 * p.unit)}px ${p.family}`;
  context.fillStyle = p.label;
  context.fillText("Nothing to draw by this width yet.", 16, 40);
}

/** @param {import("../shared/theme.js").Palette} p */
function smallFont(p) {
  return `${Math.round(10 * p.unit)}px ${p.family}`;
}

/** @param {Picture} picture @param {Band} band */
function depthFigures({ context, p }, { found, line, left, top }) {
  context.font = smallFont(p);
  context.textBaseline = "middle";
  context.fillStyle = p.label;
  context.textAlign = "right";
  for (let depth = 0; depth < found.depths; depth += 1) {
    if (depth && line < 13 && depth !== found.depths - 1) continue;
    context.fillText(depth ? String(depth) : "depth 0", left - 8, top + line * (depth + 0.5));
  }
  context.textAlign = "left";
}

/** @param {Picture} picture @param {number} value */
function colourOf({ p, shown }, value) {
  return Number.isNaN(value) ? p.rule : valueColour(p, value, shown.most);
}

/** @param {Picture} picture @param {Band} band @param {Cell} cell */
function drawCell(picture, band, cell) {
  const { context, p, shown } = picture;
  const x = band.left + cell.x;
  const top = band.top + cell.depth * band.line;
  const gap = cell.width > 3 ? 1 : 0;
  const colour = colourOf(picture, cell.value);
  context.fillStyle = colour;
  context.fillRect(x, top, Math.max(cell.width - gap, 0.8), band.line - (band.line > 4 ? 1 : 0));
  if (cell.row < 0 || band.name !== "tree" || cell.width <= 46 || band.line <= 15) return;
  context.fillStyle = inkOn(colour);
  context.font = `${Math.round(11 * p.unit)}px ${p.family}`;
  const value = Number.isNaN(cell.value) ? "" : `  ${valueText(shown, cell.value)}`;
  const words = fitText(context, picture.goal(cell.row, 60) + value, cell.width - 10);
  context.fillText(words, x + 5, top + band.line / 2);
}

/** Round what is chosen. @param {Picture} picture @param {Band} band */
function ring({ context, p, shown, chosen }, { span, width, left, top, line }) {
  if (!chosen.length) return;
  const [first] = chosen;
  const from = span.start[first] * width;
  const wide = endOf(span, chosen[chosen.length - 1]) * width - from;
  if (!(wide > 0)) return;
  const high = top + shown.step.depth[first] * line;
  for (const [pen, colour] of /** @type {[number, string][]} */ ([
    [3.4, p.page],
    [1.8, p.text],
  ])) {
    context.lineWidth = pen;
    context.strokeStyle = colour;
    context.strokeRect(left + from, high, Math.max(3, wide - 1), line - 1);
  }
}

/**
 * @param {Picture} picture @param {[number, number]} lens @param {number} bottom @param {Band} band
 * @param {Band} next
 */
function drawLens({ context, p }, lens, bottom, band, next) {
  const left = band.left + lens[0] * band.width;
  const right = band.left + lens[1] * band.width;
  const end = next.left + band.width; // what stands beside the next band is under the lens, too
  const middle = (bottom + next.top - 20) / 2;
  context.fillStyle = mix(p.page, p.text, 0.06);
  context.beginPath();
  context.moveTo(left, bottom + 2);
  context.bezierCurveTo(left, middle, next.left, middle, next.left, next.top - 20);
  context.lineTo(end, next.top - 20);
  context.bezierCurveTo(end, middle, right, middle, right, bottom + 2);
  context.fill();
}

/** Names over the tasks or trees of a band. @param {Picture} picture @param {Band} band */
function names({ context, p, shown, tree }, { name, span, width, left, top }) {
  const { step } = shown;
  const own = step.trees[tree];
  context.textAlign = "center";
  /** @param {string} words @param {number} from @param {number} to @param {boolean} here */
  const put = (words, from, to, here) => {
    context.font = here ? `600 ${smallFont(p)}` : smallFont(p);
    if (context.measureText(words).width + 4 > (to - from) * width && !here) return;
    context.fillStyle = here ? p.text : p.label;
    context.fillText(words, left + ((from + to) / 2) * width, top - 9);
  };
  if (name === "step") {
    step.groups.forEach((group, index) => {
      const roots = rootsOf(step, index);
      if (!roots.length) return;
      const number = /(\d+)\s*$/.exec(group.task)?.[1] ?? shorten(taskName(group), 10);
      put(number, span.start[roots[0]], endOf(span, roots[roots.length - 1]), index === own.group);
    });
  } else if (name === "task") {
    for (const root of rootsOf(step, own.group)) {
      const other = step.tree[root];
      const words = treeName(step, other);
      put(words, span.start[root], endOf(span, root), other === tree);
    }
  } else {
    const size = many(step.sizeOf[tree], "node");
    put(`${taskName(step.groups[own.group])}, ${treeName(step, tree)}: ${size}`, 0, 1, true);
  }
  context.textAlign = "left";
}

/** Black or white, whichever reads better on a colour. @param {string} colour */
function inkOn(colour) {
  const [r, g, b] = (rgb(colour) ?? [255, 255, 255]).map((value) => {
    const v = value / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.19 ? "#14171a" : "#ffffff";
}

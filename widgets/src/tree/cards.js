// One node as a card, a small card or a disc.

import { count, short, signClass } from "../shared/format.js";
import { drawMark } from "../shared/shapes.js";
import { oneLine } from "../shared/text.js";
import { markColour, mix, sequentialColour } from "../shared/theme.js";
import { ends, valueText } from "../step/shown.js";
import { isLive, noValueWords, shapeOf } from "../step/status.js";
import { box, cardScale, CHIP, discRadius, isSlim, NEAR, rounded, tint, trackColour } from "./brush.js";
import { drawBadges, drawHit } from "./cardbadges.js";

/** @typedef {import("./brush.js").Scene} Scene */
/** @typedef {import("../step/store.js").Step} Step */

/** px of a root's disc. */
const ROOT = 6;

/**
 * @param {Scene} scene @param {number} row @param {number} x left @param {number} y middle
 * @param {number} hidden folded nodes below @param {boolean} root
 */
export function drawNode(scene, row, x, y, hidden, root) {
  if (scene.kind === "far") disc(scene, row, x, y, hidden, root);
  else if (isSlim(scene.card)) slim(scene, row, x, y, hidden);
  else if (scene.kind === "middle") small(scene, row, x, y, hidden);
  else near(scene, row, x, y, hidden);
  if (scene.marks.found.has(row)) drawHit(scene, x, y, root ? ROOT : discRadius(scene.pitch));
}

/** Of a node that was not launched yet. @param {Scene} scene @param {number} x @param {number} y */
export function drawPlace({ context, p, kind, size }, x, y) {
  context.strokeStyle = p.rule;
  context.lineWidth = 1;
  context.beginPath();
  const [wide, high] = [size.width - 1, size.height - 1];
  context.roundRect(x + 0.5, y - size.height / 2 + 0.5, wide, high, kind === "far" ? wide / 2 : 6);
  context.stroke();
}

/** @param {Scene} scene @param {number} row */
function look({ shown }, row) {
  const { step } = shown;
  const shape = shapeOf(step.status[row], step.s[row]);
  const value = shown.values[row];
  return { shape, value, known: !Number.isNaN(value), live: isLive(step.status[row]) };
}

/** @param {Scene} scene @param {ReturnType<typeof look>} seen @param {number} share */
function ground(scene, { live, value }, share) {
  const { p } = scene;
  return live ? mix(p.page, p.live, 0.1) : tint(scene, value, share);
}

/** The colour of a value in figures. @param {Scene} scene @param {number} value */
function ink({ p, shown }, value) {
  if (shown.byReturn) return p.text;
  return p[signClass(value) || "second"];
}

/** @param {Scene} scene @param {number} row @param {number} x @param {number} y @param {number} hidden */
function near(scene, row, x, y, hidden) {
  const { context, p, card } = scene;
  const { width } = card;
  const seen = look(scene, row);
  const below = begin(scene, seen, x, y, hidden);
  drawMark(context, seen.shape, 7, 9, 13, p, below);
  context.fillStyle = p.text;
  context.textBaseline = "alphabetic";
  const goal = scene.goal(row, 60);
  const room = width - 28 - (hidden ? CHIP : 0) - drawBadges(scene, row, hidden > 0);
  context.font = `600 12px ${p.family}`;
  if (context.measureText(goal).width > room) context.font = `600 11px ${p.family}`;
  context.fillText(scene.fit(goal, room), 23, 19.5);
  if (hidden) chip(scene, hidden, width - CHIP - 3, 7);
  valueLine(scene, row, seen);
  gauge(scene, row);
  context.restore();
}

/**
 * The ground of a card, from its upper left corner at its own size; `context.restore()` ends it.
 * @param {Scene} scene @param {ReturnType<typeof look>} seen @param {number} x @param {number} y
 * @param {number} hidden @returns {string} its colour
 */
function begin(scene, seen, x, y, hidden) {
  const { context, p, card, kind } = scene;
  const k = cardScale(scene.pitch, p.unit);
  context.save();
  context.translate(x, y - (card.height / 2) * k);
  context.scale(k, k);
  const below = ground(scene, seen, kind === "near" ? 0.17 : 0.18);
  if (hidden) behind(scene, card);
  box(scene, 0, 0, card, kind === "near" ? 6 : 5, below);
  return below;
}

/**
 * A narrow card: the goal in the first line, then status and value.
 * @param {Scene} scene @param {number} row @param {number} x @param {number} y @param {number} hidden
 */
function slim(scene, row, x, y, hidden) {
  const { context, p, card } = scene;
  const { width } = card;
  const seen = look(scene, row);
  const below = begin(scene, seen, x, y, hidden);
  const near = scene.kind === "near";
  const [first, second] = near ? [17.5, 34] : [13.5, 28];
  drawMark(context, seen.shape, 6, second - 9.5, 11, p, below);
  context.textBaseline = "alphabetic";
  shortValue(scene, row, seen, width - 6, second);
  let room = width - 11;
  if (hidden) {
    chip(scene, hidden, width - CHIP - 5, first - 11);
    room -= context.measureText(`+${short(hidden)}`).width + 3;
  }
  context.fillStyle = p.text;
  context.font = `${near ? 600 : 400} 11px ${p.family}`;
  context.fillText(scene.fit(scene.goal(row, 40), room), 6, first);
  if (near) gauge(scene, row);
  context.restore();
}

/** @param {Scene} scene @param {number} row @param {ReturnType<typeof look>} seen */
function valueLine(scene, row, seen) {
  const { context, p, shown, card } = scene;
  const right = card.width - 8;
  const { step } = shown;
  context.font = `400 11px ${p.family}`;
  const reason = seen.shape === "error" ? step.reasonText(row) : "";
  if (seen.live || reason) {
    const words = seen.live ? liveWords(step, row) : `${oneLine(reason, 60)}, turn ${step.turns[row]}`;
    context.fillStyle = seen.live ? p.live : p.bad;
    context.fillText(scene.fit(words, card.width - 14), 9, 36);
    return;
  }
  if (!seen.known) {
    unscored(scene, row);
    return;
  }
  if (shown.byReturn) returnBar(scene, seen.value);
  else bar(scene, 9, 30, barWidth(card), 6, row);
  const words = `${shown.byReturn ? "R " : ""}${valueText(shown, seen.value)}`;
  context.font = `600 12px ${p.family}`;
  context.fillStyle = ink(scene, seen.value);
  context.textAlign = "right";
  context.fillText(words, right, 37.5);
  if (shown.isFlipped(row)) spot(scene, right - context.measureText(words).width - 5, 33.5, 1.8);
  context.textAlign = "left";
}

/** What the value leaves. @param {import("./brush.js").Size} card */
function barWidth({ width }) {
  return 72 - (NEAR.width - width);
}

/** @param {Scene} scene @param {number} value */
function returnBar({ context, p, shown, card }, value) {
  const width = barWidth(card);
  context.fillStyle = p.track;
  rounded(context, 9, 30, width, 6, 2);
  context.fillStyle = p.sequential[2];
  rounded(context, 9, 30, Math.max(1, Math.min(1, value / shown.most) * width), 6, 2);
}

/** Words in place of a value, after a dotted line. @param {Scene} scene @param {number} row */
function unscored({ context, p, shown, card }, row) {
  const right = card.width - 8;
  const words = noValueWords(shown.step, row);
  context.textAlign = "right";
  context.fillStyle = p.label;
  context.fillText(words, right, 36.5);
  const width = context.measureText(words).width;
  context.textAlign = "left";
  context.strokeStyle = p.faint;
  context.lineWidth = 1.2;
  context.setLineDash([1.5, 2.5]);
  context.beginPath();
  context.moveTo(9, 33);
  context.lineTo(Math.max(9, right - 8 - width), 33);
  context.stroke();
  context.setLineDash([]);
}

/**
 * An advantage as a bar about a zero mark; in a what-if, the recorded one as a dashed outline.
 * @param {Scene} scene @param {number} x @param {number} y @param {number} width @param {number} height
 * @param {number} row
 */
function bar({ context, p, shown }, x, y, width, height, row) {
  const A = shown.credit.A[row];
  const half = width / 2;
  const [, most] = ends(shown);
  const length = (/** @type {number} */ value) => Math.min(1, Math.abs(value) / most) * half;
  context.fillStyle = trackColour(p);
  rounded(context, x, y, width, height, 2);
  context.fillStyle = A < 0 ? p.barMinus : p.barPlus;
  const size = length(A);
  rounded(context, A < 0 ? x + half - size : x + half, y, size, height, Math.min(2, size / 2));
  context.strokeStyle = p.second;
  context.lineWidth = 1;
  const was = shown.recorded.A[row];
  if (shown.other && !Number.isNaN(was)) {
    const old = length(was);
    context.setLineDash([2.2, 1.8]);
    const left = was < 0 ? x + half - old : x + half;
    context.strokeRect(left + 0.5, y - 1, Math.max(1, old - 1), height + 2);
    context.setLineDash([]);
  }
  context.beginPath();
  context.moveTo(x + half, y - 2);
  context.lineTo(x + half, y + height + 2);
  context.stroke();
}

/** How full the context window got. @param {Scene} scene @param {number} row */
function gauge({ context, p, shown, card }, row) {
  const { step } = shown;
  if (!(step.window[row] > 0)) return;
  const used = Math.min(1, step.peak[row] / step.window[row]);
  context.fillStyle = p.dark ? mix(p.page, "#ffffff", 0.1) : p.rule;
  const width = card.width - 12;
  rounded(context, 6, 42, width, 2, 1);
  context.fillStyle = used > 0.85 ? p.limit : p.gauge;
  rounded(context, 6, 42, Math.max(1, width * used), 2, 1);
}

/** @param {Scene} scene @param {number} row @param {number} x @param {number} y @param {number} hidden */
function small(scene, row, x, y, hidden) {
  const { context, p, card } = scene;
  const seen = look(scene, row);
  const middle = card.height / 2;
  const below = begin(scene, seen, x, y, hidden);
  drawMark(context, seen.shape, 7, middle - 5, 10, p, below);
  context.textBaseline = "alphabetic";
  let right = shortValue(scene, row, seen, card.width - 6, middle + 4);
  if (hidden) {
    chip(scene, hidden, right - CHIP - 1, middle - 7);
    right -= CHIP;
  }
  context.fillStyle = p.text;
  context.font = `400 11px ${p.family}`;
  context.fillText(scene.fit(scene.goal(row, 40), right - 27), 22, middle + 4);
  context.restore();
}

/**
 * The value alone, or the turn of a node at work.
 * @param {Scene} scene @param {number} row @param {ReturnType<typeof look>} seen @param {number} right
 * @param {number} base @returns {number} its left end
 */
function shortValue(scene, row, seen, right, base) {
  const { context, p, shown } = scene;
  context.font = `600 11px ${p.family}`;
  const turn = seen.live ? `turn ${Math.max(1, shown.step.turns[row])}` : "\u2013";
  const value = seen.known ? `${shown.byReturn ? "R " : ""}${valueText(shown, seen.value)}` : turn;
  const byValue = seen.known && !shown.byReturn;
  context.fillStyle = byValue ? ink(scene, seen.value) : seen.live ? p.live : p.label;
  context.textAlign = "right";
  context.fillText(value, right, base);
  context.textAlign = "left";
  const left = right - context.measureText(value).width;
  if (!shown.isFlipped(row)) return left;
  spot(scene, left - 4, base - 4, 1.6);
  return left - 7;
}

/**
 * A dot: the what-if changes the sign.
 * @param {Scene} scene @param {number} x @param {number} y @param {number} radius
 */
function spot({ context, p }, x, y, radius) {
  context.fillStyle = p.text;
  context.beginPath();
  context.arc(x, y, radius, 0, 7);
  context.fill();
}

/**
 * A second card behind: nodes are folded below.
 * @param {Scene} scene @param {import("./brush.js").Size} size
 */
function behind(scene, { width, height }) {
  box(scene, 4, -4, { width: width - 8, height }, 6, scene.p.page);
}

/** @param {Scene} scene @param {number} hidden @param {number} x @param {number} y */
function chip({ context, p }, hidden, x, y) {
  context.font = `400 10px ${p.family}`;
  context.fillStyle = p.label;
  context.textAlign = "right";
  context.fillText(`+${short(hidden)}`, x + CHIP, y + 11);
  context.textAlign = "left";
}

/**
 * @param {Scene} scene @param {number} row @param {number} x @param {number} y @param {number} hidden
 * @param {boolean} root
 */
function disc(scene, row, x, y, hidden, root) {
  const { context, p, shown, pitch } = scene;
  const { step } = shown;
  const usual = discRadius(pitch);
  const radius = root ? ROOT : usual;
  const colour = discColour(scene, row);
  context.beginPath();
  context.arc(x + usual, y, radius, 0, Math.PI * 2);
  if (step.s[row] >= 0.5) {
    context.fillStyle = colour;
    context.fill();
  } else {
    context.fillStyle = p.page;
    context.fill();
    context.strokeStyle = colour;
    context.lineWidth = Math.max(1.2, Math.min(1.8, radius * 0.5));
    if (Number.isNaN(step.s[row])) context.setLineDash([1.5, 1.5]);
    context.stroke();
    context.setLineDash([]);
  }
  if (!hidden || pitch <= 7) return;
  context.font = `400 ${Math.round(9 * p.unit)}px ${p.family}`;
  context.fillStyle = p.label;
  context.textBaseline = "middle";
  context.fillText(`+${hidden}`, x + usual * 2 + 3, y);
}

/** @param {Scene} scene @param {number} row */
function discColour(scene, row) {
  const { p, shown } = scene;
  const { value, known, live } = look(scene, row);
  if (known && !shown.byReturn) return markColour(p, value);
  if (live) return p.live;
  return known ? sequentialColour(p, 0.35 + (0.5 * value) / shown.most) : p.gauge;
}

/**
 * The chosen card's ring, and the keyboard's around it.
 * @param {Scene} scene @param {number} x @param {number} y @param {boolean} focus @param {boolean} root
 */
export function drawRing({ context, p, kind, pitch, size }, x, y, focus, root) {
  const { width, height } = size;
  if (kind === "far") {
    const radius = (root ? ROOT : discRadius(pitch)) + 3.5;
    context.strokeStyle = focus ? p.focus : p.text;
    context.lineWidth = 1.8;
    context.beginPath();
    context.arc(x + discRadius(pitch), y, radius, 0, Math.PI * 2);
    context.stroke();
    return;
  }
  const outline = (/** @type {number} */ gap, /** @type {number} */ line, /** @type {string} */ colour) => {
    context.strokeStyle = colour;
    context.lineWidth = line;
    context.beginPath();
    context.roundRect(x - gap, y - height / 2 - gap, width + 2 * gap, height + 2 * gap, 6 + gap);
    context.stroke();
  };
  outline(1.2, 2, p.page);
  outline(2.9, 1.8, p.text);
  if (focus) outline(5.2, 2, p.focus);
}

/** @param {Step} step @param {number} row */
function liveWords(step, row) {
  const children = step.children(row);
  if (step.status[row] === 1 && children.length) {
    const back = children.filter((child) => !isLive(step.status[child])).length;
    return `${back} of ${children.length} back`;
  }
  const turn = `turn ${Math.max(1, step.turns[row])}`;
  return step.wrote[row] ? `${turn}, wrote ${count(step.wrote[row])}` : turn;
}

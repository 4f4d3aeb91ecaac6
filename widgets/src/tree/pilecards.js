// Alike siblings as one card, small card or disc: how many, what they were asked, every advantage as a tick,
// and how many succeeded.

import { short, signClass } from "../shared/format.js";
import { markColour, sequentialColour } from "../shared/theme.js";
import { ends, valueText } from "../step/shown.js";
import { LIVE, noMeanWords, outcomeParts, tickPlaces } from "../step/summary.js";
import { box, cardScale, discRadius, isSlim, tint, trackColour } from "./brush.js";

/** @typedef {import("./brush.js").Scene} Scene */
/** @typedef {import("./brush.js").Size} Size */
/** @typedef {import("../step/piles.js").Pile} Pile */
/** @typedef {import("../step/summary.js").Summary} Summary */

/** @param {Scene} scene @param {Pile} pile @param {number} x left @param {number} y middle */
export function drawPile(scene, pile, x, y) {
  const { context, kind, pitch, p, size } = scene;
  context.save();
  context.textAlign = "left";
  if (kind === "far") {
    disc(scene, pile, x, y);
  } else {
    const k = cardScale(pitch, p.unit);
    context.translate(x, y - size.height / 2);
    context.scale(k, k);
    if (isSlim(scene.card)) slim(scene, pile);
    else if (kind === "near") near(scene, pile);
    else small(scene, pile);
  }
  context.restore();
}

/** @param {Scene} scene @param {Pile} pile */
function near(scene, pile) {
  const { context, p, card } = scene;
  const { summary, goal } = scene.summary(pile);
  const right = card.width - 8;
  stack(scene, card, tint(scene, summary.mean, 0.17));
  const left = badge(scene, pile, 7, 8, 15) + 6;
  context.textBaseline = "alphabetic";
  context.fillStyle = p.text;
  context.font = `600 12px ${p.family}`;
  context.fillText(scene.fit(goal, right - left), left, 19.5);
  const words = meanWords(scene, summary);
  context.font = `600 12px ${p.family}`;
  context.textAlign = "right";
  context.fillStyle = ink(scene, summary);
  context.fillText(words, right, 37.5);
  const number = context.measureText(words).width;
  if (summary.known) {
    context.font = `400 10px ${p.family}`;
    context.fillStyle = p.label;
    context.fillText("mean", right - 4 - number, 37.5);
    ticks(scene, pile.rows, 9, 29, { width: right - 44 - number, height: 9 });
  }
  outcomes(scene, summary, 7, 41, { width: card.width - 14, height: 3 });
}

/** A narrow one: what they were asked, then how many and the mean. @param {Scene} scene @param {Pile} pile */
function slim(scene, pile) {
  const { context, p, card } = scene;
  const { width } = card;
  const { summary, goal } = scene.summary(pile);
  const near = scene.kind === "near";
  const [first, second] = near ? [17.5, 34] : [13.5, 28];
  stack(scene, card, tint(scene, summary.mean, near ? 0.17 : 0.18));
  badge(scene, pile, 4, second - 11, 14);
  context.textBaseline = "alphabetic";
  context.font = `600 11px ${p.family}`;
  context.textAlign = "right";
  context.fillStyle = ink(scene, summary);
  context.fillText(scene.fit(meanWords(scene, summary, true), width - 32), width - 6, second);
  context.textAlign = "left";
  context.fillStyle = p.text;
  context.font = `${near ? 600 : 400} 11px ${p.family}`;
  context.fillText(scene.fit(goal, width - 11), 6, first);
  if (near) outcomes(scene, summary, 6, 41, { width: width - 12, height: 3 });
}

/** @param {Scene} scene @param {Pile} pile */
function small(scene, pile) {
  const { context, p } = scene;
  const { summary, goal } = scene.summary(pile);
  const { card } = scene;
  stack(scene, card, tint(scene, summary.mean, 0.18));
  const middle = card.height / 2;
  const left = badge(scene, pile, 5, middle - 7, 14) + 5;
  const words = meanWords(scene, summary, true);
  context.textBaseline = "alphabetic";
  context.font = `600 11px ${p.family}`;
  context.textAlign = "right";
  context.fillStyle = ink(scene, summary);
  context.fillText(words, card.width - 6, middle + 4);
  const width = context.measureText(words).width;
  context.textAlign = "left";
  context.fillStyle = p.text;
  context.font = `400 11px ${p.family}`;
  context.fillText(scene.fit(goal, card.width - 11 - width - left), left, middle + 4);
}

/** @param {Scene} scene @param {Pile} pile @param {number} x @param {number} y */
function disc(scene, pile, x, y) {
  const { context, p, shown, pitch } = scene;
  const { summary } = scene.summary(pile);
  const radius = discRadius(pitch);
  const { known, mean } = summary;
  const tone = () => (shown.byReturn ? sequentialColour(p, mean / shown.most) : markColour(p, mean, 0));
  const colour = known ? tone() : p.gauge;
  for (const shift of [3, 0]) {
    context.beginPath();
    context.arc(x + radius + shift, y, radius, 0, Math.PI * 2);
    context.fillStyle = !shift && summary.won * 2 >= pile.rows.length ? colour : p.page;
    context.fill();
    context.strokeStyle = colour;
    context.lineWidth = 1.2;
    context.stroke();
  }
  if (pitch <= 7) return;
  context.font = `400 ${Math.round(9 * p.unit)}px ${p.family}`;
  context.fillStyle = p.label;
  context.textBaseline = "middle";
  context.fillText(`${short(pile.rows.length)}\u00d7`, x + radius * 2 + 6, y);
}

/** A card with two more behind it. @param {Scene} scene @param {Size} size @param {string} ground */
function stack(scene, { width, height }, ground) {
  for (const inset of [6, 3, 0]) {
    const lift = (-inset * 2) / 3;
    box(scene, inset, lift, { width: width - 2 * inset, height }, 6, inset ? scene.p.page : ground);
  }
}

/**
 * How many, in a box.
 * @param {Scene} scene @param {Pile} pile @param {number} x @param {number} y @param {number} height
 * @returns {number} its right end
 */
function badge(scene, pile, x, y, height) {
  const { context, p } = scene;
  const words = short(pile.rows.length);
  context.font = `600 11px ${p.family}`;
  const width = Math.max(18, context.measureText(words).width + 9);
  box(scene, x, y, { width, height }, 3.5, p.page);
  context.fillStyle = p.text;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(words, x + width / 2, y + height / 2 + 0.5);
  context.textAlign = "left";
  return x + width;
}

/**
 * One tick for each value, about a zero mark.
 * @param {Scene} scene @param {number[]} rows @param {number} x @param {number} y @param {Size} size
 */
function ticks({ context, p, shown }, rows, x, y, { width, height }) {
  context.fillStyle = trackColour(p);
  context.fillRect(x, y + height / 2 - 1, width, 2);
  for (const { at, value } of tickPlaces(rows, shown.values, width, ends(shown))) {
    context.fillStyle = shown.byReturn ? p.sequential[3] : value < 0 ? p.barMinus : p.barPlus;
    context.fillRect(x + at - 0.75, y, 1.5, height);
  }
  if (shown.byReturn) return;
  context.fillStyle = p.second;
  context.fillRect(x + width / 2 - 0.5, y - 1, 1, height + 2);
}

/**
 * The share that succeeded, filled; what fell short, hollow.
 * @param {Scene} scene @param {Summary} summary @param {number} x @param {number} y @param {Size} size
 */
function outcomes({ context, p }, summary, x, y, { width, height }) {
  const all = summary.outcomes.reduce((sum, [, number]) => sum + number, 0);
  let left = x;
  for (const { colour, share, hollow } of outcomeParts(summary, all)) {
    const wide = share * width;
    context.fillStyle = p[colour];
    context.fillRect(left, y, Math.max(0.5, wide - 1), height);
    if (hollow && wide > 4) {
      context.fillStyle = p.page;
      context.fillRect(left + 1, y + 1, wide - 3, height - 2);
    }
    left += wide;
  }
}

/**
 * An open pile: a ring if it is chosen as a whole, and over its first card the word that folds it.
 * @param {Scene} scene @param {Pile} pile
 * @param {[number, number]} top of its first card: left end and middle, px @param {[number, number]} bottom
 * @param {boolean} begins its first card is among those in view @param {string | null} ring its colour
 * @returns {{first: number, x: number, y: number, width: number}[]} where the word stands, if it does
 */
export function drawOpenPile(scene, pile, top, bottom, begins, ring) {
  const { context, p, kind, pitch, size } = scene;
  const high = top[1] - size.height / 2;
  if (ring) {
    const gap = kind === "far" ? 4 : 3;
    context.beginPath();
    const tall = bottom[1] - top[1] + size.height + 2 * gap;
    context.roundRect(top[0] - gap, high - gap, size.width + 2 * gap, tall, 8);
    context.lineWidth = 1.8;
    context.strokeStyle = ring;
    context.stroke();
  }
  if (!begins || kind !== "near" || (pitch - scene.card.height) * p.unit < 11 || high < 8) return [];
  const words = `fold ${short(pile.rows.length)}`;
  context.font = `${Math.round(10 * p.unit)}px ${p.family}`;
  context.textBaseline = "alphabetic";
  context.textAlign = "right";
  context.fillStyle = p.second;
  const right = top[0] + size.width;
  context.fillText(words, right, high - 5);
  const width = context.measureText(words).width;
  context.fillRect(right - width, high - 3.5, width, 0.8);
  context.textAlign = "left";
  return [{ first: pile.first, x: right - width - 3, y: high - 8, width: width + 6 }];
}

/** @param {Scene} scene @param {Summary} summary @param {boolean} [narrow] */
function meanWords({ shown }, summary, narrow) {
  return summary.known ? valueText(shown, summary.mean) : noMeanWords(summary, narrow);
}

/** @param {Scene} scene @param {Summary} summary */
function ink({ p, shown }, summary) {
  if (!summary.known) return summary.outcomes.some(([shape]) => LIVE.includes(shape)) ? p.live : p.label;
  if (shown.byReturn) return p.text;
  return p[signClass(summary.mean) || "second"];
}

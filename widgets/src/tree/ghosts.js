// Ghost branches: what a node came to when it was run again with one thing changed, drawn dashed beside it.

import { plain, signClass, signed } from "../shared/format.js";
import { countWords, ownChange } from "../step/forks.js";
import { cardScale, discRadius, isSlim, rounded, trackColour } from "./brush.js";

/** @typedef {import("./brush.js").Scene} Scene */
/** @typedef {import("./layout.js").Ghost} Ghost */
/** @typedef {[number, number]} Place left end and middle, px */

const DASH = [4, 3];
/** The bar of the share of successes, px at the base type size; the rest of the width is its figure's. */
const BAR = { x: 9, y: 30, rest: 70, height: 6 };

/**
 * @param {Scene} scene @param {import("./layout.js").Layout} layout
 * @param {(row: number) => Place} where @param {(ghost: Ghost) => Place} placeOf
 * @param {number} chosen the row whose forks are told of, or -1
 */
export function drawGhosts(scene, layout, where, placeOf, chosen) {
  for (const ghost of layout.ghosts) {
    const above = ghost.row === layout.root ? -1 : scene.shown.step.parent[ghost.row];
    edge(scene, placeOf(ghost), above < 0 ? null : where(above), where(ghost.row));
  }
  const draw = isSlim(scene.card) ? slim : { near, middle: small, far: disc }[scene.kind];
  for (const ghost of layout.ghosts) draw(scene, ghost, placeOf(ghost), ghost.row === chosen);
}

/**
 * From its parent; from the original, if that is the root.
 * @param {Scene} scene @param {Place} at @param {Place | null} from @param {Place} original
 */
function edge({ context, p, size }, [x, y], from, original) {
  context.strokeStyle = p.second;
  context.lineWidth = 1.2;
  context.setLineDash(DASH);
  context.beginPath();
  if (from) {
    const left = from[0] + size.width;
    const middle = (left + x) / 2;
    context.moveTo(left, from[1]);
    context.bezierCurveTo(middle, from[1], middle, y, x, y);
  } else {
    const down = Math.min(14, size.width / 2);
    context.moveTo(original[0] + down, original[1] + size.height / 2);
    context.lineTo(x + down, y - size.height / 2);
  }
  context.stroke();
  context.setLineDash([]);
}

/**
 * From its upper left corner, at its own size.
 * @param {Scene} scene @param {Place} at @param {boolean} chosen
 */
function frame({ context, p, card, pitch }, [x, y], chosen) {
  const { width, height } = card;
  const k = cardScale(pitch, p.unit);
  context.translate(x, y - (height / 2) * k);
  context.scale(k, k);
  context.fillStyle = p.page;
  context.strokeStyle = chosen ? p.text : p.second;
  context.lineWidth = chosen ? 1.6 : 1.1;
  context.setLineDash(DASH);
  context.beginPath();
  context.roundRect(0.5, 0.5, width - 1, height - 1, 6);
  context.fill();
  context.stroke();
  context.setLineDash([]);
  context.textBaseline = "alphabetic";
}

/** @param {Scene} scene @param {Ghost} ghost @param {Place} at @param {boolean} chosen */
function near(scene, { set }, at, chosen) {
  const { context, p, card } = scene;
  const right = card.width - 8;
  context.save();
  frame(scene, at, chosen);
  const won = countWords(set);
  context.font = `600 12px ${p.family}`;
  context.fillStyle = p.text;
  context.textAlign = "right";
  context.fillText(won, right, 19.5);
  const room = right - context.measureText(won).width - 15;
  context.textAlign = "left";
  context.font = `400 11px ${p.family}`;
  context.fillStyle = p.label;
  context.fillText(scene.fit(title(context, set.edit, room), room), 9, 19.5);
  interval(scene, set);
  const { words, colour } = figure(scene, set);
  context.font = `600 12px ${p.family}`;
  context.fillStyle = colour;
  context.textAlign = "right";
  context.fillText(words, right, 37.5);
  context.textAlign = "left";
  context.restore();
}

/**
 * What was changed; in short, if there is no room for it: the new words are what tells forks apart.
 * @param {Scene["context"]} context @param {string} edit @param {number} room
 */
function title(context, edit, room) {
  if (context.measureText(edit).width <= room) return edit;
  return edit === "sampled again" ? "again" : edit.replace(/^other (?:goal|action): /, "");
}

/** The share of successes with its interval; a tick says what the original was. @param {Scene} scene
 * @param {Ghost["set"]} set */
function interval({ context, p, card }, { succeeded, scored, low, high, was }) {
  const { x, y, height } = BAR;
  const width = card.width - BAR.rest;
  context.fillStyle = trackColour(p);
  rounded(context, x, y, width, height, 2);
  if (!scored) return;
  context.fillStyle = p.strong;
  rounded(context, x + low * width, y, Math.max(2, (high - low) * width), height, 2);
  context.fillStyle = p.good;
  context.beginPath();
  context.arc(x + (succeeded / scored) * width, y + height / 2, 3.2, 0, 7);
  context.fill();
  if (was === null) return;
  context.strokeStyle = p.text;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x + was * width, y - 2.5);
  context.lineTo(x + was * width, y + height + 2.5);
  context.stroke();
}

/** Its own advantage in the mean, otherwise its reward. @param {Scene} scene @param {Ghost["set"]} set */
function figure({ p }, set) {
  const { A, R } = ownChange(set);
  if (A.mean !== null) return { words: signed(A.mean), colour: p[signClass(A.mean) || "second"] };
  return { words: R.mean === null ? "" : `R ${plain(R.mean)}`, colour: p.text };
}

/** @param {Scene} scene @param {Ghost} ghost @param {Place} at @param {boolean} chosen */
function small(scene, { set }, at, chosen) {
  const { context, p } = scene;
  const { width, height } = scene.card;
  context.save();
  frame(scene, at, chosen);
  const won = countWords(set, "/");
  context.font = `600 11px ${p.family}`;
  context.fillStyle = p.text;
  context.textAlign = "right";
  context.fillText(won, width - 6, height / 2 + 4);
  const room = width - 6 - context.measureText(won).width - 13;
  context.textAlign = "left";
  context.font = `400 11px ${p.family}`;
  context.fillStyle = p.label;
  context.fillText(scene.fit(title(context, set.edit, room), room), 8, height / 2 + 4);
  context.restore();
}

/** How many succeeded under what was changed. @param {Scene} scene @param {Ghost} ghost @param {Place} at
 * @param {boolean} chosen */
function slim(scene, { set }, at, chosen) {
  const { context, p } = scene;
  const { width, height } = scene.card;
  context.save();
  frame(scene, at, chosen);
  context.font = `400 11px ${p.family}`;
  context.fillStyle = p.label;
  context.fillText(scene.fit(title(context, set.edit, width - 12), width - 12), 6, height / 2 - 4);
  context.font = `600 11px ${p.family}`;
  context.fillStyle = p.text;
  context.fillText(countWords(set, "/"), 6, height / 2 + 11);
  context.restore();
}

/** @param {Scene} scene @param {Ghost} _ @param {Place} at @param {boolean} chosen */
function disc({ context, p, pitch }, _, [x, y], chosen) {
  const radius = discRadius(pitch);
  context.strokeStyle = chosen ? p.text : p.second;
  context.lineWidth = 1.2;
  context.setLineDash([1.5, 1.5]);
  context.beginPath();
  context.arc(x + radius, y, radius, 0, Math.PI * 2);
  context.stroke();
  context.setLineDash([]);
}

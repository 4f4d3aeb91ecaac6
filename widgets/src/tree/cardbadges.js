// The badges of a card, at the right of its goal, and the edge of a card that a search found.

import { drawBadge } from "../shared/shapes.js";
import { CHIP } from "./brush.js";

/** @typedef {import("./brush.js").Scene} Scene */

const SIZE = 13;
const GAP = 3;
/** Drawn at most; then a number says how many more there are. */
const MOST = 2;

/**
 * @param {Scene} scene @param {number} row @param {boolean} chip a number of folded nodes stands at the right
 * @returns {number} px that they take of the goal's room
 */
export function drawBadges({ context, p, marks, card }, row, chip) {
  const given = marks.onCard(row);
  if (!given.length) return 0;
  const end = card.width - 7 - (chip ? CHIP : 0);
  const more = given.length - MOST;
  let right = end;
  if (more > 0) {
    context.font = `400 10px ${p.family}`;
    context.fillStyle = p.second;
    context.textAlign = "right";
    context.fillText(`+${more}`, right, 19);
    context.textAlign = "left";
    right -= context.measureText(`+${more}`).width + GAP;
  }
  for (const { badge } of given.slice(0, MOST).reverse()) {
    drawBadge(context, badge.mark, right - SIZE, 9, SIZE, p);
    right -= SIZE + GAP;
  }
  return end - right;
}

/**
 * @param {Scene} scene @param {number} x left @param {number} y middle @param {number} radius of a far disc
 */
export function drawHit({ context, p, kind, size }, x, y, radius) {
  context.strokeStyle = p.text;
  context.lineWidth = 1.2;
  context.setLineDash([3, 2]);
  context.beginPath();
  if (kind === "far") context.arc(x + size.width / 2, y, radius + 2.5, 0, Math.PI * 2);
  else context.roundRect(x - 2, y - size.height / 2 - 2, size.width + 4, size.height + 4, 8);
  context.stroke();
  context.setLineDash([]);
}

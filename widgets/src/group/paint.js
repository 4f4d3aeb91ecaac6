// The picture of a group: the axis of R, a small tree at each root, the tick that it is compared with, and
// the bar between them, which is its advantage.

import { fitText } from "../shared/canvas.js";
import { plain, signClass, signed } from "../shared/format.js";
import { drawMark } from "../shared/shapes.js";
import { markColour, rampColour } from "../shared/theme.js";
import { isLive, shapeOf } from "../step/status.js";
import { ground, paintAxis, paintNote, paintShared, type } from "./ground.js";

/** @typedef {import("./facts.js").TreeFact} TreeFact */
/** @typedef {import("./facts.js").Standing} Standing */
/** @typedef {import("./ground.js").Picture} Picture */

/** px: half a tick, a bar, and the discs of a root and of a node. */
const HALF_TICK = 9;
const BAR = 5;
const DISC = { root: 6, node: 3.7, bare: 3.6 };

/**
 * @param {Picture} picture @param {number} chosen column
 * @param {boolean} keys the trees have the keyboard
 */
export function paintGroup(picture, chosen, keys) {
  const { context, p, plan, trees } = picture;
  context.fillStyle = p.page;
  context.fillRect(0, 0, plan.width, plan.height);
  if (chosen >= 0) paintChosen(picture, chosen, keys);
  paintAxis(picture);
  trees.forEach((tree, column) => {
    paintHead(picture, tree, column, column === chosen);
    paintBar(picture, tree, column);
  });
  trees.forEach((tree, column) => {
    paintTree(picture, column);
    paintLabels(picture, tree, column);
    paintFoot(picture, tree, column, column === chosen);
  });
  paintShared(picture);
  paintNote(picture);
}

/** The band behind the chosen tree. @param {Picture} picture @param {number} column @param {boolean} keys */
function paintChosen({ context, p, plan, u }, column, keys) {
  const left = plan.left + column * plan.pitch;
  context.beginPath();
  context.roundRect(left + 1, 4 * u, plan.pitch - 2, plan.height - 8 * u, Math.min(8, plan.pitch / 3) * u);
  context.fillStyle = p.well;
  context.fill();
  if (!keys) return;
  context.strokeStyle = p.focus;
  context.lineWidth = 2;
  context.stroke();
}

/** @param {Picture} picture @param {TreeFact} tree @param {number} column @param {boolean} chosen */
function paintHead(picture, { tree, size, depth, live, root }, column, chosen) {
  const { context, p, plan, u, called } = picture;
  const left = plan.room === "bare" ? plan.x(column) : plan.x(column) - 6 * u;
  const room = plan.pitch - 10 * u;
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  context.fillStyle = p.text;
  const number = called(tree).replace(/\D+/g, "");
  if (plan.room === "bare") {
    const every = Math.ceil((22 * u) / plan.pitch);
    if (!chosen && column % every) return;
    type(picture, 10.5, chosen ? 600 : 400);
    context.textAlign = "center";
    context.fillStyle = chosen ? p.text : p.label;
    context.fillText(number, left, 15 * u);
    return;
  }
  const wide = plan.room === "wide";
  type(picture, 12, 600);
  context.fillText(wide ? called(tree) : number, left, 24 * u);
  type(picture, 10.5);
  context.fillStyle = live ? p.live : p.label;
  const nodes = `${size} ${size === 1 ? "node" : "nodes"}`;
  const long = live ? `${nodes} so far` : `${nodes}, depth ${depth}`;
  const all = root < 0 ? ["not begun"] : [long, nodes, `${size}`];
  const words = all.find((each) => context.measureText(each).width <= room) ?? "";
  context.fillText(words, left, 39 * u);
}

/** @param {Picture} picture @param {TreeFact} tree @param {number} column */
function paintBar(picture, tree, column) {
  const { context, p, plan, shown, u } = picture;
  const x = plan.x(column);
  if (shown.other && tree.was) paintGhost(picture, tree.was, tree.at, x);
  if (Number.isNaN(tree.at) || Number.isNaN(tree.b)) return;
  const [from, to] = [plan.y(tree.b), plan.y(tree.at)];
  context.fillStyle = tree.A < 0 ? p.barMinus : p.barPlus;
  context.globalAlpha = 0.86;
  context.fillRect(x - (BAR / 2) * u, Math.min(from, to), BAR * u, Math.abs(to - from));
  context.globalAlpha = 1;
  if (Number.isNaN(picture.shared)) paintTick(picture, x, from);
}

/** @param {Picture} picture @param {number} x @param {number} y */
function paintTick({ context, p, u, plan }, x, y) {
  const half = Math.min(HALF_TICK * u, plan.pitch / 2 - 1);
  context.strokeStyle = p.text;
  context.lineWidth = 2.2;
  context.beginPath();
  context.moveTo(x - half, y);
  context.lineTo(x + half, y);
  context.stroke();
}

/**
 * What was recorded, dashed.
 * @param {Picture} picture @param {Standing} was @param {number} now where the root stands now
 * @param {number} x px
 */
function paintGhost({ context, p, plan, u }, was, now, x) {
  if (Number.isNaN(was.at)) return;
  context.strokeStyle = p.second;
  context.lineWidth = 1;
  context.setLineDash([3, 2]);
  const to = plan.y(was.at);
  const shift = (BAR / 2 + 1.5) * u;
  if (!Number.isNaN(was.b)) {
    const from = plan.y(was.b);
    context.strokeRect(x - shift, Math.min(from, to), 2 * shift, Math.abs(to - from));
  }
  if (!(Math.abs(plan.y(now) - to) < 1)) {
    context.beginPath();
    context.arc(x, to, (DISC.root + 1.5) * u, 0, 7);
    context.stroke();
  }
  context.setLineDash([]);
}

/** @param {Picture} picture @param {number} column */
function paintTree(picture, column) {
  const { context, p, shown, plan, u, hung, trees } = picture;
  const { nodes } = hung[column];
  const of = new Map(nodes.map((node) => [node.row, node]));
  context.strokeStyle = p.faint;
  context.lineWidth = 1;
  context.beginPath();
  for (const node of nodes) {
    const above = of.get(node.above);
    if (!above) continue;
    const middle = (above.x + node.x) / 2;
    context.moveTo(above.x, above.y);
    context.bezierCurveTo(middle, above.y, middle, node.y, node.x, node.y);
  }
  context.stroke();
  const { step, credit } = shown;
  for (const { row, x, y, above } of nodes) {
    const root = above < 0;
    if (row < 0) {
      context.fillStyle = p.strong;
      context.fillRect(x - 2 * u, y - 2 * u, 4 * u, 4 * u); // it has not begun
      continue;
    }
    if (root && Number.isNaN(trees[column].at)) {
      drawMark(context, shapeOf(step.status[row], step.s[row]), x - 7 * u, y - 7 * u, 14 * u, p, p.page);
      continue;
    }
    const A = credit.A[row];
    const live = isLive(step.status[row]);
    const sign = Number.isNaN(A) || Math.abs(A) < 1e-9;
    const colour = live ? p.live : sign ? p.gauge : root ? rootColour(p, A) : markColour(p, A);
    const size = root ? (plan.room === "bare" ? DISC.bare : DISC.root) : DISC.node;
    disc(context, p, { x, y, r: size * u, full: !live && step.s[row] >= 0.5, colour });
  }
  const { left_out: left, bottom } = hung[column];
  if (left <= 0 || plan.room === "bare") return;
  type(picture, 10);
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillStyle = p.label;
  context.fillText(`+${left}`, nodes[0].x + 14 * u, Math.min(bottom + 10 * u, plan.bottom - 4 * u));
}

/** @param {import("../shared/theme.js").Palette} p @param {number} A */
function rootColour(p, A) {
  return rampColour(p, Math.sign(A) * Math.max(0.6, Math.abs(A)));
}

/**
 * @param {CanvasRenderingContext2D} context @param {import("../shared/theme.js").Palette} p
 * @param {{x: number, y: number, r: number, full: boolean, colour: string}} mark
 */
function disc(context, p, { x, y, r, full, colour }) {
  context.beginPath();
  context.arc(x, y, full ? r + 1 : r, 0, 7);
  context.fillStyle = p.page; // an edge between discs that meet
  context.fill();
  context.beginPath();
  context.arc(x, y, full ? r : r - 0.6, 0, 7);
  if (full) {
    context.fillStyle = colour;
    context.fill();
  } else {
    context.strokeStyle = colour;
    context.lineWidth = 1.7;
    context.stroke();
  }
}

/** The value of the tick. @param {Picture} picture @param {TreeFact} tree @param {number} column */
function paintLabels(picture, tree, column) {
  const { context, p, plan, u, shared, hung } = picture;
  if (plan.room === "bare" || !Number.isNaN(shared) || Number.isNaN(tree.b) || Number.isNaN(tree.at)) return;
  const y = plan.y(tree.b);
  const x = plan.x(column) + 14 * u;
  type(picture, plan.room === "wide" ? 11 : 10);
  context.textAlign = "left";
  context.textBaseline = "middle";
  const words = plain(tree.b);
  const width = context.measureText(words).width;
  const [, ...below] = hung[column].nodes;
  const met = (/** @type {number} */ at) =>
    below.some((node) => Math.abs(node.y - at) < 10 * u && node.x > x - 6 * u && node.x < x + width + 6 * u);
  const root = plan.y(tree.at);
  if (below.length && Math.abs(y - root) < 4 * u && met(y)) return; // tick and root are one
  // Away from the nodes that it would cover, on the side of the root that the tick is on, if there is room.
  const free = (/** @type {number} */ by) => {
    let at = y;
    while (met(at) && at > plan.top - 40 * u && at < plan.bottom + 2 * u) at += by * u;
    return at < plan.bottom + 2 * u ? at : NaN;
  };
  const [first, other] = tree.A < 0 ? [-2, 2] : [2, -2];
  const at = free(first) || free(other);
  if (!at) return;
  ground(picture, x, at, width);
  context.fillStyle = p.second;
  context.fillText(words, x, at);
}

/**
 * Advantage and R.
 * @param {Picture} picture @param {TreeFact} tree @param {number} column @param {boolean} chosen
 */
function paintFoot(picture, { root, at, A, was, live }, column, chosen) {
  const { context, p, plan, u, by, shown } = picture;
  const bare = plan.room === "bare";
  if (bare) return;
  const left = plan.x(column) - 6 * u;
  const wide = plan.room === "wide";
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  const flipped = root >= 0 && shown.isFlipped(root);
  const sign = signClass(A, 0.004);
  type(picture, wide ? 15 : 11.5, 600);
  context.fillStyle = sign ? p[/** @type {"plus" | "minus"} */ (sign)] : p.second;
  const advantage = Number.isNaN(A) ? "" : `${signed(A)}${flipped ? " \u2022" : ""}`;
  if (advantage) context.fillText(advantage, left, plan.foot + 16 * u);
  type(picture, wide ? 11 : 10, chosen ? 600 : 400);
  context.fillStyle = p.label;
  const missing = live ? (wide ? "at work" : "\u2013") : wide ? "not scored" : "\u2013";
  const value = Number.isNaN(at) ? missing : `${by} ${plain(at)}`;
  context.fillText(value, left, plan.foot + (advantage ? 33 : 16) * u);
  if (!was || Number.isNaN(was.A)) return;
  type(picture, 10);
  const moved = wide && Math.abs(was.at - at) > 0.004;
  const short = `was ${signed(was.A)}`;
  const long = moved ? `${short}, R ${plain(was.at)}` : short;
  const room = plan.pitch - 8 * u;
  const words = context.measureText(long).width <= room ? long : fitText(context, short, room);
  context.fillText(words, left, plan.foot + 47 * u);
}

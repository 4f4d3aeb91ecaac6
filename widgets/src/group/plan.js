// Where things stand in the picture of a group, in px: a column for each tree, one axis. Nothing here draws.

import { miniature } from "../step/groups.js";

/** @typedef {import("./facts.js").TreeFact} TreeFact */
/** @typedef {"wide" | "narrow" | "bare"} Room how much room a column has: for a tree, a small one, or none */

/** px at the base size of type. */
const AXIS = 52;
const FIRST = 19;
const PITCH = { most: 190, wide: 76, narrow: 34, least: 12 };
const HEAD = { wide: 50, narrow: 36, bare: 20 };
const FOOT = { wide: 48, narrow: 46, bare: 14 };
const LANE = 34;
const GHOST = 14;
/** Free above the highest root, for the tree that hangs there. */
const HANG = 24;
/** Of a small tree: nodes drawn, px between levels and leaves at most, and half its height at most. */
const MOST = 40;
const LEVEL = 23;
const LEAF = 11.5;
const HALF = 54;

/**
 * @typedef {object} Plan
 * @property {Room} room
 * @property {number} width px of the whole picture, which may be wider than its box
 * @property {number} height
 * @property {number} left where rules begin
 * @property {number} pitch px of a column
 * @property {number} top px of the highest value @property {number} bottom of the lowest
 * @property {number | null} lane px of the line for roots without a value; null: there are none
 * @property {number} foot px at which the figures begin
 * @property {(place: number) => number} x of a root, by its column
 * @property {(value: number) => number} y of a value
 */

/**
 * @param {{trees: TreeFact[], low: number, high: number}} shown
 * @param {{width: number, height: number, unit: number}} box
 * @returns {Plan}
 */
export function planOf({ trees, low, high }, { width, height, unit: u }) {
  const free = width - (AXIS + 12) * u;
  const pitch = Math.max(PITCH.least * u, Math.min(PITCH.most * u, free / Math.max(1, trees.length)));
  const room = pitch >= PITCH.wide * u ? "wide" : pitch >= PITCH.narrow * u ? "narrow" : "bare";
  const ghosts = room !== "bare" && trees.some(({ was }) => was);
  const foot = height - (FOOT[room] + (ghosts ? GHOST : 0)) * u;
  const homeless = trees.some(({ at }) => Number.isNaN(at));
  const bottom = foot - (homeless ? LANE + 8 : 8) * u;
  const top = (HEAD[room] + (room === "bare" ? 10 : HANG)) * u;
  const left = AXIS * u;
  const first = Math.min(FIRST * u, pitch / 2);
  return {
    ...{ room, height, left, pitch, top, bottom, foot },
    lane: homeless ? foot - 18 * u : null,
    width: Math.max(width, left + trees.length * pitch + 12 * u),
    x: (place) => left + place * pitch + first,
    y: (value) => bottom - ((value - low) / (high - low || 1)) * (bottom - top),
  };
}

/**
 * @typedef {object} Hung a small tree at its root
 * @property {{row: number, x: number, y: number, above: number}[]} nodes px, the root first
 * @property {number} top px @property {number} bottom px
 * @property {number} left_out nodes that are not drawn
 */

/**
 * A small tree that hangs at its root. It leaves the root's place only to stay inside the picture.
 * @param {import("../step/store.js").Step} step @param {TreeFact} tree @param {Plan} plan
 * @param {number} x @param {number} y px of the root @param {number} u unit of type
 * @returns {Hung}
 */
export function hang(step, { tree, root, depth, size }, plan, x, y, u) {
  const bare = plan.room === "bare" || root < 0;
  const places = bare ? [] : miniature(step, tree, MOST);
  if (places.length < 2) return { nodes: [{ row: root, x, y, above: -1 }], top: y, bottom: y, left_out: 0 };
  const high = places.reduce((most, place) => Math.max(most, Math.abs(place.y)), 0);
  const levels = Math.min(depth, places.reduce((most, place) => Math.max(most, place.x), 1));
  const half = Math.min(HALF * u, (plan.bottom - plan.top) / 3.5);
  const gapY = Math.min(LEAF * u, half / Math.max(1, high));
  const gapX = Math.min(LEVEL * u, (plan.pitch - FIRST * u - 6 * u) / levels);
  const [least, most] = [y - high * gapY, y + high * gapY];
  const [over, under] = [plan.top - (HANG - 9) * u - least, most - (plan.lane ?? plan.bottom + 6 * u)];
  const move = over > 0 ? over : under > 0 ? -under : 0;
  const nodes = places.map(({ row, above, ...place }, at) => {
    return { row, above, x: x + place.x * gapX, y: y + (at ? place.y * gapY + move : 0) };
  });
  return { nodes, top: least + move, bottom: most + move, left_out: size - places.length };
}

/**
 * A column in which lines of words have room beside the bar, under the tick.
 * @param {{x: number, tick: number, hung: Hung}[]} columns @param {Plan} plan
 * @param {number} height px of the words @param {number} u unit of type
 * @returns {{column: number, y: number} | null} px of the middle of the first line
 */
export function roomFor(columns, plan, height, u) {
  if (plan.room !== "wide") return null;
  const size = (/** @type {number} */ column) => columns[column].hung.nodes.length;
  const order = [...columns.keys()].sort((a, b) => size(a) - size(b) || a - b);
  for (const column of order) {
    const { tick, hung } = columns[column];
    const y = tick + 20 * u;
    const [top, bottom] = [y - 8 * u, y + height - 4 * u];
    const alone = hung.nodes.length < 2;
    const apart = alone || hung.bottom < top - 4 * u || hung.top > bottom + 4 * u;
    if (!Number.isNaN(tick) && apart && bottom < plan.bottom) return { column, y };
  }
  return null;
}

// The tidy tree: every leaf has a row of its own, a parent stands in the middle of its children, columns
// are depths, siblings keep spawn order. Rows are counted, not measured: a view multiplies by its pitch.

import { cutsOf } from "../step/forks.js";
import { Piles } from "../step/piles.js";

/** @typedef {import("../step/store.js").Step} Step */
/** @typedef {import("../step/piles.js").Pile} Pile */

/** Row pitch, in px at the base type size, at which cards change. */
const NEAR_PITCH = 52;
const MIDDLE_PITCH = 22;
/** The row pitch at 100 %. */
export const FULL_PITCH = 65;
/** A small tree grows to this at most, so that its goals are no larger than the largest type of the look. */
const LARGEST = 1.4;
/** Cards as they usually are, and the distance of two columns at 100 %. */
const CARD = { near: 134, middle: 124 };
const COLUMN = { near: { least: 158, most: 174 }, middle: { least: 146, most: 184 } };
/** A deep tree in a narrow box has narrow cards, down to this, and to this with one line. */
const NARROW = { least: 60, flat: 100 };
/** Between narrow cards, and between those that are narrower than `below`. */
const BETWEEN = { wide: 22, tight: 14, below: 84 };
/** The row pitch from which a narrow card has two lines: then goals have its whole width. */
export const TWO_LINES = 36;

/** @param {number} pitch @returns {"near" | "middle" | "far"} */
export function level(pitch) {
  if (pitch >= NEAR_PITCH) return "near";
  return pitch >= MIDDLE_PITCH ? "middle" : "far";
}

/** @typedef {{row: number, y: number, set: import("../step/types.js").ForkSet}} Ghost forks of a node */

/**
 * @typedef {object} Layout
 * @property {number[]} rows drawn nodes, parents first
 * @property {Map<number, number>} y row units of each drawn node
 * @property {number} height in row units: the number of leaf rows
 * @property {number} levels deepest drawn depth below the layout's root
 * @property {number} root
 * @property {Set<number>} folded drawn nodes whose children are not
 * @property {Map<number, Pile>} piles folded piles, each by the row that stands for it
 * @property {number} forks sets of them in the step
 * @property {Ghost[]} ghosts below the subtree of the node that they were cut at
 */

/**
 * @param {Step} step @param {number} root row @param {Set<number>} folded @param {Piles} [piles]
 * @returns {Layout}
 */
export function tidy(step, root, folded, piles = new Piles(step)) {
  const rows = [];
  /** @type {Map<number, number>} */
  const y = new Map();
  const shut = new Set();
  /** @type {Layout["piles"]} */
  const drawn = new Map();
  let leaf = 0;
  let levels = 0;
  let at = root;
  const base = root >= 0 ? step.depth[root] : 0;
  const cuts = root >= 0 ? cutsOf(step, step.tree[root]) : new Map();
  /** @type {Ghost[]} */
  const ghosts = [];
  const beside = (/** @type {number} */ row) => {
    for (const set of cuts.get(row) ?? []) ghosts.push({ row, set, y: leaf++ });
  };
  // Depth first without recursion: down to first children, up through parents that are complete.
  while (at >= 0) {
    rows.push(at);
    levels = Math.max(levels, step.depth[at] - base);
    const pile = at === root ? undefined : piles.foldedAt(at);
    const below = pile ? -1 : piles.firstOf(at);
    if (pile) drawn.set(at, pile);
    else if (below >= 0 && !folded.has(at)) {
      at = below;
      continue;
    } else if (below >= 0) shut.add(at);
    y.set(at, leaf);
    leaf += 1;
    beside(at);
    let next = -1;
    while (at !== root && (next = piles.nextOf(at)) < 0) {
      const bottom = /** @type {number} */ (y.get(at));
      at = step.parent[at];
      const top = /** @type {number} */ (y.get(piles.firstOf(at)));
      y.set(at, (top + bottom) / 2);
      beside(at);
    }
    if (at === root) break;
    at = next;
  }
  const forks = step.forks.length;
  return { rows, y, height: Math.max(1, leaf), levels, root, folded: shut, piles: drawn, ghosts, forks };
}

/**
 * Places nodes that came since the layout was made, without moving any that is drawn: right of its
 * parent or below its last sibling, in the nearest row that is free in its column.
 * @param {Step} step @param {Layout} layout @param {number[]} added rows of this tree, parents first
 * @param {Piles} [piles]
 * @returns {number[]} the rows that were placed
 */
export function append(step, layout, added, piles = new Piles(step)) {
  if (!added.length) return [];
  const base = step.depth[layout.root];
  /** @type {Map<number, number[]>} */
  const columns = new Map();
  for (const row of layout.rows) {
    const depth = step.depth[row] - base;
    const column = columns.get(depth);
    const at = /** @type {number} */ (layout.y.get(row));
    if (column) column.push(at);
    else columns.set(depth, [at]);
  }
  const placed = [];
  for (const row of added) {
    const above = step.parent[row];
    const start = layout.y.get(above);
    if (start === undefined || layout.folded.has(above) || layout.piles.has(above) || piles.hides(row)) {
      continue;
    }
    const depth = step.depth[row] - base;
    const column = columns.get(depth) ?? [];
    columns.set(depth, column);
    let want = start;
    for (let child = step.first[above]; child >= 0 && child !== row; child = step.next[child]) {
      const at = layout.y.get(child);
      if (at !== undefined) want = Math.max(want, at + 1);
    }
    let at = want;
    while (column.some((other) => Math.abs(other - at) < 0.999)) {
      const blocker = column.find((other) => Math.abs(other - at) < 0.999) ?? at;
      at = blocker + 1;
    }
    column.push(at);
    const pile = piles.foldedAt(row);
    if (pile) layout.piles.set(row, pile);
    layout.y.set(row, at);
    layout.rows.push(row);
    layout.levels = Math.max(layout.levels, depth);
    layout.height = Math.max(layout.height, at + 1);
    placed.push(row);
  }
  return placed;
}

/**
 * What to fold so that at most `budget` nodes are drawn: levels open from the root down, in each level
 * the subtrees that carry most first.
 * @param {Step} step @param {number} root @param {number} budget @param {(row: number) => number} weight
 * @param {Piles} [piles] @returns {Set<number>}
 */
export function foldsFor(step, root, budget, weight, piles = new Piles(step)) {
  const folded = new Set();
  if (root < 0) return folded;
  let drawn = 1;
  let level = [root];
  while (level.length) {
    const next = [];
    const open = level
      .filter((row) => step.first[row] >= 0 && !piles.foldedAt(row))
      .sort((a, b) => weight(b) - weight(a) || a - b);
    for (const row of open) {
      const children = piles.childrenOf(row);
      if (drawn + children.length > budget) {
        folded.add(row);
        continue;
      }
      drawn += children.length;
      next.push(...children);
    }
    level = next;
  }
  return folded;
}

/** Up to this many nodes, readable cards are worth a sideways move: they do not shrink to dots. */
const WORTH_READING = 60;

/**
 * The row pitch that shows a whole layout in a box, as near as it can be read.
 * @param {Layout} layout @param {number} width @param {number} height inner size in px at base type size
 * @param {boolean} [whole] all of it is to be seen, if only as dots: nobody moves a tree that is followed
 */
export function fitPitch(layout, width, height, whole = false) {
  const pitch = Math.min(FULL_PITCH, height / layout.height);
  const wide = CARD.near + layout.levels * COLUMN.near.most;
  const grow = Math.min(LARGEST, height / layout.height / FULL_PITCH, width / wide);
  if (grow > 1 && !whole) return FULL_PITCH * grow;
  const few = layout.rows.length <= WORTH_READING && !whole;
  const holds = (/** @type {number} */ some) => columns(layout, width, some).fits;
  if (pitch >= NEAR_PITCH && holds(pitch)) return pitch;
  if (pitch >= MIDDLE_PITCH) {
    const flat = Math.min(34, pitch);
    const { card, fits } = columns(layout, width, flat);
    const tall = Math.min(NEAR_PITCH - 4, pitch);
    if ((!fits || card < CARD.middle) && tall >= TWO_LINES && holds(tall)) return tall;
    return fits || few ? flat : MIDDLE_PITCH - 4;
  }
  if (layout.rows.length <= 24 && !whole) return MIDDLE_PITCH + 4;
  return Math.max(1, Math.min(18, pitch));
}

/**
 * Distance between columns and width of a card, in px at base type size: cards are as wide as usual if all
 * columns fit, otherwise narrower if that helps.
 * @param {Layout} layout @param {number} width @param {number} pitch
 * @returns {{column: number, card: number, fits: boolean}}
 */
export function columns({ levels }, width, pitch) {
  const kind = level(pitch);
  if (kind === "far") {
    const column = levels ? Math.min(97, Math.max(26, (width - 12) / levels)) : 97;
    return { column, card: 0, fits: 12 + levels * column <= width };
  }
  const { least, most } = COLUMN[kind];
  const usual = CARD[kind];
  const grow = kind === "near" ? Math.max(1, pitch / FULL_PITCH) : 1;
  const free = levels ? (width - usual) / levels : most;
  if (free >= least || pitch > FULL_PITCH) {
    const column = Math.min(most, Math.max(least, free)) * grow;
    return { column, card: usual, fits: usual * grow + levels * column <= width + 0.5 };
  }
  const narrow = (/** @type {number} */ between) => {
    return { between, card: Math.min(usual, (width - levels * between) / (levels + 1)) };
  };
  const wide = narrow(BETWEEN.wide);
  const { card, between } = wide.card < BETWEEN.below ? narrow(BETWEEN.tight) : wide;
  if (card < (pitch < TWO_LINES ? NARROW.flat : NARROW.least)) {
    return { column: least, card: usual, fits: false };
  }
  return { column: card + between, card, fits: true };
}

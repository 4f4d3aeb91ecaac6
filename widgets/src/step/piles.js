// Alike siblings as one: children that stand next to each other in spawn order and were asked the same
// thing, but for its numbers. A pile never forms over a node that is already drawn, so live data move
// nothing.

import { shapeOf } from "./status.js";

/** @typedef {import("./store.js").Step} Step */

/** So many alike siblings in a row make a pile: fewer are told apart at a glance. */
export const MANY = 5;

/** Numbers that stand by themselves; those inside a name ("m5_i3", "2x") say what is asked. */
const NUMBER = /(?<![\p{L}\p{N}_])\d+(?:[.,]\d+)*(?![\p{L}\p{N}_])/gu;

/**
 * @typedef {object} Pile
 * @property {number} first its first row, by which it is known
 * @property {number[]} rows in spawn order
 * @property {boolean} open
 * @property {boolean} fallen if it is open: only the nodes that fell short are shown
 */

/** What a goal asks, numbers left out. @param {string} goal */
export function askedBy(goal) {
  return goal.replace(NUMBER, "\u2026").replace(/\s+/g, " ").trim();
}

/** It ended and did not succeed. @param {Step} step @param {number} row */
export function fell(step, row) {
  const shape = shapeOf(step.status[row], step.s[row]);
  return shape === "failed" || shape === "limit" || shape === "error";
}

export class Piles {
  /** @param {Step} step */
  constructor(step) {
    this.step = step;
    /** @type {Map<number, Pile>} by first row */
    this.all = new Map();
    /** First row of each row's pile, -1 for none. */
    this.head = new Int32Array(0);
    /** @type {Map<number, string>} what each goal asks, by its word */
    this.asked = new Map();
  }

  /** The same rows in another copy of the step. @param {Step} step */
  over(step) {
    if (step === this.step) return;
    this.step = step;
    this.asked.clear();
  }

  /** @param {number} row @returns {string} empty: nothing is alike to it */
  askedOf(row) {
    const goal = this.step.goal[row];
    let asked = this.asked.get(goal);
    if (asked === undefined) {
      asked = askedBy(this.step.goalText(row));
      this.asked.set(goal, asked);
    }
    return asked;
  }

  /**
   * Piles up the children of these parents.
   * @param {Iterable<number>} parents
   * @param {number} [from] only rows from here on form new piles: those before are drawn as they are
   */
  gather(parents, from = 0) {
    const { step } = this;
    if (this.head.length < step.n) {
      const head = new Int32Array(Math.max(64, step.n * 2)).fill(-1);
      head.set(this.head);
      this.head = head;
    }
    for (const parent of parents) this.gatherBelow(parent, from);
  }

  /** @param {number} parent @param {number} from */
  gatherBelow(parent, from) {
    const { step, head } = this;
    /** @type {Pile | undefined} */
    let pile; // the one that the child before belongs to
    /** @type {number[]} */
    let loose = [];
    const close = () => {
      if (loose.length >= MANY && loose[0] >= from) this.make(loose);
      loose = [];
    };
    for (let child = step.first[parent]; child >= 0; child = step.next[child]) {
      if (head[child] >= 0) {
        close();
        pile = this.all.get(head[child]);
        continue;
      }
      const asked = this.askedOf(child);
      if (pile && asked && asked === this.askedOf(pile.first)) {
        pile.rows.push(child);
        head[child] = pile.first;
        continue;
      }
      pile = undefined;
      if (loose.length && asked !== this.askedOf(loose[0])) close();
      if (asked) loose.push(child);
    }
    close();
  }

  /** @param {number[]} rows */
  make(rows) {
    this.all.set(rows[0], { first: rows[0], rows, open: false, fallen: false });
    for (const row of rows) this.head[row] = rows[0];
  }

  /** The pile that a row belongs to. @param {number} row @returns {Pile | undefined} */
  of(row) {
    const head = this.head[row];
    return head >= 0 ? this.all.get(head) : undefined;
  }

  /** The folded pile that a row stands for. @param {number} row @returns {Pile | undefined} */
  foldedAt(row) {
    if (this.head[row] !== row) return undefined;
    const pile = this.all.get(row);
    return pile?.open ? undefined : pile;
  }

  /** Its pile hides it. @param {number} row */
  hides(row) {
    const pile = this.of(row);
    if (!pile) return false;
    return pile.open ? pile.fallen && !fell(this.step, row) : row !== pile.first;
  }

  /** @param {number} row a child or -1 @returns {number} it or the next sibling that is shown, or -1 */
  shownFrom(row) {
    let at = row;
    while (at >= 0 && this.hides(at)) at = this.step.next[at];
    return at;
  }

  /** @param {number} parent @returns {number} its first child that is shown, or -1 */
  firstOf(parent) {
    return this.shownFrom(this.step.first[parent]);
  }

  /** @param {number} row @returns {number} the next sibling that is shown, or -1 */
  nextOf(row) {
    return this.shownFrom(this.step.next[row]);
  }

  /** @param {number} parent @returns {number[]} its children that are shown, a folded pile as its first */
  childrenOf(parent) {
    const found = [];
    for (let child = this.firstOf(parent); child >= 0; child = this.nextOf(child)) found.push(child);
    return found;
  }

  /** Opens whatever hides a row, its own pile and those of the nodes above it. @param {number} row */
  reveal(row) {
    for (let at = row; at >= 0; at = this.step.parent[at]) {
      const pile = this.of(at);
      if (!pile) continue;
      pile.open = true;
      if (this.hides(at)) pile.fallen = false;
    }
  }
}

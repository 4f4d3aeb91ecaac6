// The badges of a step: which node has which, as the kernel found them (`views/explorer/badges_answer.py`).

import { OF_CREDIT, creditBadges } from "./credit_badges.js";

/** @typedef {import("./store.js").Step} Step */
/** @typedef {import("./types.js").CreditColumns} CreditColumns */
/** @typedef {import("./asked.js").Answer} Answer */

/**
 * @typedef {object} Badge one kind
 * @property {string} key
 * @property {string} name
 * @property {string} mark how it is drawn: "loop", "plus", "limit" or a letter
 * @property {string} sentence
 * @property {string} example
 * @property {string[]} thresholds
 * @property {boolean} card cards and rows show it; the others are shown there by the status
 */

/**
 * @typedef {object} Given one badge of a node, or of a group
 * @property {Badge} badge
 * @property {number} row -1: of a group
 * @property {number} tree
 * @property {string} figure
 * @property {number} other the row it is compared with, -1: none
 */

/** @typedef {Record<string, number | boolean>} Thresholds */

/**
 * @typedef {object} Marks what views show of it
 * @property {(row: number) => Given[]} of a node
 * @property {(row: number) => Given[]} onCard those that its card and its row show
 * @property {Set<number>} found rows that a search found
 */

export class StepBadges {
  /**
   * @param {Step} step @param {any} value the kernel's answer
   * @param {CreditColumns | null} [other] credit by a rule that the kernel does not know of
   */
  constructor(step, value, other = null) {
    /** @type {Badge[]} */
    this.badges = value.badges;
    /** @type {Thresholds} */
    this.config = value.config;
    /** @type {Thresholds} */
    this.usual = value.usual;
    /** Advantages are known. @type {boolean} */
    this.credited = value.credited;
    /** In the order of the trees, those of a node together. @type {Given[]} */
    this.all = [];
    /** @type {Map<number, Given[]>} */
    this.byRow = new Map();
    const kinds = new Map(this.badges.map((badge) => [badge.key, badge]));
    const rows = rowsOf(step, value.trees);
    const anew = other ? OF_CREDIT : [];
    value.tree.forEach((/** @type {number} */ place, /** @type {number} */ at) => {
      const badge = kinds.get(value.badge[at]);
      const known = rows.get(place);
      const path = value.path[at];
      const row = path === null ? -1 : known?.get(path);
      if (!badge || !known || row === undefined || anew.includes(badge.key)) return;
      const tree = step.tree[known.get("0") ?? -1] ?? 0;
      const other = known.get(value.other[at] ?? "") ?? -1;
      this.put({ badge, row, tree, figure: value.figure[at], other });
    });
    if (other) this.putCredit(step, other, kinds, rows);
  }

  /**
   * @param {Step} step @param {CreditColumns} credit @param {Map<string, Badge>} kinds
   * @param {Map<number, Map<string, number>>} rows of the trees that were looked at
   */
  putCredit(step, credit, kinds, rows) {
    const trees = [...rows.values()].map((paths) => step.tree[paths.get("0") ?? -1]);
    for (const { key, ...given } of creditBadges(step, credit, this.config, trees)) {
      const badge = kinds.get(key);
      if (badge) this.put({ badge, ...given, other: -1 });
    }
    this.all.sort((a, b) => a.tree - b.tree || Number(a.row < 0) - Number(b.row < 0) || a.row - b.row);
  }

  /** @param {Given} given */
  put(given) {
    this.all.push(given);
    if (given.row < 0) return;
    const have = this.byRow.get(given.row);
    if (have) have.push(given);
    else this.byRow.set(given.row, [given]);
  }

  /** @param {number} row @returns {Given[]} */
  of(row) {
    return this.byRow.get(row) ?? [];
  }

  /** How many there are of each. @returns {Map<string, number>} */
  counts() {
    /** @type {Map<string, number>} */
    const found = new Map();
    for (const { badge } of this.all) found.set(badge.key, (found.get(badge.key) ?? 0) + 1);
    return found;
  }

  /** Its rows, in reading order. @param {string} key of a badge @returns {number[]} */
  rows(key) {
    const found = this.all.filter(({ badge, row }) => row >= 0 && badge.key === key);
    return found.map(({ row }) => row);
  }
}

/**
 * The rows of the trees that an answer names, by path. Rows may have moved since it was asked.
 * @param {Step} step @param {[number, number, number][]} trees label of the group, probe, rollout
 * @returns {Map<number, Map<string, number>>} by the place in `trees`
 */
function rowsOf(step, trees) {
  /** @type {Map<string, number>} */
  const places = new Map();
  trees.forEach((name, place) => places.set(name.join(), place));
  const place = step.trees.map(({ group, rollout }) => {
    const { label, probe, fork } = step.groups[group];
    return fork ? undefined : places.get([label, Number(!!probe), rollout].join());
  });
  /** @type {Map<number, Map<string, number>>} */
  const found = new Map();
  for (let row = 0; row < step.n; row += 1) {
    const at = place[step.tree[row]];
    if (at === undefined) continue;
    let paths = found.get(at);
    if (!paths) found.set(at, (paths = new Map()));
    paths.set(step.path(row), row);
  }
  return found;
}

// Whose sign another rule of credit changes: how many, in which direction, and each by name.

import { h } from "../shared/dom.js";
import { count, signClass, signed } from "../shared/format.js";
import { taskName } from "../shared/text.js";
import { signOf } from "./arithmetic.js";
import { wholeWords } from "./words.js";

/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {import("../shared/dom.js").Child} Child */

/** Nodes listed at first, and with each click on "more". */
const LISTED = 300;
/** @type {Record<string, string>} */
const WORDS = { "+": "+", "-": "\u2212", 0: "0", "": "no credit" };

/**
 * The changes by direction, most frequent first.
 * @param {Shown} shown @returns {{words: string, rows: number[]}[]}
 */
export function directions({ recorded, credit, flipped }) {
  /** @type {Map<string, number[]>} */
  const found = new Map();
  for (const row of flipped) {
    const words = `${WORDS[signOf(recorded.A[row])]} to ${WORDS[signOf(credit.A[row])]}`;
    const rows = found.get(words);
    if (rows) rows.push(row);
    else found.set(words, [row]);
  }
  return [...found].map(([words, rows]) => ({ words, rows })).sort((a, b) => b.rows.length - a.rows.length);
}

/**
 * Nodes that have credit by either rule: probes and what is not scored have none.
 * @param {Shown} shown @param {number} [tree] in this one only
 */
export function credited({ step, recorded, credit }, tree) {
  let found = 0;
  for (let row = 0; row < step.n; row += 1) {
    if (tree !== undefined && step.tree[row] !== tree) continue;
    if (!Number.isNaN(recorded.A[row]) || !Number.isNaN(credit.A[row])) found += 1;
  }
  return found;
}

/**
 * How many signs the other rule changes, and how.
 * @param {Shown} shown @param {number} tree @returns {Child[]}
 */
export function changeWords(shown, tree) {
  const { step, flipped } = shown;
  const here = flipped.filter((row) => step.tree[row] === tree).length;
  const of = (/** @type {number} */ some, /** @type {number} */ all) => {
    return h("b", {}, `${count(some)} of ${count(all)}`);
  };
  const own = credited(shown, tree);
  const first = own ? [of(here, own), " signs change here"] : ["no node here has credit"];
  const all = () => [", ", of(flipped.length, credited(shown)), ` in ${wholeWords(step)}`];
  const whole = step.trees.length > 1 ? all() : [];
  const ways = directions(shown).map(({ words, rows }) => `${count(rows.length)} from ${words}`);
  const how = ways.length ? h("span", { class: "ways" }, ` (${ways.join(", ")})`) : "";
  const { config } = shown;
  const { lam, bonus } = step.config;
  const others = config.baseline === "moving" && (config.lam !== lam || config.bonus !== bonus);
  const means = others ? "; the moving means are as recorded" : "";
  return ["same rollouts, other credit: ", ...first, ...whole, how, means];
}

/** What the counts leave out. @param {Shown} shown */
export function leftOut(shown) {
  const all = shown.step.n;
  const known = credited(shown);
  if (known === all) return "";
  return `${count(known)} of ${count(all)} nodes have credit: probes and what is not scored have none`;
}

/**
 * The nodes themselves, under their direction.
 * @param {Shown} shown @param {(row: number, limit: number) => string} goal
 * @param {(row: number) => void} open @returns {Child[]}
 */
export function changeList(shown, goal, open) {
  const left = leftOut(shown);
  const head = left ? [h("div", { class: "head label" }, left)] : [];
  const lines = directions(shown).flatMap(({ words, rows }) => [
    () => h("div", { class: "head" }, `${words}: ${count(rows.length)}`),
    ...rows.map((row) => () => line(shown, row, goal, open)),
  ]);
  return [...head, ...page(lines, 0)];
}

/**
 * Lines from one on, and a button that puts more in its own place.
 * @param {(() => HTMLElement)[]} lines @param {number} from @returns {HTMLElement[]}
 */
function page(lines, from) {
  const to = Math.min(lines.length, from + LISTED);
  const made = lines.slice(from, to).map((make) => make());
  if (to === lines.length) return made;
  const more = h("button", { onclick: () => grow() }, `Show more: ${count(lines.length - to)} left`);
  const grow = () => {
    const next = page(lines, to);
    more.replaceWith(...next);
    next.find((one) => one.localName === "button")?.focus();
  };
  return [...made, more];
}

/**
 * @param {Shown} shown @param {number} row @param {(row: number, limit: number) => string} goal
 * @param {(row: number) => void} open
 */
function line({ step, recorded, credit }, row, goal, open) {
  const { group, rollout } = step.trees[step.tree[row]];
  const task = step.groups.length > 1 ? [taskName(step.groups[group]) || "task"] : [];
  const tree = step.trees.length > 1 ? [`tree ${rollout + 1}`] : [];
  const place = [...task, ...tree, step.path(row)].join(" \u00b7 ");
  return h("button", { onclick: () => open(row) },
    h("span", { class: "path" }, place),
    h("span", { class: "cut" }, goal(row, 40)),
    h("span", { class: "value" }, figure(recorded.A[row]), " \u2192 ", figure(credit.A[row])),
  );
}

/** @param {number} A */
function figure(A) {
  const sign = signOf(A);
  if (sign === "") return "no credit";
  return sign === "0" ? "0" : h("span", { class: signClass(A, 0) }, signed(A, 3));
}

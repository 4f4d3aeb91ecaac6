// Siblings in numbers: how they ended, what their advantages are, how long they took.

import { count, many } from "../shared/format.js";
import { MARKS } from "../shared/shapes.js";
import { askedBy, fell } from "./piles.js";
import { shapeOf } from "./status.js";

/** @typedef {import("./store.js").Step} Step */
/** @typedef {import("../shared/shapes.js").Shape} Shape */

/**
 * @typedef {object} Summary
 * @property {[Shape, number][]} outcomes how many ended how, the best first
 * @property {number} won how many succeeded
 * @property {number[]} fallen rows that fell short, the worst advantage first
 * @property {number} mean of what is known; NaN: nothing is
 * @property {number} low
 * @property {number} high
 * @property {number} known how many have a value
 * @property {string} tokens what they wrote of what they read and wrote, in words
 * @property {[number, number] | null} took the shortest and the longest, in seconds
 * @property {number} together the turn that launched them all in one go; 0: they were not
 */

/** How they ended in words, the best first. @type {Record<Shape, string>} */
const WORDS = {
  ...{ succeeded: "succeeded", partly: "partly", failed: "failed" },
  ...{ limit: "at a limit", error: "lost to an error", cancelled: "cancelled" },
  ...{ waiting: "waiting", running: "computing", unscored: "not scored" },
};
/** At work. @type {Shape[]} */
export const LIVE = ["running", "waiting"];
const ORDER = /** @type {Shape[]} */ (Object.keys(WORDS));

/**
 * @param {Step} step @param {number[]} rows
 * @param {ArrayLike<number>} value advantages, or returns in their place
 * @returns {Summary}
 */
export function summarize(step, rows, value) {
  /** @type {Map<Shape, number>} */
  const outcomes = new Map();
  let [mean, known] = [0, 0];
  let [low, high, short, long] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const row of rows) {
    const shape = shapeOf(step.status[row], step.s[row]);
    outcomes.set(shape, (outcomes.get(shape) ?? 0) + 1);
    const took = step.ended[row] - step.started[row];
    if (!Number.isNaN(took)) [short, long] = [Math.min(short, took), Math.max(long, took)];
    if (Number.isNaN(value[row])) continue;
    known += 1;
    mean += value[row];
    [low, high] = [Math.min(low, value[row]), Math.max(high, value[row])];
  }
  return {
    outcomes: ORDER.filter((shape) => outcomes.has(shape)).map((shape) => [shape, outcomes.get(shape) ?? 0]),
    won: outcomes.get("succeeded") ?? 0,
    fallen: rows.filter((row) => fell(step, row)).sort((a, b) => (value[a] || 0) - (value[b] || 0) || a - b),
    mean: known ? mean / known : NaN,
    low: known ? low : NaN,
    high: known ? high : NaN,
    known,
    tokens: tokenWords(step, rows),
    took: short <= long ? [short, long] : null,
    together: inOneGo(step, rows) ? step.turn[rows[0]] : 0,
  };
}

/**
 * "read 860, wrote 40 tokens". Empty if none are known.
 * @param {Step} step @param {number[]} rows
 */
export function tokenWords(step, rows) {
  const wrote = rows.reduce((sum, row) => sum + step.wrote[row], 0);
  const read = rows.reduce((sum, row) => sum + step.read[row], 0);
  return read + wrote ? `read ${count(read)}, wrote ${many(wrote, "token")}` : "";
}

/** "9 succeeded, 3 failed". @param {Summary} summary */
export function outcomeWords(summary) {
  return summary.outcomes.map(([shape, number]) => `${number} ${WORDS[shape]}`).join(", ");
}

/**
 * What stands in the place of a mean that there is none of: who is at work, otherwise how they ended.
 * @param {Summary} summary @param {boolean} [narrow] there is room for a word or two
 */
export function noMeanWords(summary, narrow = false) {
  const { outcomes, won } = summary;
  const all = outcomes.reduce((sum, [, number]) => sum + number, 0);
  const live = outcomes.filter(([shape]) => LIVE.includes(shape));
  if (live.length) return `${live.reduce((sum, [, number]) => sum + number, 0)} at work`;
  if (outcomes.length === 1) return outcomes[0][0] === "unscored" ? WORDS.unscored : outcomeWords(summary);
  return narrow ? `${won} of ${all}` : `${won} of ${all} succeeded`;
}

/**
 * What all of them were asked: the goal, with an ellipsis for each number in which they differ.
 * @param {Step} step @param {number[]} rows
 */
export function commonGoal(step, rows) {
  const goal = step.goalText(rows[0]);
  return rows.every((row) => step.goal[row] === step.goal[rows[0]]) ? goal : askedBy(goal);
}

/** @param {Step} step @param {number[]} rows */
function inOneGo(step, rows) {
  const [first] = rows;
  const like = (/** @type {number} */ row) =>
    step.turn[row] === step.turn[first] && step.batch[row] === step.batch[first];
  return rows.length > 1 && rows.every((row) => step.together[row] === 1 && like(row));
}

/**
 * How they ended, as the parts of a bar: what succeeded is filled, what fell short is hollow.
 * @param {Summary} summary @param {number} all
 */
export function outcomeParts(summary, all) {
  return summary.outcomes.map(([shape, number]) => {
    const { colour } = MARKS[shape];
    const tone = colour === "label" ? "faint" : colour;
    return {
      colour: /** @type {Exclude<typeof tone, "label">} */ (tone),
      share: number / Math.max(1, all),
      hollow: shape !== "succeeded",
    };
  });
}

/**
 * Where ticks stand on an axis of values: one for each pixel that has any.
 * @param {number[]} rows @param {ArrayLike<number>} values @param {number} width
 * @param {[number, number]} ends of the axis
 */
export function tickPlaces(rows, values, width, [low, high]) {
  /** @type {Map<number, number>} */
  const found = new Map();
  for (const row of rows) {
    if (Number.isNaN(values[row])) continue;
    const share = Math.max(0, Math.min(1, (values[row] - low) / (high - low)));
    found.set(Math.round(share * width), values[row]);
  }
  return [...found].map(([at, value]) => ({ at, value }));
}

// Siblings in numbers: how they ended, what their advantages are, how long they took.

import { askedBy, fell } from "./piles.js";
import { shapeOf } from "./status.js";

/** @typedef {import("./store.js").Step} Step */
/** @typedef {import("./status.js").Shape} Shape */

/**
 * @typedef {object} Summary
 * @property {[Shape, number][]} outcomes how many ended how, the best first
 * @property {number} won how many succeeded
 * @property {number[]} fallen rows that fell short, the worst advantage first
 * @property {number} mean of what is known; NaN: nothing is
 * @property {number} low
 * @property {number} high
 * @property {number} known how many have a value
 * @property {number} tokens
 * @property {[number, number] | null} took the shortest and the longest, in seconds
 * @property {number} together the turn that launched them all in one go; 0: they were not
 */

/** @type {Shape[]} */
const ORDER = ["succeeded", "partly", "failed", "limit", "error", "cancelled", "waiting", "running", "unscored"];

/**
 * @param {Step} step @param {number[]} rows @param {ArrayLike<number>} value advantages, or returns where there are none
 * @returns {Summary}
 */
export function summarize(step, rows, value) {
  /** @type {Map<Shape, number>} */
  const outcomes = new Map();
  let [mean, known, tokens] = [0, 0, 0];
  let [low, high, short, long] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const row of rows) {
    const shape = shapeOf(step.status[row], step.s[row]);
    outcomes.set(shape, (outcomes.get(shape) ?? 0) + 1);
    tokens += step.read[row] + step.wrote[row];
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
    tokens,
    took: short <= long ? [short, long] : null,
    together: inOneGo(step, rows) ? step.turn[rows[0]] : 0,
  };
}

const WORDS = { succeeded: "succeeded", partly: "partly", failed: "failed", limit: "at a limit", error: "lost to an error", cancelled: "cancelled", waiting: "waiting", running: "computing", unscored: "not scored" };

/** "9 succeeded, 3 failed". @param {Summary} summary */
export function outcomeWords(summary) {
  return summary.outcomes.map(([shape, number]) => `${number} ${WORDS[shape]}`).join(", ");
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
  return rows.length > 1 && rows.every((row) => step.together[row] === 1 && step.turn[row] === step.turn[first] && step.batch[row] === step.batch[first]);
}

/**
 * Discs of a dot plot: values in columns as wide as a disc, stacked in each.
 * @param {number[]} rows @param {ArrayLike<number>} value @param {number} columns
 * @param {number} low left end of the axis @param {number} high right end; values beyond stand at the ends
 * @returns {{row: number, column: number, place: number}[]} `place` counts from 0 up
 */
export function stacked(rows, value, columns, low, high) {
  const heights = new Int32Array(columns);
  return rows
    .filter((row) => !Number.isNaN(value[row]))
    .sort((a, b) => value[a] - value[b] || a - b)
    .map((row) => {
      const share = (Math.max(low, Math.min(high, value[row])) - low) / (high - low);
      const column = Math.min(columns - 1, Math.floor(share * columns));
      heights[column] += 1;
      return { row, column, place: heights[column] - 1 };
    });
}

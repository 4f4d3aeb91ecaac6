// Tasks over training: columns asked for a few at a time, small trees about their roots, two trees as one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Columns } from "../src/evolution/data.js";
import { scaleOf, shapeOfTree } from "../src/evolution/shape.js";
import { byPlace, unionOf } from "../src/evolution/union.js";
import { noteWords } from "../src/evolution/words.js";
import { grow } from "./grow.js";

const TASK = { task: "medium 142", goal: "", difficulty: "medium" };

/**
 * A kernel that holds back its answers.
 * @param {number[]} steps @param {Record<string, unknown>} [more]
 */
function kernel(steps, more = {}) {
  /** @type {Map<number, any>} */
  const told = new Map();
  /** @type {number[]} */
  const asked = [];
  /** @type {number[]} */
  const marks = [];
  const counts = { of_steps: steps.length, of_tasks: 1, every: 1 };
  const index = { kind: "probes", steps, tasks: [TASK], ...counts, ...more };
  const host = /** @type {any} */ ({
    traits: { steps: steps.map((step) => [step, null]), curves: {}, live: true },
    ask: (/** @type {string} */ what, /** @type {any[]} */ args, /** @type {any} */ { mark }) => {
      if (what === "evolution") return marks.push(mark), { value: index, buffers: [], why: "" };
      const [, step] = args;
      if (!asked.includes(step)) asked.push(step);
      return told.get(step) ?? null;
    },
  });
  const head = { step: 0, n: 1, columns: [], words: [], groups: [TASK], trees: [{ group: 0 }] };
  const column = { head, task: [0], tree: [0], nodes: [1], depth: [0], figures: {} };
  const answer = (/** @type {number} */ step) => told.set(step, { value: column, buffers: [], why: "" });
  const lack = (/** @type {number} */ step) => told.set(step, { value: null, why: "gone" });
  return { host, asked, marks, answer, lack };
}

test("columns are asked for four at a time, those in view first, then from the newest back", () => {
  const { host, asked, answer, lack } = kernel([0, 1, 2, 3, 4, 5, 6]);
  const columns = new Columns(host);
  columns.look([2, 9]);
  assert.deepEqual(asked, [2, 6, 5, 4]); // there is no step 9
  answer(2);
  lack(6);
  columns.look([2]);
  assert.deepEqual(asked, [2, 6, 5, 4, 3, 1]);
  assert.deepEqual([columns.steps, columns.due], [[0, 1, 2, 3, 4, 5], 5]);
  assert.deepEqual(columns.trees(2, 0).length, 1);
  assert.deepEqual([columns.near(null), columns.near(4), columns.near(-1), columns.nearest(9)], [5, 4, 0, 5]);
});

test("a step that ends, and the end of training, are news", () => {
  const { host, marks } = kernel([0, 1]);
  const columns = new Columns(host);
  columns.look([]);
  host.traits.curves = { step: [0] };
  columns.look([]);
  host.traits.live = false;
  columns.look([]);
  assert.equal(new Set(marks).size, 3);
});

test("what is left out of a long run is said, by a page too", () => {
  const { host } = kernel([0, 8, 16], { every: 8, of_steps: 20, of_tasks: 30 });
  const columns = new Columns(host);
  columns.look([]);
  const index = /** @type {any} */ (columns.index);
  const told = (/** @type {string} */ saved) => noteWords(columns, index, { steps: [[16, null]], saved });
  assert.equal(told(""), "every 8th step: 3 of 20; 1 of 30 tasks; 0 of 3 steps read");
  assert.match(told("A saved page."), /^this page holds 3 of 20 steps; .*; trees open of step 16 only$/);
});

test("a root has the same place in every cell, and all cells of a row have one scale", () => {
  const [one, two] = [grow([-1, 0, 0, 1, 1]), grow([-1, 0])].map((step) => shapeOfTree(step, 0));
  assert.deepEqual([one.spots[0].y, two.spots[0].y], [0, 0]);
  assert.deepEqual([one.up + one.down, one.levels, two.levels], [2, 2, 1]);
  const scale = scaleOf([one, two], 40, 10, 1);
  assert.deepEqual([scale.pitch, scale.column], [5, 20]);
});

test("two aligned trees are one tree, in the order of the rows", () => {
  const node = (/** @type {string} */ path) => ({ path, goal: "", shape: "failed", s: 0, R: null, turns: 1 });
  const row = (/** @type {number} */ depth, /** @type {string} */ a, /** @type {string} */ b) => {
    return { depth, a: a ? node(a) : null, b: b ? node(b) : null, changed: false, moment: "" };
  };
  const below = [row(1, "0.0", ""), row(2, "0.0.0", ""), row(1, "0.1", "0.0"), row(1, "", "0.1")];
  const step = unionOf([row(0, "0", "0"), ...below]);
  assert.deepEqual([...step.parent.slice(0, 5)], [-1, 0, 1, 0, 0]);
  assert.deepEqual(step.children(0), [1, 3, 4]);
  assert.equal(unionOf([]).n, 0);
});

test("trees that nobody compared stand beside each other by place", () => {
  const cells = [grow([-1, 0, 0]), grow([-1, 0, 1])].map((step) => {
    const column = { step, task: [0], tree: [0], nodes: [3], depth: [1], figures: /** @type {any} */ ({}) };
    return { column, at: 0, row: 0 };
  });
  const { rows, sum, lacks } = byPlace(cells[0], cells[1], (goal) => goal, "not in this page");
  const paths = rows.map(({ a, b }) => [a?.path, b?.path]);
  assert.deepEqual(paths, [["0", "0"], ["0.0", "0.0"], [undefined, "0.0.0"], ["0.1", undefined]]);
  assert.match(sum, /2 nodes in both by place . 1 only left, 1 only right/);
  assert.equal(lacks, "not in this page");
});

// When nodes computed and waited, and which moment is shown.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ShownCredit } from "../src/credit/rule.js";
import { TreeTimes } from "../src/timeline/lanes.js";
import { atMoment, moments } from "../src/timeline/moment.js";
import { Times } from "../src/timeline/times.js";
import { grow } from "./grow.js";

const golden = JSON.parse(readFileSync(new URL("../../tests/golden/timeline.json", import.meta.url), "utf8"));

/** @param {any[]} lanes @returns {import("../src/timeline/times.js").Lane[]} */
function lanesFrom(lanes) {
  const number = (/** @type {number | null} */ value) => value ?? NaN;
  return lanes.map(([parent, turn, started, ended, live, turns]) => ({
    ...{ parent, turn, started: number(started), ended: number(ended), live },
    turns: turns.map((/** @type {any[]} */ [from, sampled, to, steps]) => ({
      ...{ started: number(from), sampled: number(sampled), ended: number(to), steps },
    })),
  }));
}

test("both halves find the same bars, waits and critical paths", () => {
  let legs = 0;
  for (const { name, lanes, answers } of golden.cases) {
    const times = new Times(lanesFrom(lanes));
    const bar = (/** @type {any} */ { kind, turn, start, end }) => [kind, turn, start, end];
    const found = {
      end: times.end,
      bars: times.bars.map((bars) => bars.map(bar)),
      waits: times.waits.map((all) => all.map((w) => [w.turn, w.start, w.end, w.child, w.alone])),
      path: times.path.map((leg) => [leg.node, ...bar(leg)]),
      steps: times.steps,
      pathSteps: times.pathSteps,
    };
    assert.deepEqual(found, answers, name);
    legs += times.path.length;
  }
  assert.ok(legs > 400);
});

/** A root that launches two children one after another, on one clock. */
function byHand() {
  const step = grow([-1, 0, 0]);
  const ints = (/** @type {number[]} */ ...all) => new DataView(Int32Array.from(all).buffer);
  const floats = (/** @type {number[]} */ ...all) => new DataView(Float32Array.from(all).buffer);
  const buffers = [
    ints(-1, 0, 0, 0, 10, 2, 0, 1, 0, 2, 5, 1, 0, 2, 0, 7, 9, 1),
    floats(NaN, NaN, NaN, NaN, NaN, NaN),
    ints(0, 2, 5, 2, 5, 7, 10, 2, 2, 5, 5, 3, 7, 9, 9, 2),
    floats(...Array(12).fill(NaN)),
  ];
  const value = { nodes: 3, turns: 4, clocks: /** @type {["steps"]} */ (["steps"]), serial: [] };
  return { step, tree: new TreeTimes(step, 0, { value, buffers }) };
}

test("an answer becomes lanes on both clocks, and what is not known stays unknown", () => {
  const { tree } = byHand();
  assert.deepEqual(tree.rows, [0, 1, 2]);
  assert.equal(tree.seconds.known, false);
  assert.deepEqual(tree.steps.path.map(({ node }) => node), [0, 1, 0, 2, 0]);
  assert.equal(tree.speedUp, 9 / 9);
});

test("at a moment later nodes are not there, and those that run have no score yet", () => {
  const { step, tree } = byHand();
  const shown = new ShownCredit(step, 0, null);
  const then = atMoment(shown, tree, "steps", 3);
  assert.deepEqual([...(then.later ?? [])], [2]);
  assert.deepEqual([...then.step.status.slice(0, 3)], [1, 0, 0]); // the root waits
  assert.deepEqual([then.step.turns[0], then.step.children(0).length], [1, 1]);
  assert.ok(Number.isNaN(then.credit.A[0]) && Number.isNaN(then.step.s[1]));
  assert.equal(step.status[0], 2); // the step itself stays as it is
  assert.deepEqual(moments(tree.steps), [0, 2, 5, 7, 9, 10]);
});

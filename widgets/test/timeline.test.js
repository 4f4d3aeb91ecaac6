// When nodes computed and waited, and which moment is shown.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ShownCredit } from "../src/credit/rule.js";
import { TreeTimes } from "../src/timeline/lanes.js";
import { textAt } from "../src/inspector/told.js";
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
  const told = [0, 1, 2].map((row) => then.told?.get(row));
  assert.deepEqual(told, [
    { turns: 1, stage: "runs" },
    { turns: 1, stage: "writes" },
    { turns: 0, stage: "between" },
  ]);
  assert.deepEqual(moments(tree.steps), [0, 2, 5, 7, 9, 10]);
});

test("of a node's texts only what had been said at the moment is shown", () => {
  const turn = {
    ...{ messages: [], thought: "I think", code: "f()", text: "", stop: "stop", output: "4", error: null },
    ...{ version: 0, calls: [{ name: "f", args: "", result: "4", error: null, child: null }] },
    children: ["0.0"],
    ...{ started: 0, sampled: 1, ended: 2, waiting: 0, read: 5, wrote: 3, held: 8 },
  };
  const parts = [{ kind: "new", tokens: 5, pieces: [] }, { kind: "wrote", tokens: 3, pieces: [] }];
  const context = /** @type {any} */ (parts);
  const turns = [1, 2, 3].map((index) => ({ ...turn, index, context }));
  const ended = { returned: true, value: "done", reason: "why", fraction: 1, refusals: { missing: 1 } };
  const text = /** @type {any} */ ({ goal: "g", args: "", template: "", note: "", turns, ...ended });
  assert.equal(textAt(text, undefined), text);
  const runs = textAt(text, { turns: 2, stage: "runs" });
  assert.deepEqual([runs.turns.length, runs.returned, runs.value, runs.refusals], [2, false, "", {}]);
  assert.deepEqual([runs.turns[0].output, runs.turns[1].output, runs.turns[1].code], ["4", "", "f()"]);
  assert.deepEqual([runs.turns[1].calls, runs.turns[1].ended, runs.turns[1].children], [[], null, ["0.0"]]);
  const writes = textAt(text, { turns: 1, stage: "writes" }).turns[0];
  assert.deepEqual([writes.code, writes.thought, writes.held, writes.context?.length], ["", "", 5, 1]);
  assert.equal(textAt(text, { turns: 1, stage: "between" }).turns[0], turns[0]);
  assert.deepEqual(textAt(text, { turns: 0, stage: "between" }).turns, []);
});

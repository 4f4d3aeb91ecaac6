// When nodes computed and waited, and which moment is shown.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Times } from "../src/timeline/times.js";

const golden = JSON.parse(readFileSync(new URL("../../tests/golden/timeline.json", import.meta.url), "utf8"));

/** @param {any[]} lanes @returns {import("../src/timeline/times.js").Lane[]} */
export function lanesFrom(lanes) {
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

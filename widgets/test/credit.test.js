import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { asPython, attribute, changed, flips, sameRule } from "../src/credit/arithmetic.js";
import { WHY_NOT } from "../src/step/status.js";
import { compareAll, tableOf } from "./agree.js";

/** @type {import("../src/step/types.js").CreditConfig} */
const PAPER = { lam: 0.4, bonus: "mean", cap: null, estimator: "rao", baseline: "leave_one_out", std: false, depth_weighting: "inverse_frequency" };

/** Two trees by hand: 0 fails with children 1 and 0; the other's root succeeds alone. */
const BY_HAND = tableOf([
  { group: 0, tree: 0, parent: -1, depth: 0, s: 0, status: "finished", tokens: 10 },
  { group: 0, tree: 0, parent: 0, depth: 1, s: 1, status: "finished", tokens: 10 },
  { group: 0, tree: 0, parent: 0, depth: 1, s: 0, status: "turn_limit", tokens: 10 },
  { group: 0, tree: 1, parent: -1, depth: 0, s: 1, status: "finished", tokens: 30 },
]);

test("the paper's rule by hand", () => {
  const out = attribute(BY_HAND, PAPER);
  assert.deepEqual([...out.R], [0.2, 1, 0, 1]); // 0 + 0.4 * (1 + 0) / 2
  assert.deepEqual([...out.b], [1, 1, 1, 0.2]);
  assert.deepEqual([...out.A], [-0.8, 0, -1, 0.8]);
  assert.deepEqual([...out.w], [1, 1, 1, 1]); // N_0 = N_1 = 2, alpha = 2
  assert.deepEqual([...out.share].map((x) => Number(x.toFixed(6))), [0.190476, 0, 0.238095, 0.571429]);
});

test("an unscored child is left out of the mean and gets no advantage", () => {
  const out = attribute(
    tableOf([
      { group: 0, tree: 0, parent: -1, depth: 0, s: 1, status: "finished", tokens: 1 },
      { group: 0, tree: 0, parent: 0, depth: 1, s: null, status: "error", tokens: 1 },
      { group: 0, tree: 0, parent: 0, depth: 1, s: 1, status: "finished", tokens: 1 },
      { group: 0, tree: 1, parent: -1, depth: 0, s: 1, status: "finished", tokens: 1 },
    ]),
    PAPER,
  );
  assert.equal(out.R[0], 1.4);
  assert.ok(Number.isNaN(out.A[1]));
  assert.equal(WHY_NOT[out.why[1]], "unscored");
});

test("one tree alone has no leave-one-out baseline and no advantage, never 0", () => {
  const out = attribute(tableOf([{ group: 0, tree: 0, parent: -1, depth: 0, s: 1, status: "finished", tokens: 5 }]), PAPER);
  assert.ok(Number.isNaN(out.A[0]));
  assert.equal(WHY_NOT[out.why[0]], "no_baseline");
  assert.equal(out.R[0], 1);
});

test("a probe group is left out of counts, weights and shares", () => {
  const table = tableOf([
    { group: 0, tree: 0, parent: -1, depth: 0, s: 1, status: "finished", tokens: 1 },
    { group: 0, tree: 1, parent: -1, depth: 0, s: 0, status: "finished", tokens: 1 },
    { group: 1, tree: 0, parent: -1, depth: 0, s: 1, status: "finished", tokens: 1 },
    { group: 1, tree: 1, parent: -1, depth: 0, s: 0, status: "finished", tokens: 1 },
  ]);
  table.groups = [{}, { probe: true }];
  const out = attribute(table, PAPER);
  assert.deepEqual([...out.share].slice(0, 2), [0.5, 0.5]);
  assert.ok(Number.isNaN(out.A[2]));
});

test("rounding noise is no sign, a change through zero is", () => {
  assert.equal(flips(1e-16, -0.3), false);
  assert.equal(flips(0.2, -0.3), true);
  assert.equal(flips(NaN, -0.3), false);
});

test("grpo_mean takes the group's mean with it", () => {
  assert.equal(changed(PAPER, { estimator: "grpo_mean" }).baseline, "group_mean");
  assert.equal(sameRule(PAPER, { ...PAPER }), true);
  assert.equal(asPython(PAPER), 'rl.CreditConfig(lam=0.4, estimator="rao", baseline="leave_one_out", depth_weighting="inverse_frequency")');
});

const golden = new URL("../../tests/golden/credit.json", import.meta.url);

test("agrees with credit.py on the golden batches", { skip: !existsSync(golden) && "no golden file" }, () => {
  const file = JSON.parse(readFileSync(golden, "utf8"));
  assert.deepEqual(file.why_not.map((/** @type {string | null} */ word) => word ?? ""), WHY_NOT);
  const found = compareAll(file);
  assert.ok(found.cases > 100 && found.numbers > 10_000);
  assert.deepEqual(found.wrong, []);
});

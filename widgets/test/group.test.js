// The Group view in numbers: what roots are compared with, and where trees stand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { divisor, sharedBaseline } from "../src/group/facts.js";
import { hang, planOf, roomFor } from "../src/group/plan.js";
import { barWords, baselineName } from "../src/group/words.js";
import { growTrees } from "./grow.js";

const root = (/** @type {number} */ at, /** @type {number} */ b, A = at - b) => ({ at, b, A });

test("roots that are compared with one number have a line, others a tick each", () => {
  const alike = [root(1, 0.5), root(0, 0.5), root(NaN, 0.5)];
  const by = (/** @type {any} */ baseline, /** @type {any} */ estimator = "rao") =>
    /** @type {any} */ ({ baseline, estimator });
  assert.equal(sharedBaseline(alike, by("group_mean")), 0.5);
  assert.equal(sharedBaseline(alike, by("leave_one_out", { rule: "mine" })), 0.5, "a rule of the user");
  assert.ok(Number.isNaN(sharedBaseline(alike, by("leave_one_out"))));
  const mine = by("leave_one_out", { rule: "mine" });
  assert.ok(Number.isNaN(sharedBaseline([root(1, 0.5), root(0, 0.7)], mine)));
  assert.ok(Number.isNaN(sharedBaseline([root(1, NaN)], by("group_mean"))), "it compares with nothing");
});

test("a bar is A, or A by one number for all, or neither", () => {
  assert.equal(divisor([root(1, 0.5), root(0, 0.5)]), 1);
  assert.equal(divisor([root(1, 0.5, 1), root(0, 0.5, -1)]), 0.5);
  assert.ok(Number.isNaN(divisor([root(1, 0.5, 1), root(0, 0.5, -3)])));
  assert.equal(divisor([root(1, 1, 0)]), 1);
});

test("what roots are compared with is named as the rule has it", () => {
  const fact = /** @type {any} */ ({ known: 8, nodes: 52 });
  const named = (/** @type {any} */ config, given = fact) => baselineName(config, given);
  assert.equal(named({ estimator: "rao", baseline: "leave_one_out" }), "mean of the other 7 roots");
  assert.equal(named({ estimator: "rao", baseline: "leave_one_out" }, { known: 2 }), "the other root");
  assert.equal(named({ estimator: "grpo_mean", baseline: "group_mean" }), "mean of all 52 nodes");
  assert.equal(named({ estimator: "rao", baseline: "none" }), "no baseline");
  assert.equal(named({ estimator: "rao", baseline: "moving" }), "moving mean of depth 0");
  assert.equal(named({ estimator: { rule: "my_rule" }, baseline: "leave_one_out" }), "b of my_rule");
  const config = /** @type {any} */ ({ estimator: "rao", baseline: "group_mean" });
  const divided = barWords(config, fact, true, 0.32);
  assert.match(divided, /^line: mean of all 8 roots; .*; A is its length \/ 0\.32$/);
  assert.match(barWords(config, fact, true, NaN), /A is not its length$/);
});

const facts = (/** @type {number} */ count, at = 0.7) =>
  Array.from({ length: count }, (_, tree) => {
    return { ...root(at, 0.5), tree, root: tree, size: 3, depth: 1, live: false, was: null };
  });

test("columns have room for trees, for small ones, or for roots alone, which scroll", () => {
  const box = { width: 1040, height: 430, unit: 1 };
  const rooms = [1, 8, 20, 64, 200].map((count) => {
    const plan = planOf({ trees: facts(count), low: 0, high: 1.4 }, box);
    assert.ok(plan.top < plan.bottom && plan.bottom < plan.foot && plan.y(0) > plan.y(1.4));
    assert.ok(plan.x(count - 1) < plan.width);
    return [plan.room, plan.width > box.width];
  });
  const wanted = [["wide", false], ["wide", false], ["narrow", false], ["bare", false], ["bare", true]];
  assert.deepEqual(rooms, wanted);
  const [lost, found] = [NaN, 1].map((at) => planOf({ trees: facts(2, at), low: 0, high: 1 }, box).lane);
  assert.ok(lost !== null && found === null, "roots without a value have a line of their own");
});

test("a small tree stays inside the picture, at its root, and words stand where no node does", () => {
  const step = growTrees([{ status: 2, nodes: 30 }, { status: 2, nodes: 1 }]);
  const trees = facts(2, 0);
  const plan = planOf({ trees, low: 0, high: 1.4 }, { width: 1040, height: 430, unit: 1 });
  const hung = trees.map((tree, at) => {
    return hang(step, { ...tree, root: step.rootOf[at] }, plan, plan.x(at), plan.y(0), 1);
  });
  assert.deepEqual([hung[0].nodes.length, hung[0].nodes[0].y], [30, plan.y(0)]);
  assert.ok(hung[0].nodes.every((node) => node.y <= plan.bottom + 7 && node.x < plan.x(1)));
  const columns = hung.map((each, at) => ({ x: plan.x(at), tick: plan.y(1.2), hung: each }));
  assert.equal(roomFor(columns, plan, 60, 1)?.column, 1, "beside the smallest");
  const low = columns.map((column) => ({ ...column, tick: plan.y(0) }));
  assert.equal(roomFor(low, plan, 60, 1), null, "no room under the axis");
});

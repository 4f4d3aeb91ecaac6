// What views show, as data: outline rows, keys, the icicle, words and formulas.
import assert from "node:assert/strict";
import { test } from "node:test";
import { attribute } from "../src/credit/arithmetic.js";
import { cells, spans } from "../src/icicle/cells.js";
import { actionOf, moveInRows } from "../src/app/keys.js";
import { matches, stepRows, treeRows } from "../src/outline/rows.js";
import { shapeOf } from "../src/step/status.js";
import { Step } from "../src/step/store.js";
import { formulas, sentence, sources } from "../src/credit/words.js";
import { highlight } from "../src/shared/python.js";
import { taskName } from "../src/shared/text.js";
import { grow } from "./grow.js";

test("outline rows carry level, place and whether they are open", () => {
  const step = grow([-1, 0, 0, 1, 1]);
  const rows = treeRows(step, 0, new Set([1]));
  assert.deepEqual(rows.map((row) => [row.id, row.level, row.place, row.set, row.open]), [[0, 1, 1, 1, true], [1, 2, 1, 2, false], [2, 2, 2, 2, null]]);
});

test("a whole step opens task by task and tree by tree", () => {
  const step = grow([-1, 0]);
  assert.deepEqual(stepRows(step, new Set(), new Set(), new Set()).map((row) => row.key), ["g0"]);
  assert.deepEqual(stepRows(step, new Set([0]), new Set([0]), new Set()).map((row) => [row.key, row.level]), [["g0", 1], ["t0", 2], ["n0", 3], ["n1", 4]]);
});

test("search finds goals by their words and nodes by their path", () => {
  const step = grow([-1, 0, 0]);
  step.words = ["Craft b1", "count"];
  step.goal.set([0, 1, 0]);
  assert.deepEqual(matches(step, [0, 1, 2], "CRAFT"), [0, 2]);
  assert.deepEqual(matches(step, [0, 1, 2], "0.1"), [2]);
  assert.deepEqual(matches(step, [0, 1, 2], " "), []);
});

test("arrows move as in a tree view; brackets keep to siblings", () => {
  const rows = treeRows(grow([-1, 0, 0, 1]), 0, new Set());
  assert.deepEqual(moveInRows(rows, "n0", "down"), { select: "n1" });
  assert.deepEqual(moveInRows(rows, "n1", "in"), { select: "n3" });
  assert.deepEqual(moveInRows(rows, "n1", "out"), { toggle: "n1" });
  assert.deepEqual(moveInRows(rows, "n3", "out"), { select: "n1" });
  assert.deepEqual(moveInRows(rows, "n1", "next"), { select: "n2" });
  assert.equal(moveInRows(rows, "n3", "next"), null);
  assert.deepEqual(moveInRows(rows, "n1", "end"), { select: "n2" });
});

test("keys with Ctrl, Meta or Alt belong to the browser", () => {
  assert.equal(actionOf({ key: "f", ctrlKey: true }), null);
  assert.equal(actionOf({ key: "f" }), "follow");
  assert.equal(actionOf({ key: "ArrowLeft", shiftKey: true }), "stepBack");
  assert.equal(actionOf({ key: "4" }), null, "there is no fourth tab");
});

test("icicle spans nest and add up; siblings keep spawn order", () => {
  const step = grow([-1, 0, 0, 1]);
  const { start, width, total } = spans(step, [0], (row) => [1, 1, 4, 2][row]);
  assert.equal(total, 8);
  assert.deepEqual([...start].slice(0, 4), [0, 0, 3 / 8, 0]);
  assert.deepEqual([...width].slice(0, 4), [1, 3 / 8, 4 / 8, 2 / 8]);
});

test("cells under two pixels are averaged in their pixel column and counted", () => {
  const step = grow([-1, ...Array(100).fill(0)]);
  const span = spans(step, [0], () => 1);
  const value = Float64Array.from({ length: 101 }, (_, row) => (row % 2 ? 1 : -1));
  const found = cells(step, step.walk(0), span, value, 0, 1, 60);
  assert.deepEqual([found.drawn, found.merged, found.depths], [1, 100, 2]);
  assert.ok(found.cells.filter((cell) => cell.row < 0).every((cell) => Math.abs(cell.value) <= 1));
  assert.ok(found.cells.length <= 62);
});

test("an icicle without any weight draws nothing and does not divide by it", () => {
  const step = grow([-1, 0]);
  assert.equal(spans(step, [0], () => NaN).total, 0);
});

test("status is a shape, and not scored is not failed", () => {
  assert.equal(shapeOf(2, 1), "succeeded");
  assert.equal(shapeOf(2, 0.5), "partly");
  assert.equal(shapeOf(2, 0), "failed");
  assert.equal(shapeOf(2, NaN), "unscored");
  assert.equal(shapeOf(3, 0), "limit");
  assert.equal(shapeOf(7, NaN), "error");
});

/** The failing child of a tree whose other tree won: s 0, children 1 and 0. */
function told() {
  const step = grow([-1, 0, 0]);
  step.groups = [{ task: "t", goal: "", difficulty: "", probe: false }];
  const two = new Step(1);
  two.groups = step.groups;
  two.trees = [{ group: 0, rollout: 0, ended: 1, note: "" }, { group: 0, rollout: 1, ended: 1, note: "" }];
  two.reserve(4);
  two.n = 4;
  two.tree.set([0, 0, 0, 1]);
  two.parent.set([-1, 0, 0, -1]);
  two.depth.set([0, 1, 1, 0]);
  two.spawn.set([0, 0, 1, 0]);
  two.status.fill(2, 0, 4);
  two.wrote.fill(5, 0, 4);
  two.s.set([0, 1, 0, 1]);
  two.scored = true;
  two.link(0);
  const credit = attribute(two, two.config);
  return { step: two, credit, config: two.config };
}

test("the credit of a node in words", () => {
  const { step, credit, config } = told();
  const said = sentence(step, credit, config, 0, sources(step, credit, config, 0)).map((run) => run.text).join("");
  assert.equal(said, "It failed, so it earns nothing of its own. One of its two children succeeded, which pays 0.200. The other tree reaches 1.000, so it stands 0.800 below it: its tokens are made less likely, with weight 0.800.");
  const child = sentence(step, credit, config, 1, sources(step, credit, config, 1)).map((run) => run.text).join("");
  assert.equal(child, "It succeeded, which earns 1. The other tree reaches 1.000, so it stands level: its tokens are made neither more nor less likely.");
});

test("two children that succeeded are both of them", () => {
  const { step, config } = told();
  step.s[2] = 1;
  const credit = attribute(step, config);
  const said = sentence(step, credit, config, 0, sources(step, credit, config, 0)).map((run) => run.text).join("");
  assert.ok(said.startsWith("It failed, so it earns nothing of its own. Both of its children succeeded, which pays 0.400."), said);
});

test("the formulas carry the numbers in place", () => {
  const { step, credit, config } = told();
  const lines = formulas(step, credit, config, 0, sources(step, credit, config, 0));
  const text = lines.map((line) => line.right.map((run) => ("over" in run ? `(${run.over})/${run.under}` : run.text)).join(""));
  assert.deepEqual(text, ["= 0 + 0.40 \u00b7 (1 + 0)/2 = 0.200", "= 0.200 \u2212 1.000 = \u22120.800", "= (4 / 2)/2 \u00b7 (\u22120.800) = 1.000 \u00b7 (\u22120.800) = \u22120.800"]);
});

test("a node that is not scored is told so, without a zero", () => {
  const { step, config } = told();
  step.s[2] = NaN;
  const credit = attribute(step, config);
  const said = sentence(step, credit, config, 2, sources(step, credit, config, 2)).map((run) => run.text).join("");
  assert.match(said, /Not scored is not 0/);
});

test("Python is coloured in linear time and loses no character", () => {
  const code = `r = await launch_subagent({"a": 1}, 6) # go\nfor x in r: finish('''a\nb''')\n"open`;
  const runs = highlight(code);
  assert.equal(runs.map(([text]) => text).join(""), code);
  assert.ok(runs.some(([text, kind]) => text === "launch_subagent" && kind === "d"));
  assert.ok(runs.some(([text, kind]) => text === "await" && kind === "k"));
  const long = '"'.repeat(100_000) + "\\".repeat(100_000);
  const began = process.hrtime.bigint();
  assert.equal(highlight(long).map(([text]) => text).join("").length, long.length);
  assert.ok(process.hrtime.bigint() - began < 30_000_000_000n);
});

test("long task ids are named by their difficulty and number", () => {
  assert.equal(taskName({ task: "medium 017", difficulty: "medium" }), "medium 017");
  assert.equal(taskName({ task: "textcraft/small-0/easy/train/5243", difficulty: "easy" }), "easy 5243");
  assert.equal(taskName({ task: "textcraft_synth.train.0", difficulty: "" }), "train 0");
});

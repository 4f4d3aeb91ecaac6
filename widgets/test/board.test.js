// What the board says and draws, as data.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axisEnd, roundUp, spread, stepTicks, ticks } from "../src/shared/axis.js";
import { groupRows, groupWords, miniature, piled } from "../src/step/groups.js";
import { CATALOGUE } from "../src/board/catalogue.js";
import { columnsOf, digits, isKnown, linesOf, marked, packed } from "../src/board/measures.js";
import { endWords, planOf, shareFigures } from "../src/board/plan.js";
import { at, byDifficulty, curvesOf, wilson } from "../src/board/series.js";
import { figures, summary, tableTwin } from "../src/board/table.js";
import { fewWords, followWords, progressWords } from "../src/board/words.js";
import { roughly, stateOf, stateSentence, underWay } from "../src/board/words.js";
import { stepSentence } from "../src/step/states.js";
import { FINISHED, grow, growTrees } from "./grow.js";

const curves = curvesOf({
  step: [0, 1, 2, 3],
  columns: {
    "success_by_difficulty/medium/success": [null, 0.25, 0.5, 0.75],
    "success_by_difficulty/medium/tasks": [null, 16, 16, 16],
    "probe_success_by_difficulty/medium/success": [0, null, null, 0.5],
    "probe_success_by_difficulty/medium/tasks": [8, null, null, 8],
    "success_by_difficulty/easy/success": [null, 1, 1, 1],
    "success_by_difficulty/easy/tasks": [null, 4, 4, 4],
    success: [null, 0.4, 0.6, 0.8],
    nodes: [null, 3, 4.5, 6],
    "gradient_share_by_depth/0": [null, 1, 0.75, 0.5],
    "gradient_share_by_depth/1": [null, null, 0.25, 0.5],
    "refusals/depth": [null, 2, 0, 1],
    "refusals/turns": [null, 9, 4, null],
    "refusals/children": [null, 0, 0, 0],
    "signs/negative": [null, 5, 6, 7],
    "signs/positive": [null, 8, 9, 1234],
    unscored: [null, 0, 2, 1],
  },
}, ["easy", "medium", "hard"]);

/** @param {string} id */
const entry = (id) => /** @type {typeof CATALOGUE[0]} */ (CATALOGUE.find((each) => each.id === id));
const alone = [{ name: "", curves }];

test("Wilson's interval: 12 of 16 by hand, nothing known of nothing", () => {
  const [low, high] = wilson(0.75, 16);
  assert.ok(Math.abs(low - 0.50499) < 1e-4 && Math.abs(high - 0.898187) < 1e-4, `${low} ${high}`);
  assert.deepEqual(wilson(0, 0), [0, 1]);
  assert.ok(wilson(1, 10)[1] <= 1 && wilson(1, 10)[1] > 0.999);
});

test("success: one line a difficulty, easy first, probes after the trained and apart from them", () => {
  const lines = linesOf(entry("success_by_difficulty"), alone);
  assert.deepEqual(
    lines.map(({ name, probe, points, part }) => [name, probe, points.map((point) => point.step), part.kind]),
    [
      ["easy", false, [1, 2, 3], "difficulty"],
      ["medium", false, [1, 2, 3], "difficulty"],
      ["medium", true, [0, 3], "difficulty"],
    ],
  );
  assert.equal(lines[1].place, lines[2].place);
});

test("a line ends before a step without a value and begins anew behind it; probes are connected", () => {
  const gaps = curvesOf({
    step: [1, 2, 3, 4],
    columns: {
      "success_by_depth/3/success": [0.5, null, 1, 1],
      "success_by_depth/3/nodes": [2, null, 3, 3],
      "probe_success_by_task/a": [0, null, 1, null],
    },
  });
  const broken = (/** @type {string} */ id) => {
    return linesOf(entry(id), [{ name: "", curves: gaps }])[0].points.map((point) => !!point.broken);
  };
  assert.deepEqual(broken("success_by_depth"), [false, true, false]);
  assert.deepEqual(broken("probe_success_by_task"), [false, false]);
});

test("runs over each other: the words at the end of a line name the run; each has its own columns", () => {
  const other = curvesOf({ step: [1], columns: { entropy: [0.25], "refusals/depth": [3] } });
  const own = curvesOf({ step: [1], columns: { entropy: [0.5] } });
  const runs = [{ name: "a", curves: own }, { name: "b", curves: other }];
  const plan = planOf(entry("entropy"), runs, 0);
  assert.deepEqual(plan.fields[0].lines.map((line) => endWords(plan, line)), [
    { bold: "0.50", plain: "a", short: "a" },
    { bold: "0.25", plain: "b", short: "b" },
  ]);
  assert.deepEqual(planOf(entry("refusals"), runs, 0).columns?.kinds, []);
  assert.deepEqual(planOf(entry("refusals"), runs, 1).columns?.rows, [{ step: 1, parts: [3], total: 3 }]);
});

test("the plots in words: of one step no course is told", () => {
  const columns = { "probe_success_by_difficulty//success": [1], "probe_success_by_difficulty//tasks": [4] };
  const words = summary([{ name: "", curves: curvesOf({ step: [0], columns }) }], 0);
  assert.match(words, /^Step 0 alone\. Root success, all tasks, probes: 1\.00 at step 0 \(95 %/);
  assert.match(summary(alone, 3), /^3 steps, up to 3\..* 0\.25 at step 1, 0\.75 at step 3 /);
});

test("a metric that a run did not record is unknown and not 0", () => {
  assert.equal(isKnown(entry("kl"), alone), false);
  assert.deepEqual(linesOf(entry("kl"), alone), []);
  const never = curvesOf({ step: [1], columns: { unscored: [0] } });
  assert.equal(isKnown(entry("unscored"), [{ name: "", curves: never }]), true);
});

test("numbers of any size are short", () => {
  const marks = ["seconds", "percent", "one", "share"].map((format) => {
    return [0, 5, 0.25].map(marked({ ...entry("loss"), format }));
  });
  assert.deepEqual(marks, [
    ["0", "5 s", "0.3 s"], ["0 %", "500 %", "25 %"], ["0", "5", "0.3"], ["0", "5", "0.25"],
  ]);
  const shown = [0, 0.5, 12.34, -0.0598, 0.000123, 2e-7, 123456, -2500].map(digits);
  const due = ["0", "0.5", "12.3", "-0.0598", "1.2e-4", "2e-7", "123.5k", "-2.5k"];
  assert.deepEqual(shown, due.map((text) => text.replace("-", "\u2212")));
});

test("difficulties stand in the order of the world, and those that it does not name follow", () => {
  const world = ["tutorial", "hard", "nightmare"];
  assert.deepEqual(byDifficulty(["nightmare", "zeta", "hard", "tutorial"], world), [...world, "zeta"]);
  assert.deepEqual(byDifficulty(["b", "a"], []), ["b", "a"]);
});

test("shares are columns: a depth that a step has not reached is a gap; many steps share one", () => {
  const whole = (/** @type {number} */ step) => ({ step, parts: [1, 1, 0], total: 2 });
  const rows = [whole(1), { step: 2, parts: [3, 0, 1], total: 4 }, whole(4)];
  const apart = packed(rows, { x: (step) => 10 * step, u: 1 }, true);
  assert.deepEqual(apart.columns, [
    { x: 10, parts: [0.5, 0.5, 0] },
    { x: 20, parts: [0.75, 0, 0.25] },
    { x: 40, parts: [0.5, 0.5, 0] },
  ]);
  assert.ok(apart.half * 2 < 10, "columns of neighbours do not touch");
  const dense = packed(rows, { x: (step) => 0.4 * step, u: 1 }, true);
  assert.equal(dense.columns.length, 1);
  assert.ok(Math.abs(dense.columns[0].parts.reduce((sum, part) => sum + part, 0) - 1) < 1e-12);
});

test("shares as figures stand in the middle of their parts; a part that is a line has none", () => {
  const three = shareFigures({ parts: [3, 0.01, 1], total: 4.01 });
  assert.deepEqual(three.map(({ level }) => level), [0, 2]);
  const [low, high] = shareFigures({ parts: [3, 1], total: 4 });
  assert.deepEqual([low.share, low.middle, high.share, high.middle], [0.75, 0.375, 0.25, 0.875]);
});

test("columns: steps without figures are left out, a missing part counts nothing", () => {
  const { kinds, rows } = columnsOf(entry("gradient_share_by_depth"), curves);
  assert.deepEqual(kinds.map(({ name }) => name), ["depth 0", "depth 1"]);
  assert.deepEqual(rows, [
    { step: 1, parts: [1, 0], total: 1 },
    { step: 2, parts: [0.75, 0.25], total: 1 },
    { step: 3, parts: [0.5, 0.5], total: 1 },
  ]);
});

test("kinds: most frequent first, those that never happened are left out, and the rarest are one", () => {
  assert.deepEqual(columnsOf(entry("refusals"), curves).kinds.map(({ name }) => name), ["turns", "depth"]);
  const many = Object.fromEntries([..."abcdefg"].map((name, i) => [`refusals/${name}`, [10 - i]]));
  const found = columnsOf(entry("refusals"), curvesOf({ step: [1], columns: many }));
  assert.deepEqual(found.kinds.map(({ name }) => name), ["a", "b", "c", "d", "3 more kinds"]);
  assert.deepEqual(found.rows, [{ step: 1, parts: [10, 9, 8, 7, 15], total: 49 }]); // no total lacks a kind
});

test("ticks are round and cover the range", () => {
  assert.deepEqual(ticks(0, 1, 4), [0, 0.25, 0.5, 0.75, 1]);
  assert.deepEqual(ticks(0, 400, 4), [0, 100, 200, 300, 400]);
  assert.deepEqual(ticks(0, 3, 5, true), [0, 1, 2, 3]);
  assert.deepEqual(ticks(5, 5, 3), [5]);
  assert.deepEqual([stepTicks(1, 5), stepTicks(2, 5), stepTicks(3, 1)], [[0, 1], [0, 1, 2], [0, 3]]);
  const second = (/** @type {number} */ last, wanted = 5) => stepTicks(last, wanted)[1];
  assert.deepEqual([second(10, 4), second(12), second(400)], [5, 3, 100]);
  assert.deepEqual([stepTicks(33, 5), stepTicks(7, 5)], [[0, 10, 20, 33], [0, 2, 4, 7]]);
  for (let last = 1; last < 700; last += 1) {
    for (const wanted of [1, 2, 3, 4, 5]) {
      const marks = stepTicks(last, wanted);
      assert.ok(marks[0] === 0 && marks.at(-1) === last && marks.length <= wanted + 1, `${last}/${wanted}`);
    }
  }
  assert.equal(roundUp(11.9), 15);
  assert.equal(roundUp(0), 1);
});

test("labels keep their distance and stay inside", () => {
  assert.deepEqual(spread([10, 12, 50], 14, 0, 60), [10, 24, 50]);
  assert.deepEqual(spread([58, 59], 14, 0, 60), [46, 60]);
});

test("the figure of a step that has none is a dash, and nothing is compared with it", () => {
  const rows = Object.fromEntries(figures(curves, 1).map((row) => [row.label, row]));
  assert.deepEqual(rows.success, { label: "success", value: "0.40", change: "" });
  const third = Object.fromEntries(figures(curves, 3).map((row) => [row.label, row]));
  assert.deepEqual(third.success, { label: "success", value: "0.80", change: "+0.20" });
  assert.deepEqual(third.unscored, { label: "unscored", value: "1", change: "\u22121" });
  assert.equal(third["signs \u2212 / +"].value, "7 / 1,234");
  assert.equal(third.entropy.value, "\u2013");
  assert.equal(
    figures({ ...curves, columns: { ...curves.columns, unscored: [0, 0, 0, 0] } }, 3).find(
      (row) => row.label === "unscored",
    )?.change,
    "",
  );
});

test("at: only the very step counts", () => {
  const marks = [{ step: 0 }, { step: 5 }];
  assert.equal(at(marks, 5), marks[1]);
  assert.equal(at(marks, 4), undefined);
});

test("progress in words, with what is left while it moves and without while it rests", () => {
  const session = {
    state: "training",
    live: true,
    step: 7,
    total: 40,
    seconds: 60,
    step_seconds: 3,
    checkpoints: [5, 6, 7],
    sampling: 8,
    phase: "sample",
    of: 64,
    trees: 23,
    alive: 120,
    nodes: 300,
  };
  assert.deepEqual(progressWords(session, 2), {
    step: "step 7 of 40",
    left: "about 2 min left",
    so: "1 min 2 s so far, about 3.0 s a step, last checkpoint at 7",
    now: "now sampling: 23 of 64 trees, 120 nodes alive",
  });
  assert.equal(underWay(session), 23 / 64);
  assert.equal(progressWords({ ...session, state: "paused" }, 100).left, "");
  assert.equal(
    progressWords({ ...session, state: "paused" }, 100).so,
    "1 min 0 s so far, about 3.0 s a step, last checkpoint at 7",
  );
  assert.equal(progressWords({ ...session, live: false, state: "finished" }, 0).now, "");
  assert.equal(roughly(8000), "2 h");
});

test("states in words: a button's wish shows at once, silence is said, a pause says what is kept", () => {
  const live = { state: "training", live: true, resting: false };
  assert.deepEqual(stateOf(live, 0), { kind: "live", text: "live" });
  assert.deepEqual(stateOf(live, 0, "pause"), { kind: "paused", text: "pausing" });
  assert.deepEqual(stateOf({ ...live, state: "paused" }, 0), { kind: "paused", text: "pausing" });
  const paused = { ...live, state: "paused", resting: true };
  assert.deepEqual(stateOf(paused, 0), { kind: "paused", text: "paused" });
  assert.equal(followWords(paused, 2), "paused at 2");
  assert.equal(followWords({ ...live, state: "stopped" }, null), "stopped");
  assert.equal(followWords(live, 2), "live 2");
  assert.equal(stateOf({ state: "failed", live: false }, 0).kind, "failed");
  assert.equal(
    stateSentence({ state: "following", live: true, silent: 14, writer: "a.rao" }, 247, 0),
    "No word from a.rao for 14 s; you see step 247",
  );
  assert.equal(
    stateSentence({ state: "training", live: true }, 3, 20),
    "No word from the kernel for 20 s; you see step 3",
  );
  assert.equal(
    stateSentence(
      {
        state: "paused",
        resting: true,
        live: true,
        step: 247,
        sampling: 248,
        trees: 71,
        probes: 0,
        alive: 9,
        nodes: 600,
      },
      247,
      0,
    ),
    "Paused in step 248: 71 finished trees and 9 nodes under way are kept",
  );
  assert.match(
    stateSentence({ state: "failed", live: false, error: "OSError: disk" }, 2, 0),
    /OSError: disk/,
  );
  assert.equal(stateSentence({}, null, 99), "");
  assert.equal(
    stateSentence({ state: "following", live: true, problems: "step 3 cannot be read" }, 2, 0),
    "In this run, step 3 cannot be read",
  );
});

test("groups: R once there is credit, success before, probes last", () => {
  const step = grow([-1, 0, 0]);
  step.s[0] = 1;
  step.groups.push({ task: "p", goal: "", difficulty: "", probe: true });
  const early = groupRows(step, step.R);
  assert.equal(early.by, "s");
  assert.deepEqual(early.rows[0].roots, [{ tree: 0, value: 1 }]);
  assert.equal(early.rows[1].first, -1);
  step.scored = true;
  step.R[0] = 1.4;
  assert.deepEqual(groupRows(step, step.R).rows[0].roots, [{ tree: 0, value: 1.4 }]);
});

test("groups: the widest spread first once a step has ended, in their places before, probes last", () => {
  const step = growTrees([1, 2, 3, 4].map(() => ({ status: FINISHED, nodes: 1 })));
  step.groups = ["narrow", "wide"].map((task) => ({ task, goal: "", difficulty: "", probe: false }));
  step.trees.forEach((tree, i) => (tree.group = i < 2 ? 0 : 1));
  step.R.set([1, 1, 0, 1.4]);
  const names = () => groupRows(step, step.R).rows.map((row) => row.task);
  assert.deepEqual(names(), ["narrow", "wide"]);
  step.scored = true;
  assert.deepEqual(names(), ["wide", "narrow"]);
  assert.equal(groupWords(groupRows(step, step.R).rows, true), "2 tasks, widest spread first");
});

test("roots at one point are counted there, and none is lost", () => {
  assert.deepEqual(piled([1.4, 1.4, 0, 1.4, 1.4, 1.4], 1.4), [
    { value: 1.4, size: 5 },
    { value: 0, size: 1 },
  ]);
});

test("a miniature stands about its middle and keeps spawn order", () => {
  const step = grow([-1, 0, 0, 2]);
  assert.deepEqual(miniature(step, 0), [
    { row: 0, x: 0, y: 0, above: -1 },
    { row: 1, x: 1, y: -0.5, above: 0 },
    { row: 2, x: 1, y: 0.5, above: 0 },
    { row: 3, x: 2, y: 0.5, above: 2 },
  ]);
});

test("the table twin holds what the plots show, newest first", () => {
  const { head, rows, left } = tableTwin(alone, 2);
  assert.equal(left, 2);
  assert.deepEqual(
    rows.map((row) => row[0]),
    ["3", "2"],
  );
  const medium = rows[0][head.indexOf("Root success by difficulty, medium")];
  assert.equal(medium, "0.75 (0.51 to 0.90; of 16 roots)");
  assert.equal(rows[1][head.indexOf("Root success by difficulty, medium, probes")], "\u2013");
});

test("the axis ends at the run's last step, nearer while few are done, at the newest without a total", () => {
  assert.deepEqual(
    [axisEnd(0, 400), axisEnd(8, 400), axisEnd(9, 400), axisEnd(247, 400), axisEnd(3, 6), axisEnd(7, 0)],
    [10, 10, 20, 400, 6, 7],
  );
});

test("of trees that were run outside training, no credit is promised", () => {
  const step = /** @type {any} */ ({ step: 0, state: "credit_coming" });
  assert.match(stepSentence(step, { state: "following", live: true }), /credit comes when all trees/);
  const evaluated = { state: "following", live: true, kind: "evaluation" };
  assert.match(stepSentence(step, evaluated), /^Run, and not trained: no credit/);
});

test("a page saved in the middle of training says that it stands still", () => {
  assert.deepEqual(stateOf({ state: "saved", live: false }, 0), { kind: "over", text: "as saved" });
  assert.equal(stateSentence({ state: "saved", live: false }, 3, 900), "");
});

test("no axis names a step that the run does not have, and words say what comes", () => {
  assert.deepEqual(
    [axisEnd(1, 1), axisEnd(2, 2), axisEnd(3, 3), axisEnd(4, 4), axisEnd(1, 400), axisEnd(2, 0)],
    [1, 2, 3, 4, 10, 2],
  );
  const of = (/** @type {number[]} */ step) => curvesOf({ step, columns: {} });
  assert.equal(fewWords(of([0, 1]), { live: true, total: 10, step: 1 }), "1 of 10 steps: each adds a point");
  assert.equal(fewWords(of([0, 1, 2]), { live: true, step: 2 }), "2 steps so far: each adds a point");
  assert.equal(
    fewWords(of([0, 1, 2, 3]), { live: false, total: 3, step: 3 }),
    "3 steps: points, no curve yet",
  );
  assert.equal(
    fewWords(of([0]), { live: true, total: 10, step: 0 }),
    "Probes before training: each step adds a point",
  );
  assert.equal(fewWords(of([1, 2, 3, 4]), { live: true }), "");
  assert.equal(fewWords(of([]), { live: true }), "");
  assert.equal(fewWords(of([0]), { live: false, kind: "evaluation" }), "");
});

test("why training failed is one sentence, whether or not the reason ends with a full stop", () => {
  const words = "Training failed: OSError: no space left. Every finished step is kept.";
  for (const error of ["OSError: no space left", "OSError: no space left.", "OSError: no space left.\n"]) {
    assert.equal(stateSentence({ state: "failed", error }, 2, 0), words);
  }
});

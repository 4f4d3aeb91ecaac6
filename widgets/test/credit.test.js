// The arithmetic of credit, and what is said of it.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { asPython, attribute, changed, flips, sameRule, signFlips } from "../src/credit/arithmetic.js";
import { credited, directions } from "../src/credit/changes.js";
import { stackedRoots } from "../src/credit/origins.js";
import { HIGH, TOP, scaleOf } from "../src/credit/columns.js";
import { boxOf, marksOf } from "../src/credit/recorded.js";
import { ruleWord, ruleWords } from "../src/step/shown.js";
import { Rule } from "../src/credit/rule.js";
import { formulas } from "../src/credit/formulas.js";
import { sentence, sources } from "../src/credit/words.js";
import { Step } from "../src/step/store.js";
import { WHY_NOT } from "../src/step/status.js";
import { compareAll, tableOf } from "./agree.js";
import { grow } from "./grow.js";

/** @type {import("../src/step/types.js").CreditConfig} */
const PAPER = {
  lam: 0.4,
  bonus: "mean",
  cap: null,
  estimator: "rao",
  baseline: "leave_one_out",
  std: false,
  depth_weighting: "inverse_frequency",
};

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
  assert.deepEqual(
    [...out.share].map((x) => Number(x.toFixed(6))),
    [0.190476, 0, 0.238095, 0.571429],
  );
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
  const out = attribute(
    tableOf([{ group: 0, tree: 0, parent: -1, depth: 0, s: 1, status: "finished", tokens: 5 }]),
    PAPER,
  );
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

test("plus, minus, 0 and no credit are four signs; rounding noise is 0", () => {
  assert.equal(flips(1e-16, 0), false);
  assert.equal(flips(1e-16, -0.3), true);
  assert.equal(flips(0.2, -0.3), true);
  assert.equal(flips(NaN, -0.3), true);
  assert.equal(flips(NaN, NaN), false);
});

test("a what-if counts each change by direction, of the nodes that have credit", () => {
  const step = grow([-1, 0, 0, 0, 0]);
  for (let row = 0; row < step.n; row += 1) step.A[row] = row ? (row === 1 ? -0.2 : 0.1) : NaN;
  const A = Float64Array.from(step.A);
  [A[1], A[2], A[3]] = [0.2, 0, NaN];
  const recorded = step.recorded();
  const credit = { ...recorded, A };
  const flipped = signFlips(recorded, credit, step.n);
  const shown = /** @type {any} */ ({ step, recorded, credit, flipped });
  assert.deepEqual(flipped, [1, 2, 3]);
  assert.deepEqual(
    directions(shown).map(({ words, rows }) => [words, rows]),
    [
      ["\u2212 to +", [1]],
      ["+ to 0", [2]],
      ["+ to no credit", [3]],
    ],
  );
  assert.equal(credited(shown), step.n - 1);
});

test("grpo_mean takes the group's mean with it", () => {
  assert.equal(changed(PAPER, { estimator: "grpo_mean" }).baseline, "group_mean");
  assert.equal(sameRule(PAPER, { ...PAPER }), true);
  assert.equal(
    asPython(PAPER),
    'rl.CreditConfig(lam=0.4, estimator="rao", baseline="leave_one_out", ' +
      'depth_weighting="inverse_frequency")',
  );
});

const golden = new URL("../../tests/golden/credit.json", import.meta.url);

const skip = !existsSync(golden) && "no golden file";

test("agrees with rao_lab/credit on the golden batches", { skip }, () => {
  const file = JSON.parse(readFileSync(golden, "utf8"));
  assert.deepEqual(
    file.why_not.map((/** @type {string | null} */ word) => word ?? ""),
    WHY_NOT,
  );
  const found = compareAll(file);
  assert.ok(found.cases > 100 && found.numbers > 10_000);
  assert.deepEqual(found.wrong, []);
});

test("a what-if that equals the recorded rule is none", () => {
  const step = grow([-1, 0]);
  const rule = new Rule();
  rule.change(step, { lam: 0.9 });
  assert.equal(rule.other?.lam, 0.9);
  rule.change(step, { lam: step.config.lam });
  assert.equal(rule.other, null);
});

/** The failing child of a tree whose other tree won: s 0, children 1 and 0. */
function told() {
  const step = new Step(1);
  step.groups = [{ task: "t", goal: "", difficulty: "", probe: false }];
  step.trees = [0, 1].map((rollout) => ({ group: 0, rollout, ended: 1, note: "" }));
  step.reserve(4);
  step.n = 4;
  step.tree.set([0, 0, 0, 1]);
  step.parent.set([-1, 0, 0, -1]);
  step.depth.set([0, 1, 1, 0]);
  step.spawn.set([0, 0, 1, 0]);
  step.status.fill(2, 0, 4);
  step.wrote.fill(5, 0, 4);
  step.window.fill(128, 0, 4);
  step.s.set([0, 1, 0, 1]);
  step.scored = true;
  step.link(0);
  return { step, credit: attribute(step, step.config), config: step.config };
}

/** @param {ReturnType<typeof told>} shown @param {number} row */
const said = (shown, row) =>
  sentence(shown, row, sources(shown, row))
    .map((run) => run.text)
    .join("");

test("the credit of a node in words", () => {
  assert.equal(
    said(told(), 0),
    "It failed, so it earns nothing of its own. One of its two children succeeded, which pays 0.200. " +
      "The other tree reaches 1.000, so it stands 0.800 below it. Its tokens are made less likely: their " +
      "coefficient w\u202fA is \u22120.800.",
  );
  assert.equal(
    said(told(), 1),
    "It succeeded, which earns 1. The other tree reaches 1.000, so it stands level. Its tokens are made " +
      "neither more nor less likely.",
  );
});

test("a sentence and a formula say what each rule compares with", () => {
  const by = (/** @type {object} */ change, /** @type {(number | null)[] | null} */ moving = null) => {
    const { step } = told();
    step.moving = moving;
    const config = { ...step.config, ...change };
    return { step, config, credit: attribute(step, config) };
  };
  const [siblings, moving] = [{ estimator: "tree_relative" }, { baseline: "moving" }];
  const mine = { rule: "mine" };
  const given = by({});
  given.config = { ...given.config, estimator: mine };
  const free = { ...given, credit: { ...given.credit, A: Float64Array.of(0.5, 0.5, 0.5, 0.5) } };
  /** @type {[ReturnType<typeof by>, number, string, string][]} */
  const cases = [
    [by(siblings), 1, "Its other sibling that is scored reaches 0.000", " \u2212 0.000"],
    [by({ ...siblings, baseline: "group_mean" }), 1, "Its two siblings, itself included", "1.00 + 0.00"],
    [by(siblings), 0, "The other tree reaches 1.000", " \u2212 1.000"],
    [by(moving, [0.5, 0.25]), 1, "Over the steps before, nodes at depth 1 reached about 0.250", "0.250"],
    [by(moving, []), 1, "No earlier mean of depth 1 is known; that of this step is 0.500", "0.5"],
    [by({ estimator: "rao_root_adv" }), 2, "so its root stands 0.800 below it", " \u2212 1.000"],
    [given, 1, "The rule mine compares it with 1.000, so it stands level", " \u2212 1.000"],
    [free, 1, "The rule mine gives it an advantage of +0.500. Its tokens", "+0.500"],
  ];
  for (const [shown, row, words, formula] of cases) {
    assert.ok(said(shown, row).includes(words), `${said(shown, row)} lacks ${words}`);
    const { right } = formulas(shown, row, sources(shown, row))[1];
    const text = right.map((run) => ("over" in run ? run.over : run.text)).join("");
    assert.ok(text.includes(formula), `${text} lacks ${formula}`);
  }
});

test("two children that succeeded are both of them", () => {
  const shown = told();
  shown.step.s[2] = 1;
  const words = said({ ...shown, credit: attribute(shown.step, shown.config) }, 0);
  const both = "Both of its children succeeded, which pays 0.400.";
  assert.ok(words.startsWith(`It failed, so it earns nothing of its own. ${both}`), words);
});

test("the formulas carry the numbers in place", () => {
  const shown = told();
  const text = formulas(shown, 0, sources(shown, 0)).map(({ right }) => {
    return right.map((run) => ("over" in run ? `(${run.over})/${run.under}` : run.text)).join("");
  });
  assert.deepEqual(text, [
    "= 0 + 0.40 \u00b7 (1 + 0)/2 = 0.200",
    "= 0.200 \u2212 1.000 = \u22120.800",
    "= (4 / 2)/2 \u00b7 (\u22120.800) = 1.000 \u00b7 (\u22120.800) = \u22120.800",
  ]);
});

test("a node that is not scored is told so, without a zero", () => {
  const shown = told();
  shown.step.s[2] = NaN;
  assert.match(said({ ...shown, credit: attribute(shown.step, shown.config) }, 2), /Not scored is not 0/);
});

test("roots at one point stand on each other, as high as they are many", () => {
  const roots = [1.4, 1.4, 0, 1.4, 1.4, 1.4, 1.4].map((R, tree) => ({ R, tree, rollout: tree, own: false }));
  const places = stackedRoots(/** @type {any} */ (roots), (R) => R * 100);
  assert.deepEqual(places.map(({ high }) => high), [0, 0, 1, 2, 3, 4, 5]);
});

test("the axis of a what-if holds what was recorded, and no word stands on another", () => {
  // lambda from 3 to 0.4, and to 0: recorded A +0.9 and wA +0.555 beside an A below 0
  const cases = [[[1.7, 0.9, 0.555], [0.4, -0.4, -0.247]], [[1.4, 0.1, 0.075], [1, 0.333, 0.25]]];
  for (const [recorded, now] of cases) {
    for (const width of [360, 544, 720, 796, 1100]) {
      const was = ["R", "A", "c"].map((name, i) => ({ name, value: recorded[i] }));
      const scale = scaleOf([0, 0.8, ...now, ...recorded], width);
      for (const { value } of was) assert.ok(scale.y(value) >= TOP && scale.y(value) <= TOP + HIGH);
      assert.ok(scale.x("s") - scale.bar / 2 >= 33.9); // "-0.25" stands free
      const weight = boxOf((scale.x("A") + scale.x("c")) / 2, scale.y(now[1] / 2), 54);
      const marks = marksOf(scale, /** @type {any} */ (was), { bars: [], words: [weight] });
      const boxes = [weight, ...marks.flatMap(({ word }) => (word ? [boxOf(word.x, word.y, 52)] : []))];
      assert.ok(boxes.length === 4 || width < 500, `${width}`);
      for (const [i, a] of boxes.entries()) {
        assert.ok(a.left >= 0 && a.right <= width && a.top >= 34, `${width}: ${JSON.stringify(a)}`);
        for (const z of boxes.slice(i + 1)) {
          const apart = a.right <= z.left || z.right <= a.left;
          assert.ok(apart || a.bottom <= z.top || z.bottom <= a.top, `${width}`);
        }
      }
    }
  }
});

test("the rule of a step is called what it is: nobody may have said which it was", () => {
  for (const [usual, words] of /** @type {[boolean, string][]} */ ([[true, "usual"], [false, "recorded"]])) {
    const step = /** @type {any} */ ({ usual });
    assert.equal(ruleWord(step), words);
    assert.match(ruleWords(step), new RegExp(words));
  }
});

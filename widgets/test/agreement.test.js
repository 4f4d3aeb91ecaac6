// What the board says and draws of a judge beside the verifier.
import assert from "node:assert/strict";
import { test } from "node:test";
import { agreementRows, noneWords } from "../src/board/agreement.js";
import { CATALOGUE } from "../src/board/catalogue.js";
import { asides, overlaid } from "../src/board/intervals.js";
import { columnsOf, linesOf } from "../src/board/measures.js";
import { endWords, planOf } from "../src/board/plan.js";
import { curvesOf } from "../src/board/series.js";

/** @param {string} id */
const entry = (id) => /** @type {typeof CATALOGUE[0]} */ (CATALOGUE.find((each) => each.id === id));

test("judge and verifier: a row in all, by depth in order, by length; none of a step without a check", () => {
  /** @param {string} prefix @param {(number | null)[]} cells nodes, both, agreement, kappa */
  const part = (prefix, cells) => {
    const names = ["nodes", "both", "agreement", "kappa"];
    return Object.fromEntries(names.map((name, i) => [`${prefix}/${name}`, [null, cells[i]]]));
  };
  const known = curvesOf({ step: [1, 2], columns: {
    ...part("judge_agreement", [1200, 6, 0.8, -0.05]),
    ...part("judge_by_depth/10", [1, 1, 1, null]),
    ...part("judge_by_depth/2", [9, 5, 0.75, 0.5]),
    ...part("judge_by_length/short", [5, 5, 1, null]),
    "judge_by_length/short/least_tokens": [null, 12], "judge_by_length/short/most_tokens": [null, 1080],
    ...part("judge_by_length/middle", [3, 3, 1, null]),
    "judge_by_length/middle/least_turns": [null, 1], "judge_by_length/middle/most_turns": [null, 1],
    ...part("judge_by_length/long", [2, 2, 1, null]),
  } });
  const rows = agreementRows(known, 2);
  assert.deepEqual(
    rows.map(({ name, first, share, cells }) => [name, first, share, cells[0], cells[6]]),
    [
      ["all", false, 0.8, "1,200", "\u22120.05"],
      ["depth 2", true, 0.75, "9", "0.50"],
      ["depth 10", false, 1, "1", "\u2013"],
      ["short, 12 to 1,080 tokens", true, 1, "5", "\u2013"],
      ["middle, 1 turn", false, 1, "3", "\u2013"],
      ["long transcripts", false, 1, "2", "\u2013"],
    ],
  );
  assert.deepEqual(agreementRows(known, 1), []);
  assert.deepEqual(agreementRows(known, 3), []);
});

test("a step that nothing was compared in is told in a sentence that says why", () => {
  const words = (/** @type {number[]} */ [asked]) => {
    const columns = { "judge_agreement/nodes": [0], "judge_agreement/unscored": [asked] };
    const [row] = agreementRows(curvesOf({ step: [4], columns }), 4);
    assert.equal(row.cells[0], "0");
    return noneWords(4, row);
  };
  const begin = "Step 4: judge and verifier cannot be compared,";
  assert.equal(words([3]), `${begin} no verdict on 3 asked for.`);
  assert.equal(words([0]), `${begin} no node was checked.`);
});

test("a line that ends early names its step; plus or minus stands in a plot of even intervals alone", () => {
  const checked = curvesOf({
    step: [1, 2],
    columns: {
      "judge_by_depth/0/agreement": [0.5, 0.5],
      "judge_by_depth/0/nodes": [8, 8],
      "judge_by_depth/1/agreement": [0, null],
      "judge_by_depth/1/nodes": [2, null],
    },
  });
  const words = (/** @type {typeof checked} */ curves) => {
    const plan = planOf(entry("judge_by_depth"), [{ name: "", curves }], 0);
    return plan.fields[0].lines.map((line) => Object.values(endWords(plan, line)).slice(0, 2).join(" "));
  };
  assert.deepEqual(words(checked), ["depth 0 0.50 (0.22 to 0.78)", "depth 1, step 1: 0.00 (0.00 to 0.66)"]);
  delete checked.columns["judge_by_depth/1/agreement"];
  assert.deepEqual(words(checked), ["depth 0 0.50 \u00b1 0.28"]);
});

test("a line without an interval that ends early names its step; its axis has a scale", () => {
  const columns = { "judge_agreement/balanced": [0.42, null], "judge_agreement/kappa": [-0.17, 0.1] };
  const curves = curvesOf({ step: [3, 4], columns });
  const plan = planOf(entry("judge_chance"), [{ name: "", curves }], 0);
  const [{ lines, marks }] = plan.fields;
  assert.deepEqual(lines.map((line) => Object.values(endWords(plan, line)).slice(0, 2)), [
    ["0.42", "balanced, step 3"], ["0.10", "kappa"],
  ]);
  assert.ok(marks.length > 1 && marks.includes(0), `${marks}`);
});

test("intervals on each other stand beside each other, those that lie apart at their step", () => {
  const lines = (/** @type {number[]} */ ...shares) => {
    const named = (/** @type {string} */ what, /** @type {(share: number) => number} */ of) => {
      return shares.map((share, i) => [`judge_by_depth/${i}/${what}`, [of(share), of(share)]]);
    };
    const both = [...named("agreement", (share) => share), ...named("nodes", () => 40)];
    const columns = Object.fromEntries(both);
    return linesOf(entry("judge_by_depth"), [{ name: "", curves: curvesOf({ step: [1, 2], columns }) }]);
  };
  const scale = /** @type {any} */ ({ u: 1, x: (/** @type {number} */ step) => 60 * step });
  const found = [lines(0.5, 0.55), lines(0.1, 0.9), lines(0.5)].map(overlaid);
  assert.deepEqual(found, [true, false, false]);
  assert.deepEqual(asides(lines(0.5, 0.55, 0.6), scale), [-5, 0, 5]);
  assert.deepEqual(asides(lines(0.1, 0.9), scale), [0, 0]);
});

test("verdicts partition the judged nodes: those known already and those tried again count once", () => {
  const steps = [
    { verdicts: 6, calls: 7, retries: 1, cached: 1, failed: 2 },
    { calls: 12, retries: 4, failed: 8 },
  ];
  const names = ["verdicts", "calls", "retries", "cached", "failed"];
  const columns = Object.fromEntries(names.map((name) => {
    return [`judge/${name}`, steps.map((step) => /** @type {any} */ (step)[name] ?? 0)];
  }));
  const parts = (/** @type {string} */ id) => columnsOf(entry(id), curvesOf({ step: [1, 2], columns }));
  const kinds = parts("judge_verdicts").kinds.map(({ name }) => name);
  assert.deepEqual(kinds, ["given", "known already", "no verdict"]);
  assert.deepEqual(parts("judge_verdicts").rows, [
    { step: 1, parts: [5, 1, 2], total: 8 }, { step: 2, parts: [0, 0, 8], total: 8 },
  ]);
  assert.deepEqual(parts("judge_calls").rows.map(({ parts: each }) => each), [[6, 1], [8, 4]]);
});

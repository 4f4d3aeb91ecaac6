// What the board's plots draw, on a canvas that keeps what it is told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CATALOGUE } from "../src/board/catalogue.js";
import { drawPlan } from "../src/board/curves.js";
import { endLabels } from "../src/board/pens.js";
import { planOf } from "../src/board/plan.js";
import { tailOf } from "../src/board/plots.js";
import { curvesOf } from "../src/board/series.js";
import { fewWords } from "../src/board/words.js";

/**
 * What a plot of steps at 60 px each draws: lines with ink and points, and words with their place.
 * @param {string} id @param {import("../src/board/series.js").Curves} curves @param {number} chosen
 * @param {boolean} [large]
 */
function drawnBy(id, curves, chosen, large = false) {
  /** @type {any[]} */
  let path = [];
  /** @type {{ink: string, xs: number[]}[]} */
  const lines = [];
  /** @type {{text: string, x: number}[]} */
  const words = [];
  const known = {
    beginPath: () => (path = []),
    moveTo: (/** @type {number} */ x) => path.push(x),
    lineTo: (/** @type {number} */ x) => path.push(x),
    stroke: () => lines.push({ ink: context.strokeStyle, xs: path }),
    measureText: (/** @type {string} */ text) => ({ width: text.length * 6 }),
    fillText: (/** @type {string} */ text, /** @type {number} */ x) => words.push({ text, x }),
  };
  /** @type {any} */
  const context = new Proxy(/** @type {any} */ (known), {
    get: (own, name) => own[name] ?? (() => {}),
  });
  const sequential = ["s0", "s1", "s2", "s3", "s4", "s5"].map((_, i) => `#00000${i}`);
  const p = { unit: 1, family: "x", page: "page", rule: "rule", text: "ink", label: "label", sequential };
  const x = (/** @type {number} */ step) => 40 + step * 60;
  const scale = { context, p, width: 900, height: 130, right: 700, x, last: 10, chosen, u: 1, words: [] };
  const entry = CATALOGUE.find((each) => each.id === id) ?? CATALOGUE[0];
  const plan = planOf(entry, [{ name: "", curves }], 0, large);
  const find = drawPlan(plan, /** @type {any} */ (scale), 10, 110, { none: "nothing", words: "" });
  for (const write of /** @type {(() => void)[]} */ (scale.words)) write();
  const level = lines.filter(({ ink, xs }) => ink !== "rule" && new Set(xs).size > 1);
  const upright = lines.filter(({ ink, xs }) => ink.startsWith("#") && new Set(xs).size === 1);
  return { curves: level, upright, words, find };
}

test("up to three steps are points, as the words say; from the fourth on there is a curve", () => {
  const columns = {
    "success_by_difficulty/medium/success": [0.2, 0.4, 0.6, 0.8],
    "success_by_difficulty/medium/tasks": [8, 8, 8, 8],
    "probe_success_by_difficulty/medium/success": [0.2, 0.4, 0.6, 0.8],
    "probe_success_by_difficulty/medium/tasks": [8, 8, 8, 8],
    nodes: [1, 2, 3, 4],
    "tokens_per_second/training": [1, 2, 3, 4],
  };
  for (const done of [1, 2, 3, 4]) {
    const some = curvesOf({ step: [1, 2, 3, 4].slice(0, done), columns });
    const all = ["success_by_difficulty", "shape", "tokens_per_second"].map((id) => drawnBy(id, some, done));
    const lines = all.map((drawn) => drawn.curves.length);
    assert.deepEqual(lines, done < 4 ? [0, 0, 0] : [2, 1, 1], `${done} steps`);
    assert.equal(fewWords(some, { live: false }) !== "", done < 4);
  }
});

test("figures of the chosen step stand at its line in the large plot, at the ends in a small one", () => {
  const more = curvesOf({
    step: [1, 2, 3, 4, 5],
    columns: {
      nodes: [1, 2, 3, 4, 5],
      depth: [0, 1, 1, 1, 2],
      "tokens_per_second/training": [1000, 2000, 3000, 4000, 5000],
      "tokens_per_second/generation": [10, 20, 30, 40, 50],
      "gradient_share_by_depth/0": [1, 0.5, 0.5, 0.5, 0.7],
      "gradient_share_by_depth/1": [null, 0.5, 0.5, 0.5, 0.3],
      "refusals/turns": [1, 7, 3, 4, 5],
    },
  });
  /** @param {string} id @param {number} chosen @param {boolean} [large] */
  const near = (id, chosen, large) => {
    const { words } = drawnBy(id, more, chosen, large);
    const beside = words.filter(({ x }) => x < 40 + chosen * 60 && x > 40 + chosen * 60 - 60);
    return { beside: beside.map(({ text }) => text), all: words.map(({ text }) => text) };
  };
  assert.deepEqual(near("tokens_per_second", 2, true).beside, ["2.0k", "20"]);
  /** @param {string} id @param {string[]} asked */
  const says = (id, ...asked) => {
    const { beside, all } = near(id, 2);
    assert.deepEqual(beside, [], `${id} covers no point`);
    assert.deepEqual(all.filter((text) => asked.includes(text)), asked);
  };
  says("shape", "2.0", "nodes", "1.0", "deep", "at step 2");
  says("gradient_share_by_depth", "at step 2", "depth 0 50 %", "depth 1 50 %");
  says("refusals", "at step 2: 7");
  assert.ok(near("gradient_share_by_depth", 5).all.includes("depth 0 70 %"));
  assert.deepEqual(near("shape", 5).all.filter((text) => text.startsWith("at")), [], "the newest");
  const { find } = drawnBy("gradient_share_by_depth", more, 5);
  assert.deepEqual([find(5, 100)?.part.key, find(5, 20)?.part.key, find(1, 20)?.part.key], ["0", "1", "0"]);
  assert.equal(find(9, 50), null);
  const near0 = drawnBy("tokens_per_second", more, 5).find(5, 10);
  assert.equal(near0?.words, "5.0k training");
  assert.deepEqual(drawnBy("kl", more, 5).words.some(({ text }) => text === "nothing"), true);
});

test("names of series: written over the line of the chosen step, on a ground where it crosses them", () => {
  /** @param {number} chosen */
  const drawn = (chosen) => {
    /** @type {any[]} */
    const calls = [];
    const context = {
      measureText: (/** @type {string} */ text) => ({ width: text.length * 6 }),
      fillRect: (/** @type {number[]} */ ...box) => calls.push(box.map(Math.round)),
      fillText: (/** @type {string} */ text) => calls.push(text),
    };
    /** @type {any} */
    const scale = {
      context,
      p: { unit: 1, family: "x" },
      width: 300,
      right: 280,
      x: (/** @type {number} */ step) => step * 10,
      chosen,
      u: 1,
      words: [],
    };
    endLabels(scale, [{ x: 100, y: 50, bold: "5 nodes", plain: "" }], 0, 100);
    assert.deepEqual(calls, [], "nothing before the line");
    for (const write of scale.words) write();
    return calls;
  };
  assert.deepEqual(drawn(10), ["5 nodes"]);
  assert.deepEqual(drawn(12), [[105, 43, 48, 14], "5 nodes"]);
  assert.deepEqual(drawn(20), ["5 nodes"]);
});

test("the names of series are whole while the field can be read", () => {
  const room = { left: 40, right: 150, least: 150 };
  assert.equal(tailOf(room, 270, 1), 150); // "training, mended" in one of four plots
  assert.equal(tailOf({ ...room, right: 100, least: 100 }, 150, 1), 75);
  assert.equal(tailOf({ ...room, right: 330, least: 210 }, 400, 1), 210); // without its interval
});

test("names stand behind the last whisker of a plot whose intervals lie on each other", () => {
  const columns = Object.fromEntries(["short", "middle", "long"].flatMap((name, i) => {
    const shares = [0.5, 0.6, 0.5, 0.55, 0.5].map((share) => share + 0.02 * i);
    const part = `judge_by_length/${name}`;
    return [[`${part}/agreement`, shares], [`${part}/nodes`, shares.map(() => 9)]];
  }));
  const { upright, words } = drawnBy("judge_by_length", curvesOf({ step: [1, 2, 3, 4, 5], columns }), 5);
  const last = Math.max(...upright.flatMap(({ xs }) => xs));
  assert.equal(upright.length, 15, "a whisker for each line and step");
  for (const name of ["short", "middle", "long"]) {
    const [{ x }] = words.filter(({ text }) => text === name);
    assert.ok(x >= last + 6, `${name} at ${x}, the last whisker at ${last}`);
  }
});

test("the columns of two runs have one scale, and fields over each other only their ends", () => {
  const runs = [18, 39].map((most) => {
    const columns = { "seconds/generation": [1, most], nodes: [3, 4], depth: [1, 2.3] };
    return { name: "x", curves: curvesOf({ step: [1, 2], columns }) };
  });
  const entry = (/** @type {string} */ id) => CATALOGUE.find((each) => each.id === id) ?? CATALOGUE[0];
  const highs = [0, 1].map((run) => planOf(entry("seconds"), runs, run).fields[0].high);
  assert.deepEqual(highs, [40, 40]);
  assert.deepEqual(planOf(entry("shape"), runs, 0).fields.map(({ marks }) => marks), [[0, 5], [0, 3]]);
});

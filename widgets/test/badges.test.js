// Badges of a step: which rows have them, what a search for one finds, and how many there were step by step.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Marking } from "../src/app/marking.js";
import { Finding } from "../src/app/finding.js";
import { countsOf } from "../src/badges/counts.js";
import { StepBadges } from "../src/step/badges.js";
import { grow } from "./grow.js";

const KINDS = [
  { key: "own_goal", name: "own goal", mark: "loop", thresholds: ["goal_likeness"], card: true },
  { key: "turn_limit", name: "turn limit", mark: "limit", thresholds: [], card: false },
];

function value() {
  return {
    ...{ badges: KINDS, config: { goal_likeness: 0.9 }, usual: { goal_likeness: 0.9 }, credited: true },
    trees: [[7, 0, 0]],
    tree: [0, 0, 0, 0],
    path: ["0.0", "0.1", "0.1", "0.9"],
    badge: ["own_goal", "own_goal", "turn_limit", "own_goal"],
    figure: ["a", "b", "c", "d"],
    other: ["0", null, null, null],
  };
}

function step() {
  const made = grow([-1, 0, 0]);
  made.groups[0].label = 7;
  return made;
}

function app() {
  const asked = /** @type {any[]} */ ([]);
  const made = /** @type {any} */ ({
    ...{ step: step(), shown: null, view: "tree", place: { tree: 0 }, finding: new Finding() },
    ask: (/** @type {any[]} */ ...args) => {
      asked.push(args);
      return { value: made.value, buffers: [], why: made.why ?? "" };
    },
    search: (/** @type {string} */ query) => made.marking.find(query),
    value: value(),
  });
  made.marking = new Marking(made);
  made.marking.told();
  return { made, asked, marking: /** @type {Marking} */ (made.marking) };
}

test("badges find their rows by the name of the tree and the path; of unknown nodes there are none", () => {
  const found = new StepBadges(step(), value());
  assert.deepEqual(found.all.map(({ row, other, figure }) => [row, other, figure]), [
    [1, 0, "a"],
    [2, -1, "b"],
    [2, -1, "c"],
  ]);
  assert.deepEqual([...found.counts()], [["own_goal", 2], ["turn_limit", 1]]);
});

test("cards show what the status does not; of a badge that is looked for, its nodes are hits", () => {
  const { made, marking } = app();
  assert.deepEqual(marking.onCard(2).map(({ badge }) => badge.key), ["own_goal"]);
  marking.look("turn limit");
  assert.equal(marking.wanted, "turn limit");
  assert.deepEqual(made.finding.hits, [2]);
  assert.deepEqual(marking.onCard(2).map(({ badge }) => badge.key), ["turn_limit"]);
  assert.equal(marking.of(2).length, 2);
  marking.look("");
  assert.equal(made.finding.found.size, 0);
});

test("a threshold is asked for with the others; a refused one keeps the badges at hand and says why", () => {
  const { made, asked, marking } = app();
  marking.set("goal_likeness", 0.5);
  assert.deepEqual(asked[asked.length - 1].slice(0, 2), ["badges", ['{"goal_likeness":0.5}']]);
  made.value = null;
  made.why = "goal_likeness=7 means nothing";
  marking.set("goal_likeness", 7);
  assert.equal(marking.badges?.all.length, 3);
  assert.equal(marking.why, "goal_likeness=7 means nothing");
  marking.set("goal_likeness", 0.9);
  assert.equal(marking.changed, "");
});

test("a step that grows is not asked about with every tree that ends", () => {
  const { marking } = app();
  const growing = step();
  const marks = [1, 2, 3, 4, 5, 6, 7].map((ended) => {
    growing.trees = Array.from({ length: 7 }, (_, at) => ({
      ...{ group: 0, rollout: at, note: "" },
      ended: at < ended ? 1 : null,
    }));
    return marking.mark(growing);
  });
  assert.deepEqual(marks, [2, 4, 6, 6, 10, 10, 14]);
  growing.scored = true;
  assert.equal(marking.mark(growing), 15);
});

test("counts come from the metrics, 0 in a step that has no such badge; otherwise they are asked for", () => {
  const host = /** @type {any} */ ({
    ask: () => ({ value: { step: [1], counts: { own_goal: [4] } }, why: "" }),
    marking: { changed: "" },
    traits: {
      curves: { step: [0, 1, 2], columns: { trees: [null, 4, 4], "badges/own_goal": [null, 3, null] } },
    },
  });
  assert.deepEqual(countsOf(host), { step: [1, 2], counts: { own_goal: [3, 0] }, note: "" });
  host.marking.changed = "{}";
  assert.deepEqual(countsOf(host)?.counts, { own_goal: [4] });
  host.traits.curves = { step: [1], columns: { trees: [4] } };
  host.marking.changed = "";
  assert.deepEqual(countsOf(host)?.step, [1]);
});

test("a large step says that its badges are not counted until the view opens", () => {
  const { made: one, asked } = app();
  const before = asked.length;
  one.step = { ...one.step, n: 6001 };
  const marking = new Marking(one);
  marking.update();
  assert.equal(asked.length, before);
  assert.match(marking.waits, /6,001 nodes are not counted yet/);
  one.view = "board";
  assert.equal(marking.waits, "", "the board shows no cards");
  one.view = "tree";
  one.step.n = 6000;
  assert.equal(marking.waits, "");
});

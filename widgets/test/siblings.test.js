// Alike siblings as one: what is alike, what a pile hides, and that live data move nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { append, foldsFor, tidy } from "../src/tree/layout.js";
import { moveInRows } from "../src/app/keys.js";
import { askedBy, MANY } from "../src/step/piles.js";
import { Place } from "../src/app/place.js";
import { stacked } from "../src/siblings/dots.js";
import { noMeanWords, summarize } from "../src/step/summary.js";
import { grow } from "./grow.js";

/**
 * A step whose nodes have these goals.
 * @param {number[]} parents @param {string[]} goals
 */
function asked(parents, goals) {
  const step = grow(parents);
  step.words = [...new Set(goals)];
  goals.forEach((goal, row) => (step.goal[row] = step.words.indexOf(goal)));
  return step;
}

/** A root with a child of its own, six alike (rows 2 to 7), one more, and a child of row 4. */
function six() {
  const step = asked(
    [-1, 0, 0, 0, 0, 0, 0, 0, 0, 4],
    ["all", "plan", "k2", "k2", "k2", "k2", "k2", "k2", "p4", "q"],
  );
  step.s.set([1, 1, 1, 0, 1, 0.5, 1, 1, 1, 1]);
  step.status[6] = 3;
  const place = new Place();
  place.enter(step);
  return { step, place };
}

/** @param {Place} place */
const rowsOf = (place) =>
  place.rows(false).map((row) => [row.key, row.level, `${row.place} of ${row.set}`, row.open]);

test("goals are alike but for numbers that stand by themselves", () => {
  assert.equal(askedBy("Count rows 0 to 2,500"), askedBy("Count rows 2500 to  17.5"));
  assert.notEqual(askedBy("2x m5_i3"), askedBy("2x m5_i4"));
  assert.notEqual(askedBy("3x k2"), askedBy("2x k2"));
});

test("alike siblings are one row that is named, counted and placed among its siblings", () => {
  const { place } = six();
  assert.deepEqual(rowsOf(place), [
    ["n0", 1, "1 of 1", true],
    ["n1", 2, "1 of 3", null],
    ["p2", 2, "2 of 3", false],
    ["n8", 2, "3 of 3", null],
  ]);
});

test("open, a pile has its nodes one level below it, and folds back", () => {
  const { place } = six();
  place.setPile(2, true);
  assert.deepEqual(rowsOf(place).slice(2), [
    ["p2", 2, "2 of 3", true],
    ["n2", 3, "1 of 6", null],
    ["n3", 3, "2 of 6", null],
    ["n4", 3, "3 of 6", true],
    ["n9", 4, "1 of 1", null],
    ["n5", 3, "4 of 6", null],
    ["n6", 3, "5 of 6", null],
    ["n7", 3, "6 of 6", null],
    ["n8", 2, "3 of 3", null],
  ]);
  place.setPile(2, false);
  assert.equal(rowsOf(place).length, 4);
});

test("fewer than many, and alike siblings with another between them, stay as they are", () => {
  const few = asked([-1, ...Array(MANY - 1).fill(0)], ["r", ...Array(MANY - 1).fill("k")]);
  const place = new Place();
  place.enter(few);
  assert.equal(place.piles.all.size, 0);
  place.enter(asked([-1, ...Array(7).fill(0)], ["r", "k", "k", "k", "other", "k", "k", "k"]));
  assert.equal(place.piles.all.size, 0);
  place.enter(asked([-1, ...Array(7).fill(0)], ["r", ...Array(7).fill("")]));
  assert.equal(place.piles.all.size, 0, "nothing asked is not alike");
});

test("a folded pile is one leaf of the layout, drawn in spawn order; open, all are drawn", () => {
  const { step, place } = six();
  const folded = tidy(step, 0, place.folded, place.piles);
  assert.deepEqual(folded.rows, [0, 1, 2, 8]);
  assert.deepEqual([...folded.piles.keys()], [2]);
  assert.equal(folded.height, 3);
  assert.equal(folded.y.get(0), 1);
  place.setPile(2, true);
  assert.deepEqual(tidy(step, 0, place.folded, place.piles).rows, [0, 1, 2, 3, 4, 9, 5, 6, 7, 8]);
});

test("choosing a node opens the pile that hides it, also from far below", () => {
  const { place } = six();
  place.choose(9);
  assert.equal(place.piles.of(4)?.open, true);
  assert.equal(place.pile, -1);
  place.setPile(2, false);
  assert.deepEqual([place.row, place.pile], [2, 2], "folded, the pile is chosen");
});

test("only the nodes that fell short, and all again", () => {
  const { step, place } = six();
  place.setPile(2, true, true);
  assert.deepEqual(
    place.rows(false).map((row) => row.key),
    ["n0", "n1", "p2", "n3", "n6", "n8"],
  );
  assert.deepEqual(tidy(step, 0, place.folded, place.piles).rows, [0, 1, 3, 6, 8]);
  place.choose(5); // it did not fail: choosing it shows all
  assert.equal(place.rows(false).length, 11);
});

test("the arrows open a pile, walk into it and fold it back", () => {
  const { place } = six();
  assert.deepEqual(moveInRows(place.rows(false), "p2", "in"), { toggle: "p2" });
  place.setPile(2, true);
  assert.deepEqual(moveInRows(place.rows(false), "p2", "in"), { select: "n2" });
  assert.deepEqual(moveInRows(place.rows(false), "n7", "out"), { select: "p2" });
  assert.deepEqual(moveInRows(place.rows(false), "p2", "out"), { toggle: "p2" });
  assert.deepEqual(moveInRows(place.rows(false), "p2", "next"), { select: "n8" });
});

test("live: nodes that are drawn are never piled up; one that comes to a pile joins it", () => {
  const goals = ["r", "k", "k", "k", "k"];
  const place = new Place();
  place.enter(asked([-1, 0, 0, 0, 0], goals));
  const layout = tidy(/** @type {any} */ (place.step), 0, place.folded, place.piles);
  const before = new Map(layout.y);
  const grown = asked([-1, ...Array(7).fill(0)], [...goals, "k", "k", "k"]);
  place.grow(grown);
  assert.equal(place.piles.all.size, 0);
  append(grown, layout, [5, 6, 7], place.piles);
  for (const [row, y] of before) assert.equal(layout.y.get(row), y);
  assert.equal(layout.y.size, 8);
  place.gather(); // by hand: Fit
  assert.equal(place.piles.all.size, 1);
  const more = asked([-1, ...Array(8).fill(0)], [...goals, "k", "k", "k", "k"]);
  place.setPile(1, false);
  place.grow(more);
  assert.equal(place.piles.all.get(1)?.rows.length, 8);
  assert.equal(place.rows(false).length, 2);
});

test("live: many that come at once come as a pile, and take one place", () => {
  const place = new Place();
  place.enter(asked([-1, 0], ["r", "a"]));
  const layout = tidy(/** @type {any} */ (place.step), 0, place.folded, place.piles);
  const grown = asked([-1, ...Array(7).fill(0)], ["r", "a", ...Array(6).fill("k")]);
  place.grow(grown);
  assert.deepEqual(append(grown, layout, [2, 3, 4, 5, 6, 7], place.piles), [2]);
  assert.deepEqual([...layout.piles.keys()], [2]);
});

test("the same rows in another copy of the step keep their piles", () => {
  const { place } = six();
  const { step } = six();
  place.setPile(2, true);
  place.grow(step);
  assert.equal(rowsOf(place).length, 11);
});

test("folding for want of room counts a pile as one", () => {
  const wide = asked(
    [-1, 0, 0, ...Array(50).fill(1), 2, 2],
    ["r", "a", "b", ...Array(50).fill("k"), "x", "y"],
  );
  const place = new Place();
  place.enter(wide);
  assert.equal(place.shown(), 6);
  assert.deepEqual([...foldsFor(wide, 0, 6, () => 1, place.piles)], []);
});

test("fifty thousand alike children are walked in one go", () => {
  const many = 50_000;
  const place = new Place();
  place.enter(asked([-1, ...Array(many).fill(0)], ["r", ...Array(many).fill("k")]));
  assert.equal(place.rows(false).length, 2);
  place.choose(many);
  assert.equal(place.rows(false).length, many + 2);
  assert.equal(tidy(/** @type {any} */ (place.step), 0, place.folded, place.piles).height, many);
});

test("siblings in numbers", () => {
  const { step } = six();
  const A = Float64Array.from([0, 0, 0.2, -0.8, 0.2, NaN, -0.4, 0.3, 0, 0]);
  step.started.fill(1, 2, 8);
  step.ended.set([2, 4, 3, NaN, 2, 2], 2);
  step.together.fill(1, 2, 8);
  step.turn.fill(3, 2, 8);
  step.wrote.fill(10, 2, 8);
  step.read.fill(100, 2, 8);
  const found = summarize(step, [2, 3, 4, 5, 6, 7], A);
  assert.deepEqual(found.outcomes, [
    ["succeeded", 3],
    ["partly", 1],
    ["failed", 1],
    ["limit", 1],
  ]);
  assert.deepEqual(
    [found.won, found.known, found.low, found.high, found.tokens, found.together],
    [3, 5, -0.8, 0.3, "read 600, wrote 60 tokens", 3],
  );
  assert.ok(Math.abs(found.mean + 0.1) < 1e-12);
  assert.deepEqual(found.fallen, [3, 6]);
  assert.deepEqual(found.took, [1, 3]);
});

test("siblings nobody scored have no mean", () => {
  const { step } = six();
  const found = summarize(step, [2, 3], new Float64Array(10).fill(NaN));
  assert.deepEqual([found.known, found.took], [0, null]);
  assert.ok(Number.isNaN(found.mean));
});

test("discs of one value are stacked; values beyond the axis stand at its ends", () => {
  const value = [0, 0, 5, -5, NaN];
  assert.deepEqual(stacked([0, 1, 2, 3, 4], value, 10, -1, 1), [
    { row: 3, column: 0, place: 0 },
    { row: 0, column: 5, place: 0 },
    { row: 1, column: 5, place: 1 },
    { row: 2, column: 9, place: 0 },
  ]);
});

test("alike siblings without advantages say how they ended; not scored is what nobody scored", () => {
  const said = (/** @type {(step: any) => void} */ change) => {
    const { step } = six();
    change(step);
    const rows = [2, 3, 4, 5, 6, 7];
    return noMeanWords(summarize(step, rows, new Float64Array(step.n).fill(NaN)));
  };
  assert.equal(said((step) => (step.s.fill(1), step.status.fill(2))), "6 succeeded");
  assert.equal(said((step) => (step.s.fill(NaN), step.status.fill(2))), "not scored");
  assert.equal(said((step) => step.status.fill(2)), "4 of 6 succeeded");
  assert.equal(said((step) => (step.status.fill(2), (step.status[2] = 0))), "1 at work");
});

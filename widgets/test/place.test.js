// Where the reader is: choices, folds and steps that come and go.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Finding } from "../src/app/finding.js";
import { Place } from "../src/app/place.js";
import { Rule } from "../src/credit/rule.js";
import { grow } from "./grow.js";

/** @param {number[]} parents */
function at(parents) {
  const place = new Place();
  place.enter(grow(parents));
  return place;
}

test("another step keeps the path, or the closest node above it", () => {
  const place = at([-1, 0, 0, 1, 3]);
  place.choose(4);
  place.enter(grow([-1, 0, 1]));
  assert.equal(place.row, 2, "0.0.0.0 is gone, 0.0.0 is here");
  place.enter(grow([-1, 0, 0, 1, 3]));
  assert.equal(place.row, 4, "and it is found again");
});

test("folding what holds the choice moves it to the fold's top; choosing opens all above", () => {
  const place = at([-1, 0, 1, 2, 0]);
  place.choose(3);
  place.toggle(1);
  assert.equal(place.row, 1);
  place.choose(3);
  assert.deepEqual([...place.folded], []);
  assert.deepEqual(place.rows(false).map((row) => row.id), [0, 1, 2, 3, 4]);
});

test("a choice outside a focused subtree leaves the focus", () => {
  const place = at([-1, 0, 0, 1]);
  assert.equal(place.focusOn(3), false, "a leaf has nothing below it");
  assert.equal(place.focusOn(1), true);
  place.choose(3);
  assert.equal(place.focus, 1);
  place.choose(2);
  assert.equal(place.focus, -1);
});

test("a step that is empty at first is entered when its first root comes", () => {
  const place = new Place();
  const step = grow([]);
  place.enter(step);
  assert.equal(place.row, -1);
  place.grow(grow([-1, 0]));
  assert.equal(place.row, 0);
});

test("a what-if that equals the recorded rule is none", () => {
  const step = grow([-1, 0]);
  const rule = new Rule();
  rule.change(step, { lam: 0.9 });
  assert.equal(rule.config(step).lam, 0.9);
  rule.change(step, { lam: step.config.lam });
  assert.equal(rule.other, null);
});

test("hits go round", () => {
  const finding = new Finding();
  const step = grow([-1, 0, 0]);
  step.words = ["a", "b"];
  step.goal.set([0, 1, 0]);
  finding.look(step, [0, 1, 2], "a");
  assert.deepEqual([finding.hits, finding.from(2, 1), finding.from(0, -1)], [[0, 2], 0, 2]);
});

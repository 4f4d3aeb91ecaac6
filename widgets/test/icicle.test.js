// Where the cells of the icicle stand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cells, spans } from "../src/icicle/cells.js";
import { grow } from "./grow.js";

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
  const found = cells(step, step.walk(0), span, value, 60);
  assert.deepEqual([found.drawn, found.merged, found.depths], [1, 100, 2]);
  assert.ok(found.cells.filter((cell) => cell.row < 0).every((cell) => Math.abs(cell.value) <= 1));
  assert.ok(found.cells.length <= 62);
});

test("an icicle without any weight draws nothing and does not divide by it", () => {
  const step = grow([-1, 0]);
  assert.equal(spans(step, [0], () => NaN).total, 0);
});

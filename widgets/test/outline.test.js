// The rows of the outline.
import assert from "node:assert/strict";
import { test } from "node:test";
import { stepRows, treeRows } from "../src/outline/rows.js";
import { grow } from "./grow.js";

test("outline rows carry level, place and whether they are open", () => {
  const step = grow([-1, 0, 0, 1, 1]);
  const rows = treeRows(step, 0, new Set([1]));
  assert.deepEqual(
    rows.map((row) => [row.id, row.level, row.place, row.set, row.open]),
    [
      [0, 1, 1, 1, true],
      [1, 2, 1, 2, false],
      [2, 2, 2, 2, null],
    ],
  );
});

test("a whole step opens task by task and tree by tree", () => {
  const step = grow([-1, 0]);
  assert.deepEqual(
    stepRows(step, new Set(), new Set(), new Set()).map((row) => row.key),
    ["g0"],
  );
  assert.deepEqual(
    stepRows(step, new Set([0]), new Set([0]), new Set()).map((row) => [row.key, row.level]),
    [
      ["g0", 1],
      ["t0", 2],
      ["n0", 3],
      ["n1", 4],
    ],
  );
});

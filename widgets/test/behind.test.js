// What stands behind a point of the board, and its log.
import assert from "node:assert/strict";
import { test } from "node:test";
import { behind } from "../src/board/behind.js";
import { kindsOf, logRows, sifted } from "../src/board/log.js";
import { grow } from "./grow.js";

test("the trees behind a point: those that its series counts, with their first node and how many", () => {
  const step = grow([-1, 0, 0, 1]);
  step.groups[0].difficulty = "hard";
  [step.s[0], step.s[1], step.s[2], step.s[3]] = [1, 0, NaN, 1];
  [step.c[0], step.c[1]] = [0.5, -0.25];
  step.why.fill(0);
  step.why[2] = 1;
  const shown = /** @type {any} */ ({ step, credit: step });
  const of = (/** @type {string} */ kind, key = "", probe = false) => behind(shown, { kind, key, probe });
  assert.deepEqual(of("difficulty", "hard"), [{ tree: 0, row: 0, nodes: 1 }]);
  assert.deepEqual([of("difficulty", "easy"), of("", "", true)], [[], []]);
  assert.deepEqual(of("depth", "1"), [{ tree: 0, row: 1, nodes: 2 }]);
  assert.deepEqual(of("unscored"), [{ tree: 0, row: 2, nodes: 1 }]);
  assert.deepEqual(of("why", "unscored"), [{ tree: 0, row: 2, nodes: 1 }]);
  assert.deepEqual(of("status", "finished")[0].nodes, 4);
  [step.c[0], step.c[3]] = [0.5, 5e-17];
  assert.deepEqual(of("sign", "signs/positive"), [{ tree: 0, row: 0, nodes: 1 }], "dust has no sign");
  assert.deepEqual(of("sign", "signs/zero"), [{ tree: 0, row: 3, nodes: 1 }]);
});

test("the log: rows by kind, by word, and how often each kind happened", () => {
  const groups = [["textcraft/small-0/hard/train/17", "hard", false]];
  const refused = [0, 2, 5, "0.1", "own_goal", 3, "2x a is your own goal"];
  const told = [refused, [0, 1, 4, "0", "not scored", 1, "lost"]];
  const rows = logRows(7, { groups, rows: told });
  assert.deepEqual([rows[0].task, rows[0].step, rows[0].tree, rows[0].place], ["hard 17", 7, 2, 5]);
  assert.deepEqual(kindsOf(rows), [["own_goal", 3], ["not scored", 1]]);
  assert.deepEqual(sifted(rows, "not scored", "").map(({ node }) => node), ["0"]);
  assert.deepEqual(sifted(rows, "", "Own goal").map(({ node }) => node), ["0.1"]);
  assert.deepEqual(sifted(rows, "own_goal", "lost"), []);
});

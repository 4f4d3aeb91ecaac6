// Forks: beside which node they stand, and how others are asked for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { commandLine, pythonLine } from "../src/forks/asked.js";
import { countWords, forksAt, setOf, treeWords } from "../src/step/forks.js";
import { tidy } from "../src/tree/layout.js";
import { grow } from "./grow.js";

/** @param {string} path @returns {any} */
function cut(path) {
  return { tree: 0, group: 1, path, succeeded: 7, scored: 8, changes: [] };
}

test("forks stand in rows of their own, each below the subtree that it was cut from", () => {
  const step = grow([-1, 0, 0, 1, 1, 0]);
  const before = tidy(step, 0, new Set());
  step.forks = [cut("0.0"), cut("0"), cut("0.0.1"), cut("0.7")];
  const layout = tidy(step, 0, new Set());
  assert.deepEqual(
    layout.ghosts.map(({ row, y }) => [row, y]),
    [
      [4, 2],
      [1, 3],
      [0, 6],
    ],
  );
  assert.deepEqual([3, 4, 1].map((row) => layout.y.get(row)), [0, 1, 0.5]);
  assert.deepEqual([layout.y.get(2), layout.y.get(5)], [4, 5]);
  assert.equal(layout.height, before.height + 3);
  const rows = [...layout.y.values(), ...layout.ghosts.map(({ y }) => y)].filter(Number.isInteger);
  assert.equal(new Set(rows).size, rows.length, "no two share a row");
});

test("a node knows its forks, and the tree of a fork what it was made by", () => {
  const step = grow([-1, 0, 0]);
  step.forks = [cut("0.1")];
  assert.deepEqual([0, 1, 2].map((row) => forksAt(step, row).length), [0, 0, 1]);
  step.trees.push({ group: 1, rollout: 0, ended: 1, note: "" });
  assert.equal(setOf(step, 0), undefined);
  assert.equal(setOf(step, 1), step.forks[0]);
  step.groups[1] = /** @type {any} */ ({ task: "t", fork: "fork of 0.0" });
  assert.deepEqual([0, 1].map((tree) => treeWords(step, tree)), ["tree 1, original of 1 fork", "fork 1"]);
  assert.equal(countWords(step.forks[0]), "7 of 8");
});

/** @param {Record<string, any>} change */
function asked(change) {
  const usual = { step: 2, place: 5, path: "0.1", turn: 1, edit: "again", text: "", child: "", repeats: 8 };
  return /** @type {any} */ ({ ...usual, rest: "continued", file: "a.rao", run: "run", ...change });
}

test("what is filled in becomes a line of Python and a command, each quoted", () => {
  const plain = asked({});
  assert.equal(
    pythonLine(plain),
    'rl.fork(run.trees(2)[5].load(), "0.1", 1, rest="continued", repeats=8, run=run, store=run.path)',
  );
  const session = pythonLine(asked({ run: "session.run", written: true }));
  assert.ok(session.startsWith("rl.fork(session.run.trees(2)[5].load(), "));
  assert.ok(session.endsWith("repeats=8, run=session.run)"));
  assert.ok(commandLine(asked({ written: true })).endsWith(" --out forks.rao"));
  const place = "rao-lab fork a.rao --step 2 --tree 5 --node 0.1 --turn 1 --rest continued";
  assert.equal(commandLine(plain), `${place} --repeats 8`);
  const told = asked({ edit: "goal", text: `Don't "stop"\n$HOME`, file: "my run.rao" });
  assert.ok(pythonLine(told).includes(String.raw`goal="Don't \"stop\"\n$HOME"`));
  assert.ok(commandLine(told).includes(`fork 'my run.rao' `));
  assert.ok(commandLine(told).includes(`--goal 'Don'\\''t "stop"\n$HOME'`));
  const value = asked({ edit: "child_value", child: "0.1.0", text: '{"ok": [true, null]}' });
  assert.ok(pythonLine(value).includes('child_value={"0.1.0": {"ok": [True, None]}}'));
  assert.ok(commandLine(value).includes(`--child-value '0.1.0={"ok": [true, null]}'`));
  const words = asked({ edit: "child_value", child: "0.1.0", text: "no" });
  assert.ok(pythonLine(words).includes('{"0.1.0": "no"}'));
  assert.equal(commandLine(asked({ file: "" })), "");
  assert.ok(pythonLine(asked({ file: "" })).endsWith("environment=env, policy=policy)"));
  const made = asked({ file: "", made: "runs/x.rao", name: "3.2" });
  const line = 'rl.fork(tree, "0.1", 1, rest="continued", repeats=8, run="runs/x.rao")';
  assert.equal(pythonLine(made), line);
  assert.ok(commandLine(made).startsWith("rao-lab fork runs/x.rao --step 2 --tree 3.2 --node 0.1 "));
  assert.equal(commandLine(asked({ file: "", made: "runs/x.rao", name: "" })), "");
});

// What is said of a node's credit is what `rl.explain` says of it, word for word.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { sentence, sources } from "../src/credit/words.js";
import { STATUSES } from "../src/step/status.js";
import { Step } from "../src/step/store.js";

const folder = new URL("../../tests/golden/", import.meta.url);
const skip = !existsSync(folder) && "no golden files";
const read = (/** @type {string} */ name) => JSON.parse(readFileSync(new URL(name, folder), "utf8"));
const numbers = (/** @type {(number | null)[]} */ values) => values.map((value) => value ?? NaN);

/** @param {any} table a batch of credit.json */
function stepOf(table) {
  const step = new Step(1);
  const labels = [...new Set(table.group)];
  const keyOf = (/** @type {number} */ group, /** @type {number} */ row) => `${group}/${table.tree[row]}`;
  const keys = table.group.map(keyOf);
  const trees = [...new Set(keys)];
  step.groups = labels.map(() => ({ task: "t", goal: "", difficulty: "", probe: false }));
  step.trees = trees.map((key) => {
    const [group, rollout] = String(key).split("/").map(Number);
    return { group: labels.indexOf(group), rollout, ended: 1, note: "" };
  });
  step.reserve(keys.length);
  step.n = keys.length;
  step.tree.set(keys.map((/** @type {string} */ key) => trees.indexOf(key)));
  step.parent.set(table.parent);
  step.depth.set(table.depth);
  step.spawn.set(table.path.map((/** @type {string} */ path) => Number(path.split(".").at(-1))));
  step.status.set(table.status.map((/** @type {any} */ word) => STATUSES.indexOf(word)));
  step.s.set(numbers(table.s));
  step.scored = true;
  step.link(0);
  return step;
}

test("the Credit page says of a node what Python says", { skip }, () => {
  const { batches } = read("credit.json");
  const { texts, cases } = read("sentences.json");
  let checked = 0;
  for (const { batch, case: place, said } of cases) {
    const { table, children, cases: all } = batches[batch];
    const { config, why, moving, ...columns } = all[place];
    const credit = /** @type {any} */ ({ why, childMin: numbers(children.child_min) });
    for (const name of ["bonus", "R", "b", "A", "w", "c"]) credit[name] = numbers(columns[name]);
    const step = stepOf(table);
    step.moving = moving ?? null;
    const shown = { step, credit, config };
    said.forEach((/** @type {number} */ text, /** @type {number} */ row) => {
      const words = sentence(shown, row, sources(shown, row)).map((run) => run.text).join("");
      assert.equal(words, texts[text], `batch ${batch}, case ${place}, row ${row}`);
      checked += 1;
    });
  }
  assert.ok(checked > 1000);
});

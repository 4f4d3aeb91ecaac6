import assert from "node:assert/strict";
import { test } from "node:test";
import { Step } from "../src/step/store.js";
import { Steps } from "../src/app/steps.js";

const [RUNNING, WAITING, FINISHED] = [0, 1, 2];

/** Trees of one root and `nodes - 1` children each. @param {{status: number, nodes: number}[]} trees */
function stepOf(trees) {
  const step = new Step(3);
  step.groups = [{ task: "t", goal: "", difficulty: "", probe: false }];
  step.trees = trees.map((_, rollout) => ({ group: 0, rollout, ended: null, note: "" }));
  step.reserve(trees.reduce((sum, { nodes }) => sum + nodes, 0));
  trees.forEach(({ status, nodes }, tree) => {
    const root = step.n;
    for (let node = 0; node < nodes; node += 1) {
      const row = step.n;
      step.n += 1;
      step.tree[row] = tree;
      step.parent[row] = node ? root : -1;
      step.spawn[row] = Math.max(0, node - 1);
      step.status[row] = node ? FINISHED : status;
    }
  });
  step.link(0);
  return step;
}

test("the largest tree that still runs, the first of equals; none where all have ended", () => {
  assert.equal(stepOf([{ status: FINISHED, nodes: 9 }, { status: RUNNING, nodes: 2 }, { status: WAITING, nodes: 3 }, { status: RUNNING, nodes: 3 }]).liveTree(false), 2);
  assert.equal(stepOf([{ status: FINISHED, nodes: 9 }]).liveTree(false), -1);
  assert.equal(new Step(1).liveTree(false), -1);
  const step = stepOf([{ status: FINISHED, nodes: 2 }, { status: RUNNING, nodes: 1 }]);
  step.groups.push({ ...step.groups[0], probe: true });
  step.trees[1].group = 1;
  assert.deepEqual([step.liveTree(false), step.liveTree(true)], [-1, 1]); // probes have no credit to wait for
});

/** What `Steps` uses of the view. @param {Step} step @param {Partial<{view: string, tab: string, live: boolean}>} [how] */
function viewOf(step, { view = "tree", tab = "messages", live = true } = {}) {
  /** @type {number[]} */
  const opened = [];
  const app = { step, view, tab, place: { tree: 0 }, traits: { live }, choose: { openTree: (/** @type {number} */ tree) => opened.push(tree) } };
  return { steps: new Steps(/** @type {any} */ (app)), opened };
}

test("a view that follows leaves a tree that has ended for one that runs, after a moment", (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  const { steps, opened } = viewOf(stepOf([{ status: FINISHED, nodes: 2 }, { status: RUNNING, nodes: 1 }]));
  steps.alive();
  t.mock.timers.tick(600);
  steps.alive();
  assert.deepEqual(opened, []); // its end can be seen
  t.mock.timers.tick(300);
  steps.alive();
  assert.deepEqual(opened, [1]);
});

test("nothing is left that runs itself, that somebody chose, or while all have ended", (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  const ended = [{ status: FINISHED, nodes: 2 }, { status: RUNNING, nodes: 1 }];
  const cases = [
    viewOf(stepOf([{ status: WAITING, nodes: 2 }, { status: RUNNING, nodes: 4 }])),
    viewOf(stepOf(ended), { live: false }),
    viewOf(stepOf(ended), { view: "icicle" }),
    viewOf(stepOf(ended), { tab: "credit" }),
    viewOf(stepOf([{ status: FINISHED, nodes: 2 }, { status: FINISHED, nodes: 1 }])),
  ];
  for (const { steps, opened } of cases) {
    steps.alive();
    t.mock.timers.tick(9000);
    steps.alive();
    assert.deepEqual(opened, []);
  }
});

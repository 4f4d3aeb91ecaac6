// Steps for tests: one tree from a list of parents, or a random batch.
import { Step } from "../src/step/store.js";

/** @param {number[]} parents row of each node's parent, -1 for the root */
export function grow(parents) {
  const step = new Step(1);
  step.groups = [{ task: "t", goal: "", difficulty: "", probe: false }];
  step.trees = [{ group: 0, rollout: 0, ended: null, note: "" }];
  const spawned = new Map();
  step.reserve(parents.length);
  parents.forEach((parent, row) => {
    step.parent[row] = parent;
    step.depth[row] = parent < 0 ? 0 : step.depth[parent] + 1;
    step.spawn[row] = parent < 0 ? 0 : (spawned.get(parent) ?? 0);
    spawned.set(parent, step.spawn[row] + 1);
    step.status[row] = 2;
  });
  step.n = parents.length;
  step.link(0);
  return step;
}

/** Statuses, as a step has them. */
export const [RUNNING, WAITING, FINISHED] = [0, 1, 2];

/** Trees of one root and `nodes - 1` children each. @param {{status: number, nodes: number}[]} trees */
export function growTrees(trees) {
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

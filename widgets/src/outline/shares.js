// Which part of the update each task of a step carries.

/** @typedef {import("../step/shown.js").Shown} Shown */

export class TaskShares {
  constructor() {
    /** @type {number[]} by task; NaN: nothing of the step is trained */
    this.of = [];
    this.largest = 1;
    this.key = "";
  }

  /** @param {Shown} shown */
  compute({ step, credit, other }) {
    const key = `${step.step}/${step.revision}/${JSON.stringify(other)}`;
    if (key === this.key) return;
    this.key = key;
    const shares = step.groups.map(() => 0);
    let any = false;
    for (let row = 0; row < step.n; row += 1) {
      const share = credit.share[row];
      if (Number.isNaN(share)) continue;
      any = true;
      shares[step.trees[step.tree[row]].group] += share;
    }
    this.of = any ? shares : shares.map(() => NaN);
    this.largest = any ? Math.max(1e-9, ...shares) : 1e-9;
  }
}

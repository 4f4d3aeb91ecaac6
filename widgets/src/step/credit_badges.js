// The badges that follow from credit alone, for a rule that was changed in the view: the kernel found those
// of the recorded rule. The same as in `rao_lab/credit/diagnose/find.py`.

import { brief, many, signed } from "../shared/format.js";

/** @typedef {import("./store.js").Step} Step */
/** @typedef {import("./types.js").CreditColumns} CreditColumns */

/** The badges that this module gives. */
export const OF_CREDIT = ["bonus_only", "punished_leaf", "no_signal"];

/**
 * @param {Step} step @param {CreditColumns} credit
 * @param {Record<string, number | boolean>} config thresholds
 * @param {number[]} trees that are looked at
 * @returns {{key: string, tree: number, row: number, figure: string}[]} row -1: of the tree's group
 */
export function creditBadges(step, credit, config, trees) {
  const from = (/** @type {string} */ name) => Number(config[name]);
  const found = [];
  /** @type {Map<number, {trees: number[], A: number[]}>} */
  const groups = new Map();
  for (const tree of trees) {
    const { group } = step.trees[tree];
    if (step.groups[group].probe) continue;
    const all = groups.get(group) ?? { trees: [], A: [] };
    groups.set(group, all);
    all.trees.push(tree);
    const root = step.rootOf[tree];
    for (const row of step.walk(tree)) {
      const [s, A, bonus] = [step.s[row], credit.A[row], credit.bonus[row]];
      if (!Number.isNaN(A)) all.A.push(A);
      if (s === 0 && bonus > 0 && bonus >= from("bonus_from")) {
        found.push({ key: "bonus_only", tree, row, figure: `s 0, R ${signed(bonus)}` });
      }
      const leaf = row !== root && step.first[row] < 0;
      const fine = step.s[root] >= from("success_from") && s >= from("success_from");
      if (leaf && fine && A < 0 && A <= -from("leaf_advantage")) {
        found.push({ key: "punished_leaf", tree, row, figure: `s ${brief(s)}, A ${signed(A)}` });
      }
    }
  }
  for (const { trees: members, A } of groups.values()) {
    if (members.length < 2 || A.some((value) => Math.abs(value) > from("no_signal"))) continue;
    const figure = A.length ? `${many(A.length, "trained node")}, every A is 0` : "no node was trained";
    found.push({ key: "no_signal", tree: members[0], row: -1, figure });
  }
  return found;
}

// What the board says of a judge beside the verifier.
import assert from "node:assert/strict";
import { test } from "node:test";
import { agreementRows } from "../src/board/agreement.js";
import { curvesOf } from "../src/board/series.js";

test("judge and verifier: a row in all, by depth in order, by length; none of a step without a check", () => {
  /** @param {string} prefix @param {(number | null)[]} cells nodes, both, agreement, kappa */
  const part = (prefix, cells) => {
    const names = ["nodes", "both", "agreement", "kappa"];
    return Object.fromEntries(names.map((name, i) => [`${prefix}/${name}`, [null, cells[i]]]));
  };
  const known = curvesOf({ step: [1, 2], columns: {
    ...part("judge_agreement", [1200, 6, 0.8, -0.05]),
    ...part("judge_by_depth/10", [1, 1, 1, null]),
    ...part("judge_by_depth/2", [9, 5, 0.75, 0.5]),
    ...part("judge_by_length/short", [5, 5, 1, null]),
  } });
  const rows = agreementRows(known, 2);
  assert.deepEqual(
    rows.map(({ name, first, share, cells }) => [name, first, share, cells[0], cells[6]]),
    [
      ["all", false, 0.8, "1,200", "\u22120.05"],
      ["depth 2", true, 0.75, "9", "0.50"],
      ["depth 10", false, 1, "1", "\u2013"],
      ["short", true, 1, "5", "\u2013"],
    ],
  );
  assert.deepEqual(agreementRows(known, 1), []);
  assert.deepEqual(agreementRows(known, 3), []);
});

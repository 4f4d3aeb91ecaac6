// Badges of credit as the view computes them for a changed rule, beside those that the kernel found:
// `node badges_agree.js FILE` reads a snapshot with the kernel's answer, and prints both as JSON.
import { readFileSync } from "node:fs";
import { StepBadges } from "../src/step/badges.js";
import { Step } from "../src/step/store.js";

/** @param {string} path */
function compare(path) {
  const file = JSON.parse(readFileSync(path, "utf8"));
  const views = file.buffers.map((/** @type {string} */ text) => {
    const bytes = Uint8Array.from(Buffer.from(text, "base64"));
    return new DataView(bytes.buffer);
  });
  const step = Step.from(file.head, views);
  const credit = /** @type {any} */ ({ A: step.A, bonus: step.bonus });
  const told = (/** @type {StepBadges} */ found) =>
    found.all.map(({ badge, row, tree, figure }) => {
      return [badge.key, tree, row < 0 ? null : step.path(row), figure];
    });
  const kernel = new StepBadges(step, file.value);
  const view = new StepBadges(step, file.value, credit);
  console.log(JSON.stringify({ kernel: told(kernel), view: told(view) }));
}

if (process.argv[2]) compare(process.argv[2]);

// What the Evolution view says of its columns. Nothing here draws.

import { brief, count, many } from "../shared/format.js";
import { statusWords } from "../step/status.js";

/** @typedef {import("./data.js").Cell} Cell */
/** @typedef {import("./data.js").Columns} Columns */
/** @typedef {import("./data.js").Index} Index */

/** @param {Index} index */
export function headWords({ kind, of_tasks: tasks, of_steps: steps }) {
  const again = many(tasks, "task that came back", "tasks that came back");
  return `${kind === "probes" ? many(tasks, "probe task") : again} over ${many(steps, "step")}`;
}

/**
 * What is not shown, and what the tasks are.
 * @param {Columns} columns @param {Index} index
 * @param {{steps: [number, number | null][], saved: string}} traits
 */
export function noteWords(columns, index, { steps, saved }) {
  const parts = [];
  const held = `${count(columns.steps.length)} of ${count(index.of_steps)}`;
  const [why] = columns.lacks.values();
  if (saved && columns.steps.length < index.of_steps) parts.push(`this page holds ${held} steps`);
  else if (index.every === 2) parts.push(`every second step: ${held}`);
  else if (index.every > 1) parts.push(`every ${index.every}th step: ${held}`);
  if (why && !saved) parts.push(`${many(columns.lacks.size, "step")} not read: ${why}`);
  if (index.tasks.length < index.of_tasks) parts.push(`${index.tasks.length} of ${index.of_tasks} tasks`);
  if (columns.due > 0) parts.push(`${columns.known.size} of ${columns.steps.length} steps read`);
  const same = "same noise at every step, never trained";
  const other = "no probe tasks: these were tried in several steps";
  if (!parts.length) parts.push(index.kind === "probes" ? same : other);
  if (saved && steps.length < columns.steps.length) parts.push(heldWords(steps));
  return parts.join("; ");
}

/** @param {[number, number | null][]} steps whose trees a page holds */
function heldWords(steps) {
  const one = steps.length === 1 ? `step ${steps[0][0]} only` : many(steps.length, "step");
  return `trees open of ${one}`;
}

/** A tree in words. @param {Cell} cell */
export function cellWords(cell) {
  const { column, at, row } = cell;
  const { step } = column;
  const cut = column.nodes[at] > step.sizeOf[at] ? `, ${step.sizeOf[at]} drawn` : "";
  const size = `${many(column.nodes[at], "node")}${cut}, depth ${depthOf(cell)}`;
  return `${statusWords(step.status[row], step.s[row])}, ${size}`;
}

/** @param {Cell} cell */
export function depthOf({ column, at }) {
  return column.depth[at];
}

/** How the figures of a tree changed. @param {Cell | undefined} before @param {Cell | undefined} after */
export function changeWords(before, after) {
  if (!before || !after) return "";
  const s = (/** @type {Cell} */ { column, row }) => brief(column.step.s[row], 2);
  const nodes = (/** @type {Cell} */ { column, at }) => count(column.nodes[at]);
  const part = (/** @type {string} */ name, /** @type {(cell: Cell) => string | number} */ of) => {
    const [one, two] = [of(before), of(after)];
    return one === two ? `${name} ${one}` : `${name} ${one} \u2192 ${two}`;
  };
  return [part("s", s), part("nodes", nodes), part("depth", depthOf)].join(" \u00b7 ");
}

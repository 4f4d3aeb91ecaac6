// The columns of the Evolution view, as far as they are here. They are asked for one by one, those in view
// first; what came stays, so that nothing that is drawn changes when a later step comes.

import { commonPreamble } from "../shared/text.js";
import { Step } from "../step/store.js";

/** @typedef {import("./host.js").EvolutionHost} EvolutionHost */
/** @typedef {import("./host.js").Answer} Answer */
/** @typedef {{task: string, goal: string, difficulty: string}} Task */
/** @typedef {"probes" | "training"} Kind */

/**
 * @typedef {object} Index
 * @property {Kind} kind
 * @property {number[]} steps the columns
 * @property {Task[]} tasks the rows
 * @property {number} of_steps that there are, those that are left out among them
 * @property {number} of_tasks
 * @property {number} every which step is a column
 */

/**
 * @typedef {object} Figures of a column; null: there is nothing to count
 * @property {number} step @property {number} trees @property {number} scored
 * @property {number | null} solved @property {number | null} low @property {number | null} high
 * @property {number | null} nodes @property {number | null} depth
 * @property {number | null} fan_out @property {number | null} together @property {number | null} delegating
 */

/**
 * @typedef {object} Column
 * @property {Step} step its trees
 * @property {number[]} task of each tree, the row of its task
 * @property {number[]} tree of each, its place among those of its task
 * @property {number[]} nodes of each, those that are cut off among them
 * @property {number[]} depth
 * @property {Figures} figures
 */
/** @typedef {{column: Column, at: number, row: number}} Cell a tree: its place, its root's row */

/** Questions that wait for an answer at a time: the kernel has others to answer. */
const WAITING = 4;

export class Columns {
  /** @param {EvolutionHost} host */
  constructor(host) {
    this.host = host;
    /** @type {Kind | ""} "": probes, or what came back if there are none */
    this.kind = "";
    /** @type {Index | null} */
    this.index = null;
    /** Why there is no index. */
    this.why = "";
    /** @type {Answer | null} */
    this.told = null;
    /** @type {Map<number, Column>} by step */
    this.known = new Map();
    /** @type {Map<number, string>} why a column is not here, by step */
    this.lacks = new Map();
    /** Of the steps that there are. */
    this.mark = 0;
    /** Counts changes. */
    this.revision = 0;
  }

  /** Steps with their columns that can be shown: a saved page may lack some. @returns {number[]} */
  get steps() {
    return this.index?.steps.filter((step) => !this.lacks.has(step)) ?? [];
  }

  /** @returns {Task[]} */
  get tasks() {
    return this.index?.tasks ?? [];
  }

  /** Columns that are still to come. */
  get due() {
    return this.steps.length - this.known.size;
  }

  /** Asks for what is missing. @param {number[]} first steps that are in view */
  look(first) {
    this.readIndex();
    const { index } = this;
    if (!index) return;
    const ids = index.tasks.map(({ task }) => task);
    let waiting = 0;
    const here = new Set(index.steps);
    for (const step of new Set([...first, ...index.steps.slice().reverse()])) {
      if (waiting >= WAITING) break;
      if (!here.has(step) || this.known.has(step) || this.lacks.has(step)) continue;
      const about = { step: null, mark: this.mark };
      const told = this.host.ask("evolution_column", [index.kind, step, ...ids], about);
      if (!told) waiting += 1;
      else if (told.value) this.known.set(step, columnOf(told));
      else this.lacks.set(step, told.why);
      if (told) this.revision += 1;
    }
  }

  readIndex() {
    const { steps, curves, live } = this.host.traits;
    const last = steps[steps.length - 1]?.[0] ?? 0;
    const ended = curves.step?.length ?? 0; // a step that goes on is among the steps, too
    const mark = (steps.length + ended) * 1e7 + last * 10 + Number(live); // there are other steps than before
    this.mark = mark;
    const args = this.host.traits.saved ? [this.kind, "page"] : [this.kind]; // a page carries some columns
    const told = this.host.ask("evolution", args, { step: null, mark });
    if (!told || told === this.told) return;
    this.told = told;
    this.why = told.why;
    if (!told.value) return;
    const before = this.index;
    this.index = told.value;
    this.revision += 1;
    this.lacks.clear(); // what could not be read a step ago may be there now
    const here = new Set(told.value.steps);
    // A run that was taken up again may have other trees at a step that it had before.
    const gone = before?.steps.some((step) => !here.has(step)) ?? false;
    if (gone && before?.of_steps !== undefined && told.value.of_steps < before.of_steps) this.known.clear();
  }

  /**
   * The trees of a task at a step, by their number.
   * @param {number} step @param {number} task @returns {Cell[]}
   */
  trees(step, task) {
    const column = this.known.get(step);
    if (!column) return [];
    return [...column.task.keys()].flatMap((at) =>
      column.task[at] === task ? [{ column, at, row: column.step.rootOf[at] }] : [],
    );
  }

  /** @param {number} step @param {number} task @param {number} tree from 0 @returns {Cell | undefined} */
  tree(step, task, tree) {
    return this.trees(step, task).find(({ column, at }) => column.tree[at] === tree);
  }

  /** The words that all goals begin with. */
  get preamble() {
    const [first] = this.known.values();
    return commonPreamble([...this.tasks.map(({ goal }) => goal), ...(first?.step.words ?? [])]);
  }

  /** Trees of a task at most. */
  get most() {
    let most = 1;
    for (const { tree } of this.known.values()) for (const at of tree) most = Math.max(most, at + 1);
    return most;
  }

  /** The column at a step, or the last one before it. @param {number | null} step @returns {number | null} */
  near(step) {
    const { steps } = this;
    if (step === null) return steps[steps.length - 1] ?? null;
    return steps.filter((one) => one <= step).pop() ?? steps[0] ?? null;
  }

  /** The column that is nearest. @param {number} target @returns {number} */
  nearest(target) {
    const far = (/** @type {number} */ step) => Math.abs(step - target);
    return this.steps.reduce((best, one) => (far(one) < far(best) ? one : best));
  }
}

/** @param {Answer} told @returns {Column} */
function columnOf({ value, buffers }) {
  const { head, ...rest } = value;
  return { ...rest, step: Step.from(head, buffers) };
}

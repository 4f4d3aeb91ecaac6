// The times of one tree as the kernel tells them (rao_lab/views/explorer/timeline_answer.py), as lanes on
// both clocks. No DOM.

import { Times } from "./times.js";

/** @typedef {import("../step/store.js").Step} Step */
/** @typedef {import("./times.js").Lane} Lane */
/** @typedef {"seconds" | "steps"} Clock */

/**
 * @typedef {object} Told
 * @property {{nodes: number, turns: number, clocks: Clock[], serial: [number, number, number][]}} value
 * @property {DataView[]} buffers
 */

export class TreeTimes {
  /** @param {Step} step @param {number} tree @param {Told} told */
  constructor(step, tree, { value, buffers }) {
    const [heads, seconds, ticks, times] = [
      new Int32Array(bytesOf(buffers[0])),
      new Float32Array(bytesOf(buffers[1])),
      new Int32Array(bytesOf(buffers[2])),
      new Float32Array(bytesOf(buffers[3])),
    ];
    /** Those that somebody kept. */
    this.clocks = value.clocks;
    /** Pairs of lanes that ran one after another without need, and the decode steps lost. */
    this.serial = value.serial;
    this.seconds = new Times(lanesOf(heads, seconds, ticks, times));
    const steps = value.clocks.includes("steps");
    this.steps = steps ? new Times(lanesOf(heads, null, ticks, null)) : new Times([]);
    /** The row of each lane; -1: the step does not know it yet. */
    this.rows = rowsOf(step, tree, heads);
    /** @type {Map<number, number>} */
    this.laneOf = new Map(this.rows.map((row, lane) => [row, lane]));
  }

  /** @param {Clock} clock */
  on(clock) {
    return clock === "steps" ? this.steps : this.seconds;
  }

  /** The one whose critical path counts decode steps. */
  get best() {
    return this.steps.known ? this.steps : this.seconds;
  }

  /** Ideal: decode steps of all nodes for each one on the critical path; NaN if they are not known. */
  get speedUp() {
    const { pathSteps, steps } = this.best;
    return pathSteps ? steps / pathSteps : NaN;
  }
}

/** Typed arrays need aligned bytes of their own. @param {DataView} view */
function bytesOf(view) {
  const bytes = new Uint8Array(view.byteLength);
  bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  return bytes.buffer;
}

/**
 * @param {Int32Array} heads @param {Float32Array | null} seconds null: lanes in ticks
 * @param {Int32Array} ticks @param {Float32Array | null} times @returns {Lane[]}
 */
function lanesOf(heads, seconds, ticks, times) {
  const tick = (/** @type {number} */ value) => (value < 0 ? NaN : value);
  /** @type {Lane[]} */
  const lanes = [];
  let turn = 0;
  for (let node = 0; node * 6 < heads.length; node += 1) {
    const [parent, launched, live, first, last, size] = heads.subarray(node * 6, node * 6 + 6);
    const turns = Array.from({ length: size }, () => {
      const at = turn++;
      const [a, b, c] = times ? times.subarray(at * 3, at * 3 + 3) : ticks.subarray(at * 4, at * 4 + 3);
      const clock = times ? [a, b, c] : [tick(a), tick(b), tick(c)];
      return { started: clock[0], sampled: clock[1], ended: clock[2], steps: ticks[at * 4 + 3] };
    });
    const [started, ended] = seconds ? seconds.subarray(node * 2, node * 2 + 2) : [tick(first), tick(last)];
    lanes.push({ parent, turn: launched, started, ended, live: live === 1, turns });
  }
  return lanes;
}

/** Lanes are in path order: the n-th lane of a parent is its n-th child. @param {Step} step
 * @param {number} tree @param {Int32Array} heads @returns {number[]} */
function rowsOf(step, tree, heads) {
  /** @type {number[]} */
  const rows = [];
  /** @type {Map<number, number>} the child that comes next, by the parent's lane */
  const next = new Map();
  for (let lane = 0; lane * 6 < heads.length; lane += 1) {
    const parent = heads[lane * 6];
    if (parent < 0) {
      rows.push(step.rootOf[tree] ?? -1);
      continue;
    }
    const above = rows[parent];
    const row = next.get(parent) ?? (above < 0 ? -1 : step.first[above]);
    next.set(parent, row < 0 ? -1 : step.next[row]);
    rows.push(row);
  }
  return rows;
}

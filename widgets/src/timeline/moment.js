// A step as it stood at a moment of one of its trees: what was not launched yet is not there, and what ran
// then has no score and no advantage yet. What had ended stands as it was recorded in the end.

import { STATUSES } from "../step/status.js";

/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {import("../step/store.js").Step} Step */
/** @typedef {import("./lanes.js").TreeTimes} TreeTimes */

const RUNNING = STATUSES.indexOf("running");
const WAITING = STATUSES.indexOf("waiting");
/** Columns of credit that a node has when it has ended. */
const EARNED = /** @type {const} */ (["R", "b", "A", "w", "c", "share"]);

/**
 * @param {Shown} shown @param {TreeTimes} tree @param {import("./lanes.js").Clock} clock @param {number} at
 * @returns {Shown}
 */
export function atMoment(shown, tree, clock, at) {
  const whole = shown.step;
  const times = tree.on(clock);
  const status = whole.status.slice();
  const turns = whole.turns.slice();
  const s = whole.s.slice();
  const wrote = whole.wrote.slice();
  const read = whole.read.slice();
  const ended = whole.ended.slice();
  const peak = whole.peak.slice();
  const credit = { ...shown.credit };
  for (const name of EARNED) credit[name] = shown.credit[name].slice();
  /** @type {Set<number>} */
  const later = new Set();
  /** @type {Map<number, import("../step/shown.js").Told>} */
  const told = new Map();
  tree.rows.forEach((row, lane) => {
    if (row < 0) return;
    const { started } = times.lanes[lane];
    if (started > at) later.add(row);
    else if (!(times.ends[lane] > at)) return;
    const begun = times.lanes[lane].turns.filter((turn) => turn.started <= at).length;
    told.set(row, { turns: begun, stage: stageOf(times.lanes[lane].turns[begun - 1], at) });
    const waits = times.waits[lane].some(({ start, end }) => start <= at && at < end);
    status[row] = waits ? WAITING : RUNNING;
    [turns[row], s[row], ended[row]] = [begun, NaN, NaN];
    [wrote[row], read[row], peak[row]] = [0, 0, 0];
    for (const name of EARNED) credit[name][row] = NaN;
  });
  const step = /** @type {Step} */ (Object.create(whole));
  // Whoever lays the tree out looks at the whole of it: nothing moves while it grows again.
  const treeLive = (/** @type {number} */ place) => whole.treeLive(place);
  const children = (/** @type {number} */ row) => whole.children(row).filter((child) => !later.has(child));
  const revision = `${whole.revision}@${at}`;
  Object.assign(step, { status, turns, s, wrote, read, ended, peak, treeLive, children, revision });
  const values = shown.byReturn ? credit.R : credit.A;
  return Object.assign(Object.create(shown), { step, credit, values, later, told });
}

/**
 * A turn of which nobody knows when it was written, or when its code had run, tells nothing of it before the
 * next one.
 * @param {import("./times.js").Span | undefined} turn @param {number} at
 */
function stageOf(turn, at) {
  if (!turn || turn.ended <= at) return "between";
  return turn.sampled <= at ? "runs" : "writes";
}

/**
 * The moments at which something began or ended, in order.
 * @param {import("./times.js").Times} times @returns {number[]}
 */
export function moments(times) {
  const found = new Set([0, times.end]);
  for (const { started, ended, turns } of times.lanes) {
    for (const time of [started, ended]) if (Number.isFinite(time)) found.add(time);
    for (const turn of turns) if (Number.isFinite(turn.started)) found.add(turn.started);
  }
  return [...found].sort((a, b) => a - b);
}

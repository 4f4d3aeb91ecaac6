// What of a node's texts had been said at the moment that is shown: what came later is left out. No DOM.

/** @typedef {import("../step/shown.js").Told} Told */
/** @typedef {import("../step/types.js").NodeText} NodeText */
/** @typedef {import("../step/types.js").TurnText} TurnText */

/** How it ended: a node that runs has none of it. */
const OPEN = { returned: false, value: "", reason: "", source: "", fraction: null, refusals: {} };
/** What a turn has when its code has run. */
const RAN = { output: "", error: null, calls: [], ended: null, waiting: null };
/** What a turn has when it was written. */
const WRITTEN = { ...RAN, thought: "", code: "", text: "", stop: "", children: [], sampled: null, wrote: 0 };

/** @param {NodeText} text @param {Told | undefined} told undefined: all of it @returns {NodeText} */
export function textAt(text, told) {
  if (!told) return text;
  const turns = text.turns.slice(0, told.turns);
  const last = turns.pop();
  return { ...text, ...OPEN, turns: last ? [...turns, turnAt(last, told)] : turns };
}

/** @param {TurnText} turn @param {Told} told @returns {TurnText} */
function turnAt(turn, { stage }) {
  if (stage === "between") return turn;
  if (stage === "runs") return { ...turn, ...RAN };
  const context = turn.context && turn.context.filter(({ kind }) => kind !== "wrote");
  return { ...turn, ...WRITTEN, held: turn.held - turn.wrote, context };
}

// The tokens of a node in pieces that a window can show one by one: a turn's cut, read and written tokens,
// each broken at a line's end. No DOM.

/** @typedef {import("./read.js").NodeTokens} NodeTokens */
/** @typedef {import("./read.js").TurnTokens} TurnTokens */

/** Tokens of a piece: from so many on it ends with its line, and with so many at the latest. */
const GOOD = 192;
const MOST = 640;

/**
 * @typedef {object} Chunk
 * @property {TurnTokens} turn
 * @property {boolean} head it is the first of its turn
 * @property {"cut" | "read" | "wrote"} part
 * @property {boolean} first of its part
 * @property {number} from
 * @property {number} to
 * @property {number} letters about so many
 */

/** @param {NodeTokens} tokens @returns {Chunk[]} */
export function chunksOf(tokens) {
  /** @type {Chunk[]} */
  const found = [];
  for (const turn of tokens.turns) {
    let at = turn.start;
    let head = true;
    for (const part of /** @type {const} */ (["cut", "read", "wrote"])) {
      const end = at + turn[part];
      let first = true;
      while (at < end) {
        const to = endOf(tokens, at, end);
        found.push({ turn, head, part, first, from: at, to, letters: letters(tokens, at, to) });
        head = first = false;
        at = to;
      }
    }
    if (head) found.push({ turn, head, part: "wrote", first: true, from: at, to: at, letters: 0 });
  }
  return found;
}

/** @param {NodeTokens} tokens @param {number} from @param {number} end */
function endOf({ words, word }, from, end) {
  if (end - from <= MOST) return end;
  for (let at = from + GOOD; at < from + MOST; at += 1) if (words[word[at]][0].endsWith("\n")) return at + 1;
  return from + MOST;
}

/** @param {NodeTokens} tokens @param {number} from @param {number} to */
function letters({ words, word }, from, to) {
  let sum = 0;
  for (let at = from; at < to; at += 1) {
    const text = words[word[at]][0];
    sum += text.length + (text.includes("\n") ? 30 : 0);
  }
  return sum;
}

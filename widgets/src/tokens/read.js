// The tokens of a node, as the kernel answers: `rao_lab/views/per_token/answer.py`.

/** @typedef {import("../step/asked.js").Answer} Answer */

/** Kinds of tokens, after 0 = read: see `rao_lab/views/per_token/columns.py`. */
export const WROTE = 1;
export const UNUSED = 2;
export const CUT = 3;
/** Kinds of text. */
export const SPECIAL = 1;
export const PART = 2;
/** What a token is for; 2 = other code: see `roles.py`. */
export const THOUGHT = 1;
export const LAUNCH = 3;

/**
 * @typedef {object} TurnTokens its tokens stand in the order cut, read, wrote, from `start` on
 * @property {number} index
 * @property {number} version
 * @property {number} sequence from 1; 0 = none
 * @property {boolean} begins
 * @property {number} held merged tokens
 * @property {number} again tokens that are read again, as the context was rewritten
 * @property {number} start
 * @property {number} cut
 * @property {number} read
 * @property {number} wrote
 * @property {string} stop
 */

/**
 * @typedef {object} NodeTokens N tokens; an array's entry is NaN if there is no such number
 * @property {TurnTokens[]} turns
 * @property {[string, number][]} words
 * @property {boolean} decoded
 * @property {number} sequences
 * @property {number} leftOut tokens that are not shown
 * @property {string} problem why its turns make no training sequence
 * @property {Record<string, string>} lacks of log-prob and entropy, why nobody knows them
 * @property {string} ratio why nobody knows it; empty: it is known of some
 * @property {string} loss "" = not known
 * @property {[number, number] | null} bounds of a ratio that the loss does not cut
 * @property {number} epochs
 * @property {Uint32Array} word
 * @property {Uint8Array} kind
 * @property {Uint8Array} role
 * @property {Float32Array} logprob
 * @property {Float32Array} entropy
 * @property {Float32Array} drift
 * @property {Int32Array} wrote the tokens that the node wrote
 * @property {Int32Array} placeOf of a token among those; -1: it was read
 */

/** @param {Answer} answer @returns {NodeTokens} */
export function readTokens({ value, buffers }) {
  const [word, kind, role, logprob, entropy, drift] = buffers;
  const kinds = new Uint8Array(bytes(kind));
  const wrote = Int32Array.from([...kinds.keys()].filter((at) => kinds[at] === WROTE));
  const placeOf = new Int32Array(kinds.length).fill(-1);
  wrote.forEach((at, place) => (placeOf[at] = place));
  const { turns, words, decoded, sequences, lacks, ratio, loss, bounds, epochs } = value;
  return {
    ...{ turns, words, decoded, sequences, lacks, ratio, loss, bounds, epochs },
    ...{ leftOut: value.left_out, problem: value.problem ?? "" },
    word: new Uint32Array(bytes(word)),
    kind: kinds,
    role: new Uint8Array(bytes(role)),
    logprob: new Float32Array(bytes(logprob)),
    entropy: new Float32Array(bytes(entropy)),
    drift: new Float32Array(bytes(drift)),
    ...{ wrote, placeOf },
  };
}

/** A copy, which begins where typed arrays may begin. @param {DataView} view @returns {ArrayBuffer} */
export function bytes({ buffer, byteOffset, byteLength }) {
  return /** @type {ArrayBuffer} */ (buffer.slice(byteOffset, byteOffset + byteLength));
}

/** @param {NodeTokens} tokens @param {number} at @returns {TurnTokens} the turn of a token */
export function turnOf({ turns }, at) {
  let low = 0;
  let high = turns.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (turns[middle].start <= at) low = middle;
    else high = middle - 1;
  }
  return turns[low];
}

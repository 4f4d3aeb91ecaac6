// The tones of series and of kinds. Each has at least three times the contrast of the page it stands on, or
// has an edge that does: what is fainter is no part of a plot.

import { rampColour, sequentialColour } from "../shared/theme.js";
import { PLACES } from "./scale.js";

/** @typedef {import("../shared/theme.js").Palette} Palette */
/** @typedef {import("./measures.js").Columns} Columns */

/** @typedef {{fill: string, edge: string | null}} Tone with an edge if the fill is faint */

/** The advantage whose tone a mark of a few px has at least, and below which it has no sign. */
const LEAST = 0.7;
const NONE = 0.02;

/** Of a line at `place` among `names`. @param {Palette} p @param {number} place @param {number} names */
export function lineTone(p, place, names) {
  return sequentialColour(p, names < 2 ? PLACES.alone : between(place / (names - 1)));
}

/** @param {number} share of the way from the faintest tone to the strongest @param {number} [faintest] */
function between(share, faintest = PLACES.faintest) {
  return faintest + (PLACES.strongest - faintest) * share;
}

/**
 * Of the parts of a column, lowest first: signs in their colours, depths in order, others so that neighbours
 * lie far apart; all that are drawn as one are grey. A column with room for edges has pale parts, which are
 * told apart more easily.
 * @param {Palette} p @param {Columns["kinds"]} kinds @param {boolean} shares @param {boolean} edged
 * @returns {Tone[]}
 */
export function kindTones(p, kinds, shares, edged) {
  const named = kinds.filter(({ place }) => place >= 0).length;
  const plain = (/** @type {string} */ fill) => ({ fill, edge: null });
  const scaled = (/** @type {number} */ share) => {
    const { faintest, pale } = PLACES;
    const t = between(share, edged ? pale : faintest);
    return { fill: sequentialColour(p, t), edge: t < faintest ? sequentialColour(p, faintest) : null };
  };
  return kinds.map(({ part, place }) => {
    if (part.kind === "sign") {
      return plain({ negative: p.barMinus, zero: p.gauge }[part.key.slice(6)] ?? p.barPlus);
    }
    if (place < 0) return plain(p.gauge);
    if (named < 2) return plain(sequentialColour(p, PLACES.alone));
    if (shares || part.kind === "depth") return scaled(place / (named - 1));
    const rank = place % 2 ? Math.ceil(named / 2) + (place - 1) / 2 : place / 2;
    return scaled(1 - rank / (named - 1));
  });
}

/** Advantage as a tone that a mark of a few px can carry. @param {Palette} p @param {number} A */
export function markTone(p, A) {
  if (!(Math.abs(A) >= NONE)) return p.gauge;
  return rampColour(p, Math.sign(A) * Math.max(LEAST, Math.abs(A)));
}

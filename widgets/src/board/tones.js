// The tones of series and of kinds. Each has at least three times the contrast of the page it stands on:
// what is fainter is no part of a plot.

import { rampColour, sequentialColour } from "../shared/theme.js";

/** @typedef {import("../shared/theme.js").Palette} Palette */
/** @typedef {import("./measures.js").Columns} Columns */

/** The faintest tone of the scale that a part of a plot may have, and the strongest. */
const FAINTEST = 0.52;
const STRONGEST = 1;
/** That of a series alone. */
const ALONE = 0.8;
/** The advantage whose tone a mark of a few px has at least, and below which it has no sign. */
const LEAST = 0.7;
const NONE = 0.02;

/** Of a line at `place` among `names`. @param {Palette} p @param {number} place @param {number} names */
export function lineTone(p, place, names) {
  return sequentialColour(p, names < 2 ? ALONE : between(place / (names - 1)));
}

/** @param {number} share of the way from the faintest tone to the strongest */
function between(share) {
  return FAINTEST + (STRONGEST - FAINTEST) * share;
}

/**
 * Of the parts of a column, lowest first: signs in their colours, depths in order, others so that neighbours
 * lie far apart; all that are drawn as one are grey.
 * @param {Palette} p @param {Columns["kinds"]} kinds @param {boolean} shares
 */
export function kindTones(p, kinds, shares) {
  const named = kinds.filter(({ place }) => place >= 0).length;
  return kinds.map(({ part, place }) => {
    if (part.kind === "sign") return { negative: p.barMinus, zero: p.gauge }[part.key.slice(6)] ?? p.barPlus;
    if (place < 0) return p.gauge;
    if (named < 2) return sequentialColour(p, ALONE);
    if (shares || part.kind === "depth") return sequentialColour(p, between(place / (named - 1)));
    const rank = place % 2 ? Math.ceil(named / 2) + (place - 1) / 2 : place / 2;
    return sequentialColour(p, between(1 - rank / (named - 1)));
  });
}

/** Advantage as a tone that a mark of a few px can carry. @param {Palette} p @param {number} A */
export function markTone(p, A) {
  if (!(Math.abs(A) >= NONE)) return p.gauge;
  return rampColour(p, Math.sign(A) * Math.max(LEAST, Math.abs(A)));
}

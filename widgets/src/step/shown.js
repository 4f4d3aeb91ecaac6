// A step with the credit that is shown of it: what every view draws. `credit/rule.js` makes it.

import { plain, signed } from "../shared/format.js";

/** @typedef {import("./types.js").CreditColumns} CreditColumns */
/** @typedef {import("./types.js").CreditConfig} CreditConfig */

/**
 * @typedef {object} Shown
 * @property {import("./store.js").Step} step
 * @property {CreditConfig} config the rule of the credit shown
 * @property {CreditConfig | null} other the same rule if it is not the recorded one
 * @property {CreditConfig | null} [wanted] the rule of the what-if, also if nobody has computed it yet
 * @property {string} [pending] why what is wanted is not shown, in a sentence; otherwise empty
 * @property {CreditColumns} recorded what the trainer multiplied by
 * @property {CreditColumns} credit
 * @property {number[]} flipped rows whose advantage has another sign than recorded, 0 and none being two more
 * @property {boolean} byReturn no node of the tree has an advantage, but returns exist: R stands in its place
 * @property {boolean} [bare] no node of the tree has an advantage or a return: nothing is coloured by one
 * @property {number} most the largest return there can be; 0 if advantages are shown
 * @property {Float64Array} values advantages, or returns in their place
 * @property {number} scale the longest bar of the tree: its bars share a scale, so that lengths compare
 * @property {(row: number) => boolean} isFlipped
 * @property {Set<number>} [later] rows of nodes that were not launched yet at the moment that is shown
 * @property {Map<number, Told>} [told] by row, how far those were at that moment that had not ended
 */

/**
 * @typedef {object} Told
 * @property {number} turns that had begun
 * @property {"writes" | "runs" | "between"} stage of the last of them: it was being written, its code ran, or
 *   it had ended
 */

/**
 * The same step as the trainer recorded it, whatever rule is tried.
 * @param {Shown} shown @returns {Pick<Shown, "step" | "credit">}
 */
export function asRecorded({ step, recorded }) {
  return { step, credit: recorded };
}

/** The rule of a step in a word: perhaps nobody said which it was. @param {Shown["step"]} step */
export function ruleWord({ usual }) {
  return usual ? "usual" : "recorded";
}

/** The same before a sentence. @param {Shown["step"]} step */
export function ruleWords({ usual }) {
  return usual ? "By the usual rule" : "As recorded";
}

/** The ends of an axis of all bars of a tree. @param {Shown} shown @returns {[number, number]} */
export function ends(shown) {
  return shown.byReturn ? [0, shown.most] : [-shown.scale, shown.scale];
}

/** @param {Shown} shown @param {number} value @param {number} [digits] */
export function valueText(shown, value, digits = 2) {
  return shown.byReturn ? plain(value, digits) : signed(value, digits);
}

// The Tokens page in words: what a metric is, what the update does to the node, and what is known of a token.

import { h } from "../shared/dom.js";
import { count, many, percent, signed } from "../shared/format.js";
import { oneLine } from "../shared/text.js";
import { METRICS } from "./metrics.js";
import { CUT, LAUNCH, PART, THOUGHT, turnOf, UNUSED, WROTE } from "./read.js";

/** @typedef {import("./metrics.js").Given} Given */
/** @typedef {import("./metrics.js").Metric} Metric */
/** @typedef {import("../step/store.js").Step} Step */

/**
 * Why a node has no token ids, as far as its columns tell; empty: it may have some.
 * @param {Step} step @param {number} row
 */
export function withoutIds(step, row) {
  if (!step.turns[row]) return "It has no turn yet, so there are no tokens to show";
  if (!step.wrote[row] && !step.read[row]) {
    const who = "a scripted policy has none, and other programs may not keep theirs";
    return `No token ids were recorded of it: ${who}`;
  }
  const counted = "Its tokens were counted, as servers do, and their ids were not recorded";
  return step.window[row] ? "" : `${counted}: there are none to show`;
}

/** Said where token ids have no text. */
const UNREAD =
  " These tokens cannot be decoded here, so numbers are shown. " +
  "Load its policy, and give the Explorer tokenizer=policy.";

/** What the update does to the node, and what the metric is. @param {Given} given @param {Metric} metric */
export function aboutWords(given, metric) {
  const { tokens, shown } = given;
  const why = metric.lacks(given);
  const late = ["ratio", "clip"].includes(metric.name) && tokens.epochs > 1;
  return [
    shown.other ? h("span", { class: "label" }, "same rollouts, other credit: ") : null,
    tokens.wrote.length ? nodeWords(given) : "It wrote nothing. ",
    why ? `${metric.label} is not known: ${why}.` : metric.about,
    late && !why ? ` Of the last of ${tokens.epochs} updates.` : "",
    tokens.decoded ? "" : UNREAD,
    tokens.problem ? ` Its turns make no training sequence: ${oneLine(tokens.problem, 200)}.` : "",
    tokens.leftOut ? ` ${many(tokens.leftOut, "more token")} left out.` : "",
  ];
}

/** @param {Given} given */
function nodeWords({ tokens, shown: { credit }, row }) {
  const c = credit.c[row];
  if (credit.why[row] || Number.isNaN(c)) return "";
  const way = Math.abs(c) < 5e-4 ? "neither more nor less likely" : `${c > 0 ? "more" : "less"} likely`;
  const share = `${percent(credit.share[row])} of the update`;
  return `Its ${many(tokens.wrote.length, "token")} are made ${way}: wA ${signed(c, 3)}, ${share}. `;
}

/**
 * What is known of a token: first what it is, then names and numbers.
 * @param {Given} given @param {number} at @returns {[string, string][]}
 */
export function tokenWords(given, at) {
  const { tokens } = given;
  const turn = turnOf(tokens, at);
  const [text, kind] = tokens.words[tokens.word[at]];
  const line = text.trim() || text.includes("\n") ? oneLine(text, 60) : "";
  const blank = kind === PART ? "part of a character" : text ? "space" : "empty";
  const quoted = line ? `\u201c${line}\u201d` : blank;
  const own = tokens.kind[at];
  if (own !== WROTE) {
    const unused = own === UNUSED ? "read, in no training sequence" : "read: context, masked";
    return [["", `${quoted}, turn ${turn.index}, ${own === CUT ? "cut out of the context" : unused}`]];
  }
  const role = tokens.role[at] === LAUNCH ? ", launch" : tokens.role[at] === THOUGHT ? ", thought" : "";
  const place = `token ${count(tokens.placeOf[at] + 1)} of ${count(tokens.wrote.length)}`;
  const found = /** @type {[string, string][]} */ ([["", `${quoted}, ${place}, turn ${turn.index}${role}`]]);
  for (const metric of METRICS) {
    if (metric.lacks(given)) continue;
    const value = metric.of(given)(at);
    found.push([metric.label.toLowerCase(), Number.isNaN(value) ? "not known" : metric.text(value)]);
  }
  return found;
}

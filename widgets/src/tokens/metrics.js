// What tokens can be coloured by: the numbers, their scale, and what they mean. The same as
// `rao_lab/views/per_token/node.py`, but that credit is the one shown, which may be another than recorded.

import { brief, percent, plain, signed } from "../shared/format.js";
import { markColour, rampColour, sequentialColour } from "../shared/theme.js";
import { whyWords } from "../step/status.js";

/** @typedef {import("./read.js").NodeTokens} NodeTokens */
/** @typedef {import("../shared/theme.js").Palette} Palette */
/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {"logprob" | "entropy" | "ratio" | "clip" | "advantage" | "share" | "push"} MetricName */

/**
 * @typedef {object} Given
 * @property {NodeTokens} tokens
 * @property {Shown} shown
 * @property {number} row
 */

/**
 * @typedef {object} Scale
 * @property {[number, number]} ends of the axis
 * @property {number} zero where bars begin
 * @property {(p: Palette, value: number) => string} colour
 * @property {[number, string][]} marks on the legend, from 0 to 1
 * @property {boolean} [log] the axis is that of ratios: half and twice are as far from 1
 * @property {boolean} [root] colours go with the root of the value, so that small ones are told apart
 */

/**
 * @typedef {object} Metric
 * @property {MetricName} name
 * @property {string} label
 * @property {string} about what it is, in a sentence
 * @property {(given: Given) => string} lacks why nobody knows it of this node; empty: it is known
 * @property {(given: Given) => (at: number) => number} of the value of a token that the node wrote
 * @property {(values: Float32Array, given: Given) => Scale} scale
 * @property {(value: number) => string} text
 */

const STEPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 4, 8, 16, 32];
const RATIOS = [1.001, 1.01, 1.05, 1.1, 1.2, 1.5, 2, 4, 8, 32];

/** The first step that all but a fiftieth stay below. @param {number[]} sizes @param {number[]} steps */
function roomFor(sizes, steps) {
  const known = sizes.filter(Number.isFinite).sort((a, b) => a - b);
  const most = known[Math.min(known.length - 1, Math.floor(known.length * 0.98))] ?? 0;
  return steps.find((step) => step >= most * 0.999) ?? steps[steps.length - 1];
}

/** More is further from the page. @param {Float32Array} values @param {-1 | 1} sign @returns {Scale} */
function away(values, sign) {
  const most = Math.max(0.5, roomFor([...values].map(Math.abs), STEPS));
  const minus = sign < 0 ? "\u2212" : "";
  return {
    ends: sign < 0 ? [-most, 0] : [0, most],
    zero: 0,
    colour: (p, value) => sequentialColour(p, Math.sqrt(Math.abs(value) / most)),
    marks: [[0, "0"], [0.5, minus + brief(most / 4)], [1, `${minus}${brief(most)}`]],
    root: true,
  };
}

/** @param {number} most @param {(value: number) => string} words @returns {Scale} */
function about0(most, words) {
  return {
    ends: [-most, most],
    zero: 0,
    colour: (p, value) => rampColour(p, value / most),
    marks: [[0, words(-most)], [0.5, "0"], [1, words(most)]],
  };
}

/** Why the node earns nothing; empty: it does. @param {Given} given */
function untrained({ shown, row }) {
  const { step, credit } = shown;
  if (!credit.why[row]) {
    return Number.isNaN(credit.c[row]) ? "these trees have no advantages" : "";
  }
  const probe = step.groups[step.trees[step.tree[row]].group].probe;
  const why = probe ? "it is a probe" : whyWords(credit.why[row]);
  return `it is not trained${why ? `: ${why}` : ""}`;
}

/** -1 and 1: outside the bounds and cut there; a half: outside, yet counted in full. @param {Given} given */
function clipOf({ tokens, shown, row }) {
  const [low, high] = tokens.bounds ?? [0, Infinity];
  const c = shown.credit.c[row] || 0;
  return (/** @type {number} */ at) => {
    const ratio = Math.exp(tokens.drift[at]);
    if (Number.isNaN(ratio)) return NaN;
    const side = ratio > high ? 1 : ratio < low ? -1 : 0;
    return tokens.loss === "ppo_clip" && side * c <= 0 ? side / 2 : side;
  };
}

/** What the loss multiplies c and the slope of log p with. @param {Given} given */
function slopeOf(given) {
  const { tokens } = given;
  const clip = clipOf(given);
  return (/** @type {number} */ at) => {
    if (!tokens.bounds) return 1;
    const ratio = Math.exp(tokens.drift[at]);
    if (tokens.loss === "cispo") return Math.max(tokens.bounds[0], Math.min(tokens.bounds[1], ratio));
    return Math.abs(clip(at)) === 1 ? 0 : ratio;
  };
}

const CLIPPED = new Map([
  [-1, "below the bound, cut: no gradient"],
  [-0.5, "below the bound, counted in full"],
  [0, "within the bounds"],
  [0.5, "above the bound, counted in full"],
  [1, "above the bound, cut: no gradient"],
]);

/** Share of the loss weight of one token of a node, at most in the step. @param {Given} given */
function mostShare({ shown: { step, credit } }) {
  let most = 0;
  for (let row = 0; row < step.n; row += 1) {
    const part = credit.share[row] / Math.max(1, step.wrote[row]);
    if (part > most) most = part;
  }
  return most;
}

/** @param {Given} given why no ratio is known of a node that is trained */
function unrecomputed(given) {
  return untrained(given) || given.tokens.ratio;
}

/** @param {Given} given */
function unclipped({ tokens }) {
  if (tokens.bounds) return "";
  if (!tokens.loss) return "nothing says by which loss these trees were trained";
  return `the loss of this run, ${tokens.loss}, does not clip`;
}

/** @type {Metric[]} */
export const METRICS = [
  {
    name: "logprob",
    label: "Log-prob",
    about: "Log-probability of each token when it was sampled, in nats: 0 = it was certain.",
    lacks: ({ tokens }) => tokens.lacks.logprob ?? "",
    of: ({ tokens }) => (at) => tokens.logprob[at],
    scale: (values) => away(values, -1),
    text: (value) => plain(value, 3),
  },
  {
    name: "entropy",
    label: "Entropy",
    about: "Entropy of the distribution each token was sampled from, in nats: 0 = there was no choice.",
    lacks: ({ tokens }) => tokens.lacks.entropy ?? "",
    of: ({ tokens }) => (at) => tokens.entropy[at],
    scale: (values) => away(values, 1),
    text: (value) => plain(value, 3),
  },
  {
    name: "ratio",
    label: "Ratio",
    about: "Probability recomputed by training over the recorded one: 1 = the update was on-policy.",
    lacks: unrecomputed,
    of: ({ tokens }) => (at) => Math.exp(tokens.drift[at]),
    scale(values) {
      const end = roomFor([...values].map((value) => Math.exp(Math.abs(Math.log(value)))), RATIOS);
      const base = about0(1, () => "");
      const low = brief(1 / end);
      return {
        ...base,
        ...{ ends: [1 / end, end], zero: 1, log: true },
        colour: (p, value) => rampColour(p, Math.log(value) / Math.log(end)),
        marks: [[0, low], [0.5, "1"], [1, brief(end)]],
      };
    },
    text: (value) => plain(value, Math.abs(value - 1) < 0.01 ? 4 : 3),
  },
  {
    name: "clip",
    label: "Clip",
    about: "Whether the loss cut the ratio of a token.",
    lacks: (given) => untrained(given) || unclipped(given) || given.tokens.ratio,
    of: clipOf,
    scale(_, { tokens }) {
      const [low, high] = tokens.bounds ?? [0, Infinity];
      const marks = /** @type {[number, string][]} */ ([
        [0, low > 0 ? `under ${brief(low)}` : ""],
        [0.5, "within"],
        [1, `over ${brief(high)}`],
      ]);
      return { ...about0(1, () => ""), marks };
    },
    text: (value) => CLIPPED.get(value) ?? "not known",
  },
  {
    name: "advantage",
    label: "Advantage",
    about: "A of the node: all tokens that it wrote share it. The loss multiplies each of them with wA.",
    lacks: untrained,
    of: ({ shown, row }) => () => shown.credit.A[row],
    scale: () => about0(1, (value) => signed(value, 0)),
    text: (value) => signed(value, 3),
  },
  {
    name: "share",
    label: "Share",
    about:
      "Part of the step\u2019s loss weight on each token, |wA| over the normalizer: all of a node have " +
      "the same. The scale ends at the most of any token of the step.",
    lacks: untrained,
    of({ tokens, shown, row }) {
      const part = shown.credit.share[row] / Math.max(1, tokens.wrote.length);
      return () => part;
    },
    scale(_, given) {
      const most = mostShare(given) || 1;
      return {
        ...{ ends: /** @type {[number, number]} */ ([0, most]), zero: 0 },
        colour: (p, value) => sequentialColour(p, value / most),
        marks: [[0, "0"], [1, percent(most, 3)]],
      };
    },
    text: (value) => percent(value, 4),
  },
  {
    name: "push",
    label: "Push",
    about:
      "wA (1 \u2212 p): how hard the update pushes the token\u2019s own logit. A certain token is not " +
      "pushed. wA log p, its term of the loss, would only say how surprising it was.",
    lacks(given) {
      const { bounds, ratio, lacks } = given.tokens;
      return untrained(given) || (bounds ? ratio : "") || (lacks.logprob ?? "");
    },
    of(given) {
      const slope = slopeOf(given);
      const c = given.shown.credit.c[given.row];
      return (at) => c * slope(at) * (1 - Math.exp(given.tokens.logprob[at]));
    },
    scale(values) {
      const most = roomFor([...values].map(Math.abs), STEPS);
      return about0(most, (value) => (value < 0 ? "\u2212" : "+") + brief(Math.abs(value)));
    },
    text: (value) => signed(value, 3),
  },
];

/** Of each token that the node wrote; NaN if it is not known. @param {Metric} metric @param {Given} given */
export function valuesOf(metric, given) {
  const known = !metric.lacks(given);
  return Float32Array.from(given.tokens.wrote, known ? metric.of(given) : () => NaN);
}

/** @param {string} name @returns {Metric} */
export function metricNamed(name) {
  return METRICS.find((metric) => metric.name === name) ?? METRICS[0];
}

/** It has values on both sides of its middle. @param {Scale} scale */
export function isSigned({ ends, zero }) {
  return ends[0] < zero && ends[1] > zero;
}

/** A colour that a mark of 2 px can carry. @param {Palette} p @param {Scale} scale @param {number} value */
export function barColour(p, scale, value) {
  if (Number.isNaN(value)) return p.faint;
  if (isSigned(scale)) {
    const size = scale.log ? Math.log(value) / Math.log(scale.ends[1]) : value / scale.ends[1];
    return markColour(p, size, 1e-6);
  }
  const size = Math.abs(value) / Math.max(...scale.ends.map(Math.abs));
  return sequentialColour(p, Math.max(0.3, Math.sqrt(Math.min(1, size))));
}

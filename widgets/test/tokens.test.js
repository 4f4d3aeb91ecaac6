// Tokens: pieces of a long node, metrics that follow the loss, and launches against the rest.
import assert from "node:assert/strict";
import { test } from "node:test";
import { chunksOf } from "../src/tokens/chunks.js";
import { linesOf, verdict } from "../src/tokens/launches.js";
import { metricNamed, METRICS, valuesOf } from "../src/tokens/metrics.js";
import { readTokens, turnOf } from "../src/tokens/read.js";
import { shownText } from "../src/tokens/text.js";
import { tokenWords } from "../src/tokens/words.js";

/** @param {ArrayBufferView} array */
const view = ({ buffer, byteOffset, byteLength }) => new DataView(buffer, byteOffset, byteLength);

/**
 * A node of one turn that read one token and wrote three.
 * @param {object} [about]
 * @param {number[]} [ratios]
 */
function tokensOf(about = {}, ratios = [1.5, 0.5, 1]) {
  const nothing = [NaN];
  const turn = { index: 1, version: 0, sequence: 1, begins: true, held: 0, again: 0, start: 0, cut: 0 };
  return readTokens({
    why: "",
    value: {
      turns: [{ ...turn, read: 1, wrote: 3, stop: "stop" }],
      words: [["p", 0], ["a\n", 0], ["<end>", 1]],
      ...{ decoded: true, sequences: 1, left_out: 0, lacks: {}, ratio: "", loss: "ppo_clip" },
      ...{ bounds: [0.8, 1.2], epochs: 2, ...about },
    },
    buffers: [
      view(new Uint32Array([0, 1, 1, 2])),
      view(new Uint8Array([0, 1, 1, 1])),
      view(new Uint8Array([0, 3, 1, 0])),
      view(new Float32Array([...nothing, -1, -0.5, 0])),
      view(new Float32Array([...nothing, 1, 0.5, 0])),
      view(new Float32Array([...nothing, ...ratios.map(Math.log)])),
    ],
  });
}

/** @param {number} c @param {number} [why] */
function shownOf(c, why = 0) {
  const credit = { A: [c / 2], c: [c], share: [0.3], why: [why] };
  const step = { n: 1, wrote: [3], depth: [0], tree: [0], trees: [{ group: 0 }], groups: [{ probe: false }] };
  return /** @type {any} */ ({ step, credit });
}

/** @param {string} name @param {number} c */
const values = (name, c) =>
  [...valuesOf(metricNamed(name), { tokens: tokensOf(), shown: shownOf(c), row: 0 })].map((value) =>
    Number(value.toFixed(4)),
  );

test("a minimum cuts only a ratio that has gone the way of c, and what it cuts is not pushed", () => {
  assert.deepEqual(values("ratio", 1), [1.5, 0.5, 1]);
  assert.deepEqual(values("clip", 1), [1, -0.5, 0]);
  assert.deepEqual(values("clip", -1), [0.5, -1, 0]);
  assert.deepEqual(values("push", 1), [0, Number((0.5 * (1 - Math.exp(-0.5))).toFixed(4)), 0]);
  assert.deepEqual(values("share", 1), [0.1, 0.1, 0.1]);
});

test("what is not known is disabled with its reason, and never 0", () => {
  const tokens = tokensOf({ bounds: null, loss: "reinforce", ratio: "its c is 0" });
  const given = { tokens, shown: shownOf(0), row: 0 };
  assert.equal(metricNamed("clip").lacks(given), "the loss of this run, reinforce, does not clip");
  assert.equal(metricNamed("ratio").lacks(given), "its c is 0");
  assert.ok(valuesOf(metricNamed("ratio"), given).every(Number.isNaN));
  assert.equal(metricNamed("push").lacks(given), "", "without a ratio in the loss it needs none");
  const untrained = { ...given, shown: shownOf(NaN, 2) };
  for (const name of ["ratio", "clip", "advantage", "share", "push"]) {
    assert.equal(metricNamed(name).lacks(untrained), "it is not trained: its parent ended first");
  }
  assert.equal(METRICS.filter((metric) => !metric.lacks(untrained)).length, 2, "log-prob and entropy stay");
});

test("scales end at round numbers, and their legends say so", () => {
  const given = { tokens: tokensOf(), shown: shownOf(1), row: 0 };
  const marks = (/** @type {string} */ name) =>
    metricNamed(name).scale(valuesOf(metricNamed(name), given), given).marks.map(([, text]) => text);
  assert.deepEqual(marks("logprob"), ["0", "\u22120.25", "\u22121"]);
  assert.deepEqual(marks("ratio"), ["0.5", "1", "2"]);
  assert.deepEqual(marks("clip"), ["under 0.8", "within", "over 1.2"]);
});

test("a token is told in words: written ones with their numbers, read ones with what they are", () => {
  const given = { tokens: tokensOf(), shown: shownOf(1), row: 0 };
  const [first, ...rest] = tokenWords(given, 1);
  assert.equal(first[1], "\u201ca \u23ce\u201d, token 1 of 3, turn 1, launch");
  assert.deepEqual(rest.slice(0, 3), [["log-prob", "\u22121.000"], ["entropy", "1.000"], ["ratio", "1.500"]]);
  assert.deepEqual(tokenWords(given, 0), [["", "\u201cp\u201d, turn 1, read: context, masked"]]);
  assert.equal(shownText("a\nb\u202e", 0), "a\u23ce\nb\u27e8202E\u27e9");
  assert.equal(shownText("", 2), "\u00b7");
  assert.equal(shownText("", 0), "\u2205");
});

test("a long node falls into pieces that hold each token once, and end with lines if they can", () => {
  const base = { version: 0, sequence: 1, begins: false, held: 0, again: 0, stop: "" };
  const turns = [
    { ...base, index: 1, start: 0, cut: 0, read: 1500, wrote: 700 },
    { ...base, index: 2, start: 2200, cut: 3, read: 0, wrote: 0 },
    { ...base, index: 3, start: 2203, cut: 0, read: 0, wrote: 0 },
  ];
  const word = Uint32Array.from({ length: 2203 }, (_, at) => (at % 250 === 249 ? 1 : 0));
  const tokens = /** @type {any} */ ({ turns, word, words: [["a", 0], ["\n", 0]] });
  const chunks = chunksOf(tokens);
  let at = 0;
  for (const chunk of chunks) {
    assert.equal(chunk.from, at);
    at = chunk.to;
  }
  assert.equal(at, 2203);
  assert.equal(chunks[0].to, 250, "a line ends there");
  assert.ok(chunks.every(({ from, to }) => to - from <= 640));
  assert.deepEqual(chunks.filter(({ head }) => head).map(({ turn }) => turn.index), [1, 2, 3]);
  assert.equal(turnOf(tokens, 2199).index, 1);
  assert.equal(turnOf(tokens, 2201).index, 2);
});

test("launches are held against what else is written at their depths", () => {
  const written = {
    tokens: Int32Array.of(10, 0, 90, 50),
    logprob: Float32Array.of(-10, 0, -45, -25),
    entropy: Float32Array.of(10, 0, 45, 25),
    n: 2,
  };
  const credit = { c: [0.2, 9], share: [0.4, 0.6], why: [0, 0] };
  const shown = /** @type {any} */ ({ step: { n: 2, depth: [0, 1] }, credit });
  const lines = linesOf(written, shown);
  assert.equal(lines.length, 6);
  const [launch, rest] = lines.slice(-2);
  assert.deepEqual([launch.tokens, rest.tokens], [10, 140]);
  assert.ok(Math.abs(launch.share - 0.04) < 1e-9 && Math.abs(launch.share + rest.share - 1) < 1e-9);
  assert.equal(
    verdict(lines),
    "Launch tokens are made more likely: mean wA +0.200, " +
      "level with what else is written at the same depths (+0.200).",
  );
  credit.c = [NaN, NaN];
  assert.match(verdict(linesOf(written, { ...shown, credit })), /no advantages/);
});

// Texts, numbers and code as they are shown.
import assert from "node:assert/strict";
import { test } from "node:test";
import { brief, count, duration, percent, plain, rate, signed } from "../src/shared/format.js";
import { highlight } from "../src/shared/python.js";
import { commonPreamble, oneLine, shorten, taskName, visible } from "../src/shared/text.js";

test("ANSI escapes and other controls become pictures of themselves", () => {
  assert.equal(visible("\u001b[31mred\u0007"), "\u241b[31mred\u2407");
  assert.equal(visible("a\u007fb"), "a\u2421b");
});

test("bidirectional, zero-width and tag characters show their code points", () => {
  assert.equal(visible("a\u202eb"), "a\u27e8202E\u27e9b");
  assert.equal(visible("\u200b"), "\u27e8200B\u27e9");
  assert.equal(visible("\u{e0041}"), "\u27e8E0041\u27e9");
});

test("lone surrogates are shown, pairs are left alone", () => {
  assert.equal(visible("\ud83d"), "\u27e8D83D\u27e9");
  assert.equal(visible("\ude00x"), "\u27e8DE00\u27e9x");
  assert.equal(visible("\u{1f600}"), "\u{1f600}");
});

test("lines and tabs are layout and stay; a lone carriage return acts and is shown", () => {
  assert.equal(visible("a\n\tb\r\nc\rd"), "a\n\tb\nc\u240dd");
});

test("stacked combining marks are cut", () => {
  assert.equal(visible(`a${"\u0301".repeat(40)}`), `a${"\u0301".repeat(4)}\u2026`);
});

test("one line keeps no line break and is cut with an ellipsis", () => {
  assert.equal(oneLine("a\n  b"), "a \u23ce b");
  assert.equal(shorten("abcdef", 4), "abc\u2026");
  assert.equal(shorten("ab\u{1f600}d", 4), "ab\u2026");
});

test("the common preamble ends at a colon and never takes a whole goal", () => {
  assert.equal(
    commonPreamble(["Craft the following items: 2x a", "Craft the following items: 1x b"]),
    "Craft the following items: ",
  );
  assert.equal(commonPreamble(["Count rows", "Count columns"]), "");
  assert.equal(commonPreamble(["a: ", "a: b"]), "");
  assert.equal(commonPreamble(["Craft the following items: 1x t10_i3"]), "Craft the following items: ");
  for (const whole of ["Is 3:4 more?", "Sort\nthis: 3, 1", "Nothing: ", ""]) {
    assert.equal(commonPreamble([whole]), "");
  }
});

test("numbers carry a true minus, no signed zero and no NaN", () => {
  assert.equal(signed(-0.533, 3), "\u22120.533");
  assert.equal(signed(0.2), "+0.20");
  assert.equal(signed(-0.001), "0.00");
  assert.equal(plain(-0.001), "0.00");
  assert.equal(plain(NaN), "\u2013");
  assert.equal(brief(0.2667), "0.267");
  assert.equal(brief(1), "1");
  assert.equal(brief(100, 0), "100");
});

test("counts, rates, shares and times read as words", () => {
  assert.equal(count(1520), "1,520");
  assert.equal(rate(9100), "9.1k");
  assert.equal(percent(0.243), "24.3 %");
  assert.equal(duration(37.8), "37.8 s");
  assert.equal(duration(774), "12 min 54 s");
});

test("Python is coloured in linear time and loses no character", () => {
  const code = `r = await launch_subagent({"a": 1}, 6) # go\nfor x in r: finish('''a\nb''')\n"open`;
  const runs = highlight(code);
  assert.equal(runs.map(([text]) => text).join(""), code);
  assert.ok(runs.some(([text, kind]) => text === "launch_subagent" && kind === "d"));
  assert.ok(runs.some(([text, kind]) => text === "await" && kind === "k"));
  const long = '"'.repeat(100_000) + "\\".repeat(100_000);
  const began = process.hrtime.bigint();
  assert.equal(
    highlight(long)
      .map(([text]) => text)
      .join("").length,
    long.length,
  );
  assert.ok(process.hrtime.bigint() - began < 30_000_000_000n);
});

test("long task ids are named by their difficulty and number", () => {
  assert.equal(taskName({ task: "medium 017", difficulty: "medium" }), "medium 017");
  assert.equal(taskName({ task: "textcraft/small-0/easy/train/5243", difficulty: "easy" }), "easy 5243");
  assert.equal(taskName({ task: "textcraft_synth.train.0", difficulty: "" }), "train 0");
});

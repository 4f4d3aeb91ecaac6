// Whether what the board draws can be seen and read: the contrast of its tones, as WCAG counts it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { kindTones, lineTone, markTone } from "../src/board/tones.js";
import { coloursOf, rgb } from "../src/shared/theme.js";

/** Of a line or a part of a picture, and of text. */
const LINE = 3;
const TEXT = 4.5;

/** @param {string} colour */
function luminance(colour) {
  const parts = /** @type {number[]} */ (rgb(colour)).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
}

/** @param {string} one @param {string} other */
function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** @param {number} count @param {string} kind @param {boolean} rest others are drawn as one */
function kindsOf(count, kind, rest) {
  const part = { kind, key: "", probe: false };
  const named = Array.from({ length: count }, (_, place) => ({ name: `kind ${place}`, part, place }));
  return rest ? [...named, { name: "more", part, place: -1 }] : named;
}

for (const dark of [false, true]) {
  const p = /** @type {import("../src/shared/theme.js").Palette} */ (coloursOf(dark));

  test(`every part of a plot stands out from a ${dark ? "dark" : "light"} page`, () => {
    const tones = [p.gauge, p.text, p.live];
    for (let count = 1; count <= 8; count += 1) {
      for (let place = 0; place < count; place += 1) tones.push(lineTone(p, place, count));
      for (const shares of [false, true]) {
        for (const edged of [false, true]) {
          const parts = kindTones(p, kindsOf(count, "", count > 4), shares, edged);
          parts.push(...kindTones(p, kindsOf(count, "depth", false), shares, edged));
          tones.push(...parts.map(({ fill, edge }) => edge ?? fill));
        }
      }
    }
    const signs = ["signs/negative", "signs/zero", "signs/positive"].map((key, place) => {
      return { name: key, part: { kind: "sign", key, probe: false }, place };
    });
    tones.push(...kindTones(p, signs, false, true).map(({ fill }) => fill));
    for (let A = -1.2; A <= 1.2; A += 0.01) tones.push(markTone(p, A));
    tones.push(markTone(p, NaN), p.sequential[3], p.sequential[4]); // discs of roots, strokes of runs
    assert.deepEqual(tones.filter((tone) => contrast(tone, p.page) < LINE), []);
  });

  test(`every word of the board can be read on a ${dark ? "dark" : "light"} page`, () => {
    for (const ground of [p.page, p.panel, p.well, p.selected]) {
      const inks = [p.text, p.second, p.label, p.plus, p.minus, p.good, p.bad, p.limit, p.live];
      assert.deepEqual(inks.filter((ink) => contrast(ink, ground) < TEXT), [], ground);
    }
  });

  test(`kinds that stand on each other differ on a ${dark ? "dark" : "light"} page`, () => {
    for (let count = 2; count <= 5; count += 1) {
      for (const edged of [false, true]) {
        const tones = kindTones(p, kindsOf(count, "", false), false, edged).map(({ fill }) => fill);
        assert.equal(new Set(tones).size, count);
        tones.slice(1).forEach((tone, i) => {
          assert.ok(contrast(tone, tones[i]) > (edged ? 1.8 : 1.4), `${tone} ${tones[i]}`);
        });
      }
    }
  });
}

// In a what-if, where the recorded numbers stood: a dash over a column, and its word where there is room.

import { HIGH, TOP } from "./columns.js";

/** @typedef {{left: number, right: number, top: number, bottom: number}} Box */
/** @typedef {{name: "R" | "A" | "c", value: number}} Was */

/** px of the word "recorded", in a wide font. */
const WORD = 52;

/**
 * The box of a word of axis size about its middle.
 * @param {number} x @param {number} base @param {number} wide
 */
export function boxOf(x, base, wide) {
  return { left: x - wide / 2, right: x + wide / 2, top: base - 9, bottom: base + 3 };
}

/** @param {Box} a @param {Box} z */
const meet = (a, z) => a.left < z.right && z.left < a.right && a.top < z.bottom && z.top < a.bottom;

/**
 * A word stands on nothing else. A dash without such a place stays without one; if that is all of them, the
 * first word that can stand on a bar names them.
 * @param {import("./columns.js").Scale} scale @param {Was[]} was
 * @param {{bars: Box[], words: Box[]}} there
 */
export function marksOf({ x, y, bar, width }, was, { bars, words }) {
  const dashes = was.map(({ name, value }) => boxOf(x(name), y(value) + 3, bar + 10));
  for (const dash of dashes) [dash.top, dash.bottom] = [dash.top + 5, dash.bottom - 5];
  const taken = [...words, ...dashes];
  const inside = (/** @type {Box} */ box) =>
    box.left >= 0 && box.right <= width && box.top >= TOP - 12 && box.bottom <= TOP + HIGH + 10;
  const stands = (/** @type {{x: number, y: number}} */ place, /** @type {Box[]} */ others) => {
    const box = boxOf(place.x, place.y, WORD);
    return inside(box) && !others.some((one) => meet(box, one));
  };
  const marks = was.map(({ name, value }) => {
    const places = placesOf(x(name), y(value), bar);
    const word = places.find((place) => stands(place, [...taken, ...bars])) ?? null;
    if (word) taken.push(boxOf(word.x, word.y, WORD));
    return { name, y: y(value), word, places };
  });
  const named = marks.some(({ word }) => word);
  const [first] = named ? [] : marks;
  if (first) first.word = first.places.find((place) => stands(place, taken)) ?? null;
  return marks;
}

/** Where the word of a dash may stand, best first. @param {number} x @param {number} y @param {number} bar */
function placesOf(x, y, bar) {
  const beside = bar / 2 + 7 + WORD / 2;
  const right = [3, -8, 14].map((by) => ({ x: x + beside, y: y + by }));
  return [...right, { x, y: y - 5 }, { x, y: y + 13 }, { x: x - beside, y: y + 3 }];
}

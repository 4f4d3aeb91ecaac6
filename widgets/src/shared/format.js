// Numbers as words: true minus, tabular, never "NaN".

const MINUS = "\u2212";
export const NONE = "\u2013";

/** @param {number} value @param {number} [digits] */
export function plain(value, digits = 2) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? NONE : value > 0 ? "\u221e" : `${MINUS}\u221e`;
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

/** Always with its sign, zero without. @param {number} value @param {number} [digits] */
export function signed(value, digits = 2) {
  if (!Number.isFinite(value)) return plain(value, digits);
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return (value < 0 ? MINUS : "+") + text;
}

/** As few digits as tell the value: 0, 1, 0.5, 0.267. @param {number} value @param {number} [digits] */
export function brief(value, digits = 3) {
  if (!Number.isFinite(value)) return plain(value, digits);
  const text = plain(value, digits);
  return text.includes(".") ? text.replace(/\.?0+$/, "") || "0" : text;
}

/** @param {number} value */
export function count(value) {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

/** 9.1k, 1.2M. @param {number} value */
export function rate(value) {
  if (value >= 999_500) return `${(value / 1e6).toFixed(1)}M`;
  if (value >= 1000) return `${(value / 1000).toFixed(1)}k`;
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1);
}

/** @param {number} share from 0 to 1 @param {number} [digits] */
export function percent(share, digits = 1) {
  return Number.isFinite(share) ? `${plain(share * 100, digits)} %` : NONE;
}

/** @param {number} seconds */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return NONE;
  if (seconds > 0 && seconds < 0.0005) return "< 1 ms";
  if (seconds < 0.0995) return `${(seconds * 1000).toFixed(0)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** @param {number} number @param {string} word @param {string} [plural] */
export function many(number, word, plural = `${word}s`) {
  return `${count(number)} ${number === 1 ? word : plural}`;
}

/** The class that colours a figure; "" if it rounds to zero. @param {number} value @param {number} [least] */
export function signClass(value, least = 0.004) {
  return value > least ? "plus" : value < -least ? "minus" : "";
}

/** A count that takes little room. @param {number} number */
export function short(number) {
  return number > 9999 ? `${Math.round(number / 1000)}k` : String(number);
}

/** @param {string} word */
export function capital(word) {
  return word[0].toUpperCase() + word.slice(1);
}

const SMALL = "none one two three four five six seven eight nine ten eleven twelve".split(" ");

/** @param {number} number */
export function inWords(number) {
  return SMALL[number] ?? count(number);
}

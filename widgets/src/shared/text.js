// Everything a model says is treated as hostile: it is shown only as text nodes or canvas text, and
// characters that act instead of showing are made visible.

/** Characters that act instead of showing. Tab and newline are layout; they are handled separately. */
const ACTING = new RegExp(
  [
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/, // C0 and C1 controls
    /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0]/, // invisible letters and marks
    /[\u200b-\u200f\u2028-\u202f\u2060-\u206f]/, // zero width and bidirectional controls
    /[\ufe00-\ufe0f\ufeff\ufff0-\ufffb]/, // variation selectors, byte order mark
    /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/, // lone surrogates
    /\udb40[\udc00-\udfff]/, // tags
  ]
    .map((part) => part.source)
    .join("|"),
  "g",
);

/** @param {string} found */
function shown(found) {
  const code = /** @type {number} */ (found.codePointAt(0));
  if (code < 0x20) return String.fromCharCode(0x2400 + code); // control pictures: ␀ .. ␟
  if (code === 0x7f) return "\u2421";
  return `\u27e8${code.toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
}

/** Combining marks beyond this many in a row are counted instead of stacked over the lines above. */
const MARKS = /(\p{M}{4})\p{M}+/gu;

/**
 * The text with every acting character replaced by a visible stand-in; lines and tabs stay.
 * @param {unknown} text
 * @returns {string}
 */
export function visible(text) {
  const clean = String(text ?? "")
    .replace(/\r\n/g, "\n")
    .replace(ACTING, shown);
  return clean.replace(MARKS, "$1\u2026");
}

/**
 * One line: line breaks and tabs become visible marks, runs of spaces one space.
 * @param {unknown} text @param {number} [limit] in characters
 */
export function oneLine(text, limit = 400) {
  const raw = String(text ?? "");
  const line = visible(raw.length > limit * 4 ? raw.slice(0, limit * 4) : raw)
    .replace(/\n/g, " \u23ce ")
    .replace(/\s+/g, " ")
    .trim();
  return shorten(line, limit);
}

/** @param {string} text @param {number} limit cut at the end, never inside a surrogate pair */
export function shorten(text, limit) {
  if (text.length <= limit) return text;
  let end = Math.max(0, limit - 1);
  const code = text.charCodeAt(end - 1);
  if (code >= 0xd800 && code <= 0xdbff) end -= 1;
  return `${text.slice(0, end).trimEnd()}\u2026`;
}

/**
 * The words that all goals of a step begin with ("Add up:"); cards leave them out. They end at a colon:
 * anything else may be part of what is asked. Of one goal alone it is the first colon of its first line, as
 * in text (rao_lab/tree/text.py).
 * @param {string[]} goals
 */
export function commonPreamble(goals) {
  if (!goals.length) return "";
  if (goals.length === 1) return /^[^:\n]*: (?=.)/.exec(goals[0])?.[0] ?? "";
  let shared = goals[0];
  for (const goal of goals) {
    let end = 0;
    while (end < shared.length && end < goal.length && shared[end] === goal[end]) end += 1;
    shared = shared.slice(0, end);
    if (!shared) return "";
  }
  const colon = shared.lastIndexOf(":");
  if (colon < 0) return "";
  const preamble = shared.slice(0, colon + 1) + (/^\s*/.exec(shared.slice(colon + 1))?.[0] ?? "");
  return goals.every((goal) => goal.length > preamble.length) ? preamble : "";
}

/**
 * A task in a word or two: "medium 017" from a long id, a short id as it is.
 * @param {{task: string, difficulty: string}} group
 */
export function taskName({ task, difficulty }) {
  const id = oneLine(task, 80);
  if (id.length <= 20 || !/[/.]/.test(id)) return shorten(id, 32);
  const parts = id.split(/[/.]/).filter(Boolean);
  const last = parts[parts.length - 1];
  const kind = oneLine(difficulty, 20) || parts[parts.length - 2] || "";
  return shorten(kind && kind !== last ? `${kind} ${last}` : last, 32);
}

/** The words that all names begin with. @param {string[]} names */
export function commonWords([first = "", ...others]) {
  const end = first.lastIndexOf(" ") + 1;
  const begin = first.slice(0, end);
  return others.length && others.every((name) => name.startsWith(begin)) ? begin : "";
}

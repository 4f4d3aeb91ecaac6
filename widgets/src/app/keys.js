// The keyboard as data: which action a key means, and where the selection goes. No DOM.

/** @typedef {import("../step/store.js").Step} Step */

/**
 * @typedef {"up" | "down" | "in" | "out" | "previous" | "next" | "home" | "end" | "focus" | "back" | "search"
 *   | "hit" | "hitBack" | "follow" | "tab1" | "tab2" | "tab3" | "tab4" | "tab5" | "bigger" | "smaller"
 *   | "fit" | "stepBack" | "stepOn" | "window" | "help" | "address" | "play" | "momentBack" | "momentOn"
 *   | "slower" | "faster"} Action
 */

/** @type {Record<string, Action>} */
const PLAIN = {
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowRight: "in",
  ArrowLeft: "out",
  "[": "previous",
  "]": "next",
  Home: "home",
  End: "end",
  Enter: "focus",
  Escape: "back",
  "/": "search",
  n: "hit",
  N: "hitBack",
  f: "follow",
  F: "window",
  y: "address",
  "?": "help",
  " ": "play",
  ",": "momentBack",
  ".": "momentOn",
  "<": "slower",
  ">": "faster",
  1: "tab1",
  2: "tab2",
  3: "tab3",
  4: "tab4",
  5: "tab5",
  "+": "bigger",
  "=": "bigger",
  "-": "smaller",
  "\u2212": "smaller",
  0: "fit",
};

/**
 * @param {{key: string, shiftKey?: boolean, ctrlKey?: boolean, metaKey?: boolean, altKey?: boolean}} event
 * @returns {Action | null}
 */
export function actionOf(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  if (event.shiftKey && event.key === "ArrowLeft") return "stepBack";
  if (event.shiftKey && event.key === "ArrowRight") return "stepOn";
  return PLAIN[event.key] ?? null;
}

/**
 * Where an arrow leads in a list of open rows, after the pattern of a tree view.
 * @param {{key: string, level: number, open: boolean | null}[]} rows
 * @param {string} key of the current row
 * @param {Action} action
 * @returns {{select: string} | {toggle: string} | null}
 */
export function moveInRows(rows, key, action) {
  const at = rows.findIndex((row) => row.key === key);
  if (at < 0) return rows.length ? { select: rows[0].key } : null;
  const row = rows[at];
  const go = (/** @type {number} */ to) =>
    to >= 0 && to < rows.length && to !== at ? { select: rows[to].key } : null;
  if (action === "up") return go(at - 1);
  if (action === "down") return go(at + 1);
  if (action === "home") return go(0);
  if (action === "end") return go(rows.length - 1);
  if (action === "in") {
    if (row.open === false) return { toggle: row.key };
    return row.open ? go(at + 1) : null;
  }
  if (action === "out") {
    if (row.open) return { toggle: row.key };
    for (let above = at - 1; above >= 0; above -= 1) if (rows[above].level < row.level) return go(above);
    return null;
  }
  if (action === "previous" || action === "next") {
    const by = action === "next" ? 1 : -1;
    for (let to = at + by; to >= 0 && to < rows.length; to += by) {
      if (rows[to].level < row.level) return null;
      if (rows[to].level === row.level) return go(to);
    }
  }
  return null;
}

// What the outline needs of the app.

/** @typedef {import("../step/piles.js").Pile} Pile */
/** @typedef {import("../step/piles.js").Piles} Piles */
/** @typedef {import("./rows.js").OutlineRow} OutlineRow */

/**
 * @typedef {object} OutlineHost
 * @property {import("../step/shown.js").Shown | null} shown
 * @property {import("../shared/theme.js").Palette} palette
 * @property {boolean} whole all tasks of the step are listed, not one tree
 * @property {{tree: number, piles: Piles, keyIn: (rows: OutlineRow[], whole: boolean) => string}} place
 * @property {() => OutlineRow[]} outlineRows
 * @property {string} preamble what all goals begin with, and no row shows
 * @property {(row: number, limit: number) => string} goal
 * @property {(pile: Pile) => {summary: import("../step/summary.js").Summary, goal: string}} summary
 * @property {{query: string, found: Set<number>}} finding
 * @property {import("../step/badges.js").Marks} marking
 * @property {{key: (key: string) => void}} choose
 * @property {{
 *   key: (key: string) => void, pile: (first: number, open: boolean) => void, focus: (row: number) => void
 * }} fold
 * @property {() => void} leaveOutline in a narrow cell, what was chosen takes its place
 * @property {() => void} onKeysMoved the keyboard came or went
 */

export {};

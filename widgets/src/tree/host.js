// What the tree needs of the app.

/** @typedef {import("../step/piles.js").Pile} Pile */
/** @typedef {import("../step/piles.js").Piles} Piles */

/**
 * @typedef {object} TreeHost
 * @property {import("../step/shown.js").Shown | null} shown
 * @property {import("../shared/theme.js").Palette} palette
 * @property {string} lacks what the step is without, in a sentence; without a step, why there is none
 * @property {boolean} ownPage a plain wheel moves the tree: there is no notebook to scroll
 * @property {{following: boolean}} steps nothing was chosen: the view goes on to what is new
 * @property {boolean} keysHere the nodes have the keyboard
 * @property {{
 *   tree: number, row: number, pile: number, focus: number, folded: Set<number>, piles: Piles
 * }} place
 * @property {{row: (row: number) => void, pile: (first: number) => void}} choose
 * @property {{
 *   node: (row: number) => void, pile: (first: number, open: boolean) => void,
 *   focus: (row: number) => void, fit: () => void, none: () => void
 * }} fold
 * @property {(row: number, limit: number) => string} goal
 * @property {(pile: Pile) => {summary: import("../step/summary.js").Summary, goal: string}} summary
 * @property {import("../step/badges.js").Marks} marking badges, and what was searched for
 * @property {string} tab of the inspector
 * @property {(tab: "forks") => void} setTab
 * @property {() => void} focusNodes gives the nodes the keyboard
 */

export {};

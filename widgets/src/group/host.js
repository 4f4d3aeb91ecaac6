// What the Group view needs of the app.

/**
 * @typedef {object} GroupHost
 * @property {import("../step/shown.js").Shown | null} shown
 * @property {import("../shared/theme.js").Palette} palette
 * @property {string} size of the cell
 * @property {string} lacks what the step is without, in a sentence; without a step, why there is none
 * @property {{tree: number}} place
 * @property {{tree: (tree: number) => void, row: (row: number) => void}} choose
 * @property {(view: "tree") => void} setView
 * @property {(row: number, limit: number) => string} goal
 * @property {() => void} focusNodes gives the nodes the keyboard
 */

export {};

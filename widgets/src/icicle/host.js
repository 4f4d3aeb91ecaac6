// What the icicle needs of the app.

/**
 * @typedef {object} IcicleHost
 * @property {import("../step/shown.js").Shown | null} shown
 * @property {import("../shared/theme.js").Palette} palette
 * @property {{tree: number, row: number, pile: number, piles: import("../step/piles.js").Piles}} place
 * @property {{row: (row: number) => void, key: (key: string) => void}} choose
 * @property {(view: "tree") => void} setView
 * @property {(row: number, limit: number) => string} goal
 * @property {() => void} focusNodes gives the nodes the keyboard
 */

export {};

// What the siblings in sum need of the app.

/** @typedef {import("../step/piles.js").Pile} Pile */

/**
 * @typedef {object} SiblingsHost
 * @property {import("../step/shown.js").Shown | null} shown
 * @property {import("../shared/theme.js").Palette} palette
 * @property {string} preamble what all goals begin with
 * @property {{tree: number, row: number, pile: number, piles: {all: Map<number, Pile>}}} place
 * @property {(row: number, limit: number) => string} goal
 * @property {(pile: Pile) => {summary: import("../step/summary.js").Summary, goal: string}} summary
 * @property {{row: (row: number) => void}} choose
 * @property {{pile: (first: number, open: boolean, fallen?: boolean) => void}} fold
 * @property {(tab: "messages" | "credit") => void} setTab
 * @property {() => void} focusNodes gives the nodes the keyboard
 */

export {};

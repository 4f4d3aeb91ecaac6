// What the timeline, its strip under the tree and the replay need of the app.

/** @typedef {import("../outline/rows.js").OutlineRow} OutlineRow */

/**
 * @typedef {object} TimelineHost
 * @property {import("../step/shown.js").Shown | null} shown
 * @property {import("../shared/theme.js").Palette} palette
 * @property {string} size of the cell
 * @property {string} lacks what the step is without, in a sentence
 * @property {boolean} keysHere the nodes have the keyboard
 * @property {{
 *   tree: number, row: number, pile: number, piles: import("../step/piles.js").Piles,
 *   keyIn: (rows: OutlineRow[], whole: boolean) => string
 * }} place
 * @property {{key: (key: string) => void, row: (row: number) => void}} choose
 * @property {{key: (key: string) => void}} fold
 * @property {() => OutlineRow[]} outlineRows
 * @property {(row: number, limit: number) => string} goal
 * @property {() => void} focusNodes gives the nodes the keyboard
 * @property {{list: HTMLElement, room: HTMLElement, element: HTMLElement, pitch: number}} outline
 * @property {import("./timing.js").Timing} timing
 * @property {import("./replay.js").Replay} replay
 */

export {};

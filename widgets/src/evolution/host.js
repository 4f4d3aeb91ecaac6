// What the Evolution view needs of the app.

/** @typedef {import("../step/client.js").Model} Model */
/** @typedef {{value: any, buffers: DataView[], why: string}} Answer */

/**
 * @typedef {object} EvolutionHost
 * @property {import("../shared/theme.js").Palette} palette
 * @property {string} size of the cell
 * @property {Pick<Model, "steps" | "newest" | "live" | "saved" | "curves" | "session">} traits
 * @property {import("../step/store.js").Step | null} step that is open
 * @property {number | null} wanted the step that is open, or asked for and not yet here
 * @property {{
 *   following: boolean, open: (step: number) => void, follow: () => void, rest: () => void
 * }} steps
 * @property {(
 *   what: string, args: (string | number)[], about: {step: null, mark?: number}
 * ) => Answer | null} ask
 * @property {{tree: (tree: number) => void, row: (row: number) => void}} choose
 * @property {(view: "tree") => void} setView
 * @property {() => void} focusNodes gives the nodes the keyboard
 */

export {};

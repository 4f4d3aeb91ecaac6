// What the board needs of the app.

/** @typedef {import("../step/client.js").Model} Model */

/**
 * @typedef {object} BoardHost
 * @property {import("../step/shown.js").Shown | null} shown
 * @property {import("../shared/theme.js").Palette} palette
 * @property {string} size of the cell
 * @property {string} view the buttons that steer training are shown while it is "board"
 * @property {(view: "tree") => void} setView
 * @property {Pick<Model, "session" | "curves" | "steps" | "newest" | "live" | "saved">} traits
 * @property {number} quiet s since the kernel was heard
 * @property {(action: string) => void} act tells the kernel
 * @property {number | null} wanted the step that is open, or asked for and not yet here
 * @property {{
 *   following: boolean, near: (step: number) => number | null, open: (step: number) => void,
 *   move: (by: number) => void, follow: () => void
 * }} steps
 * @property {{tree: (tree: number) => void}} choose
 * @property {() => void} focusNodes gives the nodes the keyboard
 */

export {};

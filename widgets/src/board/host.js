// What the board needs of the app.

/** @typedef {import("../step/client.js").Model} Model */

/**
 * @typedef {object} BoardHost
 * @property {import("../step/shown.js").Shown | null} shown
 * @property {import("../shared/theme.js").Palette} palette
 * @property {string} size of the cell
 * @property {string} view the buttons that steer training are shown while it is "board"
 * @property {(view: "tree" | "badges") => void} setView
 * @property {Pick<Model, "session" | "curves" | "steps" | "newest" | "live" | "saved">} traits
 * @property {number} quiet s since the kernel was heard
 * @property {(action: string) => void} act tells the kernel
 * @property {import("../step/client.js").Client["ask"]} ask what no column holds
 * @property {number | null} wanted the step that is open, or asked for and not yet here
 * @property {{
 *   following: boolean, near: (step: number) => number | null, open: (step: number) => void,
 *   move: (by: number) => void, follow: () => void
 * }} steps
 * @property {{tree: (tree: number) => void, row: (row: number) => void}} choose
 * @property {import("../shared/menu.js").Menu} menu
 * @property {{
 *   badges: import("../step/badges.js").StepBadges | null, look: (name: string) => void
 * }} marking the badges of the step, and the one that is looked for
 * @property {{go: (address: string) => boolean}} address opens a node of any step
 * @property {() => void} focusNodes gives the nodes the keyboard
 */

/**
 * What a plot needs of the board.
 * @typedef {object} PlotHost
 * @property {(step: number) => void} choose the pointer is at a step
 * @property {(at: Pressed) => void} open a point was pressed: what stands behind it?
 * @property {() => number[]} steps that any of the runs has
 */

/**
 * @typedef {object} Pressed
 * @property {{entry: import("./catalogue.js").Entry, run: number, plan: import("./plan.js").Plan}} plot
 * @property {number | null} step null: the chosen one
 * @property {import("./curves.js").Hit | null} hit the series that was pressed
 * @property {HTMLElement} anchor
 */

export {};

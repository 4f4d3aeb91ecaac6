// What the credit page and the what-if bar need of the app.

/** @typedef {import("../inspector/host.js").WhoHost} WhoHost */
/** @typedef {import("../step/types.js").CreditConfig} CreditConfig */

/**
 * @typedef {object} CreditNeeds
 * @property {import("../step/shown.js").Shown | null} shown
 * @property {import("../shared/theme.js").Palette} palette
 * @property {{tree: number}} place
 * @property {{tree: (tree: number) => void}} choose
 * @property {(change: Partial<CreditConfig> | null) => void} setRule null: as recorded
 * @property {import("../shared/menu.js").Menu} menu
 * @property {{rules: string[]}} traits names of the credit rules of the user that a kernel can call
 * @property {string} lacks what the step is without, in a sentence
 * @property {string} view in front
 * @property {() => void} focusNodes gives the nodes the keyboard
 */

/** The page has the head of the inspector. @typedef {CreditNeeds & WhoHost} CreditHost */

export {};

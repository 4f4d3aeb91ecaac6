// What the Tokens page needs of the app.

/** @typedef {import("../inspector/host.js").WhoHost} WhoHost */
/** @typedef {import("../step/asked.js").Answer} Answer */

/**
 * @typedef {object} TokenNeeds
 * @property {import("../step/shown.js").Shown | null} shown
 * @property {import("../shared/theme.js").Palette} palette
 * @property {string} lacks what the step is without, in a sentence
 * @property {(what: string, args: (string | number)[], about?: {mark: number}) => Answer | null} ask
 */

/** The page has the head of the inspector. @typedef {TokenNeeds & WhoHost} TokensHost */

export {};

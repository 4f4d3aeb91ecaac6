// What the Badges view needs of the app.

/** @typedef {import("../step/badges.js").StepBadges} StepBadges */
/** @typedef {import("../step/badges.js").Thresholds} Thresholds */

/**
 * @typedef {object} MarkingOf badges of the step, and the one that is looked for
 * @property {StepBadges | null} badges null: on their way, or there are none
 * @property {string} why there are none, or not by these thresholds, in a sentence
 * @property {string} wanted the name of the badge that is looked for; empty: none
 * @property {(name: string) => void} look
 * @property {Thresholds} changes thresholds that are not the usual ones
 * @property {string} changed the same, as questions name them
 * @property {(name: string, value: number | boolean) => void} set a threshold
 * @property {() => void} reset them all
 */

/**
 * @typedef {object} BadgesHost
 * @property {import("../step/shown.js").Shown | null} shown
 * @property {import("../shared/theme.js").Palette} palette
 * @property {string} size of the cell
 * @property {string} lacks what the step is without, in a sentence; without a step, why there is none
 * @property {MarkingOf} marking
 * @property {{row: number, tree: number}} place
 * @property {{row: (row: number) => void, tree: (tree: number) => void}} choose
 * @property {(view: "tree") => void} setView
 * @property {(row: number, limit: number) => string} goal
 * @property {import("../step/client.js").Client["ask"]} ask
 * @property {{curves: Record<string, any>, saved: string}} traits
 */

export {};

// What the inspector needs of the app; and the part that its head needs, which the credit page has, too.

/** @typedef {import("../step/piles.js").Pile} Pile */
/** @typedef {"messages" | "context" | "credit" | "forks" | "tokens"} Tab */

/**
 * @typedef {object} InspectorHost
 * @property {import("../step/shown.js").Shown | null} shown
 * @property {string} size of the cell: "small" makes a sheet of it, "tiny" a page
 * @property {boolean} shut the sheet is closed
 * @property {() => void} turnSheet
 * @property {(shown: boolean) => void} setInspecting the page
 * @property {Tab} tab
 * @property {(tab: Tab) => void} setTab
 * @property {string} preamble what all goals begin with
 * @property {import("../step/badges.js").Marks} marking badges of the nodes
 * @property {{row: number, pile: number, piles: {of: (row: number) => Pile | undefined}}} place
 * @property {{row: (row: number) => void, pile: (first: number) => void}} choose
 * @property {(row: number, limit: number) => string} goal
 * @property {(row: number) => import("../step/types.js").NodeText | null} text null: on its way
 */

/** @typedef {Pick<InspectorHost, "tab" | "setTab" | "place" | "choose" | "goal">} WhoHost */

export {};

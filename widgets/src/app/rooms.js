// The zones of the views: each is made once, and stands while its view is in front.

/** @typedef {import("./zones.js").Zone} Zone */
/** @typedef {import("./views.js").ViewName} ViewName */

/**
 * @typedef {object} RoomsHost
 * @property {Zone} tree
 * @property {Zone} icicle
 * @property {Zone} board
 */

/** By the name of the view. @param {RoomsHost} app @returns {Map<ViewName, Zone>} */
export function roomsOf(app) {
  return new Map([
    ["tree", app.tree],
    ["icicle", app.icicle],
    ["board", app.board],
  ]);
}

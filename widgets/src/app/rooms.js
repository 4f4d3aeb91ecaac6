// The zones of the views: each is made once, and stands while its view is in front.

import { EvolutionView } from "../evolution/evolution.js";
import { BadgesView } from "../badges/badges.js";
import { GroupView } from "../group/group.js";

/** @typedef {import("./zones.js").Zone} Zone */
/** @typedef {import("./views.js").ViewName} ViewName */

/**
 * @typedef {object} ViewZones
 * @property {Zone} tree
 * @property {Zone} icicle
 * @property {Zone} timeline
 * @property {Zone} board
 *
 * @typedef {import("../group/host.js").GroupHost & import("../evolution/host.js").EvolutionHost
 *   & import("../badges/host.js").BadgesHost} Needs
 * @typedef {ViewZones & Needs} RoomsHost
 */

/** By the name of the view. @param {RoomsHost} app @returns {Map<ViewName, Zone>} */
export function roomsOf(app) {
  return new Map([
    ["tree", app.tree],
    ["icicle", app.icicle],
    ["group", new GroupView(app)],
    ["timeline", app.timeline],
    ["evolution", new EvolutionView(app)],
    ["badges", new BadgesView(app)],
    ["board", app.board],
  ]);
}

/** Pages in place of a view, by their tab. @param {Zone} credit @param {Zone} tokens */
export function pagesOf(credit, tokens) {
  return new Map(Object.entries({ credit, tokens }));
}

// What a key does here; which key means what is in `keys.js`.

import { actionOf, moveInRows } from "./keys.js";

/** @typedef {import("./keys.js").Action} Action */
/** @typedef {import("../inspector/host.js").Tab} Tab */

/**
 * @typedef {object} ActionsHost
 * @property {string} view
 * @property {Map<string, import("./zones.js").Zone>} rooms
 * @property {Map<string, import("./zones.js").Zone>} pages in place of a view, by their tab
 * @property {Tab} tab
 * @property {(tab: Tab, opens?: boolean) => void} setTab
 * @property {boolean} whole the whole step is listed
 * @property {import("./place.js").Place} place
 * @property {() => import("../outline/rows.js").OutlineRow[]} outlineRows
 * @property {{key: (key: string) => void}} choose
 * @property {import("./folding.js").Folding} fold
 * @property {import("./steps.js").Steps} steps
 * @property {{live: boolean, steps: unknown[]}} traits
 * @property {{zoomBy: (factor: number) => void}} tree
 * @property {{zoomBy: (factor: number) => void, fit: () => void}} timeline
 * @property {import("../timeline/replay.js").Replay} replay
 * @property {{query: string, hits: number[]}} finding
 * @property {(query: string, go: boolean) => void} search
 * @property {(by: number) => void} hit
 * @property {() => void} openSearch
 * @property {import("../shared/menu.js").Menu} menu
 * @property {{toggle: () => void, close: () => void, isOpen: boolean}} help
 * @property {{toggle: () => void, close: () => void, isOpen: boolean}} window
 * @property {boolean} ownPage a page of its own has the whole window already
 * @property {import("./address.js").Address} address
 * @property {{place: HTMLElement}} top
 * @property {boolean} drawer
 * @property {(shown: boolean) => void} showDrawer
 * @property {boolean} inspecting
 * @property {(shown: boolean) => void} setInspecting
 */

/** Keys that a button, a slider or a tab has for itself; Shift with an arrow means another step there too. */
const PRESSES = ["Enter", " ", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End"];
/** Keys that scroll a pane. */
const SCROLLS = ["ArrowUp", "ArrowDown", "Home", "End"];

/** By their keys. @type {Tab[]} */
const TABS = ["messages", "context", "credit", "forks", "tokens"];

/** @type {Action[]} */
const MOVES = ["up", "down", "in", "out", "previous", "next", "home", "end"];

/** @param {ActionsHost} app @param {KeyboardEvent} event */
export function onKey(app, event) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.matches("input, select, textarea") || target.closest(".menu")) return;
  const page = app.pages.get(app.tab);
  const room = app.rooms.get(app.view);
  const own = page && !page.element.hidden
    ? page.onKey?.(event) // wherever the keyboard is: it says which keys it takes from elsewhere
    : room?.element.contains(target) && room.onKey?.(event);
  if (own || means(app, target, event)) {
    event.preventDefault();
    event.stopPropagation();
  }
}

/** @param {ActionsHost} app @param {HTMLElement} target @param {KeyboardEvent} event @returns {boolean} */
function means(app, target, event) {
  const action = actionOf(event);
  if (!action) return false;
  const pressing = target.closest("button") || target.matches("[role=slider], [role=tab], summary");
  const steps = action === "stepBack" || action === "stepOn";
  if (pressing && PRESSES.includes(event.key) && !steps) return false;
  if (target.closest(".pane") && SCROLLS.includes(event.key)) return false;
  return run(app, action);
}

/** @param {ActionsHost} app @param {Action} action @returns {boolean} it meant something here */
function run(app, action) {
  switch (action) {
    case "search":
      app.openSearch();
      return true;
    case "hit":
    case "hitBack":
      app.hit(action === "hit" ? 1 : -1);
      return app.finding.hits.length > 0;
    case "follow":
      app.steps.follow();
      return app.traits.live || app.traits.steps.length > 0;
    case "tab1":
    case "tab2":
    case "tab3":
    case "tab4":
    case "tab5":
      app.setTab(TABS[Number(action[3]) - 1]);
      return true;
    case "play":
    case "momentBack":
    case "momentOn":
    case "slower":
    case "faster":
      return replay(app, action);
    case "bigger":
    case "smaller":
    case "fit":
      if (app.view === "timeline") return zoomTime(app, action);
      if (app.view !== "tree") return false;
      if (action === "fit") app.fold.fit();
      else app.tree.zoomBy(action === "bigger" ? 1.25 : 0.8);
      return true;
    case "stepBack":
    case "stepOn":
      return stepBy(app, action === "stepOn" ? 1 : -1);
    case "help":
      app.help.toggle();
      return true;
    case "address":
      if (app.address.now) app.address.copy(app.top.place);
      return true;
    case "window":
      if (!app.ownPage) app.window.toggle();
      return !app.ownPage;
    case "focus":
      if (app.place.pile >= 0) app.fold.pile(app.place.pile);
      else app.fold.focus(app.place.row);
      return true;
    case "back":
      return back(app);
    default:
      return move(app, action);
  }
}

/** A view may have steps of its own. @param {ActionsHost} app @param {number} by */
function stepBy(app, by) {
  const room = app.rooms.get(app.view);
  if (room?.stepBy) return room.stepBy(by);
  app.steps.move(by);
  return true; // also where there is no other step: that is said
}

/** @param {ActionsHost} app @param {Action} action */
function replay({ replay: player, view }, action) {
  if (!player.times || (view !== "tree" && view !== "timeline")) return false;
  if (action === "play") player.toggle();
  else if (action === "momentBack" || action === "momentOn") player.step(action === "momentOn" ? 1 : -1);
  else player.faster(action === "faster" ? 1 : -1);
  return true;
}

/** @param {ActionsHost} app @param {Action} action */
function zoomTime({ timeline }, action) {
  if (action === "fit") timeline.fit();
  else timeline.zoomBy(action === "bigger" ? 1.25 : 0.8);
  return true;
}

/** One step out of whatever is open. @param {ActionsHost} app */
function back(app) {
  if (app.menu.isOpen) app.menu.close();
  else if (app.help.isOpen) app.help.close();
  else if (app.replay.at !== null) app.replay.leave();
  else if (app.pages.has(app.tab) && app.place.pile < 0) app.setTab("messages", false);
  else if (app.drawer) app.showDrawer(false);
  else if (app.inspecting) app.setInspecting(false);
  else if (app.place.focus >= 0) app.fold.focus(-1);
  else if (app.finding.query) app.search("", false);
  else if (app.window.isOpen) app.window.close();
  else return false;
  return true;
}

/** @param {ActionsHost} app @param {Action} action */
function move(app, action) {
  const rows = app.outlineRows();
  const found = moveInRows(rows, app.place.keyIn(rows, app.whole), action);
  if (!found) return MOVES.includes(action);
  if ("toggle" in found) app.fold.key(found.toggle);
  else app.choose.key(found.select);
  return true;
}

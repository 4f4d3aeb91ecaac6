// What a key does here; which key means what is in `keys.js`.

import { actionOf, moveInRows } from "./keys.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./app.js").Tab} Tab */
/** @typedef {import("./keys.js").Action} Action */

/** @param {App} app @param {KeyboardEvent} event */
export function onKey(app, event) {
  const target = /** @type {HTMLElement} */ (event.target);
  const typing = target.matches("input, select, textarea");
  const action = actionOf(event);
  if (!action) return;
  if (typing || target.closest(".menu")) return;
  const pressing = target.matches("button, [role=slider], [role=tab], summary") || target.closest("button");
  if (pressing && (event.key === "Enter" || event.key === " " || event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End")) return;
  if (target.closest(".pane") && ["ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) return;
  if (run(app, action)) {
    event.preventDefault();
    event.stopPropagation();
  }
}

/** @param {App} app @param {Action} action @returns {boolean} it meant something here */
export function run(app, action) {
  switch (action) {
    case "search":
      app.top.openSearch();
      return true;
    case "hit":
    case "hitBack":
      app.hit(action === "hit" ? 1 : -1);
      return app.finding.hits.length > 0;
    case "follow":
      app.steps.follow();
      return app.traits.live;
    case "tab1":
    case "tab2":
    case "tab3":
      app.setTab(/** @type {Tab[]} */ (["messages", "context", "credit"])[Number(action[3]) - 1]);
      return true;
    case "bigger":
    case "smaller":
    case "fit":
      if (app.view !== "tree") return false;
      if (action === "fit") app.fold.fit();
      else app.treeView.zoomBy(action === "bigger" ? 1.25 : 0.8);
      return true;
    case "stepBack":
    case "stepOn":
      app.steps.move(action === "stepOn" ? 1 : -1);
      return app.traits.steps.length > 1;
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

/** One step out of whatever is open. @param {App} app */
function back(app) {
  if (app.closeMenu) app.closeMenu();
  else if (app.tab === "credit" && app.place.pile < 0) app.setTab("messages", false);
  else if (app.drawer) app.showDrawer(false);
  else if (app.inspecting) app.setInspecting(false);
  else if (app.place.focus >= 0) app.fold.focus(-1);
  else if (app.finding.query) app.search("", false);
  else return false;
  return true;
}

/** @param {App} app @param {Action} action */
function move(app, action) {
  const rows = app.outlineRows();
  const now = app.place.keyIn(rows, app.view === "icicle");
  const found = moveInRows(rows, now, action);
  if (!found) return ["up", "down", "in", "out", "previous", "next", "home", "end"].includes(action);
  if ("toggle" in found) app.fold.key(found.toggle);
  else app.choose.key(found.select);
  return true;
}

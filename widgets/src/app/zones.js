// Which zones stand, by the width of the cell and by what is chosen.

import { showState } from "./notices.js";
import { viewNamed } from "./views.js";

/**
 * @typedef {object} Zone
 * @property {HTMLElement} element
 * @property {() => void} update
 * @property {() => void} [moved] another moment is shown, perhaps many times a second; otherwise `update`
 * @property {(event: KeyboardEvent) => boolean} [onKey] a key was pressed in it: whether it meant something
 * @property {() => void} [focus] it takes the keyboard; otherwise the outline does
 * @property {(by: number) => boolean} [stepBy] it moves over steps of its own
 * @property {() => void} [onSteps] there are other steps, or another is open or followed
 */

/**
 * @typedef {object} ZonesHost
 * @property {import("../step/store.js").Step | null} step
 * @property {string} size of the cell
 * @property {string} view
 * @property {string} tab
 * @property {boolean} drawer
 * @property {boolean} inspecting
 * @property {{pile: number}} place
 * @property {HTMLElement} root
 * @property {import("../shared/theme.js").Palette} palette
 * @property {() => void} focusNodes
 * @property {Zone} top
 * @property {Zone & {stands: (whole: boolean) => boolean}} whatif
 * @property {Zone & {draw: () => void, list: HTMLElement}} outline
 * @property {Map<string, Zone>} rooms the zone of each view
 * @property {Zone} inspector
 * @property {{update: () => void}} looking
 * @property {{update: () => void, waits: string}} marking
 * @property {{keep: () => void}} address
 * @property {Map<string, Zone>} pages in place of a view, by their tab
 * @property {Zone & {showHand: () => void}} board
 * @property {import("../timeline/strip.js").TimeStrip} strip
 * @property {import("../timeline/replay.js").Replay} replay
 * @property {Zone} tree
 * @property {HTMLElement} said
 */

/** px at the base type size: a cell that is less high has no room for lanes under the tree. */
const LOW = 470;

/** @param {ZonesHost & import("./notices.js").NoticesHost} app */
export function showZones(app) {
  const { size, view, root } = app;
  const had = root.contains(document.activeElement);
  const has = !!app.step && app.step.n > 0;
  const front = viewNamed(view);
  const page = app.pages.has(app.tab) && front.page && has && app.place.pile < 0;
  const [small, tiny] = [size === "small", size === "tiny"];
  const alone = tiny && !front.tiny && has; // the outline stands for the view
  root.dataset.view = view;
  const grows = view === "tree" || view === "timeline";
  if (app.replay.at !== null && (page || !grows)) app.replay.leave(); // others show how it ended
  const away = front.outline === "none" || !has || (tiny && (front.tiny || app.inspecting || page));
  showOutline(app, away, tiny || (small && view === "outline"));
  app.whatif.element.hidden = !has || !app.whatif.stands(front.credit && !small && !tiny);
  const room = !has && front.credit ? "tree" : view; // the tree says that there are no nodes
  for (const [name, zone] of app.rooms) zone.element.hidden = name !== room || page || alone;
  for (const [tab, zone] of app.pages) zone.element.hidden = !page || tab !== app.tab;
  app.inspector.element.hidden = page || !has || !front.inspector || (tiny && !app.inspecting);
  app.marking.update();
  app.top.update();
  app.outline.update();
  for (const zone of [app.whatif, ...app.rooms.values(), app.inspector, ...app.pages.values()]) {
    if (!zone.element.hidden) zone.update();
  }
  // The tree gives way first, then the strip: a low cell has a line of it.
  const low = small || root.clientHeight < LOW * app.palette.unit;
  const strip = view === "tree" && has && !page && !tiny;
  if (small) app.strip.show(strip, low, app.tree.element, null);
  else app.strip.show(strip, low, root, app.said);
  if (view !== "board") app.board.showHand();
  showState(app);
  app.looking.update();
  app.address.keep();
  if (had && isLost(root)) app.focusNodes();
}

/** Another moment of the tree: only what shows one is drawn again. @param {ZonesHost} app */
export function showMoment(app) {
  app.outline.draw();
  if (!app.inspector.element.hidden) app.inspector.moved?.();
  for (const zone of [app.rooms.get("tree"), app.rooms.get("timeline"), app.strip]) {
    if (zone && !zone.element.hidden) (zone.moved ?? zone.update).call(zone);
  }
}

/** What had the focus is gone or out of sight: keys would go nowhere. @param {HTMLElement} root */
function isLost(root) {
  const active = document.activeElement;
  return !root.contains(active) || !!active?.closest("[hidden]");
}

/**
 * The outline is never hidden, only out of sight: it is what keyboards and screen readers see. Where no view
 * shows which of its rows has the keyboard, Tab passes it by.
 * @param {ZonesHost} app @param {boolean} away @param {boolean} page it has all of the cell
 */
function showOutline({ outline, size, view, drawer }, away, page) {
  const { classList } = outline.element;
  const closed = (size === "drawer" && !drawer) || (size === "small" && view !== "outline");
  outline.list.tabIndex = away ? -1 : 0;
  classList.toggle("away", away || closed);
  classList.toggle("drawer", size === "drawer" && drawer);
  classList.toggle("page", page);
}

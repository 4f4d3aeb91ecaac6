// Which zones stand, by the width of the cell and by what is chosen.

import { showState } from "./notices.js";

/** @typedef {{element: HTMLElement, update: () => void}} Zone */

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
 * @property {() => void} focusNodes
 * @property {Zone} top
 * @property {Zone} whatif
 * @property {Zone} outline
 * @property {Zone} tree
 * @property {Zone} icicle
 * @property {Zone} inspector
 * @property {{update: () => void}} looking
 * @property {Zone} creditPage
 * @property {Zone & {showHand: () => void}} board
 */

/** @param {ZonesHost & import("./notices.js").NoticesHost} app */
export function showZones(app) {
  const { size, view, root } = app;
  const had = root.contains(document.activeElement);
  const has = !!app.step && app.step.n > 0;
  const board = view === "board";
  const credit = app.tab === "credit" && !board && has && app.place.pile < 0;
  const [small, tiny] = [size === "small", size === "tiny"];
  const listed = small && view === "outline"; // the outline stands alone
  app.root.dataset.view = view;
  showOutline(app, board || !has || (tiny && (app.inspecting || credit)), tiny || listed);
  app.whatif.element.hidden = board || small || tiny || !has;
  app.tree.element.hidden = view !== "tree" || credit || tiny;
  app.icicle.element.hidden = view !== "icicle" || credit || tiny || !has;
  app.board.element.hidden = !board;
  app.creditPage.element.hidden = !credit;
  const other = board || credit || !has || view === "icicle";
  app.inspector.element.hidden = other || (tiny && !app.inspecting) || listed;
  app.top.update();
  app.outline.update();
  for (const zone of [app.whatif, app.tree, app.icicle, app.inspector, app.creditPage, app.board]) {
    if (!zone.element.hidden) zone.update();
  }
  if (!board) app.board.showHand();
  showState(app);
  app.looking.update();
  if (had && isLost(root)) app.focusNodes();
}

/** What had the focus is gone or out of sight: keys would go nowhere. @param {HTMLElement} root */
function isLost(root) {
  const active = document.activeElement;
  return !root.contains(active) || !!active?.closest("[hidden]");
}

/**
 * The outline is never hidden, only out of sight: it is what keyboards and screen readers see.
 * @param {ZonesHost} app @param {boolean} away @param {boolean} page it has all of the cell
 */
function showOutline({ outline, size, view, drawer }, away, page) {
  const { classList } = outline.element;
  const closed = (size === "drawer" && !drawer) || (size === "small" && view !== "outline");
  classList.toggle("away", away || closed);
  classList.toggle("drawer", size === "drawer" && drawer);
  classList.toggle("page", page);
}

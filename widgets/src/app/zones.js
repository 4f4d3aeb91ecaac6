// Which zones stand, by the width of the cell and by what is chosen; and the line of what is unusual.

import { stateSentence } from "../board/figures.js";
import { fill } from "../shared/dom.js";

/** @typedef {import("./app.js").App} App */

/** @param {App} app */
export function showZones(app) {
  const has = !!app.step && app.step.n > 0;
  const credit = app.tab === "credit" && app.view !== "board" && has && app.place.pile < 0;
  const { size, view } = app;
  const board = view === "board";
  app.root.dataset.view = view;
  const wide = size === "full" || size === "drawer";
  app.whatif.element.hidden = board || !wide || !has;
  const page = size === "tiny" || (size === "small" && view === "outline");
  const out = app.outline.element;
  out.classList.toggle("away", (size === "drawer" && !app.drawer) || (size === "small" && view !== "outline") || (size === "tiny" && (app.inspecting || credit)) || board || !has);
  out.classList.toggle("drawer", size === "drawer" && app.drawer);
  out.classList.toggle("page", page);
  app.treeView.element.hidden = view !== "tree" || credit || size === "tiny";
  app.icicle.element.hidden = view !== "icicle" || credit || size === "tiny" || !has;
  app.board.element.hidden = !board;
  app.creditPage.element.hidden = !credit;
  app.inspector.element.hidden = board || credit || !has || view === "icicle" || (size === "tiny" && !app.inspecting) || (size === "small" && view === "outline");
  app.top.update();
  if (!app.whatif.element.hidden) app.whatif.update();
  app.outline.update();
  if (!app.treeView.element.hidden) app.treeView.update();
  if (!app.icicle.element.hidden) app.icicle.update();
  if (!app.inspector.element.hidden) app.inspector.update();
  if (credit) app.creditPage.update();
  if (board) app.board.update();
  else app.board.showHand();
  app.showState();
}

/** The line under the bars: what is unusual about what is shown. @param {App} app */
export function showState(app) {
  const words = stateWords(app);
  app.stateLine.hidden = !words;
  if (words && app.stateLine.textContent !== words) fill(app.stateLine, words);
}

/** @param {App} app */
export function stateWords(app) {
  const { client, step } = app;
  if (client.sorry) return client.sorry;
  const quiet = Math.round((Date.now() - client.heard) / 1000);
  const { session } = app.traits;
  // The board says a pause in its own line.
  const words = app.view === "board" && session.state === "paused" ? "" : stateSentence(session, step && step.step >= 0 ? step.step : null, quiet);
  if (words) return words;
  if (client.wanted !== null && step && app.view !== "board") return `Opening step ${client.wanted}`;
  return step?.note ?? "";
}

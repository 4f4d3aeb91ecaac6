// How the view lies in its host: palette, height, and which zones the width of the cell has room for.

import { applyPalette, paletteOf } from "../shared/theme.js";

/**
 * @typedef {object} FrameHost
 * @property {HTMLElement} root
 * @property {import("../shared/theme.js").Palette} palette
 * @property {"full" | "drawer" | "small" | "tiny"} size of the cell
 * @property {import("./views.js").ViewName} view
 * @property {boolean} drawer
 * @property {boolean} ownPage
 * @property {{isOpen: boolean}} window
 * @property {{height: number}} traits
 * @property {{letGo: () => void}} tree
 */

/** Reads the host's theme and type. @param {FrameHost} app */
export function frame(app) {
  app.palette = paletteOf(app.root);
  applyPalette(app.root, app.palette);
  const whole = app.ownPage || app.window.isOpen;
  app.root.style.height = whole ? "100vh" : `${Math.max(360, app.traits.height)}px`;
  fold(app);
}

/**
 * Folds zones by the width of the cell, in units of type: larger letters fold as a narrower cell does.
 * @param {FrameHost} app @returns {boolean} it stands in the page
 */
export function fold(app) {
  const width = app.root.clientWidth / app.palette.unit;
  if (!width) return false;
  const size = width > 1100 ? "full" : width > 860 ? "drawer" : width > 560 ? "small" : "tiny";
  const same = size === app.size;
  app.size = size;
  app.root.dataset.size = size;
  if (same) return true;
  app.drawer = false;
  if (app.view === "outline" && size !== "small") app.view = "tree";
  app.tree.letGo();
  return true;
}

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

/** The host tells of a subtree that it skips, or lays out again. */
const SKIPS = "contentvisibilityautostatechange";

/**
 * Hears how the view stands in its host. JupyterLab lets the browser skip what is out of sight. Chromium 156
 * may then keep the boxes of what was hidden meanwhile, and make none for what was shown: a view that comes
 * back into sight is laid out anew.
 */
export class Standing {
  /** @param {HTMLElement} root @param {() => void} resized */
  constructor(root, resized) {
    this.root = root;
    this.skipped = false;
    this.sizes = new ResizeObserver(resized);
    this.sizes.observe(root);
    // A tab that is hidden tells nothing by the event.
    this.sight = new IntersectionObserver(() => this.look());
    this.sight.observe(root);
    /** @param {Event} event */
    this.onSkips = ({ target }) => {
      if (target instanceof Node && target.contains(root)) this.look();
    };
    root.ownerDocument.addEventListener(SKIPS, this.onSkips, true);
  }

  close() {
    this.sizes.disconnect();
    this.sight.disconnect();
    this.root.ownerDocument.removeEventListener(SKIPS, this.onSkips, true);
  }

  look() {
    const { root } = this;
    if (!root.isConnected) return;
    // Safari has it since 17.4, and skips nothing before.
    const skipped = root.checkVisibility?.({ contentVisibilityAuto: true }) === false;
    if (this.skipped && !skipped) renew(root);
    this.skipped = skipped;
  }
}

/** @param {HTMLElement} root */
function renew(root) {
  root.style.display = "none";
  root.getClientRects(); // what is asked about is laid out first
  root.style.display = "";
}

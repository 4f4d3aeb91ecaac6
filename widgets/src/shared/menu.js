// A list of choices under a button, closed by Escape, a choice or a click elsewhere.

import { h } from "./dom.js";

/** @typedef {import("../app/app.js").App} App */

/**
 * @param {App} app @param {HTMLElement} anchor @param {import("./dom.js").Child[]} items
 * @returns {HTMLElement}
 */
export function openMenu(app, anchor, items) {
  app.closeMenu?.();
  const menu = h("div", { class: "menu" }, items);
  app.root.append(menu);
  const box = app.root.getBoundingClientRect();
  const at = anchor.getBoundingClientRect();
  menu.style.left = `${Math.max(4, Math.min(at.left - box.left, box.width - menu.offsetWidth - 8))}px`;
  menu.style.top = `${at.bottom - box.top + 4}px`;
  menu.style.maxHeight = `${Math.max(120, box.bottom - at.bottom - 16)}px`;
  const outside = (/** @type {Event} */ event) => {
    if (!menu.contains(/** @type {Node} */ (event.target)) && !anchor.contains(/** @type {Node} */ (event.target))) app.closeMenu?.();
  };
  app.closeMenu = () => {
    const inside = menu.contains(document.activeElement);
    menu.remove();
    document.removeEventListener("pointerdown", outside, true);
    app.closeMenu = null;
    if (inside) (anchor.isConnected ? anchor : app.outline.list).focus({ preventScroll: true });
  };
  document.addEventListener("pointerdown", outside, true);
  menu.addEventListener("keydown", (event) => {
    const buttons = /** @type {HTMLElement[]} */ ([...menu.querySelectorAll("button")]);
    const place = buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (event.key === "Escape") app.closeMenu?.();
    else if (event.key === "ArrowDown") buttons[Math.min(buttons.length - 1, place + 1)]?.focus();
    else if (event.key === "ArrowUp") buttons[Math.max(0, place - 1)]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  const first = /** @type {HTMLElement | null} */ (menu.querySelector("[aria-current=true]") ?? menu.querySelector("button, input, select"));
  first?.focus();
  return menu;
}

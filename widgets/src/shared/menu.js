// A list of choices under a button, closed by Escape, a choice or a click elsewhere. One is open at a time.

import { h } from "./dom.js";

export class Menu {
  /**
   * @param {HTMLElement} root what it lies over
   * @param {() => HTMLElement} heir what gets the focus if the button is gone
   */
  constructor(root, heir) {
    this.root = root;
    this.heir = heir;
    /** @type {(() => void) | null} */
    this.shut = null;
  }

  get isOpen() {
    return this.shut !== null;
  }

  close() {
    this.shut?.();
  }

  /**
   * @param {HTMLElement} anchor the button @param {import("./dom.js").Child[]} items
   * @param {string} [kind] its class @returns {HTMLElement}
   */
  open(anchor, items, kind = "") {
    this.close();
    const menu = h("div", { class: `menu ${kind}` }, items);
    this.root.append(menu);
    put(menu, anchor, this.root);
    const outside = (/** @type {Event} */ event) => {
      const target = /** @type {Node} */ (event.target);
      if (!menu.contains(target) && !anchor.contains(target)) this.close();
    };
    this.shut = () => {
      const inside = menu.contains(document.activeElement);
      menu.remove();
      document.removeEventListener("pointerdown", outside, true);
      this.shut = null;
      if (inside) (anchor.isConnected ? anchor : this.heir()).focus({ preventScroll: true });
    };
    document.addEventListener("pointerdown", outside, true);
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" && event.target instanceof HTMLSelectElement) return; // it has arrows itself
      const buttons = /** @type {HTMLElement[]} */ ([...menu.querySelectorAll("button")]);
      const place = buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement));
      if (event.key === "Escape") this.close();
      else if (event.key === "ArrowDown") buttons[Math.min(buttons.length - 1, place + 1)]?.focus();
      else if (event.key === "ArrowUp") buttons[Math.max(0, place - 1)]?.focus();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    const first = menu.querySelector("[aria-current=true]") ?? menu.querySelector("button, input, select");
    /** @type {HTMLElement | null} */ (first)?.focus();
    return menu;
  }
}

/** @param {HTMLElement} menu @param {HTMLElement} anchor @param {HTMLElement} root */
function put(menu, anchor, root) {
  const box = root.getBoundingClientRect();
  const at = anchor.getBoundingClientRect();
  menu.style.left = `${Math.max(4, Math.min(at.left - box.left, box.width - menu.offsetWidth - 8))}px`;
  menu.style.top = `${at.bottom - box.top + 4}px`;
  menu.style.maxHeight = `${Math.max(120, box.bottom - at.bottom - 16)}px`;
}

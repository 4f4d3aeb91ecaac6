// The search field: a button that becomes an input, and how many nodes hold the words.

import { fill, h } from "../shared/dom.js";
import { icon } from "../shared/shapes.js";

/**
 * @typedef {object} SearchHost
 * @property {{row: number}} place
 * @property {{query: string, hits: number[]}} finding
 * @property {(query: string, go?: boolean) => void} search
 * @property {(by: number) => void} hit
 * @property {() => void} focusNodes
 * @property {{go: (text: string) => boolean}} address
 */

export class Search {
  /** @param {SearchHost} app */
  constructor(app) {
    this.app = app;
    this.element = h("div", { class: "search" });
    this.searching = false;
    this.update();
  }

  /** Shows the button, unless the user is typing. */
  update() {
    if (this.searching || this.element.contains(document.activeElement)) return;
    const title = "Search goals and paths, or open an address";
    const props = { class: "control", "aria-label": "Search", title };
    const button = h("button", { ...props, onclick: () => this.open() }, icon("search"), h("kbd", {}, "/"));
    fill(this.element, button);
  }

  /** Which hit is chosen, of how many. */
  hitWords() {
    const { finding, place } = this.app;
    const { query, hits } = finding;
    if (!query) return "";
    return hits.length ? `${hits.indexOf(place.row) + 1} of ${hits.length}` : "none";
  }

  open() {
    const { app } = this;
    this.searching = true;
    const word = h("span", { class: "label" }, this.hitWords());
    const aria = { placeholder: "goal, path, address", "aria-label": "Search goals and paths" };
    const input = h("input", { type: "search", ...aria, value: app.finding.query });
    input.addEventListener("input", () => {
      app.search(input.value);
      word.textContent = this.hitWords();
    });
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") {
        app.search("", false);
        this.close(true);
      } else if (event.key === "Enter" && app.address.go(input.value)) {
        app.search("", false);
        this.close(true);
      } else if (event.key === "Enter") {
        const { hits } = app.finding;
        if (event.shiftKey) app.hit(-1);
        else if (hits.length > 1 && hits.includes(app.place.row)) app.hit(1);
        this.close(true);
      }
    });
    input.addEventListener("blur", () => {
      if (this.searching) this.close(false);
    });
    fill(this.element, word, input);
    input.focus();
    input.select();
  }

  /** @param {boolean} back the nodes get the keyboard */
  close(back) {
    this.searching = false;
    fill(this.element);
    this.update();
    if (back) this.app.focusNodes();
  }
}

// What the top bar gives up in a cell that is too narrow for all of it: nothing stands over anything else,
// and the buttons at its end are never cut.

/** In this order, one after the other. */
const GIVEN = /** @type {const} */ ([
  "never", "strip", "keys", "views", "rule", "link", "title", "few", "task", "search",
]);

/** @typedef {typeof GIVEN[number]} Given */

/**
 * @typedef {object} FittingHost
 * @property {HTMLElement} element the bar
 * @property {HTMLElement} rest what is left of it between its two sides
 * @property {HTMLElement} views which depend on what is given up
 * @property {() => void} showGiven draws what CSS alone cannot
 */

export class Fitting {
  /** @param {FittingHost} bar */
  constructor(bar) {
    this.bar = bar;
    /** @type {Set<Given>} */
    this.given = new Set();
    this.key = "";
    new ResizeObserver(() => requestAnimationFrame(() => this.fit())).observe(bar.rest);
  }

  /** What the bar holds, whatever it gives up. Figures are equally wide. */
  get now() {
    const { element, views } = this.bar;
    const parts = /** @type {HTMLElement[]} */ ([...element.children]).filter((part) => part !== views);
    const words = parts.map((part) => `${part.hidden} ${part.textContent} ${!!part.querySelector("input")}`);
    const front = views.querySelector("[aria-pressed=true]")?.textContent;
    return `${element.clientWidth} ${front} ${words.join()}`.replace(/\d/g, "0");
  }

  /** Gives up as little as is needed. */
  fit() {
    const { element, rest } = this.bar;
    if (!element.clientWidth || this.now === this.key) return;
    element.classList.add("measured");
    for (let many = 0; many <= GIVEN.length; many += 1) {
      this.given = new Set(GIVEN.slice(0, many));
      element.dataset.given = [...this.given].join(" ");
      this.bar.showGiven();
      if (rest.clientWidth > 0) break;
    }
    element.classList.remove("measured");
    this.key = this.now;
  }
}

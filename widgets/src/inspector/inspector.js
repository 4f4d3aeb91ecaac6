// The inspector: who the chosen node is, what it said and what it read.

import { fill, h, onArrows, refill } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { icon } from "../shared/shapes.js";
import { visible } from "../shared/text.js";
import { ContextPane } from "./context.js";
import { givenList } from "./given.js";
import { messageParts } from "./messages.js";
import { textAt } from "./told.js";
import { chosenTab, tabList, whoLines } from "./who.js";

/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {import("../step/types.js").NodeText} NodeText */

/** After this time without an answer, in ms, the pane says that it waits. */
const PATIENCE = 150;
/** Characters of a text that are shown at first. */
const LONG = 4000;

export class Inspector {
  /**
   * @param {import("./host.js").InspectorHost} host
   * @param {{element: HTMLElement, title: string, update: () => void}} siblings of the choice, in sum
   * @param {{
   *   parts: (shown: Shown, row: number, text: NodeText) => HTMLElement[],
   *   begin: (path: string, turn: number) => void,
   *   told: () => void,
   *   mark: (shown: Shown) => string
   * }} forks of the chosen node
   */
  constructor(host, siblings, forks) {
    this.host = host;
    this.siblings = siblings;
    this.forks = forks;
    this.who = h("div", { class: "who" });
    this.tabs = h("div", {});
    this.tools = h("div", {});
    this.head = h("div", { class: "head" }, this.who, this.tabs, this.tools);
    this.pane = h("div", { class: "pane", tabindex: 0, role: "tabpanel" });
    const aria = { "aria-orientation": "vertical", "aria-label": "Inspector width" };
    this.grip = h("div", { class: "grip", role: "separator", ...aria, tabindex: 0 });
    this.element = h("div", { class: "inspector" }, this.grip, this.head, this.pane);
    this.context = new ContextPane();
    this.shown = "";
    /** Step, node and tab of what stands in the pane. */
    this.filled = "";
    /** What the head tells of, while a moment is shown. */
    this.moment = "";
    /** @type {NodeText | null} */
    this.text = null;
    /** @type {Set<string>} texts shown whole */
    this.opened = new Set();
    this.resize();
  }

  resize() {
    const { grip } = this;
    const set = (/** @type {number} */ width) => {
      this.element.style.width = `${Math.max(300, Math.min(560, width))}px`;
    };
    grip.addEventListener("pointerdown", (event) => {
      grip.setPointerCapture(event.pointerId);
      const { right } = this.element.getBoundingClientRect();
      grip.onpointermove = (move) => set(right - move.clientX);
    });
    grip.addEventListener("pointerup", () => (grip.onpointermove = null));
    onArrows(grip, { ArrowLeft: 20, ArrowRight: -20 }, (by) => set(this.element.offsetWidth + by));
  }

  update() {
    const { shown, place, size, shut } = this.host;
    if (!shown || this.element.hidden || place.row < 0) return;
    const small = size === "small";
    const tiny = size === "tiny";
    this.grip.hidden = small || tiny;
    this.element.classList.toggle("shut", small && shut);
    this.pane.hidden = small && shut;
    const whole = place.pile >= 0;
    this.siblings.element.hidden = !whole || this.pane.hidden;
    refill(this.tools, () => this.tools.querySelector("button"), small ? this.lid() : null);
    if (whole) {
      this.showPile(small, tiny);
      return;
    }
    this.moment = "";
    this.showWho(shown);
    refill(this.tabs, () => chosenTab(this.tabs), tabList(this.host));
    this.showPane(shown);
  }

  /** Another moment is shown, perhaps many times a second: what the node was doing then. */
  moved() {
    const { shown, place } = this.host;
    if (!shown || place.row < 0 || place.pile >= 0) return;
    const { step, later } = shown;
    const { row } = place;
    const key = [row, step.status[row], toldKey(shown, row), !!later?.has(row)].join();
    if (this.moment === key) return;
    this.moment = key;
    this.showWho(shown);
    this.showPane(shown);
  }

  /** @param {Shown} shown */
  showWho(shown) {
    const { size, place, marking } = this.host;
    const { line, sub } = whoLines(this.host, shown, false);
    const given = givenList(marking.of(place.row), size === "small");
    const back = size === "tiny" ? this.wayBack() : null;
    refill(this.who, () => this.who.querySelector("button"), back, line, sub, given);
  }

  /** Alike siblings as one: their sum in place of messages. @param {boolean} small @param {boolean} tiny */
  showPile(small, tiny) {
    const { title, element } = this.siblings;
    const name = h("span", { class: "name cut", title }, title);
    fill(this.who, tiny ? this.wayBack() : null, small ? h("div", { class: "line" }, name) : null);
    fill(this.tabs);
    if (element.parentElement !== this.pane || this.pane.childElementCount !== 1) fill(this.pane, element);
    this.shown = this.filled = "";
    this.siblings.update();
  }

  wayBack() {
    const onclick = () => this.host.setInspecting(false);
    return h("button", { class: "control", style: "margin-bottom:8px", onclick }, "Back to the outline");
  }

  /** Opens and closes the sheet of a narrow cell. */
  lid() {
    const { host } = this;
    const label = host.shut ? "Open the inspector" : "Close the inspector";
    const props = { class: "twist", "aria-label": label, style: "padding:8px" };
    return h("button", { ...props, onclick: () => host.turnSheet() }, icon(host.shut ? "up" : "down"));
  }

  /** @param {Shown} shown */
  showPane(shown) {
    const { host, pane } = this;
    const { step, credit } = shown;
    const { row } = host.place;
    const text = host.text(row);
    const told = shown.told?.get(row);
    const id = `${step.step}/${row}/${host.tab}`;
    // Chips carry their children's advantages, so a what-if redraws; unrelated live nodes do not.
    const children = step.children(row).map((child) => `${step.status[child]}${credit.A[child]}`);
    const turns = text ? text.turns.map((turn) => turn.ended).join() : "none";
    const own = [step.turns[row], step.status[row], turns, toldKey(shown, row)];
    const forks = host.tab === "forks" ? this.forks.mark(shown) : "";
    const key = [id, ...own, children.join(), host.size, this.opened.size, host.preamble, forks].join("|");
    if (this.shown === key && this.text === text) return;
    this.shown = key;
    this.text = text;
    if (!text) {
      // Texts mostly come within a frame or two: nothing stands here until then, least of all another node's.
      this.filled = "";
      refill(pane, () => pane);
      setTimeout(() => this.shown === key && !this.text && this.showLoading(), PATIENCE);
      return;
    }
    if (text.unread) {
      fill(pane, h("div", { class: "part label" }, visible(text.note)));
      return;
    }
    const same = this.filled === id;
    const scroll = same ? pane.scrollTop : 0;
    // Who read the end while the tree grows again goes on reading it.
    const follows = same && !!told && pane.scrollTop + pane.clientHeight >= pane.scrollHeight - 4;
    this.filled = id;
    refill(pane, () => pane, told ? this.before(shown, text, told) : this.whole(shown, text));
    pane.scrollTop = follows ? pane.scrollHeight : scroll;
  }

  /** @param {Shown} shown @param {NodeText} text @returns {HTMLElement[]} */
  whole(shown, text) {
    const { tab, place } = this.host;
    if (tab === "context") return this.context.parts(shown.step, place.row, text);
    return tab === "forks" ? this.forks.parts(shown, place.row, text) : this.messages(shown, text);
  }

  /**
   * At a moment before the node ended: what it had read and said by then.
   * @param {Shown} shown @param {NodeText} text @param {import("../step/shown.js").Told} told
   */
  before(shown, text, told) {
    const { tab, place } = this.host;
    const say = (/** @type {string} */ words) => h("div", { class: "part label later" }, words);
    if (tab === "forks") return [say("Forks tell how it ended: Escape leaves the replay.")];
    if (shown.later?.has(place.row)) return [say("Not launched yet at this moment.")];
    const more = text.turns.length - told.turns;
    const turns = more ? `${count(more)} more ${more === 1 ? "turn" : "turns"}, and ` : "";
    const end = say(`Later: ${turns}how it ended. Escape leaves the replay.`);
    return [...this.whole(shown, textAt(text, told)), end];
  }

  /** @param {Shown} shown @param {NodeText} text */
  messages(shown, text) {
    const { host } = this;
    return messageParts({
      ...{ shown, text, row: host.place.row, wide: host.size === "small" },
      goal: (row, limit) => host.goal(row, limit),
      choose: (row) => host.choose.row(row),
      fork: (turn) => {
        this.forks.begin(shown.step.path(host.place.row), turn);
        host.setTab("forks");
      },
      long: (key, words, make) => this.long(key, words, make),
    });
  }

  showLoading() {
    const bars = [90, 60, 75].map((width) => h("div", { class: "skeleton", style: `width:${width}%` }));
    fill(this.pane, h("div", { class: "part", "aria-label": "Loading" }, bars));
  }

  /**
   * A long text: its beginning, and the rest on demand.
   * @param {string} key @param {string} text @param {(shown: string) => (Node | string)[]} make
   */
  long(key, text, make) {
    if (text.length <= LONG * 1.2 || this.opened.has(key)) return make(visible(text));
    const open = () => {
      this.opened.add(key);
      this.update();
    };
    const words = `Show all ${count(text.length)} characters`;
    const beginning = make(`${visible(text.slice(0, LONG))}\u2026`);
    return [...beginning, h("button", { class: "more", onclick: open }, words)];
  }
}

/** How far a node is at the moment shown; empty if all of it is. @param {Shown} shown @param {number} row */
function toldKey({ told }, row) {
  const its = told?.get(row);
  return its ? `${its.turns}${its.stage}` : "";
}

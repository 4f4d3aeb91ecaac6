// The Badges view: what went wrong in the step, badge by badge and node by node, and what each badge means.

import { fill, h, refill } from "../shared/dom.js";
import { count, many } from "../shared/format.js";
import { OF_CREDIT } from "../step/credit_badges.js";
import { sentenceOf } from "../step/states.js";
import { aboutBadge } from "./about.js";
import { countsOf } from "./counts.js";
import { countsChart, kindButtons } from "./kinds.js";
import { BadgeTable } from "./table.js";

/** @typedef {import("./host.js").BadgesHost} BadgesHost */
/** @typedef {import("../step/badges.js").StepBadges} StepBadges */

/** px at the base type size: below, the kinds stand over the table; or both leave out columns. */
const NARROW = 560;
const CLOSE = 660;
const TIGHT = 760;
const SNUG = 900;

export class BadgesView {
  /** @param {BadgesHost} host */
  constructor(host) {
    this.host = host;
    this.kinds = h("div", { class: "kinds", role: "group", "aria-label": "Badges" });
    this.about = h("div", { class: "about" });
    this.head = h("div", { class: "summary label" });
    this.table = new BadgeTable(host);
    this.side = h("div", { class: "side" }, this.kinds, this.about);
    this.main = h("div", { class: "main" }, this.head, this.table.element);
    this.state = h("div", { class: "state" });
    this.element = h("div", { class: "badges-view" }, this.state, this.side, this.main);
    this.shown = "";
    this.observer = new ResizeObserver(() => this.onSize());
    this.observer.observe(this.element);
  }

  /** @param {KeyboardEvent} event @returns {boolean} */
  onKey(event) {
    return this.table.onKey(event);
  }

  onSize() {
    const width = this.element.clientWidth / this.host.palette.unit;
    this.element.classList.toggle("narrow", width < NARROW);
    this.element.classList.toggle("close", width < CLOSE);
    this.element.classList.toggle("tight", width < TIGHT);
    this.element.classList.toggle("snug", width < SNUG);
    this.table.draw();
  }

  update() {
    const { shown, marking, lacks } = this.host;
    const { badges, why } = marking;
    const ready = !!shown?.step.n && !!badges;
    this.side.hidden = this.main.hidden = !ready;
    this.state.hidden = ready;
    if (!ready) {
      const looks = shown?.step.n ? `Looking for badges in ${many(shown.step.n, "node")}` : "";
      const waits = looks ? why || looks : lacks || sentenceOf("nothing");
      if (this.state.textContent !== waits) fill(this.state, waits);
      return;
    }
    this.show(badges);
  }

  /** @param {StepBadges} badges */
  show(badges) {
    const { host } = this;
    const { marking } = host;
    const { wanted } = marking;
    const step = host.shown?.step.step ?? 0;
    const over = countsOf(host);
    const look = (/** @type {string} */ name) => marking.look(name === wanted ? "" : name);
    const pressed = () => this.kinds.querySelector("[aria-pressed=true]") ?? this.kinds.firstElementChild;
    const found = badges.counts();
    refill(this.kinds, pressed, kindButtons(badges.badges, found, wanted, over, step, look));
    this.showAbout(badges, over, step);
    const rows = wanted ? badges.all.filter(({ badge }) => badge.name === wanted) : badges.all;
    this.element.classList.toggle("one", !!wanted);
    fill(this.head, this.summary(badges, rows));
    this.table.update(rows);
  }

  /** @param {StepBadges} badges @param {import("./counts.js").Counts | null} over @param {number} step */
  showAbout(badges, over, step) {
    const { marking } = this.host;
    const badge = badges.badges.find(({ name }) => name === marking.wanted);
    const other = !!this.host.shown?.other;
    const key = JSON.stringify([badge?.key, badges.config, marking.changes, marking.why, step, over, other]);
    if (this.shown === key) return;
    this.shown = key;
    const active = /** @type {HTMLElement | null} */ (document.activeElement);
    const name = active?.dataset?.name;
    const note = other && badge && OF_CREDIT.includes(badge.key) ? "by the recorded rule" : "";
    const chart = badge && over ? countsChart(badge, over, step, note) : null;
    const parts = badge
      ? aboutBadge(this.host, badge, chart)
      : [h("p", { class: "label" }, ...hint(over, other))];
    const heir = () => this.about.querySelector(`[data-name="${name}"]`);
    refill(this.about, heir, parts);
  }

  /** @param {StepBadges} badges @param {import("../step/badges.js").Given[]} rows */
  summary(badges, rows) {
    const { shown, marking } = this.host;
    const step = shown?.step;
    const words = [`${many(rows.length, "badge")} of ${many(step?.n ?? 0, "node")}`];
    const probes = rows.filter(({ tree }) => step?.groups[step.trees[tree].group].probe).length;
    if (probes) words[0] += `, ${count(probes)} of them in probes`;
    if (marking.wanted) words.push("n and N walk through them, in the tree too");
    if (!badges.credited) words.push("no advantages are known here, so badges of credit are left out");
    else if (shown?.other) words.push("badges of credit follow the changed rule");
    return words.join("; ");
  }
}

/**
 * @param {import("./counts.js").Counts | null} over
 * @param {boolean} other credit by another rule is shown
 */
function hint(over, other) {
  const rule = other ? "; those of credit stay as recorded" : "";
  const words = ` Bars count them step by step, probes left out${rule}.`;
  const bars = over && over.step.length > 1 ? h("span", { class: "of-bars" }, words) : null;
  return ["Choose a badge to read what it means, and to mark its nodes alone.", bars];
}

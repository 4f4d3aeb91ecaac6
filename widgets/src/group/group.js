// The Group view: all groups of a step at a glance, the trees of one of them on the axis of reward, and how
// much of the update each depth makes.

import { fill, h } from "../shared/dom.js";
import { sentenceOf } from "../step/states.js";
import { stepFacts } from "./facts.js";
import { Grove } from "./grove.js";
import { GroupList } from "./list.js";
import { SharePanel } from "./share.js";
import { groupSentence, unbroken } from "./words.js";

/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {import("./facts.js").StepFacts} StepFacts */
/** @typedef {import("./facts.js").GroupFact} GroupFact */

/** px from which the list stands beside the trees, and from which the sentence stands beside the depths. */
const BESIDE = 560;
const SAID = 760;
/** px that the trees keep if rows of depths are roomy. */
const LOW = 370;

/** @type {Record<string, [number, number]>} by which a key moves: groups, trees */
const MOVES = {
  ...{ ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] },
  ...{ PageUp: [-10, 0], PageDown: [10, 0], Home: [-1e9, 0], End: [1e9, 0] },
};

export class GroupView {
  /** @param {import("./host.js").GroupHost} host */
  constructor(host) {
    this.host = host;
    this.list = new GroupList((group) => this.choose(group), (order) => this.reorder(order));
    this.grove = new Grove(host);
    this.share = new SharePanel();
    this.about = h("p", { class: "about", "aria-live": "polite" });
    this.empty = h("div", { class: "state" });
    this.main = h("div", { class: "main" }, this.about, this.grove.element, this.share.element);
    this.element = h("div", { class: "centre group-view" }, this.empty, this.list.element, this.main);
    /** What the facts are of: step, its revision, advantages. @type {unknown[]} */
    this.counted = [];
    /** @type {StepFacts | null} */
    this.facts = null;
    /** @type {Map<number, number>} the tree that was chosen last in each group */
    this.kept = new Map();
    this.step = NaN;
    /** @type {import("./facts.js").Order} */
    this.order = "step";
    new ResizeObserver(() => this.update()).observe(this.element);
  }

  /** The list of groups gets the keyboard. */
  focus() {
    this.list.list.focus({ preventScroll: true });
  }

  update() {
    const { host, element } = this;
    const { shown } = host;
    const has = !!shown?.step.groups.length && shown.step.n > 0;
    this.empty.hidden = has;
    this.list.element.hidden = this.main.hidden = !has;
    if (!shown || !has) {
      this.empty.textContent = host.lacks || sentenceOf("nothing");
      return;
    }
    if (!element.clientWidth) return;
    this.count(shown);
    const fact = this.chosen;
    if (!this.facts || !fact) return;
    const { unit: u } = host.palette;
    const { step } = shown;
    element.classList.toggle("stacked", element.clientWidth < BESIDE * u);
    this.list.update(this.facts, fact.group, step.step, u);
    this.main.classList.toggle("narrow", this.main.clientWidth < SAID * u);
    this.share.update(shown, element.clientHeight - LOW * u, u, this.whole(step));
    this.grove.update(shown, fact, this.facts);
    this.showAbout(shown, fact);
  }

  /** Groups are counted anew if the step or its credit is another. @param {Shown} shown */
  count(shown) {
    const now = [shown.step, shown.step.revision, shown.credit.A, this.order];
    if (this.facts && now.every((each, at) => each === this.counted[at])) return;
    this.counted = now;
    this.facts = stepFacts(shown, this.order);
    this.share.count(shown);
    if (this.step !== shown.step.step) this.kept.clear();
    this.step = shown.step.step;
  }

  /** @param {import("./facts.js").Order} order */
  reorder(order) {
    this.order = order;
    this.update();
    this.list.list.scrollTop = 0;
  }

  /** The group of the chosen tree. @returns {GroupFact | undefined} */
  get chosen() {
    const { facts, host } = this;
    const tree = host.shown?.step.trees[host.place.tree];
    return facts?.groups.find(({ group }) => group === tree?.group) ?? facts?.groups[0];
  }

  /** @param {Shown["step"]} step */
  whole({ groups }) {
    return groups.filter(({ probe, fork }) => !probe && !fork).length > 1 ? "these groups" : "this group";
  }

  /** What was asked, and what the group gave. @param {Shown} shown @param {GroupFact} fact */
  showAbout(shown, fact) {
    const { host } = this;
    const root = fact.trees.map((tree) => shown.step.rootOf[tree]).find((row) => row >= 0) ?? -1;
    const goal = root >= 0 ? host.goal(root, 120) : "";
    const bar = host.size === "full" || host.size === "drawer"; // it says already what is lacking
    const lacks = fact.kind === "coming" && !bar ? host.lacks : "";
    const words = unbroken([groupSentence(fact, shown.config), lacks].filter(Boolean).join(" "));
    const { caption } = this.grove;
    const key = [goal, words, caption].join("\n");
    if (this.about.dataset.key === key) return;
    this.about.dataset.key = key;
    fill(this.about,
      h("b", { class: "cut", title: goal }, goal),
      h("span", {}, words),
      caption ? h("span", { class: "label" }, caption) : null,
    );
  }

  // -- choosing -----------------------------------------------------------------------------------

  /** @param {number} group */
  choose(group) {
    const { facts, host } = this;
    const fact = facts?.groups.find((each) => each.group === group);
    const { shown } = host;
    if (!fact || !shown) return;
    const before = this.chosen;
    if (before && before !== fact) this.kept.set(before.group, host.place.tree);
    const begun = fact.trees.filter((tree) => shown.step.rootOf[tree] >= 0);
    const kept = this.kept.get(group);
    const tree = kept !== undefined && begun.includes(kept) ? kept : begun[0];
    if (tree !== undefined) host.choose.tree(tree);
  }

  /** @param {KeyboardEvent} event @returns {boolean} it meant something here */
  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return false;
    const move = MOVES[event.key];
    if (move) this.move(...move);
    else if (event.key === "Enter" || event.key === " ") this.grove.open(this.host.place.tree);
    return !!move || event.key === "Enter" || event.key === " ";
  }

  /** @param {number} groups @param {number} trees */
  move(groups, trees) {
    const { facts, chosen, host } = this;
    const { shown } = host;
    if (!facts || !chosen || !shown) return;
    const { rootOf } = shown.step;
    if (groups) {
      const open = facts.groups.filter((fact) => fact.trees.some((tree) => rootOf[tree] >= 0));
      const at = open.indexOf(chosen) + groups;
      const next = open[Math.max(0, Math.min(open.length - 1, at))];
      if (next && next !== chosen) this.choose(next.group);
      return;
    }
    const begun = chosen.trees.filter((tree) => rootOf[tree] >= 0);
    const next = begun[begun.indexOf(host.place.tree) + trees];
    if (next !== undefined) host.choose.tree(next);
  }
}

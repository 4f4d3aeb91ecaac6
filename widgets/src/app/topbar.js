// The top bar: where one is, which step, which view, search.

import { followWords } from "../board/words.js";
import { h, refill } from "../shared/dom.js";
import { many, signClass, signed } from "../shared/format.js";
import { icon, markIcon } from "../shared/shapes.js";
import { oneLine, taskName } from "../shared/text.js";
import { treeWords } from "../step/forks.js";
import { shapeOf } from "../step/status.js";
import { Fitting } from "./fitting.js";
import { Scrub } from "./scrub.js";
import { Search } from "./search.js";
import { offered, viewNamed } from "./views.js";

/** @typedef {import("../shared/dom.js").Child} Child */
/** @typedef {import("../step/store.js").Step} Step */
/** @typedef {import("./views.js").View} View */
/** @typedef {import("./views.js").ViewName} ViewName */

/**
 * @typedef {object} TopBarNeeds
 * @property {import("../step/shown.js").Shown | null} shown
 * @property {import("../step/client.js").Model} traits
 * @property {string} size of the cell
 * @property {{clientWidth: number}} root
 * @property {import("../shared/theme.js").Palette} palette
 * @property {ViewName} view
 * @property {(view: ViewName) => void} setView
 * @property {boolean} hasBoard
 * @property {boolean} drawer
 * @property {(shown: boolean) => void} showDrawer
 * @property {{tree: number, focus: number}} place
 * @property {{tree: (tree: number) => void}} choose
 * @property {{focus: (row: number) => void}} fold
 * @property {import("./steps.js").Steps} steps
 * @property {import("../shared/menu.js").Menu} menu
 * @property {{chip: HTMLButtonElement, updateChip: () => void}} whatif
 * @property {{toggle: () => void}} help
 * @property {{toggle: () => void, isOpen: boolean}} window
 * @property {boolean} ownPage
 * @property {import("./address.js").Address} address
 *
 * @typedef {TopBarNeeds & import("./scrub.js").ScrubHost & import("./search.js").SearchHost} TopBarHost
 */

/** What the words of how training stands lead to. */
const STEERS = "To the board, which pauses and resumes training";

export class TopBar {
  /** @param {TopBarHost} app */
  constructor(app) {
    this.app = app;
    /** @type {HTMLButtonElement} */
    this.window = h("button", {});
    this.place = h("nav", { class: "place", "aria-label": "Place" });
    const drawer = { class: "control", onclick: () => app.showDrawer(!app.drawer) };
    this.drawerButton = h("button", drawer, icon("list"), "Outline");
    this.scrub = new Scrub(app);
    this.views = h("div", { class: "switch", role: "group", "aria-label": "View" });
    this.search = new Search(app);
    this.tail = h("div", { class: "scrub" });
    this.rest = h("div", { class: "grow" });
    const left = [this.place, app.whatif.chip, this.rest, this.scrub.element, this.tail];
    this.element = h("div", { class: "bar top" },
      left,
      this.drawerButton,
      this.views,
      this.search.element,
      this.ends(),
    );
    this.shown = "";
    this.tailKey = "";
    this.fitting = new Fitting(this);
  }

  /** The legend, and the whole window: at every width. */
  ends() {
    const { app } = this;
    const help = { title: "Shapes, symbols, keys (?)", "aria-label": "Shapes, symbols, keys" };
    const turn = { class: "control square", onclick: () => app.window.toggle() };
    this.window = h("button", turn, icon("wider", 12));
    const card = h("button", { class: "control square", ...help, onclick: () => app.help.toggle() }, "?");
    return h("div", { class: "ends" }, card, this.window);
  }

  showWindow() {
    const { window, ownPage } = this.app;
    const words = window.isOpen ? "Back to the cell" : "Whole window";
    this.window.hidden = ownPage;
    this.window.title = `${words} (F)`;
    this.window.setAttribute("aria-label", words);
    this.window.setAttribute("aria-pressed", String(window.isOpen));
  }

  update() {
    const { app } = this;
    const { size, traits } = app;
    this.showWindow();
    const has = !!app.shown?.step.n;
    const view = viewNamed(app.view);
    const run = view.place === "run";
    const small = size === "small" || size === "tiny";
    this.showPlace();
    this.drawerButton.hidden = size !== "drawer" || view.outline === "none" || !has;
    this.drawerButton.setAttribute("aria-expanded", String(app.drawer));
    app.whatif.chip.hidden = !small || !has || !view.credit;
    if (!app.whatif.chip.hidden) app.whatif.updateChip();
    const scrubs = traits.steps.length > 1;
    this.scrub.element.hidden = !scrubs || run;
    this.showTail(small);
    this.search.element.hidden = small || !has || run;
    this.search.update();
    this.showGiven();
    this.fitting.fit();
  }

  /** What depends on the room that there is. */
  showGiven() {
    const { app } = this;
    const small = app.size === "small" || app.size === "tiny";
    const wide = small ? 104 : app.size === "drawer" ? 140 : 220;
    const share = this.fitting.given.has("strip") ? 0.6 : 1;
    if (app.traits.steps.length > 1) this.scrub.draw(wide * share);
    this.showViews();
  }

  showPlace() {
    const { app, place } = this;
    const title = oneLine(app.traits.title, 60);
    const named =
      title && app.size !== "small" ? [h("span", { class: "cut run", title }, title)] : [];
    const buttons = place.getElementsByTagName("button");
    const at = [...buttons].findIndex((button) => button === document.activeElement);
    const parts = this.placeParts();
    const between = named.length && parts.length ? separator() : null;
    refill(place, () => buttons[at], named, between, parts, this.link());
  }

  /** @returns {Child} what shows the address of all this */
  link() {
    const { address, size } = this.app;
    if (!address.now || size === "small" || size === "tiny") return null;
    const props = { class: "link", title: "Address of what is seen (y)", "aria-label": "Address" };
    return h("button", { ...props, onclick: () => address.copy(this.place) }, icon("link", 13));
  }

  /** @returns {Child[]} */
  placeParts() {
    const { view, shown, traits, hasBoard } = this.app;
    const here = (/** @type {string} */ words) => h("span", { class: "here" }, words);
    const { kind, names } = traits.session;
    if (viewNamed(view).place === "run") return [here(hasBoard ? (kind ?? "training") : "steps")];
    if (!shown?.step.n) return [];
    const only = hasBoard && traits.steps.length === 1; // without a scrubber, the step stands here
    const step = only ? [h("span", {}, `step ${shown.step.step}`), separator()] : [];
    const name = names?.[shown.step.step];
    return [...step, ...(name ? [h("span", { class: "cut" }, name), separator()] : []), ...this.stepParts()];
  }

  /** @returns {Child[]} */
  stepParts() {
    const { view, shown } = this.app;
    const here = (/** @type {string} */ words) => h("span", { class: "here" }, words);
    if (!shown) return [];
    const { step } = shown;
    if (viewNamed(view).place !== "step") return this.treeParts(step);
    const trees = many(step.trees.length, "tree");
    return [h("span", {}, trees), separator(), here(many(step.n, "node"))];
  }

  /** Task, tree and focus, each the way to others. @param {Step} step @returns {Child[]} */
  treeParts(step) {
    const { place, fold } = this.app;
    const tree = step.trees[place.tree];
    const group = step.groups[tree.group];
    const all = step.treesOf(tree.group);
    const trees = all.length;
    const kind = group.fork ? "fork" : "tree";
    const whole = trees > 1 && all.every((each) => step.trees[each].rollout < trees); // not a few of a group
    const one = `${kind} ${tree.rollout + 1}${whole ? ` of ${trees}` : ""}`;
    const words = viewNamed(this.app.view).place === "group" ? many(trees, kind) : one;
    const back = { onclick: () => fold.focus(-1), title: "Back to the whole tree" };
    const task = taskName(group) || "task";
    const tasks = (/** @type {HTMLElement} */ anchor) => this.openTasks(step, anchor);
    return [
      choice("cut task", task, "Choose a task", step.groups.length > 1, tasks),
      separator(),
      choice("here", words, "Choose a tree", trees > 1, (anchor) => this.openTrees(step, anchor)),
      ...(place.focus >= 0
        ? [separator(), h("button", back, `from ${step.path(place.focus)} `, icon("close", 9))]
        : []),
      group.fork ? h("span", { class: "label cut" }, group.fork) : null,
      group.probe && !group.fork ? probeWords() : null,
    ];
  }

  /** @param {number} tree */
  goTo(tree) {
    const { app } = this;
    app.choose.tree(tree);
    app.menu.close();
    app.focusNodes();
  }

  /** @param {Step} step @param {HTMLElement} anchor */
  openTasks(step, anchor) {
    const now = step.trees[this.app.place.tree].group;
    const items = step.groups.map((group, index) => {
      const trees = step.treesOf(index);
      const scores = trees.map((tree) => step.s[step.rootOf[tree]]).filter((s) => s >= 0);
      const won = `${scores.filter((s) => s >= 1).length} of ${trees.length} roots succeeded`;
      return h("button", { "aria-current": index === now, onclick: () => this.goTo(trees[0]) },
        h("span", { class: "cut", title: oneLine(group.task, 80) }, taskName(group)),
        h("span", { class: "path" }, group.fork ? "forks" : group.probe ? "probe" : ""),
        h("span", { class: "value label" }, scores.length ? won : `${trees.length} trees`),
      );
    });
    this.app.menu.open(anchor, items);
  }

  /** @param {Step} step @param {HTMLElement} anchor */
  openTrees(step, anchor) {
    const { place, shown, menu } = this.app;
    const items = step.treesOf(step.trees[place.tree].group).map((tree) => {
      const { note } = step.trees[tree];
      const root = step.rootOf[tree];
      const begun = root >= 0;
      const A = begun ? (shown?.credit.A[root] ?? NaN) : NaN;
      const size = `${many(step.sizeOf[tree], "node")}${note ? `, ${oneLine(note, 40)}` : ""}`;
      return h(
        "button",
        { "aria-current": tree === place.tree, onclick: () => this.goTo(tree), disabled: !begun },
        begun ? markIcon(shapeOf(step.status[root], step.s[root])) : null,
        treeWords(step, tree),
        h("span", { class: "path" }, size),
        h("span", { class: `value ${signClass(A, 0)}` }, Number.isNaN(A) ? "" : signed(A)),
      );
    });
    menu.open(anchor, items);
  }

  /** What is live, and whether it is followed. @param {boolean} small */
  showTail(small) {
    const { app, tail } = this;
    const { steps } = app;
    const { live, newest, session } = app.traits;
    const { following } = steps;
    tail.hidden = !live || app.size === "tiny" || viewNamed(app.view).place === "run";
    if (tail.hidden) return;
    const words = followWords(session, small ? null : newest);
    const key = [words, following, small, !!session.actions?.length].join();
    if (this.tailKey === key) return;
    this.tailKey = key;
    const onclick = () => (steps.following ? steps.rest() : steps.follow());
    const title = "Follow the newest step";
    const props = { class: `control${following ? "" : " firm"}`, "aria-pressed": following, title, onclick };
    const button = h("button", props, following ? "Following" : "Follow", h("kbd", {}, "f"));
    const kind = words.startsWith("live") ? "live-word" : "label";
    const word = session.actions?.length
      ? h("button", { class: `${kind} link`, title: STEERS, onclick: () => app.setView("board") }, words)
      : h("span", { class: kind }, words);
    refill(tail, () => tail.querySelector("[aria-pressed]"), word, small ? null : button);
  }

  showViews() {
    const { app, views } = this;
    const { look } = app.traits; // a page of one step may compare several
    const steps = app.traits.steps.length > 1 || look.view === "evolution";
    const has = { size: app.size, board: app.hasBoard, nodes: !!app.shown?.step.n, steps };
    const { given } = this.fitting;
    const less = Number(given.has("views")) + Number(given.has("few"));
    const { shown, more } = offered(has, app.root.clientWidth / app.palette.unit, less);
    views.hidden = shown.length + more.length < 2;
    const key = [app.view, shown.length, ...[...shown, ...more].map(({ name }) => name)].join();
    if (this.shown === key) return;
    this.shown = key;
    const buttons = shown.map(({ name, label }) =>
      h("button", { "aria-pressed": app.view === name, onclick: () => app.setView(name) }, label),
    );
    const rest = more.length ? this.moreButton(more) : null;
    refill(views, () => views.querySelector("[aria-pressed=true]"), buttons, rest);
  }

  /** What the switch has no room for; it carries the name of the view in front. @param {View[]} more */
  moreButton(more) {
    const { app } = this;
    const front = more.find(({ name }) => name === app.view);
    const go = (/** @type {ViewName} */ name) => () => {
      app.menu.close();
      app.setView(name);
    };
    const onclick = (/** @type {Event} */ event) => {
      const items = more.map(({ name, label }) =>
        h("button", { "aria-current": name === app.view, onclick: go(name) }, label),
      );
      app.menu.open(/** @type {HTMLElement} */ (event.currentTarget), items);
    };
    const props = { class: "more", "aria-haspopup": "true", "aria-pressed": !!front, onclick };
    return h("button", { ...props, title: "Other views" }, front?.label ?? "More", icon("down", 9));
  }
}

function probeWords() {
  return h("span", { class: "label" }, "probe", h("span", { class: "never" }, ", never trained"));
}

function separator() {
  return h("span", { class: "sep", "aria-hidden": "true" }, icon("chevron", 9));
}

/**
 * A name, as a button if there are others to choose.
 * @param {string} kind @param {string} words @param {string} title @param {boolean} others
 * @param {(anchor: HTMLElement) => void} open
 */
function choice(kind, words, title, others, open) {
  if (!others) return h("span", { class: kind }, words);
  const onclick = (/** @type {Event} */ event) => open(/** @type {HTMLElement} */ (event.currentTarget));
  return h("button", { class: kind, "aria-haspopup": "true", title, onclick }, words);
}

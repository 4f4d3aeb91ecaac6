// The whole view: it holds the place, the rule and the zones, hears the data and takes every choice. Zones
// draw; they change nothing but through the methods here.

import css from "./app.css";
import { Client, traits } from "../step/client.js";
import { Finding } from "./finding.js";
import { Place } from "./place.js";
import { Rule } from "../credit/rule.js";
import { commonGoal, summarize } from "../step/summary.js";
import { fill, h } from "../shared/dom.js";
import { commonPreamble, oneLine } from "../shared/text.js";
import { onKey } from "./actions.js";
import { Board } from "../board/board.js";
import { Choosing } from "./choosing.js";
import { CreditPage } from "../credit/page.js";
import { Folding } from "./folding.js";
import { IcicleView } from "../icicle/icicle.js";
import { Inspector } from "../inspector/inspector.js";
import { openMenu } from "../shared/menu.js";
import { Outline } from "../outline/outline.js";
import { Steps } from "./steps.js";
import { applyPalette, paletteOf, watchTheme } from "../shared/theme.js";
import { TopBar } from "./topbar.js";
import { TreeView } from "../tree/tree.js";
import { WhatIf } from "../credit/whatif.js";
import { showState, showZones } from "./zones.js";

/** @typedef {import("../step/types.js").CreditConfig} CreditConfig */
/** @typedef {"tree" | "icicle" | "outline" | "board"} ViewName */
/** @typedef {"messages" | "context" | "credit"} Tab */

/** Nodes of one tree that are drawn before subtrees are folded: as many as can be told apart. */
const DRAWN = { most: 800, least: 160, perPixel: 0.5 };
/** Redraws a second from live data, at most. */
const LIVE_GAP = 200;

export class App {
  /** @param {import("../step/types.js").AnyModel} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.traits = traits(model);
    /** @type {ViewName} */
    this.view = this.traits.first_view === "board" ? "board" : "tree";
    /** @type {Tab} */
    this.tab = "messages";
    this.place = new Place();
    this.choose = new Choosing(this);
    this.fold = new Folding(this);
    this.rule = new Rule();
    /** @type {(() => void) | null} */
    this.closeMenu = null;
    this.lastSaid = 0;
    this.steps = new Steps(this);
    this.finding = new Finding();
    this.drawer = false;
    this.shut = false;
    this.inspecting = false;
    this.size = "full";
    this.preamble = "";
    /** @type {Map<number, {size: number, summary: import("../step/summary.js").Summary, goal: string}>} piles in numbers, by first row */
    this.summaries = new Map();
    this.client = new Client(model, (what) => this.onData(what));

    this.root = h("div", { class: "rao", "data-lm-suppress-shortcuts": "true", role: "group", "aria-label": "RAO Lab Explorer" });
    this.palette = paletteOf(this.root);
    this.top = new TopBar(this);
    this.whatif = new WhatIf(this);
    this.outline = new Outline(this);
    this.treeView = new TreeView(this);
    this.icicle = new IcicleView(this);
    this.inspector = new Inspector(this);
    this.creditPage = new CreditPage(this);
    this.board = new Board(this);
    this.stateLine = h("div", { class: "line-state", hidden: true });
    this.said = h("div", { class: "hush", "aria-live": "polite" });
    this.body = h("div", { class: "body" });
    this.style = h("style", {}, css);
    this.top.place.after(this.board.steer.state);
    this.top.tail.after(this.board.steer.buttons);
    this.root.append(this.top.element, this.whatif.element, this.stateLine, this.body, this.said);
    this.body.append(this.outline.element, this.treeView.element, this.icicle.element, this.board.element, this.inspector.element, this.creditPage.element);
    fill(el, this.style, this.root);
    this.root.addEventListener("keydown", (event) => onKey(this, event));

    this.stopTheme = watchTheme(() => this.onTheme());
    this.observer = new ResizeObserver(() => this.onSize());
    this.observer.observe(this.root);
    this.clock = setInterval(() => this.onClock(), 1000);
    this.lastLive = 0;
    /** @type {ReturnType<typeof setTimeout> | null} */
    this.waiting = null;
    this.onTheme();
    this.onSize();
    this.client.start();
    this.update();
  }

  close() {
    this.stopTheme();
    this.observer.disconnect();
    clearInterval(this.clock);
    if (this.waiting) clearTimeout(this.waiting);
    this.client.close();
    this.treeView.close();
  }

  // -- data ---------------------------------------------------------------------------------------

  get step() {
    return this.client.step;
  }

  /** @param {"step" | "delta" | "text" | "traits" | "word"} what */
  onData(what) {
    if (what === "text") this.inspector.update();
    else if (what === "traits") this.onTraits();
    else if (what === "step") this.onStep();
    else if (what === "delta") this.onDelta();
    else this.showState();
  }

  onTraits() {
    this.traits = traits(this.model);
    this.steps.onward();
    this.top.update();
    this.board.update();
    this.showState();
  }

  /** Seconds pass without news. */
  onClock() {
    this.showState();
    this.steps.alive();
    if (this.traits.session.state) this.board.tick();
  }

  /** There is something to tell of how training goes. */
  get hasBoard() {
    return !!this.traits.session.state;
  }

  /** Another step: the place in it is kept where it exists. */
  onStep() {
    const step = /** @type {import("../step/store.js").Step} */ (this.step);
    this.place.enter(step);
    this.preamble = commonPreamble(step.someGoals());
    this.recompute();
    this.settle();
    this.search(this.finding.query, false);
    this.treeView.reset();
    this.update();
  }

  /** Live data are drawn a few times a second; what is chosen stays. */
  onDelta() {
    if (this.waiting) return;
    const wait = Math.max(0, this.lastLive + LIVE_GAP - Date.now());
    this.waiting = setTimeout(() => {
      this.waiting = null;
      this.lastLive = Date.now();
      const step = this.step;
      if (!step) return;
      this.place.grow(step);
      this.steps.alive();
      if (!this.preamble) this.preamble = commonPreamble(step.someGoals());
      this.recompute();
      this.treeView.grow();
      this.update();
      this.announce();
    }, wait);
  }

  announce() {
    const step = this.step;
    if (!step || Date.now() - (this.lastSaid ?? 0) < 5000) return;
    this.lastSaid = Date.now();
    this.said.textContent = `${step.n} nodes known`;
  }

  recompute() {
    const step = this.step;
    if (!step) return;
    this.rule.compute(step, this.place.tree);
    this.summaries.clear();
  }

  // -- what is shown ------------------------------------------------------------------------------

  /** @returns {CreditConfig} */
  get config() {
    return this.rule.config(/** @type {import("../step/store.js").Step} */ (this.step));
  }

  /** @param {Partial<CreditConfig> | null} change null: as recorded */
  setRule(change) {
    const step = this.step;
    if (!step?.scored) return; // half a step has no baselines to compare with
    this.rule.change(step, change);
    this.recompute();
    this.update();
  }

  /** The goal without what all goals begin with. @param {number} row @param {number} [limit] */
  goal(row, limit = 120) {
    const step = this.step;
    if (!step) return "";
    const whole = step.goalText(row);
    const short = this.preamble && whole.startsWith(this.preamble) ? whole.slice(this.preamble.length) : whole;
    return oneLine(short, limit) || "no goal";
  }

  /** A pile in numbers, and what its nodes were asked. @param {import("../step/piles.js").Pile} pile */
  summary(pile) {
    const step = /** @type {import("../step/store.js").Step} */ (this.step);
    const have = this.summaries.get(pile.first);
    if (have?.size === pile.rows.length) return have;
    const goal = oneLine(this.shortGoal(commonGoal(step, pile.rows)), 200) || "no goal";
    const made = { size: pile.rows.length, summary: summarize(step, pile.rows, this.rule.values(step)), goal };
    this.summaries.set(pile.first, made);
    return made;
  }

  /** @param {string} text */
  shortGoal(text) {
    return this.preamble && text.startsWith(this.preamble) ? text.slice(this.preamble.length) : text;
  }

  outlineRows() {
    return this.place.rows(this.view === "icicle");
  }

  settle() {
    this.place.settle(Math.max(DRAWN.least, Math.min(DRAWN.most, Math.round((this.treeView.height || 600) * DRAWN.perPixel))));
  }

  // -- views, tabs and search ----------------------------------------------------------------------

  /** @param {ViewName} view */
  setView(view) {
    this.view = view;
    this.steps.onward();
    if (this.tab === "credit") this.tab = "messages";
    this.drawer = false;
    this.update();
    this.outline.reveal();
  }

  /** @param {Tab} tab @param {boolean} [opens] where the icicle stands, the tree takes its place to show it */
  setTab(tab, opens = true) {
    if (this.place.pile >= 0) this.choose.row(this.place.row); // tabs tell of one node
    if (opens && tab !== "credit" && this.view === "icicle") this.view = "tree";
    this.tab = tab;
    this.shut = false;
    if (tab === "credit" && this.view === "board") this.view = "tree";
    this.update();
  }

  /** @param {string} query @param {boolean} [go] to the first hit */
  search(query, go = true) {
    const step = this.step;
    const rows = !step ? [] : this.view === "icicle" ? [...Array(step.n).keys()] : step.walk(this.place.tree);
    this.finding.look(step, rows, query);
    const [first] = this.finding.hits;
    if (go && first !== undefined) this.choose.row(first);
    else this.update();
  }

  /** @param {number} by */
  hit(by) {
    if (this.finding.hits.length) this.choose.row(this.finding.from(this.place.row, by));
  }

  // -- keys, size, theme --------------------------------------------------------------------------

  /** @param {boolean} shown */
  showDrawer(shown) {
    this.drawer = shown;
    this.update();
    if (shown) this.outline.focus();
  }

  /** @param {boolean} shown the inspector as a page, in a very narrow cell */
  setInspecting(shown) {
    this.inspecting = shown;
    this.update();
  }

  onTheme() {
    this.palette = paletteOf(this.root);
    applyPalette(this.root, this.palette);
    this.root.style.height = this.traits.saved ? "100vh" : `${Math.max(360, this.traits.height)}px`;
    this.update();
  }

  onSize() {
    const width = this.root.clientWidth;
    if (!width) return;
    const size = width > 1100 ? "full" : width > 860 ? "drawer" : width > 560 ? "small" : "tiny";
    const same = size === this.size;
    this.size = size;
    this.root.dataset.size = size;
    if (!same) {
      this.drawer = false;
      if (this.view === "outline" && size !== "small") this.view = "tree";
      this.treeView.manual = false;
    }
    this.update();
  }

  // -- zones --------------------------------------------------------------------------------------

  update() {
    showZones(this);
  }

  showState() {
    showState(this);
  }

  /** @param {number} tree */
  treeIsLive(tree) {
    return !!this.step?.treeLive(tree);
  }

  /** @param {HTMLElement} anchor @param {import("../shared/dom.js").Child[]} items */
  openMenu(anchor, items) {
    return openMenu(this, anchor, items);
  }
}

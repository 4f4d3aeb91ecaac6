// The whole view: what is chosen, which credit is shown, and which zones stand where. Zones draw; they
// change nothing but through the methods here.

import css from "../explorer.css";
import { Client, traits } from "../model/client.js";
import { attribute, changed, flips, sameRule, signFlips } from "../model/credit.js";
import { foldsFor } from "../model/layout.js";
import { curvesOf, lastEnded } from "../model/board.js";
import { matches, stepRows, treeRows } from "../model/outline.js";
import { isLive } from "../model/status.js";
import { fill, h } from "../shared/dom.js";
import { commonPreamble, oneLine } from "../shared/text.js";
import { onKey } from "./actions.js";
import { Board } from "./board.js";
import { CreditPage } from "./credit.js";
import { IcicleView } from "./icicle.js";
import { Inspector } from "./inspector.js";
import { openMenu } from "./menu.js";
import { Outline } from "./outline.js";
import { applyPalette, paletteOf, watchTheme } from "./theme.js";
import { TopBar } from "./topbar.js";
import { TreeView } from "./tree.js";
import { WhatIf } from "./whatif.js";
import { showState, showZones } from "./zones.js";

/** @typedef {import("../model/types.js").CreditConfig} CreditConfig */
/** @typedef {import("../model/types.js").CreditColumns} CreditColumns */
/** @typedef {"tree" | "icicle" | "outline" | "board"} ViewName */
/** @typedef {"messages" | "context" | "credit"} Tab */

/** Nodes of one tree that are drawn before subtrees are folded: as many as can be told apart. */
const DRAWN = { most: 800, least: 160, perPixel: 0.5 };
/** Redraws a second from live data, at most. */
const LIVE_GAP = 200;

export class App {
  /** @param {import("../model/types.js").AnyModel} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.traits = traits(model);
    /** @type {ViewName} */
    this.view = this.traits.first_view === "board" ? "board" : "tree";
    /** @type {Tab} */
    this.tab = "messages";
    this.tree = 0;
    this.row = -1;
    /** @type {string | undefined} path of the last node chosen, kept over steps */
    this.keptPath = undefined;
    /** @type {string | undefined} */
    this.outlineKey = undefined;
    /** @type {(() => void) | null} */
    this.closeMenu = null;
    this.scale = 1;
    this.byReturn = false;
    this.lastSaid = 0;
    /** Root of the focused subtree, -1 for the whole tree. */
    this.focus = -1;
    /** @type {Set<number>} */
    this.folded = new Set();
    /** @type {Set<number>} trees whose folds were chosen */
    this.settled = new Set();
    this.openGroups = new Set();
    this.openTrees = new Set();
    /** @type {CreditConfig | null} the what-if rule, null: as recorded */
    this.other = null;
    this.following = this.traits.live;
    this.query = "";
    /** @type {number[]} */
    this.hits = [];
    this.drawer = false;
    this.shut = false;
    this.inspecting = false;
    this.size = "full";
    /** @type {CreditColumns | null} */
    this.recorded = null;
    /** @type {CreditColumns | null} */
    this.credit = null;
    /** @type {number[]} */
    this.flipped = [];
    this.preamble = "";
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
    this.openNewest();
    if (!this.traits.live) this.following = false; // after the last step was opened
    this.top.update();
    this.board.update();
    this.showState();
  }

  /** What a view that follows shows: the board the newest step with figures, others the one under way. */
  get target() {
    const ended = this.view === "board" ? lastEnded(curvesOf(this.traits.curves)) : null;
    return ended ?? this.traits.newest;
  }

  openNewest() {
    const { target } = this;
    if (this.following && target !== null) this.client.open(target);
  }

  /** Seconds pass without news. */
  onClock() {
    this.showState();
    if (this.traits.session.state) this.board.tick();
  }

  /** There is something to tell of how training goes. */
  get hasBoard() {
    return !!this.traits.session.state;
  }

  /** Another step: the place in it is kept where it exists. */
  onStep() {
    const step = /** @type {import("../model/store.js").Step} */ (this.step);
    const path = this.keptPath ?? "0";
    this.folded.clear();
    this.settled.clear();
    this.focus = -1;
    this.tree = Math.max(0, Math.min(this.tree, step.trees.length - 1));
    if (step.rootOf[this.tree] === -1) this.tree = Math.max(0, step.rootOf.findIndex((root) => root >= 0));
    this.openGroups = new Set(step.trees[this.tree] ? [step.trees[this.tree].group] : []);
    this.openTrees = new Set([this.tree]);
    this.preamble = commonPreamble(step.someGoals());
    this.row = this.nearest(path);
    this.recompute();
    this.settle();
    this.search(this.query, false);
    this.treeView.reset();
    this.update();
  }

  /** @param {string} path @returns {number} its row, or that of its closest ancestor here */
  nearest(path) {
    const step = this.step;
    if (!step) return -1;
    for (let at = path; at; at = at.includes(".") ? at.slice(0, at.lastIndexOf(".")) : "") {
      const row = step.find(this.tree, at);
      if (row >= 0) return row;
    }
    return step.rootOf[this.tree] ?? -1;
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
      if (this.row < 0) {
        this.tree = Math.max(0, step.rootOf.findIndex((root) => root >= 0));
        this.row = step.rootOf[this.tree] ?? -1;
      }
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
    this.recorded = step.recorded();
    this.credit = this.other ? attribute(step, this.other, step.shareBy) : this.recorded;
    this.flipped = this.other ? signFlips(this.recorded, this.credit, step.n) : [];
    // Bars share one scale over the tree, so that lengths compare.
    let most = 0;
    for (const row of step.walk(this.tree)) {
      for (const columns of [this.recorded, this.credit]) {
        const value = Math.abs(columns.A[row]);
        if (value > most) most = value;
      }
    }
    this.scale = Math.max(0.25, most);
    /** No node of this tree has an advantage, but returns exist: R stands in its place. */
    this.byReturn = most === 0 && step.walk(this.tree).every((row) => Number.isNaN(this.credit?.A[row] ?? NaN)) && step.walk(this.tree).some((row) => !Number.isNaN(this.credit?.R[row] ?? NaN));
  }

  // -- what is shown ------------------------------------------------------------------------------

  /** @returns {CreditConfig} */
  get config() {
    return this.other ?? /** @type {import("../model/store.js").Step} */ (this.step).config;
  }

  /** @param {Partial<CreditConfig> | null} change null: as recorded */
  setRule(change) {
    const step = this.step;
    if (!step?.scored) return; // half a step has no baselines to compare with
    const next = change ? changed(this.config, change) : null;
    this.other = next && !sameRule(next, step.config) ? next : null;
    this.recompute();
    this.update();
  }

  /** @param {number} row */
  isFlipped(row) {
    return this.other !== null && this.recorded !== null && this.credit !== null && flips(this.recorded.A[row], this.credit.A[row]);
  }

  /** The goal without what all goals begin with. @param {number} row @param {number} [limit] */
  goal(row, limit = 120) {
    const step = this.step;
    if (!step) return "";
    const whole = step.goalText(row);
    const short = this.preamble && whole.startsWith(this.preamble) ? whole.slice(this.preamble.length) : whole;
    return oneLine(short, limit) || "no goal";
  }

  /** @param {string} text */
  shortGoal(text) {
    return this.preamble && text.startsWith(this.preamble) ? text.slice(this.preamble.length) : text;
  }

  outlineRows() {
    const step = this.step;
    if (!step) return [];
    if (this.view === "icicle") return stepRows(step, this.openGroups, this.openTrees, this.folded);
    return treeRows(step, this.tree, this.folded);
  }

  /** Folds for a tree that is too large to draw, once. */
  settle() {
    const step = this.step;
    if (!step || this.settled.has(this.tree)) return;
    this.settled.add(this.tree);
    const drawn = Math.max(DRAWN.least, Math.min(DRAWN.most, Math.round((this.treeView.height || 600) * DRAWN.perPixel)));
    if ((step.sizeOf[this.tree] ?? 0) <= Math.max(drawn, 400)) return;
    const size = new Int32Array(step.n).fill(1);
    const rows = step.walk(this.tree);
    for (let at = rows.length - 1; at > 0; at -= 1) size[step.parent[rows[at]]] += size[rows[at]];
    for (const row of foldsFor(step, step.rootOf[this.tree], drawn, (at) => size[at])) this.folded.add(row);
  }

  // -- choosing -----------------------------------------------------------------------------------

  /** @param {number} row @param {{quiet?: boolean}} [how] quiet: does not stop following */
  select(row, how = {}) {
    const step = this.step;
    if (!step || row < 0 || row >= step.n) return;
    if (!how.quiet) this.stopFollowing();
    if (step.tree[row] !== this.tree) this.openTree(step.tree[row], row);
    this.row = row;
    this.keptPath = step.path(row);
    for (let above = step.parent[row]; above >= 0; above = step.parent[above]) this.folded.delete(above);
    if (this.focus >= 0 && !this.under(row, this.focus)) this.focus = -1;
    this.treeView.relayout();
    this.update();
    this.treeView.reveal(row);
    this.outline.reveal();
  }

  /** @param {number} row @param {number} top */
  under(row, top) {
    const step = this.step;
    let at = row;
    while (step && at >= 0 && at !== top) at = step.parent[at];
    return at === top;
  }

  /** @param {number} tree @param {number} [row] */
  openTree(tree, row) {
    const step = this.step;
    if (!step || !step.trees[tree]) return;
    this.stopFollowing();
    this.tree = tree;
    this.focus = -1;
    this.row = row ?? step.rootOf[tree];
    this.keptPath = this.row >= 0 ? step.path(this.row) : "0";
    this.openGroups.add(step.trees[tree].group);
    this.openTrees = new Set([tree]);
    this.settle();
    this.recompute();
    this.treeView.reset();
    this.update();
    this.outline.reveal();
  }

  /** @param {number} row */
  toggle(row) {
    if (!this.folded.delete(row)) this.folded.add(row);
    if (this.folded.has(row) && this.row !== row && this.under(this.row, row)) this.row = row;
    this.treeView.relayout(true);
    this.update();
  }

  unfoldAll() {
    const step = this.step;
    if (!step) return;
    for (const row of step.walk(this.tree)) this.folded.delete(row);
    this.treeView.reset();
    this.update();
  }

  /** @param {string} key of an outline row */
  toggleKey(key) {
    const id = Number(key.slice(1));
    if (key[0] === "n") this.toggle(id);
    else {
      const set = key[0] === "g" ? this.openGroups : this.openTrees;
      if (!set.delete(id)) set.add(id);
      this.update();
    }
  }

  /** @param {string} key of an outline row */
  selectKey(key) {
    const id = Number(key.slice(1));
    const step = this.step;
    if (!step) return;
    if (key[0] === "n") this.select(id);
    else if (key[0] === "t") this.openTree(id);
    else {
      const first = step.treesOf(id)[0];
      if (first !== undefined) this.openTree(first);
    }
    if (this.outlineKey === key || (key[0] === "n" && this.view !== "icicle")) return;
    this.outlineKey = key;
    this.outline.update();
    this.outline.reveal();
  }

  /** @param {ViewName} view */
  setView(view) {
    this.view = view;
    this.openNewest();
    if (this.tab === "credit") this.tab = "messages";
    this.drawer = false;
    this.update();
    this.outline.reveal();
  }

  /** @param {Tab} tab */
  setTab(tab) {
    this.tab = tab;
    this.shut = false;
    if (tab === "credit" && this.view === "board") this.view = "tree";
    this.update();
  }

  /** @param {number} row -1: the whole tree */
  setFocus(row) {
    const step = this.step;
    if (!step || (row >= 0 && step.first[row] < 0)) return;
    this.focus = row >= 0 && step.parent[row] < 0 ? -1 : row;
    if (row >= 0) this.folded.delete(row);
    this.treeView.reset(true);
    this.update();
  }

  /** @param {number} step */
  openStep(step) {
    this.stopFollowing();
    this.client.open(step);
    this.top.update();
    this.board.update();
  }

  /** @param {number} by */
  stepBy(by) {
    const all = this.traits.steps.map(([step]) => step);
    const now = this.client.wanted ?? this.step?.step;
    const at = all.indexOf(now ?? NaN);
    const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
    if (next !== undefined && next !== now) this.openStep(next);
  }

  stopFollowing() {
    if (!this.following) return;
    this.following = false;
    this.top.update();
  }

  follow() {
    if (!this.traits.live) return;
    this.following = true;
    this.openNewest();
    this.top.update();
    this.board.update();
  }

  /** @param {string} query @param {boolean} [go] to the first hit */
  search(query, go = true) {
    const step = this.step;
    this.query = query;
    this.hits = step && query ? matches(step, this.view === "icicle" ? [...Array(step.n).keys()] : step.walk(this.tree), query) : [];
    if (go && this.hits.length) this.select(this.hits[0]);
    else this.update();
  }

  /** @param {number} by */
  hit(by) {
    if (!this.hits.length) return;
    const at = this.hits.indexOf(this.row);
    this.select(this.hits[(at + by + this.hits.length) % this.hits.length]);
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
    const step = this.step;
    const root = step?.rootOf[tree] ?? -1;
    return !!step && root >= 0 && isLive(step.status[root]);
  }

  /** @param {HTMLElement} anchor @param {import("../shared/dom.js").Child[]} items */
  openMenu(anchor, items) {
    return openMenu(this, anchor, items);
  }
}

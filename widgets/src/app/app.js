// The whole view: it holds the place, the rule and the zones, hears the data and takes every choice. Zones
// draw; they change nothing but through the methods here.

import { Board } from "../board/board.js";
import { CreditPage } from "../credit/page.js";
import { Rule } from "../credit/rule.js";
import { WhatIf } from "../credit/whatif.js";
import { ForkPane } from "../forks/pane.js";
import { HelpCard } from "../help/help.js";
import { IcicleView } from "../icicle/icicle.js";
import { Inspector } from "../inspector/inspector.js";
import { Outline } from "../outline/outline.js";
import { fill, h } from "../shared/dom.js";
import { Menu } from "../shared/menu.js";
import { commonPreamble, oneLine } from "../shared/text.js";
import { paletteOf, watchTheme } from "../shared/theme.js";
import { SiblingPanel } from "../siblings/siblings.js";
import { Client, traits } from "../step/client.js";
import { Replay } from "../timeline/replay.js";
import { TimeStrip } from "../timeline/strip.js";
import { Timing } from "../timeline/timing.js";
import { TimelineView } from "../timeline/view.js";
import { TokensPage } from "../tokens/page.js";
import { TreeView } from "../tree/tree.js";
import { onKey } from "./actions.js";
import { Address } from "./address.js";
import { Choosing } from "./choosing.js";
import { Finding } from "./finding.js";
import { Folding } from "./folding.js";
import { fold, frame, Standing } from "./frame.js";
import { Growing } from "./growing.js";
import { Looking } from "./looking.js";
import { Marking } from "./marking.js";
import { lacksWords, showState, traitsNow } from "./notices.js";
import { Place } from "./place.js";
import { pagesOf, roomsOf } from "./rooms.js";
import { css } from "./sheets.js";
import { Steps } from "./steps.js";
import { Summaries } from "./summaries.js";
import { TopBar } from "./topbar.js";
import { PAGES, pageOf, viewNamed, viewOf } from "./views.js";
import { FullWindow } from "./window.js";
import { showMoment, showZones } from "./zones.js";

/** @typedef {import("../inspector/host.js").Tab} Tab */
/** @typedef {import("../step/piles.js").Pile} Pile */
/** @typedef {import("../step/types.js").AnyModel} AnyModel */
/** @typedef {import("../step/types.js").CreditConfig} CreditConfig */
/** @typedef {import("./views.js").ViewName} ViewName */
/** @typedef {"full" | "drawer" | "small" | "tiny"} Size */

/** Nodes of one tree that are drawn before subtrees are folded: as many as can be told apart. */
const DRAWN = { most: 800, least: 160, perPixel: 0.5 };

export class App {
  /** @param {AnyModel} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.traits = traits(model);
    /** @type {ViewName} */
    this.view = viewOf(this.traits.look);
    /** @type {Tab} */
    this.tab = pageOf(this.traits.look);
    this.place = new Place(this.traits.look);
    this.rule = new Rule();
    /** @type {import("../step/shown.js").Shown | null} at the moment that is shown */
    this.shown = null;
    /** @type {Choosing} */
    this.choose = new Choosing(this);
    /** @type {Folding} */
    this.fold = new Folding(this);
    /** @type {Steps} */
    this.steps = new Steps(this);
    this.timing = new Timing(this);
    this.replay = new Replay(this);
    this.finding = new Finding();
    this.marking = new Marking(this);
    this.looking = new Looking(this);
    this.address = new Address(this);
    this.drawer = false;
    this.shut = false;
    this.inspecting = false;
    /** @type {Size} */
    this.size = "full";
    this.preamble = "";
    /** @type {Summaries} */
    this.summaries = new Summaries(this);
    this.client = new Client(model, (what) => this.onData(what));

    const aria = { role: "group", "aria-label": "RAO Lab Explorer" };
    this.root = h("div", { class: "rao", "data-lm-suppress-shortcuts": "true", ...aria });
    this.palette = paletteOf(this.root);
    this.menu = new Menu(this.root, () => this.outline.list);
    this.help = new HelpCard({ root: this.root, focusNodes: () => this.focusNodes() });
    this.window = new FullWindow(this.root, () => this.onWindow());
    this.whatif = new WhatIf(this);
    this.top = new TopBar(this);
    /** @type {Outline} */
    this.outline = new Outline(this);
    /** @type {TreeView} */
    this.tree = new TreeView(this);
    /** @type {TimelineView} */
    this.timeline = new TimelineView(this);
    this.strip = new TimeStrip(this);
    this.icicle = new IcicleView(this, new SiblingPanel(this));
    this.inspector = new Inspector(this, new SiblingPanel(this), new ForkPane(this));
    this.pages = pagesOf(new CreditPage(this), new TokensPage(this));
    this.board = new Board(this);
    this.stateLine = h("div", { class: "line-state", hidden: true });
    this.said = h("div", { class: "hush", "aria-live": "polite" });
    this.rooms = roomsOf(this);
    const zones = [this.outline, ...this.rooms.values(), this.inspector, ...this.pages.values()];
    const body = h("div", { class: "body" }, zones.map((zone) => zone.element));
    this.top.place.after(this.board.steer.state);
    this.top.tail.after(this.board.steer.buttons);
    this.root.append(this.top.element, this.whatif.element, this.stateLine, body, this.strip.element,
      this.said);
    fill(el, h("style", {}, css), this.root);
    this.root.addEventListener("keydown", (event) => onKey(this, event));
    // A page of its own has the keys also before something in it was clicked.
    if (this.ownPage) el.ownerDocument.body.addEventListener("keydown", (event) => {
      if (event.target === event.currentTarget) onKey(this, event);
    });

    this.stopTheme = watchTheme(this.root, () => this.onTheme());
    this.standing = new Standing(this.root, () => this.onSize());
    this.clock = setInterval(() => this.onClock(), 1000);
    this.growing = new Growing(this);
    this.onTheme();
    this.client.start();
    this.update();
    this.address.begin();
  }

  close() {
    this.stopTheme();
    this.standing.close();
    clearInterval(this.clock);
    this.growing.close();
    this.client.close();
    this.looking.close();
    this.replay.close();
    this.tree.close();
  }

  // -- data ---------------------------------------------------------------------------------------

  get step() {
    return this.client.step;
  }

  /** The step that is open, or asked for and not yet here. */
  get wanted() {
    return this.client.wanted ?? this.step?.step ?? null;
  }

  get lacks() {
    return lacksWords(this);
  }

  get quiet() {
    return Math.round((Date.now() - this.client.heard) / 1000);
  }

  /** @param {number} row @returns the texts of a node, null while they are on their way */
  text(row) {
    return this.client.text(row);
  }

  /** @type {Client["ask"]} what the kernel answers beside columns and texts, null while it is on its way */
  ask(what, args, about) {
    return this.client.ask(what, args, about);
  }

  /** Asks the kernel to pause, go on or stop. @param {string} action */
  act(action) {
    this.client.act(action);
  }

  /** @param {import("../step/client.js").News} what */
  onData(what) {
    if (what === "text") this.inspector.update();
    else if (what === "answer") this.rule.own && this.recompute(), this.marking.told();
    else if (what === "forks") this.inspector.forks.told();
    else if (what === "traits") this.onTraits();
    else if (what === "gone" || what === "again") this.onTraits(), this.inspector.forks.told(), this.update();
    else if (what === "step") this.onStep();
    else if (what === "delta") this.growing.told();
    else this.showState();
  }

  onTraits() {
    this.traits = traitsNow(this);
    this.steps.onward();
    this.showSteps();
    this.showState();
  }

  /** A second passed, perhaps without news. */
  onClock() {
    this.client.link.tick();
    if (this.step) this.showState();
    else this.update(); // a view without trees says itself how long it has waited
    this.steps.alive();
    if (this.hasBoard) this.board.tick();
  }

  /** There is something to tell of how training goes. */
  get hasBoard() {
    return !!this.traits.session.state;
  }

  /** Another step: the place in it is kept if it exists. */
  onStep() {
    const { step } = this;
    if (!step) return;
    this.place.enter(step);
    this.preamble = commonPreamble(step.someGoals());
    this.recompute();
    this.settle();
    this.search(this.finding.query, false);
    this.tree.reset();
    this.update();
    this.address.arrive();
  }

  recompute() {
    if (!this.step) return;
    this.shown = this.replay.dress(this.rule.shown(this.step, this.place.tree, this));
    this.summaries.clear();
  }

  /** Another moment is shown, perhaps many times a second. */
  moved() {
    this.recompute();
    showMoment(this);
  }

  // -- what is shown ------------------------------------------------------------------------------

  /** @param {Partial<CreditConfig> | null} change null: as recorded */
  setRule(change) {
    if (!this.step?.scored) return; // half a step has no baselines to compare with
    this.rule.change(this.step, change);
    this.recompute();
    this.update();
  }

  /** The goal without what all goals begin with. @param {number} row @param {number} limit */
  goal(row, limit) {
    return this.shortGoal(this.step?.goalText(row) ?? "", limit);
  }

  /** @param {string} text @param {number} limit */
  shortGoal(text, limit) {
    const begins = this.preamble && text.startsWith(this.preamble);
    return oneLine(begins ? text.slice(this.preamble.length) : text, limit) || "no goal";
  }

  /** A pile in numbers, and what its nodes were asked. @param {Pile} pile */
  summary(pile) {
    return this.summaries.of(pile);
  }

  /** The outline lists the whole step, as the icicle shows it. */
  get whole() {
    return viewNamed(this.view).outline === "step";
  }

  outlineRows() {
    return this.place.rows(this.whole);
  }

  settle() {
    const { most, least, perPixel } = DRAWN;
    this.place.settle(Math.max(least, Math.min(most, Math.round((this.tree.height || 600) * perPixel))));
  }

  // -- views, tabs and search ----------------------------------------------------------------------

  /** @param {ViewName} view */
  setView(view) {
    this.view = view;
    this.steps.onward();
    if (PAGES.includes(this.tab)) this.tab = "messages";
    this.drawer = false;
    this.update();
    this.outline.reveal();
  }

  /** @param {Tab} tab @param {boolean} [opens] the tree takes the icicle's place to show it */
  setTab(tab, opens = true) {
    if (this.place.pile >= 0) this.choose.row(this.place.row); // tabs tell of one node
    const view = viewNamed(this.view);
    if (PAGES.includes(tab) ? !view.page : opens && !view.inspector && view.page) this.view = "tree";
    this.tab = tab;
    this.shut = false;
    this.update();
  }

  openSearch() {
    this.top.search.open();
  }

  /** @param {string} query @param {boolean} [go] to the first hit */
  search(query, go = true) {
    const [first] = this.marking.find(query);
    if (go && first !== undefined) this.choose.row(first);
    else this.update();
  }

  /** @param {number} by */
  hit(by) {
    if (this.finding.hits.length) this.choose.row(this.finding.from(this.place.row, by));
  }

  // -- the keyboard -------------------------------------------------------------------------------

  /** The nodes get the keyboard: the outline has it for all views. */
  focusNodes() {
    const room = this.rooms.get(this.view);
    if (room?.focus && !room.element.hidden) room.focus();
    else this.outline.focus();
  }

  /** The nodes have it. @returns {boolean} */
  get keysHere() {
    return this.outline.focused;
  }

  onKeysMoved() {
    this.tree.draw();
  }

  // -- size, theme --------------------------------------------------------------------------------

  /** The view is a page of its own: there is no notebook round it. */
  get ownPage() {
    return !!this.traits.saved;
  }

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

  /** In a narrow cell, what was chosen takes the outline's place. */
  leaveOutline() {
    if (this.size === "tiny") this.setInspecting(true);
    else if (this.size === "small" && this.view === "outline") this.setView("tree");
  }

  /** Opens or shuts the inspector's sheet, in a narrow cell. */
  turnSheet() {
    this.shut = !this.shut;
    this.update();
    this.tree.onSize();
  }

  onTheme() {
    frame(this);
    this.tree.onSize();
    this.update();
  }

  /** The view takes the whole window, or its cell again. */
  onWindow() {
    this.onTheme();
    this.tree.letGo();
  }

  onSize() {
    if (fold(this)) this.update();
  }

  // -- zones --------------------------------------------------------------------------------------

  update() {
    showZones(this);
  }

  showState() {
    showState(this);
  }

  showSteps() {
    this.top.update();
    this.board.update();
    this.rooms.get(this.view)?.onSteps?.();
  }
}

// The same tasks over training: what a policy makes of them step after step. A step that is chosen here is
// chosen for every view, if its trees are at hand; the pinned one is this view's own.

import { fill, h } from "../shared/dom.js";
import { oneLine, taskName } from "../shared/text.js";
import { sentenceOf } from "../step/states.js";
import { Bars } from "./bars.js";
import { Columns } from "./data.js";
import { Grid } from "./grid.js";
import { PairView } from "./pair.js";
import { byPlace } from "./union.js";
import { changeWords } from "./words.js";

/** @typedef {import("./data.js").Task} Task */
/** @typedef {import("./grid.js").Row} Row */

/** ms of rest after which the chosen step is opened for the other views. */
const REST = 250;
/** ms between two pictures while columns out of view come in. */
const GAP = 250;
/** px beside the content. */
const SIDES = 24;

export class EvolutionView {
  /** @param {import("./host.js").EvolutionHost} host */
  constructor(host) {
    this.host = host;
    this.columns = new Columns(host);
    /** @type {{step: number, wanted: number | null} | null} chosen here, while another step was open */
    this.own = null;
    /** @type {number | null} null: the first column */
    this.fixed = null;
    /** @type {Row} */
    this.row = { task: 0, tree: 0 };
    this.all = false;
    /** @type {{step: number, row: Row, path: string} | null} a tree that opens when its step is here */
    this.opens = null;
    /** Why what was asked for cannot be done. */
    this.trouble = "";
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** What was drawn last, and when. */
    this.drawn = "";
    this.drawnAt = -GAP;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.later = undefined;
    /** @type {{key: string, pair: import("./union.js").Pair} | null} two trees that nobody compared */
    this.placed = null;
    this.grid = new Grid(this);
    this.pair = new PairView(this);
    this.bars = new Bars(this);
    this.empty = h("div", { class: "state" });
    this.hush = h("p", { class: "hush", "aria-live": "polite" });
    const { tools, trends, title } = this.bars;
    this.body = h("div", {}, tools, trends, this.grid.element, title, this.pair.element, this.hush);
    this.pane = h("div", { class: "evolution" }, this.empty, this.body);
    this.element = h("div", { class: "centre" }, this.pane);
  }

  // What the parts ask for.

  get palette() {
    return this.host.palette;
  }

  get size() {
    return this.host.size;
  }

  /** The column that is chosen: here, or else the last one up to the open step. @returns {number} */
  get chosen() {
    const { own, columns, host } = this;
    const { following } = host.steps;
    const mine = own && own.wanted === host.wanted && !following && columns.steps.includes(own.step);
    return mine ? own.step : (columns.near(following ? null : host.wanted) ?? 0);
  }

  /** @returns {number} */
  get pinned() {
    const { steps } = this.columns;
    return this.fixed !== null && steps.includes(this.fixed) ? this.fixed : (steps[0] ?? 0);
  }

  /** A comparison of evaluations has names for its steps. @param {number} step */
  nameOf(step) {
    const name = this.host.traits.session.names?.[step];
    return name ? oneLine(name, 40) : String(step);
  }

  /** The goal without what all goals of the tasks begin with. @param {Task} task @param {number} limit */
  goalOf({ goal }, limit) {
    const shared = this.columns.preamble;
    return oneLine(shared && goal.startsWith(shared) ? goal.slice(shared.length) : goal, limit);
  }

  // What the reader does.

  /** @param {number} step @param {Row} [row] */
  choose(step, row = this.row) {
    const { host } = this;
    const to = this.columns.near(step);
    if (to === null) return;
    host.steps.rest();
    this.trouble = "";
    this.opens = null;
    this.row = row;
    this.own = { step: to, wanted: host.wanted };
    clearTimeout(this.timer);
    if (this.held(to)) this.timer = setTimeout(() => this.carry(to), REST);
    this.update();
  }

  /** The other views go to the step, too. @param {number} step */
  carry(step) {
    if (this.own?.step !== step || this.element.hidden) return;
    this.host.steps.open(step);
    this.own = { step, wanted: this.host.wanted };
  }

  /** Its trees can be opened. @param {number} step */
  held(step) {
    return this.host.traits.steps.some(([one]) => one === step);
  }

  /** Why they cannot. @param {number} step */
  lacks(step) {
    return this.host.traits.saved || `The trees of step ${step} are not at hand.`;
  }

  /** @param {number} step */
  pin(step) {
    this.fixed = step;
    this.update();
  }

  swap() {
    const { chosen, pinned } = this;
    this.fixed = chosen;
    this.choose(pinned);
  }

  /** @param {number} by columns @returns {boolean} there are any */
  stepBy(by) {
    const { steps } = this.columns;
    const at = steps.indexOf(this.chosen);
    const to = steps[Math.max(0, Math.min(steps.length - 1, at + by))];
    if (to !== undefined && to !== this.chosen) this.choose(to);
    return steps.length > 0;
  }

  /** @param {number} by rows */
  rowBy(by) {
    const { rows } = this.grid;
    const at = rows.findIndex(({ task, tree }) => task === this.row.task && tree === this.row.tree);
    const to = rows[Math.max(0, Math.min(rows.length - 1, at + by))];
    if (to) this.choose(this.chosen, to);
  }

  /** @param {number} by trees of a task */
  treeBy(by) {
    const { most } = this.columns;
    this.choose(this.chosen, { task: this.row.task, tree: (this.row.tree + by + most) % most });
  }

  showAll() {
    this.all = !this.all;
    this.update();
  }

  /**
   * Opens a tree in the Tree view at its step.
   * @param {number} step @param {Row} row @param {string} [path] of the node
   */
  open(step, row, path = "0") {
    if (!this.held(step)) {
      this.trouble = this.lacks(step);
      this.update();
      return;
    }
    this.host.steps.rest();
    this.own = { step, wanted: this.host.wanted };
    this.row = row;
    this.opens = { step, row, path };
    clearTimeout(this.timer);
    this.carry(step);
    this.arrive();
  }

  /** @param {number} step @param {string} path */
  openNode(step, path) {
    this.open(step, this.row, path);
  }

  /** The step is here whose tree is to open. */
  arrive() {
    const { opens, host } = this;
    const { step } = host;
    if (!opens || !step || step.step !== opens.step) return;
    this.opens = null;
    const task = this.columns.tasks[opens.row.task]?.task;
    const probe = this.columns.index?.kind === "probes";
    const trees = step.trees
      .map(({ group, rollout }, tree) => ({ tree, rollout, meta: step.groups[group] }))
      .filter(({ tree, meta }) => {
        return meta.task === task && meta.probe === probe && !meta.fork && step.sizeOf[tree] > 0;
      })
      .sort((one, two) => (one.meta.label ?? 0) - (two.meta.label ?? 0) || one.rollout - two.rollout);
    const found = trees[opens.row.tree]?.tree;
    if (found === undefined) return;
    host.choose.tree(found);
    const node = step.find(found, opens.path);
    if (node >= 0) host.choose.row(node);
    host.setView("tree");
    host.focusNodes();
  }

  /** @param {KeyboardEvent} event @returns {boolean} */
  onKey(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const act = KEYS[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || !act || !this.columns.steps.length) return false;
    const inGrid = this.grid.element.contains(target);
    if (MOVES.has(event.key) && !inGrid) return false;
    if (event.key === "Enter" && !target.matches(".cell")) return false;
    act(this);
    if (inGrid && !this.element.hidden) this.grid.focus();
    return true;
  }

  focus() {
    this.grid.focus();
  }

  /** There are other steps, or another one is open. */
  onSteps() {
    if (!this.element.hidden) this.update();
  }

  // Showing.

  update() {
    this.arrive();
    if (this.element.hidden) return;
    const { columns } = this;
    const width = Math.max(0, this.pane.clientWidth - SIDES);
    const window = this.grid.window(width);
    columns.look([this.chosen, this.pinned, ...window]);
    if (this.waits(window)) return;
    const none = !columns.steps.length;
    this.empty.hidden = !none;
    this.body.hidden = none;
    if (none) return this.showEmpty();
    const task = Math.max(0, Math.min(this.row.task, columns.tasks.length - 1));
    this.row = { task, tree: Math.min(this.row.tree, columns.most - 1) };
    this.bars.showTools();
    this.bars.showTrends(width, window);
    this.grid.update(width, this.pane.clientHeight);
    this.showPair(columns.tasks[task], width);
  }

  /**
   * Nothing has changed but columns out of view, and that was shown a moment ago.
   * @param {number[]} window steps in view
   */
  waits(window) {
    const { columns, chosen, pinned, row, all, host, palette: p } = this;
    const here = [...window, chosen, pinned].filter((step) => columns.known.has(step)).length;
    const look = [this.pane.clientWidth, p.unit, p.dark, p.page, host.steps.following, this.trouble];
    const key = [chosen, pinned, row.task, row.tree, all, here, columns.due === 0, ...window, ...look].join();
    const rest = this.drawnAt + GAP - performance.now();
    if (key === this.drawn && rest > 0 && columns.due > 0) {
      this.later ??= setTimeout(() => this.update(), rest);
      return true;
    }
    clearTimeout(this.later);
    this.later = undefined;
    this.drawn = key;
    this.drawnAt = performance.now();
    return false;
  }

  showEmpty() {
    const { index, why } = this.columns;
    const going = this.host.traits.live;
    const words = why || sentenceOf(!index ? "loading" : going ? "probes_coming" : "no_probes");
    if (this.empty.textContent !== words) fill(this.empty, words);
  }

  /** @param {Task} task @param {number} width */
  showPair(task, width) {
    const { columns, chosen, pinned, row, pair } = this;
    this.bars.showTitle(task);
    const said = `step ${chosen}, ${taskName(task)}`;
    if (this.hush.textContent !== said) this.hush.textContent = said;
    const cell = (/** @type {number} */ step) => columns.tree(step, row.task, row.tree);
    const lacks = [pinned, chosen].find((step) => columns.known.has(step) && !cell(step));
    if (pinned === chosen) {
      return pair.update(null, "The chosen step is the pinned one: choose another to compare.", width);
    }
    if (lacks !== undefined) {
      return pair.update(null, `Step ${lacks} has no tree ${row.tree + 1} of this task.`, width);
    }
    const args = [columns.index?.kind ?? "", task.task, row.tree + 1, pinned, chosen];
    const told = this.host.ask("evolution_pair", args, { step: null });
    const [before, after] = [cell(pinned), cell(chosen)];
    if (!told || !before || !after) return pair.update(null, "Comparing the two trees.", width);
    const key = [...args, columns.revision].join();
    if (!told.value && this.placed?.key !== key) {
      const short = (/** @type {string} */ goal) => this.goalOf({ ...task, goal }, 80);
      this.placed = { key, pair: byPlace(before, after, short, told.why) };
    }
    pair.update(told.value ?? this.placed?.pair ?? null, changeWords(before, after), width);
  }
}

/** @type {Record<string, (view: EvolutionView) => void>} */
const KEYS = {
  ArrowLeft: (view) => view.stepBy(-1),
  ArrowRight: (view) => view.stepBy(1),
  ArrowUp: (view) => view.rowBy(-1),
  ArrowDown: (view) => view.rowBy(1),
  Home: (view) => view.stepBy(-1e9),
  End: (view) => view.stepBy(1e9),
  PageUp: (view) => view.stepBy(-10),
  PageDown: (view) => view.stepBy(10),
  Enter: (view) => view.open(view.chosen, view.row),
  "[": (view) => view.treeBy(-1),
  "]": (view) => view.treeBy(1),
  a: (view) => view.showAll(),
  p: (view) => view.pin(view.chosen),
  x: (view) => view.swap(),
};
const ARROWS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];
const MOVES = new Set([...ARROWS, "Home", "End", "PageUp", "PageDown"]);

// The board: how training goes. Progress and curves are on the left, the chosen step is on the right, and
// below stand all other metrics, folded. A step that is chosen here is chosen for every view.

import { h, onArrows } from "../shared/dom.js";
import { plain } from "../shared/format.js";
import { axisEnd } from "../shared/axis.js";
import { Agreement } from "./agreement.js";
import { BehindCard } from "./behind.js";
import { RunBar, runsOf } from "./beside.js";
import { CATALOGUE } from "./catalogue.js";
import { Log } from "./log.js";
import { StepPanel } from "./panel.js";
import { Plot } from "./plots.js";
import { Progress } from "./progress.js";
import { Sections } from "./sections.js";
import { at, curvesOf, lastEnded } from "./series.js";
import { Steer } from "./steer.js";
import { successLines, summary } from "./table.js";
import { Tasks } from "./tasks.js";
import { Twin } from "./twin.js";
import { fewWords, noneWords } from "./words.js";

/** @typedef {import("./measures.js").RunCurves} RunCurves */
/** @typedef {import("./series.js").Curves} Curves */
/** @typedef {import("../step/client.js").Model} Model */

/** px of the cell from which all of the board stands in view. */
const BESIDE = 880;
/** px from which the figures of the step stand beside the large plot, and the tasks below both. */
const PAIR = 600;
/** px of a small plot: four in a row, or two and two. */
const SMALL = { 4: 122, 2: 96 };
/** px between parts of the board from top to bottom, and between two plots that stand beside each other. */
const GAPS = 52;
const GAP = 16;
/** px of a small plot's field, from which four of them stand in a row. */
const FIELD = 66;
/** px of the large plot: at least while the tasks stand beside all plots, and at most. */
const TALL = { least: 130, most: 480 };
/** px of a row of tasks, and of what stands over and under the rows. */
const TASK = 29;
/** Rows of tasks that stand beside the large plot at least. */
const LEAST = 3;
const AROUND = 64;

const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1 };
const PAGES = { PageDown: -10, PageUp: 10, Home: -1e9, End: 1e9 };
const NAMES = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 };
const FRONT = CATALOGUE.filter(({ section }) => section === "front");

export class Board {
  /** @param {import("./host.js").BoardHost} host */
  constructor(host) {
    this.host = host;
    /** @type {RunCurves[]} the run of this Explorer first */
    this.runs = runsOf(curvesOf(null), null, []);
    /** @type {Model["curves"] | null} what the curves are made of */
    this.raw = null;
    /** @type {Model["session"] | null} */
    this.session = null;
    /** @type {import("../step/asked.js").Answer | null} */
    this.answer = null;
    this.steer = new Steer(host);
    this.tasks = new Tasks(host);
    this.progress = new Progress();
    this.runBar = new RunBar();
    this.panel = new StepPanel(() => host.steps.follow());
    const page = (/** @type {number} */ step) => host.traits.steps.some(([each]) => each === step);
    this.log = new Log(host);
    this.card = new BehindCard(host, { page, log: (kind) => this.showLog(kind) });
    const plots = {
      choose: (/** @type {number} */ step) => this.choose(step),
      open: (/** @type {import("./host.js").Pressed} */ pressed) => this.card.open(pressed),
      steps: () => [...new Set(this.runs.flatMap(({ curves }) => curves.step))],
    };
    this.main = new Plot(FRONT[0], 0, plots);
    this.small = FRONT.slice(1).map((entry) => new Plot(entry, 0, plots));
    const aria = { "aria-label": "Step", "aria-orientation": "horizontal" };
    this.slider = h("div", { class: "steps", role: "slider", tabindex: 0, ...aria }, this.main.element);
    onArrows(this.slider, { ...STEPS, ...PAGES }, (by) => host.steps.move(by));
    this.hush = h("p", { class: "hush" });
    this.held = h("div", { class: "held label" });
    this.twin = new Twin();
    const table = { name: "Table", element: this.twin.element, show: () => this.twin.show(this.runs) };
    const log = { name: "Log", element: this.log.element, show: () => this.log.show() };
    this.agreement = new Agreement();
    const inside = { Judge: this.agreement.element };
    this.sections = new Sections(plots, [log, table], inside, () => this.drawMore());
    const side = h("div", { class: "side" }, this.panel.element, this.tasks.element);
    this.upper = h("div", { class: "upper" }, this.slider, side);
    this.lower = h("div", { class: "lower" }, this.small.map((plot) => plot.element));
    this.body = h("div", { class: "body" }, this.upper, this.lower);
    this.empty = h("div", { class: "state" });
    const above = [this.progress.element, this.held, this.runBar.element, this.empty, this.hush];
    this.pane = h("div", { class: "board" }, above, this.body, this.sections.element);
    this.pane.addEventListener("keydown", (event) => this.onName(event), true);
    this.element = h("div", { class: "centre" }, this.pane);
    this.plotsKey = "";
    /** @type {RunCurves[] | null} */
    this.plotted = null;
  }

  /** @returns {Curves} of the run of this Explorer */
  get curves() {
    return this.runs[0].curves;
  }

  /** @returns {number | null} the step that figures are shown of */
  get chosen() {
    const { steps, wanted } = this.host;
    const ended = lastEnded(this.curves);
    return steps.following ? ended : (wanted ?? ended);
  }

  /** The step panel stands beside the large plot, otherwise below it. */
  get beside() {
    return this.pane.clientWidth >= BESIDE * this.host.palette.unit;
  }

  /** The figures stand beside the large plot, the tasks below. */
  get pair() {
    return !this.beside && this.pane.clientWidth >= PAIR * this.host.palette.unit;
  }

  /** What the plots will become, while they hold a few points only. */
  get few() {
    return this.runs.length > 1 ? "" : fewWords(this.curves, this.host.traits.session);
  }

  /** Rows of tasks that stand in view. */
  get room() {
    const u = this.host.palette.unit;
    if (this.beside) return Infinity; // the list takes the height that the plots beside it have
    const panel = this.pair ? 0 : this.panel.element.offsetHeight;
    const above = this.progress.element.offsetHeight + this.main.element.offsetHeight + panel;
    return Math.max(5, Math.floor((this.pane.clientHeight - above - AROUND * u) / (TASK * u)));
  }

  /** The slider of steps gets the keyboard. */
  focus() {
    this.slider.focus({ preventScroll: true });
  }

  /** @param {number} target the nearest step that can be opened is opened */
  choose(target) {
    const step = this.host.steps.near(target);
    if (step !== null) this.host.steps.open(step);
  }

  /** State and buttons, which stand in the top bar. */
  showHand() {
    this.steer.show();
  }

  /** A second passed. */
  tick() {
    this.showHand();
    if (!this.element.hidden) this.showProgress();
  }

  update() {
    const { traits } = this.host;
    const { session } = traits;
    if (this.session !== session) {
      const granted = session.state === "paused" && session.resting;
      if (this.session?.state !== session.state || granted) this.steer.asked = "";
      this.session = session;
      this.progress.heard = Date.now();
    }
    this.showHand();
    if (this.element.hidden) {
      this.takeRuns(this.answer);
      return;
    }
    this.takeRuns(session.beside ? this.host.ask("beside", [], { step: null, mark: session.beside }) : null);
    this.showProgress();
    const none = !this.curves.step.length;
    // Curves tell of all steps, trees may be here of a few.
    const here = new Set(traits.steps.map(([step]) => step));
    const fewer = !!traits.saved && this.curves.step.some((step) => !here.has(step));
    this.held.hidden = !fewer;
    this.held.textContent = traits.saved;
    this.pane.classList.toggle("fixed", traits.steps.length < 2);
    // Before the first step ends, the large plot is shown already, empty and to scale.
    this.empty.hidden = !none || session.live;
    this.empty.textContent = "No step of this run has ended: there is nothing to draw.";
    this.upper.hidden = none && !session.live;
    this.lower.hidden = this.sections.element.hidden = none;
    this.showNotes();
    this.panel.update(this.runs, this.chosen, traits, this.host.steps.following, this.slider);
    this.drawPlots();
    this.tasks.update(this.room, this.runs.length > 1 ? this.runs[0].name : "");
    this.card.update();
    this.twin.show(this.runs);
    this.agreement.show(this.runs, this.chosen);
    this.log.show();
  }

  /** The nodes that were refused for something. @param {string} kind empty: anything */
  showLog(kind) {
    this.log.choose(kind);
    this.sections.toggle("Log", true);
    this.log.select.focus();
  }

  /** Curves of this run and of those beside it. @param {import("../step/asked.js").Answer | null} answer */
  takeRuns(answer) {
    const { curves, session } = this.host.traits;
    if (this.raw === curves && this.answer === answer) return;
    this.raw = curves;
    this.answer = answer;
    const difficulties = session.difficulties ?? [];
    this.runs = runsOf(curvesOf(curves, difficulties), answer?.value, difficulties);
  }

  showProgress() {
    this.progress.show(this.host.traits.session);
    this.runBar.show(this.answer?.value ?? null, this.answer?.why ?? "", this.runs);
  }

  /**
   * What stands beside what: in a wide cell the figures and the tasks stand beside all plots, or, if the cell
   * is low, beside the large plot alone.
   * @returns {{tall: number, low: number}} px of the large plot and of the small ones
   */
  lay() {
    const { pane, beside, pair, main, small, host } = this;
    const u = host.palette.unit;
    pane.classList.toggle("beside", beside);
    pane.classList.toggle("pair", pair);
    const fixed = small.reduce((sum, plot) => sum + plot.fixed, 0);
    /** @param {2 | 4} columns of small plots @param {boolean} along the tasks stand beside them */
    const put = (columns, along) => {
      pane.classList.toggle("along", along);
      pane.classList.toggle("four", beside && columns === 4);
      pane.classList.toggle("two", columns === 2 && host.size !== "tiny");
      const bars = this.held.offsetHeight + this.runBar.element.offsetHeight + this.sections.bar.offsetHeight;
      const over = this.progress.element.offsetHeight + bars + main.cap.offsetHeight;
      const caps = small.map((plot) => plot.cap.offsetHeight);
      const rows = columns === 4 ? [caps] : [caps.slice(0, 2), caps.slice(2)];
      const lower = rows.reduce((sum, row) => sum + SMALL[columns] * u + Math.max(...row), 0);
      return pane.clientHeight - over - GAPS - lower;
    };
    if (!beside) {
      put(2, false);
      return { tall: (pair ? 186 : 150) * u, low: SMALL[4] * u };
    }
    /** @param {number} width @returns {2 | 4} as many as stand beside each other with their names whole */
    const abreast = (width) => (width - 3 * GAP - fixed >= 4 * FIELD * u ? 4 : 2);
    // The large plot takes the height that is left, so that all of the board is in view if it fits.
    const columns = abreast(main.element.clientWidth);
    const rest = put(columns, true);
    if (rest >= TALL.least * u) return { tall: Math.min(TALL.most * u, rest), low: SMALL[columns] * u };
    const aside = this.panel.element.offsetHeight + (AROUND + LEAST * TASK) * u;
    const under = abreast(pane.clientWidth - 2 * GAP);
    const tall = Math.max(170 * u, aside, Math.min(TALL.most * u, put(under, false)));
    return { tall, low: SMALL[under] * u };
  }

  drawPlots() {
    const { host, pane, runs } = this;
    const { palette: p, size } = host;
    const width = pane.clientWidth;
    if (!width || this.upper.hidden) return;
    for (const plot of [this.main, ...this.small]) plot.take(runs, p, plot === this.main);
    const { tall, low } = this.lay();
    const axis = this.axis();
    const theme = [p.dark, p.page, p.unit, window.devicePixelRatio];
    const widths = [this.main, ...this.small].map((plot) => plot.box.clientWidth);
    const key = [axis.chosen, axis.last, this.few, size, tall, low, ...widths, ...theme].join();
    if (key === this.plotsKey && this.plotted === runs) return;
    this.plotsKey = key;
    this.plotted = runs;
    const words = this.beside ? this.few : "";
    this.main.update(widths[0], tall, axis, { none: this.none(this.main.entry), words });
    this.small.forEach((plot, i) => {
      plot.update(widths[i + 1], low, axis, { none: this.none(plot.entry), words: "" });
    });
    this.showSlider();
    this.drawMore();
  }

  /** @returns {import("./plots.js").Axis} */
  axis() {
    const { session } = this.host.traits;
    const end = Math.max(0, ...this.runs.map(({ curves }) => lastEnded(curves) ?? 0));
    return { p: this.host.palette, last: axisEnd(end, session.total ?? 0), chosen: this.chosen, end };
  }

  /** The metrics below, as far as they are unfolded. */
  drawMore() {
    if (this.element.hidden || this.sections.element.hidden) return;
    this.sections.take(this.runs);
    this.sections.draw(this.axis(), (entry) => this.none(entry));
    this.showStops();
  }

  /** @param {import("./catalogue.js").Entry} entry */
  none(entry) {
    return noneWords(entry, this.curves, this.host.traits.session);
  }

  /** All plots that stand. */
  get all() {
    return [this.main, ...this.small, ...this.sections.shown];
  }

  /** The names of plots are one tab stop; arrows move along them. */
  showStops() {
    const held = this.all.find(({ name }) => name.tabIndex === 0) ?? this.main;
    for (const plot of this.all) plot.name.tabIndex = plot === held ? 0 : -1;
  }

  /** @param {KeyboardEvent} event */
  onName(event) {
    const by = /** @type {Record<string, number>} */ (NAMES)[event.key];
    const { all } = this;
    const here = all.findIndex(({ name }) => name === event.target);
    if (here < 0 || !by || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = all[Math.max(0, Math.min(all.length - 1, here + by))];
    for (const plot of all) plot.name.tabIndex = plot === next ? 0 : -1;
    next.name.focus();
    event.preventDefault();
    event.stopPropagation();
  }

  /** What stands beside the title of the large plot. */
  showNotes() {
    const wide = this.beside;
    const probes = this.runs.some(({ curves }) => {
      return Object.keys(curves.columns).some((name) => name.startsWith("probe_success_by_difficulty/"));
    });
    const rings = probes ? `; rings: probes${wide ? ", never trained" : ""}` : "";
    const words = `${wide ? "share of roots, " : ""}band: 95 % interval over trees${rings}`;
    const note = !wide && this.few ? this.few : words;
    if (this.main.note.textContent !== note) this.main.note.textContent = note;
  }

  /** The plots in words, for those who cannot see them. */
  showSlider() {
    const { slider, chosen, runs } = this;
    const all = this.host.traits.steps;
    slider.setAttribute("aria-valuemin", String(all[0]?.[0] ?? 0));
    slider.setAttribute("aria-valuemax", String(all.at(-1)?.[0] ?? 0));
    slider.setAttribute("aria-valuenow", String(chosen ?? 0));
    slider.setAttribute("aria-valuetext", chosen === null ? "no step" : this.valueWords(chosen));
    const text = [summary(runs, chosen), this.few].filter(Boolean).join(" ");
    if (this.hush.textContent !== text) this.hush.textContent = text;
  }

  /** @param {number} step */
  valueWords(step) {
    const parts = successLines(this.runs).flatMap(({ name, probe, run, points }) => {
      const point = at(points, step);
      const whole = [name, probe ? "probes" : "", this.runs[run].name].filter(Boolean).join(" ");
      return point ? [`${whole} ${plain(point.value)}`] : [];
    });
    return [`step ${step}`, ...parts].join(", ");
  }
}

// The board: how training goes. Progress and curves are on the left, the chosen step is on the right. A step
// that is chosen here is chosen for every view.

import { fill, h, onArrows } from "../shared/dom.js";
import { many, plain } from "../shared/format.js";
import { axisEnd } from "../shared/axis.js";
import { drawRefusals, drawShape, drawShare, drawSpeed, drawSuccess } from "./curves.js";
import { StepPanel } from "./panel.js";
import { Plot } from "./plots.js";
import { Progress } from "./progress.js";
import { at, curvesOf, lastEnded, successSeries } from "./series.js";
import { Steer } from "./steer.js";
import { summary, tableTwin } from "./table.js";
import { Tasks } from "./tasks.js";
import { fewWords } from "./words.js";

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

export class Board {
  /** @param {import("./host.js").BoardHost} host */
  constructor(host) {
    this.host = host;
    /** @type {Curves} */
    this.curves = curvesOf(null);
    /** @type {Model["curves"] | null} what the curves are made of */
    this.raw = null;
    /** @type {Model["session"] | null} */
    this.session = null;
    this.steer = new Steer(host);
    this.tasks = new Tasks(host);
    this.progress = new Progress();
    this.panel = new StepPanel(() => host.steps.follow());
    const choose = (/** @type {number} */ step) => this.choose(step);
    this.main = new Plot(
      "Root success by difficulty",
      (...given) => drawSuccess(this.curves, this.beside ? this.few : "", ...given),
      choose,
    );
    const small = (
      /** @type {string} */ title,
      /** @type {number} */ tail,
      /** @type {typeof drawShape} */ draw,
    ) => {
      return new Plot(title, (...given) => draw(this.curves, ...given), choose, tail);
    };
    this.shape = small("Nodes and depth", 76, drawShape);
    this.share = small("Gradient share by depth", 92, drawShare);
    this.speed = small("Tokens per second", 88, drawSpeed);
    this.refusals = small("Refusals", 132, drawRefusals);
    this.small = [this.shape, this.share, this.speed, this.refusals];
    this.shape.note.textContent = "mean of a tree";
    this.share.note.textContent = "of the loss";
    this.refusals.note.textContent = "each step";
    const aria = { "aria-label": "Step", "aria-orientation": "horizontal" };
    this.slider = h("div", { class: "steps", role: "slider", tabindex: 0, ...aria }, this.main.element);
    onArrows(this.slider, { ...STEPS, ...PAGES }, (by) => host.steps.move(by));
    this.hush = h("p", { class: "hush" });
    this.held = h("div", { class: "held label" });
    this.table = h("table", {});
    const box = h("div", { class: "twin-box" }, this.table);
    this.twin = h("details", { class: "twin" }, h("summary", {}, "Figures as a table"), box);
    this.twin.addEventListener("toggle", () => this.showTable());
    const side = h("div", { class: "side" }, this.panel.element, this.tasks.element);
    this.upper = h("div", { class: "upper" }, this.slider, side);
    this.lower = h("div", { class: "lower" },
      this.small.map((plot) => plot.element),
    );
    this.body = h("div", { class: "body" }, this.upper, this.lower);
    this.empty = h("div", { class: "state" });
    const { progress, held, empty, hush, body, twin } = this;
    this.pane = h("div", { class: "board" }, progress.element, held, empty, hush, body, twin);
    this.element = h("div", { class: "centre" }, this.pane);
    this.plotsKey = "";
    /** @type {Curves | null} */
    this.plotted = null;
    this.tableKey = "";
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
    return fewWords(this.curves, this.host.traits.session);
  }

  /** Rows of tasks that stand in view. */
  get room() {
    const u = this.host.palette.unit;
    if (this.beside) return Infinity; // the list takes the height that the plots beside it have
    const panel = this.pair ? 0 : this.panel.element.offsetHeight;
    const above = this.progress.element.offsetHeight + this.main.element.offsetHeight + panel;
    return Math.max(5, Math.floor((this.pane.clientHeight - above - AROUND * u) / (TASK * u)));
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
    const { session, curves } = traits;
    if (this.session !== session) {
      const granted = session.state === "paused" && session.resting;
      if (this.session?.state !== session.state || granted) this.steer.asked = "";
      this.session = session;
      this.progress.heard = Date.now();
    }
    if (this.raw !== curves) {
      this.raw = curves;
      this.curves = curvesOf(curves, session.difficulties);
    }
    this.showHand();
    if (this.element.hidden) return;
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
    this.lower.hidden = this.twin.hidden = none;
    this.showNotes();
    this.panel.update(this.curves, this.chosen, traits, this.host.steps.following, this.slider);
    this.drawPlots(this.lay());
    this.tasks.update(this.room);
    this.showTable();
  }

  showProgress() {
    this.progress.show(this.host.traits.session);
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
      const over = this.progress.element.offsetHeight + this.held.offsetHeight + main.cap.offsetHeight;
      const twin = /** @type {HTMLElement} */ (this.twin.firstElementChild).offsetHeight;
      const caps = small.map((plot) => plot.cap.offsetHeight);
      const rows = columns === 4 ? [caps] : [caps.slice(0, 2), caps.slice(2)];
      const lower = rows.reduce((sum, row) => sum + SMALL[columns] * u + Math.max(...row), 0);
      return pane.clientHeight - over - twin - GAPS - lower;
    };
    if (!beside) {
      put(2, false);
      return { tall: (pair ? 186 : 150) * u, low: SMALL[4] * u };
    }
    // The large plot takes the height that is left, so that all of the board is in view if it fits.
    const columns = main.element.clientWidth - 3 * GAP - fixed * u >= 4 * FIELD * u ? 4 : 2;
    const rest = put(columns, true);
    if (rest >= TALL.least * u) return { tall: Math.min(TALL.most * u, rest), low: SMALL[columns] * u };
    const aside = this.panel.element.offsetHeight + (AROUND + LEAST * TASK) * u;
    return { tall: Math.max(170 * u, aside, Math.min(TALL.most * u, put(4, false))), low: SMALL[4] * u };
  }

  /** @param {{tall: number, low: number}} heights px */
  drawPlots({ tall, low }) {
    const { host, pane, curves } = this;
    const { palette: p, size } = host;
    const width = pane.clientWidth;
    if (!width || this.upper.hidden) return;
    const { chosen } = this;
    const end = lastEnded(curves) ?? 0;
    const last = axisEnd(end, host.traits.session.total ?? 0);
    const u = p.unit;
    const theme = [p.dark, p.page, u, window.devicePixelRatio];
    const widths = [this.main, ...this.small].map((plot) => plot.box.clientWidth);
    const key = [chosen, last, this.few, size, tall, low, ...widths, ...theme].join();
    if (key === this.plotsKey && this.plotted === curves) return;
    this.plotsKey = key;
    this.plotted = curves;
    const axis = { p, last, chosen, end };
    this.main.update(widths[0], tall, axis);
    this.small.forEach((plot, i) => plot.update(widths[i + 1], low, axis));
    this.showSlider();
  }

  /** What stands beside the title of the large plot, and the room at its right. */
  showNotes() {
    const wide = this.beside;
    const names = Object.keys(this.curves.columns);
    const probes = names.some((name) => name.startsWith("probe_success_by_difficulty/"));
    const rings = probes ? `; rings: probes${wide ? ", never trained" : ""}` : "";
    const words = `${wide ? "share of roots, " : ""}band: 95 % interval${rings}`;
    const note = !wide && this.few ? this.few : words;
    if (this.main.note.textContent !== note) this.main.note.textContent = note;
    this.main.tail = (probes ? 158 : 122) - (wide ? 0 : 36);
  }

  /** The plots in words, for those who cannot see them. */
  showSlider() {
    const { slider, chosen, curves } = this;
    const all = this.host.traits.steps;
    slider.setAttribute("aria-valuemin", String(all[0]?.[0] ?? 0));
    slider.setAttribute("aria-valuemax", String(all.at(-1)?.[0] ?? 0));
    slider.setAttribute("aria-valuenow", String(chosen ?? 0));
    slider.setAttribute("aria-valuetext", chosen === null ? "no step" : this.valueWords(chosen));
    const text = [summary(curves, chosen), this.few].filter(Boolean).join(" ");
    if (this.hush.textContent !== text) this.hush.textContent = text;
  }

  /** @param {number} step */
  valueWords(step) {
    const parts = successSeries(this.curves).flatMap(({ name, probe, points }) => {
      const point = at(points, step);
      return point ? [`${name}${probe ? " probes" : ""} ${plain(point.value)}`] : [];
    });
    return [`step ${step}`, ...parts].join(", ");
  }

  showTable() {
    if (!this.twin.open) return;
    const key = `${this.curves.step.length}/${lastEnded(this.curves)}`;
    if (key === this.tableKey) return;
    this.tableKey = key;
    const { head, rows, left } = tableTwin(this.curves);
    const caption = left ? `Newest first; ${many(left, "older step")} not listed` : "Newest first";
    const cells = (/** @type {string[]} */ [step, ...others]) => {
      return h("tr", {},
        h("th", { scope: "row" }, step),
        others.map((cell) => h("td", {}, cell)),
      );
    };
    fill(
      this.table,
      h("caption", { class: "label" }, caption),
      h("thead", {},
        h("tr", {},
          head.map((name) => h("th", { scope: "col" }, name)),
        ),
      ),
      h("tbody", {}, rows.map(cells)),
    );
  }
}

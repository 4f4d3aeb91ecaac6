// The board: how training goes, and the hand on it. Progress and curves on the left, the chosen step on the
// right; choosing a step here chooses it for every view.

import css from "./board.css";
import { at, axisEnd, curvesOf, fewWords, figures, lastEnded, progressWords, shareNote, stateSentence, successSeries, summary, tableTwin, underWay } from "./figures.js";
import { fill, h } from "../shared/dom.js";
import { count, many, plain } from "../shared/format.js";
import { drawRefusals, drawShape, drawShare, drawSpeed, drawSuccess } from "./curves.js";
import { meter } from "./meter.js";
import { Plot } from "./plots.js";
import { Steer } from "./steer.js";
import { Tasks } from "./tasks.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("./figures.js").Curves} Curves */

/** px of the cell from which all of the board stands in view. */
const BESIDE = 880;
/** px from which the figures of the step stand beside the large plot, and the tasks below both. */
const PAIR = 600;

export class Board {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {Curves} */
    this.curves = curvesOf(null);
    /** @type {any} */ this.raw = null;
    this.heard = Date.now();
    /** @type {any} */
    this.session = null;
    const choose = (/** @type {number} */ step) => this.choose(step);
    this.steer = new Steer(app);
    this.tasks = new Tasks(app);
    this.progress = h("div", { class: "progress" });
    this.main = new Plot("Root success by difficulty", (...given) => drawSuccess(this.curves, this.beside ? this.few : "", this.few !== "", ...given), choose);
    this.small = [
      new Plot("Nodes and depth", (...given) => drawShape(this.curves, ...given), choose),
      new Plot("Gradient share by depth", (...given) => drawShare(this.curves, ...given), choose),
      new Plot("Tokens per second", (...given) => drawSpeed(this.curves, ...given), choose),
      new Plot("Refusals", (...given) => drawRefusals(this.curves, ...given), choose),
    ];
    this.small[0].note.textContent = "mean of a tree";
    this.small[3].note.textContent = "each step";
    this.slider = h("div", { class: "steps", role: "slider", tabindex: 0, "aria-label": "Step", "aria-orientation": "horizontal" }, this.main.element);
    this.slider.addEventListener("keydown", (event) => this.onKey(event));
    this.panel = h("section", { class: "step-panel", "aria-label": "Chosen step" });
    this.hush = h("p", { class: "hush" });
    this.table = h("table", {});
    this.twin = h("details", { class: "twin" }, h("summary", {}, "Figures as a table"), h("div", { class: "twin-box" }, this.table));
    this.twin.addEventListener("toggle", () => this.showTable());
    this.side = h("div", { class: "side" }, this.panel, this.tasks.element);
    this.upper = h("div", { class: "upper" }, this.slider, this.side);
    this.lower = h("div", { class: "lower" }, this.small.map((plot) => plot.element));
    this.empty = h("div", { class: "state" });
    this.pane = h("div", { class: "board" }, this.progress, this.empty, this.hush, this.upper, this.lower, this.twin);
    this.element = h("div", { class: "centre" }, h("style", {}, css), this.pane);
    this.plotsKey = "";
    /** @type {Curves | null} */
    this.plotted = null;
    this.panelKey = "";
    this.tableKey = "";
  }

  /** @returns {number | null} the step that figures are shown of */
  get chosen() {
    const { app } = this;
    if (app.steps.following) return lastEnded(this.curves);
    return app.client.wanted ?? app.step?.step ?? lastEnded(this.curves);
  }

  /** The step panel stands beside the large plot; else below it. */
  get beside() {
    return this.pane.clientWidth >= BESIDE * this.app.palette.unit;
  }

  /** What the plots will become, while they hold a few points only. */
  get few() {
    return fewWords(this.curves, this.app.traits.session);
  }

  /** The figures stand beside the large plot, the tasks below. */
  get pair() {
    return !this.beside && this.pane.clientWidth >= PAIR * this.app.palette.unit;
  }

  /** Rows of tasks that stand in view. */
  get room() {
    const u = this.app.palette.unit;
    const fit = (/** @type {number} */ high) => Math.floor((high - 64 * u) / (29 * u));
    if (this.beside) return Math.max(3, fit(this.main.element.offsetHeight - this.panel.offsetHeight));
    return Math.max(5, fit(this.pane.clientHeight - this.progress.offsetHeight - this.main.element.offsetHeight - (this.pair ? 0 : this.panel.offsetHeight)));
  }

  /** @param {number} target the nearest step that can be opened */
  choose(target) {
    const { app } = this;
    let best = null;
    for (const [step] of app.traits.steps) if (best === null || Math.abs(step - target) < Math.abs(best - target)) best = step;
    if (best === null) return;
    app.steps.open(best);
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -1e9, End: 1e9 }[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
    this.app.steps.move(by);
    event.preventDefault();
    event.stopPropagation();
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
    const { app } = this;
    const { session, curves } = app.traits;
    if (this.session !== session) {
      if (this.session?.state !== session.state || (session.state === "paused" && session.resting)) this.steer.asked = "";
      this.session = session;
      this.heard = Date.now();
    }
    if (this.raw !== curves) {
      this.raw = curves;
      this.curves = curvesOf(curves);
    }
    this.showHand();
    if (this.element.hidden) return;
    this.showProgress();
    const none = !this.curves.step.length;
    // Before the first step ends the large plot stands there already, empty and to scale.
    this.empty.hidden = !none || session.live;
    this.empty.textContent = "No step of this run has ended: there is nothing to draw.";
    this.upper.hidden = none && !session.live;
    this.lower.hidden = this.twin.hidden = none;
    this.drawPlots();
    this.showPanel();
    this.tasks.update(this.room);
    this.showTable();
  }

  showProgress() {
    const { session } = this.app.traits;
    const words = progressWords(session, Math.round((Date.now() - this.heard) / 1000));
    const total = session.total || Math.max(1, session.step ?? 1);
    const done = Math.min(1, (session.step ?? 0) / total);
    const part = session.live ? underWay(session) / total : 0;
    const parts = /** @type {HTMLElement[]} */ ([...this.progress.children]);
    if (!parts.length) {
      this.bar = meter();
      this.progress.append(h("div", { class: "words" }, h("b", {}), h("span", { class: "left" }), h("span", { class: "label so" }), h("span", { class: "grow" }), h("span", { class: "now" })), this.bar.element);
    }
    const [title, left, so, , now] = /** @type {HTMLElement[]} */ ([...this.progress.children[0].children]);
    title.textContent = words.step;
    left.textContent = words.left;
    so.textContent = words.so;
    now.textContent = session.state === "paused" && session.resting ? stateSentence(session, null, 0) : words.now;
    this.bar?.show(this.app.palette, done, part, (session.checkpoints ?? []).map((/** @type {number} */ step) => step / total), `${words.step}${words.left ? `, ${words.left}` : ""}`, session.step ?? 0, total);
  }

  drawPlots() {
    const { app } = this;
    const p = app.palette;
    const width = this.pane.clientWidth;
    if (!width || this.upper.hidden) return;
    const size = app.size;
    const wide = this.beside;
    this.pane.classList.toggle("beside", wide);
    this.pane.classList.toggle("two", !wide && size !== "tiny");
    this.pane.classList.toggle("pair", this.pair);
    const chosen = this.chosen;
    const last = axisEnd(lastEnded(this.curves) ?? 0, app.traits.session.total ?? 0);
    const axis = { p, last, chosen, end: lastEnded(this.curves) ?? 0 };
    const u = p.unit;
    const high = this.pane.clientHeight;
    const small = 122 * u;
    const key = [chosen, last, this.few, width, high, p.dark, p.page, u, size, this.progress.offsetHeight, window.devicePixelRatio].join();
    if (key === this.plotsKey && this.plotted === this.curves) return;
    this.plotsKey = key;
    this.plotted = this.curves;
    // What is left of the height goes to the large plot, so that all of the board is seen at once where it fits.
    const rest = high - this.progress.offsetHeight - (wide ? small + 98 * u : 0);
    const mainHeight = wide ? Math.max(170 * u, Math.min(320 * u, rest)) : (this.pair ? 186 : 150) * u;
    const probes = Object.keys(this.curves.columns).some((name) => name.startsWith("probe_success_by_difficulty/"));
    this.main.note.textContent = !wide && this.few ? this.few : `${wide ? "share of roots, " : ""}band: 95 % interval${probes ? `; rings: probes${wide ? ", never trained" : ""}` : ""}`;
    this.small[1].note.textContent = shareNote(this.curves, chosen);
    this.main.tail = (probes ? 158 : 122) - (wide ? 0 : 36);
    this.main.update(this.main.box.clientWidth, mainHeight, axis);
    [76, 92, 88, 116].forEach((tail, i) => {
      this.small[i].tail = tail;
    });
    for (const plot of this.small) plot.update(plot.box.clientWidth, small, axis);
    const now = this.chosen;
    const all = app.traits.steps;
    const slider = this.slider;
    slider.setAttribute("aria-valuemin", String(all[0]?.[0] ?? 0));
    slider.setAttribute("aria-valuemax", String(all.at(-1)?.[0] ?? 0));
    slider.setAttribute("aria-valuenow", String(now ?? 0));
    slider.setAttribute("aria-valuetext", now === null ? "no step" : this.valueWords(now));
    const text = [summary(this.curves, now), this.few].filter(Boolean).join(" ");
    if (this.hush.textContent !== text) this.hush.textContent = text;
  }

  /** @param {number} step */
  valueWords(step) {
    const parts = successSeries(this.curves)
      .map((series) => ({ series, point: at(series.points, step) }))
      .filter(({ point }) => point)
      .map(({ series, point }) => `${series.name}${series.probe ? " probes" : ""} ${plain(point?.value ?? NaN)}`);
    return [`step ${step}`, ...parts].join(", ");
  }

  // -- the chosen step ----------------------------------------------------------------------------

  showPanel() {
    const { app } = this;
    const chosen = this.chosen;
    const { newest, live } = app.traits;
    const end = lastEnded(this.curves);
    const key = [chosen, newest, end, live, app.steps.following, this.curves.step.length].join();
    if (key === this.panelKey) return;
    this.panelKey = key;
    const had = this.panel.contains(document.activeElement);
    if (chosen === null) {
      fill(this.panel, h("div", { class: "label" }, "No step to show yet."));
      return;
    }
    const ended = this.curves.step.includes(chosen);
    const behind = end === null ? 0 : end - chosen;
    const place = app.steps.following ? "newest that has ended" : !ended ? (app.traits.session.live ? "under way" : "not finished") : behind > 0 ? `selected, ${count(behind)} behind the newest` : "selected, the newest";
    const follow = h("button", { class: "control", "aria-pressed": app.steps.following, onclick: () => app.steps.follow() }, "Follow newest", h("kbd", {}, "f"));
    follow.hidden = !live || app.steps.following;
    const rows = figures(this.curves, chosen);
    fill(
      this.panel,
      h("div", { class: "cap" }, h("b", {}, `step ${count(chosen)}`), h("span", { class: "label" }, place), h("span", { class: "grow" }), follow),
      h("dl", { class: "figures", style: `--lines: ${Math.ceil(rows.length / 2)}` }, rows.map((row) => h("div", {}, h("dt", {}, row.label.endsWith(" R") ? [row.label.slice(0, -1), h("span", { class: "serif" }, "R")] : row.label), h("dd", {}, h("b", {}, row.value), h("span", { class: "change", title: row.change ? "against the step before" : "" }, row.change))))),
    );
    if (had && !follow.hidden) follow.focus();
    else if (had) this.slider.focus();
  }

  showTable() {
    if (!this.twin.open) return;
    const key = `${this.curves.step.length}/${lastEnded(this.curves)}`;
    if (key === this.tableKey) return;
    this.tableKey = key;
    const { head, rows, left } = tableTwin(this.curves);
    fill(
      this.table,
      h("caption", { class: "label" }, left ? `Newest first; ${many(left, "older step")} not listed` : "Newest first"),
      h("thead", {}, h("tr", {}, head.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, i) => (i ? h("td", {}, cell) : h("th", { scope: "row" }, cell)))))),
    );
  }
}

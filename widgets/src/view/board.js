// The board: how training goes, and the hand on it. Progress and curves on the left, the chosen step on the
// right; choosing a step here chooses it for every view.

import css from "../board.css";
import {
  at,
  axisEnd,
  curvesOf,
  depths,
  figures,
  groupRows,
  lastEnded,
  marksOf,
  miniature,
  moreWords,
  progressWords,
  refusalKinds,
  stacked,
  stateOf,
  stateSentence,
  successSeries,
  summary,
  tableTwin,
  underWay,
} from "../model/board.js";
import { shapeOf } from "../model/status.js";
import { fill, h, s } from "../shared/dom.js";
import { brief, count, many, percent, plain, rate } from "../shared/format.js";
import { oneLine, taskName } from "../shared/text.js";
import { Plot, band, dot, endLabels, figureAt, line, rules, type, values } from "./plots.js";
import { fitText } from "./canvas.js";
import { icon } from "./shapes.js";
import { rampColour } from "./theme.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./plots.js").Scale} Scale */
/** @typedef {import("../model/board.js").Curves} Curves */

/** A wish that the kernel has not granted by then is no longer shown as granted. */
const WISH_MS = 4000;
/** px of the cell from which all of the board stands in view. */
const BESIDE = 940;
const GLYPHS = {
  pause: "M5.5 3v10M10.5 3v10",
  resume: "M5 3l8 5l-8 5z",
  step: "M3.5 3.5l6 4.5l-6 4.5zM12.5 3.5v9",
  stop: "M3.5 3.5h9v9h-9z",
};
/** Sequential tones of the curves, by place: easy is pale, hard is strong. */
const TONES = [3, 4, 5];

export class Board {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {Curves} */
    this.curves = curvesOf(null);
    /** @type {any} */ this.raw = null;
    this.asked = "";
    this.askedAt = 0;
    this.heard = Date.now();
    /** @type {any} */
    this.session = null;
    const choose = (/** @type {number} */ step) => this.choose(step);
    this.state = h("span", { class: "state-mark", role: "status" });
    this.buttons = h("div", { class: "hand", role: "group", "aria-label": "Training" });
    this.progress = h("div", { class: "progress" });
    this.main = new Plot("Root success by difficulty", (...given) => this.drawSuccess(...given), choose);
    this.small = [
      new Plot("Nodes and depth", (...given) => this.drawShape(...given), choose),
      new Plot("Gradient share by depth", (...given) => this.drawShare(...given), choose),
      new Plot("Tokens per second", (...given) => this.drawSpeed(...given), choose),
      new Plot("Refusals", (...given) => this.drawRefusals(...given), choose),
    ];
    this.small[0].note.textContent = "mean of a tree";
    this.small[1].note.textContent = "share of loss weight";
    this.small[3].note.textContent = "each step";
    this.slider = h("div", { class: "steps", role: "slider", tabindex: 0, "aria-label": "Step", "aria-orientation": "horizontal" }, this.main.element);
    this.slider.addEventListener("keydown", (event) => this.onKey(event));
    this.panel = h("section", { class: "step-panel", "aria-label": "Chosen step" });
    this.groups = h("div", { class: "groups" });
    this.hush = h("p", { class: "hush" });
    this.table = h("table", {});
    this.twin = h("details", { class: "twin" }, h("summary", {}, "Figures as a table"), h("div", { class: "twin-box" }, this.table));
    this.twin.addEventListener("toggle", () => this.showTable());
    this.side = h("div", { class: "side" }, this.panel, this.groups);
    this.upper = h("div", { class: "upper" }, this.slider, this.side);
    this.lower = h("div", { class: "lower" }, this.small.map((plot) => plot.element));
    this.empty = h("div", { class: "state" });
    this.pane = h("div", { class: "board" }, this.progress, this.empty, this.hush, this.upper, this.lower, this.twin);
    this.element = h("div", { class: "centre" }, h("style", {}, css), this.pane);
    this.plotsKey = "";
    /** @type {Curves | null} */
    this.plotted = null;
    this.groupsKey = "";
    this.panelKey = "";
    this.buttonsKey = "";
    this.tableKey = "";
  }

  /** @returns {number | null} the step that figures are shown of */
  get chosen() {
    const { app } = this;
    if (app.following) return lastEnded(this.curves);
    return app.client.wanted ?? app.step?.step ?? lastEnded(this.curves);
  }

  /** The step panel stands beside the large plot; else below it. */
  get beside() {
    return this.pane.clientWidth >= BESIDE * this.app.palette.unit;
  }

  /** @param {number} target the nearest step that can be opened */
  choose(target) {
    const { app } = this;
    let best = null;
    for (const [step] of app.traits.steps) if (best === null || Math.abs(step - target) < Math.abs(best - target)) best = step;
    if (best === null) return;
    app.openStep(best);
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -1e9, End: 1e9 }[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
    this.app.stepBy(by);
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {string} action */
  act(action) {
    this.asked = action;
    this.askedAt = Date.now();
    this.app.client.act(action);
    this.showHand();
  }

  /** Seconds since the kernel was heard. */
  get quiet() {
    return Math.round((Date.now() - this.app.client.heard) / 1000);
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
      if (this.session?.state !== session.state || (session.state === "paused" && session.resting)) this.asked = "";
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
    this.empty.hidden = !none;
    if (none) this.empty.textContent = session.live ? "No step has ended yet: the curves begin with the first." : "No step of this run has ended: there is nothing to draw.";
    this.upper.hidden = this.lower.hidden = this.twin.hidden = none;
    this.drawPlots();
    this.showPanel();
    this.showGroups();
    this.showTable();
  }

  /** State and buttons, which stand in the top bar. */
  showHand() {
    const { session } = this.app.traits;
    if (this.asked && Date.now() - this.askedAt > WISH_MS) this.asked = "";
    const state = stateOf(session, session.live ? this.quiet : 0, this.asked);
    const roomy = this.app.size === "full" || this.app.size === "drawer";
    const ago = roomy && session.live && state.kind === "live" ? `, updated ${Math.max(1, this.quiet)} s ago` : "";
    const words = `${state.text}${ago}`;
    if (this.state.dataset.kind !== state.kind) this.state.dataset.kind = state.kind;
    if (this.state.textContent !== words) fill(this.state, h("i", { "aria-hidden": "true" }), words);
    const actions = session.actions ?? [];
    const paused = (session.state === "paused" && this.asked !== "resume" && this.asked !== "step") || this.asked === "pause";
    const key = `${actions.join()}|${paused}|${session.state}`;
    this.buttons.hidden = !actions.length || this.app.view !== "board";
    this.state.hidden = !session.state || this.app.view !== "board";
    if (key === this.buttonsKey) return;
    this.buttonsKey = key;
    const kept = /** @type {HTMLElement | null} */ (document.activeElement);
    const focused = this.buttons.contains(kept) ? kept?.dataset.act : undefined;
    const busy = session.state === "stopping";
    const button = (/** @type {keyof typeof GLYPHS} */ action, /** @type {string} */ label, firm = false) =>
      h("button", { class: `control${firm ? " firm" : ""}`, "data-act": action, disabled: busy, onclick: () => this.act(action) }, glyph(action), h("span", {}, label));
    fill(this.buttons, paused ? button("resume", "Resume", true) : button("pause", "Pause", true), button("step", "One step"), button("stop", "Stop"));
    if (!focused) return;
    const again = this.buttons.querySelector(`[data-act=${focused}]`) ?? this.buttons.querySelector("button");
    /** @type {HTMLElement | null} */ (again)?.focus();
  }

  showProgress() {
    const { session } = this.app.traits;
    const words = progressWords(session, Math.round((Date.now() - this.heard) / 1000));
    const total = session.total || Math.max(1, session.step ?? 1);
    const done = Math.min(1, (session.step ?? 0) / total);
    const part = session.live ? underWay(session) / total : 0;
    const parts = /** @type {HTMLElement[]} */ ([...this.progress.children]);
    if (!parts.length) {
      this.bar = canvasBar();
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
    const chosen = this.chosen;
    const last = axisEnd(lastEnded(this.curves) ?? 0, app.traits.session.total ?? 0);
    const axis = { p, last, chosen, end: lastEnded(this.curves) ?? 0 };
    const u = p.unit;
    const high = this.pane.clientHeight;
    const small = 122 * u;
    const key = [chosen, last, width, high, p.dark, p.page, u, size, this.progress.offsetHeight, window.devicePixelRatio].join();
    if (key === this.plotsKey && this.plotted === this.curves) return;
    this.plotsKey = key;
    this.plotted = this.curves;
    // What is left of the height goes to the large plot, so that all of the board is seen at once where it fits.
    const rest = high - this.progress.offsetHeight - (wide ? small + 98 * u : 0);
    const mainHeight = wide ? Math.max(170 * u, Math.min(320 * u, rest)) : 200 * u;
    const probes = Object.keys(this.curves.columns).some((name) => name.startsWith("probe_success_by_difficulty/"));
    this.main.tail = probes ? 158 : 122;
    this.main.update(this.main.box.clientWidth, mainHeight, axis);
    [76, 92, 88, 96].forEach((tail, i) => {
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
    const text = summary(this.curves, now);
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

  // -- the plots ----------------------------------------------------------------------------------

  /** @param {Scale} scale @param {number} top @param {number} bottom */
  drawSuccess(scale, top, bottom) {
    const { p, x, u } = scale;
    const y = (/** @type {number} */ value) => bottom - value * (bottom - top);
    rules(scale, [0, 0.25, 0.5, 0.75, 1], y, (value) => value.toFixed(2));
    const all = successSeries(this.curves);
    const spread_ = new Set(all.map((series) => series.place)).size;
    this.main.note.textContent = all.some((series) => series.probe) ? "share of roots, band: 95 % interval; rings: probes, never trained" : "share of roots, band: 95 % interval";
    const tone = (/** @type {number} */ place) => p.sequential[spread_ === 1 ? 4 : TONES[Math.min(place, TONES.length - 1)]];
    for (const series of all) if (!series.probe) band(scale, series.points, y, tone(series.place), 0.16);
    for (const series of all) {
      const colour = tone(series.place);
      if (!series.probe) {
        line(scale, series.points, y, { colour, width: 1.8 });
        if (series.points.length < 3) for (const point of series.points) dot(scale, x(point.step), y(point.value), 2.5, colour);
        continue;
      }
      line(scale, series.points, y, { colour, width: 1, dash: [3, 3] });
      for (const point of series.points) {
        whisker(scale, x(point.step), y(point.low), y(point.high), colour);
        dot(scale, x(point.step), y(point.value), 3, colour, "ring");
      }
    }
    const far = x(lastEnded(this.curves) ?? 0);
    const ends = all.map((series) => {
      const end = series.points[series.points.length - 1];
      const half = (end.high - end.low) / 2;
      return { x: far, y: y(end.value), bold: series.probe ? `${series.name}, probes` : series.name, plain: `${plain(end.value)} \u00b1 ${plain(half)}` };
    });
    endLabels(scale, this.fitted(scale, ends), top, bottom);
    const { chosen } = scale;
    if (chosen === null) return;
    const here = all.map((series) => ({ series, point: at(series.points, chosen) })).filter(({ point }) => point);
    for (const { series, point } of here) {
      if (!point) continue;
      dot(scale, x(chosen), y(point.value), 4.5, p.page);
      dot(scale, x(chosen), y(point.value), 3.5, tone(series.place), series.probe ? "ring" : "disc");
    }
    // At the newest step the ends of the series say the same.
    if (chosen === lastEnded(this.curves)) return;
    for (const { point } of here) if (point) figureAt(scale, plain(point.value), x(chosen), Math.max(top, y(point.value) - 11 * u));
  }

  /** Where the names do not fit beside the last step, they go without their interval.
   * @param {Scale} scale @param {{x: number, y: number, bold: string, plain: string}[]} ends */
  fitted(scale, ends) {
    const { context, width, u } = scale;
    return ends.map((end) => {
      type(scale, 11, 600);
      const whole = end.x + 16 * u + context.measureText(`${end.bold} ${end.plain}`).width;
      return whole <= width ? end : { ...end, plain: end.plain.split(" ")[0] };
    });
  }

  /** @param {Scale} scale @param {number} top @param {number} bottom */
  drawShape(scale, top, bottom) {
    const { p, x } = scale;
    const nodes = marksOf(this.curves, "nodes");
    const levels = marksOf(this.curves, "depth");
    const third = top + (bottom - top) * 0.6;
    const gap = 12 * scale.u;
    const most = (/** @type {{value: number}[]} */ marks, /** @type {number} */ least) => marks.reduce((high, mark) => Math.max(high, mark.value), least);
    const yNodes = values(scale, most(nodes, 2), top, third - gap / 2, 2, (v) => brief(v), true);
    const yDepth = values(scale, most(levels, 1), third + gap / 2, bottom, 2, (v) => brief(v), true);
    /** @type {{x: number, y: number, bold: string, plain: string}[]} */
    const ends = [];
    for (const [marks, y, words] of /** @type {[import("../model/board.js").Mark[], (v: number) => number, string][]} */ ([
      [nodes, yNodes, "nodes"],
      [levels, yDepth, "deep"],
    ])) {
      if (!marks.length) continue;
      line(scale, marks, y, { colour: p.sequential[4], width: 1.6 });
      if (marks.length === 1) dot(scale, x(marks[0].step), y(marks[0].value), 2.5, p.sequential[4]);
      const end = marks[marks.length - 1];
      ends.push({ x: x(end.step), y: y(end.value), bold: `${plain(end.value, 1)} ${words}`, plain: "" });
      this.mark(scale, marks, y);
    }
    endLabels(scale, ends, top, bottom);
  }

  /** The chosen value of a curve. @param {Scale} scale @param {import("../model/board.js").Mark[]} marks @param {(v: number) => number} y */
  mark(scale, marks, y) {
    const here = scale.chosen === null ? undefined : at(marks, scale.chosen);
    if (here) dot(scale, scale.x(here.step), y(here.value), 2.8, scale.p.text);
  }

  /** @param {Scale} scale @param {number} top @param {number} bottom */
  drawShare(scale, top, bottom) {
    const { context, p, x, u, chosen } = scale;
    const names = depths(this.curves);
    const rows = stacked(this.curves, "gradient_share_by_depth", names).filter((row) => row.total > 0);
    const y = (/** @type {number} */ value) => bottom - value * (bottom - top);
    rules(scale, [0, 0.5, 1], y, (value) => percent(value, 0));
    if (!rows.length) return this.nothing(scale, "from the first trained step", top, bottom);
    const half = rows.length === 1 ? Math.max(3, (x(1) - x(0)) * 0.35) : 0;
    const tone = (/** @type {number} */ level) => p.sequential[Math.min(5, level + 1)];
    const below = rows.map(() => 0);
    names.forEach((_, level) => {
      context.beginPath();
      rows.forEach((row, i) => {
        const high = (below[i] + row.parts[level]) / row.total;
        if (half) context.rect(x(row.step) - half, y(high), half * 2, y(below[i] / row.total) - y(high));
        else if (i) context.lineTo(x(row.step), y(high));
        else context.moveTo(x(row.step), y(high));
      });
      if (!half) for (let i = rows.length - 1; i >= 0; i -= 1) context.lineTo(x(rows[i].step), y(below[i] / rows[i].total));
      context.closePath();
      context.fillStyle = tone(level);
      context.fill();
      context.strokeStyle = p.page;
      context.lineWidth = 1;
      context.stroke();
      rows.forEach((row, i) => {
        below[i] += row.parts[level];
      });
    });
    const here = (chosen !== null && rows.find((row) => row.step === chosen)) || rows[rows.length - 1];
    let under = 0;
    const end = rows[rows.length - 1];
    const last = end.parts.map((part) => {
      under += part / end.total;
      return y(under - part / end.total / 2);
    });
    const labels = names
      .map((name, level) => ({ level, bold: "", share: here.parts[level] / here.total, text: `depth ${name}`, y: last[level] }))
      .filter((label) => label.share >= 0.005)
      .slice(0, Math.floor((bottom - top) / (13 * u)));
    const swatch = labels.map((label) => ({ x: x(end.step) + 8 * u, y: label.y, bold: "", plain: `${label.text} ${percent(label.share, 0)}` }));
    endLabels(scale, swatch, top, bottom);
  }

  /** @param {Scale} scale @param {number} top @param {number} bottom */
  drawSpeed(scale, top, bottom) {
    const { p, x } = scale;
    const series = [
      { marks: marksOf(this.curves, "tokens_per_second/training"), words: "training", tone: p.sequential[5] },
      { marks: marksOf(this.curves, "tokens_per_second/generation"), words: "sampling", tone: p.sequential[3] },
    ].filter(({ marks }) => marks.length);
    const high = Math.max(1, ...series.flatMap(({ marks }) => marks.map((mark) => mark.value)));
    const y = values(scale, high, top, bottom, 2, (v) => (v >= 1000 ? `${brief(v / 1000, 1)}k` : brief(v)));
    if (!series.length) return this.nothing(scale, "from the first trained step", top, bottom);
    /** @type {{x: number, y: number, bold: string, plain: string}[]} */
    const ends = [];
    for (const { marks, words, tone } of series) {
      line(scale, marks, y, { colour: tone, width: 1.6 });
      if (marks.length === 1) dot(scale, x(marks[0].step), y(marks[0].value), 2.5, tone);
      const end = marks[marks.length - 1];
      ends.push({ x: x(end.step), y: y(end.value), bold: rate(end.value), plain: words });
      this.mark(scale, marks, y);
    }
    endLabels(scale, ends, top, bottom);
  }

  /** @param {Scale} scale @param {number} top @param {number} bottom */
  drawRefusals(scale, top, bottom) {
    const { context, p, x, u } = scale;
    const kinds = refusalKinds(this.curves);
    const rows = stacked(this.curves, "refusals", kinds);
    const high = rows.reduce((most, row) => Math.max(most, row.total), 1);
    const y = values(scale, high, top, bottom, 2, (v) => brief(v), true);
    const tones = [5, 3, 1, 2];
    if (!kinds.length) return this.nothing(scale, "none so far", top, bottom);
    const wide = Math.max(1, Math.min(10, (x(1) - x(0)) * 0.7));
    for (const row of rows) {
      let below = 0;
      row.parts.forEach((part, i) => {
        context.fillStyle = p.sequential[tones[i]];
        context.fillRect(x(row.step) - wide / 2, y(below + part), wide, y(below) - y(below + part));
        below += part;
      });
    }
    const left = Math.min(x(lastEnded(this.curves) ?? 0) + 12 * u, scale.width - 84 * u);
    type(scale, 11);
    context.textAlign = "left";
    context.textBaseline = "middle";
    kinds.forEach((kind, i) => {
      const middle = top + (6 + i * 15) * u;
      context.fillStyle = p.sequential[tones[i]];
      context.fillRect(left, middle - 4 * u, 8 * u, 8 * u);
      context.fillStyle = p.second;
      context.fillText(fitText(context, oneLine(kind.replace(/_/g, " "), 30), scale.width - left - 14 * u), left + 13 * u, middle);
    });
  }

  /** @param {Scale} scale @param {string} words @param {number} top @param {number} bottom */
  nothing(scale, words, top, bottom) {
    const { context, p, x, right } = scale;
    type(scale, 11);
    context.fillStyle = p.label;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(words, (x(0) + right) / 2, (top + bottom) / 2);
  }

  // -- the chosen step ----------------------------------------------------------------------------

  showPanel() {
    const { app } = this;
    const chosen = this.chosen;
    const { newest, live } = app.traits;
    const end = lastEnded(this.curves);
    const key = [chosen, newest, end, live, app.following, this.curves.step.length].join();
    if (key === this.panelKey) return;
    this.panelKey = key;
    const had = this.panel.contains(document.activeElement);
    if (chosen === null) {
      fill(this.panel, h("div", { class: "label" }, "No step to show yet."));
      return;
    }
    const ended = this.curves.step.includes(chosen);
    const behind = end === null ? 0 : end - chosen;
    const place = app.following ? "newest that has ended" : !ended ? (app.traits.session.live ? "under way" : "not finished") : behind > 0 ? `selected, ${count(behind)} behind the newest` : "selected, the newest";
    const follow = h("button", { class: "control", "aria-pressed": app.following, onclick: () => app.follow() }, "Follow newest", h("kbd", {}, "f"));
    follow.hidden = !live || app.following;
    const rows = figures(this.curves, chosen);
    fill(
      this.panel,
      h("div", { class: "cap" }, h("b", {}, `step ${count(chosen)}`), h("span", { class: "label" }, place), h("span", { class: "grow" }), follow),
      h("dl", { class: "figures", style: `--lines: ${Math.ceil(rows.length / 2)}` }, rows.map((row) => h("div", {}, h("dt", {}, row.label.endsWith(" R") ? [row.label.slice(0, -1), h("span", { class: "serif" }, "R")] : row.label), h("dd", {}, h("b", {}, row.value), h("span", { class: "change", title: row.change ? "against the step before" : "" }, row.change))))),
    );
    if (had && !follow.hidden) follow.focus();
    else if (had) this.slider.focus();
  }

  showGroups() {
    const { app } = this;
    const { step, credit } = app;
    const wide = this.beside;
    const room = wide ? Math.max(3, Math.floor((this.main.element.offsetHeight - this.panel.offsetHeight - 64 * app.palette.unit) / (29 * app.palette.unit))) : 6;
    const shown = !!step && step.step === (app.client.wanted ?? step.step);
    const key = step ? [step.step, step.revision, step.scored, app.palette.dark, app.palette.page, room, app.size, shown].join() : "";
    if (key === this.groupsKey) return;
    this.groupsKey = key;
    if (!step || !credit || !step.groups.length) {
      fill(this.groups, h("div", { class: "label" }, step && step.step >= 0 ? "No trees of this step are known yet." : ""));
      return;
    }
    const focused = this.groups.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.group : undefined;
    const { rows, by } = groupRows(step, credit.R);
    const begun = rows.filter((row) => row.first >= 0);
    const listed = begun.slice(0, room);
    const sizes = begun.map((row) => row.roots.length);
    const most = Math.max(by === "R" ? 1 : 1, ...begun.flatMap((row) => row.roots.map((root) => root.value)).filter((value) => !Number.isNaN(value)));
    const each = sizes.length && sizes.every((size) => size === sizes[0]) ? `${sizes[0]} roots, ` : "roots, ";
    const head = h("div", { class: "group head label", "aria-hidden": "true" }, h("span", { class: "name" }, "task"), h("span", { class: "axis" }, each, h("span", { class: "serif" }, by)), h("span", { class: "tiny-tree" }, "shape, tree 1"), h("span", { class: "fig" }, "spread"), h("span", { class: "go" }));
    const items = listed.map((row) => {
      const name = taskName(row) || "task";
      const known = row.roots.filter((root) => !Number.isNaN(root.value)).length;
      const said = `${name}${row.probe ? ", probe" : ""}: ${known} of ${many(row.roots.length, "root")} known${known ? `, mean ${by} ${plain(row.mean)}, spread ${plain(row.spread)}` : ""}. Opens its trees.`;
      return h(
        "button",
        { class: "group", "data-group": row.group, "aria-label": said, onclick: () => this.openGroup(row.first) },
        h("span", { class: "name cut" }, name, row.probe ? h("span", { class: "label" }, " probe") : null),
        h("span", { class: "axis" }, axisPicture(row, most)),
        h("span", { class: "tiny-tree" }, this.miniaturePicture(row.first)),
        h("span", { class: "fig" }, Number.isNaN(row.spread) ? "\u2013" : plain(row.spread)),
        h("span", { class: "go" }, icon("chevron", 9)),
      );
    });
    const more = begun.length - listed.length;
    const waiting = rows.length - begun.length;
    const foot = [more > 0 ? `${moreWords(more, "task")}.` : "", waiting > 0 ? `${moreWords(waiting, "task")} not begun.` : "", listed.length ? "Choosing one opens its trees." : ""].filter(Boolean).join(" ");
    fill(this.groups, head, items, h("div", { class: "label foot" }, foot));
    if (focused !== undefined) /** @type {HTMLElement | null} */ (this.groups.querySelector(`[data-group="${focused}"]`))?.focus();
  }

  /** @param {number} tree */
  openGroup(tree) {
    const { app } = this;
    app.openTree(tree);
    app.setView("tree");
    app.outline.focus();
  }

  /** @param {number} tree */
  miniaturePicture(tree) {
    const { app } = this;
    const step = /** @type {import("../model/store.js").Step} */ (app.step);
    const credit = /** @type {import("../model/types.js").CreditColumns} */ (app.credit);
    const p = app.palette;
    const places = miniature(step, tree);
    const high = places.reduce((most, place) => Math.max(most, Math.abs(place.y)), 0);
    const deep = places.reduce((most, place) => Math.max(most, place.x), 0);
    const gapY = Math.min(6.5, 9.5 / Math.max(1, high));
    const gapX = Math.min(20, 76 / Math.max(1, deep));
    const x = (/** @type {{x: number}} */ place) => 8 + place.x * gapX;
    const y = (/** @type {{y: number}} */ place) => 13 + place.y * gapY;
    const of = new Map(places.map((place) => [place.row, place]));
    const lines = places.filter((place) => of.has(place.above)).map((place) => {
      const above = /** @type {{x: number, y: number}} */ (of.get(place.above));
      return `M${x(above)} ${y(above)}C${x(above) + gapX / 2} ${y(above)} ${x(place) - gapX / 2} ${y(place)} ${x(place)} ${y(place)}`;
    });
    const dots = places.map((place) => {
      const shape = shapeOf(step.status[place.row], step.s[place.row]);
      const live = shape === "running" || shape === "waiting";
      const A = credit.A[place.row];
      const colour = live ? p.live : Number.isNaN(A) ? p.gauge : strong(p, A);
      const radius = place.above < 0 ? 4.5 : 2.7;
      const full = !live && step.s[place.row] >= 0.5;
      return s("circle", { cx: x(place), cy: y(place), r: full ? radius : radius - 0.6, fill: full ? colour : p.page, stroke: full ? "none" : colour, "stroke-width": 1.3 });
    });
    return s("svg", { width: 96, height: 26, viewBox: "0 0 96 26", "aria-hidden": "true" }, s("path", { d: lines.join(""), fill: "none", stroke: p.faint, "stroke-width": 0.9 }), ...dots);
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

/** Advantage as a tone that a small mark can carry. @param {import("./theme.js").Palette} p @param {number} A */
function strong(p, A) {
  if (Math.abs(A) < 0.02) return p.gauge;
  return rampColour(p, Math.sign(A) * Math.max(0.55, Math.abs(A)));
}

/** @param {Scale} scale @param {number} x @param {number} low @param {number} high @param {string} colour */
function whisker({ context }, x, low, high, colour) {
  context.globalAlpha = 0.4;
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x, low);
  context.lineTo(x, high);
  context.stroke();
  context.globalAlpha = 1;
}

/** @param {keyof typeof GLYPHS} name */
function glyph(name) {
  return s("svg", { width: 11, height: 11, viewBox: "0 0 16 16", "aria-hidden": "true" }, s("path", { d: GLYPHS[name], fill: "none", stroke: "currentColor", "stroke-width": name === "pause" ? 2.8 : 1.8, "stroke-linejoin": "round" }));
}

/** Roots on an axis of reward: a disc each, the mean as a tick. @param {import("../model/board.js").GroupRow} row @param {number} most */
function axisPicture(row, most) {
  const width = 112;
  const x = (/** @type {number} */ value) => 4 + (value / most) * (width - 8);
  const known = row.roots.filter((root) => !Number.isNaN(root.value));
  return s(
    "svg",
    { width, height: 16, viewBox: `0 0 ${width} 16`, preserveAspectRatio: "none", "aria-hidden": "true" },
    s("path", { d: `M2 8.5H${width - 2}`, stroke: "var(--rule)" }),
    ...known.map((root) => s("circle", { cx: x(root.value), cy: 8, r: 3, fill: "var(--seq3)", opacity: 0.6 })),
    known.length > 1 ? s("path", { d: `M${x(row.mean)} 2.5v11`, stroke: "var(--text)", "stroke-width": 1.8 }) : null,
  );
}

/** The bar of progress: what is done, what is under way, where weights were kept. */
function canvasBar() {
  const done = h("i", {});
  const part = h("i", { class: "going" });
  const marks = h("div", { class: "kept", "aria-hidden": "true" });
  const element = h("div", { class: "meter", role: "progressbar", "aria-label": "Training", "aria-valuemin": 0 }, done, part);
  const whole = h("div", { class: "meter-box" }, element, marks);
  let key = "";
  return {
    element: whole,
    /** @param {import("./theme.js").Palette} p @param {number} share @param {number} under @param {number[]} kept @param {string} words @param {number} now @param {number} total */
    show(p, share, under, kept, words, now, total) {
      done.style.width = `${share * 100}%`;
      part.style.left = `${share * 100}%`;
      part.style.width = `${Math.max(under * 100, under ? 0.3 : 0)}%`;
      element.setAttribute("aria-valuemax", String(total));
      element.setAttribute("aria-valuenow", String(now));
      element.setAttribute("aria-valuetext", words);
      // One mark a checkpoint while they can be told apart, then the newest alone.
      const shown = kept.length > 48 ? kept.slice(-1) : kept;
      const now_ = shown.join();
      if (now_ === key) return;
      key = now_;
      fill(marks, shown.map((at_) => h("i", { style: `left: ${at_ * 100}%` })));
    },
  };
}

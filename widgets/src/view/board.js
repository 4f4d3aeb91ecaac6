// The board: how training goes, and the hand on it. Shown only where a session is attached.

import { brief, count, duration, plain, rate } from "../shared/format.js";
import { fill, h, s } from "../shared/dom.js";
import { oneLine, taskName, visible } from "../shared/text.js";
import { icon } from "./shapes.js";
import { linePlot, stackPlot, stepAt } from "./plots.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./plots.js").Frame} Frame */
/** @typedef {import("./plots.js").Line} Line */

const DIFFICULTIES = ["easy", "medium", "hard", "extreme"];
const TONES = ["--seq3", "--seq4", "--seq5", "--seq2"];

export class Board {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.progress = h("div", { class: "going" });
    this.main = h("div", { class: "plot" });
    this.side = h("div", { class: "side" });
    this.small = h("div", { class: "small" });
    this.pane = h("div", { class: "board", tabindex: 0, role: "region", "aria-label": "Training" }, this.progress, h("div", { class: "upper" }, this.main, this.side), this.small);
    this.element = h("div", { class: "centre" }, this.pane);
    this.shown = "";
  }

  /** The buttons, in the top bar. @returns {HTMLElement[]} */
  buttons() {
    const { app } = this;
    const { session } = app.traits;
    const over = ["finished", "stopped", "failed"].includes(session.state);
    const busy = session.state === "stopping";
    const button = (/** @type {string} */ action, /** @type {string} */ words, /** @type {string} */ d, /** @type {boolean} */ firm) =>
      h("button", { class: `control${firm ? " firm" : ""}`, "data-act": action, disabled: over || busy, onclick: () => app.client.act(action) }, s("svg", { width: 11, height: 11, viewBox: "0 0 16 16", "aria-hidden": "true" }, s("path", { d, fill: "none", stroke: "currentColor", "stroke-width": 2.4 })), words);
    const paused = session.state === "paused";
    return [paused ? button("resume", "Resume", "M4 2.5l9 5.5l-9 5.5z", true) : button("pause", "Pause", "M5 2v12M11 2v12", true), button("step", "One step", "M3 3l7 5l-7 5zM13 3v10", false), button("stop", "Stop", "M3 3h10v10h-10z", false)];
  }

  update() {
    const { app } = this;
    if (this.element.hidden) return;
    const { session, curves } = app.traits;
    this.showProgress(session);
    const width = this.pane.clientWidth;
    const key = [JSON.stringify(app.client.wanted ?? app.step?.step), curves.step?.length, width, app.step?.revision, app.palette.dark, session.total].join("|");
    if (key === this.shown || !width) return;
    this.shown = key;
    const steps = /** @type {number[]} */ (curves.step ?? []);
    if (!steps.length) {
      fill(this.main, h("div", { class: "state" }, "No step has ended yet: curves begin with the first."));
      fill(this.small);
      this.showSide();
      return;
    }
    const beside = width > 820;
    this.pane.classList.toggle("narrow", !beside);
    this.showMain(steps, beside ? Math.round(width * 0.64) : width - 40);
    this.showSide();
    this.showSmall(steps, width);
  }

  /** @param {Record<string, any>} session */
  showProgress(session) {
    const words = {
      training: session.left !== null && session.left !== undefined ? `about ${duration(session.left)} left` : "",
      paused: "paused",
      stopping: "stopping: the step under way is closed",
      finished: "finished",
      stopped: "stopped",
      failed: "failed",
    }[/** @type {string} */ (session.state)];
    const pace = [`${duration(session.elapsed ?? 0)} so far`, session.each ? `${duration(session.each)} a step` : ""].filter(Boolean).join(", ");
    const [name, done, whole] = session.phase ?? ["", 0, 0];
    const phase = session.state === "training" && name ? this.phaseWords(oneLine(name, 30), done, whole) : "";
    const share = session.total ? Math.min(1, session.step / session.total) : 0;
    const part = session.total && whole && session.state === "training" ? Math.min(1, done / whole) / session.total : 0;
    fill(
      this.progress,
      h("div", { class: "line" }, h("b", { class: "now" }, `step ${session.step ?? 0} of ${session.total ?? "?"}`), h("span", {}, words), h("span", { class: "label" }, pace), h("span", { class: "grow" }), h("span", {}, phase)),
      h("div", { class: "meter", role: "progressbar", "aria-valuenow": session.step ?? 0, "aria-valuemin": 0, "aria-valuemax": session.total ?? 0, "aria-label": "Training" }, h("i", { style: `width:${share * 100}%` }), h("i", { class: "now", style: `width:${part * 100}%` })),
      session.error ? h("div", { class: "state", style: "margin:10px 0 0;color:var(--bad)" }, visible(session.error)) : null,
    );
  }

  /** What happens now; counted from the trees where these are shown. @param {string} name @param {number} done @param {number} whole */
  phaseWords(name, done, whole) {
    const step = this.app.step;
    const doing = { sample: "sampling", update: "updating", probe: "probing", start: "starting", credit: "crediting" }[name] ?? name;
    if (name === "sample" && step && !step.scored && step.step === this.app.traits.newest && step.trees.length) {
      const ended = step.trees.filter((tree) => tree.ended !== null).length;
      let alive = 0;
      for (let row = 0; row < step.n; row += 1) if (step.status[row] < 2) alive += 1;
      return `now ${doing}: ${count(ended)} of ${count(Math.max(whole, step.trees.length))} trees, ${count(alive)} ${alive === 1 ? "node" : "nodes"} alive`;
    }
    return `now ${doing}${whole > 1 ? `: ${count(done)} of ${count(whole)}` : ""}`;
  }

  /** @param {number} width @param {number} height @param {number[]} steps @param {Partial<Frame>} [more] @returns {Frame} */
  frame(width, height, steps, more = {}) {
    const { app } = this;
    const chosen = app.client.wanted ?? app.step?.step ?? null;
    return { width, height, left: 34, right: 10, top: 14, bottom: 18, steps, last: Math.max(app.traits.session.total ?? 0, steps[steps.length - 1]), chosen: chosen !== null && chosen >= steps[0] ? chosen : null, ...more };
  }

  /** @param {Frame} frame @param {SVGElement[]} parts @param {string} label */
  figure(frame, parts, label) {
    const picture = s("svg", { width: frame.width, height: frame.height, role: "img", "aria-label": label, style: "cursor:pointer;display:block" }, ...parts);
    picture.addEventListener("click", (event) => {
      const box = picture.getBoundingClientRect();
      this.app.openStep(stepAt(frame, /** @type {MouseEvent} */ (event).clientX - box.left));
    });
    return picture;
  }

  /** @param {number[]} steps @param {number} width */
  showMain(steps, width) {
    const { curves } = this.app.traits;
    const tiers = Object.entries(curves.success_by_difficulty ?? {}).sort((a, b) => DIFFICULTIES.indexOf(a[0]) - DIFFICULTIES.indexOf(b[0]));
    /** @type {Line[]} */
    const lines = [];
    const end = (/** @type {(number | null)[]} */ values) => [...values].reverse().find((value) => value !== null && value !== undefined);
    if (curves.success) {
      const value = end(curves.success);
      const at = curves.success.lastIndexOf(value ?? null);
      const half = at >= 0 && curves.success_high?.[at] !== null && curves.success_high ? (curves.success_high[at] - curves.success_low[at]) / 2 : NaN;
      lines.push({ name: tiers.length === 1 ? tiers[0][0] : "all tasks", words: value === undefined || value === null ? "" : `${plain(value)}${Number.isNaN(half) ? "" : ` \u00b1 ${plain(half)}`}`, values: curves.success, low: curves.success_low, high: curves.success_high, colour: "var(--seq4)" });
    }
    if (tiers.length > 1) tiers.forEach(([name, values], i) => lines.push({ name, words: "", values: /** @type {any} */ (values), colour: `var(${TONES[i % 4]})` }));
    if (curves.probe_success) lines.push({ name: "probes", words: "", values: curves.probe_success, colour: "var(--gauge)" });
    const frame = this.frame(width, 250, steps, { right: 96 });
    fill(this.main, h("div", { class: "cap" }, h("b", {}, "Root success"), h("span", { class: "label" }, "share of roots, band: 95 % interval of the step")), this.figure(frame, linePlot(frame, lines, { most: 1, words: (value) => value.toFixed(2), rules: 4, marks: true }), "Root success by step"));
  }

  /** The chosen step: its figures, and its tasks. */
  showSide() {
    const { app } = this;
    const { step } = app;
    const { curves, newest } = app.traits;
    if (!step || step.step < 0) {
      fill(this.side, h("div", { class: "label" }, "No step to show yet."));
      return;
    }
    const at = (curves.step ?? []).indexOf(step.step);
    const value = (/** @type {string} */ name) => (at >= 0 ? (curves[name]?.[at] ?? null) : null);
    const before = (/** @type {string} */ name) => (at > 0 ? (curves[name]?.[at - 1] ?? null) : null);
    const figures = /** @type {[string, string, (value: number) => string][]} */ ([
      ["success", "success", (v) => plain(v)],
      ["mean reward", "R", (v) => plain(v)],
      ["nodes a tree", "nodes", (v) => brief(v, 1)],
      ["launched together", "together", (v) => `${Math.round(v * 100)} %`],
      ["entropy", "entropy", (v) => plain(v)],
      ["unscored", "unscored", (v) => brief(v, 0)],
    ]).filter(([, name]) => value(name) !== null);
    const behind = newest !== null && newest > step.step ? `${newest - step.step} behind the newest` : "newest";
    const scored = step.scored ? "" : step.n ? "being sampled" : "";
    fill(
      this.side,
      h("div", { class: "cap" }, h("b", {}, `step ${step.step}`), h("span", { class: "label" }, scored || behind), h("span", { class: "grow" })),
      h("div", { class: "figures" }, figures.map(([words, name, show]) => [h("span", {}, words), h("b", {}, show(/** @type {number} */ (value(name)))), h("span", { class: "label" }, change(value(name), before(name)))]).flat()),
      this.tasks(step),
    );
  }

  /** @param {import("../model/store.js").Step} step */
  tasks(step) {
    const { app } = this;
    const credit = app.credit;
    if (!step.groups.length || !credit) return h("div", { class: "label" }, "No trees yet.");
    const rows = step.groups.map((group, index) => {
      const roots = step.treesOf(index).map((tree) => step.rootOf[tree]).filter((root) => root >= 0);
      const R = roots.map((root) => credit.R[root]).filter((one) => !Number.isNaN(one));
      const live = roots.filter((root) => step.status[root] < 2).length;
      return { group, index, roots, R, live, spread: R.length ? Math.max(...R) - Math.min(...R) : NaN };
    });
    const shown = rows.filter((row) => row.roots.length).slice(0, 8);
    const most = Math.max(1, ...rows.flatMap((row) => row.R));
    const more = rows.length - shown.length;
    return h(
      "div",
      { class: "tasks" },
      h("div", { class: "task label" }, h("span", { class: "name" }, "task"), h("span", { class: "axis" }, "roots, ", h("span", { class: "serif" }, "R")), h("span", { class: "fig" }, "spread")),
      shown.map((row) =>
        h(
          "button",
          { class: "task", onclick: () => (app.openTree(step.treesOf(row.index)[0]), app.setView("tree")) },
          h("span", { class: "name cut" }, taskName(row.group)),
          dots(row.R, most, row.live),
          h("span", { class: "fig" }, row.group.probe ? "probe" : row.live ? `${row.live} live` : Number.isNaN(row.spread) ? "\u2013" : plain(row.spread)),
          icon("chevron", 9),
        ),
      ),
      h("div", { class: "label", style: "margin-top:6px" }, more > 0 ? `${more} more tasks. Choosing one opens its trees.` : "Choosing a task opens its trees."),
    );
  }

  /** @param {number[]} steps @param {number} width */
  showSmall(steps, width) {
    const { curves } = this.app.traits;
    const across = width > 1000 ? 4 : width > 620 ? 2 : 1;
    const each = Math.floor((width - 40 - (across - 1) * 28) / across);
    const frame = this.frame(each, 128, steps, { right: 78, left: 36 });
    /** @type {HTMLElement[]} */
    const boxes = [];
    const box = (/** @type {string} */ title, /** @type {string} */ note, /** @type {SVGElement[]} */ parts) => boxes.push(h("div", { class: "plot" }, h("div", { class: "cap" }, h("b", {}, title), h("span", { class: "label" }, note)), this.figure(frame, parts, title)));
    const line = (/** @type {string} */ name, /** @type {(number | null)[]} */ values, /** @type {string} */ tone) => ({ name, words: "", values, colour: `var(${tone})` });
    if (curves.nodes) box("Nodes", "mean of a tree", linePlot(frame, [line("", curves.nodes, "--seq4")]));
    const depths = Object.entries(curves.gradient_share_by_depth ?? {}).sort((a, b) => Number(a[0]) - Number(b[0]));
    if (depths.length) box("Gradient share by depth", "", stackPlot(frame, depths.map(([depth, values], i) => line(`depth ${depth}`, /** @type {any} */ (values), `--seq${Math.min(5, i + 1)}`))));
    const pace = Object.entries(curves.tokens_per_second ?? {});
    if (pace.length) box("Tokens per second", "", linePlot(frame, pace.slice(0, 2).map(([kind, values], i) => line(oneLine(kind, 12), /** @type {any} */ (values), TONES[i + 1])), { words: rate }));
    const refusals = Object.entries(curves.refusals ?? {});
    if (refusals.length) box("Refusals", "per step", linePlot(frame, refusals.slice(0, 3).map(([kind, values], i) => line(oneLine(kind, 14).replace(/_/g, " "), /** @type {any} */ (values).map((/** @type {number | null} */ v) => v ?? 0), TONES[i]))));
    else if (curves.entropy) box("Entropy", "nats a token", linePlot(frame, [line("", curves.entropy, "--seq4")]));
    this.small.style.gridTemplateColumns = `repeat(${across}, ${each}px)`;
    fill(this.small, boxes);
  }
}

/** @param {number | null} now @param {number | null} before */
function change(now, before) {
  if (now === null || before === null) return "";
  const by = now - before;
  if (Math.abs(by) < 0.005) return "0";
  return `${by > 0 ? "+" : "\u2212"}${brief(Math.abs(by), 2)}`;
}

/** @param {number[]} values @param {number} most @param {number} live */
function dots(values, most, live) {
  const width = 112;
  const x = (/** @type {number} */ value) => 4 + (value / most) * (width - 8);
  const mean = values.reduce((sum, value) => sum + value, 0) / (values.length || 1);
  return s(
    "svg",
    { class: "axis", width, height: 14, "aria-hidden": "true" },
    s("path", { d: `M4 7.5H${width - 4}`, stroke: "var(--rule)" }),
    ...values.map((value) => s("circle", { cx: x(value), cy: 7.5, r: 3, fill: "var(--seq3)", opacity: 0.55 })),
    values.length ? s("path", { d: `M${x(mean)} 2v11`, stroke: "var(--text)", "stroke-width": 1.6 }) : null,
    live && !values.length ? s("text", { x: 4, y: 11, "font-size": 10, fill: "var(--live)" }, "sampling") : null,
  );
}

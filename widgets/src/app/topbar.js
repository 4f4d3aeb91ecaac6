// The top bar: where one is, which step, which view, search.

import { percent, signed } from "../shared/format.js";
import { fill, h, ownKeys } from "../shared/dom.js";
import { oneLine, taskName } from "../shared/text.js";
import { shapeOf } from "../step/status.js";
import { icon, markIcon } from "../shared/shapes.js";
import { canvasFor } from "../shared/canvas.js";

/** @typedef {import("./app.js").App} App */

const VIEWS = /** @type {const} */ ([
  ["tree", "Tree"],
  ["icicle", "Icicle"],
]);

export class TopBar {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.place = h("nav", { class: "place", "aria-label": "Place" });
    this.drawerButton = h("button", { class: "control", onclick: () => app.showDrawer(!app.drawer) }, icon("list"), "Outline");
    this.chip = h("button", { class: "control", onclick: () => app.whatif.openMenu(this.chip) });
    this.middle = h("div", { class: "scrub" });
    this.views = h("div", { class: "switch", role: "group", "aria-label": "View" });
    this.search = h("div", { class: "search" });
    this.tail = h("div", { class: "scrub" });
    this.element = h("div", { class: "bar top" }, this.place, this.chip, h("div", { class: "grow" }), this.middle, this.tail, this.drawerButton, this.views, this.search);
    this.scrub = canvasFor(220, 32);
    this.scrub.canvas.setAttribute("role", "slider");
    this.scrub.canvas.setAttribute("tabindex", "0");
    ownKeys(this.scrub.canvas);
    this.scrub.canvas.setAttribute("aria-label", "Step");
    this.scrub.canvas.addEventListener("pointerdown", (event) => this.onScrub(event));
    this.scrub.canvas.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: 10, PageDown: -10 }[event.key];
      if (!by) return;
      app.steps.move(by);
      event.preventDefault();
      event.stopPropagation();
    });
    this.stepNumber = h("b", {});
    this.stepWord = h("span", {}, "step ", this.stepNumber);
    this.shown = "";
    this.tailKey = "";
    /** @type {number | undefined} */
    this.pending = undefined;
    /** @type {ReturnType<typeof setTimeout> | null} */
    this.timer = null;
    this.middle.append(this.stepWord, this.scrub.canvas);
    this.searching = false;
    this.showSearch();
  }

  update() {
    const { app } = this;
    const { step } = app;
    this.showPlace();
    const small = app.size === "small" || app.size === "tiny";
    this.drawerButton.hidden = app.size !== "drawer" || app.view === "board" || !step?.n;
    this.drawerButton.setAttribute("aria-expanded", String(app.drawer));
    this.chip.hidden = !small || !step?.n || app.size === "tiny" || app.view === "board";
    if (step && !this.chip.hidden) {
      fill(this.chip, h("span", {}, h("span", { class: "serif" }, "\u03bb"), ` ${app.config.lam.toFixed(2)}, ${ESTIMATORS[app.config.estimator]}`, app.rule.other ? " \u2260 recorded" : ""), icon("down", 10));
    }
    const scrubs = app.traits.steps.length > 1;
    this.middle.hidden = !scrubs || app.size === "tiny" || app.view === "board";
    if (scrubs) this.drawScrub(small ? 104 : app.size === "drawer" ? 140 : 220);
    this.showTail(small);
    this.showViews(small);
    this.search.hidden = small || !step?.n || app.view === "board";
    if (!this.searching) this.showSearch();
  }

  showPlace() {
    const { app } = this;
    const { step } = app;
    const parts = [];
    const sep = () => h("span", { class: "sep", "aria-hidden": "true" }, icon("chevron", 9));
    const title = oneLine(app.traits.title, 60);
    if (title && app.size !== "small") parts.push(h("span", { class: "cut", title }, title), sep());
    if (app.view === "board") parts.push(h("span", { class: "here" }, "training"));
    else if (step?.n && app.view === "icicle") {
      parts.push(h("span", {}, `${step.trees.length} ${step.trees.length === 1 ? "tree" : "trees"}`), sep(), h("span", { class: "here" }, `${step.n.toLocaleString("en")} nodes`));
    } else if (step?.n) {
      const tree = step.trees[app.place.tree];
      const group = step.groups[tree.group];
      const name = taskName(group) || "task";
      if (step.groups.length > 1) parts.push(h("button", { class: "cut", "aria-haspopup": "true", title: "Choose a task", onclick: (/** @type {Event} */ e) => this.openTasks(e) }, name));
      else parts.push(h("span", { class: "cut" }, name));
      const siblings = step.treesOf(tree.group);
      parts.push(sep());
      const words = `tree ${tree.rollout + 1}${siblings.length > 1 ? ` of ${siblings.length}` : ""}`;
      if (siblings.length > 1) parts.push(h("button", { class: "here", "aria-haspopup": "true", title: "Choose a tree", onclick: (/** @type {Event} */ e) => this.openTrees(e) }, words));
      else parts.push(h("span", { class: "here" }, words));
      if (app.place.focus >= 0) {
        const whole = h("button", { onclick: () => app.fold.focus(-1), title: "Back to the whole tree" }, `from ${step.path(app.place.focus)} `, icon("close", 9));
        parts.push(sep(), whole);
      }
      if (group.probe) parts.push(h("span", { class: "label" }, "probe, never trained"));
    }
    const focused = [...this.place.querySelectorAll("button")].indexOf(/** @type {any} */ (document.activeElement));
    fill(this.place, parts);
    if (focused >= 0) this.place.querySelectorAll("button")[focused]?.focus();
  }

  /** @param {Event} event */
  openTasks(event) {
    const { app } = this;
    const step = app.step;
    if (!step) return;
    const now = step.trees[app.place.tree].group;
    const items = step.groups.map((group, index) => {
      const trees = step.treesOf(index);
      const scores = trees.map((tree) => step.s[step.rootOf[tree]]).filter((s) => !Number.isNaN(s) && s !== undefined);
      const won = scores.filter((s) => s >= 1).length;
      return h(
        "button",
        { "aria-current": index === now, onclick: () => (app.choose.tree(trees[0]), app.closeMenu?.(), app.outline.focus()) },
        h("span", { class: "cut", title: oneLine(group.task, 80) }, taskName(group)),
        h("span", { class: "path" }, group.probe ? "probe" : ""),
        h("span", { class: "value label" }, scores.length ? `${won} of ${trees.length} roots succeeded` : `${trees.length} trees`),
      );
    });
    app.openMenu(/** @type {HTMLElement} */ (event.currentTarget), items);
  }

  /** @param {Event} event */
  openTrees(event) {
    const { app } = this;
    const step = app.step;
    if (!step) return;
    const items = step.treesOf(step.trees[app.place.tree].group).map((tree) => {
      const root = step.rootOf[tree];
      const A = root >= 0 ? app.rule.credit?.A[root] ?? NaN : NaN;
      return h(
        "button",
        { "aria-current": tree === app.place.tree, onclick: () => (app.choose.tree(tree), app.closeMenu?.(), app.outline.focus()), disabled: root < 0 },
        root >= 0 ? markIcon(shapeOf(step.status[root], step.s[root])) : null,
        `tree ${step.trees[tree].rollout + 1}`,
        h("span", { class: "path" }, `${step.sizeOf[tree]} nodes${step.trees[tree].note ? `, ${oneLine(step.trees[tree].note, 40)}` : ""}`),
        h("span", { class: `value ${A > 0 ? "plus" : A < 0 ? "minus" : ""}` }, Number.isNaN(A) ? "" : signed(A)),
      );
    });
    app.openMenu(/** @type {HTMLElement} */ (event.currentTarget), items);
  }

  /** @param {boolean} small */
  showTail(small) {
    const { app } = this;
    const { live, newest } = app.traits;
    this.tail.hidden = !live || app.size === "tiny" || app.view === "board";
    if (this.tail.hidden) return;
    const word = h("span", { class: "live-word" }, small ? "live" : `live${newest === null ? "" : ` ${newest}`}`);
    const button = h("button", { class: `control${app.steps.following ? "" : " firm"}`, "aria-pressed": app.steps.following, title: "Follow the newest step", onclick: () => (app.steps.following ? (app.steps.rest(), app.top.update()) : app.steps.follow()) }, app.steps.following ? "Following" : "Follow", h("kbd", {}, "f"));
    const key = [live, newest, app.steps.following, small].join();
    if (this.tailKey === key) return;
    this.tailKey = key;
    const focused = this.tail.contains(document.activeElement);
    fill(this.tail, word, small ? null : button);
    if (focused) /** @type {HTMLElement | null} */ (this.tail.querySelector("button"))?.focus();
  }

  /** @param {boolean} small */
  showViews(small) {
    const { app } = this;
    const names = /** @type {[import("./app.js").ViewName, string][]} */ (small ? [["tree", "Tree"], ["outline", "Outline"]] : VIEWS.map((view) => [...view]));
    if (app.size === "tiny") names.pop();
    if (app.hasBoard) names.push(["board", "Board"]);
    this.views.hidden = app.hasBoard ? false : app.size === "tiny" || !app.step?.n;
    const key = names.map(([name]) => name).join() + app.view;
    if (this.shown === key) return;
    this.shown = key;
    const focused = this.views.contains(document.activeElement);
    fill(this.views, names.map(([name, words]) => h("button", { "aria-pressed": app.view === name, onclick: () => app.setView(name) }, words)));
    if (focused) /** @type {HTMLElement | null} */ (this.views.querySelector("[aria-pressed=true]"))?.focus();
  }

  showSearch() {
    const button = h("button", { class: "control", "aria-label": "Search", title: "Search goals and paths", onclick: () => this.openSearch() }, icon("search"), h("kbd", {}, "/"));
    if (!this.search.contains(document.activeElement)) fill(this.search, button);
  }

  openSearch() {
    const { app } = this;
    this.searching = true;
    const word = h("span", { class: "label" });
    const tell = () => {
      const at = app.finding.hits.indexOf(app.place.row);
      word.textContent = app.finding.query ? (app.finding.hits.length ? `${at + 1} of ${app.finding.hits.length}` : "none") : "";
    };
    const input = h("input", { type: "search", placeholder: "goal or path", "aria-label": "Search goals and paths", value: app.finding.query });
    const close = (/** @type {boolean} */ back) => {
      this.searching = false;
      fill(this.search);
      this.showSearch();
      if (back) app.outline.focus();
    };
    input.addEventListener("input", () => {
      app.search(input.value);
      tell();
    });
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") {
        app.search("", false);
        close(true);
      } else if (event.key === "Enter") {
        if (event.shiftKey) app.hit(-1);
        else if (app.finding.hits.length > 1 && app.finding.hits.includes(app.place.row)) app.hit(1);
        close(true);
      }
    });
    input.addEventListener("blur", () => {
      if (this.searching) close(false);
    });
    fill(this.search, word, input);
    tell();
    input.focus();
    input.select();
  }

  /** @param {number} width */
  drawScrub(width) {
    const { app } = this;
    const { steps, newest, live } = app.traits;
    const p = app.palette;
    const height = 32;
    const context = this.scrub.size(width, height);
    const now = app.client.wanted ?? app.step?.step ?? steps[0][0];
    this.stepNumber.textContent = String(now);
    const first = steps[0][0];
    const last = Math.max(first + 1, steps[steps.length - 1][0]);
    const x = (/** @type {number} */ step) => 6 + ((step - first) / (last - first)) * (width - 12);
    const y = (/** @type {number} */ value) => 22 - value * 16;
    context.clearRect(0, 0, width, height);
    context.strokeStyle = p.strong;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(2, 24.5);
    context.lineTo(width - 2, 24.5);
    context.stroke();
    context.strokeStyle = p.second;
    context.lineWidth = 1.2;
    context.beginPath();
    let pen = false;
    for (const [step, value] of steps) {
      if (value === null || value === undefined) {
        pen = false;
        continue;
      }
      if (pen) context.lineTo(x(step), y(value));
      else context.moveTo(x(step), y(value));
      pen = true;
    }
    context.stroke();
    if (live && newest !== null) {
      const value = steps.find(([step]) => step === newest)?.[1] ?? 0;
      context.fillStyle = p.live;
      context.beginPath();
      context.arc(Math.min(width - 5, x(newest)), y(value ?? 0), 3, 0, 7);
      context.fill();
    }
    context.strokeStyle = p.text;
    context.fillStyle = p.text;
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(x(now), 2);
    context.lineTo(x(now), 24);
    context.stroke();
    context.beginPath();
    context.roundRect(x(now) - 4, 21, 8, 10, 2.5);
    context.fill();
    const mark = steps.find(([step]) => step === now)?.[1];
    const canvas = this.scrub.canvas;
    canvas.setAttribute("aria-valuemin", String(first));
    canvas.setAttribute("aria-valuemax", String(last));
    canvas.setAttribute("aria-valuenow", String(now));
    canvas.setAttribute("aria-valuetext", `step ${now}${mark === null || mark === undefined ? "" : `, ${percent(mark)} of roots solved`}`);
  }

  /** @param {PointerEvent} event */
  onScrub(event) {
    const { app } = this;
    const canvas = this.scrub.canvas;
    canvas.setPointerCapture(event.pointerId);
    const choose = (/** @type {PointerEvent} */ at) => {
      const { steps } = app.traits;
      const box = canvas.getBoundingClientRect();
      const share = (at.clientX - box.left - 6) / (box.width - 12);
      const first = steps[0][0];
      const target = first + share * (steps[steps.length - 1][0] - first);
      let best = steps[0][0];
      for (const [step] of steps) if (Math.abs(step - target) < Math.abs(best - target)) best = step;
      this.pending = best;
      app.steps.following = false;
      if (!this.timer) {
        // A drag asks for steps at a rate that a kernel can answer.
        this.timer = setTimeout(() => {
          this.timer = null;
          if (this.pending !== undefined) app.steps.open(this.pending);
        }, 60);
      }
    };
    choose(event);
    canvas.onpointermove = (move) => {
      if (move.buttons) choose(move);
    };
    canvas.onpointerup = () => {
      canvas.onpointermove = null;
      if (this.pending !== undefined) app.steps.open(this.pending);
    };
  }
}

/** @type {Record<string, string>} */
export const ESTIMATORS = { rao: "rao", rao_root_adv: "root advantage", grpo_mean: "grpo mean", root_only: "root only" };

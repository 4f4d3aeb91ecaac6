// The what-if bar: the same rollouts under another rule of credit, for the whole step at once.

import { asPython } from "./arithmetic.js";
import { count, signed } from "../shared/format.js";
import { fill, h } from "../shared/dom.js";
import { ESTIMATORS } from "../app/topbar.js";
import { icon } from "../shared/shapes.js";

/** @typedef {import("../app/app.js").App} App */

const BASELINES = { leave_one_out: "leave one out", group_mean: "group mean", none: "none" };
/** Most flipped nodes listed. */
const LISTED = 300;

export class WhatIf {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.form = this.fields();
    this.words = h("div", { class: "words", "aria-live": "polite" });
    this.list = h("button", { class: "control", onclick: () => this.openList() }, "List");
    this.copy = h("button", { class: "control", onclick: () => this.copyRule() }, "Copy");
    this.reset = h("button", { class: "control firm", onclick: () => app.setRule(null) }, "Reset");
    this.element = h("div", { class: "bar whatif", role: "group", "aria-label": "Credit settings" }, h("strong", {}, "Credit"), this.form.nodes, this.words, this.list, this.copy, this.reset);
    /** @type {ReturnType<WhatIf["fields"]> | null} */
    this.popped = null;
  }

  /** One set of controls; the narrow layout shows a second one in a menu. */
  fields() {
    const { app } = this;
    const slider = new Slider((lam) => app.setRule({ lam }));
    const figure = h("output", {});
    const estimator = choice("estimator", ESTIMATORS, (value) => app.setRule({ estimator: /** @type {any} */ (value) }));
    const baseline = choice("baseline", BASELINES, (value) => app.setRule({ baseline: /** @type {any} */ (value) }));
    const toggle = h("button", { class: "toggle", role: "switch", "aria-label": "depth weights", onclick: () => this.flipWeights() });
    return {
      slider,
      figure,
      estimator,
      baseline,
      toggle,
      nodes: [
        h("span", { class: "field" }, h("span", { class: "serif" }, "\u03bb"), slider.element, figure),
        h("label", { class: "field" }, "estimator", estimator.element),
        h("label", { class: "field" }, "baseline", baseline.element),
        h("span", { class: "field" }, "depth weights", toggle),
      ],
    };
  }

  flipWeights() {
    const { app } = this;
    const recorded = app.step?.config.depth_weighting ?? "none";
    const on = recorded === "none" ? "inverse_frequency" : recorded;
    app.setRule({ depth_weighting: app.config.depth_weighting === "none" ? on : "none" });
  }

  update() {
    const { app } = this;
    const { step } = app;
    if (!step) return;
    this.show(this.form);
    if (this.popped) this.show(this.popped);
    const changed = app.rule.other !== null;
    this.list.hidden = !changed || !app.rule.flipped.length;
    this.copy.hidden = !changed;
    this.reset.hidden = !changed;
    if (!changed) {
      const words = step.scored
        ? "As recorded. Change a value to see the same rollouts under other credit."
        : step.groups.length && step.groups.every((group) => group.probe)
          ? "Probes: recorded like other trees and never trained, so they have no credit."
          : "Not scored yet: credit comes when all trees of the step have ended.";
      if (this.words.textContent !== words) fill(this.words, words);
      return;
    }
    const here = app.rule.flipped.filter((row) => step.tree[row] === app.place.tree).length;
    fill(
      this.words,
      "same rollouts, other credit: ",
      h("b", {}, `${count(here)} of ${count(step.sizeOf[app.place.tree] ?? 0)}`),
      " signs change here",
      step.trees.length > 1 ? [", ", h("b", {}, `${count(app.rule.flipped.length)} of ${count(step.n)}`), " in the step"] : null,
    );
  }

  /** @param {ReturnType<WhatIf["fields"]>} form */
  show(form) {
    const { app } = this;
    const rule = app.config;
    const off = !app.step?.scored;
    for (const control of [form.estimator.select, form.baseline.select, form.toggle]) control.disabled = off;
    form.slider.element.setAttribute("aria-disabled", String(off));
    form.slider.show(rule.lam, app.rule.other ? (app.step?.config.lam ?? rule.lam) : null);
    form.figure.textContent = rule.lam.toFixed(2);
    form.estimator.select.value = rule.estimator;
    form.baseline.select.value = rule.baseline;
    form.baseline.select.disabled = off || rule.estimator === "grpo_mean";
    form.toggle.setAttribute("aria-checked", String(rule.depth_weighting !== "none"));
  }

  /** The settings in one chip, where the cell is narrow. @param {HTMLElement} anchor */
  openMenu(anchor) {
    const { app } = this;
    if (app.closeMenu) {
      app.closeMenu();
      return;
    }
    this.popped = this.fields();
    const words = h("div", { class: "label" });
    const say = () => {
      words.textContent = app.rule.other ? `same rollouts, other credit: ${app.rule.flipped.length} signs change in the step` : "as recorded";
    };
    const reset = h("button", { class: "control firm", onclick: () => app.setRule(null) }, "Reset");
    const menu = app.openMenu(anchor, [h("div", { class: "form" }, this.popped.nodes, words, reset)]);
    this.show(this.popped);
    say();
    for (const kind of ["input", "change", "pointermove", "keyup", "click"]) menu.addEventListener(kind, () => (this.popped && this.show(this.popped), say()));
  }

  openList() {
    const { app } = this;
    const { step } = app;
    if (!step || !app.rule.recorded || !app.rule.credit) return;
    const { recorded, credit } = app.rule;
    const items = app.rule.flipped.slice(0, LISTED).map((row) =>
      h(
        "button",
        { onclick: () => (app.choose.row(row), app.closeMenu?.(), app.outline.focus()) },
        h("span", { class: "path" }, step.trees.length > 1 ? `tree ${step.trees[step.tree[row]].rollout + 1} \u00b7 ${step.path(row)}` : step.path(row)),
        h("span", { class: "cut" }, app.goal(row, 40)),
        h("span", { class: "value" }, h("span", { class: recorded.A[row] > 0 ? "plus" : "minus" }, signed(recorded.A[row], 3)), " \u2192 ", h("span", { class: credit.A[row] > 0 ? "plus" : "minus" }, signed(credit.A[row], 3))),
      ),
    );
    if (app.rule.flipped.length > LISTED) items.push(h("button", { disabled: true }, `${count(app.rule.flipped.length - LISTED)} more`));
    app.openMenu(this.list, items);
  }

  copyRule() {
    const text = asPython(this.app.config);
    const done = () => {
      this.copy.textContent = "Copied";
      setTimeout(() => (this.copy.textContent = "Copy"), 1500);
    };
    const byHand = () => {
      const area = h("textarea", { style: "position: fixed; opacity: 0" });
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
      done();
    };
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, byHand);
    else byHand();
  }
}

/** @param {string} name @param {Record<string, string>} options @param {(value: string) => void} chosen */
function choice(name, options, chosen) {
  const select = h("select", { "aria-label": name, onchange: () => chosen(select.value) }, Object.entries(options).map(([value, words]) => h("option", { value }, words)));
  return { select, element: h("span", { class: "select" }, select, icon("down", 10)) };
}

/** From 0 to 1 in hundredths; a recorded value beyond widens it. */
class Slider {
  /** @param {(value: number) => void} chosen */
  constructor(chosen) {
    this.value = 0;
    this.most = 1;
    this.thumb = h("span", { class: "thumb" });
    this.was = h("span", { class: "was" });
    this.element = h("div", { class: "slider", role: "slider", tabindex: 0, "aria-label": "lambda", "aria-valuemin": 0 }, this.was, this.thumb);
    const at = (/** @type {PointerEvent} */ event) => {
      const box = this.element.getBoundingClientRect();
      const share = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
      chosen(Math.round(share * this.most * 100) / 100);
    };
    this.element.addEventListener("pointerdown", (event) => {
      this.element.setPointerCapture(event.pointerId);
      at(event);
      this.element.onpointermove = (move) => {
        if (move.buttons) at(move);
      };
    });
    this.element.addEventListener("pointerup", () => (this.element.onpointermove = null));
    this.element.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -0.05, ArrowDown: -0.05, ArrowRight: 0.05, ArrowUp: 0.05, PageUp: 0.2, PageDown: -0.2, Home: -9, End: 9 }[event.key];
      if (!by) return;
      chosen(Math.max(0, Math.min(this.most, Math.round((this.value + by) * 100) / 100)));
      event.preventDefault();
      event.stopPropagation();
    });
  }

  /** @param {number} value @param {number | null} was */
  show(value, was) {
    this.value = value;
    this.most = Math.max(1, value, was ?? 0);
    this.thumb.style.left = `${(value / this.most) * 100}%`;
    this.was.hidden = was === null;
    if (was !== null) this.was.style.left = `${(was / this.most) * 100}%`;
    this.element.setAttribute("aria-valuemax", String(this.most));
    this.element.setAttribute("aria-valuenow", String(value));
  }
}

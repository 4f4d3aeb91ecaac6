// The what-if bar: the same rollouts under another rule of credit, for the whole step at once. In a narrow
// cell it is a chip that opens a menu.

import { fill, h } from "../shared/dom.js";
import { count, signClass, signed } from "../shared/format.js";
import { icon } from "../shared/shapes.js";
import { asPython } from "./arithmetic.js";
import { Slider } from "./slider.js";

/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {import("../step/types.js").CreditConfig} CreditConfig */
/** @typedef {import("../shared/dom.js").Child} Child */

/** @type {Record<string, string>} */
const ESTIMATORS = {
  rao: "rao",
  rao_root_adv: "root advantage",
  grpo_mean: "grpo mean",
  root_only: "root only",
};
const BASELINES = { leave_one_out: "leave one out", group_mean: "group mean", none: "none" };
/** Most flipped nodes listed. */
const LISTED = 300;

export class WhatIf {
  /** @param {import("./host.js").CreditHost} host */
  constructor(host) {
    this.host = host;
    this.form = this.fields();
    this.words = h("div", { class: "words", "aria-live": "polite" });
    this.list = h("button", { class: "control", onclick: () => this.openList() }, "List");
    this.copy = h("button", { class: "control", onclick: () => this.copyRule() }, "Copy");
    this.reset = this.resetButton();
    this.chip = h("button", { class: "control", onclick: () => this.openMenu() });
    this.element = h("div", { class: "bar whatif", role: "group", "aria-label": "Credit settings" },
      h("strong", {}, "Credit"),
      this.form.nodes,
      this.words,
      ...[this.list, this.copy, this.reset],
    );
    /** @type {ReturnType<WhatIf["fields"]> | null} */
    this.popped = null;
  }

  resetButton() {
    return h("button", { class: "control firm", onclick: () => this.host.setRule(null) }, "Reset");
  }

  /** One set of controls; the narrow layout shows a second one in a menu. */
  fields() {
    const { host } = this;
    const slider = new Slider((lam) => host.setRule({ lam }));
    const figure = h("output", {});
    const estimator = choice("estimator", ESTIMATORS, (value) => {
      host.setRule({ estimator: /** @type {CreditConfig["estimator"]} */ (value) });
    });
    const baseline = choice("baseline", BASELINES, (value) => {
      host.setRule({ baseline: /** @type {CreditConfig["baseline"]} */ (value) });
    });
    const aria = { role: "switch", "aria-label": "depth weights" };
    const toggle = h("button", { class: "toggle", ...aria, onclick: () => this.flipWeights() });
    const nodes = [
      h("span", { class: "field" }, h("span", { class: "serif" }, "\u03bb"), slider.element, figure),
      h("label", { class: "field" }, "estimator", estimator.element),
      h("label", { class: "field" }, "baseline", baseline.element),
      h("span", { class: "field" }, "depth weights", toggle),
    ];
    return { slider, figure, estimator: estimator.select, baseline: baseline.select, toggle, nodes };
  }

  flipWeights() {
    const { shown } = this.host;
    const recorded = shown?.step.config.depth_weighting ?? "none";
    const on = recorded === "none" ? "inverse_frequency" : recorded;
    this.host.setRule({ depth_weighting: shown?.config.depth_weighting === "none" ? on : "none" });
  }

  update() {
    const { shown } = this.host;
    if (!shown) return;
    this.show(shown, this.form);
    if (this.popped) this.show(shown, this.popped);
    const changed = shown.other !== null;
    this.list.hidden = !changed || !shown.flipped.length;
    this.copy.hidden = this.reset.hidden = !changed;
    if (changed) fill(this.words, this.changeWords(shown));
    else if (this.words.textContent !== recordedWords(shown)) fill(this.words, recordedWords(shown));
  }

  /** The chip of a narrow cell. */
  updateChip() {
    const { shown } = this.host;
    if (!shown) return;
    const { config } = shown;
    const other = shown.other ? " \u2260 recorded" : "";
    const words = ` ${config.lam.toFixed(2)}, ${ESTIMATORS[config.estimator]}`;
    fill(this.chip, h("span", {}, h("span", { class: "serif" }, "\u03bb"), words, other), icon("down", 10));
  }

  /** How many signs the other rule changes. @param {Shown} shown @returns {Child[]} */
  changeWords({ step, flipped }) {
    const { tree } = this.host.place;
    const here = flipped.filter((row) => step.tree[row] === tree).length;
    const of = (/** @type {number} */ some, /** @type {number} */ all) => {
      return h("b", {}, `${count(some)} of ${count(all)}`);
    };
    const whole = step.trees.length > 1 ? [", ", of(flipped.length, step.n), " in the step"] : [];
    const own = of(here, step.sizeOf[tree] ?? 0);
    return ["same rollouts, other credit: ", own, " signs change here", ...whole];
  }

  /** @param {Shown} shown @param {ReturnType<WhatIf["fields"]>} form */
  show({ step, config, other }, form) {
    const off = !step.scored;
    form.estimator.disabled = form.toggle.disabled = off;
    form.baseline.disabled = off || config.estimator === "grpo_mean";
    form.slider.element.setAttribute("aria-disabled", String(off));
    form.slider.show(config.lam, other ? step.config.lam : null);
    form.figure.textContent = config.lam.toFixed(2);
    form.estimator.value = config.estimator;
    form.baseline.value = config.baseline;
    form.toggle.setAttribute("aria-checked", String(config.depth_weighting !== "none"));
  }

  /** The settings, under the chip. */
  openMenu() {
    const { host } = this;
    if (host.menu.isOpen) {
      host.menu.close();
      return;
    }
    const form = this.fields();
    this.popped = form;
    const words = h("div", { class: "label" });
    const show = () => {
      const { shown } = host;
      if (!shown) return;
      this.show(shown, form);
      const signs = `same rollouts, other credit: ${shown.flipped.length} signs change in the step`;
      words.textContent = shown.other ? signs : "as recorded";
    };
    const menu = host.menu.open(this.chip, [
      h("div", { class: "form" }, form.nodes, words, this.resetButton()),
    ]);
    show();
    for (const kind of ["input", "change", "pointermove", "keyup", "click"]) {
      menu.addEventListener(kind, show);
    }
  }

  /** The nodes whose sign changes. */
  openList() {
    const { host } = this;
    const { shown } = host;
    if (!shown) return;
    const { step, recorded, credit, flipped } = shown;
    const figure = (/** @type {number} */ A) =>
      h("span", { class: signClass(A, 0) || "minus" }, signed(A, 3));
    const items = flipped.slice(0, LISTED).map((row) => {
      const tree = step.trees.length > 1 ? `tree ${step.trees[step.tree[row]].rollout + 1} \u00b7 ` : "";
      const onclick = () => {
        host.choose.row(row);
        host.menu.close();
        host.focusNodes();
      };
      return h("button", { onclick },
        h("span", { class: "path" }, `${tree}${step.path(row)}`),
        h("span", { class: "cut" }, host.goal(row, 40)),
        h("span", { class: "value" }, figure(recorded.A[row]), " \u2192 ", figure(credit.A[row])),
      );
    });
    const more = flipped.length - LISTED;
    if (more > 0) items.push(h("button", { disabled: true }, `${count(more)} more`));
    host.menu.open(this.list, items);
  }

  copyRule() {
    const { shown } = this.host;
    if (!shown) return;
    const text = asPython(shown.config);
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

/** @param {Shown} shown */
function recordedWords({ step }) {
  if (step.scored) return "As recorded. Change a value to see the same rollouts under other credit.";
  const probes = step.groups.length > 0 && step.groups.every((group) => group.probe);
  if (probes) return "Probes: recorded like other trees and never trained, so they have no credit.";
  return "Not scored yet: credit comes when all trees of the step have ended.";
}

/** @param {string} name @param {Record<string, string>} options @param {(value: string) => void} chosen */
function choice(name, options, chosen) {
  const items = Object.entries(options).map(([value, words]) => h("option", { value }, words));
  const select = h("select", { "aria-label": name, onchange: () => chosen(select.value) }, items);
  return { select, element: h("span", { class: "select" }, select, icon("down", 10)) };
}

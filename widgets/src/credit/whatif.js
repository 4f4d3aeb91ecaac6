// The what-if bar: the same rollouts under another rule of credit, for the whole step at once. In a narrow
// cell it is a chip that opens a menu.

import { fill, h, refill } from "../shared/dom.js";
import { icon } from "../shared/shapes.js";
import { asPython, estimatorName } from "./arithmetic.js";
import { changeList, changeWords, leftOut } from "./changes.js";
import { setOf } from "../step/forks.js";
import { ruleWord, ruleWords } from "../step/shown.js";
import { sentenceOf } from "../step/states.js";
import { Slider } from "./slider.js";

/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {import("../step/types.js").CreditConfig} CreditConfig */

/** @type {Record<string, string>} */
const ESTIMATORS = {
  rao: "rao",
  rao_root_adv: "root advantage",
  grpo_mean: "grpo mean",
  root_only: "root only",
  tree_relative: "siblings",
};
/** @type {Record<string, string>} */
const BASELINES = {
  leave_one_out: "leave one out",
  group_mean: "group mean",
  moving: "moving mean",
  none: "none",
};

/** Why a step offers no moving mean. */
const NO_MEANS = "these trees come without the means of the steps before";

export class WhatIf {
  /** @param {import("./host.js").CreditHost} host */
  constructor(host) {
    this.host = host;
    this.form = this.fields();
    this.words = h("div", { class: "words", "aria-live": "polite" });
    this.list = h("button", { class: "control", onclick: () => this.openList() }, "List");
    this.copy = h("button", { class: "control", onclick: () => this.copyRule() }, "Copy");
    this.reset = this.resetButton();
    this.tell = h("div", { class: "tell" }, this.words, this.list, this.copy, this.reset);
    this.chip = h("button", { class: "control", onclick: () => this.openMenu() });
    this.element = h("div", { class: "bar whatif", role: "group", "aria-label": "Credit settings" },
      h("strong", {}, "Credit"),
      this.form.nodes,
      this.tell,
    );
    /** Shows the settings under the chip as they are now. */
    this.showPopped = () => {};
    /** @type {HTMLElement | null} the list of changes, while it is open */
    this.listed = null;
  }

  resetButton() {
    return h("button", { class: "control firm", onclick: () => this.host.setRule(null) }, "Reset");
  }

  /** A view whose numbers are those of training does not follow another rule: it says so instead. */
  get bare() {
    return this.host.view === "board";
  }

  /** @param {boolean} whole there are controls in the view @returns {boolean} it is shown */
  stands(whole) {
    const { shown } = this.host;
    return whole || (this.bare && !!(shown?.other ?? shown?.wanted));
  }

  /** One set of controls; the narrow layout shows a second one in a menu. */
  fields() {
    const { host } = this;
    const slider = new Slider((lam) => host.setRule({ lam }));
    const figure = h("output", {});
    const estimator = choice("estimator", ESTIMATORS, (value) => {
      const recorded = host.shown?.step.config.estimator;
      const again = typeof recorded === "object" && recorded.rule === value ? recorded : { rule: value };
      host.setRule({ estimator: value in ESTIMATORS ? /** @type {any} */ (value) : again });
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
    const changed = !!(shown.other ?? shown.wanted);
    const { bare } = this;
    this.element.classList.toggle("bare", bare);
    this.list.hidden = bare || !changed || !shown.flipped.length;
    this.copy.hidden = bare || !changed;
    this.reset.hidden = !changed;
    this.words.title = changed ? leftOut(shown) : "";
    const { place, lacks } = this.host;
    const words = () => {
      return shown.other ? changeWords(shown, place.tree) : recordedWords(shown, lacks, place.tree);
    };
    const pending = shown.pending && `${ruleWords(shown.step)}. ${shown.pending}`;
    const told = this.bare ? elsewhereWords(shown) : pending || words();
    const said = h("span", {}, told);
    // What is the same is not said again to a screen reader.
    if (this.words.textContent !== said.textContent) fill(this.words, said);
    if (this.listed?.isConnected) this.fillList(this.listed, shown);
    else this.listed = null;
  }

  /** The chip of a narrow cell. */
  updateChip() {
    const { shown } = this.host;
    if (!shown) return;
    this.showPopped();
    const config = shown.wanted ?? shown.config;
    const other = config !== shown.step.config;
    const name = estimatorName(config);
    const long = (/** @type {string} */ words) => h("span", { class: "rule" }, words);
    fill(this.chip,
      h("span", {},
        h("span", { class: "serif" }, "\u03bb"),
        ` ${config.lam.toFixed(2)}`,
        long(`, ${ESTIMATORS[name] ?? name}`),
        other ? [" \u2260", long(` ${ruleWord(shown.step)}`)] : null,
      ),
      icon("down", 10),
    );
    this.chip.title = other ? `Credit settings, other than ${ruleWord(shown.step)}` : "Credit settings";
  }

  /** @param {Shown} shown @param {ReturnType<WhatIf["fields"]>} form */
  show(shown, form) {
    const { step } = shown;
    const config = shown.wanted ?? shown.config;
    const { estimator } = config;
    const known = typeof estimator === "string" || this.host.traits.rules.includes(estimator.rule);
    const off = !step.scored || !known;
    form.estimator.disabled = !step.scored;
    form.toggle.disabled = off;
    form.baseline.disabled = off || config.estimator === "grpo_mean";
    form.slider.element.setAttribute("aria-disabled", String(off));
    this.offer(form, step.config, step.moving !== null, config.estimator === "tree_relative");
    form.slider.show(config.lam, config === step.config ? null : step.config.lam);
    form.figure.textContent = config.lam.toFixed(2);
    form.estimator.value = estimatorName(config);
    form.baseline.value = config.baseline;
    form.toggle.setAttribute("aria-checked", String(config.depth_weighting !== "none"));
  }

  /**
   * The choices that there are for this step.
   * @param {ReturnType<WhatIf["fields"]>} form @param {CreditConfig} recorded
   * @param {boolean} means the step has moving means @param {boolean} siblings
   */
  offer(form, recorded, means, siblings) {
    const names = new Set(this.host.traits.rules);
    if (typeof recorded.estimator !== "string") names.add(recorded.estimator.rule);
    const have = [...form.estimator.options].map(({ value }) => value);
    for (const value of names) {
      if (!have.includes(value)) form.estimator.append(h("option", { value }, value));
    }
    for (const option of [...form.estimator.options]) {
      if (!(option.value in ESTIMATORS) && !names.has(option.value)) option.remove();
    }
    for (const option of form.baseline.options) {
      const without = option.value === "moving" && !means;
      option.disabled = without || (siblings && (option.value === "moving" || option.value === "none"));
      option.title = without ? NO_MEANS : "";
    }
  }

  /** The settings, under the chip. */
  openMenu() {
    const { host } = this;
    if (host.menu.isOpen) {
      host.menu.close();
      return;
    }
    const form = this.fields();
    const words = h("div", { class: "label" });
    const list = h("button", { class: "control", onclick: () => this.openList(this.chip) }, "List");
    this.showPopped = () => {
      const { shown } = host;
      if (!shown || !words.isConnected) return;
      this.show(shown, form);
      const same = shown.pending || ruleWords(shown.step);
      const told = shown.other ? changeWords(shown, host.place.tree) : [same];
      fill(words, told);
      list.hidden = !shown.flipped.length;
    };
    const acts = h("div", { class: "acts" }, list, this.resetButton());
    host.menu.open(this.chip, [h("div", { class: "form" }, form.nodes, words, acts)], "settings");
    this.showPopped();
  }

  /** The nodes whose sign changes. The list follows the rule. @param {HTMLElement} [anchor] */
  openList(anchor = this.list) {
    const { host } = this;
    const { shown } = host;
    if (!shown) return;
    this.listed = host.menu.open(anchor, this.listItems(shown), "changes");
  }

  /** @param {Shown} shown */
  listItems(shown) {
    const { host } = this;
    const open = (/** @type {number} */ row) => {
      host.choose.row(row);
      host.menu.close();
      host.focusNodes();
    };
    return changeList(shown, (row, limit) => host.goal(row, limit), open);
  }

  /** @param {HTMLElement} menu @param {Shown} shown */
  fillList(menu, shown) {
    const { scrollTop } = menu;
    refill(menu, () => menu.querySelector("button"), this.listItems(shown));
    menu.scrollTop = scrollTop;
    if (!shown.flipped.length) this.host.menu.close();
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

/** @param {Shown} shown @param {string} lacks @param {number} tree */
function recordedWords({ step }, lacks, tree) {
  if (setOf(step, tree)) return sentenceOf("credit_fork");
  if (step.scored) return `${ruleWords(step)}. Change a value to see the same rollouts under other credit.`;
  return lacks || sentenceOf("credit_none", { step: step.step });
}

/** On the board, whose figures are those of training. @param {Shown} shown */
function elsewhereWords(shown) {
  const config = shown.wanted ?? shown.config;
  const name = estimatorName(config);
  const rule = `\u03bb ${config.lam.toFixed(2)}, ${ESTIMATORS[name] ?? name}`;
  return `The board is as recorded. Views of trees show other credit: ${rule}`;
}

/** @param {string} name @param {Record<string, string>} options @param {(value: string) => void} chosen */
function choice(name, options, chosen) {
  const items = Object.entries(options).map(([value, words]) => h("option", { value }, words));
  const select = h("select", { "aria-label": name, onchange: () => chosen(select.value) }, items);
  return { select, element: h("span", { class: "select" }, select, icon("down", 10)) };
}

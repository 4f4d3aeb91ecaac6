// The credit page: a node's numbers as a waterfall, where each comes from, and the arithmetic.

import { fill, h, refill } from "../shared/dom.js";
import { chosenTab, tabList, whoLines } from "../inspector/who.js";
import { isLive } from "../step/status.js";
import { formulas } from "./formulas.js";
import { childBox, depthBox, rootBox } from "./origins.js";
import { shareBox, treeBox } from "./share.js";
import { waterfall } from "./waterfall.js";
import { sentence, sources, wholeWords } from "./words.js";

/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {import("./words.js").Sources} Sources */

/** px from which the share stands beside the waterfall, and from which sources stand side by side. */
const BESIDE = 820;
const HALVES = 440;

export class CreditPage {
  /** @param {import("./host.js").CreditHost} host */
  constructor(host) {
    this.host = host;
    this.who = h("div", { class: "who" });
    this.tabs = h("div", {});
    this.pane = h("div", { class: "pane", tabindex: 0, role: "tabpanel", "aria-label": "Credit" });
    this.element = h("div", { class: "credit" }, this.who, this.tabs, this.pane);
  }

  update() {
    const { host, pane } = this;
    const { shown } = host;
    const { row } = host.place;
    if (!shown || row < 0) return;
    fill(this.who, whoLines(host, shown, true).line);
    refill(this.tabs, () => chosenTab(this.tabs), tabList(host));
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    const kept = pane.contains(focused) ? focused?.dataset.at : undefined;
    const scroll = pane.scrollTop;
    fill(pane, this.parts(shown, row));
    pane.scrollTop = scroll;
    if (kept) /** @type {HTMLElement | null} */ (pane.querySelector(`[data-at="${kept}"]`))?.focus();
  }

  /** @param {Shown} shown @param {number} row */
  parts(shown, row) {
    const from = sources(shown, row);
    const { paddingLeft, paddingRight } = getComputedStyle(this.pane);
    const free = this.element.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
    const width = Math.max(240, free);
    const beside = width >= BESIDE;
    const main = beside ? Math.round((width * 796) / 1000) : width;
    const gap = Math.round(width * 0.034);
    const style = `margin-left:${gap}px;flex:1 1 0;min-width:0`;
    const share = beside ? h("div", { style }, shareBox(shown, row, width - main - gap)) : null;
    const picture = h("div", { style: "display:flex" }, waterfall(shown, row, from, main), share);
    return [
      sentencePart(shown, row, from),
      alonePart(shown),
      picture,
      this.origins(shown, row, from, width),
      formulaPart(shown, row, from),
    ];
  }

  /**
   * Where the numbers come from, box by box.
   * @param {Shown} shown @param {number} row @param {Sources} from @param {number} width
   */
  origins(shown, row, from, width) {
    const { host } = this;
    const beside = width >= BESIDE;
    const goal = (/** @type {number} */ one, /** @type {number} */ limit) => host.goal(one, limit);
    const openRow = (/** @type {number} */ one) => host.choose.row(one);
    const openTree = (/** @type {number} */ tree) => host.choose.tree(tree);
    const half = width < HALVES ? width : width / 2 - 14;
    const few = width < HALVES ? "minmax(0, 1fr)" : "1fr 1fr";
    const columns = beside
      ? `grid-template-columns:33.4% 22.6% 15.8% 17%;column-gap:${(width * 0.112) / 3}px`
      : `grid-template-columns:${few};column-gap:28px;row-gap:16px`;
    return h("div", { class: "from", style: columns },
      childBox(shown, row, from, goal, openRow),
      rootBox(shown, row, from, beside ? width * 0.226 : half, host.palette.dark, openTree, openRow),
      depthBox(shown, row, from),
      beside ? treeBox(shown, row, goal, openRow) : h("div", {}, shareBox(shown, row, half)),
    );
  }
}

/** @param {Shown} shown @param {number} row @param {Sources} from */
function sentencePart(shown, row, from) {
  const runs = sentence(shown, row, from).map(({ text, role }) =>
    role ? h("b", { class: role }, text) : text,
  );
  const what = shown.other ? h("span", { class: "label" }, "same rollouts, other credit: ") : null;
  return h("p", { class: "sentence" }, what, runs);
}

/** That the numbers of a whole step are others, if these trees may be a part of one. @param {Shown} shown */
function alonePart({ step, credit }) {
  if (!step.alone || credit.w.every(Number.isNaN)) return null;
  const whole = "If a run holds more of its step, rl.Explorer(run) shows those of the whole step.";
  return h("p", { class: "label alone" }, `w, wA and share count ${wholeWords(step)} alone. ${whole}`);
}

/** The arithmetic of a node that is scored. @param {Shown} shown @param {number} row @param {Sources} from */
function formulaPart(shown, row, from) {
  const { step } = shown;
  if (isLive(step.status[row]) || Number.isNaN(step.s[row])) return null;
  const lines = formulas(shown, row, from).map(({ left, right, number }) => [
    h("div", { class: "left" }, symbols(left)),
    h("div", { class: "right" }, right.map(runOf)),
    h("div", { class: "number" }, number),
  ]);
  return h("div", { class: "formulas" }, lines.flat());
}

/** @param {import("./formulas.js").FormulaRun} run */
function runOf(run) {
  if ("over" in run) return h("span", { class: "frac" }, h("span", {}, run.over), h("span", {}, run.under));
  return run.role ? h("b", { class: run.role }, run.text) : h("span", {}, run.text);
}

/** Words inside a formula stand upright. @param {string} text */
function symbols(text) {
  const parts = text.split(/\b(mean|min|sum|cap|children|root)\b/);
  return parts.map((part, i) => (i % 2 ? h("span", { class: "up" }, part) : part));
}

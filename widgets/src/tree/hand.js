// The hand on the tree: click, drag, wheel, and the card of values that a resting pointer shows.

import { outcomeWords } from "../step/summary.js";
import { statusWords } from "../step/status.js";
import { level } from "./layout.js";
import { brief, count, duration, plain, signed } from "../shared/format.js";
import { fill, h } from "../shared/dom.js";
import { oneLine, visible } from "../shared/text.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("./tree.js").TreeView} TreeView */

/** A second click within this time, in ms, belongs to the first. */
const DOUBLE = 600;

export class TreeHand {
  /** @param {App} app @param {TreeView} view */
  constructor(app, view) {
    this.app = app;
    this.view = view;
    this.tip = h("div", { class: "tip", hidden: true });
    this.hovered = -1;
    this.openedAt = -DOUBLE;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.hover = undefined;
    this.listen();
  }

  close() {
    clearTimeout(this.hover);
  }

  /** @param {number} x @param {number} y px in the stage @returns {number} row, or -1 */
  hitTest(x, y) {
    const { layout } = this.view;
    if (!layout) return -1;
    const size = this.view.cards.size(this.view.pitch);
    const far = level(this.view.pitch) === "far";
    const reach = far ? 5 : 0;
    for (let i = layout.rows.length - 1; i >= 0; i -= 1) {
      const [left, middle] = this.view.at(layout.rows[i]);
      if (x >= left - reach && x <= left + size.width + reach && Math.abs(y - middle) <= size.height / 2 + (far ? 1 : 0)) return layout.rows[i];
    }
    return -1;
  }

  listen() {
    const { canvas } = this.view.surface;
    const { app } = this;
    /** @type {{x: number, y: number, ox: number, oy: number, moved: boolean} | null} */
    let grab = null;
    const local = (/** @type {MouseEvent} */ event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.hideTip();
      canvas.setPointerCapture(event.pointerId);
      grab = { x: event.clientX, y: event.clientY, ox: this.view.ox, oy: this.view.oy, moved: false };
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!grab) {
        const [x, y] = local(event);
        this.onHover(x, y);
        return;
      }
      const dx = event.clientX - grab.x;
      const dy = event.clientY - grab.y;
      if (!grab.moved && Math.hypot(dx, dy) < 4) return;
      grab.moved = true;
      this.view.manual = true;
      canvas.style.cursor = "grabbing";
      this.view.ox = grab.ox + dx;
      this.view.oy = grab.oy + dy;
      this.view.draw();
    });
    canvas.addEventListener("pointerup", (event) => {
      canvas.style.cursor = "";
      const was = grab;
      grab = null;
      if (!was || was.moved) return;
      const [x, y] = local(event);
      const fold = this.view.folds.find((word) => x >= word.x && x <= word.x + word.width && Math.abs(y - word.y) <= 8);
      const row = fold ? -1 : this.hitTest(x, y);
      if (fold) {
        app.choose.pile(fold.first);
        app.fold.pile(fold.first, false);
      } else if (row >= 0 && this.view.layout?.piles.has(row)) {
        this.openedAt = performance.now();
        app.choose.pile(row);
        app.fold.pile(row, true);
      } else if (row >= 0) {
        if (this.view.layout?.folded.has(row) && this.view.cards.onChip(this.view.pitch, row, x - this.view.at(row)[0])) app.fold.node(row);
        else app.choose.row(row);
      }
      app.outline.focus();
    });
    canvas.addEventListener("dblclick", (event) => {
      if (performance.now() - this.openedAt < DOUBLE) return; // its first click opened a pile
      const [x, y] = local(event);
      const row = this.hitTest(x, y);
      if (row >= 0) app.fold.focus(row);
      else app.fold.focus(-1);
    });
    canvas.addEventListener("pointerleave", () => this.hideTip());
    canvas.addEventListener(
      "wheel",
      (event) => {
        const [x, y] = local(event);
        if (event.ctrlKey || event.metaKey) this.view.zoomBy(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0022)), x, y);
        else if (app.traits.saved) {
          this.view.manual = true;
          this.view.ox -= event.deltaX;
          this.view.oy -= event.deltaY;
          this.view.draw();
        } else return; // a plain wheel scrolls the notebook
        event.preventDefault();
      },
      { passive: false },
    );
  }

  /** @param {number} x @param {number} y */
  onHover(x, y) {
    const row = this.hitTest(x, y);
    const fold = this.view.folds.some((word) => x >= word.x && x <= word.x + word.width && Math.abs(y - word.y) <= 8);
    this.view.surface.canvas.style.cursor = fold || row >= 0 ? "pointer" : "";
    if (row === this.hovered) return;
    this.hideTip();
    this.hovered = row;
    if (row >= 0) this.hover = setTimeout(() => this.showTip(row), 150);
  }

  hideTip() {
    clearTimeout(this.hover);
    this.hovered = -1;
    this.tip.hidden = true;
  }

  /** @param {number} row */
  showTip(row) {
    const { app, tip } = this;
    const step = app.step;
    const credit = app.rule.credit;
    if (!step || !credit || !this.view.layout?.y.has(row)) return;
    const pile = this.view.layout.piles.get(row);
    if (pile) {
      fill(tip, pileTip(app, pile));
      this.putTip(row);
      return;
    }
    const number = (/** @type {number} */ value, digits = 3) => (Number.isNaN(value) ? "not scored" : plain(value, digits));
    const took = step.ended[row] - step.started[row];
    const pairs = [
      ["s", Number.isNaN(step.s[row]) ? "not scored" : brief(step.s[row])],
      ["R", number(credit.R[row])],
      ["A", Number.isNaN(credit.A[row]) ? "not scored" : signed(credit.A[row], 3)],
      ["wA", Number.isNaN(credit.c[row]) ? "not scored" : signed(credit.c[row], 3)],
      ["turns", String(step.turns[row])],
      step.wrote[row] || step.read[row] ? ["tokens", count(step.read[row] + step.wrote[row])] : null,
      Number.isNaN(took) ? null : ["time", duration(took)],
    ].filter((pair) => pair !== null);
    fill(
      tip,
      h("div", { class: "goal" }, oneLine(app.shortGoal(step.goalText(row)), 160)),
      h("div", { class: "label" }, `${step.path(row)} \u00b7 ${statusWords(step.status[row], step.s[row])}`, app.rule.other ? " \u00b7 same rollouts, other credit" : ""),
      h("dl", {}, pairs.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]).flat()),
      step.reasonText(row) ? h("div", { class: "label" }, visible(step.reasonText(row))) : null,
    );
    this.putTip(row);
  }

  /** @param {number} row */
  putTip(row) {
    const { tip } = this;
    tip.hidden = false;
    const [x, y] = this.view.at(row);
    const size = this.view.cards.size(this.view.pitch);
    const below = y + size.height / 2 + 8 + tip.offsetHeight < this.view.height;
    tip.style.left = `${Math.max(4, Math.min(x, this.view.width - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.max(4, below ? y + size.height / 2 + 6 : y - size.height / 2 - 6 - tip.offsetHeight)}px`;
  }
}

/** @param {App} app @param {import("../step/piles.js").Pile} pile */
function pileTip(app, pile) {
  const step = /** @type {import("../step/store.js").Step} */ (app.step);
  const { summary, goal } = app.summary(pile);
  const value = app.rule.byReturn ? plain : signed;
  const pairs = summary.known
    ? [
        ["mean", value(summary.mean, 3)],
        ["from", value(summary.low, 3)],
        ["to", value(summary.high, 3)],
      ]
    : [];
  return [
    h("div", { class: "goal" }, `${count(pile.rows.length)} \u00d7 ${goal}`),
    h("div", { class: "label" }, `alike siblings under ${step.path(step.parent[pile.first])}: ${outcomeWords(summary)}`),
    h("dl", {}, pairs.map(([name, words]) => [h("dt", {}, name), h("dd", {}, words)]).flat()),
  ];
}

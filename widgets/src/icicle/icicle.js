// The icicle: the whole step, one task of it, one tree of that. Each node is as wide as what is below it.

import { canvasFor } from "../shared/canvas.js";
import { h } from "../shared/dom.js";
import { count, percent, signed } from "../shared/format.js";
import { icon } from "../shared/shapes.js";
import { treeName } from "../step/forks.js";
import { sentenceOf } from "../step/states.js";
import { noValueWords } from "../step/status.js";
import { layBands, rowAt } from "./bands.js";
import { paintBands } from "./paint.js";

/** @typedef {import("../step/shown.js").Shown} Shown */

/** What makes a node wide. */
const WIDTHS = { share: "gradient share", nodes: "nodes", tokens: "tokens" };

export class IcicleView {
  /**
   * @param {import("./host.js").IcicleHost} host
   * @param {{element: HTMLElement, update: () => void}} siblings of the choice, in sum
   */
  constructor(host, siblings) {
    this.host = host;
    this.siblings = siblings;
    /** @type {keyof typeof WIDTHS} chosen */
    this.wish = "share";
    /** @type {keyof typeof WIDTHS} the chosen one, if the tree in front has figures for it */
    this.by = "share";
    this.surface = canvasFor(10, 10);
    const { canvas } = this.surface;
    canvas.setAttribute("aria-hidden", "true");
    this.title = h("b", {});
    const options = Object.entries(WIDTHS).map(([value, words]) => h("option", { value }, words));
    this.select = h("select", { "aria-label": "width", onchange: () => this.choose() }, options);
    this.note = h("div", { class: "label", style: "padding:4px 16px 10px;flex:none" });
    this.byA = keyOfAdvantage();
    this.byR = keyOfReturn();
    this.tip = h("div", { class: "tip", hidden: true });
    const select = h("span", { class: "select" }, this.select, icon("down", 10));
    const head = h(
      "div",
      { class: "bar", style: "border:0;height:38px;padding:0 16px;overflow:hidden;white-space:nowrap" },
      this.title,
      h("label", { class: "field" }, h("span", { class: "label" }, "width"), select),
      h("span", { class: "legend", style: "padding:0;height:auto" }, this.byA, this.byR),
    );
    this.stage = h("div", { class: "stage" }, canvas, siblings.element, this.tip);
    this.element = h("div", { class: "centre" }, head, this.stage, this.note);
    /** @type {import("./bands.js").Band[]} */
    this.bands = [];
    new ResizeObserver(() => this.update()).observe(this.stage);
    canvas.addEventListener("click", (event) => this.onClick(event));
    canvas.addEventListener("dblclick", () => host.setView("tree"));
    canvas.addEventListener("pointermove", (event) => this.onMove(event));
    canvas.addEventListener("pointerleave", () => (this.tip.hidden = true));
  }

  choose() {
    this.wish = /** @type {keyof typeof WIDTHS} */ (this.select.value);
    this.update();
  }

  /** @param {Shown} shown @param {number} row @returns {number} what makes it wide, at least 0 */
  weight({ step, credit }, row) {
    if (this.by === "nodes") return 1;
    if (this.by === "tokens") return step.wrote[row] + step.read[row];
    return credit.share[row] || 0;
  }

  update() {
    const { shown, place, palette } = this.host;
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (!shown || !width || !height) return;
    const { step } = shown;
    this.showWidths(shown, place.tree);
    this.title.textContent = step.trees.length > 1 ? `Step ${step.step}` : "This tree";
    this.byA.hidden = shown.byReturn;
    this.byR.hidden = !shown.byReturn;
    const room = { width, height, unit: palette.unit };
    const { bands, siblings } = layBands(shown, place.tree, (row) => this.weight(shown, row), room);
    this.bands = bands;
    this.siblings.element.hidden = !siblings.shown;
    this.siblings.element.classList.toggle("under", siblings.under);
    this.siblings.element.style.top = siblings.top ? `${siblings.top}px` : "0";
    this.siblings.element.style.width = `${siblings.width}px`;
    this.siblings.update();
    const merged = bands.reduce((sum, band) => sum + band.found.merged, 0);
    const narrow = `${count(merged)} cells are under 2 px wide: each pixel column shows their mean`;
    const nodes = merged ? narrow : `${count(step.n)} ${step.n === 1 ? "node" : "nodes"}`;
    const still = this.wish === "share" && this.by !== "share" && step.scored && !shown.byReturn;
    this.note.textContent = still ? `${sentenceOf("share_none")} ${nodes}` : nodes;
    this.paint(shown, width, height);
  }

  /** Which widths the tree has figures for. @param {Shown} shown @param {number} tree */
  showWidths({ step, credit }, tree) {
    const rows = step.walk(tree);
    const any = (/** @type {ArrayLike<number>} */ column) => rows.some((row) => column[row] > 0);
    const allowed = { share: any(credit.share), nodes: true, tokens: any(step.wrote) };
    for (const option of this.select.options) {
      option.disabled = !allowed[/** @type {keyof typeof WIDTHS} */ (option.value)];
    }
    this.by = allowed[this.wish] ? this.wish : "nodes";
    this.select.value = this.by;
  }

  /** @param {Shown} shown @param {number} width @param {number} height */
  paint(shown, width, height) {
    const { palette: p, place } = this.host;
    const context = this.surface.size(width, height);
    context.fillStyle = p.page;
    context.fillRect(0, 0, width, height);
    const node = place.row < 0 ? [] : [place.row];
    const chosen = place.piles.all.get(place.pile)?.rows ?? node;
    const goal = (/** @type {number} */ row, /** @type {number} */ limit) => this.host.goal(row, limit);
    paintBands({ context, p, shown, tree: place.tree, chosen, goal }, this.bands);
  }

  /** @param {MouseEvent} event */
  hitTest(event) {
    const { shown } = this.host;
    const box = this.surface.canvas.getBoundingClientRect();
    return shown ? rowAt(shown.step, this.bands, event.clientX - box.left, event.clientY - box.top) : null;
  }

  /** @param {MouseEvent} event */
  onClick(event) {
    const { choose, shown } = this.host;
    const hit = this.hitTest(event);
    if (!hit) return;
    if (hit.band.name === "tree") choose.row(hit.row);
    else choose.key(`t${shown?.step.tree[hit.row] ?? 0}`);
    this.host.focusNodes();
  }

  /** @param {MouseEvent} event */
  onMove(event) {
    const { tip } = this;
    const { shown } = this.host;
    const hit = this.hitTest(event);
    tip.hidden = !hit;
    this.surface.canvas.style.cursor = hit ? "pointer" : "";
    if (!hit || !shown) return;
    const { step, credit } = shown;
    const A = credit.A[hit.row];
    const share = credit.share[hit.row];
    const part = Number.isNaN(share) ? "" : `, ${percent(share, 2)} of the update`;
    const tree = treeName(step, step.tree[hit.row]);
    tip.replaceChildren(
      h("div", { class: "goal" }, this.host.goal(hit.row, 120)),
      h("div", { class: "label" }, `${tree} \u00b7 ${step.path(hit.row)}`),
      h("div", {}, Number.isNaN(A) ? noValueWords(step, hit.row) : `A ${signed(A)}${part}`),
    );
    const box = this.stage.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    tip.style.left = `${Math.max(4, Math.min(x + 12, box.width - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.max(4, Math.min(y + 14, box.height - tip.offsetHeight - 4))}px`;
  }
}

function keyOfAdvantage() {
  return h("span", { class: "key" },
    "colour",
    h("span", { class: "serif" }, "A"),
    h("span", { class: "minus" }, "\u22121"),
    h("span", { class: "ramp", style: "width:72px" }),
    h("span", { class: "plus" }, "+1"),
  );
}

function keyOfReturn() {
  const tones = "linear-gradient(90deg,var(--seq0),var(--seq2),var(--seq5))";
  const ramp = h("span", { style: `width:72px;height:7px;background:${tones}` });
  return h("span", { class: "key" }, "colour", h("span", { class: "serif" }, "R"), "0", ramp, "1 + \u03bb");
}

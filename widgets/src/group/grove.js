// The trees of one group on the axis of reward: a canvas, and a list for keyboards and screen readers.

import { canvasFor } from "../shared/canvas.js";
import { fill, h } from "../shared/dom.js";
import { many, plain, signed } from "../shared/format.js";
import { treeName } from "../step/forks.js";
import { statusWords } from "../step/status.js";
import { divisor, sharedBaseline, treeFacts } from "./facts.js";
import { paintGroup } from "./paint.js";
import { hang, planOf, roomFor } from "./plan.js";
import { barWords, baselineName } from "./words.js";

/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {import("./facts.js").GroupFact} GroupFact */
/** @typedef {import("./facts.js").TreeFact} TreeFact */

/** px by which the pointer may miss a node; ms of rest before values are shown. */
const NEAR = 8;
const REST = 150;
/** px of a line of the note. */
const LINE = 15;
let made = 0;

export class Grove {
  /** @param {import("./host.js").GroupHost} host */
  constructor(host) {
    this.host = host;
    this.id = `raot${(made += 1)}`;
    this.surface = canvasFor(10, 10);
    const { canvas } = this.surface;
    canvas.setAttribute("aria-hidden", "true");
    this.options = h("div", { class: "hush", role: "presentation" });
    this.tip = h("div", { class: "tip", hidden: true });
    const aria = { role: "listbox", tabindex: 0, "aria-label": "Trees", "aria-orientation": "horizontal" };
    this.stage = h("div", { class: "trees", ...aria }, canvas, this.options);
    this.element = h("div", { class: "grove" }, this.stage, this.tip);
    /** @type {TreeFact[]} */
    this.trees = [];
    /** @type {import("./ground.js").Picture | null} */
    this.picture = null;
    /** What tick and bar mean, if there is no room for it in the picture. */
    this.caption = "";
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.hover = undefined;
    canvas.addEventListener("click", (event) => this.onClick(event));
    canvas.addEventListener("pointermove", (event) => this.onMove(event));
    canvas.addEventListener("pointerleave", () => this.hide());
    this.stage.addEventListener("focus", () => this.paint());
    this.stage.addEventListener("blur", () => this.paint());
  }

  /** @param {Shown} shown @param {GroupFact} fact @param {{low: number, high: number}} axis */
  update(shown, fact, axis) {
    const { clientWidth: width, clientHeight: height } = this.element;
    this.trees = treeFacts(shown, fact);
    this.showOptions(shown, fact);
    if (!width || !height) return;
    const { palette: p } = this.host;
    const u = p.unit;
    const { trees } = this;
    const bs = trees.flatMap(({ at, b, was }) => [at, b, was?.at ?? NaN, was?.b ?? NaN]);
    const known = bs.filter((b) => !Number.isNaN(b));
    const most = fact.by === "R" ? axis.high : 1;
    const range = { low: Math.min(axis.low, ...known), high: Math.max(most, ...known) };
    const plan = planOf({ trees, ...range }, { width, height, unit: u });
    const hung = trees.map((tree, column) => {
      const y = Number.isNaN(tree.at) ? (plan.lane ?? plan.bottom) : plan.y(tree.at);
      return hang(shown.step, tree, plan, plan.x(column), y, u);
    });
    const shared = sharedBaseline(trees, shown.config);
    this.picture = {
      ...{ context: this.surface.context, p, shown, plan, u, trees, hung, axis: range, by: fact.by, shared },
      ...{ name: baselineName(shown.config, fact), note: null },
      called: (tree) => treeName(shown.step, tree),
    };
    this.caption = "";
    if (trees.some(({ b }) => !Number.isNaN(b))) this.explain(shown, fact, this.picture);
    else if (trees.some(({ A }) => !Number.isNaN(A))) this.caption = "this rule names no baseline";
    const { chosen } = this;
    const own = chosen >= 0 && plan.room === "bare" ? `${treeWords(shown, fact, trees[chosen])}. ` : "";
    this.caption = own + this.caption;
    this.paint();
  }

  /**
   * What tick and bar mean: beside one of them if there is room.
   * @param {Shown} shown @param {GroupFact} fact @param {import("./ground.js").Picture} picture
   */
  explain(shown, fact, picture) {
    const { plan, u, trees, hung, shared, context, p } = picture;
    const words = barWords(shown.config, fact, !Number.isNaN(shared), divisor(trees));
    context.font = `${(11 * u).toFixed(2)}px ${p.family}`;
    const lines = wrap(context, words, plan.pitch - 26 * u);
    const columns = trees.map(({ b, at }, column) => {
      const tick = Number.isNaN(at) || Number.isNaN(b) ? NaN : plan.y(b);
      return { x: plan.x(column), tick, hung: hung[column] };
    });
    const place = Number.isNaN(shared) ? roomFor(columns, plan, lines.length * LINE * u, u) : null;
    if (place) picture.note = { lines, ...place };
    else this.caption = words;
  }

  /** The column of the chosen tree. */
  get chosen() {
    return this.trees.findIndex(({ tree }) => tree === this.host.place.tree);
  }

  paint() {
    const { picture, stage } = this;
    if (!picture) return;
    const { plan } = picture;
    this.surface.size(plan.width, plan.height);
    stage.style.width = `${plan.width}px`;
    const keys = document.activeElement === stage && stage.matches(":focus-visible");
    paintGroup(picture, this.chosen, keys);
    this.reveal();
  }

  /** Scrolls so that the chosen tree can be seen, if there are more than fit. */
  reveal() {
    const { element, picture, chosen } = this;
    if (!picture || chosen < 0 || picture.plan.width <= element.clientWidth) return;
    const { x, pitch, left } = picture.plan;
    const at = x(chosen);
    if (at - pitch - left < element.scrollLeft) element.scrollLeft = at - pitch - left;
    else if (at + pitch > element.scrollLeft + element.clientWidth) {
      element.scrollLeft = at + pitch - element.clientWidth;
    }
  }

  /** The trees for those who cannot see them. @param {Shown} shown @param {GroupFact} fact */
  showOptions(shown, fact) {
    const { options, trees, stage, host } = this;
    fill(
      options,
      trees.map((tree, at) => {
        const aria = {
          ...{ role: "option", "aria-selected": tree.tree === host.place.tree },
          ...{ "aria-setsize": trees.length, "aria-posinset": at + 1 },
        };
        return h("div", { id: `${this.id}-${tree.tree}`, ...aria }, treeWords(shown, fact, tree));
      }),
    );
    if (this.chosen < 0) stage.removeAttribute("aria-activedescendant");
    else stage.setAttribute("aria-activedescendant", `${this.id}-${host.place.tree}`);
  }

  // -- under the pointer --------------------------------------------------------------------------

  /** @param {MouseEvent} event @returns {{column: number, row: number}} -1: none */
  at(event) {
    const { picture } = this;
    const box = this.surface.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    if (!picture) return { column: -1, row: -1 };
    const { plan, hung, trees, u } = picture;
    const column = Math.floor((x - plan.left) / plan.pitch);
    if (!trees[column]) return { column: -1, row: -1 };
    const nodes = hung[column].nodes.map((node) => ({ ...node, off: Math.hypot(node.x - x, node.y - y) }));
    const near = nodes.sort((a, b) => a.off - b.off)[0];
    return { column, row: near && near.off < NEAR * u ? near.row : -1 };
  }

  /** @param {MouseEvent} event */
  onClick(event) {
    const { column, row } = this.at(event);
    const tree = this.trees[column];
    if (tree && tree.root >= 0) this.open(tree.tree, row);
  }

  /** Opens a tree, or a node of it, in the Tree view. @param {number} tree @param {number} [row] */
  open(tree, row = -1) {
    const { host } = this;
    this.hide();
    if (row >= 0) host.choose.row(row);
    else host.choose.tree(tree);
    host.setView("tree");
    host.focusNodes();
  }

  /** @param {MouseEvent} event */
  onMove(event) {
    const { column, row } = this.at(event);
    const tree = this.trees[column];
    this.hide();
    this.surface.canvas.style.cursor = tree && tree.root >= 0 ? "pointer" : "";
    if (!tree || tree.root < 0) return;
    const box = this.element.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    this.hover = setTimeout(() => this.show(row >= 0 ? row : tree.root, x, y), REST);
  }

  hide() {
    clearTimeout(this.hover);
    this.tip.hidden = true;
  }

  /** @param {number} row @param {number} x @param {number} y px in the box */
  show(row, x, y) {
    const { host, tip, element } = this;
    const { shown } = host;
    if (!shown || row >= shown.step.n) return;
    fill(tip, tipParts(shown, row, host.goal(row, 120)));
    tip.hidden = false;
    const left = Math.max(4, Math.min(x + 14, element.clientWidth - tip.offsetWidth - 8));
    tip.style.left = `${left + element.scrollLeft}px`;
    tip.style.top = `${Math.max(4, Math.min(y + 14, element.clientHeight - tip.offsetHeight - 4))}px`;
  }
}

/** @param {Shown} shown @param {number} row @param {string} goal */
function tipParts({ step, credit, other }, row, goal) {
  const [s, R, b, A, c] = [step.s[row], credit.R[row], credit.b[row], credit.A[row], credit.c[row]];
  const known = (/** @type {number} */ value, /** @type {string} */ words) =>
    Number.isNaN(value) ? "not scored" : words;
  const pairs = [
    ["s", known(s, plain(s))],
    ["R", known(R, plain(R, 3))],
    ["b", Number.isNaN(b) ? "none" : plain(b, 3)],
    ["A", Number.isNaN(A) ? "none" : signed(A, 3)],
    ["wA", Number.isNaN(c) ? "none" : signed(c, 3)],
  ];
  const tree = treeName(step, step.tree[row]);
  const state = `${tree} \u00b7 ${step.path(row)} \u00b7 ${statusWords(step.status[row], s)}`;
  return [
    h("div", { class: "goal" }, goal),
    h("div", { class: "label" }, state, other ? " \u00b7 same rollouts, other credit" : ""),
    h("dl", {}, pairs.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]).flat()),
    h("div", { class: "label" }, "click: opens it in Tree"),
  ];
}

/** A tree in words. @param {Shown} shown @param {GroupFact} fact @param {TreeFact} tree */
function treeWords({ step }, { by }, { tree, root, at, b, A, size, depth, live }) {
  const value = Number.isNaN(at) ? (live ? "at work" : "not scored") : `${by} ${plain(at)}`;
  const against = Number.isNaN(b) ? "" : `, compared with ${plain(b)}`;
  const advantage = Number.isNaN(A) ? "" : `, advantage ${signed(A)}`;
  const nodes = root < 0 ? "not begun" : `${many(size, "node")}, depth ${depth}`;
  return `${treeName(step, tree)}: ${value}${against}${advantage}; ${nodes}`;
}

/** @param {CanvasRenderingContext2D} context @param {string} text @param {number} width px */
function wrap(context, text, width) {
  /** @type {string[]} */
  const lines = [];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1];
    const longer = last === undefined ? word : `${last} ${word}`;
    if (last !== undefined && context.measureText(longer).width <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

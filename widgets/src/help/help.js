// The card behind "?": what shapes, symbols and keys mean, in one place.

import { h, s } from "../shared/dom.js";
import { MARKS, badgeIcon, icon, markIcon } from "../shared/shapes.js";

/** @typedef {import("../shared/shapes.js").Shape} Shape */
/** @typedef {import("../shared/dom.js").Child} Child */

/** @type {Record<Shape, string>} */
const STATUS = {
  succeeded: "success 1",
  partly: "success between 0 and 1",
  failed: "success 0",
  limit: "stopped by a limit: turns, context, tree or time",
  error: "a worker, a server or a judge was lost: not scored",
  cancelled: "its parent's turn ended first",
  running: "it writes now",
  waiting: "for its children",
  unscored: "nobody scored it: it is not trained",
};

/** @type {[string, string][]} */
const SYMBOLS = [
  ["s", "success of an agent, from 0 to 1"],
  ["\u03bb", "how much the success of its children is worth to an agent"],
  ["R", "reward: s + \u03bb \u00d7 the mean s of its children"],
  ["b", "baseline: the mean R of the roots of the task\u2019s other trees, or what the rule compares with"],
  ["A", "advantage, R \u2212 b: + is made more likely, \u2212 less likely"],
  ["w", "weight of its depth: each depth gets the same sum"],
  ["wA", "what its log-probs are multiplied by"],
  ["share", "its part of the update that these trees make"],
];

/** Figures of a step, as the board names them. @type {[string, string][]} */
const FIGURES = [
  ["together", "share of launched agents that ran beside a sibling"],
  ["entropy", "how open the model was at a token, in nats; near 0 it always writes the same"],
  ["unscored", "agents that nobody scored: they are not trained"],
  ["log-prob gap", "log-probs at the update against those recorded when sampling; near 0 they agree"],
  ["ratio", "a token\u2019s probability recomputed by training, over the recorded one; 1: on-policy"],
  ["push", "wA (1 \u2212 p): how hard the update pushes the logit of a token that was written"],
  ["signs \u2212 / +", "trained agents that are made less and more likely"],
  ["judge alone", "on nodes that both scored, the judge said yes and the verifier no"],
  ["kappa", "agreement of judge and verifier beyond chance: 1 always, 0 no more than chance"],
  ["spread", "standard deviation of R over the roots of a task"],
  ["a point", "press it, or Enter on the name of a plot: the trees behind it"],
  ["dashes", "tell runs apart that are drawn over each other; their names stand at the ends"],
];

/** @type {[string, string][]} */
const KEYS = [
  ["\u2191 \u2193", "choose an agent"],
  ["\u2190 \u2192", "fold, unfold, parent, child"],
  ["[ ]", "sibling"],
  ["Enter", "only what is below it; Esc: all again"],
  ["1 2 3 4 5", "messages, context, credit, forks, tokens"],
  ["g l m", "on Tokens: the greatest, the least, another metric; \u2190 \u2192: token by token"],
  ["/", "search, also badge: own goal; n, N: next, last hit"],
  ["Shift \u2190 \u2192", "step before, step after"],
  ["f", "follow the newest step"],
  ["+ \u2212 0", "zoom in, out, fit (also Ctrl + wheel)"],
  ["y", "the address of what is seen, to open it again"],
  ["Space", "replay how the tree grew, and pause; Esc: to its end"],
  [", .", "to where something began or ended; < >: slower, faster"],
  ["F", "the whole window, and back"],
  ["?", "this card; Esc shuts it"],
];

export class HelpCard {
  /** @param {import("./host.js").HelpHost} host */
  constructor(host) {
    this.host = host;
    /** @type {HTMLElement | null} */
    this.card = null;
    /** @type {HTMLElement | null} */
    this.before = null;
  }

  get isOpen() {
    return this.card !== null;
  }

  toggle() {
    if (this.isOpen) this.close();
    else this.open();
  }

  open() {
    if (this.card) return;
    this.before = /** @type {HTMLElement | null} */ (document.activeElement);
    const shut = h("button", { class: "control", onclick: () => this.close() }, icon("close", 10), "Close");
    const onkeydown = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape" && event.key !== "?") return;
      this.close();
      event.preventDefault();
      event.stopPropagation();
    };
    const aria = { role: "dialog", "aria-label": "What shapes, symbols and keys mean", tabindex: -1 };
    this.card = h("div", { class: "help", ...aria, onkeydown },
      h("div", { class: "bar" }, h("b", {}, "Shapes, symbols, keys"), h("span", { class: "grow" }), shut),
      h("div", { class: "columns" }, parts()),
    );
    this.host.root.append(this.card);
    shut.focus();
  }

  close() {
    const inside = this.card?.contains(document.activeElement);
    this.card?.remove();
    this.card = null;
    if (!inside) return;
    const { root, focusNodes } = this.host;
    const back = this.before?.isConnected && root.contains(this.before);
    if (back) this.before?.focus({ preventScroll: true });
    else focusNodes();
  }
}

/** @returns {Child[]} */
function parts() {
  const shapes = /** @type {Shape[]} */ (Object.keys(MARKS)).map((shape) =>
    row(markIcon(shape, 15), h("b", {}, MARKS[shape].words), STATUS[shape]),
  );
  const symbols = SYMBOLS.map(([name, words]) => row(h("span", { class: "serif" }, name), words));
  const figures = FIGURES.map(([name, words]) => row(h("b", {}, name), words));
  const keys = KEYS.map(([name, words]) => row(h("kbd", {}, name), words));
  return [
    section("How an agent stands", shapes),
    section("In the tree", tree()),
    section("In the group", group()),
    section("Badges", badges()),
    section("On the board", board()),
    section("In the timeline", timeline()),
    section("Evolution", evolution()),
    section("Numbers", symbols),
    section("Figures of a step", figures, "wide"),
    section("Keys", keys),
  ];
}

/** @returns {HTMLElement[]} */
function tree() {
  const ramp = h("span", { class: "ramp tint" });
  const full = "linear-gradient(90deg,var(--track) 50%,var(--barPlus) 50%)";
  const length = `width:24px;height:6px;border-radius:2px;background:${full}`;
  const gauge = "width:24px;height:2px;background:linear-gradient(90deg,var(--gauge) 60%,var(--track) 60%)";
  const bar = "width:3px;height:16px;background:var(--second)";
  const fork = "width:24px;height:14px;border:1px dashed var(--second);border-radius:4px";
  const ghost = "width:24px;height:7px;border:1px dashed var(--second);border-radius:2px";
  return [
    row(ramp, "tint of a card: A from \u22121 to +1, and no stronger beyond"),
    row(h("span", { style: length }), "bar: A; it is full at the largest |A| of the tree, at least 0.25"),
    row(wedge(), "edge: the thicker, the larger |wA|"),
    row(h("span", { style: bar }), "launched together, in one turn"),
    row(h("span", { style: gauge }), "how full its context window was"),
    row(h("span", { class: "stacked" }, "7"), "so many siblings that are alike, folded"),
    row(disc(true), "far away: a disc succeeded, a ring did not"),
    row(h("span", { style: ghost }), "in a what-if: the recorded value"),
    row(h("b", {}, "\u2022"), "in a what-if: the sign has changed"),
    row(h("span", { style: fork }), "forks of a node, how many succeeded; bar: the interval of success"),
  ];
}

/** @returns {HTMLElement[]} */
function group() {
  const frame = { width: 26, height: 16, viewBox: "0 0 26 16", "aria-hidden": "true" };
  const bar = s("svg", frame,
    s("path", { d: "M13 2v12", stroke: "var(--barPlus)", "stroke-width": 4 }),
    s("path", { d: "M6 14h14", stroke: "var(--text)", "stroke-width": 2 }),
    s("circle", { cx: 13, cy: 3, r: 3, fill: "var(--barPlus)" }),
  );
  const ring = s("svg", frame,
    s("path", { d: "M1 8H25", stroke: "var(--strong)", "stroke-dasharray": "1.5 3" }),
    s("circle", { cx: 13, cy: 8, r: 4, fill: "var(--page)", stroke: "var(--label)", "stroke-width": 1.3 }),
  );
  const off = "width:24px;height:10px;border:1px dashed var(--text);border-radius:2px";
  return [
    row(bar, "a tree hangs at its root\u2019s R; tick: what it is compared with; bar: A"),
    row(ring, "all roots scored alike; dotted: the group moved no weights"),
    row(h("span", { style: off }), "share of a depth with its weight off"),
    row(h("kbd", {}, "\u2191 \u2193"), "groups; \u2190 \u2192: trees; Enter: opens it in Tree"),
  ];
}

/** @returns {HTMLElement[]} */
function badges() {
  const edge = "width:24px;height:14px;border:1px dashed var(--text);border-radius:4px";
  return [
    row(badgeIcon("loop", "", 15), h("b", {}, "own goal"), "asked for what a node above was asked for"),
    row(badgeIcon("plus", "", 15), h("b", {}, "bonus only"), "it failed, and its children pay for it"),
    row(badgeIcon("S", "", 15), "any other: the Badges view and the head of the node name it"),
    row(h("span", { style: edge }), "found: by a badge that is looked for, or by a search"),
  ];
}

/** @returns {HTMLElement[]} */
function board() {
  const line = h("span", { style: "width:1px;height:16px;background:var(--text)" });
  const kept = "border:4px solid transparent;border-bottom:6px solid var(--second);border-top:0";
  const band = "width:24px;height:12px;background:var(--seq1)";
  return [
    row(line, "the chosen step, in every plot"),
    row(h("span", { style: band }), "95 % interval of the roots of a step, each tree for itself"),
    row(disc(false), "probes: tasks that are tried now and then, and never trained"),
    row(h("span", { style: kept }), "a checkpoint was kept"),
    row(meanMark(), "a task\u2019s roots on the axis of R, and their mean"),
  ];
}

/** @returns {HTMLElement[]} */
function timeline() {
  const mark = (/** @type {string} */ kind) => h("i", { class: `tl-mark ${kind}` });
  return [
    row(mark("gen"), "decodes: the model writes; its figure is the turn"),
    row(mark("code"), "runs code"),
    row(mark("wait"), "waits for children"),
    row(mark("critical"), "critical path: the chain that the end of the tree waited for"),
    row(mark("serial"), "began after a sibling that it did not need; at its left end it could have"),
    row(h("b", {}, "2\u00d7"), "ideal speed-up: decode steps of all agents / those on the critical path"),
  ];
}

/** @returns {HTMLElement[]} */
function evolution() {
  const dashed = "border-left:1px dashed var(--text);width:0;height:16px";
  const tint = "color-mix(in srgb,var(--seq2) 28%,transparent)";
  const alone = `width:24px;height:12px;border-radius:4px;background:${tint}`;
  return [
    row(disc(true), "an agent that succeeded, and one that did not; a bar: launched together"),
    row(h("span", { style: dashed }), "the pinned step; a line: the chosen one"),
    row(h("span", { style: alone }), "of two trees, an agent that one has alone; a gap: it is missing"),
    row(h("kbd", {}, "\u2190 \u2192 \u2191 \u2193"), "another step, another task; Enter opens the tree"),
    row(h("kbd", {}, "p x"), "pin the chosen step; swap it with the pinned one"),
    row(h("kbd", {}, "[ ] a"), "another tree of each task; all of them"),
  ];
}

/** @param {string} title @param {HTMLElement[]} rows @param {string} [kind] */
function section(title, rows, kind = "") {
  return h("section", { class: kind || null }, h("h4", {}, title), h("div", { class: "lines" }, rows));
}

/** @param {Child} sign @param {...Child} words */
function row(sign, ...words) {
  const [first, ...rest] = words;
  const said = h("span", {}, first, rest.length ? ": " : "", rest);
  return h("div", { class: "line" }, h("span", { class: "sign" }, sign), said);
}

function wedge() {
  const frame = { width: 30, height: 14, viewBox: "0 0 30 14", "aria-hidden": "true" };
  return s("svg", frame, s("path", { d: "M0 7L30 2v10z", fill: "var(--faint)" }));
}

/** @param {boolean} both a disc and a ring, or the ring of a probe */
function disc(both) {
  const ring = { cy: 7, r: 4, fill: "none", stroke: "var(--seq4)", "stroke-width": 1.6 };
  const frame = { width: 26, height: 14, viewBox: "0 0 26 14", "aria-hidden": "true" };
  const full = both ? s("circle", { cx: 6, cy: 7, r: 4.6, fill: "var(--seq4)" }) : null;
  return s("svg", frame, full, s("circle", { cx: both ? 19 : 13, ...ring }));
}

function meanMark() {
  const frame = { width: 30, height: 16, viewBox: "0 0 30 16", "aria-hidden": "true" };
  const dot = (/** @type {number} */ x, /** @type {number} */ y) =>
    s("circle", { cx: x, cy: y, r: 2.6, fill: "var(--seq3)" });
  return s("svg", frame,
    s("path", { d: "M1 14.5H29", stroke: "var(--strong)" }),
    ...[dot(5, 11.5), dot(25, 11.5), dot(25, 6.3)],
    s("path", { d: "M18 7V16", stroke: "var(--text)", "stroke-width": 1.8 }),
  );
}

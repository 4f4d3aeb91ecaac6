// Where a node's numbers come from: its children, the roots of its task, the nodes at each depth.

import { h, s } from "../shared/dom.js";
import { brief, count, plain } from "../shared/format.js";
import { markIcon } from "../shared/shapes.js";
import { shapeOf } from "../step/status.js";
import { estimatorName, isByRoot, USUAL_DECAY } from "./arithmetic.js";
import { ownWeights } from "./formulas.js";
import { wholeWords } from "./words.js";

/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {import("./words.js").Sources} Sources */
/** @typedef {import("../shared/dom.js").Child} Child */

/** Children that are listed; one more is listed rather than counted. */
const CHILDREN = 7;
/** Depths that are listed. */
const LEVELS = 8;

/** @param {Child | Child[]} title @param {...(Child | Child[])} parts */
export function boxed(title, ...parts) {
  return h("div", {}, h("div", { class: "box" }), h("h4", {}, title), ...parts);
}

/** @param {string} words */
function label(words) {
  return h("div", { class: "label" }, words);
}

/**
 * @param {Shown} shown @param {number} row @param {Sources} from
 * @param {(row: number, limit: number) => string} goal @param {(row: number) => void} open
 */
export function childBox(shown, row, from, goal, open) {
  const { step, config, credit } = shown;
  const { children } = from;
  if (!children.length) return boxed("Children", label("It launched none, so there is no bonus."));
  const listed = children.slice(0, children.length > CHILDREN + 1 ? CHILDREN : CHILDREN + 1);
  const list = listed.map(({ row: child, s: won }) => {
    const known = !Number.isNaN(won);
    return h(
      "button",
      { class: "source", "data-at": `child${child}`, title: "Open this child", onclick: () => open(child) },
      markIcon(shapeOf(step.status[child], won), 12),
      h("span", { class: "cut", style: "flex:1 1 40px;padding-left:1px" }, goal(child, 40)),
      h("span", { class: "path" }, step.path(child)),
      h("span", { class: "track" }, known ? h("i", { style: `width:${won * 100}%` }) : null),
      h("span", { class: "fig" }, known ? brief(won, 2) : "\u2013"),
    );
  });
  const more = children.length - listed.length;
  const how = { mean: "", min: "minimum", capped_sum: `sum, capped at ${brief(config.cap ?? NaN)}` }[
    config.bonus
  ];
  const least = credit.childMin[row];
  return boxed(
    "Children, what they scored before any bonus",
    h("div", { style: "position:relative" }, list),
    more > 0 ? label(`and ${count(more)} more`) : null,
    h("div", { class: "source label", style: "gap:12px" },
      h("span", { class: "grow" }, `\u03bb = ${plain(config.lam, 2)}`),
      how || null,
      h("span", {}, Number.isNaN(least) ? "none scored" : `min ${brief(least, 3)}`),
      h("b", { style: "color:var(--text)" }, `mean ${plain(credit.childMean[row], 3)}`),
    ),
  );
}

/** px of the field of roots: its axis if discs stand up to three high, a disc, the pitch of a stack. */
const AXIS = 56;
const DISC = 6.5;
const PITCH = 13.5;
const FIELD = { usual: 3, most: 220 };

/**
 * @typedef {object} Peer what a node is compared with: a root of its task, or a sibling
 * @property {number} R @property {boolean} own
 * @property {string} name on its disc
 * @property {string} words
 * @property {string} at
 * @property {() => void} open
 */

/**
 * The nodes that this one is compared with.
 * @param {Shown} shown @param {Sources} from
 * @param {(tree: number) => void} openTree @param {(row: number) => void} openRow @returns {Peer[]}
 */
function peersOf({ step }, { roots, siblings }, openTree, openRow) {
  if (!siblings) {
    return roots.map(({ R, own, rollout, tree }) => {
      const name = String(rollout + 1);
      return { R, own, name, words: `tree ${name}`, at: `root${tree}`, open: () => openTree(tree) };
    });
  }
  return siblings.map(({ R, own, row }) => {
    const words = `node ${step.path(row)}`;
    return { R, own, name: String(step.spawn[row]), words, at: `sibling${row}`, open: () => openRow(row) };
  });
}

/** @param {Sources} from */
function peerTitle({ roots, siblings }) {
  if (siblings) return "Its siblings, itself among them";
  return roots.length === 1 ? "Roots of this task" : `Roots of the ${roots.length} trees of this task`;
}

/**
 * The task's roots on an axis of R; a node's siblings, if the rule compares these.
 * @param {Shown} shown @param {number} row @param {Sources} from @param {number} width @param {boolean} dark
 * @param {(tree: number) => void} openTree @param {(row: number) => void} openRow
 */
export function rootBox(shown, row, from, width, dark, openTree, openRow) {
  const b = shown.credit.b[row];
  const outside = shown.step.groups[from.group];
  const scored = peersOf(shown, from, openTree, openRow).filter((peer) => !Number.isNaN(peer.R));
  const title = peerTitle(from);
  if (!scored.length) return boxed(title, label("None is scored yet."));
  const most = Math.max(1, ...scored.map((root) => root.R), Number.isNaN(b) ? 0 : b);
  const x = (/** @type {number} */ R) => 10 + (R / most) * (width - 24);
  const places = stackedRoots(scored, x);
  const tallest = places.reduce((high, place) => Math.max(high, place.high + 1), 1);
  // Roots at one point stand on each other, as high as they are many.
  const raised = Math.min(FIELD.most, Math.max(0, tallest - FIELD.usual) * PITCH);
  const axis = AXIS + raised;
  const pitch = Math.min(PITCH, (axis - 29) / Math.max(1, tallest - 1));
  const ticks = ticksFor(most).map((tick) => axisTick(x(tick), axis, plain(tick, 1)));
  const known = !Number.isNaN(b) && shown.config.baseline !== "none";
  const baseline = known ? baselineMark(x(b), axis, b, width) : [];
  const line = s("path", {
    d: `M${x(0)} ${axis + 0.5}H${x(most)}`,
    stroke: "var(--second)",
    "stroke-width": 1,
  });
  const out = leavesOut(shown.config);
  const discs = places.map((place) => rootDisc(place, axis - 8 - place.high * pitch, dark, out));
  const name = from.siblings ? "Siblings by R" : "Roots by R";
  const props = { width, height: axis + 20, role: "group", "aria-label": name };
  return boxed(
    title,
    s("svg", props, line, ...ticks, ...baseline, ...discs),
    label(baselineWords(shown, row, from)),
    outside.probe ? label(`A ${outside.fork ? "fork" : "probe"}: recorded, never trained.`) : null,
  );
}

/** @param {number} x @param {number} axis @param {string} words */
function axisTick(x, axis, words) {
  const type = { "text-anchor": "middle", "font-size": 10, fill: "var(--label)" };
  const line = s("path", { d: `M${x} ${axis + 1}v4`, stroke: "var(--second)" });
  return s("g", {}, line, s("text", { x, y: axis + 16, ...type }, words));
}

/** @param {number} x @param {number} axis @param {number} b @param {number} width */
function baselineMark(x, axis, b, width) {
  const type = { "text-anchor": "middle", "font-size": 11, "font-weight": 600, fill: "var(--text)" };
  const words = s("text", { x: Math.max(24, Math.min(width - 24, x)), y: 9, ...type }, `b = ${plain(b, 3)}`);
  return [s("path", { d: `M${x} 14V${axis}`, stroke: "var(--text)", "stroke-width": 2.2 }), words];
}

/**
 * Where a disc for each root stands: on others, if they would meet. `high` counts from 0 up.
 * @template {{R: number}} T
 * @param {T[]} scored @param {(R: number) => number} x @returns {{root: T, at: number, high: number}[]}
 */
export function stackedRoots(scored, x) {
  /** @type {number[][]} places taken in each row */
  const taken = [];
  return [...scored]
    .sort((one, two) => one.R - two.R)
    .map((root) => {
      const at = x(root.R);
      const free = taken.findIndex((row) => row.every((other) => Math.abs(other - at) > 2 * DISC + 0.2));
      const high = free < 0 ? taken.length : free;
      if (free < 0) taken.push([]);
      taken[high].push(at);
      return { root, at, high };
    });
}

/** The baseline of a node is made without it. @param {Shown["config"]} config */
function leavesOut({ estimator, baseline }) {
  return typeof estimator === "string" && estimator !== "grpo_mean" && baseline === "leave_one_out";
}

/**
 * @param {{root: Peer, at: number}} place @param {number} y @param {boolean} dark
 * @param {boolean} without its own is in no baseline of it
 */
function rootDisc({ root: { R, own, name, words: who, at: key, open }, at }, y, dark, without) {
  const words = `${who}, R ${plain(R, 3)}`;
  const out = own && without;
  const pen = out
    ? { fill: "var(--page)", stroke: "var(--second)", "stroke-dasharray": "2 1.6" }
    : { fill: "var(--seq2)", stroke: own ? "var(--text)" : "none", "stroke-width": 1.8 };
  const ink = out ? "var(--label)" : dark ? "#ffffff" : "var(--text)";
  const type = { "text-anchor": "middle", "font-size": 10, "font-weight": 600, fill: ink };
  const aria = { role: "button", tabindex: 0, "aria-label": `${words}${own ? ", this one" : ""}` };
  const onkeydown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter") return;
    open();
    event.stopPropagation();
  };
  return s("g", { ...aria, "data-at": key, style: "cursor:pointer", onclick: open, onkeydown },
    s("title", {}, words),
    s("circle", { cx: at, cy: y, r: DISC, ...pen }),
    s("text", { x: at, y: y + 3.2, ...type }, name),
  );
}

/**
 * What b is, under the roots.
 * @param {Shown} shown @param {number} row @param {Sources} from
 */
function baselineWords({ step, config, credit }, row, { roots, siblings }) {
  const own = roots.find((root) => root.own);
  if (typeof config.estimator !== "string") {
    const name = estimatorName(config);
    return Number.isNaN(credit.b[row]) ? `${name} gives A and names no b.` : `b is what ${name} says.`;
  }
  if (config.baseline === "none") return "No baseline: b = 0.";
  if (config.baseline === "moving") {
    const depth = isByRoot(config) ? 0 : step.depth[row];
    const kept = `each step leaves ${plain(config.decay ?? USUAL_DECAY, 2)} of it`;
    if (typeof step.moving?.[depth] === "number") return `b is a moving mean at depth ${depth}: ${kept}.`;
    return `b is the mean R of this step at depth ${depth}: no earlier one is known.`;
  }
  if (config.estimator === "grpo_mean") return "b is the mean over all nodes of these trees.";
  if (siblings && config.baseline === "group_mean") return "b is the mean of all of them, its own included.";
  if (siblings) return "It is left out of its own baseline; who was cancelled is in none.";
  if (config.baseline === "group_mean") return "b is the mean of all roots, its own included.";
  const scored = roots.filter((root) => !Number.isNaN(root.R)).length;
  const alone = scored < 2 && own && !Number.isNaN(own.R);
  if (alone) return "No other tree is scored: there is no baseline.";
  return `Tree ${(own?.rollout ?? 0) + 1} is left out of its own baseline.`;
}

/** @param {Shown} shown @param {number} row @param {Sources} from */
export function depthBox(shown, row, from) {
  const { step, config } = shown;
  const { levels, total, present } = from;
  const most = Math.max(1, ...levels);
  const alpha = total / Math.max(1, present);
  const own = step.depth[row];
  const off = config.depth_weighting === "none";
  const few = levels.map((_, depth) => depth);
  const some = new Set([0, 1, 2, 3, 4, 5, own, levels.length - 1]);
  const listed = levels.length <= LEVELS ? few : [...some].sort((a, b) => a - b);
  const lines = listed.map((depth) => {
    const nodes = levels[depth];
    const here = depth === own;
    const length = `width:${Math.max(3, (nodes / most) * 100)}%;height:8px`;
    const bar = `display:block;${length};border-radius:2px;background:var(${here ? "--seq4" : "--seq1"})`;
    const pen = { style: here ? "font-weight:600" : "color:var(--label)" };
    return [
      h("span", pen, `depth ${depth}`),
      h("span", {}, h("span", { style: bar })),
      h("span", { class: "label" }, count(nodes)),
      h("span", pen, nodes ? `\u00d7 ${plain(off ? 1 : alpha / nodes, 3)}` : "\u2013"),
    ];
  });
  const where = config.depth_weighting === "per_group" ? "the task" : wholeWords(step);
  return boxed(
    `Nodes at each depth in ${where}`,
    h("div", { class: "depths" }, lines.flat()),
    off ? label("Depth weights are off: w = 1.") : null,
    ownWeights(shown, row, from) ? label(`w of this node is what ${estimatorName(config)} says.`) : null,
  );
}

/** @param {number} most */
function ticksFor(most) {
  const step = most <= 2.2 ? 0.5 : Math.ceil(most / 4);
  const ticks = [];
  for (let at = 0; at <= most + 1e-9; at += step) ticks.push(at);
  if (most - ticks[ticks.length - 1] > step * 0.45) ticks.push(most);
  return ticks;
}

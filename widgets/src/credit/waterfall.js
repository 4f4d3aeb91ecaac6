// The waterfall: s, what the children add, R, the baseline, A, and the wedge of the weight.

import { s } from "../shared/dom.js";
import { plain, signed } from "../shared/format.js";
import { isByRoot } from "./arithmetic.js";
import { ruleWord } from "../step/shown.js";
import { TOP, HIGH, scaleOf } from "./columns.js";
import { boxOf, marksOf } from "./recorded.js";
import { ownRule, signRole } from "./words.js";

/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {import("./words.js").Sources} Sources */
/** @typedef {import("./columns.js").Name} Name */
/** @typedef {import("./columns.js").Scale} Scale */

const DASHED = { stroke: "var(--second)", "stroke-dasharray": "2 2" };
let made = 0;

/** @param {Shown} shown @param {number} row @param {Sources} from */
function figuresOf({ step, credit, config }, row, from) {
  const byRoot = isByRoot(config);
  const [own, bonus, R, b] = [step.s[row], credit.bonus[row], credit.R[row], credit.b[row]];
  const [A, c, w] = [credit.A[row], credit.c[row], credit.w[row]];
  return { own, bonus, R, start: byRoot ? credit.R[step.rootOf[from.tree]] : R, b, A, c, w, byRoot };
}

/**
 * @param {Shown} shown @param {number} row @param {Sources} from @param {number} width @returns {SVGElement}
 */
export function waterfall(shown, row, from, width) {
  const figures = figuresOf(shown, row, from);
  const { own, bonus, R, start, b, A, c, w, byRoot } = figures;
  const { config } = shown;
  const was = recordedOf(shown, row);
  const scale = scaleOf([own, R, start, start - b, A, c, ...was.map(({ value }) => value)], width);
  const { x, y } = scale;
  const hatch = `hatch${(made += 1)}`;
  const column = new Columns(scale);
  const given = ownRule({ config }, { R, b, A }); // of A nothing more is known
  const pen = config.baseline === "none" ? null : { stroke: "var(--second)", "stroke-width": 1 };
  const tone = A < 0 ? "var(--barMinus)" : "var(--barPlus)";
  const words = `s ${plain(own, 3)}, bonus ${signed(bonus, 3)}, R ${plain(R, 3)}, baseline ${plain(b, 3)}`;
  const more = `advantage ${signed(A, 3)}, weight ${plain(w, 3)}, coefficient ${signed(c, 3)}`;
  const over = { x: x("b"), "font-size": 10, "text-anchor": "middle", fill: "var(--label)" };
  return s(
    "svg",
    {
      class: "waterfall",
      width,
      height: TOP + HIGH + 10,
      role: "img",
      "aria-label": `${words}, ${more}`,
      style: "flex:none",
    },
    hatching(hatch),
    ...scale.ticks.map((tick) => gridLine(tick, y(tick), width)),
    ...heads(column, figures, config.bonus),
    column.join("s", "bonus", own),
    column.join("bonus", "R", R),
    byRoot || given ? null : column.join("R", "b", R),
    byRoot && Number.isFinite(start) && !Number.isNaN(b)
      ? s("text", { ...over, y: y(start) - 5 }, "root\u2019s R")
      : null,
    config.std || given ? null : column.join("b", "A", start - b),
    given ? s("text", { ...over, y: y(0) - 6 }, "by the rule") : null,
    column.block("s", 0, own, "var(--seq2)"),
    column.block("bonus", own, own + bonus, "var(--seq2)"),
    column.block("R", 0, R, "var(--seq4)"),
    given
      ? null
      : pen
        ? column.block("b", start, start - b, `url(#${hatch})`, pen)
        : column.block("b", start, start, "none"),
    ...wedge(scale, figures, tone),
    column.block("A", 0, A, tone),
    column.block("c", 0, c, tone),
    ...ghosts(ruleWord(shown.step), scale, was, standing(scale, figures, given)),
  );
}

/** @param {string} id */
function hatching(id) {
  const frame = { id, width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
  const line = s("path", { d: "M0 0V5", stroke: "var(--faint)", "stroke-width": 1.4 });
  return s("defs", {}, s("pattern", frame, line));
}

/** @param {number} tick @param {number} y @param {number} width */
function gridLine(tick, y, width) {
  const stroke = tick === 0 ? "var(--second)" : "var(--rule)";
  const words = tick === 0 ? "0" : signed(tick, Math.abs(tick % 0.5) > 1e-9 ? 2 : 1);
  const line = s("path", { d: `M0 ${Math.round(y) + 0.5}H${width}`, stroke });
  return s("g", {}, line, s("text", { x: 0, y: y - 4, "font-size": 10, fill: "var(--label)" }, words));
}

/**
 * The symbol over each column, and its figure.
 * @param {Columns} column @param {ReturnType<typeof figuresOf>} figures @param {Shown["config"]["bonus"]} how
 */
function heads(column, { own, bonus, R, b, A, c }, how) {
  const sum = { mean: "s", min: "min s", capped_sum: "\u03a3 s" }[how];
  const x = column.scale.x("bonus");
  // A bar over s: the mean.
  const overline = { d: `M${x + 11} 5h6`, stroke: "var(--text)", "stroke-width": 1.1 };
  return [
    ...column.head("s", "s", own, plain(own, Number.isInteger(own) ? 0 : 3)),
    ...column.head("bonus", `+ \u03bb ${sum}`, Number.isNaN(own) ? NaN : bonus, signed(bonus, 3)),
    ...column.head("R", "R", R, plain(R, 3)),
    ...column.head("b", "\u2212 b", b, signed(-b, 3)),
    ...column.head("A", "A", A, signed(A, 3), signRole(A)),
    ...column.head("c", "w A", c, signed(c, 3), signRole(c)),
    how === "mean" ? s("path", overline) : null,
  ];
}

/** Draws in the columns. */
class Columns {
  /** @param {Scale} scale */
  constructor(scale) {
    this.scale = scale;
  }

  /**
   * @param {Name} name @param {string} symbol @param {number} value @param {string} words
   * @param {"plus" | "minus" | "strong"} [role]
   */
  head(name, symbol, value, words, role) {
    const none = Number.isNaN(value);
    const at = { x: this.scale.x(name), "text-anchor": "middle" };
    const colour = role === "plus" || role === "minus" ? `var(--${role})` : "var(--text)";
    const type = none
      ? { "font-size": 11, "font-weight": 400, fill: "var(--label)" }
      : { "font-size": this.scale.size, "font-weight": 600, fill: colour };
    return [
      s("text", { class: "sym", ...at, y: 15, "font-size": 17, fill: "var(--text)" }, symbol),
      s("text", { ...at, y: 34, ...type }, none ? "none" : words),
    ];
  }

  /**
   * From one value to another.
   * @param {Name} name @param {number} a @param {number} z @param {string} fill
   * @param {Record<string, any> | null} [more]
   */
  block(name, a, z, fill, more) {
    if (Number.isNaN(a) || Number.isNaN(z)) return null;
    const { x, y, bar } = this.scale;
    const upper = Math.min(y(a), y(z));
    const tall = Math.abs(y(a) - y(z));
    const box = { x: x(name) - bar / 2, width: bar };
    if (tall < 1) return s("rect", { ...box, y: upper - 1.5, height: 3, rx: 1, fill: "var(--text)" });
    return s("rect", { ...box, y: upper, height: tall, rx: 2, fill, ...more });
  }

  /** A value carried on from one column to the next. @param {Name} a @param {Name} z @param {number} value */
  join(a, z, value) {
    if (Number.isNaN(value)) return null;
    const { x, y, bar } = this.scale;
    return s("path", { d: `M${x(a) + bar / 2} ${y(value)}H${x(z) - bar / 2}`, ...DASHED });
  }
}

/**
 * Where the weight is written, between A and wA.
 * @param {Scale} scale @param {ReturnType<typeof figuresOf>} figures
 */
function weightAt({ x, y }, { A, c }) {
  if (!Number.isFinite(A) || !Number.isFinite(c) || Math.abs(A) <= 1e-9) return null;
  return { x: (x("A") + x("c")) / 2, y: (y(0) + (y(A) + y(c)) / 2) / 2 + 4 };
}

/** From A to wA. @param {Scale} scale @param {ReturnType<typeof figuresOf>} figures @param {string} fill */
function wedge(scale, figures, fill) {
  const { x, y, bar, size } = scale;
  const at = weightAt(scale, figures);
  if (!at) return [];
  const { A, c, w } = figures;
  const left = x("A") + bar / 2;
  const right = x("c") - bar / 2;
  const type = { "text-anchor": "middle", "font-weight": 600, fill: "var(--text)" };
  const low = Math.abs(y(0) - y(A)) < 18; // the words reach beyond it: they get a ground
  const ground = { stroke: "var(--page)", "stroke-width": low ? 3 : 0, "paint-order": "stroke" };
  return [
    s("path", { d: `M${left} ${y(0)}H${right}V${y(c)}L${left} ${y(A)}z`, fill, opacity: 0.14 }),
    s("path", { d: `M${left} ${y(A)}L${right} ${y(c)}`, ...DASHED }),
    s("text", { ...at, ...type, ...ground, "font-size": Math.min(12, size) }, `\u00d7 ${plain(w, 3)}`),
  ];
}

/**
 * In a what-if, the recorded numbers that were others.
 * @param {Shown} shown @param {number} row @returns {import("./recorded.js").Was[]}
 */
function recordedOf({ other, recorded, credit }, row) {
  if (!other) return [];
  const names = /** @type {const} */ (["R", "A", "c"]);
  const all = names.map((name) => ({ name, value: recorded[name][row], now: credit[name][row] }));
  return all.filter(({ value, now }) => !Number.isNaN(value) && !(Math.abs(value - now) < 5e-4));
}

/**
 * What already stands in the picture.
 * @param {Scale} scale @param {ReturnType<typeof figuresOf>} figures @param {boolean} given by a rule
 */
function standing(scale, figures, given) {
  const { x, y, bar } = scale;
  const { own, bonus, R, start, b, A, c, byRoot } = figures;
  const after = own + bonus;
  const ends = { s: [0, own], bonus: [own, after], R: [0, R], b: [start, start - b], A: [0, A], c: [0, c] };
  const bars = Object.entries(ends)
    .filter(([, [from, to]]) => Number.isFinite(from) && Number.isFinite(to))
    .map(([name, [from, to]]) => {
      const left = x(/** @type {Name} */ (name)) - bar / 2;
      return { left, right: left + bar, top: Math.min(y(from), y(to)), bottom: Math.max(y(from), y(to)) };
    });
  const weight = weightAt(scale, figures);
  const words = scale.ticks.map((tick) => boxOf(16, y(tick) - 4, 36));
  if (weight) words.push(boxOf(weight.x, weight.y + 1, 54));
  if (byRoot && Number.isFinite(start)) words.push(boxOf(x("b"), y(start) - 5, 48));
  if (given) words.push(boxOf(x("b"), y(0) - 6, 60));
  if (Number.isFinite(R)) bars.push({ left: x("R"), right: x("b"), top: y(R) - 1, bottom: y(R) + 1 });
  return { bars, words };
}

/**
 * Where the recorded numbers stood.
 * @param {string} called what they are
 * @param {Scale} scale @param {import("./recorded.js").Was[]} was @param {ReturnType<typeof standing>} there
 */
function ghosts(called, scale, was, there) {
  const { x, bar } = scale;
  const pen = { stroke: "var(--second)", "stroke-width": 1.4, "stroke-dasharray": "3 2" };
  const type = { "text-anchor": "middle", "font-size": 10, fill: "var(--label)" };
  const ground = { stroke: "var(--page)", "stroke-width": 3, "paint-order": "stroke" };
  return marksOf(scale, was, there).flatMap(({ name, y, word }) => {
    const d = `M${x(name) - bar / 2 - 5} ${y}h${bar + 10}`;
    return [
      s("path", { d, stroke: "var(--page)", "stroke-width": 3 }),
      s("path", { d, ...pen }),
      word && s("text", { ...word, ...type, ...ground }, called),
    ];
  });
}

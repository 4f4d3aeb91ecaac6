// Draws what a plot shows, and says what stands under the pointer.

import { fitText } from "../shared/canvas.js";
import { NONE, count, percent } from "../shared/format.js";
import { oneLine } from "../shared/text.js";
import { asides, intervals } from "./intervals.js";
import { packed } from "./measures.js";
import { DASHES, MARKS, dot, endLabels, figuresAt, filled, ground } from "./pens.js";
import { line, rules, say, type, whisker } from "./pens.js";
import { endWords, isBare, shareFigures } from "./plan.js";
import { EDGED } from "./scale.js";
import { at } from "./series.js";
import { kindTones, lineTone } from "./tones.js";

/** @typedef {import("./measures.js").Columns} Columns */
/** @typedef {import("./measures.js").Line} Line */
/** @typedef {import("./measures.js").Part} Part */
/** @typedef {import("./pens.js").End} End */
/** @typedef {import("./pens.js").Place} Place */
/** @typedef {import("./pens.js").Scale} Scale */
/** @typedef {import("./plan.js").Plan} Plan */
/** @typedef {{part: Part, run: number, words: string}} Hit */
/** @typedef {(step: number, y: number) => Hit | null} Find what stands at a step and a height */

/** Lines whose figures of the chosen step fit beside its line. */
const FIGURES = 5;
/** px between the last column and the names of its parts. */
const BESIDE = 10;
/** px about a point that are the point. */
const NEAR = 18;

/**
 * @param {Plan} plan @param {Scale} scale @param {number} top @param {number} bottom
 * @param {{none: string, words: string}} texts in an empty field, and of what comes
 * @returns {Find}
 */
export function drawPlan(plan, scale, top, bottom, { none, words }) {
  const fields = fieldsOf(plan, scale, top, bottom);
  for (const { field, y } of fields) rules(scale, field.marks, y, plan.mark);
  if (isBare(plan)) {
    const [from, to] = bottom - top > 140 * scale.u ? [0.25, 0.5] : [0, 1]; // no rule strikes the words out
    nothing(scale, none, top + from * (bottom - top), top + to * (bottom - top));
    return () => null;
  }
  if (plan.columns) return drawColumns(plan, plan.columns, scale, fields[0].y, top, bottom);
  const finds = fields.map(({ field, y, from, to }) => drawLines(plan, field.lines, scale, y, from, to));
  const told = toldStep(plan, scale.chosen);
  if (told !== undefined) sayStep(scale, told, scale.x(plan.newest ?? told), "");
  if (words) sayWhatComes(scale, words, plan, top, bottom);
  return (step, y) => {
    const place = fields.findIndex(({ to }) => y <= to + 6 * scale.u);
    return finds[place < 0 ? finds.length - 1 : place](step, y);
  };
}

/**
 * The fields of a plot below each other, the first a little higher.
 * @param {Plan} plan @param {Scale} scale @param {number} top @param {number} bottom
 */
function fieldsOf({ fields }, { u }, top, bottom) {
  const gap = 20 * u;
  const whole = bottom - top - gap * (fields.length - 1);
  let from = top;
  return fields.map((field, i) => {
    const high = fields.length === 2 ? whole * (i ? 0.42 : 0.58) : whole / fields.length;
    const to = from + high;
    const begin = from;
    from = to + gap;
    const y = (/** @type {number} */ value) => to - ((value - field.low) / (field.high - field.low)) * high;
    return { field, y, from: begin, to };
  });
}

/** @param {Scale} scale @param {Line} line */
function toneOf({ p }, { place, names }) {
  return lineTone(p, place, names);
}

/**
 * Lines with their intervals; probes are rings. Up to a few steps are points.
 * @param {Plan} plan @param {Line[]} lines @param {Scale} scale @param {Place} y @param {number} top
 * @param {number} bottom @returns {Find}
 */
function drawLines(plan, lines, scale, y, top, bottom) {
  const { few, newest, names } = plan;
  const { chosen, x, p } = scale;
  const reach = few ? 0 : intervals(scale, lines, y, (one) => toneOf(scale, one));
  const aside = few ? asides(lines, scale) : lines.map(() => 0);
  lines.forEach((one, i) => drawLine(scale, one, y, { few, several: names.length > 1, aside: aside[i] }));
  // Names stand in one column behind the newest step: none crosses a line that goes on, or its upright.
  const end = Math.max(newest ?? 0, ...lines.map(({ points }) => points[points.length - 1].step));
  const behind = x(end) + Math.max(reach, ...aside);
  const told = toldStep(plan, chosen);
  const ends = lines.map((one) => {
    const last = one.points[one.points.length - 1];
    const none = { bold: NONE, plain: endWords(plan, one).plain };
    const words = told === undefined || at(one.points, told) ? endWords(plan, one, told) : none;
    return { x: behind, y: y(last.value), ...words };
  });
  endLabels(scale, fitted(scale, ends), top, bottom);
  if (chosen !== null) {
    const here = lines.flatMap((one, i) => {
      const point = at(one.points, chosen);
      return point ? [{ one, value: point.value, left: x(chosen) + aside[i] }] : [];
    });
    for (const { one, value, left } of here) {
      const shape = few ? MARKS[one.run % MARKS.length] : "disc";
      dot(scale, left, y(value), 4, p.page, shape);
      const tone = one.probe ? toneOf(scale, one) : p.text;
      dot(scale, left, y(value), 3, tone, one.probe ? "ring" : shape);
    }
    const raised = here.map(({ value }) => ({ text: plan.say(value), y: y(value) - 11 * scale.u }));
    if (plan.large && chosen !== newest && here.length <= FIGURES) figuresAt(scale, raised, top, bottom);
  }
  return (step, height) => {
    let best = NEAR * scale.u;
    /** @type {Hit | null} */
    let found = null;
    for (const one of lines) {
      const point = at(one.points, step);
      const far = point ? Math.abs(y(point.value) - height) : Infinity;
      if (far >= best) continue;
      best = far;
      const { bold, plain } = endWords(plan, one, step);
      const roots = point?.n ? `, of ${point.n}` : "";
      found = { part: one.part, run: one.run, words: `${bold} ${plain}`.trim() + roots };
    }
    return found;
  };
}

/**
 * @param {Scale} scale @param {Line} one @param {Place} y
 * @param {{few: boolean, several: boolean, aside: number}} how `several` runs; points stand px `aside`
 */
function drawLine(scale, one, y, { few, several, aside }) {
  const { x } = scale;
  const colour = toneOf(scale, one);
  const { points, probe, run } = one;
  const dash = several ? DASHES[run % DASHES.length] : probe ? [3, 3] : [];
  if (!few) line(scale, points, y, { colour, width: probe ? 1 : 1.7, dash });
  points.forEach((point, i) => {
    const alone = (point.broken || !i) && (points[i + 1]?.broken ?? true);
    if (!probe && !few && !alone) return;
    const [px, py] = [x(point.step) + aside, y(point.value)];
    if (point.low !== undefined && point.high !== undefined && (probe || few)) {
      whisker(scale, px, y(point.low), y(point.high), colour);
    }
    dot(scale, px, py, probe ? 3 : few ? 3.6 : 2, colour, probe ? "ring" : MARKS[run % MARKS.length]);
  });
}

/**
 * Parts of a step on each other. Columns, not areas: a depth that a step has not reached is a gap, and no
 * slope to the next step.
 * @param {Plan} plan @param {Columns} columns @param {Scale} scale @param {Place} y @param {number} top
 * @param {number} bottom @returns {Find}
 */
function drawColumns(plan, { kinds, rows }, scale, y, top, bottom) {
  const { x, u, chosen, p, context } = scale;
  const shares = plan.entry.draw === "shares";
  const made = packed(rows, { x: (step) => x(step), u }, shares);
  const tones = kindTones(p, kinds, shares, made.half >= EDGED.edge);
  for (const column of made.columns) {
    let below = 0;
    column.parts.forEach((part, level) => {
      if (!(part > 0)) return;
      const [low, high] = [y(below), y(below + part)];
      below += part;
      filled(context, tones[level], column.x - made.half, high, made.half * 2, low - high);
      if (made.half < EDGED.line) return;
      context.fillStyle = p.page; // a line between two parts, which may share a tone
      context.fillRect(column.x - made.half, high - 0.5, made.half * 2, 1);
    });
  }
  const here = chosen === plan.newest ? undefined : at(rows, chosen ?? NaN);
  const last = rows[rows.length - 1];
  const left = x(last.step) + made.half + BESIDE * u;
  if (here) sayStep(scale, here.step, left - 14 * u, shares ? "" : `: ${plan.say(here.total)}`);
  if (shares) nameShares(scale, kinds, { here, last, left }, y, top, bottom);
  else nameKinds(scale, kinds, tones, left, top, bottom);
  return (step, height) => {
    const row = at(rows, step);
    let below = 0;
    for (const [i, part] of (row?.parts ?? []).entries()) {
      const value = shares && row ? part / row.total : part;
      const inside = value > 0 && height <= y(below) && height >= y(below + value);
      below += value;
      if (inside) return { part: kinds[i].part, run: -1, words: `${kinds[i].name} ${plan.say(value)}` };
    }
    return null;
  };
}

/**
 * @param {Scale} scale @param {Columns["kinds"]} kinds
 * @param {{here?: Columns["rows"][0], last: Columns["rows"][0], left: number}} at @param {Place} y
 * @param {number} top @param {number} bottom
 */
function nameShares(scale, kinds, { here, last, left }, y, top, bottom) {
  const { u } = scale;
  const fit = Math.floor((bottom - top) / (13 * u));
  const ends = shareFigures(last).slice(0, fit).map(({ level, share, middle }) => {
    const told = here ? here.parts[level] / here.total : share;
    return { x: left, y: y(middle), bold: "", plain: `${kinds[level].name} ${percent(told, 0)}` };
  });
  endLabels(scale, ends, top, bottom);
}

/**
 * The step whose figures stand at the ends of series: in a small field they would cover what they tell of.
 * @param {Plan} plan @param {number | null} chosen
 */
function toldStep({ large, newest }, chosen) {
  return large || chosen === null || chosen === newest ? undefined : chosen;
}

/**
 * Which step that is, under the names. @param {Scale} scale @param {number} step @param {number} left
 * @param {string} rest
 */
function sayStep(scale, step, left, rest) {
  const { context, p, u, height, width } = scale;
  scale.words.push(() => {
    type(scale, 10);
    context.textBaseline = "alphabetic";
    context.textAlign = "left";
    context.fillStyle = p.label;
    const words = fitText(context, `at step ${count(step)}${rest}`, width - left - 14 * u);
    context.fillText(words, left + 14 * u, height - 6 * u);
  });
}

/**
 * The names of kinds, each with its tone, highest first as they stand.
 * @param {Scale} scale @param {Columns["kinds"]} kinds
 * @param {import("./tones.js").Tone[]} tones @param {number} left @param {number} top @param {number} bottom
 */
function nameKinds(scale, kinds, tones, left, top, bottom) {
  const { context, p, u } = scale;
  const pitch = Math.min(15 * u, (bottom - top) / Math.max(1, kinds.length));
  scale.words.push(() => {
    type(scale, 11);
    context.textAlign = "left";
    context.textBaseline = "middle";
    [...kinds.keys()].reverse().forEach((kind, i) => {
      const middle = top + 6 * u + i * pitch;
      const words = fitText(context, oneLine(kinds[kind].name, 40), scale.width - left - 13 * u);
      ground(scale, left, middle, 13 * u + context.measureText(words).width);
      filled(context, tones[kind], left, middle - 4 * u, 8 * u, 8 * u);
      context.fillStyle = p.second;
      context.fillText(words, left + 13 * u, middle);
    });
  });
}

/**
 * px that the names of series need at the right of the field, at least those without their intervals,
 * and the figures of the axis at its left.
 * @param {Plan} plan @param {Scale} scale
 */
export function roomOf(plan, scale) {
  const { context, u } = scale;
  const wide = (/** @type {string} */ words, weight = 400) => {
    type(scale, 11, weight);
    return context.measureText(words).width;
  };
  const lines = plan.fields.flatMap(({ lines }) => lines);
  const words = lines.map((one) => endWords(plan, one));
  const space = (/** @type {string} */ bold, /** @type {string} */ plain) =>
    wide(bold, 600) + (bold && plain ? 5 * u : 0) + wide(plain);
  const ends = words.map(({ bold, plain }) => space(bold, plain));
  const shorter = words.map(({ bold, short }) => space(bold, short));
  const kinds = (plan.columns?.kinds ?? []).map(({ name }) => {
    return plan.entry.draw === "shares" ? wide(`${name} 100 %`) : wide(oneLine(name, 40)) + 13 * u;
  });
  type(scale, 10);
  const marks = plan.fields.flatMap((field) => field.marks.map(plan.mark)).map((mark) => {
    return context.measureText(mark).width;
  });
  const beside = 14 + (kinds.length ? BESIDE : 0);
  const right = Math.max(28 * u, ...ends, ...kinds) + beside * u;
  const least = Math.max(28 * u, ...shorter, ...kinds) + beside * u;
  return { left: Math.max(24 * u, ...marks) + 10 * u, right, least };
}

/**
 * In the free part of the field, away from the points.
 * @param {Scale} scale @param {string} words @param {Plan} plan @param {number} top @param {number} bottom
 */
function sayWhatComes(scale, words, { fields }, top, bottom) {
  const { context, p, right, u } = scale;
  const high = fields[0].lines.some(({ points }) => points.some((point) => point.value > 0.78));
  const middle = bottom - (high ? 0.125 : 0.875) * (bottom - top);
  scale.words.push(() => {
    type(scale, 11);
    const fitting = fitText(context, words, right - scale.x(0) - 8 * u);
    say(scale, fitting, right - 4 * u - context.measureText(fitting).width, middle, p.label);
  });
}

/**
 * Names that do not fit beside the last step go without their interval, and are cut if that is not enough.
 * @param {Scale} scale @param {End[]} ends @returns {End[]}
 */
function fitted(scale, ends) {
  const { context, width, u } = scale;
  return ends.map((end) => {
    const room = width - end.x - 10 * u;
    type(scale, 11, 600);
    const bold = context.measureText(end.bold).width + (end.bold && end.plain ? 5 * u : 0);
    type(scale, 11);
    if (bold + context.measureText(end.plain).width <= room) return end;
    const { short = end.plain } = end;
    return { ...end, plain: fitText(context, short, Math.max(24 * u, room - bold)) };
  });
}

/**
 * Words in an empty field.
 * @param {Scale} scale @param {string} words @param {number} top @param {number} bottom
 */
function nothing(scale, words, top, bottom) {
  const { context, p, x, right, width, u } = scale;
  scale.words.push(() => {
    type(scale, 11);
    const fitting = fitText(context, words, width - x(0) - 4 * u);
    const left = Math.max(x(0) + 4 * u, (x(0) + right - context.measureText(fitting).width) / 2);
    say(scale, fitting, left, (top + bottom) / 2, p.label);
  });
}

// What the board's plots draw: the metrics of a run over its steps.

import { fitText } from "../shared/canvas.js";
import { brief, count, percent, plain, rate } from "../shared/format.js";
import { oneLine } from "../shared/text.js";
import { band, dot, endLabels, figuresAt, ground, line, rules, say, type, values, whisker } from "./pens.js";
import {
  at, depths, isFew, lastEnded, marksOf, refusalKinds, shareColumns, shareFigures, shares, stacked,
  successSeries,
} from "./series.js";
import { NO_SUCCESS } from "./words.js";

/** @typedef {import("./pens.js").End} End */
/** @typedef {import("./pens.js").Place} Place */
/** @typedef {import("./pens.js").Scale} Scale */
/** @typedef {import("./series.js").Curves} Curves */
/** @typedef {import("./series.js").Mark} Mark */
/** @typedef {import("./series.js").Success} Success */

/** Sequential tones of the curves, by place: easy is pale, hard is strong. */
const TONES = [3, 4, 5];
/** The same for kinds of refusals, most frequent first. */
const KINDS = [5, 3, 1, 2];

/**
 * Root success: training roots as a line with its band, probes as rings on a dashed line. A few steps are
 * points.
 * @param {Curves} curves @param {string} words what comes, said in the field
 * @param {Scale} scale @param {number} top @param {number} bottom
 */
export function drawSuccess(curves, words, scale, top, bottom) {
  const { p, x, chosen } = scale;
  const y = (/** @type {number} */ value) => bottom - value * (bottom - top);
  rules(scale, [0, 0.25, 0.5, 0.75, 1], y, (value) => value.toFixed(2));
  const between = /** @type {const} */ ([y(0.75), y(0.5)]); // two rules, none of which strikes the words out
  if (!curves.step.length) {
    return nothing(scale, "no step has ended yet: the curves begin with the first", ...between);
  }
  const all = successSeries(curves);
  if (!all.length) return nothing(scale, NO_SUCCESS.toLowerCase(), ...between);
  const one = new Set(all.map((series) => series.place)).size === 1;
  const tone = (/** @type {Success} */ { place }) => {
    return p.sequential[one ? 4 : TONES[Math.min(place, TONES.length - 1)]];
  };
  const few = isFew(curves);
  for (const series of all) if (!series.probe && !few) band(scale, series.points, y, tone(series), 0.16);
  for (const series of all) drawSeries(scale, series, y, tone(series), few);
  endLabels(scale, fitted(scale, successEnds(all, x(lastEnded(curves) ?? 0), y)), top, bottom);
  if (words) sayWhatComes(scale, words, all, top, bottom);
  if (chosen === null) return;
  const here = all.flatMap((series) => {
    const point = at(series.points, chosen);
    return point ? [{ series, value: point.value }] : [];
  });
  for (const { series, value } of here) {
    dot(scale, x(chosen), y(value), 4.5, p.page);
    dot(scale, x(chosen), y(value), 3.5, tone(series), series.probe ? "ring" : "disc");
  }
  const raised = here.map(({ value }) => ({ text: plain(value), y: y(value) - 11 * scale.u }));
  if (!endsHere(curves, scale)) figuresAt(scale, raised, top, bottom);
}

/** At the newest step the ends of the series show its figures. @param {Curves} curves @param {Scale} scale */
function endsHere(curves, { chosen }) {
  return chosen === lastEnded(curves);
}

/**
 * @param {Scale} scale @param {Success} series @param {Place} y @param {string} colour @param {boolean} few
 */
function drawSeries(scale, { probe, points }, y, colour, few) {
  const { x } = scale;
  if (!few) line(scale, points, y, probe ? { colour, width: 1, dash: [3, 3] } : { colour, width: 1.8 });
  if (!probe && !few) return;
  for (const point of points) {
    whisker(scale, x(point.step), y(point.low), y(point.high), colour, probe ? 1 : 2);
    dot(scale, x(point.step), y(point.value), probe ? 3 : 4, colour, probe ? "ring" : "disc");
  }
}

/** @param {Success[]} all @param {number} x @param {Place} y @returns {End[]} */
function successEnds(all, x, y) {
  return all.map(({ name, probe, points }) => {
    const { value, low, high } = points[points.length - 1];
    const interval = `${plain(value)} \u00b1 ${plain((high - low) / 2)}`;
    return { x, y: y(value), bold: probe ? `${name}, probes` : name, plain: interval };
  });
}

/**
 * In the free part of the field, away from the points.
 * @param {Scale} scale @param {string} words @param {Success[]} all @param {number} top
 * @param {number} bottom
 */
function sayWhatComes(scale, words, all, top, bottom) {
  const { context, p, right, u } = scale;
  const high = all.some((series) => series.points.some((point) => point.value > 0.78));
  const middle = bottom - (high ? 0.125 : 0.875) * (bottom - top);
  scale.words.push(() => {
    type(scale, 11);
    const fitting = fitText(context, words, right - scale.x(0) - 8 * u);
    say(scale, fitting, right - 4 * u - context.measureText(fitting).width, middle, p.label);
  });
}

/**
 * Names that do not fit beside the last step go without their interval.
 * @param {Scale} scale @param {End[]} ends
 */
function fitted(scale, ends) {
  const { context, width, u } = scale;
  return ends.map((end) => {
    type(scale, 11, 600);
    const whole = end.x + 16 * u + context.measureText(`${end.bold} ${end.plain}`).width;
    return whole <= width ? end : { ...end, plain: end.plain.split(" ")[0] };
  });
}

/** @typedef {(value: number) => Pick<End, "bold" | "plain">} Words */
/** @typedef {{marks: Mark[], y: Place, tone: string, words: Words}} Measured */

/**
 * Curves with the dot and the figure of the chosen step; their ends say the newest figures. A few steps are
 * points.
 * @param {Curves} curves @param {Scale} scale @param {Measured[]} series @param {number} top
 * @param {number} bottom
 */
function drawMeasured(curves, scale, series, top, bottom) {
  const { x, p, chosen } = scale;
  const figures = [];
  const ends = [];
  for (const { marks, y, tone, words } of series) {
    if (!isFew(curves)) line(scale, marks, y, { colour: tone, width: 1.6 });
    else for (const { step, value } of marks) dot(scale, x(step), y(value), 3, tone);
    const here = chosen === null ? undefined : at(marks, chosen);
    if (here) dot(scale, x(here.step), y(here.value), 2.8, p.text);
    if (here) figures.push({ text: words(here.value).bold.split(" ")[0], y: y(here.value) - 10 * scale.u });
    const newest = marks[marks.length - 1];
    ends.push({ x: x(newest.step), y: y(newest.value), ...words(newest.value) });
  }
  if (!endsHere(curves, scale)) figuresAt(scale, figures, top, bottom);
  endLabels(scale, ends, top, bottom);
}

/** @param {Curves} curves @param {Scale} scale @param {number} top @param {number} bottom */
export function drawShape(curves, scale, top, bottom) {
  const parting = top + (bottom - top) * 0.6;
  const gap = 12 * scale.u;
  const text = (/** @type {number} */ value) => brief(value);
  /**
   * @param {string} name @param {number} least @param {{top: number, bottom: number}} field
   * @param {string} words
   */
  const measured = (name, least, field, words) => {
    const marks = marksOf(curves, name);
    const most = marks.reduce((high, mark) => Math.max(high, mark.value), least);
    return {
      marks,
      y: values(scale, most, field, text, true),
      tone: scale.p.sequential[4],
      words: (/** @type {number} */ value) => ({ bold: `${plain(value, 1)} ${words}`, plain: "" }),
    };
  };
  const series = [
    measured("nodes", 2, { top, bottom: parting - gap / 2 }, "nodes"),
    measured("depth", 1, { top: parting + gap / 2, bottom }, "deep"),
  ].filter(({ marks }) => marks.length);
  drawMeasured(curves, scale, series, top, bottom);
}

/** @param {Curves} curves @param {Scale} scale @param {number} top @param {number} bottom */
export function drawShare(curves, scale, top, bottom) {
  const { x, u, chosen } = scale;
  const names = depths(curves);
  const rows = shares(curves);
  const y = (/** @type {number} */ value) => bottom - value * (bottom - top);
  rules(scale, [0, 0.5, 1], y, (value) => percent(value, 0));
  if (!rows.length) return nothing(scale, "from the first trained step", top, bottom);
  // Columns, not areas: a depth that a step has not reached is a gap, and no slope to the next step.
  const field = { x: (/** @type {number} */ step) => x(step), u };
  const { columns, half } = shareColumns(rows, field);
  for (const column of columns) drawColumn(scale, column, half, y);
  const fit = Math.floor((bottom - top) / (13 * u));
  const newest = rows[rows.length - 1];
  const here = chosen === newest.step ? undefined : rows.find((row) => row.step === chosen);
  const figures = here ? shareFigures(here).slice(0, fit) : [];
  const chosenFigures = figures.map(({ share, middle }) => ({ text: percent(share, 0), y: y(middle) }));
  figuresAt(scale, chosenFigures, top + 4 * u, bottom);
  const left = x(newest.step) + half + 4 * u;
  const ends = shareFigures(newest).slice(0, fit).map(({ level, share, middle }) => {
    return { x: left, y: y(middle), bold: "", plain: `depth ${names[level]} ${percent(share, 0)}` };
  });
  endLabels(scale, ends, top, bottom);
}

/**
 * A step's shares on each other, or those of the steps that one column of pixels holds.
 * @param {Scale} scale @param {{x: number, parts: number[]}} column @param {number} half of its width
 * @param {Place} y
 */
function drawColumn({ context, p }, { x, parts }, half, y) {
  let below = 0;
  parts.forEach((part, level) => {
    if (!(part > 0)) return;
    const [low, high] = [y(below), y(below + part)];
    below += part;
    context.fillStyle = p.sequential[Math.min(5, level + 1)];
    context.fillRect(x - half, high, half * 2, low - high);
    if (half < 3) return;
    context.fillStyle = p.page; // a line between two depths, which may share a tone
    context.fillRect(x - half, high - 0.5, half * 2, 1);
  });
}

/** @param {Curves} curves @param {Scale} scale @param {number} top @param {number} bottom */
export function drawSpeed(curves, scale, top, bottom) {
  const { p } = scale;
  const series = [
    { marks: marksOf(curves, "tokens_per_second/training"), words: "training", tone: p.sequential[5] },
    { marks: marksOf(curves, "tokens_per_second/generation"), words: "sampling", tone: p.sequential[3] },
  ].filter(({ marks }) => marks.length);
  const high = Math.max(1, ...series.flatMap(({ marks }) => marks.map((mark) => mark.value)));
  const figure = (/** @type {number} */ v) => (v >= 1000 ? `${brief(v / 1000, 1)}k` : brief(v));
  const y = values(scale, high, { top, bottom }, figure);
  if (!series.length) return nothing(scale, "from the first trained step", top, bottom);
  const measured = series.map(({ marks, words, tone }) => {
    return { marks, tone, y, words: (/** @type {number} */ value) => ({ bold: rate(value), plain: words }) };
  });
  drawMeasured(curves, scale, measured, top, bottom);
}

/** @param {Curves} curves @param {Scale} scale @param {number} top @param {number} bottom */
export function drawRefusals(curves, scale, top, bottom) {
  const { context, p, x, u } = scale;
  const kinds = refusalKinds(curves, KINDS.length);
  const rows = stacked(curves, "refusals", kinds);
  const high = rows.reduce((most, row) => Math.max(most, row.total), 1);
  const y = values(scale, high, { top, bottom }, (value) => brief(value), true);
  if (!kinds.length) return nothing(scale, "none so far", top, bottom);
  const wide = Math.max(1, Math.min(10, (x(1) - x(0)) * 0.7));
  for (const row of rows) {
    let below = 0;
    row.parts.forEach((part, i) => {
      context.fillStyle = p.sequential[KINDS[i]];
      context.fillRect(x(row.step) - wide / 2, y(below + part), wide, y(below) - y(below + part));
      below += part;
    });
  }
  const here = rows.find((row) => row.step === scale.chosen);
  if (here) figuresAt(scale, [{ text: count(here.total), y: y(here.total) }], top, bottom);
  const left = Math.min(x(lastEnded(curves) ?? 0) + 12 * u, scale.width - 122 * u);
  scale.words.push(() => writeKinds(scale, kinds, left, top));
}

/**
 * The names of refusals, each with its tone.
 * @param {Scale} scale @param {string[]} kinds @param {number} left @param {number} top
 */
function writeKinds(scale, kinds, left, top) {
  const { context, p, u } = scale;
  type(scale, 11);
  context.textAlign = "left";
  context.textBaseline = "middle";
  kinds.forEach((kind, i) => {
    const middle = top + (6 + i * 15) * u;
    const words = fitText(context, oneLine(kind.replace(/_/g, " "), 30), scale.width - left - 14 * u);
    ground(scale, left, middle, 13 * u + context.measureText(words).width);
    context.fillStyle = p.sequential[KINDS[i]];
    context.fillRect(left, middle - 4 * u, 8 * u, 8 * u);
    context.fillStyle = p.second;
    context.fillText(words, left + 13 * u, middle);
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

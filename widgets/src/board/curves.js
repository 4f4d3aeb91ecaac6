// What the board's plots draw: the metrics of a run over its steps.

import { at, depths, FEW, NO_SUCCESS, lastEnded, marksOf, refusalKinds, shares, stacked, successSeries } from "./figures.js";
import { brief, percent, plain, rate } from "../shared/format.js";
import { oneLine } from "../shared/text.js";
import { fitText } from "../shared/canvas.js";
import { band, dot, endLabels, figureAt, ground, line, rules, type, values } from "./plots.js";

/** @typedef {import("./plots.js").Scale} Scale */
/** @typedef {import("./figures.js").Curves} Curves */

/** Sequential tones of the curves, by place: easy is pale, hard is strong. */
const TONES = [3, 4, 5];

/**
 * Root success: training roots as a line with its band, probes as rings on a dashed line.
 * @param {Curves} curves @param {string} words what comes, said in the field @param {boolean} few there are only a few points
 * @param {Scale} scale @param {number} top @param {number} bottom
 */
export function drawSuccess(curves, words, few, scale, top, bottom) {
  const { p, x, u } = scale;
  const y = (/** @type {number} */ value) => bottom - value * (bottom - top);
  rules(scale, [0, 0.25, 0.5, 0.75, 1], y, (value) => value.toFixed(2));
  const between = /** @type {const} */ ([y(0.75), y(0.5)]); // two rules, none of which strikes the words out
  if (!curves.step.length) return nothing(scale, "no step has ended yet: the curves begin with the first", ...between);
  const all = successSeries(curves);
  if (!all.length) return nothing(scale, NO_SUCCESS.toLowerCase(), ...between);
  const spread_ = new Set(all.map((series) => series.place)).size;
  const tone = (/** @type {number} */ place) => p.sequential[spread_ === 1 ? 4 : TONES[Math.min(place, TONES.length - 1)]];
  for (const series of all) if (!series.probe) band(scale, series.points, y, tone(series.place), 0.16);
  for (const series of all) {
    const colour = tone(series.place);
    if (!series.probe) {
      line(scale, series.points, y, { colour, width: 1.8 });
      if (!few) continue;
      for (const point of series.points) {
        whisker(scale, x(point.step), y(point.low), y(point.high), colour, 2);
        dot(scale, x(point.step), y(point.value), 4, colour);
      }
      continue;
    }
    line(scale, series.points, y, { colour, width: 1, dash: [3, 3] });
    for (const point of series.points) {
      whisker(scale, x(point.step), y(point.low), y(point.high), colour);
      dot(scale, x(point.step), y(point.value), 3, colour, "ring");
    }
  }
  const far = x(lastEnded(curves) ?? 0);
  const ends = all.map((series) => {
    const end = series.points[series.points.length - 1];
    const half = (end.high - end.low) / 2;
    return { x: far, y: y(end.value), bold: series.probe ? `${series.name}, probes` : series.name, plain: `${plain(end.value)} \u00b1 ${plain(half)}` };
  });
  endLabels(scale, fitted(scale, ends), top, bottom);
  if (words) sayWhatComes(scale, words, all, top, bottom);
  const { chosen } = scale;
  if (chosen === null) return;
  const here = all.map((series) => ({ series, point: at(series.points, chosen) })).filter(({ point }) => point);
  for (const { series, point } of here) {
    if (!point) continue;
    dot(scale, x(chosen), y(point.value), 4.5, p.page);
    dot(scale, x(chosen), y(point.value), 3.5, tone(series.place), series.probe ? "ring" : "disc");
  }
  // At the newest step the ends of the series say the same.
  if (chosen === lastEnded(curves)) return;
  for (const { point } of here) if (point) figureAt(scale, plain(point.value), x(chosen), Math.max(top, y(point.value) - 11 * u));
}

/** In the free part of the field, away from the points. @param {Scale} scale @param {string} words @param {import("./figures.js").Success[]} all @param {number} top @param {number} bottom */
function sayWhatComes(scale, words, all, top, bottom) {
  const { context, p, right, u } = scale;
  const high = all.some((series) => series.points.some((point) => point.value > 0.78));
  const middle = bottom - (high ? 0.125 : 0.875) * (bottom - top);
  scale.words.push(() => {
    type(scale, 11);
    const fitting = fitText(context, words, right - scale.x(0) - 8 * u);
    const width = context.measureText(fitting).width;
    ground(scale, right - 4 * u - width, middle, width);
    context.fillStyle = p.label;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(fitting, right - 4 * u - width, middle);
  });
}

/** Where the names do not fit beside the last step, they go without their interval.
 * @param {Scale} scale @param {{x: number, y: number, bold: string, plain: string}[]} ends */
function fitted(scale, ends) {
  const { context, width, u } = scale;
  return ends.map((end) => {
    type(scale, 11, 600);
    const whole = end.x + 16 * u + context.measureText(`${end.bold} ${end.plain}`).width;
    return whole <= width ? end : { ...end, plain: end.plain.split(" ")[0] };
  });
}

/** @param {Curves} curves @param {Scale} scale @param {number} top @param {number} bottom */
export function drawShape(curves, scale, top, bottom) {
  const { p, x } = scale;
  const nodes = marksOf(curves, "nodes");
  const levels = marksOf(curves, "depth");
  const third = top + (bottom - top) * 0.6;
  const gap = 12 * scale.u;
  const most = (/** @type {{value: number}[]} */ marks, /** @type {number} */ least) => marks.reduce((high, mark) => Math.max(high, mark.value), least);
  const yNodes = values(scale, most(nodes, 2), top, third - gap / 2, 2, (v) => brief(v), true);
  const yDepth = values(scale, most(levels, 1), third + gap / 2, bottom, 2, (v) => brief(v), true);
  /** @type {{x: number, y: number, bold: string, plain: string}[]} */
  const ends = [];
  for (const [marks, y, words] of /** @type {[import("./figures.js").Mark[], (v: number) => number, string][]} */ ([
    [nodes, yNodes, "nodes"],
    [levels, yDepth, "deep"],
  ])) {
    if (!marks.length) continue;
    line(scale, marks, y, { colour: p.sequential[4], width: 1.6 });
    if (marks.length <= FEW) for (const point of marks) dot(scale, x(point.step), y(point.value), 3, p.sequential[4]);
    const end = marks[marks.length - 1];
    ends.push({ x: x(end.step), y: y(end.value), bold: `${plain(end.value, 1)} ${words}`, plain: "" });
    mark(scale, marks, y);
  }
  endLabels(scale, ends, top, bottom);
}

/** The chosen value of a curve. @param {Scale} scale @param {import("./figures.js").Mark[]} marks @param {(v: number) => number} y */
function mark(scale, marks, y) {
  const here = scale.chosen === null ? undefined : at(marks, scale.chosen);
  if (here) dot(scale, scale.x(here.step), y(here.value), 2.8, scale.p.text);
}

/** @param {Curves} curves @param {Scale} scale @param {number} top @param {number} bottom */
export function drawShare(curves, scale, top, bottom) {
  const { context, p, x, u, chosen } = scale;
  const names = depths(curves);
  const { rows, here } = shares(curves, chosen);
  const y = (/** @type {number} */ value) => bottom - value * (bottom - top);
  rules(scale, [0, 0.5, 1], y, (value) => percent(value, 0));
  if (!rows.length) return nothing(scale, "from the first trained step", top, bottom);
  const half = rows.length <= FEW ? Math.max(3, Math.min(14 * u, (x(1) - x(0)) * 0.35)) : 0; // bars, until they make areas
  const tone = (/** @type {number} */ level) => p.sequential[Math.min(5, level + 1)];
  const below = rows.map(() => 0);
  names.forEach((_, level) => {
    context.beginPath();
    rows.forEach((row, i) => {
      const high = (below[i] + row.parts[level]) / row.total;
      if (half) context.rect(x(row.step) - half, y(high), half * 2, y(below[i] / row.total) - y(high));
      else if (i) context.lineTo(x(row.step), y(high));
      else context.moveTo(x(row.step), y(high));
    });
    if (!half) for (let i = rows.length - 1; i >= 0; i -= 1) context.lineTo(x(rows[i].step), y(below[i] / rows[i].total));
    context.closePath();
    context.fillStyle = tone(level);
    context.fill();
    context.strokeStyle = p.page;
    context.lineWidth = 1;
    context.stroke();
    rows.forEach((row, i) => {
      below[i] += row.parts[level];
    });
  });
  let under = 0;
  const end = rows[rows.length - 1];
  const last = end.parts.map((part) => {
    under += part / end.total;
    return y(under - part / end.total / 2);
  });
  const labels = names
    .map((name, level) => ({ level, bold: "", share: here.parts[level] / here.total, text: `depth ${name}`, y: last[level] }))
    .filter((label) => label.share >= 0.005)
    .slice(0, Math.floor((bottom - top) / (13 * u)));
  const swatch = labels.map((label) => ({ x: x(end.step) + half + (half ? 2 : 8) * u, y: label.y, bold: "", plain: `${label.text} ${percent(label.share, 0)}` }));
  endLabels(scale, swatch, top, bottom);
}

/** @param {Curves} curves @param {Scale} scale @param {number} top @param {number} bottom */
export function drawSpeed(curves, scale, top, bottom) {
  const { p, x } = scale;
  const series = [
    { marks: marksOf(curves, "tokens_per_second/training"), words: "training", tone: p.sequential[5] },
    { marks: marksOf(curves, "tokens_per_second/generation"), words: "sampling", tone: p.sequential[3] },
  ].filter(({ marks }) => marks.length);
  const high = Math.max(1, ...series.flatMap(({ marks }) => marks.map((mark) => mark.value)));
  const y = values(scale, high, top, bottom, 2, (v) => (v >= 1000 ? `${brief(v / 1000, 1)}k` : brief(v)));
  if (!series.length) return nothing(scale, "from the first trained step", top, bottom);
  /** @type {{x: number, y: number, bold: string, plain: string}[]} */
  const ends = [];
  for (const { marks, words, tone } of series) {
    line(scale, marks, y, { colour: tone, width: 1.6 });
    if (marks.length <= FEW) for (const point of marks) dot(scale, x(point.step), y(point.value), 3, tone);
    const end = marks[marks.length - 1];
    ends.push({ x: x(end.step), y: y(end.value), bold: rate(end.value), plain: words });
    mark(scale, marks, y);
  }
  endLabels(scale, ends, top, bottom);
}

/** @param {Curves} curves @param {Scale} scale @param {number} top @param {number} bottom */
export function drawRefusals(curves, scale, top, bottom) {
  const { context, p, x, u } = scale;
  const kinds = refusalKinds(curves);
  const rows = stacked(curves, "refusals", kinds);
  const high = rows.reduce((most, row) => Math.max(most, row.total), 1);
  const y = values(scale, high, top, bottom, 2, (v) => brief(v), true);
  const tones = [5, 3, 1, 2];
  if (!kinds.length) return nothing(scale, "none so far", top, bottom);
  const wide = Math.max(1, Math.min(10, (x(1) - x(0)) * 0.7));
  for (const row of rows) {
    let below = 0;
    row.parts.forEach((part, i) => {
      context.fillStyle = p.sequential[tones[i]];
      context.fillRect(x(row.step) - wide / 2, y(below + part), wide, y(below) - y(below + part));
      below += part;
    });
  }
  scale.words.push(() => writeKinds(scale, kinds, tones, Math.min(x(lastEnded(curves) ?? 0) + 12 * u, scale.width - 106 * u), top));
}

/** The names of refusals, each with its tone. @param {Scale} scale @param {string[]} kinds @param {number[]} tones @param {number} left @param {number} top */
function writeKinds(scale, kinds, tones, left, top) {
  const { context, p, u } = scale;
  type(scale, 11);
  context.textAlign = "left";
  context.textBaseline = "middle";
  kinds.forEach((kind, i) => {
    const middle = top + (6 + i * 15) * u;
    const words = fitText(context, oneLine(kind.replace(/_/g, " "), 30), scale.width - left - 14 * u);
    ground(scale, left, middle, 13 * u + context.measureText(words).width);
    context.fillStyle = p.sequential[tones[i]];
    context.fillRect(left, middle - 4 * u, 8 * u, 8 * u);
    context.fillStyle = p.second;
    context.fillText(words, left + 13 * u, middle);
  });
}

/** @param {Scale} scale @param {string} words @param {number} top @param {number} bottom */
function nothing(scale, words, top, bottom) {
  const { context, p, x, right } = scale;
  scale.words.push(() => {
    type(scale, 11);
    const width = context.measureText(words).width;
    const left = (x(0) + right - width) / 2;
    const middle = (top + bottom) / 2;
    ground(scale, left, middle, width);
    context.fillStyle = p.label;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(words, left, middle);
  });
}

/** @param {Scale} scale @param {number} x @param {number} low @param {number} high @param {string} colour @param {number} [width] */
function whisker({ context }, x, low, high, colour, width = 1) {
  context.globalAlpha = 0.4;
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  context.moveTo(x, low);
  context.lineTo(x, high);
  context.stroke();
  context.globalAlpha = 1;
}

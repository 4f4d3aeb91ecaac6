// Small plots as SVG: lines with bands, stacked shares. One upright line, the chosen step, through each.

import { s } from "../shared/dom.js";

/** @typedef {(number | null)[]} Series */
/** @typedef {{name: string, words: string, values: Series, low?: Series, high?: Series, colour: string}} Line */

/**
 * @typedef {object} Frame
 * @property {number} width
 * @property {number} height
 * @property {number} left
 * @property {number} right
 * @property {number} top
 * @property {number} bottom
 * @property {number[]} steps
 * @property {number} last the right end of the axis
 * @property {number | null} chosen
 */

/** @param {Frame} frame */
function scales(frame) {
  const first = frame.steps[0] ?? 0;
  const span = Math.max(1, frame.last - first);
  const x = (/** @type {number} */ step) => frame.left + ((step - first) / span) * (frame.width - frame.left - frame.right);
  const y = (/** @type {number} */ value, /** @type {number} */ most) => frame.height - frame.bottom - (value / most) * (frame.height - frame.top - frame.bottom);
  return { first, x, y };
}

/** A round number at or above. @param {number} value */
export function roundUp(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((part) => part * power >= value - 1e-9) ?? 10) * power;
}

/** @param {number} value */
function short(value) {
  if (value >= 1000) return `${(value / 1000).toFixed(value >= 10_000 || value % 1000 === 0 ? 0 : 1)}k`;
  return Number.isInteger(value) ? String(value) : String(Number(value.toFixed(2)));
}

/** @param {Frame} frame @param {number} most @param {(value: number) => string} words @param {number} lines */
function axes(frame, most, words, lines) {
  const { first, x, y } = scales(frame);
  const parts = [];
  for (let i = 0; i <= lines; i += 1) {
    const value = (most * i) / lines;
    const at = Math.round(y(value, most)) + 0.5;
    parts.push(s("path", { d: `M${frame.left} ${at}H${frame.width - frame.right}`, stroke: i ? "var(--rule)" : "var(--strong)" }), s("text", { x: frame.left - 6, y: at + 3.5, "text-anchor": "end", "font-size": 10, fill: "var(--label)" }, words(value)));
  }
  const each = roundUp(Math.max(1, (frame.last - first) / 4));
  for (let step = Math.ceil(first / each) * each; step <= frame.last; step += each) {
    parts.push(s("text", { x: x(step), y: frame.height - 3, "text-anchor": "middle", "font-size": 10, fill: "var(--label)" }, String(step)));
  }
  return parts;
}

/** @param {Series} values @param {number[]} steps @param {(step: number) => number} x @param {(value: number) => number} y */
function path(values, steps, x, y) {
  let d = "";
  let pen = false;
  values.forEach((value, i) => {
    if (value === null || value === undefined) {
      pen = false;
      return;
    }
    d += `${pen ? "L" : "M"}${x(steps[i]).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = true;
  });
  return d;
}

/**
 * Lines named at their ends.
 * @param {Frame} frame @param {Line[]} lines @param {{most?: number, words?: (value: number) => string, rules?: number, marks?: boolean}} [how]
 */
export function linePlot(frame, lines, how = {}) {
  const { x, y } = scales(frame);
  const values = lines.flatMap((line) => [...line.values, ...(line.high ?? [])]).filter((value) => value !== null && value !== undefined);
  const most = how.most ?? roundUp(Math.max(1e-6, .../** @type {number[]} */ (values)));
  const words = how.words ?? short;
  const parts = axes(frame, most, words, how.rules ?? 2);
  const ends = [];
  for (const line of lines) {
    const up = (/** @type {number} */ value) => y(Math.max(0, value), most);
    if (line.low && line.high) {
      const known = frame.steps.map((step, i) => ({ step, low: line.low?.[i], high: line.high?.[i] })).filter((point) => typeof point.low === "number" && typeof point.high === "number");
      if (known.length > 1) {
        const upper = known.map((point) => `${x(point.step).toFixed(1)} ${up(/** @type {number} */ (point.high)).toFixed(1)}`);
        const lower = known.reverse().map((point) => `${x(point.step).toFixed(1)} ${up(/** @type {number} */ (point.low)).toFixed(1)}`);
        parts.push(s("path", { d: `M${upper.join("L")}L${lower.join("L")}z`, fill: line.colour, opacity: 0.16 }));
      }
    }
    parts.push(s("path", { d: path(line.values, frame.steps, x, up), fill: "none", stroke: line.colour, "stroke-width": 1.8, "stroke-linejoin": "round" }));
    let at = line.values.length - 1;
    while (at >= 0 && (line.values[at] === null || line.values[at] === undefined)) at -= 1;
    if (at < 0) continue;
    const value = /** @type {number} */ (line.values[at]);
    if (line.values.filter((one) => one !== null && one !== undefined).length === 1) parts.push(s("circle", { cx: x(frame.steps[at]), cy: up(value), r: 2.5, fill: line.colour }));
    ends.push({ line, x: x(frame.steps[at]) + 7, y: up(value), value });
  }
  ends.sort((a, b) => a.y - b.y);
  for (let i = 1; i < ends.length; i += 1) ends[i].y = Math.max(ends[i].y, ends[i - 1].y + 13);
  for (const end of ends) {
    const room = frame.width - end.x;
    const over = room < 70;
    parts.push(s("text", { x: over ? frame.width - frame.right - 4 : end.x, y: Math.max(10, over ? end.y - 8 : end.y + 4), "text-anchor": over ? "end" : "start", "font-size": 11, fill: "var(--text)", stroke: "var(--page)", "stroke-width": 3, "paint-order": "stroke" }, s("tspan", { "font-weight": 600 }, end.line.name), " ", s("tspan", { fill: "var(--label)" }, end.line.words || words(end.value))));
  }
  parts.push(...chosenLine(frame, lines, most, how.marks ?? false));
  return parts;
}

/** @param {Frame} frame @param {Line[]} lines @param {number} most @param {boolean} marks */
function chosenLine(frame, lines, most, marks) {
  const { x, y } = scales(frame);
  if (frame.chosen === null) return [];
  const at = frame.steps.indexOf(frame.chosen);
  const parts = [s("path", { d: `M${x(frame.chosen)} ${frame.top - 6}V${frame.height - frame.bottom}`, stroke: "var(--text)", "stroke-width": 1.2 })];
  if (!marks || at < 0) return parts;
  for (const line of lines) {
    const value = line.values[at];
    if (value === null || value === undefined) continue;
    parts.push(s("circle", { cx: x(frame.chosen), cy: y(value, most), r: 4, fill: line.colour, stroke: "var(--page)", "stroke-width": 1.5 }), s("text", { x: x(frame.chosen) - 8, y: y(value, most) - 7, "text-anchor": "end", "font-size": 11, "font-weight": 600, fill: "var(--text)", stroke: "var(--page)", "stroke-width": 3, "paint-order": "stroke" }, value.toFixed(2)));
  }
  return parts;
}

/** Shares that add up to the whole, from below. @param {Frame} frame @param {Line[]} lines */
export function stackPlot(frame, lines) {
  const { x, y } = scales(frame);
  const parts = axes(frame, 1, (value) => `${Math.round(value * 100)} %`, 2);
  const base = frame.steps.map(() => 0);
  for (const line of lines) {
    const upper = frame.steps.map((step, i) => `${x(step).toFixed(1)} ${y(Math.min(1, base[i] + (line.values[i] ?? 0)), 1).toFixed(1)}`);
    const lower = frame.steps.map((step, i) => `${x(step).toFixed(1)} ${y(Math.min(1, base[i]), 1).toFixed(1)}`).reverse();
    if (frame.steps.length > 1) parts.push(s("path", { d: `M${upper.join("L")}L${lower.join("L")}z`, fill: line.colour, stroke: "var(--page)", "stroke-width": 0.8 }));
    else parts.push(s("rect", { x: frame.left, width: 6, y: y(base[0] + (line.values[0] ?? 0), 1), height: Math.max(0, y(base[0], 1) - y(base[0] + (line.values[0] ?? 0), 1)), fill: line.colour }));
    const last = frame.steps.length - 1;
    const value = line.values[last] ?? 0;
    if (value > 0.06) parts.push(s("text", { x: x(frame.steps[last]) + 7, y: y(base[last] + value / 2, 1) + 4, "font-size": 11, fill: "var(--second)", stroke: "var(--page)", "stroke-width": 3, "paint-order": "stroke" }, `${line.name} ${Math.round(value * 100)} %`));
    lines.length && line.values.forEach((one, i) => (base[i] += one ?? 0));
  }
  parts.push(...chosenLine(frame, [], 1, false));
  return parts;
}

/** The step under a pointer. @param {Frame} frame @param {number} px */
export function stepAt(frame, px) {
  const { first } = scales(frame);
  const target = first + ((px - frame.left) / Math.max(1, frame.width - frame.left - frame.right)) * Math.max(1, frame.last - first);
  return frame.steps.reduce((best, step) => (Math.abs(step - target) < Math.abs(best - target) ? step : best), frame.steps[0]);
}

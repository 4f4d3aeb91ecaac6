// The kinds of badges: how many nodes of the step have each, and how many there were step by step.

import { h, s } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { badgeIcon } from "../shared/shapes.js";

/** @typedef {import("../step/badges.js").Badge} Badge */
/** @typedef {import("./counts.js").Counts} Counts */

const SPARK = { width: 56, height: 16 };
const CHART = { width: 240, height: 56 };

/**
 * A button for each kind that a node has; the others are named after them.
 * @param {Badge[]} badges @param {Map<string, number>} found @param {string} wanted name of one
 * @param {Counts | null} over the steps @param {number} step @param {(name: string) => void} look
 */
export function kindButtons(badges, found, wanted, over, step, look) {
  const all = [...found.values()].reduce((sum, number) => sum + number, 0);
  const given = badges.filter(({ key, name }) => found.has(key) || name === wanted);
  const others = badges.filter((badge) => !given.includes(badge));
  const button = (/** @type {string} */ name, /** @type {any[]} */ parts) =>
    h("button",
      { class: "kind", "aria-pressed": wanted === name, onclick: () => look(name) },
      parts,
    );
  const kinds = given.map((badge) => {
    const number = found.get(badge.key) ?? 0;
    const values = over?.counts[badge.key] ?? [];
    const parts = [
      badgeIcon(badge.mark, "", 13),
      h("span", { class: "name cut", title: badge.sentence }, badge.name),
      over && values.length > 1 && values.some(Boolean) ? bars(values, over.step, step, SPARK) : null,
      h("span", { class: "number" }, count(number)),
    ];
    return button(badge.name, parts);
  });
  const every = [h("span", { class: "name" }, "All badges"), h("span", { class: "number" }, count(all))];
  return [button("", every), ...kinds, others.length ? noneHere(others, look) : null];
}

/** @param {Badge[]} badges that no node has @param {(name: string) => void} look */
function noneHere(badges, look) {
  const names = badges.flatMap(({ name, sentence }, at) => {
    const button = h("button", { class: "link", title: sentence, onclick: () => look(name) }, name);
    return [h("span", { class: "held" }, button, at + 1 < badges.length ? "," : ""), " "];
  });
  return h("p", { class: "label others" }, "None here: ", names);
}

/**
 * The counts of a badge over the steps, larger and with its ends told.
 * @param {Badge} badge @param {Counts} over @param {number} step
 * @param {string} note what else is to be said of them
 */
export function countsChart(badge, over, step, note) {
  const values = over.counts[badge.key] ?? [];
  if (values.length < 2) return null;
  const most = Math.max(0, ...values.map((value) => value ?? 0));
  const last = over.step[over.step.length - 1];
  const here = values[over.step.indexOf(step)] ?? null;
  const own = here === null ? "" : `step ${step}: ${count(here)}; `;
  const all = last - over.step[0] + 1 === over.step.length;
  const some = all ? "step" : `${over.step.length} counted steps,`;
  const ends = `${own}${some} ${over.step[0]} to ${last}: at most ${count(most)}, probes left out`;
  return h("figure", { class: "over" },
    bars(values, over.step, step, CHART),
    h("figcaption", { class: "label" }, [ends, over.note, note].filter(Boolean).join("; ")),
  );
}

/**
 * One bar a step; that of the open step is darker. The pointer reads each.
 * @param {(number | null)[]} values @param {number[]} steps @param {number} step
 * @param {{width: number, height: number}} size
 */
function bars(values, steps, step, { width, height }) {
  const most = Math.max(1, ...values.map((value) => value ?? 0));
  const pitch = width / values.length;
  const parts = values.map((value, at) => {
    const high = value ? Math.max(1, (value / most) * (height - 1)) : 0;
    const fill = steps[at] === step ? "var(--text)" : "var(--seq3)";
    const wide = Math.max(0.5, Math.min(pitch * 0.75, 14));
    const place = { x: (at + 0.5) * pitch - wide / 2, y: height - 1 - high, width: wide };
    const field = { x: at * pitch, y: 0, width: pitch, height, fill: "transparent" };
    const words = `step ${steps[at]}: ${value === null ? "not counted" : count(value)}`;
    return s("g", {},
      high ? s("rect", { ...place, height: high, fill }) : null,
      s("rect", field, s("title", {}, words)),
    );
  });
  const ground = s("path", { d: `M0 ${height - 0.5}H${width}`, stroke: "var(--strong)" });
  const frame = { width, height, viewBox: `0 0 ${width} ${height}`, class: "bars", "aria-hidden": "true" };
  return s("svg", frame, ground, ...parts);
}

// The tasks of the chosen step: what their roots earned, the shape of their first tree, and the way into it.

import { fill, h, refill, s } from "../shared/dom.js";
import { count, many, plain } from "../shared/format.js";
import { icon } from "../shared/shapes.js";
import { taskName } from "../shared/text.js";
import { isLive } from "../step/status.js";
import { asRecorded } from "../step/shown.js";
import { groupRows, groupWords, miniature, piled } from "../step/groups.js";
import { markTone } from "./tones.js";

/** @typedef {import("../step/groups.js").GroupRow} GroupRow */
/** @typedef {import("../shared/theme.js").Palette} Palette */
/** @typedef {Pick<import("../step/shown.js").Shown, "step" | "credit">} Recorded */

/** px below the list in which trees are drawn already. */
const AHEAD = 200;
/** Discs that can stand on one point; of more, their number is said. */
const HIGHEST = 8;
/** px of a row's picture, and of a disc. */
const HIGH = 26;
const DISC = 2.6;

export class Tasks {
  /** @param {import("./host.js").BoardHost} host */
  constructor(host) {
    this.host = host;
    this.list = h("div", { class: "list" });
    this.all = false;
    this.list.addEventListener("scroll", () => this.showPictures());
    this.element = h("div", { class: "groups" });
    /** @type {{cell: HTMLElement, make: () => Element}[]} trees that were not yet scrolled into view */
    this.pictures = [];
    this.key = "";
    this.step = -1;
  }

  /** @param {number} room rows that stand in view @param {string} run whose they are, of several */
  update(room, run) {
    const { shown, palette, size, wanted } = this.host;
    const step = shown?.step;
    const theme = [palette.dark, palette.page, palette.unit];
    const here = step ? [step.step, step.revision, step.scored, step.step === wanted] : [];
    const key = step ? [...here, ...theme, room, size, run].join() : "";
    if (key === this.key) {
      this.showPictures(); // the list may be higher now
      this.showWhole();
      return;
    }
    this.key = key;
    if (!shown || !step?.groups.length) {
      const words = step && step.step >= 0 ? "No trees of this step are known yet." : "";
      fill(this.element, h("div", { class: "label" }, words));
      return;
    }
    const heir = (/** @type {HTMLElement} */ old) => {
      return this.element.querySelector(`[data-group="${old.dataset.group}"]`);
    };
    const top = this.step === step.step ? this.list.scrollTop : 0;
    this.step = step.step;
    refill(this.element, heir, this.parts(asRecorded(shown), room, run));
    this.list.scrollTop = top;
    this.showPictures();
    this.showWhole();
  }

  /** A list that scrolls ends with a whole row. */
  showWhole() {
    const { list } = this;
    list.style.marginBottom = "";
    const row = list.firstElementChild?.getBoundingClientRect().height ?? 0;
    if (row && list.scrollHeight > list.clientHeight + 1) {
      list.style.marginBottom = `${list.clientHeight % row}px`;
    }
  }

  /** Those that the board had no room for. @param {number} room @param {string} run */
  showAll(room, run) {
    this.all = true;
    this.key = "";
    this.update(room, run);
    /** @type {HTMLElement | undefined} */ (this.list.children[room])?.focus();
  }

  /** Draws the trees of the rows in view: a step may have thousands of tasks. */
  showPictures() {
    const { list } = this;
    const end = list.scrollTop + list.clientHeight + AHEAD;
    const due = this.pictures.filter(({ cell }) => cell.offsetTop < end);
    if (!due.length) return;
    this.pictures = this.pictures.slice(due.length);
    for (const { cell, make } of due) cell.append(make());
  }

  /** @param {Recorded} shown @param {number} room @param {string} run */
  parts(shown, room, run) {
    const { rows: groups, by } = groupRows(shown.step, shown.credit.R);
    const begun = groups.filter((row) => row.first >= 0);
    const values = begun.flatMap((row) => row.roots.map((root) => root.value));
    const most = Math.max(1, ...values.filter((value) => !Number.isNaN(value)));
    const waiting = groups.length - begun.length;
    const foot = [
      begun.length ? groupWords(begun, shown.step.scored) : "",
      waiting > 0 ? `${many(waiting, "task")} not begun` : "",
      begun.length ? "choose one to open its trees" : "",
    ];
    this.pictures = [];
    const more = !this.all && begun.length > room;
    const listed = more ? begun.slice(0, room) : begun;
    fill(this.list, listed.map((row) => this.row(shown, row, by, most)));
    const onclick = () => this.showAll(room, run);
    return [
      headRow(begun, by, run),
      this.list,
      more ? h("button", { class: "control", onclick }, `Show all ${many(begun.length, "task")}`) : null,
      h("div", { class: "label foot" }, `${foot.filter(Boolean).join("; ")}.`),
    ];
  }

  /** @param {Recorded} shown @param {GroupRow} row @param {"R" | "s"} by @param {number} most */
  row(shown, row, by, most) {
    const name = taskName(row) || "task";
    const known = row.roots.filter((root) => !Number.isNaN(root.value)).length;
    const figures = known ? `, mean ${by} ${plain(row.mean)}, spread ${plain(row.spread)}` : "";
    const roots = `${known} of ${many(row.roots.length, "root")} known${figures}`;
    const label = `${name}${row.probe ? ", probe" : ""}: ${roots}. Opens its trees.`;
    const probe = row.probe ? h("span", { class: "label" }, " probe") : null;
    const cell = h("span", { class: "tiny-tree" });
    this.pictures.push({ cell, make: () => miniaturePicture(shown, row.first, this.host.palette) });
    return h(
      "button",
      { class: "group", "data-group": row.group, "aria-label": label, onclick: () => this.open(row.first) },
      h("span", { class: "name cut" }, name, probe),
      h("span", { class: "axis" }, axisPicture(row, most, this.host.palette.unit)),
      cell,
      h("span", { class: "fig" }, Number.isNaN(row.spread) ? "\u2013" : plain(row.spread)),
      h("span", { class: "go" }, icon("chevron", 9)),
    );
  }

  /** @param {number} tree */
  open(tree) {
    const { host } = this;
    host.choose.tree(tree);
    host.setView("tree");
    host.focusNodes();
  }
}

/** @param {GroupRow[]} begun @param {"R" | "s"} by @param {string} run */
function headRow(begun, by, run) {
  const sizes = new Set(begun.map((row) => row.roots.length));
  const each = sizes.size === 1 ? `${[...sizes][0]} roots, ` : "roots, ";
  return h("div", { class: "group head label", "aria-hidden": "true" },
    h("span", { class: "name cut" }, run ? `tasks of ${run}` : "task"),
    h("span", { class: "axis" }, each, h("span", { class: "serif" }, by)),
    h("span", { class: "tiny-tree" }, "shape, tree 1"),
    h("span", { class: "fig" }, "spread"),
    h("span", { class: "go" }),
  );
}

/** @param {Recorded} shown @param {number} tree @param {Palette} p */
function miniaturePicture({ step, credit }, tree, p) {
  const places = miniature(step, tree);
  const high = places.reduce((most, place) => Math.max(most, Math.abs(place.y)), 0);
  const deep = places.reduce((most, place) => Math.max(most, place.x), 0);
  const gapY = Math.min(6.5, 9.5 / Math.max(1, high));
  const gapX = Math.min(20, 76 / Math.max(1, deep));
  const x = (/** @type {{x: number}} */ place) => 8 + place.x * gapX;
  const y = (/** @type {{y: number}} */ place) => 13 + place.y * gapY;
  const of = new Map(places.map((place) => [place.row, place]));
  const lines = places.map((place) => {
    const above = of.get(place.above);
    if (!above) return "";
    const [x0, y0, x1, y1] = [x(above), y(above), x(place), y(place)];
    return `M${x0} ${y0}C${x0 + gapX / 2} ${y0} ${x1 - gapX / 2} ${y1} ${x1} ${y1}`;
  });
  const dots = places.map((place) => {
    const live = isLive(step.status[place.row]);
    const A = credit.A[place.row];
    const colour = live ? p.live : markTone(p, A);
    const radius = place.above < 0 ? 4.5 : 2.7;
    const full = !live && step.s[place.row] >= 0.5;
    const pen = { fill: full ? colour : p.page, stroke: full ? "none" : colour, "stroke-width": 1.3 };
    return s("circle", { cx: x(place), cy: y(place), r: full ? radius : radius - 0.6, ...pen });
  });
  const path = { d: lines.join(""), fill: "none", stroke: p.gauge, "stroke-width": 0.9 };
  const frame = { width: 96 * p.unit, height: 26 * p.unit, viewBox: "0 0 96 26", "aria-hidden": "true" };
  return s("svg", frame, s("path", path), ...dots);
}

/**
 * Roots on an axis of reward: a disc each, those of one point on top of each other; the mean as a tick.
 * @param {GroupRow} row @param {number} most @param {number} u unit of type
 */
function axisPicture(row, most, u) {
  // Shares of the width, not pixels of a drawing: discs stay round in a narrow cell.
  const x = (/** @type {number} */ value) => `${(4 + (value / most) * 92).toFixed(2)}%`;
  const known = row.roots.map((root) => root.value).filter((value) => !Number.isNaN(value));
  const floor = (HIGH - 4) * u;
  const mean = { x1: x(row.mean), x2: x(row.mean), y1: floor - 7 * u, y2: floor + 3.5 * u };
  return s("svg", { height: HIGH * u, "aria-hidden": "true" },
    s("line", { x1: "2%", x2: "98%", y1: floor + 0.5, y2: floor + 0.5, stroke: "var(--strong)" }),
    ...piled(known, most).flatMap((pile) => stack(pile, x(pile.value), floor, u)),
    known.length > 1 ? s("line", { ...mean, stroke: "var(--text)", "stroke-width": 1.8 }) : null,
  );
}

/**
 * Discs from the axis up, closer if they are many.
 * @param {{size: number}} pile @param {string} x @param {number} floor @param {number} u
 */
function stack({ size }, x, floor, u) {
  const r = DISC * u;
  const pen = { fill: "var(--seq3)", stroke: "var(--ground, var(--page))", "stroke-width": 0.8 };
  if (size > HIGHEST) {
    const type = { "text-anchor": "middle", "font-size": 10 * u, fill: "var(--second)" };
    const words = { x, y: floor - 2.6 * r, ...type };
    return [s("circle", { cx: x, cy: floor - r, r: r * 1.2, ...pen }), s("text", words, count(size))];
  }
  const pitch = Math.min(2 * r, (floor - 2 * r) / Math.max(1, size - 1));
  return Array.from({ length: size }, (_, i) => s("circle", { cx: x, cy: floor - r - i * pitch, r, ...pen }));
}

// The tasks of the chosen step: what their roots earned, the shape of their first tree, and the way into it.

import { groupRows, miniature, moreWords } from "./groups.js";
import { shapeOf } from "../step/status.js";
import { fill, h, s } from "../shared/dom.js";
import { many, plain } from "../shared/format.js";
import { taskName } from "../shared/text.js";
import { icon } from "../shared/shapes.js";
import { rampColour } from "../shared/theme.js";

/** @typedef {import("../app/app.js").App} App */

export class Tasks {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.element = h("div", { class: "groups" });
    this.key = "";
  }

  /** @param {number} room rows that stand in view */
  update(room) {
    const { app } = this;
    const { step } = app;
    const { credit } = app.rule;
    const shown = !!step && step.step === (app.client.wanted ?? step.step);
    const key = step ? [step.step, step.revision, step.scored, app.palette.dark, app.palette.page, room, app.size, shown].join() : "";
    if (key === this.key) return;
    this.key = key;
    if (!step || !credit || !step.groups.length) {
      fill(this.element, h("div", { class: "label" }, step && step.step >= 0 ? "No trees of this step are known yet." : ""));
      return;
    }
    const focused = this.element.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.group : undefined;
    const { rows, by } = groupRows(step, credit.R);
    const begun = rows.filter((row) => row.first >= 0);
    const listed = begun.slice(0, room);
    const sizes = begun.map((row) => row.roots.length);
    const most = Math.max(by === "R" ? 1 : 1, ...begun.flatMap((row) => row.roots.map((root) => root.value)).filter((value) => !Number.isNaN(value)));
    const each = sizes.length && sizes.every((size) => size === sizes[0]) ? `${sizes[0]} roots, ` : "roots, ";
    const head = h("div", { class: "group head label", "aria-hidden": "true" }, h("span", { class: "name" }, "task"), h("span", { class: "axis" }, each, h("span", { class: "serif" }, by)), h("span", { class: "tiny-tree" }, "shape, tree 1"), h("span", { class: "fig" }, "spread"), h("span", { class: "go" }));
    const items = listed.map((row) => {
      const name = taskName(row) || "task";
      const known = row.roots.filter((root) => !Number.isNaN(root.value)).length;
      const said = `${name}${row.probe ? ", probe" : ""}: ${known} of ${many(row.roots.length, "root")} known${known ? `, mean ${by} ${plain(row.mean)}, spread ${plain(row.spread)}` : ""}. Opens its trees.`;
      return h(
        "button",
        { class: "group", "data-group": row.group, "aria-label": said, onclick: () => this.openGroup(row.first) },
        h("span", { class: "name cut" }, name, row.probe ? h("span", { class: "label" }, " probe") : null),
        h("span", { class: "axis" }, axisPicture(row, most)),
        h("span", { class: "tiny-tree" }, this.miniaturePicture(row.first)),
        h("span", { class: "fig" }, Number.isNaN(row.spread) ? "\u2013" : plain(row.spread)),
        h("span", { class: "go" }, icon("chevron", 9)),
      );
    });
    const more = begun.length - listed.length;
    const waiting = rows.length - begun.length;
    const foot = [more > 0 ? `${moreWords(more, "task")}.` : "", waiting > 0 ? `${moreWords(waiting, "task")} not begun.` : "", listed.length ? "Choosing one opens its trees." : ""].filter(Boolean).join(" ");
    fill(this.element, head, items, h("div", { class: "label foot" }, foot));
    if (focused !== undefined) /** @type {HTMLElement | null} */ (this.element.querySelector(`[data-group="${focused}"]`))?.focus();
  }

  /** @param {number} tree */
  openGroup(tree) {
    const { app } = this;
    app.choose.tree(tree);
    app.setView("tree");
    app.outline.focus();
  }

  /** @param {number} tree */
  miniaturePicture(tree) {
    const { app } = this;
    const step = /** @type {import("../step/store.js").Step} */ (app.step);
    const credit = /** @type {import("../step/types.js").CreditColumns} */ (app.rule.credit);
    const p = app.palette;
    const places = miniature(step, tree);
    const high = places.reduce((most, place) => Math.max(most, Math.abs(place.y)), 0);
    const deep = places.reduce((most, place) => Math.max(most, place.x), 0);
    const gapY = Math.min(6.5, 9.5 / Math.max(1, high));
    const gapX = Math.min(20, 76 / Math.max(1, deep));
    const x = (/** @type {{x: number}} */ place) => 8 + place.x * gapX;
    const y = (/** @type {{y: number}} */ place) => 13 + place.y * gapY;
    const of = new Map(places.map((place) => [place.row, place]));
    const lines = places.filter((place) => of.has(place.above)).map((place) => {
      const above = /** @type {{x: number, y: number}} */ (of.get(place.above));
      return `M${x(above)} ${y(above)}C${x(above) + gapX / 2} ${y(above)} ${x(place) - gapX / 2} ${y(place)} ${x(place)} ${y(place)}`;
    });
    const dots = places.map((place) => {
      const shape = shapeOf(step.status[place.row], step.s[place.row]);
      const live = shape === "running" || shape === "waiting";
      const A = credit.A[place.row];
      const colour = live ? p.live : Number.isNaN(A) ? p.gauge : strong(p, A);
      const radius = place.above < 0 ? 4.5 : 2.7;
      const full = !live && step.s[place.row] >= 0.5;
      return s("circle", { cx: x(place), cy: y(place), r: full ? radius : radius - 0.6, fill: full ? colour : p.page, stroke: full ? "none" : colour, "stroke-width": 1.3 });
    });
    return s("svg", { width: 96, height: 26, viewBox: "0 0 96 26", "aria-hidden": "true" }, s("path", { d: lines.join(""), fill: "none", stroke: p.faint, "stroke-width": 0.9 }), ...dots);
  }
}

/** Advantage as a tone that a small mark can carry. @param {import("../shared/theme.js").Palette} p @param {number} A */
function strong(p, A) {
  if (Math.abs(A) < 0.02) return p.gauge;
  return rampColour(p, Math.sign(A) * Math.max(0.55, Math.abs(A)));
}

/** Roots on an axis of reward: a disc each, the mean as a tick. @param {import("./groups.js").GroupRow} row @param {number} most */
function axisPicture(row, most) {
  // Shares of the width, not pixels of a drawing: discs stay round in a narrow cell.
  const x = (/** @type {number} */ value) => `${(4 + (value / most) * 92).toFixed(2)}%`;
  const known = row.roots.filter((root) => !Number.isNaN(root.value));
  return s(
    "svg",
    { height: 16, "aria-hidden": "true" },
    s("line", { x1: "2%", x2: "98%", y1: 8.5, y2: 8.5, stroke: "var(--rule)" }),
    ...known.map((root) => s("circle", { cx: x(root.value), cy: 8, r: 3, fill: "var(--seq3)", opacity: 0.6 })),
    known.length > 1 ? s("line", { x1: x(row.mean), x2: x(row.mean), y1: 2.5, y2: 13.5, stroke: "var(--text)", "stroke-width": 1.8 }) : null,
  );
}

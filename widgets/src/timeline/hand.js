// What the mouse does on the lanes and on their axis.

import { h } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { profile, timeAt, timeWords } from "./paint.js";

/** @typedef {import("./paint.js").Scale} Scale */

/**
 * @typedef {object} Touched
 * @property {import("./host.js").TimelineHost} host
 * @property {import("./host.js").OutlineRow[]} rows
 * @property {import("./lanes.js").TreeTimes | null} tree
 * @property {HTMLElement} list
 * @property {HTMLElement} stage
 * @property {HTMLElement} tip
 * @property {{canvas: HTMLCanvasElement}} axis
 * @property {(width: number) => {scale: Scale}} scaleOf
 * @property {(factor: number, about: number) => void} zoomBy
 */

export class LaneHand {
  /** @param {Touched} view */
  constructor(view) {
    this.view = view;
    const { list, stage, tip, axis } = view;
    list.addEventListener("click", (event) => this.onClick(event));
    list.addEventListener("pointermove", (event) => this.onMove(event));
    list.addEventListener("pointerleave", () => (tip.hidden = true));
    stage.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    axis.canvas.addEventListener("pointerdown", (event) => {
      axis.canvas.setPointerCapture(event.pointerId);
      this.scrub(event);
    });
    axis.canvas.addEventListener("pointermove", (event) => event.buttons && this.scrub(event));
  }

  /** @param {MouseEvent} event @returns {number} place of the outline row, or -1 */
  placeAt(event) {
    const y = event.clientY - this.view.stage.getBoundingClientRect().top + this.view.list.scrollTop;
    const at = Math.floor(y / this.view.host.outline.pitch);
    return at >= 0 && at < this.view.rows.length ? at : -1;
  }

  /** @param {MouseEvent} event */
  onClick(event) {
    const row = this.view.rows[this.placeAt(event)];
    if (!row) return;
    this.view.host.choose.key(row.key);
    this.view.host.focusNodes();
  }

  /** @param {MouseEvent} event @returns {number} */
  timeUnder(event) {
    const box = this.view.stage.getBoundingClientRect();
    return timeAt(this.view.scaleOf(this.view.list.clientWidth).scale, event.clientX - box.left);
  }

  /** @param {PointerEvent} event */
  scrub(event) {
    const { replay } = this.view.host;
    replay.playing = false;
    replay.go(this.timeUnder(event));
  }

  /** @param {PointerEvent} event */
  onMove(event) {
    const { tip, tree, host } = this.view;
    const row = this.view.rows[this.placeAt(event)];
    const { times, clock } = host.replay;
    const lane = row?.kind === "node" ? (tree?.laneOf.get(row.id) ?? -1) : -1;
    const time = this.timeUnder(event);
    const under = lane < 0 ? undefined : times?.bars[lane];
    const bar = under?.find(({ start, end }) => start <= time && time <= end);
    this.view.list.style.cursor = row ? "pointer" : "";
    const sum = times && row ? this.inSum(row) : null;
    tip.hidden = !bar && !sum;
    if (!times || !row) return;
    if (sum && !bar) {
      tip.replaceChildren(h("div", {}, sum));
      this.place(event);
      return;
    }
    if (!bar) return;
    const span = times.lanes[lane].turns[bar.turn - 1];
    const words = { generation: "decodes", code: "runs code", waiting: "waits" }[bar.kind];
    const counted = bar.kind === "generation" && clock === "seconds" && span.steps;
    const steps = counted ? `, ${timeWords(span.steps, "steps")}` : "";
    tip.replaceChildren(
      h("div", { class: "goal" }, host.goal(row.id, 80)),
      h("div", { class: "label" }, `${host.shown?.step.path(row.id)} \u00b7 turn ${bar.turn}`),
      h("div", {}, `${words} ${timeWords(bar.end - bar.start, clock)}${steps}`),
      h("div", { class: "label" }, `from ${timeWords(bar.start, clock)}`),
    );
    this.place(event);
  }

  /** What a row says of many nodes. @param {import("./host.js").OutlineRow} row @returns {string | null} */
  inSum(row) {
    const { tree, host } = this.view;
    const { times } = host.replay;
    const step = host.shown?.step;
    const pile = row.kind === "pile" ? host.place.piles.all.get(row.id) : undefined;
    if (!tree || !times || !step || (pile ? pile.open : row.open !== false)) return null;
    const rows = pile ? pile.rows.flatMap((each) => step.below(each)) : step.below(row.id).slice(1);
    const lanes = rows.map((each) => tree.laneOf.get(each) ?? -1).filter((lane) => lane >= 0);
    const { most } = profile(times, lanes, { left: 0, width: 1000, from: 0, to: times.end });
    return `${count(lanes.length)} nodes in sum, up to ${count(most)} at once`;
  }

  /** @param {PointerEvent} event */
  place(event) {
    const { tip } = this.view;
    const box = this.view.stage.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left + 12, event.clientY - box.top + 14];
    tip.style.left = `${Math.max(4, Math.min(x, box.width - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.max(4, Math.min(y, box.height - tip.offsetHeight - 4))}px`;
  }

  /** @param {WheelEvent} event */
  onWheel(event) {
    if (!event.ctrlKey && !event.metaKey) return; // a plain wheel scrolls
    event.preventDefault();
    this.view.zoomBy(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0022)), this.timeUnder(event));
  }
}

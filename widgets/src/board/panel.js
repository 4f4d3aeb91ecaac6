// The chosen step in figures.

import { fill, h } from "../shared/dom.js";
import { NONE, count } from "../shared/format.js";
import { lastEnded } from "./series.js";
import { figures } from "./table.js";

/** @typedef {import("./measures.js").RunCurves} RunCurves */
/** @typedef {import("./series.js").Curves} Curves */
/** @typedef {Pick<import("../step/client.js").Model, "newest" | "live" | "session">} Traits */

export class StepPanel {
  /** @param {() => void} follow */
  constructor(follow) {
    this.follow = follow;
    this.element = h("section", { class: "step-panel", "aria-label": "Chosen step" });
    this.key = "";
  }

  /**
   * @param {RunCurves[]} runs @param {number | null} chosen @param {Traits} traits @param {boolean} following
   * @param {HTMLElement} heir has the focus once there is nothing to follow
   */
  update(runs, chosen, traits, following, heir) {
    const [{ curves }] = runs;
    const known = runs.map(({ name, curves: each }) => [name, lastEnded(each), each.step.length]);
    const key = [chosen, traits.newest, traits.live, following, ...known].join();
    if (key === this.key) return;
    this.key = key;
    if (chosen === null) {
      fill(this.element, h("div", { class: "label" }, "No step to show yet."));
      return;
    }
    const had = this.element.contains(document.activeElement);
    const props = { class: "control", "aria-pressed": following, onclick: this.follow };
    const follow = h("button", props, "Follow newest", h("kbd", {}, "f"));
    follow.hidden = !traits.live || following;
    const place = following ? "newest that has ended" : placeWords(curves, chosen, traits.session.live);
    const rows = runs.length > 1 ? besides(runs, chosen) : figures(curves, chosen);
    const several = runs.length > 1;
    const lines = `--lines: ${Math.ceil(rows.length / 2)}`;
    const order = several ? h("div", { class: "label" }, runs.map(({ name }) => name).join(" | ")) : null;
    const head = [h("b", {}, `step ${count(chosen)}`), h("span", { class: "label" }, place)];
    fill(
      this.element,
      h("div", { class: "cap" }, head, h("span", { class: "grow" }), follow),
      order,
      h("dl", { class: several ? "figures several" : "figures", style: lines }, rows.map(figureRow)),
    );
    if (had) (follow.hidden ? heir : follow).focus();
  }
}

/**
 * The figures of a step in each run, in the place of what changed.
 * @param {RunCurves[]} runs @param {number} chosen @returns {ReturnType<typeof figures>}
 */
function besides(runs, chosen) {
  const [own, ...others] = runs.map(({ curves }) => figures(curves, chosen));
  return own.map(({ label, value }) => {
    const theirs = others.map((rows) => rows.find((row) => row.label === label)?.value ?? NONE);
    return { label, value, change: theirs.join(" | "), beside: true };
  });
}

/** @param {Curves} curves @param {number} chosen @param {boolean} live */
function placeWords(curves, chosen, live) {
  if (!curves.step.includes(chosen)) return live ? "under way" : "not finished";
  const behind = (lastEnded(curves) ?? chosen) - chosen;
  return behind > 0 ? `selected, ${count(behind)} behind the newest` : "selected, the newest";
}

/** @param {ReturnType<typeof figures>[number]} figure */
function figureRow({ label, value, change, beside }) {
  const byReturn = label.endsWith(" R");
  const name = byReturn ? [label.slice(0, -1), h("span", { class: "serif" }, "R")] : label;
  const against = beside ? "in the other runs" : change ? "against the step before" : "";
  const changed = h("span", { class: "change", title: against }, change);
  return h("div", {}, h("dt", {}, name), h("dd", {}, h("b", {}, value), changed));
}

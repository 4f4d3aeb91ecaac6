// What a badge means: its sentence, a case that happened, and the thresholds that can be changed.

import { h } from "../shared/dom.js";
import { badgeIcon } from "../shared/shapes.js";

/** @typedef {import("../step/badges.js").Badge} Badge */
/** @typedef {import("./host.js").BadgesHost} BadgesHost */

/** What a threshold is called before its field. @type {Record<string, string>} */
const WORDS = {
  goal_likeness: "share of words in common, at least",
  late_turns: "turns left to the parent, at most",
  late_share: "share of the tree\u2019s turns spent, at least",
  across_turns: "between turns, too",
  serial_steps: "decode steps lost, at least",
  failed_children: "children that failed, at least",
  good_children: "children that succeeded, at least",
  success_from: "s that counts as success, at least",
  bonus_from: "bonus, at least",
  leaf_advantage: "size of the negative A, at least",
  context_share: "share of the window filled, at least",
  no_signal: "size of an A that counts as none, at most",
};

/** @param {BadgesHost} host @param {Badge} badge @param {HTMLElement | null} chart */
export function aboutBadge(host, badge, chart) {
  return [
    h("h4", {}, badgeIcon(badge.mark, "", 15), badge.name),
    h("p", { class: "meaning" }, badge.sentence),
    chart,
    h("p", { class: "label" }, "Such as: ", badge.example),
    ...thresholds(host, badge),
  ];
}

/** @param {BadgesHost} host @param {Badge} badge */
function thresholds({ marking, traits }, badge) {
  const { badges, changes } = marking;
  if (!badges || !badge.thresholds.length) return [];
  const fixed = !!traits.saved; // nobody is there to look again
  const fields = badge.thresholds.map((name) => {
    const value = changes[name] ?? badges.config[name];
    const onchange = (/** @type {Event} */ event) => {
      const input = /** @type {HTMLInputElement} */ (event.target);
      const given = input.type === "checkbox" ? input.checked : Number(input.value);
      if (input.value !== "" && !Number.isNaN(given)) marking.set(name, given);
    };
    const number = { type: "number", step: "any", value };
    const kind = typeof value === "boolean" ? { type: "checkbox", checked: value } : number;
    const input = h("input", { ...kind, "data-name": name, disabled: fixed, onchange });
    const words = h("span", {}, WORDS[name] ?? name);
    return h("label", { class: name in changes ? "changed" : null }, words, input);
  });
  const reset = h("button", { class: "link", onclick: () => marking.reset() }, "As usual");
  return [
    h("div", { class: "thresholds" }, fields),
    fixed ? h("p", { class: "label" }, "A saved page keeps the badges as they were found.") : null,
    Object.keys(changes).length ? h("p", { class: "label" }, "Thresholds changed. ", reset) : null,
    marking.why && !fixed ? h("p", { class: "label trouble" }, marking.why) : null,
  ];
}

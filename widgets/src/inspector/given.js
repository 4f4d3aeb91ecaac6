// The badges of the chosen node under its name: what each is called, its figure and what it means.

import { h } from "../shared/dom.js";
import { badgeIcon } from "../shared/shapes.js";

/** Told with their sentences; the others by name alone. */
const TOLD = 2;

/** @param {import("../step/badges.js").Given[]} given @returns {HTMLElement | null} */
export function givenList(given) {
  if (!given.length) return null;
  const lines = given.map(({ badge, figure }, at) => [
    h("div", { class: "given", title: badge.sentence },
      badgeIcon(badge.mark, "", 13),
      h("b", {}, badge.name),
      h("span", { class: "label cut", title: figure }, figure),
    ),
    at < TOLD ? h("p", {}, badge.sentence) : null,
  ]);
  return h("div", { class: "given-list" }, lines.flat());
}

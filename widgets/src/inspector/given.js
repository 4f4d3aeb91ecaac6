// The badges of the chosen node under its name: what each is called, its figure and what it means.

import { h } from "../shared/dom.js";
import { badgeIcon } from "../shared/shapes.js";

/** Told with their sentences; the others by name alone. */
const TOLD = 2;

/**
 * Limits are left out: the status beside the name tells them.
 * @param {import("../step/badges.js").Given[]} all @param {boolean} short names alone, in a line
 * @returns {HTMLElement | null}
 */
export function givenList(all, short) {
  const given = all.filter(({ badge }) => badge.card);
  if (!given.length) return null;
  if (short) {
    const names = given.map(({ badge, figure }) => {
      const title = `${figure}. ${badge.sentence}`;
      return h("span", { class: "given", title }, badgeIcon(badge.mark, "", 12), h("b", {}, badge.name));
    });
    return h("div", { class: "given-list short" }, names);
  }
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

// The context: what the model read, as recorded token ids decoded, turn by turn. Where a policy has no
// tokens, or they cannot be decoded here, the messages it was sent stand in their place.

import { count, percent } from "../shared/format.js";
import { fill, h } from "../shared/dom.js";
import { oneLine, visible } from "../shared/text.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("../step/types.js").NodeText} NodeText */
/** @typedef {import("../step/types.js").TurnText} TurnText */
/** @typedef {import("../step/types.js").ContextPart} ContextPart */

let byMessages = false;

/** @param {App} app @param {number} row @param {NodeText} text @returns {HTMLElement[]} */
export function contextParts(app, row, text) {
  const step = /** @type {import("../step/store.js").Step} */ (app.step);
  const window = step.window[row];
  const words = text.has_tokens
    ? text.decoded
      ? ""
      : "The tokens of this run cannot be decoded here, so the messages are shown. Load its policy to see them."
    : "This policy has no tokens: these are the messages it was sent.";
  const messages = byMessages || !text.decoded;
  const list = h("div", {});
  const show = (/** @type {boolean} */ plain) => fill(list, text.turns.map((turn) => turnPart(turn, window, plain)));
  show(messages);
  const peak = window && step.peak[row] ? `fullest ${percent(step.peak[row] / window, 0)} of ${count(window)}` : "";
  const choice = (/** @type {boolean} */ plain, /** @type {string} */ name) => {
    const button = h("button", { "aria-pressed": messages === plain }, name);
    button.addEventListener("click", () => {
      byMessages = plain;
      for (const other of button.parentElement?.children ?? []) other.setAttribute("aria-pressed", String(other === button));
      show(plain);
    });
    return button;
  };
  const head = h(
    "div",
    { class: "part" },
    h("div", { class: "top-line", style: "align-items:center" }, text.decoded ? h("div", { class: "switch", role: "group", "aria-label": "Context as" }, choice(false, "As read"), choice(true, "Messages")) : h("span", { class: "label" }, words), peak ? h("span", { class: "label right" }, peak) : null),
    text.decoded ? h("div", { class: "label", style: "margin-top:6px" }, "New to the model: dark edge. Written by it: violet edge. Struck out: no longer read.") : null,
  );
  if (!text.turns.length) return [head, h("div", { class: "part label" }, "It has read nothing yet.")];
  return [head, list];
}

/** @param {TurnText} turn @param {number} window @param {boolean} plain */
function turnPart(turn, window, plain) {
  const figures = [turn.read ? `read ${count(turn.read)}` : "", turn.wrote ? `wrote ${count(turn.wrote)}` : ""].filter(Boolean).join(", ");
  return h(
    "div",
    { class: "part" },
    h("div", { class: "top-line" }, h("b", {}, `Turn ${turn.index}`), h("span", { class: "label" }, figures), window && turn.held ? h("span", { class: "label right" }, `window ${percent(turn.held / window, 0)}`) : null),
    window && turn.held ? gauge(turn, window) : null,
    plain || !turn.context ? turn.messages.map(message).concat(written(turn)) : turn.context.map(part),
  );
}

/** The window: what was there, what is new, what the model wrote. @param {TurnText} turn @param {number} window */
function gauge(turn, window) {
  const kept = Math.max(0, turn.held - turn.read - turn.wrote);
  const share = (/** @type {number} */ tokens) => `width:${Math.min(100, (tokens / window) * 100)}%`;
  return h("div", { class: `gauge${turn.held > 0.85 * window ? " full" : ""}`, "aria-hidden": "true" }, h("i", { style: share(kept) }), h("i", { class: "new", style: share(turn.read) }), h("i", { class: "wrote", style: share(turn.wrote) }));
}

/** @param {import("../step/types.js").Message} message */
function message({ role, content }) {
  return h("div", { class: "ctx new" }, h("span", { class: "ctx-name" }, oneLine(role, 30)), visible(content));
}

/** @param {TurnText} turn */
function written(turn) {
  const text = turn.text || [turn.thought, turn.code].filter(Boolean).join("\n");
  return text ? [h("div", { class: "ctx wrote" }, h("span", { class: "ctx-name" }, "wrote"), visible(text))] : [];
}

const NAMES = { kept: "kept", new: "new", cut: "cut out", wrote: "wrote" };

/** @param {ContextPart} part */
function part(part) {
  if (part.kind === "kept") return h("div", { class: "ctx kept" }, `${count(part.tokens)} tokens from before, unchanged`);
  const runs = [];
  let plain = "";
  let shown = 0;
  for (const [text, special] of part.pieces) {
    shown += 1;
    if (special) {
      if (plain) runs.push(visible(plain));
      plain = "";
      runs.push(h("span", { class: "special" }, oneLine(text, 60)));
    } else plain += text;
  }
  if (plain) runs.push(visible(plain));
  if (shown < part.tokens) runs.push(h("span", { class: "label" }, ` \u2026 and more: ${count(part.tokens)} tokens in all`));
  return h("div", { class: `ctx ${part.kind}` }, h("span", { class: "ctx-name" }, `${NAMES[part.kind]}, ${count(part.tokens)} tokens`), runs);
}

// The context: what the model read, as recorded token ids decoded, turn by turn. If a policy has no tokens,
// or they cannot be decoded here, the messages it was sent stand in their place.

import { fill, h } from "../shared/dom.js";
import { count, percent } from "../shared/format.js";
import { oneLine, visible } from "../shared/text.js";

/** @typedef {import("../step/store.js").Step} Step */
/** @typedef {import("../step/types.js").NodeText} NodeText */
/** @typedef {import("../step/types.js").TurnText} TurnText */
/** @typedef {import("../step/types.js").ContextPart} ContextPart */

export class ContextPane {
  constructor() {
    /** The messages were asked for, although there are tokens. */
    this.byMessages = false;
  }

  /** @param {Step} step @param {number} row @param {NodeText} text @returns {HTMLElement[]} */
  parts(step, row, text) {
    const window = Math.max(0, step.window[row]); // -1: nobody knows its size
    const list = h("div", {});
    const show = () => {
      const messages = this.byMessages || !text.decoded;
      fill(
        list,
        text.turns.map((turn) => turnPart(turn, window, messages)),
      );
    };
    show();
    const full = window && step.peak[row];
    const peak = full ? `fullest ${percent(step.peak[row] / window, 0)} of ${count(window)}` : "";
    const key = "New to the model: dark edge. Written by it: violet edge. Struck out: no longer read.";
    const head = h("div", { class: "part" },
      h("div", { class: "top-line", style: "align-items:center" },
        text.decoded ? this.choices(show) : h("span", { class: "label" }, withoutTokens(text)),
        peak ? h("span", { class: "label right" }, peak) : null,
      ),
      text.decoded ? h("div", { class: "label", style: "margin-top:6px" }, key) : null,
      text.template ? h("div", { class: "label said" }, `Prompt: ${visible(text.template)}`) : null,
    );
    if (!text.turns.length) return [head, h("div", { class: "part label" }, "It has read nothing yet.")];
    return [head, list];
  }

  /** @param {() => void} show */
  choices(show) {
    const buttons = ["As read", "Messages"].map((name, at) => {
      const messages = at === 1;
      const onclick = () => {
        this.byMessages = messages;
        buttons.forEach((other, place) => other.setAttribute("aria-pressed", String(place === at)));
        show();
      };
      return h("button", { "aria-pressed": this.byMessages === messages, onclick }, name);
    });
    return h("div", { class: "switch", role: "group", "aria-label": "Context as" }, buttons);
  }
}

/** Why the messages are shown. @param {NodeText} text */
function withoutTokens(text) {
  if (!text.has_tokens && text.turns.some((turn) => turn.read)) {
    return "Its token ids were not recorded: these are the messages it was sent.";
  }
  if (!text.has_tokens) return "This policy has no tokens: these are the messages it was sent.";
  const instead = "so the messages are shown. Load its policy, and give the Explorer tokenizer=policy.";
  return `Its tokens cannot be decoded here, ${instead}`;
}

/** @param {TurnText} turn @param {number} window @param {boolean} messages */
function turnPart(turn, window, messages) {
  const read = turn.read ? `read ${count(turn.read)}` : "";
  const wrote = turn.wrote ? `wrote ${count(turn.wrote)}` : "";
  const held = window && turn.held;
  return h("div", { class: "part" },
    h("div", { class: "top-line" },
      h("b", {}, `Turn ${turn.index}`),
      h("span", { class: "label" }, [read, wrote].filter(Boolean).join(", ")),
      held ? h("span", { class: "label right" }, `window ${percent(turn.held / window, 0)}`) : null,
    ),
    held ? gauge(turn, window) : null,
    turn.rewritten
      ? h("div", { class: "label" }, "The chat template changed what came before: all was read anew.")
      : null,
    messages || !turn.context
      ? turn.messages.map(messagePart).concat(written(turn))
      : turn.context.map(contextPart),
  );
}

/**
 * The window: what was there, what is new, what the model wrote.
 * @param {TurnText} turn @param {number} window
 */
function gauge({ held, read, wrote }, window) {
  const part = (/** @type {number} */ tokens, /** @type {string} */ kind) => {
    return h("i", { style: `width:${Math.min(100, (tokens / window) * 100)}%`, class: kind || null });
  };
  const kept = Math.max(0, held - read - wrote);
  const parts = [part(kept, ""), part(read, "new"), part(wrote, "wrote")];
  return h("div", { class: `gauge${held > 0.85 * window ? " full" : ""}`, "aria-hidden": "true" }, parts);
}

/** @param {string} kind @param {string} name @param {import("../shared/dom.js").Child[]} runs */
function block(kind, name, runs) {
  return h("div", { class: `ctx ${kind}` }, h("span", { class: "ctx-name" }, name), runs);
}

/** @param {import("../step/types.js").Message} message */
function messagePart({ role, content }) {
  return block("new", oneLine(role, 30), [visible(content)]);
}

/** @param {TurnText} turn */
function written(turn) {
  const text = turn.text || [turn.thought, turn.code].filter(Boolean).join("\n");
  return text ? [block("wrote", "wrote", [visible(text)])] : [];
}

const NAMES = { kept: "kept", new: "new", cut: "cut out", wrote: "wrote" };

/** @param {ContextPart} part */
function contextPart({ kind, tokens, pieces }) {
  if (kind === "kept") {
    return h("div", { class: "ctx kept" }, `${count(tokens)} tokens from before, unchanged`);
  }
  /** @type {import("../shared/dom.js").Child[]} */
  const runs = [];
  let plain = "";
  for (const [text, special] of pieces) {
    if (special) {
      if (plain) runs.push(visible(plain));
      plain = "";
      runs.push(h("span", { class: "special" }, oneLine(text, 60)));
    } else plain += text;
  }
  if (plain) runs.push(visible(plain));
  const more = ` \u2026 and more: ${count(tokens)} tokens in all`;
  if (pieces.length < tokens) runs.push(h("span", { class: "label" }, more));
  return block(kind, `${NAMES[kind]}, ${count(tokens)} tokens`, runs);
}

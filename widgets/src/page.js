// The kernel of a saved page: the same messages, answered from what the page carries.

import { keyOf } from "./step/asked.js";
import { noText } from "./step/client.js";
import { sentenceOf } from "./step/states.js";

/** @typedef {import("./step/types.js").AnyModel} AnyModel */

/**
 * @param {any} data see rao_lab/views/explorer/page.py
 * @returns {AnyModel}
 */
export function savedModel(data) {
  /** @type {Map<string, Set<(...args: any[]) => void>>} */
  const listeners = new Map();
  const say = (/** @type {any} */ message, /** @type {DataView[]} */ buffers = []) =>
    setTimeout(() => listeners.get("msg:custom")?.forEach((callback) => callback(message, buffers)), 0);
  const steps = new Map(data.steps.map((/** @type {any} */ step) => [step.head.step, step]));
  const send = (/** @type {any} */ message) => {
    if (message.type === "texts") {
      const step = steps.get(message.step);
      const known = step?.texts[`${message.tree}/${message.path}`];
      const { key, revision } = message;
      say({ type: "texts", key, revision, node: known ?? MISSING });
      return;
    }
    if (message.type === "ask") {
      const { key, what, step: of, args, mark } = message;
      const held = of === null ? data.answers : steps.get(of)?.answers;
      const known = held?.[keyOf(what, args)];
      const why = known ? "" : sentenceOf("answer_unsaved");
      say({ type: "answer", key, mark, value: known?.value ?? null, why }, (known?.buffers ?? []).map(bytes));
      return;
    }
    if (!["hello", "open", "resync"].includes(message.type)) return;
    const wanted = message.step ?? data.shown;
    const step = steps.get(wanted) ?? steps.get(data.shown);
    if (step) say(step.head, step.buffers.map(bytes));
  };
  return {
    get: (name) => data.traits[name],
    on: (name, callback) => {
      if (!listeners.has(name)) listeners.set(name, new Set());
      listeners.get(name)?.add(callback);
    },
    off: (name, callback) => {
      if (callback) listeners.get(name)?.delete(callback);
    },
    send,
  };
}

/** @param {string} base64 */
function bytes(base64) {
  const text = atob(base64);
  const array = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) array[i] = text.charCodeAt(i);
  return new DataView(array.buffer);
}

const MISSING = noText("This page was saved without the texts of this node.");

import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "../src/step/client.js";
import { Step } from "../src/step/store.js";

/** A kernel's end that records what is asked. */
function kernel() {
  /** @type {any[]} */
  const sent = [];
  /** @type {((message: any, buffers?: DataView[]) => void)[]} */
  const listeners = [];
  const model = {
    get: () => undefined,
    set: () => {},
    save_changes: () => {},
    on: (/** @type {string} */ name, /** @type {any} */ callback) => {
      if (name === "msg:custom") listeners.push(callback);
    },
    off: () => {},
    send: (/** @type {any} */ message) => sent.push(message),
  };
  return { sent, model, say: (/** @type {any} */ message, /** @type {DataView[]} */ buffers = []) => listeners.forEach((listener) => listener(message, buffers)) };
}

const GROUPS = [{ task: "t", goal: "g", difficulty: "", probe: false }];
const TREES = [{ group: 0, rollout: 0, ended: null, note: "" }];

/** @param {number[]} parents @param {number} [step] @param {number} [seq] */
function snapshot(parents, step = 1, seq = 4) {
  const column = new DataView(Int32Array.from(parents).buffer);
  const head = { type: "snapshot", seq, step, n: parents.length, columns: [{ name: "parent", type: "i32" }], words: [], groups: GROUPS, trees: TREES };
  return /** @type {[any, DataView[]]} */ ([{ ...head, config: new Step(0).config, share_by: "token", scored: false, note: "" }, [column]]);
}

/** @param {number} seq @param {(number | null)[][]} rows */
function delta(seq, rows, step = 1) {
  return { type: "delta", seq, step, fields: ["tree", "parent", "spawn", "turns"], rows, words: [], groups: [], trees: [] };
}

function started() {
  const far = kernel();
  /** @type {string[]} */
  const changes = [];
  const client = new Client(far.model, (what) => changes.push(what));
  client.start();
  far.say(...snapshot([-1, 0]));
  return { far, client, changes };
}

test("it asks for what is newest and takes it", () => {
  const { far, client, changes } = started();
  assert.deepEqual(far.sent, [{ type: "hello", step: null }]);
  assert.deepEqual(changes, ["step"]);
  assert.equal(client.step?.n, 2);
});

test("deltas in order are applied, an old one is left alone, a gap asks for everything again", () => {
  const { far, client } = started();
  far.say(delta(5, [[2, 0, 0, 1, 1]]));
  assert.equal(client.step?.n, 3);
  far.say(delta(5, [[3, 0, 0, 2, 1]]));
  assert.equal(client.step?.n, 3);
  far.say(delta(7, [[3, 0, 0, 2, 1]]));
  assert.equal(client.step?.n, 3);
  assert.deepEqual(far.sent.at(-1), { type: "resync", step: 1 });
});

test("a beat with a number that was never heard asks for everything again", () => {
  const { far } = started();
  far.say({ type: "beat", step: 1, seq: 4 });
  assert.equal(far.sent.length, 1);
  far.say({ type: "beat", step: 1, seq: 6 });
  assert.deepEqual(far.sent.at(-1), { type: "resync", step: 1 });
});

test("the same step again keeps its rows; other rows are another step", () => {
  const { far, changes } = started();
  far.say(...snapshot([-1, 0, 0], 1, 9));
  far.say(...snapshot([-1, -1], 1, 12));
  assert.deepEqual(changes, ["step", "delta", "step"]);
});

test("a snapshot that another view asked for is left alone", () => {
  const { far, client } = started();
  far.say(...snapshot([-1], 7));
  assert.equal(client.step?.step, 1);
  client.open(7);
  far.say(...snapshot([-1], 7));
  assert.equal(client.step?.step, 7);
});

test("texts are asked for once, kept, and asked for again when the node has changed", () => {
  const { far, client } = started();
  assert.equal(client.text(1), null);
  assert.equal(client.text(1), null);
  const asked = far.sent.filter((message) => message.type === "texts");
  assert.equal(asked.length, 1);
  assert.equal(asked[0].path, "0.0");
  const node = /** @type {any} */ ({ turns: [] });
  far.say({ type: "texts", key: asked[0].key, revision: asked[0].revision, node });
  assert.equal(client.text(1), node);
  far.say(delta(5, [[1, 0, 0, 0, 2]]));
  assert.equal(client.text(1), node, "the older texts stay until the new ones are here");
  assert.equal(far.sent.filter((message) => message.type === "texts").length, 2);
});

test("what the kernel cannot do is kept in its words", () => {
  const { far, client, changes } = started();
  client.open(9);
  far.say({ type: "sorry", text: "no step 9" });
  assert.equal(client.sorry, "no step 9");
  assert.equal(client.wanted, null);
  assert.equal(changes.at(-1), "word");
});

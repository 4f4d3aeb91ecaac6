// The data of a step: what a kernel sends, and what becomes of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Asked } from "../src/step/asked.js";
import { Client } from "../src/step/client.js";
import { STATUSES, shapeOf, turnWords } from "../src/step/status.js";
import { Step } from "../src/step/store.js";
import { FINISHED, grow, growTrees, RUNNING, WAITING } from "./grow.js";

test("paths, children and walks follow spawn order, also where siblings arrive apart", () => {
  const step = grow([-1, 0, 0, 1, 1, 2, 0]);
  assert.deepEqual(step.children(0), [1, 2, 6]);
  assert.equal(step.path(6), "0.2");
  assert.equal(step.path(4), "0.0.1");
  assert.deepEqual(step.walk(0), [0, 1, 3, 4, 2, 5, 6]);
  assert.equal(step.find(0, "0.1.0"), 5);
  assert.equal(step.find(0, "0.9"), -1);
});

test("a snapshot is read from unaligned buffers and unknown columns are left out", () => {
  const bytes = new Uint8Array(1 + 8);
  new DataView(bytes.buffer).setInt32(1, -1, true);
  new DataView(bytes.buffer).setInt32(5, 0, true);
  const step = Step.from(
    {
      ...{
        type: "snapshot",
        seq: 0,
        step: 3,
        n: 2,
        words: ["g"],
        scored: false,
        note: "",
        share_by: "token",
      },
      columns: [
        { name: "parent", type: "i32" },
        { name: "colour", type: "u8" },
      ],
      groups: [{ task: "t", goal: "g", difficulty: "", probe: false }],
      trees: [{ group: 0, rollout: 0, ended: null, note: "" }],
      config: new Step(0).config,
    },
    [new DataView(bytes.buffer, 1, 8), new DataView(new ArrayBuffer(2))],
  );
  assert.deepEqual(step.walk(0), [0, 1]);
  assert.ok(Number.isNaN(step.A[1]));
});

test("a delta adds and changes rows; one that skips a row asks for everything again", () => {
  const step = grow([-1, 0]);
  const delta = {
    type: /** @type {const} */ ("delta"),
    seq: 1,
    step: 1,
    fields: ["tree", "parent", "depth", "spawn", "s"],
    words: [],
    groups: [],
    trees: [],
  };
  assert.equal(
    step.apply({
      ...delta,
      rows: [
        [2, 0, 0, 1, 1, null],
        [1, 0, 0, 1, 0, 0.5],
      ],
    }),
    true,
  );
  assert.deepEqual(step.children(0), [1, 2]);
  assert.equal(step.s[1], 0.5);
  assert.ok(Number.isNaN(step.s[2]), "null is not 0");
  assert.equal(step.apply({ ...delta, rows: [[9, 0, 0, 1, 2, null]] }), false);
});

test("status is a shape, and not scored is not failed", () => {
  assert.equal(shapeOf(2, 1), "succeeded");
  assert.equal(shapeOf(2, 0.5), "partly");
  assert.equal(shapeOf(2, 0), "failed");
  assert.equal(shapeOf(2, NaN), "unscored");
  assert.equal(shapeOf(3, 0), "limit");
  assert.equal(shapeOf(7, NaN), "error");
});

test("the largest tree that still runs, the first of equals; none where all have ended", () => {
  assert.equal(
    growTrees([
      { status: FINISHED, nodes: 9 },
      { status: RUNNING, nodes: 2 },
      { status: WAITING, nodes: 3 },
      { status: RUNNING, nodes: 3 },
    ]).liveTree(false),
    2,
  );
  assert.equal(growTrees([{ status: FINISHED, nodes: 9 }]).liveTree(false), -1);
  assert.equal(new Step(1).liveTree(false), -1);
  const step = growTrees([
    { status: FINISHED, nodes: 2 },
    { status: RUNNING, nodes: 1 },
  ]);
  step.groups.push({ ...step.groups[0], probe: true });
  step.trees[1].group = 1;
  assert.deepEqual([step.liveTree(false), step.liveTree(true)], [-1, 1]); // probes have no credit to wait for
});

const KEY = "of the widget";

/** A kernel's end that records what is asked. */
function kernel() {
  /** @type {any[]} */
  const sent = [];
  /** @type {((message: any, buffers?: DataView[]) => void)[]} */
  const listeners = [];
  const model = {
    get: (/** @type {string} */ name) => (name === "key" ? KEY : undefined),
    on: (/** @type {string} */ name, /** @type {any} */ callback) => {
      if (name === "msg:custom") listeners.push(callback);
    },
    off: () => {},
    send: (/** @type {any} */ message) => sent.push(message),
  };
  return {
    sent,
    model,
    say: (/** @type {any} */ message, /** @type {DataView[]} */ buffers = []) =>
      listeners.forEach((listener) => listener(message, buffers)),
  };
}

const GROUPS = [{ task: "t", goal: "g", difficulty: "", probe: false }];
const TREES = [{ group: 0, rollout: 0, ended: null, note: "" }];

/** @param {number[]} parents @param {number} [step] @param {number} [seq] */
function snapshot(parents, step = 1, seq = 4) {
  const column = new DataView(Int32Array.from(parents).buffer);
  const head = {
    type: "snapshot",
    seq,
    step,
    n: parents.length,
    columns: [{ name: "parent", type: "i32" }],
    words: [],
    groups: GROUPS,
    trees: TREES,
  };
  return /** @type {[any, DataView[]]} */ ([
    { ...head, config: new Step(0).config, share_by: "token", scored: false, note: "" },
    [column],
  ]);
}

/** @param {number} seq @param {(number | null)[][]} rows */
function delta(seq, rows, step = 1) {
  return {
    type: "delta",
    seq,
    step,
    fields: ["tree", "parent", "spawn", "turns"],
    rows,
    words: [],
    groups: [],
    trees: [],
  };
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

/** @param {any} client @param {any} model @param {string[]} comms that the kernel knows @param {number} ms */
async function unheard({ link }, model, comms, ms) {
  const told = { content: { comms: Object.fromEntries(comms.map((key) => [key, {}])) } };
  model.widget_manager = { kernel: { status: "idle", requestCommInfo: async () => told } };
  link.first = undefined;
  if (link.asked !== null) link.asked = Date.now() - ms;
  link.tick();
  await new Promise((done) => setTimeout(done, 0));
}

test("what a free kernel that knows the widget leaves unanswered is sent again, ever later", async () => {
  const far = kernel();
  const client = new Client(far.model, () => {});
  const hello = { type: "hello", step: null };
  client.start();
  await unheard(client, far.model, [KEY], 7000);
  assert.deepEqual(far.sent, [hello]);
  await unheard(client, far.model, [KEY], 9000);
  assert.deepEqual(far.sent, [hello, hello]);
  await unheard(client, far.model, [KEY], 15000);
  assert.equal(far.sent.length, 2);
  await unheard(client, far.model, [KEY], 17000);
  assert.equal(far.sent.length, 3);
  far.say(...snapshot([-1, 0]));
  assert.equal(client.link.tries, 0);
  client.text(1);
  await unheard(client, far.model, [KEY], 9000);
  client.text(1);
  assert.deepEqual(far.sent.slice(3).map(({ type }) => type), ["texts", "resync", "texts"]);
  await unheard(client, far.model, ["another"], 99000);
  assert.equal(client.link.gone, true);
});

test("another message is no answer: what was lost beside it is sent again", async () => {
  const { far, client } = started();
  client.text(0);
  client.text(1);
  const [, first] = far.sent;
  far.say({ type: "texts", key: first.key, revision: first.revision, node: null });
  far.say({ type: "beat", step: 1, seq: 0 });
  await unheard(client, far.model, [KEY], 9000);
  client.text(1);
  assert.deepEqual(far.sent.slice(3).map(({ type }) => type), ["resync", "texts"]);
  assert.equal(far.sent.at(-1)?.path, "0.0");
});

test("a step that was asked for is owed, whatever else comes", async () => {
  const { far, client } = started();
  client.open(7);
  far.say(delta(5, [[2, 0, 0, 1, 1]]));
  await unheard(client, far.model, [KEY], 9000);
  assert.deepEqual(far.sent.at(-1), { type: "hello", step: 7 });
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

test("a question is sent once; its answer stays until one by another mark is there", () => {
  /** @type {any[]} */
  const sent = [];
  const link = { gone: false, send: (/** @type {any} */ message) => !link.gone && !!sent.push(message) };
  const asked = new Asked(/** @type {any} */ (link), "gone");
  assert.equal(asked.ask("turns", 2, [3, "0.1"], 0), null);
  assert.equal(asked.ask("turns", 2, [3, "0.1"], 0), null);
  const told = sent.map(({ what, step, args, mark }) => [what, step, args, mark]);
  assert.deepEqual(told, [["turns", 2, [3, "0.1"], 0]]);
  asked.take({ ...sent[0], value: 7 }, []);
  assert.equal(asked.ask("turns", 2, [3, "0.1"], 0)?.value, 7);
  assert.equal(asked.ask("turns", 2, [3, "0.1"], 1)?.value, 7, "the older, while the newer is on its way");
  asked.take({ ...sent[1], value: 8 }, []);
  assert.equal(asked.ask("turns", 2, [3, "0.1"], 1)?.value, 8);
  assert.equal(sent.length, 2);
  link.gone = true;
  assert.equal(asked.ask("turns", null, [], 0)?.why, "gone");
});

test("a node that ended early has begun its turns; one that finished has taken them", () => {
  const words = (/** @type {typeof STATUSES[number]} */ status, /** @type {number} */ turns) => {
    return turnWords(STATUSES.indexOf(status), turns);
  };
  assert.equal(words("finished", 1), "1 turn");
  assert.equal(words("turn_limit", 6), "6 turns");
  assert.equal(words("error", 1), "1 turn begun");
  assert.equal(words("timeout", 2), "2 turns begun");
});

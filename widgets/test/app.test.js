// Where the reader is: choices, folds, keys, the search, and steps that come and go.
import assert from "node:assert/strict";
import { test } from "node:test";
import { onKey } from "../src/app/actions.js";
import { Address, parseAddress } from "../src/app/address.js";
import { Finding } from "../src/app/finding.js";
import { actionOf, moveInRows } from "../src/app/keys.js";
import { Place } from "../src/app/place.js";
import { Steps } from "../src/app/steps.js";
import { offered, viewOf as opens } from "../src/app/views.js";
import { treeRows } from "../src/outline/rows.js";
import { FINISHED, grow, growTrees, RUNNING, WAITING } from "./grow.js";

/** @param {number[]} parents */
function at(parents) {
  const place = new Place();
  place.enter(grow(parents));
  return place;
}

test("another step keeps the path, or the closest node above it", () => {
  const place = at([-1, 0, 0, 1, 3]);
  place.choose(4);
  place.enter(grow([-1, 0, 1]));
  assert.equal(place.row, 2, "0.0.0.0 is gone, 0.0.0 is here");
  place.enter(grow([-1, 0, 0, 1, 3]));
  assert.equal(place.row, 4, "and it is found again");
});

test("folding what holds the choice moves it to the fold's top; choosing opens all above", () => {
  const place = at([-1, 0, 1, 2, 0]);
  place.choose(3);
  place.toggle(1);
  assert.equal(place.row, 1);
  place.choose(3);
  assert.deepEqual([...place.folded], []);
  assert.deepEqual(
    place.rows(false).map((row) => row.id),
    [0, 1, 2, 3, 4],
  );
});

test("a choice outside a focused subtree leaves the focus", () => {
  const place = at([-1, 0, 0, 1]);
  assert.equal(place.focusOn(3), false, "a leaf has nothing below it");
  assert.equal(place.focusOn(1), true);
  place.choose(3);
  assert.equal(place.focus, 1);
  place.choose(2);
  assert.equal(place.focus, -1);
});

test("a step that is empty at first is entered when its first root comes", () => {
  const place = new Place();
  const step = grow([]);
  place.enter(step);
  assert.equal(place.row, -1);
  place.grow(grow([-1, 0]));
  assert.equal(place.row, 0);
});

test("hits go round", () => {
  const finding = new Finding();
  const step = grow([-1, 0, 0]);
  step.words = ["a", "b"];
  step.goal.set([0, 1, 0]);
  finding.look(step, -1, "a");
  assert.deepEqual([finding.hits, finding.from(2, 1), finding.from(0, -1)], [[0, 2], 0, 2]);
});

test("search finds goals by their words and nodes by their path", () => {
  const step = grow([-1, 0, 0]);
  step.words = ["Craft b1", "count"];
  step.goal.set([0, 1, 0]);
  const hits = (/** @type {string} */ query) => {
    const finding = new Finding();
    finding.look(step, -1, query);
    return finding.hits;
  };
  assert.deepEqual(hits("CRAFT"), [0, 2]);
  assert.deepEqual(hits("0.1"), [2]);
  assert.deepEqual(hits(" "), []);
});

test("arrows move as in a tree view; brackets keep to siblings", () => {
  const rows = treeRows(grow([-1, 0, 0, 1]), 0, new Set());
  assert.deepEqual(moveInRows(rows, "n0", "down"), { select: "n1" });
  assert.deepEqual(moveInRows(rows, "n1", "in"), { select: "n3" });
  assert.deepEqual(moveInRows(rows, "n1", "out"), { toggle: "n1" });
  assert.deepEqual(moveInRows(rows, "n3", "out"), { select: "n1" });
  assert.deepEqual(moveInRows(rows, "n1", "next"), { select: "n2" });
  assert.equal(moveInRows(rows, "n3", "next"), null);
  assert.deepEqual(moveInRows(rows, "n1", "end"), { select: "n2" });
});

test("keys with Ctrl, Meta or Alt belong to the browser", () => {
  assert.equal(actionOf({ key: "f", ctrlKey: true }), null);
  assert.equal(actionOf({ key: "f" }), "follow");
  assert.equal(actionOf({ key: "ArrowLeft", shiftKey: true }), "stepBack");
  assert.equal(actionOf({ key: "6" }), null, "there is no sixth tab");
});

test("a button keeps the keys that press it, and Shift with an arrow is another step there too", () => {
  /** @type {number[]} */
  const moves = [];
  const steps = { move: (/** @type {number} */ by) => moves.push(by) };
  const traits = { steps: [[1, null], [2, null]] };
  const app = /** @type {any} */ ({ steps, rooms: new Map(), pages: new Map(), traits });
  const press = (/** @type {string} */ key, shiftKey = false, kind = "button") => {
    let taken = false;
    const closest = (/** @type {string} */ asked) => asked === kind;
    const matches = (/** @type {string} */ asked) => asked.includes(kind);
    const target = { closest, matches };
    const take = { preventDefault: () => (taken = true), stopPropagation: () => {} };
    onKey(app, /** @type {any} */ ({ key, shiftKey, target, ...take }));
    return taken;
  };
  assert.deepEqual([press("ArrowLeft", true), press("ArrowRight", true)], [true, true]);
  for (const key of ["ArrowLeft", "Enter", " "]) assert.equal(press(key), false);
  assert.equal(press("Enter", true), false);
  assert.equal(press("ArrowRight", true, "role=tab"), true);
  assert.equal(press("ArrowLeft", true, "input"), false, "it selects text");
  assert.deepEqual(moves, [-1, 1, 1]);
});

/**
 * What `Steps` uses of the view.
 * @param {import("../src/step/store.js").Step} step
 * @param {Partial<{view: string, tab: string, live: boolean}>} [how]
 */
function viewOf(step, { view = "tree", tab = "messages", live = true } = {}) {
  /** @type {number[]} */
  const opened = [];
  const choose = { openTree: (/** @type {number} */ tree) => opened.push(tree) };
  const app = { step, view, tab, place: { tree: 0 }, traits: { live, look: {} }, choose };
  return { steps: new Steps(/** @type {any} */ (app)), opened };
}

test("a view that follows leaves a tree that has ended for one that runs, after a moment", (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  const { steps, opened } = viewOf(
    growTrees([
      { status: FINISHED, nodes: 2 },
      { status: RUNNING, nodes: 1 },
    ]),
  );
  steps.alive();
  t.mock.timers.tick(600);
  steps.alive();
  assert.deepEqual(opened, []); // its end can be seen
  t.mock.timers.tick(300);
  steps.alive();
  assert.deepEqual(opened, [1]);
});

test("after training has ended, following opens the newest step, of those that are here", () => {
  const { steps, app, asked } = endedRun({ steps: [1, 2, 3], newest: 3 });
  steps.follow();
  assert.deepEqual([asked, steps.following], [[3], false]); // nothing more will come
  app.view = "board"; // its curves know a step that a saved page has left out
  Object.assign(app.traits, { steps: [[2, null]], newest: 2, curves: { step: [1, 2, 9], columns: {} } });
  steps.follow();
  assert.deepEqual(asked, [3, 2]);
  const none = endedRun({ steps: [], newest: null });
  none.steps.follow();
  assert.deepEqual(none.asked, []);
});

/** A run that is over, with nothing chosen yet. @param {{steps: number[], newest: number | null}} run */
function endedRun({ steps, newest }) {
  /** @type {number[]} */
  const asked = [];
  const traits = { live: false, look: {}, steps: steps.map((step) => [step, null]), newest, curves: {} };
  const client = { open: (/** @type {number} */ step) => asked.push(step) };
  const app = { view: "tree", wanted: 1, traits, client, showSteps: () => {} };
  return { steps: new Steps(/** @type {any} */ (app)), app, asked };
}

test("nothing is left that runs itself, that somebody chose, or while all have ended", (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  const ended = [
    { status: FINISHED, nodes: 2 },
    { status: RUNNING, nodes: 1 },
  ];
  const cases = [
    viewOf(
      growTrees([
        { status: WAITING, nodes: 2 },
        { status: RUNNING, nodes: 4 },
      ]),
    ),
    viewOf(growTrees(ended), { live: false }),
    viewOf(growTrees(ended), { view: "icicle" }),
    viewOf(growTrees(ended), { tab: "credit" }),
    viewOf(
      growTrees([
        { status: FINISHED, nodes: 2 },
        { status: FINISHED, nodes: 1 },
      ]),
    ),
  ];
  for (const { steps, opened } of cases) {
    steps.alive();
    t.mock.timers.tick(9000);
    steps.alive();
    assert.deepEqual(opened, []);
  }
});

test("a cell offers the views that it has room for, and the others in a menu", () => {
  const names = (/** @type {{name: string}[]} */ views) => views.map(({ name }) => name);
  const wide = offered({ size: "full", board: true, nodes: true, steps: true }, 1600);
  assert.ok(names(wide.shown).includes("icicle") && names(wide.shown).includes("board"));
  assert.deepEqual(names(wide.more), []);
  const small = offered({ size: "small", board: true, nodes: true, steps: true }, 600);
  assert.ok(names(small.more).includes("icicle"));
  const all = names(offered({ size: "drawer", board: true, nodes: true, steps: true }, 900).shown);
  assert.equal(all[0], "tree");
  const opened = ["board", "outline", undefined].map((view) => opens({ view }));
  assert.deepEqual(opened, ["board", "tree", "tree"]);
});

test("an address says step, tree, node and view, and leads there again", () => {
  const step = growTrees([2, 3].map((nodes) => ({ status: FINISHED, nodes })));
  step.step = 12;
  for (const group of step.groups) group.label = 4;
  const place = new Place();
  place.enter(step);
  /** @type {any[]} */
  const done = [];
  const note = (/** @type {string} */ what) => (/** @type {unknown} */ value) => done.push([what, value]);
  const traits = { steps: [[12, null]] };
  const choose = { row: (/** @type {number} */ row) => note("row")(step.path(row)) };
  const base = { step, place, traits, view: "tree", tab: "credit", client: { sorry: "" }, choose };
  const does = { setView: note("view"), setTab: note("tab"), showState: () => {} };
  const app = /** @type {any} */ ({ ...base, ...does });
  const address = new Address(app);
  place.openTree(1);
  place.choose(step.find(1, "0.1"));
  const now = address.now;
  assert.match(now, /^12:4\.\d\/0\.1#credit$/);
  assert.equal(address.go(now), true);
  assert.deepEqual(done, [["row", "0.1"], ["tab", "credit"]], "Credit is a page over the tree");
  assert.equal(address.go("12:4.9"), true);
  assert.match(address.problem, /no tree 4\.9/);
  assert.equal(address.go("99:0"), true);
  assert.match(address.problem, /no step 99/);
  assert.equal(address.go("2x e1"), false);
  assert.deepEqual(parseAddress("3:17"), { step: 3, tree: "17", path: "0", view: undefined });
});

// The layout of the tree.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Piles } from "../src/step/piles.js";
import { Camera } from "../src/tree/camera.js";
import { cardSize } from "../src/tree/brush.js";
import { append, columns, fitPitch, foldsFor, FULL_PITCH, level, tidy } from "../src/tree/layout.js";
import { zoomWords } from "../src/tree/legend.js";
import { TreeView } from "../src/tree/tree.js";
import { RUNNING, grow } from "./grow.js";

test("every leaf has its own row and a parent stands between its first and last child", () => {
  const step = grow([-1, 0, 0, 1, 1, 0]);
  const layout = tidy(step, 0, new Set());
  assert.deepEqual(
    [...layout.y.entries()].sort((a, b) => a[0] - b[0]).map(([, y]) => y),
    [1.75 - 0.5 + 0.5, 0.5, 2, 0, 1, 3],
  );
  assert.equal(layout.height, 4);
});

test("a folded node is a leaf and its subtree is not laid out", () => {
  const step = grow([-1, 0, 0, 1, 1, 0]);
  const layout = tidy(step, 0, new Set([1]));
  assert.deepEqual(layout.rows, [0, 1, 2, 5]);
  assert.deepEqual([...layout.folded], [1]);
});

test("additions move nothing that is drawn and never overlap in a column", () => {
  const parents = [-1, 0, 0, 1, 1, 2];
  const step = grow(parents);
  const layout = tidy(step, 0, new Set());
  const before = new Map(layout.y);
  const more = grow([...parents, 1, 2, 2, 0, 3, 6, 6]);
  append(more, layout, [6, 7, 8, 9, 10, 11, 12]);
  for (const [row, y] of before) assert.equal(layout.y.get(row), y);
  for (const depth of [0, 1, 2, 3]) {
    const ys = layout.rows
      .filter((row) => more.depth[row] === depth)
      .map((row) => /** @type {number} */ (layout.y.get(row)));
    ys.sort((a, b) => a - b);
    for (let i = 1; i < ys.length; i += 1) assert.ok(ys[i] - ys[i - 1] >= 0.999);
  }
  for (const parent of [0, 1, 2]) {
    const ys = more.children(parent).map((row) => /** @type {number} */ (layout.y.get(row)));
    assert.deepEqual(
      ys,
      [...ys].sort((a, b) => a - b),
      "siblings keep spawn order",
    );
  }
});

test("a chain of 20,000 nodes and a fan of 20,000 are laid out without recursion", () => {
  const chain = grow([-1, ...Array.from({ length: 20_000 }, (_, i) => i)]);
  assert.equal(tidy(chain, 0, new Set()).levels, 20_000);
  const fan = grow([-1, ...Array.from({ length: 20_000 }, () => 0)]);
  assert.equal(tidy(fan, 0, new Set()).height, 20_000);
});

test("folding keeps within its budget and opens the heavy subtrees first", () => {
  const parents = [-1, 0, 0, ...Array(10).fill(1), ...Array(10).fill(2)];
  const step = grow(parents);
  const folded = foldsFor(step, 0, 15, (row) => (row === 2 ? 5 : 1));
  assert.deepEqual([...folded], [1]);
  assert.ok(tidy(step, 0, folded).rows.length <= 15);
});

test("cards change at row pitches 52 and 22", () => {
  assert.deepEqual([65, 52, 51.9, 22, 21.9].map(level), ["near", "near", "middle", "middle", "far"]);
});

/** @param {number} nodes each the only child of the one before */
function chain(nodes) {
  return Array.from({ length: nodes }, (_, i) => i - 1);
}

/**
 * A tree as it is first shown on a stage.
 * @param {number[]} parents @param {number} width @param {number} height
 */
function firstView(parents, width, height) {
  const camera = Object.assign(new Camera(), { width, height });
  const step = grow(parents);
  const layout = tidy(step, 0, new Set());
  camera.fit(layout, 1, false);
  const places = layout.rows.map((row) => camera.at(step.depth[row], layout.y.get(row) ?? 0, 1));
  return { camera, places, ...camera.outside(places, cardSize(camera.pitch, 1, camera.card)) };
}

test("a deep tree in a narrow box has narrower cards: all are seen, and none stands over another", () => {
  for (const parents of [[-1, 0, 1, 1, 2, 2, 3, 3], [-1, 0, 1, 1, 2, 2, 3, 4], chain(5), chain(8)]) {
    const { camera, hidden, cut } = firstView(parents, 614, 285);
    assert.deepEqual([hidden, cut], [0, 0]);
    assert.ok(camera.card >= 58 && camera.card + 10 < (camera.column ?? 0), `${camera.card}`);
  }
  assert.equal(firstView(chain(5), 1200, 600).camera.card, 134, "where there is room, cards are as usual");
});

test("cards stay as wide as can be read: the words tell how many are out of view, and how many cut", () => {
  const { hidden, cut, places, camera } = firstView(chain(10), 614, 285);
  const seen = places.filter(([x]) => x + camera.card <= 614).length;
  assert.ok(hidden > 0 && seen + hidden + cut === 10);
  assert.equal(zoomWords(52, { hidden: 0, cut: 0 }), "52 %");
  assert.equal(zoomWords(52, { hidden: 4, cut: 1 }), "4 out of view, 1 cut: drag to see \u00b7 52 %");
  assert.equal(zoomWords(52, { hidden: 0, cut: 2 }), "2 cut: drag to see \u00b7 52 %");
  const size = { width: 50, height: 20 };
  const edge = Object.assign(new Camera(), { width: 100, height: 100 });
  const found = edge.outside([[10, 50], [60, 50], [100, 50], [10, 5], [10, -30]], size);
  assert.deepEqual(found, { hidden: 2, cut: 2 });
});

test("a small tree grows with its stage, up to 140 %; a live one keeps its size", () => {
  const small = tidy(grow([-1, 0, 0]), 0, new Set());
  const percent = (/** @type {number[]} */ ...given) => {
    const [width, height, live] = given;
    return Math.round((fitPitch(small, width, height, live > 0) / FULL_PITCH) * 100);
  };
  assert.deepEqual([percent(1200, 900), percent(1200, 156), percent(370, 900)], [140, 120, 120]);
  assert.deepEqual([percent(300, 900), percent(1200, 130), percent(1200, 900, 1)], [100, 100, 100]);
  const wide = 370; // at every size it grows to, the deepest card ends within the stage
  const pitch = fitPitch(small, wide, 900);
  const right = columns(small, wide, pitch).column + cardSize(pitch, 1).width;
  assert.ok(right <= wide + 1e-9, `${right}`);
});

/**
 * A tree on a stage of 800 x 500 that was fitted as a root with one child, and then grew.
 * @param {{manual?: boolean, following?: boolean}} how @param {number[]} more
 */
function grown({ manual = false, following = true }, more) {
  const before = grow([-1, 0]);
  const layout = tidy(before, 0, new Set());
  const camera = Object.assign(new Camera(), { width: 800, height: 500 });
  camera.fit(layout, 1, true);
  camera.manual = manual;
  const step = grow([-1, 0, ...more]);
  step.status.fill(RUNNING, 0, step.n);
  const host = {
    ...{ place: { tree: 0, focus: -1, piles: new Piles(step) }, shown: { step }, palette: { unit: 1 } },
    steps: { following },
  };
  const view = Object.create(TreeView.prototype);
  Object.assign(view, { host, layout, camera, born: new Map(), beginMove: () => {} });
  view.grow();
  const right = camera.at(layout.levels, 0, 1)[0] + view.size.width;
  const bottom = camera.at(0, layout.height - 1, 1)[1] + view.size.height / 2;
  return { right, bottom };
}

test("a live tree that outgrows the stage is fitted again while it is followed and untouched", () => {
  const deep = [1, 2, 3, 4, 5, 6, 7];
  const wide = Array(40).fill(0);
  for (const more of [deep, wide]) {
    const { right, bottom } = grown({}, more);
    assert.ok(right <= 800 && bottom <= 500, `${right} ${bottom}`);
    for (const held of [{ manual: true }, { following: false }]) {
      const left = grown(held, more);
      assert.ok(left.right > 800 || left.bottom > 500, "what somebody looks at stays where it is");
    }
  }
});

// What a timeline comes to, in words: the ideal speed-up, the critical path, who kept whom waiting.

import { h, refill } from "../shared/dom.js";
import { count, plain } from "../shared/format.js";
import { timeWords } from "./paint.js";

/** @typedef {import("./lanes.js").TreeTimes} TreeTimes */
/** @typedef {import("./lanes.js").Clock} Clock */
/** @typedef {import("./times.js").Times} Times */

/** Nodes of the critical path, and pairs, that are listed. */
const MOST = { path: 12, pairs: 3 };

export class Facts {
  /** @param {(row: number) => void} choose @param {(row: number, limit: number) => string} goal */
  constructor(choose, goal) {
    this.choose = choose;
    this.goal = goal;
    this.element = h("div", { class: "tl-facts" });
    this.key = "";
  }

  /**
   * @param {import("../step/store.js").Step} step @param {TreeTimes} tree @param {Clock} clock
   * @param {number} row the chosen one
   */
  update(step, tree, clock, row) {
    const lane = tree.laneOf.get(row) ?? 0;
    const key = [step.step, tree.rows.length, tree.steps.end, tree.on(clock).end, clock, lane].join("|");
    if (key === this.key) return;
    this.key = key;
    const times = tree.on(clock);
    const name = (/** @type {number} */ at) => this.node(step, tree.rows[at], "");
    refill(
      this.element,
      () => null,
      ideal(tree),
      this.path(step, tree, times, clock),
      blocking(times, clock, lane, name),
      tree.serial.slice(0, MOST.pairs).map(([earlier, later, saved]) =>
        h("p", {},
          ...[name(earlier), ", then ", name(later), ": one after the other, though the second did not "],
          `need the first; together they would have saved ${timeWords(saved, "steps")}`,
        ),
      ),
      tree.serial.length > MOST.pairs
        ? h("p", { class: "label" }, `and ${count(tree.serial.length - MOST.pairs)} more such pairs`)
        : null,
    );
  }

  /**
   * A node as a button.
   * @param {import("../step/store.js").Step} step @param {number} row @param {string} words
   */
  node(step, row, words) {
    if (row < 0) return h("span", {}, "a node");
    const props = { class: "tl-node", title: this.goal(row, 80), onclick: () => this.choose(row) };
    return h("button", props, h("b", {}, step.path(row)), words ? ` ${words}` : null);
  }

  /**
   * @param {import("../step/store.js").Step} step @param {TreeTimes} tree @param {Times} times
   * @param {Clock} clock
   */
  path(step, tree, times, clock) {
    /** @type {Map<number, number>} in the order in which the path comes to them first */
    const held = new Map();
    for (const { node, start, end } of times.path) held.set(node, (held.get(node) ?? 0) + end - start);
    const all = [...held];
    const most = new Set(all.slice().sort((a, b) => b[1] - a[1]).slice(0, MOST.path));
    const shown = all.filter((each) => most.has(each));
    const rest = all.length - shown.length;
    return h("p", { class: "tl-path" },
      h("span", { class: "label" }, "critical path "),
      shown.map(([node, time]) => this.node(step, tree.rows[node], timeWords(time, clock))),
      rest > 0 ? h("span", { class: "label" }, ` and ${count(rest)} nodes that hold it more shortly`) : null,
    );
  }
}

/** @param {TreeTimes} tree */
function ideal(tree) {
  const { speedUp, best } = tree;
  const unknown = "decode steps are not known: no ideal speed-up";
  if (Number.isNaN(speedUp)) return h("p", { class: "label" }, unknown);
  const of = `${count(best.steps)} decode steps of all nodes / ${count(best.pathSteps)} on the critical path`;
  return h("p", {},
    h("b", { class: "tl-big" }, `${plain(speedUp, speedUp < 10 ? 2 : 1)}\u00d7`),
    ` ideal speed-up over running one after another `,
    h("span", { class: "label" }, of),
  );
}

/**
 * Which child kept the chosen node waiting; of a node that never waited, whom it kept waiting.
 * @param {Times} times @param {Clock} clock @param {number} lane
 * @param {(lane: number) => HTMLElement} name
 */
function blocking(times, clock, lane, name) {
  const words = (/** @type {number} */ time) => timeWords(time, clock);
  const own = times.waits[lane] ?? [];
  if (own.length) {
    const sum = own.reduce((all, wait) => all + wait.end - wait.start, 0);
    const longest = own.reduce((a, b) => (b.end - b.start > a.end - a.start ? b : a));
    const part = longest.end - longest.start;
    const alone = longest.alone < part * 0.999 ? `, alone for the last ${words(longest.alone)}` : "";
    const of = own.length > 1 ? ` of it in turn ${longest.turn}` : ` in turn ${longest.turn}`;
    const first = own.length > 1 ? [" waited ", words(sum), "; ", words(part)] : [" waited ", words(part)];
    return h("p", {}, name(lane), ...first, `${of} for `, name(longest.child), ` to end${alone}`);
  }
  const { parent } = times.lanes[lane] ?? { parent: -1 };
  const kept = parent < 0 ? [] : times.waits[parent].filter(({ child }) => child === lane);
  if (!kept.length) return h("p", {}, name(lane), " waited for nobody, and kept nobody waiting");
  const [{ start, end, alone }] = kept;
  const last = alone < (end - start) * 0.999 ? `, the last ${words(alone)} alone` : "";
  return h("p", {}, name(lane), ` kept `, name(parent), ` waiting for ${words(end - start)}${last}`);
}

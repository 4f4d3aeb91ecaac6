// One step of a run as columns: rows are nodes in the order they became known, a parent before its
// children and siblings in spawn order. Numbers live in typed arrays that double when full; texts stay
// with whoever recorded them.

import { isLive } from "./status.js";

/** @typedef {import("./types.js").Snapshot} Snapshot */
/** @typedef {import("./types.js").Delta} Delta */
/** @typedef {import("./types.js").CreditColumns} CreditColumns */

/** Structure first, then recorded credit. @type {[string, "i32" | "u8" | "f64", number][]} */
const COLUMNS = [
  ["tree", "i32", 0],
  ["parent", "i32", -1],
  ["depth", "i32", 0],
  ["spawn", "i32", 0],
  ["turn", "i32", 0], // the parent's turn that launched it; 0 for a root
  ["batch", "i32", 0],
  ["together", "u8", 0],
  ["status", "u8", 0],
  ["turns", "i32", 0],
  ["read", "i32", 0],
  ["wrote", "i32", 0],
  ["peak", "i32", 0],
  ["window", "i32", 0],
  ["goal", "i32", -1], // index into words
  ["reason", "i32", -1],
  ["s", "f64", NaN],
  ["started", "f64", NaN],
  ["ended", "f64", NaN],
  ["childMean", "f64", NaN],
  ["childMin", "f64", NaN],
  ["bonus", "f64", NaN],
  ["R", "f64", NaN],
  ["b", "f64", NaN],
  ["A", "f64", NaN],
  ["w", "f64", NaN],
  ["c", "f64", NaN],
  ["share", "f64", NaN],
  ["why", "u8", 1],
];
const TYPES = { i32: Int32Array, u8: Uint8Array, f64: Float64Array };

export class Step {
  /** @param {number} step */
  constructor(step) {
    this.step = step;
    this.n = 0;
    /** Counts changes. */
    this.revision = 0;
    this.scored = false;
    this.note = "";
    /** Weights and shares count these trees, which may be a part of a step. */
    this.alone = false;
    /** Nobody said by which rule they were trained. */
    this.usual = false;
    /** What it is without, of `states.js`; empty: nothing. */
    this.state = "";
    /** @type {"token" | "node"} */
    this.shareBy = "token";
    /** @type {import("./types.js").CreditConfig} */
    this.config = {
      lam: 0.4,
      bonus: "mean",
      cap: null,
      estimator: "rao",
      baseline: "leave_one_out",
      std: false,
      depth_weighting: "inverse_frequency",
      decay: null,
    };
    /** @type {(number | null)[] | null} mean R of each depth before this step; null: no moving baseline */
    this.moving = null;
    /** @type {string[]} */
    this.words = [];
    /** @type {import("./types.js").GroupMeta[]} */
    this.groups = [];
    /** @type {import("./types.js").TreeMeta[]} */
    this.trees = [];
    /** @type {number[]} row of each tree's root, -1 before it is spawned */
    this.rootOf = [];
    /** @type {import("./types.js").ForkSet[]} */
    this.forks = [];
    /** @type {number[]} nodes of each tree */
    this.sizeOf = [];
    this.tree = new Int32Array(0);
    this.parent = new Int32Array(0);
    this.depth = new Int32Array(0);
    this.spawn = new Int32Array(0);
    this.turn = new Int32Array(0);
    this.batch = new Int32Array(0);
    this.together = new Uint8Array(0);
    this.status = new Uint8Array(0);
    this.turns = new Int32Array(0);
    this.read = new Int32Array(0);
    this.wrote = new Int32Array(0);
    this.peak = new Int32Array(0);
    this.window = new Int32Array(0);
    this.goal = new Int32Array(0);
    this.reason = new Int32Array(0);
    this.s = new Float64Array(0);
    this.started = new Float64Array(0);
    this.ended = new Float64Array(0);
    this.childMean = new Float64Array(0);
    this.childMin = new Float64Array(0);
    this.bonus = new Float64Array(0);
    this.R = new Float64Array(0);
    this.b = new Float64Array(0);
    this.A = new Float64Array(0);
    this.w = new Float64Array(0);
    this.c = new Float64Array(0);
    this.share = new Float64Array(0);
    this.why = new Uint8Array(0);
    this.first = new Int32Array(0);
    this.last = new Int32Array(0);
    this.next = new Int32Array(0);
  }

  /**
   * @param {Snapshot} head
   * @param {DataView[]} buffers
   */
  static from(head, buffers) {
    const step = new Step(head.step);
    step.words = head.words.slice();
    step.groups = head.groups.slice();
    step.trees = head.trees.slice();
    step.forks = head.forks ?? [];
    step.config = head.config;
    step.shareBy = head.share_by;
    step.moving = head.moving ?? null;
    step.scored = head.scored;
    step.note = head.note;
    step.alone = head.alone ?? false;
    step.usual = head.usual ?? false;
    step.state = head.state ?? "";
    step.n = head.n;
    step.reserve(head.n);
    const known = new Map(COLUMNS.map(([name, type]) => [name, type]));
    head.columns.forEach(({ name, type }, index) => {
      if (known.get(name) !== type) return; // a newer kernel may know more columns
      const view = buffers[index];
      const bytes = new Uint8Array(view.byteLength); // typed arrays need aligned bytes of their own
      bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
      const values = new TYPES[type](bytes.buffer);
      step.column(name).set(values.subarray(0, head.n));
    });
    step.link(0);
    return step;
  }

  /** @param {string} name @returns {Int32Array | Uint8Array | Float64Array} */
  column(name) {
    return /** @type {any} */ (this)[name];
  }

  /** @param {number} size */
  reserve(size) {
    if (size <= this.parent.length) return;
    const room = Math.max(64, size, this.parent.length * 2);
    const self = /** @type {any} */ (this);
    for (const [name, type, empty] of COLUMNS) {
      const grown = new TYPES[type](room).fill(empty, self[name].length);
      grown.set(self[name]);
      self[name] = grown;
    }
    for (const name of ["first", "last", "next"]) {
      const grown = new Int32Array(room).fill(-1);
      grown.set(self[name]);
      self[name] = grown;
    }
  }

  /** Rows from `start` on join their parents' children. @param {number} start */
  link(start) {
    for (let row = start; row < this.n; row += 1) {
      const above = this.parent[row];
      const tree = this.tree[row];
      this.sizeOf[tree] = (this.sizeOf[tree] ?? 0) + 1;
      if (above < 0) {
        this.rootOf[tree] = row;
        continue;
      }
      if (above >= row) throw new Error(`row ${row} stands above its parent ${above}`);
      if (this.last[above] < 0) this.first[above] = row;
      else this.next[this.last[above]] = row;
      this.last[above] = row;
    }
    for (let tree = 0; tree < this.trees.length; tree += 1) {
      this.rootOf[tree] ??= -1;
      this.sizeOf[tree] ??= 0;
    }
    this.revision += 1;
  }

  /**
   * New and changed rows.
   * @param {Delta} delta
   * @returns {boolean} false: it does not fit, ask for everything again
   */
  apply(delta) {
    const before = this.n;
    this.words.push(...delta.words);
    for (const [index, meta] of delta.groups) this.groups[index] = meta;
    for (const [index, meta] of delta.trees) this.trees[index] = meta;
    for (const values of delta.rows) {
      const row = /** @type {number} */ (values[0]);
      if (row > this.n) return false;
      if (row === this.n) {
        this.n += 1;
        this.reserve(this.n);
      }
      delta.fields.forEach((name, place) => {
        this.column(name)[row] = values[place + 1] ?? NaN;
      });
    }
    if (this.n && this.state === "begun") this.state = "credit_coming";
    if (this.n > before || this.rootOf.length < this.trees.length) this.link(before);
    this.revision += 1;
    return true;
  }

  /** @param {number} row @returns {number[]} in spawn order */
  children(row) {
    const found = [];
    for (let child = this.first[row]; child >= 0; child = this.next[child]) found.push(child);
    return found;
  }

  /** @param {number} row such as "0.1.2" */
  path(row) {
    const parts = [];
    let at = row;
    for (; this.parent[at] >= 0; at = this.parent[at]) parts.push(this.spawn[at]);
    parts.push(0);
    return parts.reverse().join(".");
  }

  /** @param {number} tree @param {string} path @returns {number} row, or -1 */
  find(tree, path) {
    let at = this.rootOf[tree] ?? -1;
    for (const part of path.split(".").slice(1)) {
      const wanted = Number(part);
      let child = at < 0 ? -1 : this.first[at];
      while (child >= 0 && this.spawn[child] !== wanted) child = this.next[child];
      at = child;
    }
    return at;
  }

  /** @param {number} row */
  goalText(row) {
    return this.words[this.goal[row]] ?? "";
  }

  /** Goals of this step, each once; enough of them to tell what they have in common. */
  someGoals() {
    const found = new Set();
    for (let row = 0; row < Math.min(this.n, 5000); row += 1) {
      const { fork } = this.groups[this.trees[this.tree[row]].group]; // who made it may have worded it
      if (this.goal[row] >= 0 && !fork) found.add(this.goal[row]);
    }
    return [...found].map((goal) => this.words[goal] ?? "").filter((goal) => goal.length > 3);
  }

  /** @param {number} row */
  reasonText(row) {
    return this.words[this.reason[row]] ?? "";
  }

  /** @param {number} group @returns {number[]} its trees by rollout */
  treesOf(group) {
    const found = [];
    for (let tree = 0; tree < this.trees.length; tree += 1) {
      if (this.trees[tree].group === group) found.push(tree);
    }
    return found;
  }

  /** Rows of a tree, parents first, siblings in spawn order. @param {number} tree @returns {number[]} */
  walk(tree) {
    const root = this.rootOf[tree] ?? -1;
    return root < 0 ? [] : this.below(root);
  }

  /** @param {number} row @returns {number[]} the row and everything below it */
  below(row) {
    const rows = [];
    let at = row;
    while (at >= 0) {
      rows.push(at);
      if (this.first[at] >= 0) {
        at = this.first[at];
        continue;
      }
      while (at !== row && this.next[at] < 0) at = this.parent[at];
      if (at === row) break;
      at = this.next[at];
    }
    return rows;
  }

  /** @returns {CreditColumns} as recorded: what the trainer multiplied by */
  recorded() {
    const { childMean, childMin, bonus, R, b, A, w, c, share, why } = this;
    return { childMean, childMin, bonus, R, b, A, w, c, share, why };
  }

  /** Whether the rows both know are the same nodes. @param {Step} other */
  sameRows(other) {
    const shared = Math.min(this.n, other.n);
    for (let row = 0; row < shared; row += 1) {
      const alike = this.parent[row] === other.parent[row] && this.spawn[row] === other.spawn[row];
      if (!alike || this.tree[row] !== other.tree[row]) return false;
    }
    return other.n >= this.n;
  }

  /** A node of the tree computes or waits. @param {number} tree */
  treeLive(tree) {
    const root = this.rootOf[tree] ?? -1;
    return root >= 0 && isLive(this.status[root]);
  }

  /** @param {number} tree @returns {boolean} its task is tried now and then and never trained */
  isProbe(tree) {
    return !!this.groups[this.trees[tree]?.group]?.probe;
  }

  /**
   * The largest tree that still runs, the first of several; -1: none does.
   * @param {boolean} probe of a probe, or none
   */
  liveTree(probe) {
    let best = -1;
    for (let tree = 0; tree < this.trees.length; tree += 1) {
      const larger = best < 0 || this.sizeOf[tree] > this.sizeOf[best];
      if (larger && this.isProbe(tree) === probe && this.treeLive(tree)) best = tree;
    }
    return best;
  }
}

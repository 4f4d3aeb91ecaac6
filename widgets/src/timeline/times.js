// When the nodes of one tree computed and when they waited, on one clock, and the chain that nothing could
// shorten. The other half is rao_lab/tree/times.py, which says what is meant; a golden file holds both to the
// same answers. A time that is not known is NaN. No DOM.

/** @typedef {"generation" | "code" | "waiting"} Kind */
/** @typedef {{started: number, sampled: number, ended: number, steps: number}} Span a turn on one clock */

/**
 * @typedef {object} Lane a node on one clock
 * @property {number} parent its lane, -1 for the root
 * @property {number} turn the parent's turn that launched it, 0 for the root
 * @property {number} started
 * @property {number} ended NaN while it runs, and if nobody knows
 * @property {boolean} live
 * @property {Span[]} turns
 */

/** @typedef {{kind: Kind, turn: number, start: number, end: number}} Bar what a node did without a break */
/** @typedef {Bar & {node: number}} Leg a part of the critical path */

/**
 * @typedef {object} Wait a node's code awaited children
 * @property {number} turn
 * @property {number} start
 * @property {number} end
 * @property {number} child the lane of the one that ended last
 * @property {number} alone how long it was the only one that was awaited
 */

const known = Number.isFinite;

export class Times {
  /** @param {Lane[]} lanes in path order: a parent before its children */
  constructor(lanes) {
    this.lanes = lanes;
    /** The last time that is known: of a tree that runs, now. */
    this.end = 0;
    for (const { started, ended, turns } of lanes) {
      this.end = later(this.end, started, ended);
      for (const turn of turns) this.end = later(this.end, turn.started, turn.sampled, turn.ended);
    }
    /** Somebody kept this clock. */
    this.known = lanes.length > 0 && known(lanes[0].started) && this.end > 0;
    /** Of each lane: when it ended, or now; if nobody knows, the last time that is known of it. */
    this.ends = lanes.map((lane) => (known(lane.ended) ? lane.ended : lane.live ? this.end : lastOf(lane)));
    /** @type {Map<number, number[]>[]} of each lane the children that each turn launched */
    this.launched = lanes.map(() => new Map());
    lanes.forEach(({ parent, turn, started }, place) => {
      if (parent < 0 || !known(started)) return;
      const have = this.launched[parent].get(turn);
      if (have) have.push(place);
      else this.launched[parent].set(turn, [place]);
    });
    /** Of each lane, in order. @type {Wait[][]} */
    this.waits = lanes.map((lane, place) =>
      lane.turns.flatMap((span, index) => this.waitsIn(place, span, index + 1)),
    );
    /** Of each lane, in order, without those that took no time. @type {Bar[][]} */
    this.bars = lanes.map((_, place) => this.barsOf(place));
    /** The critical path, from the start to the end of the root. */
    this.path = this.known ? this.findPath() : [];
  }

  /** Children that ran at the same time were awaited in one wait. @param {number} place @param {Span} span
   * @param {number} turn */
  waitsIn(place, span, turn) {
    const children = this.launched[place].get(turn);
    if (!children) return [];
    const order = children.slice().sort((a, b) => this.lanes[a].started - this.lanes[b].started);
    /** @type {number[][]} */
    const groups = [];
    let until = NaN;
    for (const child of order) {
      const begins = !groups.length || !(this.lanes[child].started < until);
      if (begins) groups.push([child]);
      else groups[groups.length - 1].push(child);
      until = begins ? this.ends[child] : Math.max(this.ends[child], until);
    }
    const low = [span.sampled, span.started].find(known) ?? this.ends[place];
    const high = known(span.ended) ? span.ended : this.ends[place];
    return groups.map((each) => this.waitFor(turn, each, low, high)).filter(({ start, end }) => end > start);
  }

  /**
   * @param {number} turn @param {number[]} together @param {number} low @param {number} high
   * @returns {Wait}
   */
  waitFor(turn, together, low, high) {
    const { ends, lanes } = this;
    const last = (/** @type {number} */ a, /** @type {number} */ b) =>
      ends[b] > ends[a] || (ends[b] === ends[a] && b > a) ? b : a;
    const child = together.reduce(last);
    const start = Math.min(Math.max(low, lanes[together[0]].started), high);
    const end = Math.min(Math.max(start, ends[child]), high);
    const others = together.filter((each) => each !== child).map((each) => ends[each]);
    const alone = end - Math.min(end, Math.max(start, lanes[child].started, ...others));
    return { turn, start, end, child, alone };
  }

  /** @param {number} place @returns {Bar[]} */
  barsOf(place) {
    const last = this.ends[place];
    /** @type {Bar[]} */
    const bars = [];
    let next = 0;
    const waits = this.waits[place];
    this.lanes[place].turns.forEach(({ started, sampled, ended }, index) => {
      const turn = index + 1;
      const own = [];
      for (; next < waits.length && waits[next].turn === turn; next += 1) own.push(waits[next]);
      if (!known(started)) return;
      // If nobody says when generation ended, it is what is not known to be a wait.
      let at = [sampled, own[0]?.start ?? NaN, ended].find(known) ?? last;
      bars.push({ kind: "generation", turn, start: started, end: at });
      for (const { start, end } of own) {
        bars.push({ kind: "code", turn, start: at, end: start }, { kind: "waiting", turn, start, end });
        at = end;
      }
      bars.push({ kind: "code", turn, start: at, end: known(ended) ? ended : last });
    });
    return bars.filter(({ start, end }) => end > start);
  }

  /** Backwards from the root's end. @returns {Leg[]} */
  findPath() {
    /** @type {Leg[]} */
    const found = [];
    let node = 0;
    let at = this.ends[0];
    let place = this.bars[0].length - 1;
    for (;;) {
      const bars = this.bars[node];
      while (place >= 0 && bars[place].start >= at) place -= 1;
      if (place < 0) {
        // The node begins here: what went before is its parent's.
        const { parent, started } = this.lanes[node];
        if (parent < 0) return found.reverse();
        at = Math.min(at, started);
        node = parent;
        place = this.bars[node].length - 1;
        continue;
      }
      const { kind, turn, start } = bars[place];
      const end = Math.min(at, bars[place].end);
      const child = kind === "waiting" ? this.blockedBy(node, turn, start, end) : -1;
      if (child >= 0) {
        node = child;
        at = Math.min(end, this.ends[child]);
        place = this.bars[child].length - 1;
        continue;
      }
      found.push({ node, kind, turn, start, end });
      at = start;
    }
  }

  /**
   * The child that ended last in a wait, of those that began before its end and had ended by then; -1: none.
   * @param {number} node @param {number} turn @param {number} start @param {number} end
   */
  blockedBy(node, turn, start, end) {
    let best = -1;
    for (const child of this.launched[node].get(turn) ?? []) {
      const { started } = this.lanes[child];
      const ended = this.ends[child];
      if (!(start <= started && started < end && ended <= end)) continue;
      if (best < 0 || ended >= this.ends[best]) best = child;
    }
    return best;
  }

  /** Decode steps of all nodes together. */
  get steps() {
    let sum = 0;
    for (const { turns } of this.lanes) for (const { steps } of turns) sum += steps;
    return sum;
  }

  /** Decode steps of the turns whose generation lies on the critical path. */
  get pathSteps() {
    const turns = new Set();
    let sum = 0;
    for (const { node, turn, kind } of this.path) {
      if (kind !== "generation" || turns.has(`${node}/${turn}`)) continue;
      turns.add(`${node}/${turn}`);
      sum += this.lanes[node].turns[turn - 1].steps;
    }
    return sum;
  }
}

/** @param {...number} times @returns {number} the last of those that are known */
function later(...times) {
  return Math.max(...times.filter(known));
}

/** @param {Lane} lane */
function lastOf({ started, turns }) {
  let last = started;
  for (const turn of turns) {
    for (const time of [turn.started, turn.sampled, turn.ended]) if (known(time)) last = Math.max(last, time);
  }
  return last;
}

/** The critical path by lane. @param {Times} times @returns {Map<number, Leg[]>} */
export function legsOf({ path }) {
  /** @type {Map<number, Leg[]>} */
  const found = new Map();
  for (const leg of path) {
    const have = found.get(leg.node);
    if (have) have.push(leg);
    else found.set(leg.node, [leg]);
  }
  return found;
}

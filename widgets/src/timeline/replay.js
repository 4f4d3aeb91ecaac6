// The moment that is shown of the tree in front, and the clock that it runs on: a tree grows again.

import { atMoment, moments } from "./moment.js";

/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {import("./lanes.js").Clock} Clock */

export const SPEEDS = [0.5, 1, 2, 4, 8, 16, 32];
/** Decode steps a second at speed 1. */
const PACE = 20;
/** A tree that took less, in s, is slowed so that speed 1 takes this long. */
const LEAST = 4;
/** ms between pictures. */
const FRAME = 30;

/**
 * @typedef {object} Needs
 * @property {import("../step/store.js").Step | null} step
 * @property {{tree: number}} place
 * @property {{rest: () => void}} steps choosing a moment stops following
 * @property {{now: import("./lanes.js").TreeTimes | null}} timing
 * @property {() => void} moved another moment is shown
 */

export class Replay {
  /** @param {Needs} host */
  constructor(host) {
    this.host = host;
    /** @type {number | null} null: the end, or now */
    this.at = null;
    this.playing = false;
    this.speed = 1;
    /** @type {Clock} */
    this.wish = "seconds";
    this.of = "";
    this.last = 0;
    this.frame = 0;
    /** @type {{times: unknown, all: number[]}} */
    this.known = { times: null, all: [] };
  }

  close() {
    cancelAnimationFrame(this.frame);
  }

  get key() {
    return `${this.host.step?.step}/${this.host.place.tree}`;
  }

  /** The clock that is shown: the chosen one, if the tree knows it. @returns {Clock} */
  get clock() {
    const clocks = this.host.timing.now?.clocks ?? [];
    return clocks.includes(this.wish) || !clocks.length ? this.wish : clocks[0];
  }

  /** @returns {import("./times.js").Times | null} */
  get times() {
    const times = this.host.timing.now?.on(this.clock);
    return times?.known ? times : null;
  }

  /** What comes after it has not happened; Infinity: nothing. */
  get until() {
    return this.at ?? Infinity;
  }

  /** Time of the tree that passes in a second. */
  get pace() {
    const { times } = this;
    if (!times) return 1;
    const usual = this.clock === "steps" ? PACE : 1;
    return this.speed * Math.min(usual, times.end / LEAST);
  }

  /** How much slower than it was speed 1 is; 1: it is not. */
  get slowed() {
    const { times } = this;
    if (!times || this.clock === "steps") return 1;
    return Math.max(1, LEAST / times.end);
  }

  /** What is seen of a step at the moment. @param {Shown} shown @returns {Shown} */
  dress(shown) {
    if (this.at === null) return shown;
    if (this.of !== this.key) this.end();
    const tree = this.host.timing.now;
    if (this.at === null || !tree || !this.times) return shown;
    return atMoment(shown, tree, this.clock, this.at);
  }

  /** @param {Clock} clock */
  choose(clock) {
    const { times, at } = this;
    const share = times && at !== null ? at / times.end : null;
    this.wish = clock;
    if (share !== null && this.times) this.at = share * this.times.end;
    this.host.moved();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    const { times } = this;
    if (!times) return;
    if (this.at === null || this.at >= times.end) this.go(0);
    this.playing = true;
    this.last = performance.now();
    this.tick();
    this.host.moved();
  }

  pause() {
    this.playing = false;
    cancelAnimationFrame(this.frame);
    this.host.moved();
  }

  /** The end again, or now. */
  end() {
    this.playing = false;
    cancelAnimationFrame(this.frame);
    this.at = null;
  }

  leave() {
    this.end();
    this.host.moved();
  }

  /** @param {number} at */
  go(at) {
    const { times } = this;
    if (!times) return;
    this.host.steps.rest();
    this.of = this.key;
    this.at = Math.max(0, Math.min(times.end, at));
    if (this.at >= times.end) this.end();
    this.host.moved();
  }

  /** To the moment before or after at which something begins or ends. @param {number} by */
  step(by) {
    const { times } = this;
    if (!times) return;
    if (this.known.times !== times) this.known = { times, all: moments(times) };
    const { all } = this.known;
    const at = this.at ?? times.end;
    const slack = times.end * 1e-9;
    const next = by > 0 ? all.find((one) => one > at + slack) : all.filter((one) => one < at - slack).pop();
    this.playing = false;
    this.go(next ?? (by > 0 ? times.end : 0));
  }

  /** @param {number} by */
  faster(by) {
    const at = SPEEDS.indexOf(this.speed) + by;
    this.speed = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at))];
    this.host.moved();
  }

  tick() {
    this.frame = requestAnimationFrame((now) => {
      if (!this.playing) return;
      if (now - this.last >= FRAME) {
        const { times } = this;
        const next = (this.at ?? 0) + ((now - this.last) / 1000) * this.pace;
        this.last = now;
        if (!times || this.of !== this.key || next >= times.end) {
          this.leave();
          return;
        }
        this.at = next;
        this.host.moved();
      }
      this.tick();
    });
  }
}

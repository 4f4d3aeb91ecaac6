// Badges of the open step: asked for once, and again when trees end or a threshold changes; and the one badge
// that is looked for.

import { count } from "../shared/format.js";
import { StepBadges } from "../step/badges.js";

/** @typedef {import("../step/badges.js").Given} Given */
/** @typedef {import("../step/badges.js").Thresholds} Thresholds */
/** @typedef {import("../step/store.js").Step} Step */

/** Nodes of a step whose badges are asked for before anybody looks for them: the kernel takes about 1 s. */
const READY = 6000;
/** What a search for a badge begins with. */
const PREFIX = "badge:";

/**
 * @typedef {object} MarkingHost
 * @property {Step | null} step
 * @property {import("../step/shown.js").Shown | null} shown
 * @property {string} view
 * @property {import("../step/client.js").Client["ask"]} ask
 * @property {import("./finding.js").Finding} finding
 * @property {boolean} whole the whole step is listed
 * @property {{tree: number}} place
 * @property {(query: string, go?: boolean) => void} search
 */

export class Marking {
  /** @param {MarkingHost} app */
  constructor(app) {
    this.app = app;
    /** Thresholds that are not the usual ones. @type {Thresholds} */
    this.changes = {};
    /** @type {{value: any, step: Step | null, revision: number, credit: any, found: StepBadges | null}} */
    this.made = { value: null, step: null, revision: -1, credit: null, found: null };
    /** How many trees had ended when it was last asked. */
    this.looked = { step: -1, ended: 0 };
    /** Why there are none, in a sentence. */
    this.why = "";
  }

  /** Rows that were searched for. */
  get found() {
    return this.app.finding.found;
  }

  /** Of the step; null while they are on their way, or nobody needs them. @returns {StepBadges | null} */
  get badges() {
    const { made } = this;
    return made.step === this.app.step ? made.found : null;
  }

  /** That cards and rows have no badges yet, in a sentence; empty: they have, or show none. */
  get waits() {
    const { step, view } = this.app;
    const bare = step && step.n > READY && !this.badges && !this.why;
    if (!bare || (view !== "tree" && view !== "outline")) return "";
    return `Badges of these ${count(step.n)} nodes are not counted yet: the Badges view counts them`;
  }

  /** Asks for the badges of the step as it is now, unless they are at hand. */
  update() {
    const { step, view, shown } = this.app;
    if (!step || (step.n > READY && view !== "badges" && !this.made.value)) return;
    const answer = this.app.ask("badges", [this.changed], { mark: this.mark(step) });
    this.why = answer?.why ?? "";
    const value = answer?.value ?? null;
    const { made } = this;
    if (!value && made.found && made.step === step) return; // those at hand stay until others come
    const credit = shown?.other ? shown.credit : null;
    const stale = made.step !== step || made.revision !== step.revision || made.credit !== credit;
    if (!stale && made.value === value) return;
    const found = value && new StepBadges(step, value, credit);
    this.made = { value, step, revision: step.revision, credit, found };
  }

  /** Which answer a growing step needs: another when half as many more trees ended. @param {Step} step */
  mark(step) {
    const now = step.trees.filter((tree) => (tree.ended ?? null) !== null).length;
    const { looked } = this;
    const more = now === step.trees.length || now >= looked.ended * 1.5 || now < looked.ended;
    if (looked.step !== step.step || more) this.looked = { step: step.step, ended: now };
    return this.looked.ended * 2 + Number(step.scored); // credit comes after the last tree
  }

  /** The thresholds that are changed, as questions name them. */
  get changed() {
    return Object.keys(this.changes).length ? JSON.stringify(this.changes) : "";
  }

  /** Those of a node; none at a moment before it ended, of which they tell. @param {number} row
   * @returns {Given[]} */
  of(row) {
    return this.app.shown?.told?.has(row) ? [] : (this.badges?.of(row) ?? []);
  }

  /** Those that its card and its row show: if one badge is looked for, no others. @param {number} row */
  onCard(row) {
    const { wanted } = this;
    return this.of(row).filter(({ badge }) => (wanted ? badge.name === wanted : badge.card));
  }

  /** The name of the badge that is looked for; empty: none. */
  get wanted() {
    const { query } = this.app.finding;
    return query.startsWith(PREFIX) ? query.slice(PREFIX.length).trim() : "";
  }

  /** Looks for a badge, or for none. @param {string} name */
  look(name) {
    this.app.search(name ? `${PREFIX} ${name}` : "", false);
  }

  /** The nodes of a badge that a search names, otherwise those that hold its words. @param {string} query */
  find(query) {
    const { finding, step, whole, place } = this.app;
    if (query.startsWith(PREFIX)) finding.take(query, this.rows(query));
    else finding.look(step, whole ? -1 : place.tree, query);
    return finding.hits;
  }

  /** @param {string} query that names a badge */
  rows(query) {
    const name = query.slice(PREFIX.length).trim().toLowerCase();
    const badge = this.badges?.badges.find((one) => name && one.name.startsWith(name));
    return badge ? (this.badges?.rows(badge.key) ?? []) : [];
  }

  /** @param {string} name of a threshold @param {number | boolean} value */
  set(name, value) {
    const usual = this.badges?.usual[name];
    const { [name]: _, ...others } = this.changes;
    this.changes = value === usual ? others : { ...others, [name]: value };
    this.told();
  }

  reset() {
    this.changes = {};
    this.told();
  }

  /** An answer came, or others are asked for: what was looked for is looked for again. */
  told() {
    this.update();
    this.app.search(this.app.finding.query, false);
  }
}

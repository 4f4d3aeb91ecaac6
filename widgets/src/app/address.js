// Where one is, in one word that can be copied and opened again: STEP:TREE/NODE#VIEW, as in
// rao_lab/views/explorer/address.py.

import { h } from "../shared/dom.js";
import { treeAddress } from "../step/forks.js";
import { inFront, isView, PAGES } from "./views.js";

/** @typedef {import("../step/store.js").Step} Step */
/** @typedef {import("../inspector/host.js").Tab} Tab */
/** @typedef {import("./views.js").ViewName} ViewName */

/**
 * @typedef {object} AddressHost
 * @property {Step | null} step
 * @property {ViewName} view
 * @property {Tab} tab
 * @property {import("./place.js").Place} place
 * @property {{title: string, steps: [number, number | null][]}} traits
 * @property {{open: (step: number) => void}} steps
 * @property {{row: (row: number) => void}} choose
 * @property {import("../shared/menu.js").Menu} menu
 * @property {boolean} ownPage
 * @property {(view: ViewName) => void} setView
 * @property {(tab: Tab) => void} setTab
 * @property {() => void} showState
 */

const SHAPE = /^\s*(\d{1,9}):(\d{1,9}(?:\.\d{1,9})?)(?:\/(\d+(?:\.\d+)*))?(?:#([a-z]+))?\s*$/;

/** @param {string} text */
export function parseAddress(text) {
  const [, step, tree, path, view] = SHAPE.exec(text) ?? [];
  return step === undefined ? null : { step: Number(step), tree, path: path ?? "0", view };
}

/** @param {Step} step @param {string} name @returns {number} its place, -1 if there is none */
function treeNamed(step, name) {
  if (!name.includes(".")) return Number(name) < step.trees.length ? Number(name) : -1;
  const named = step.trees.findIndex((_, tree) => treeAddress(step, tree) === name);
  const inGroup = (/** @type {Step["trees"][number]} */ { group, rollout }) =>
    !step.groups[group].fork && `${step.groups[group].label}.${rollout}` === name;
  return named >= 0 ? named : step.trees.findIndex(inGroup); // a probe answers to this, too
}

export class Address {
  /** @param {AddressHost} app */
  constructor(app) {
    this.app = app;
    /** @type {ReturnType<typeof parseAddress>} what is to be opened when its step is here */
    this.wanted = null;
    this.kept = "";
    /** Why an address led nowhere, until something else is chosen. */
    this.problem = "";
    this.at = "";
  }

  /** Of what is seen; empty: there is nothing yet. */
  get now() {
    const { step, view, tab, place } = this.app;
    if (!step || step.step < 0 || !step.trees[place.tree]) return "";
    const page = inFront({ view, tab });
    const end = page === "tree" ? "" : `#${page}`;
    return `${step.step}:${treeAddress(step, place.tree)}/${place.keptPath}${end}`;
  }

  /** Opens what an address names. @param {string} text @returns {boolean} it is one */
  go(text) {
    const wanted = parseAddress(text);
    if (!wanted) return false;
    const { app } = this;
    this.problem = "";
    if (wanted.step !== app.step?.step && !app.traits.steps.some(([step]) => step === wanted.step)) {
      this.say(`There is no step ${wanted.step} here.`);
      return true;
    }
    this.wanted = wanted;
    if (wanted.step === app.step?.step) this.arrive();
    else app.steps.open(wanted.step);
    return true;
  }

  /** A step is here: perhaps the one that an address names. */
  arrive() {
    const { app, wanted } = this;
    const { step } = app;
    if (!wanted || step?.step !== wanted.step) return;
    this.wanted = null;
    const tree = treeNamed(step, wanted.tree);
    const row = tree < 0 ? -1 : step.find(tree, wanted.path);
    if (row < 0) {
      const what = tree < 0 ? `tree ${wanted.tree}` : `node ${wanted.path} in tree ${wanted.tree}`;
      this.say(`Step ${step.step} has no ${what} here.`);
      return;
    }
    const view = wanted.view ?? "tree";
    if (isView(view)) app.setView(view);
    app.choose.row(row);
    if (PAGES.includes(view)) app.setTab(/** @type {"credit" | "tokens"} */ (view));
  }

  /** @param {string} words */
  say(words) {
    this.problem = words;
    this.at = this.now;
    this.app.showState();
  }

  /** The address bar of a saved page tells where one is. */
  keep() {
    const { now } = this;
    if (this.problem && !this.at) this.at = now; // nothing was here yet
    if (this.problem && now !== this.at) this.problem = "";
    if (!this.app.ownPage || !now || now === this.kept || this.problem) return;
    this.kept = now;
    try {
      history.replaceState(null, "", `#${now}`);
    } catch {
      // a page inside another has no address bar
    }
  }

  /** A saved page was opened at an address. */
  begin() {
    if (this.app.ownPage) this.go(decodeURIComponent(location.hash.slice(1)));
  }

  /** Copies it, and shows it with what opens it. @param {HTMLElement} anchor */
  copy(anchor) {
    const { now } = this;
    const props = { readonly: true, value: now, size: Math.max(16, now.length) };
    const input = h("input", { ...props, "aria-label": "Address" });
    const said = h("span", { class: "label" }, "Copy it:");
    const { title } = this.app.traits;
    const file = /^[\w.-]+\.rao$/.test(title) ? title : "FILE";
    const code = h("code", {}, `rl.Explorer(run, at="${now}")`);
    this.app.menu.open(anchor, [
      h("div", { class: "at" }, said, input),
      h("div", { class: "at label" }, "In Python: ", code),
      h("div", { class: "at label" }, "In a terminal: ", h("code", {}, `rao-lab show ${file} --at ${now}`)),
      h("div", { class: "at label" }, "Here: paste it into the search."),
    ], "address");
    input.select();
    navigator.clipboard?.writeText(now).then(() => (said.textContent = "Copied:"), () => {});
  }
}

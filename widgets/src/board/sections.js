// All metrics that do not stand in front: sections that fold, and a field that finds one by its name.

import { fill, h, onArrows } from "../shared/dom.js";
import { many } from "../shared/format.js";
import { CATALOGUE } from "./catalogue.js";
import { isKnown } from "./measures.js";
import { Plot } from "./plots.js";

/** @typedef {import("./catalogue.js").Entry} Entry */
/** @typedef {import("./measures.js").RunCurves} RunCurves */
/** @typedef {{name: string, element: HTMLElement, show: () => void}} Extra a part that is no plot */

/** @typedef {Record<string, HTMLElement>} Inside what stands above the plots of a section */

/** The columns in front are those of one run: those of the others. */
const OTHERS = "Other runs";
const NAMES = [OTHERS, ...new Set(CATALOGUE.map(({ section }) => section))].filter((name) => {
  return name !== "front";
});
/** px of a plot, and between two. */
const HIGH = 118;

/** @param {string} name of a section */
function entriesOf(name) {
  if (name === OTHERS) {
    return CATALOGUE.filter(({ section, draw }) => section === "front" && draw !== "lines");
  }
  return CATALOGUE.filter(({ section }) => section === name);
}

export class Sections {
  /**
   * @param {import("./host.js").PlotHost} host @param {Extra[]} extras @param {Inside} inside
   * @param {() => void} changed
   */
  constructor(host, extras, inside, changed) {
    this.host = host;
    this.inside = inside;
    this.extras = extras;
    this.changed = changed;
    /** @type {Set<string>} */
    this.open = new Set();
    /** @type {Map<string, Plot>} */
    this.plots = new Map();
    /** Those on view. @type {Plot[]} */
    this.shown = [];
    /** @type {RunCurves[]} */
    this.runs = [];
    this.key = "";
    const props = { type: "search", placeholder: "find a metric", "aria-label": "Find a metric" };
    this.find = h("input", { class: "find-metric", ...props });
    this.find.addEventListener("input", () => this.lay());
    this.find.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.find.value) return;
      this.find.value = "";
      this.lay();
      event.stopPropagation();
    });
    this.buttons = [...NAMES, ...extras.map(({ name }) => name)].map((name) => this.button(name));
    const aria = { role: "toolbar", "aria-label": "More metrics" };
    this.bar = h("div", { class: "metric-bar", ...aria }, this.buttons, this.find);
    onArrows(this.bar, { ArrowLeft: -1, ArrowRight: 1 }, (by) => this.move(by));
    this.content = h("div", { class: "metric-body" });
    this.element = h("section", { class: "all-metrics" }, this.bar, this.content);
  }

  /** @param {string} name */
  button(name) {
    const props = { class: "unfold", "aria-expanded": false, tabindex: -1 };
    const button = h("button", props, h("i", {}), h("span", {}, name));
    button.addEventListener("click", () => this.toggle(name));
    return button;
  }

  /** One tab stop: arrows move along the bar. @param {number} by */
  move(by) {
    const all = [...this.buttons.filter((button) => !button.hidden), this.find];
    const at = all.indexOf(/** @type {any} */ (document.activeElement));
    if (document.activeElement === this.find && this.find.value) return;
    all[Math.max(0, Math.min(all.length - 1, at + by))].focus();
  }

  /** @param {string} name @param {boolean} [open] */
  toggle(name, open = !this.open.has(name)) {
    if (open) this.open.add(name);
    else this.open.delete(name);
    this.lay();
    const part = open ? this.content.querySelector(`[data-name="${name}"]`) : null;
    part?.scrollIntoView({ block: "start" });
  }

  /** @param {RunCurves[]} runs */
  take(runs) {
    this.runs = runs;
    const key = runs.map(({ name, curves }) => {
      return [name, curves.step.length, Object.keys(curves.columns).length];
    }).join();
    if (key !== this.key) this.lay(false);
    this.key = key;
  }

  /** The plots of an entry: one, or of columns one for each run. @param {Entry} entry @returns {Plot[]} */
  plotsOf(entry) {
    const runs = entry.draw === "lines" ? [0] : [...this.runs.keys()];
    return runs.slice(entry.section === "front" && entry.draw !== "lines" ? 1 : 0).map((run) => {
      const key = `${entry.id}/${run}`;
      const plot = this.plots.get(key) ?? new Plot(entry, run, this.host);
      this.plots.set(key, plot);
      return plot;
    });
  }

  /** Sections that are open, or what the field finds. @param {boolean} [tell] */
  lay(tell = true) {
    const query = this.find.value.trim().toLowerCase();
    const names = this.buttons.map((button) => button.textContent ?? "");
    this.buttons.forEach((button, i) => {
      const entries = entriesOf(names[i]);
      const runs = names[i] === OTHERS ? this.runs.slice(1) : this.runs;
      button.hidden = !!entries.length && !entries.some((entry) => isKnown(entry, runs));
      button.setAttribute("aria-expanded", String(!query && this.open.has(names[i])));
      button.tabIndex = i ? -1 : 0;
    });
    this.shown = [];
    const parts = query ? [this.found(query)] : NAMES.filter((name) => this.open.has(name)).map((name) => {
      return this.section(name, entriesOf(name));
    });
    const extras = this.extras.filter(({ name }) => !query && this.open.has(name));
    fill(this.content, parts, extras.map(({ element }) => element));
    for (const extra of extras) extra.show();
    if (tell) this.changed();
  }

  /** @param {string} query */
  found(query) {
    const hits = CATALOGUE.filter(({ title, note, of }) => {
      return [title, note, ...of.flat()].join(" ").replace(/_/g, " ").toLowerCase().includes(query);
    });
    if (!hits.length) return h("p", { class: "label" }, "No metric has this in its name.");
    return this.section("Found", hits);
  }

  /** @param {string} name @param {Entry[]} entries */
  section(name, entries) {
    const known = entries.filter((entry) => isKnown(entry, this.runs));
    const unknown = entries.filter((entry) => !known.includes(entry)).map(({ title }) => title);
    const plots = known.flatMap((entry) => this.plotsOf(entry));
    this.shown.push(...plots);
    const words = `Not recorded: ${unknown.join(", ")}`;
    const lacks = unknown.length > 0 && h("p", { class: "label lacks" }, words);
    const title = `${name}, ${many(known.length, "metric")}`;
    return h("section", { class: "metrics", "data-name": name, "aria-label": title },
      h("h3", {}, name),
      this.inside[name],
      h("div", { class: "grid" }, plots.map(({ element }) => element)),
      lacks,
    );
  }

  /** @param {import("./plots.js").Axis} axis @param {(entry: Entry) => string} none */
  draw(axis, none) {
    for (const plot of this.shown) plot.take(this.runs, axis.p, false);
    for (const plot of this.shown) {
      plot.update(plot.box.clientWidth, HIGH * axis.p.unit, axis, { none: none(plot.entry), words: "" });
    }
  }
}

// The Tokens page: what a node read and wrote, token by token, each tinted by a metric, and the metric along
// the node. What launches earned against the rest stands beside it.

import { chosenTab, tabList, whoLines } from "../inspector/who.js";
import { fill, h, onArrows, refill } from "../shared/dom.js";
import { capital } from "../shared/format.js";
import { mix } from "../shared/theme.js";
import { TokenChart } from "./chart.js";
import { legendOf } from "./legend.js";
import { isSigned, metricNamed, METRICS, valuesOf } from "./metrics.js";
import { readTokens } from "./read.js";
import { LaunchSide } from "./side.js";
import { TokenText } from "./text.js";
import { aboutWords, tokenWords, withoutIds } from "./words.js";

/** @typedef {import("./metrics.js").Metric} Metric */
/** @typedef {import("./metrics.js").MetricName} MetricName */
/** @typedef {import("./metrics.js").Given} Given */
/** @typedef {import("../step/asked.js").Answer} Answer */

/** After this time without an answer, in ms, the page says that it waits. */
const PATIENCE = 150;
/** Share of the ramp's colour in the ground of a token: its text keeps at least 4.5 to 1. */
const TINT = { light: 0.42, dark: 0.38 };
/** px from which launches stand beside the text. */
const BESIDE = 900;

export class TokensPage {
  /** @param {import("./host.js").TokensHost} host */
  constructor(host) {
    this.host = host;
    this.who = h("div", { class: "who" });
    this.tabs = h("div", {});
    this.bar = h("div", { class: "tk-bar" });
    this.about = h("p", { class: "sentence" });
    this.legend = h("div", { class: "tk-legend" });
    this.readout = h("div", { class: "tk-readout", role: "status", "aria-live": "polite" });
    this.tip = h("div", { class: "tip tk-tip", hidden: true });
    const pick = (/** @type {number} */ at) => this.choose(at);
    const hover = (/** @type {number} */ at, /** @type {Element | null} */ near) => this.hover(at, near);
    this.text = new TokenText({ pick, hover });
    const atPlace = (/** @type {number} */ place) => this.tokens?.wrote[place] ?? -1;
    this.chart = new TokenChart({
      pick: (place) => this.choose(atPlace(place)),
      hover: (place, near) => this.hover(place < 0 ? -1 : atPlace(place), near),
    });
    const named = { role: "tabpanel", "aria-label": "Tokens: left and right go from one to the next" };
    this.pane = h("div", { class: "pane", tabindex: 0, ...named }, this.text.element);
    this.side = new LaunchSide(host, () => this.update());
    const top = [this.bar, this.about, this.chart.element, this.readout, this.legend];
    this.top = h("div", { class: "tk-top" }, top);
    this.state = h("div", { class: "tk-state label" });
    const left = h("div", { class: "tk-left" }, this.top, this.state, this.pane);
    const body = h("div", { class: "tk-main" }, left, this.side.element);
    this.element = h("div", { class: "tokens" }, this.who, this.tabs, body, this.tip);
    /** @type {MetricName} */
    this.metric = "logprob";
    /** @type {import("./read.js").NodeTokens | null} */
    this.tokens = null;
    /** @type {Answer | null} */
    this.answer = null;
    this.filled = "";
    this.chosen = -1;
    /** @type {{values: Float32Array, scale: import("./metrics.js").Scale} | null} */
    this.drawn = null;
  }

  update() {
    const { host } = this;
    const { shown } = host;
    const { row } = host.place;
    if (!shown || row < 0) return;
    fill(this.who, whoLines(host, shown, true).line);
    refill(this.tabs, () => chosenTab(this.tabs), tabList(host));
    this.element.classList.toggle("beside", this.element.clientWidth >= BESIDE * host.palette.unit);
    const { step } = shown;
    const mark = step.turns[row] * 10 + step.status[row];
    const key = `${step.step}/${step.tree[row]}/${step.path(row)}`;
    const none = withoutIds(step, row);
    const answer = none ? null : host.ask("tokens", [step.tree[row], step.path(row)], { mark });
    if (none) this.say(key, none);
    else if (!answer) this.wait(key);
    else if (answer.value === null) this.say(key, answer.why);
    else this.show(key, answer, shown, row);
  }

  /** @param {string} key */
  wait(key) {
    if (this.filled === `wait ${key}`) return;
    this.say(key, "");
    this.filled = `wait ${key}`;
    setTimeout(() => {
      if (this.filled !== `wait ${key}`) return;
      const bars = [90, 60, 75].map((width) => h("div", { class: "skeleton", style: `width:${width}%` }));
      fill(this.state, h("div", { "aria-label": "Loading" }, bars));
    }, PATIENCE);
  }

  /** There are no tokens, in a sentence. @param {string} key @param {string} why */
  say(key, why) {
    this.filled = `say ${key}`;
    this.tokens = this.answer = this.drawn = null;
    this.top.hidden = this.pane.hidden = this.side.element.hidden = true;
    this.state.hidden = false;
    fill(this.state, why ? `${capital(why.replace(/\.$/, ""))}.` : "");
  }

  /**
   * @param {string} key @param {Answer} answer @param {import("../step/shown.js").Shown} shown
   * @param {number} row
   */
  show(key, answer, shown, row) {
    const another = this.answer !== answer || !this.tokens;
    const tokens = this.answer === answer && this.tokens ? this.tokens : readTokens(answer);
    const given = { tokens, shown, row };
    const moved = !this.filled.endsWith(key) || this.filled.startsWith("wait");
    [this.tokens, this.answer, this.filled] = [tokens, answer, `full ${key}`];
    this.top.hidden = this.pane.hidden = this.side.element.hidden = false;
    this.state.hidden = true;
    const metric = this.known(given);
    const values = valuesOf(metric, given);
    const scale = metric.scale(values, given);
    this.drawn = { values, scale };
    this.chart.update({ tokens, values, scale, p: this.host.palette });
    this.showBar(given, metric);
    fill(this.about, aboutWords(given, metric));
    fill(this.legend, legendOf(this.host.palette, metric.lacks(given) ? null : scale, given));
    const scroll = this.pane.scrollTop;
    if (moved) this.text.opened.clear();
    if (another) this.text.show(tokens, this.paint(given), this.pane, this.pane.clientWidth - 40);
    else this.text.repaint(this.paint(given));
    this.pane.scrollTop = moved ? 0 : scroll;
    if (moved) this.chosen = tokens.wrote[0] ?? -1;
    this.choose(Math.min(this.chosen, tokens.word.length - 1), false);
    this.side.update(given, this.element.classList.contains("beside"));
  }

  /** The metric that was chosen, or the first that is known. @param {Given} given @returns {Metric} */
  known(given) {
    const wanted = metricNamed(this.metric);
    if (!wanted.lacks(given)) return wanted;
    return METRICS.find((metric) => !metric.lacks(given)) ?? METRICS[0];
  }

  /** @param {Given} given @returns {import("./text.js").Paint} */
  paint(given) {
    const { palette: p } = this.host;
    const { shown, row } = given;
    const trained = !shown.credit.why[row] && !Number.isNaN(shown.credit.c[row]);
    const { values, scale } = /** @type {NonNullable<TokensPage["drawn"]>} */ (this.drawn);
    const share = TINT[p.dark ? "dark" : "light"];
    return {
      below: (place) => isSigned(scale) && values[place] < scale.zero - 1e-9,
      state: trained ? (shown.credit.c[row] === 0 ? "level" : "trained") : "untrained",
      colours(place) {
        if (Number.isNaN(values[place])) return ["", ""];
        const colour = scale.colour(p, values[place]);
        return [mix(p.page, colour, share), colour];
      },
    };
  }

  /** The switch of metrics. @param {Given} given @param {Metric} shown */
  showBar(given, shown) {
    const buttons = METRICS.map((metric) => {
      const why = metric.lacks(given);
      const on = metric === shown;
      const title = why ? `Not known: ${why}` : metric.about;
      const aria = { "aria-checked": on, "aria-pressed": on, "aria-disabled": why ? "true" : null };
      const props = { role: "radio", ...aria, tabindex: on ? 0 : -1, title };
      const onclick = () => this.setMetric(metric.name);
      return h("button", { ...props, "data-metric": metric.name, onclick }, metric.label);
    });
    const named = { role: "radiogroup", "aria-label": "Tokens coloured by" };
    const list = h("div", { class: "switch", ...named }, buttons);
    onArrows(list, { ArrowLeft: -1, ArrowRight: 1 }, (by) => this.nextMetric(by));
    const keys = [["g", "greatest"], ["l", "least"], ["m", "metric"]].map(([key, word]) => {
      return h("span", { class: "key" }, h("kbd", {}, key), word);
    });
    const kept = () => this.bar.querySelector("[aria-checked=true]");
    refill(this.bar, kept, list, h("span", { class: "tk-keys label" }, keys));
  }

  /** @param {MetricName} name */
  setMetric(name) {
    this.metric = name;
    const given = this.given;
    const why = given ? metricNamed(name).lacks(given) : "";
    this.update();
    if (why) fill(this.about, `${metricNamed(name).label} is not known: ${why}.`);
  }

  /** The next one that is known. @param {number} by */
  nextMetric(by) {
    const { given } = this;
    if (!given) return;
    const known = METRICS.filter((metric) => !metric.lacks(given));
    const at = known.indexOf(this.known(given));
    if (known.length) this.setMetric(known[(at + by + known.length) % known.length].name);
  }

  /** @returns {Given | null} */
  get given() {
    const { shown, place } = this.host;
    return this.tokens && shown && place.row >= 0 ? { tokens: this.tokens, shown, row: place.row } : null;
  }

  /** @param {KeyboardEvent} event @returns {boolean} */
  onKey(event) {
    const { tokens, given } = this;
    if (!tokens || !given || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return false;
    const place = tokens.placeOf[this.chosen] ?? -1;
    const inside = this.element.contains(/** @type {Node} */ (event.target));
    if (event.key.startsWith("Arrow") && !inside) return false; // they choose nodes there
    switch (event.key) {
      case "ArrowLeft":
      case "ArrowRight":
        this.step(place, event.key === "ArrowRight" ? 1 : -1);
        return true;
      case "g":
      case "l":
        this.extreme(place, event.key === "g");
        return true;
      case "m":
        this.nextMetric(1);
        return true;
      default:
        return false;
    }
  }

  /** The token before or after, of those that the node wrote. @param {number} place @param {number} by */
  step(place, by) {
    const { wrote } = /** @type {import("./read.js").NodeTokens} */ (this.tokens);
    let to = place + by;
    if (place < 0) {
      const after = wrote.findIndex((at) => at > this.chosen);
      to = by > 0 ? after : (after < 0 ? wrote.length : after) - 1;
    }
    if (to >= 0 && to < wrote.length) this.choose(wrote[to]);
  }

  /** The greatest or least; then the next in rank. @param {number} place @param {boolean} greatest */
  extreme(place, greatest) {
    const { tokens, drawn } = this;
    if (!tokens || !drawn) return;
    const { values } = drawn;
    const known = [...values.keys()].filter((at) => !Number.isNaN(values[at]));
    known.sort((a, b) => (greatest ? values[b] - values[a] : values[a] - values[b]) || a - b);
    const rank = known.indexOf(place);
    const again = this.ranked === greatest && rank >= 0;
    this.ranked = greatest;
    const to = known[again ? (rank + 1) % known.length : 0];
    if (to !== undefined) this.choose(tokens.wrote[to], true, true);
  }

  /** @param {number} at @param {boolean} [moves] @param {boolean} [ranked] */
  choose(at, moves = true, ranked = false) {
    const { tokens, drawn, given } = this;
    if (!tokens || !drawn || !given) return;
    if (!ranked && moves) this.ranked = undefined;
    this.chosen = at;
    this.text.choose(at, moves);
    this.chart.mark(tokens.placeOf[at] ?? -1);
    const words = at < 0 ? [] : tokenWords(given, at);
    const parts = words.map(([name, text]) => h("span", {}, name ? [`${name} `, h("b", {}, text)] : text));
    fill(this.readout, parts.length ? parts : "It wrote nothing.");
  }

  /** What a token says, beside it. @param {number} at @param {Element | null} near */
  hover(at, near) {
    const { tip, given } = this;
    tip.hidden = at < 0 || !near || !given;
    if (tip.hidden || !given || !near) return;
    const [[, first], ...rows] = tokenWords(given, at);
    const list = rows.flatMap(([name, text]) => [h("dt", {}, name), h("dd", {}, text)]);
    fill(tip, h("div", { class: "goal" }, first), h("dl", {}, list));
    const box = near.getBoundingClientRect();
    const own = this.element.getBoundingClientRect();
    const left = Math.min(box.left - own.left, own.width - tip.offsetWidth - 8);
    const below = box.bottom - own.top + 6;
    const fits = below + tip.offsetHeight < own.height;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${fits ? below : Math.max(4, box.top - own.top - tip.offsetHeight - 6)}px`;
  }
}

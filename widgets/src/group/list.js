// All groups of a step at a glance: where the roots of each stand, and their mean. Rows are drawn while they
// are in view: a step may have hundreds.

import { fill, h, s } from "../shared/dom.js";
import { many, percent, plain } from "../shared/format.js";
import { icon } from "../shared/shapes.js";
import { commonWords, taskName } from "../shared/text.js";
import { listSentence, unbroken } from "./words.js";

/** @typedef {import("./facts.js").GroupFact} GroupFact */
/** @typedef {import("./facts.js").Order} Order */
/** @typedef {import("./facts.js").StepFacts} StepFacts */

/** @type {Record<Order, string>} */
const ORDERS = { step: "in order", share: "by share", spread: "by spread" };
/** Fewer groups are not ordered. */
const FEW = 4;

/** Height of a row, in units of type, and rows drawn beyond those in view. */
const ROW = 2;
const SPARE = 4;
/** px of a row's picture, of a disc and of the tick of the mean. */
const HIGH = 26;
const DISC = 2.9;
const TICK = 5;
/** px of a list that leaves out what all names begin with. */
const NARROW = 200;
let made = 0;

export class GroupList {
  /** @param {(group: number) => void} choose @param {(order: Order) => void} reorder */
  constructor(choose, reorder) {
    this.id = `raog${(made += 1)}`;
    this.left = h("span", { class: "label" });
    this.by = h("span", { class: "label" });
    this.room = h("div", { class: "room", role: "presentation" });
    const aria = { role: "listbox", tabindex: 0, "aria-label": "Groups" };
    this.list = h("div", { class: "groups", ...aria }, this.room);
    this.ends = h("div", { class: "ends-of label", "aria-hidden": "true" });
    const options = Object.entries(ORDERS).map(([value, words]) => h("option", { value }, words));
    const onchange = () => reorder(/** @type {Order} */ (this.order.value));
    this.order = h("select", { "aria-label": "order of the groups", onchange }, options);
    const order = h("span", { class: "select label" }, this.order, icon("down", 9));
    this.under = h("div", { class: "under" }, order, this.ends);
    this.words = h("p", { class: "label" });
    const head = h("div", { class: "head" }, this.left, this.by);
    this.element = h("div", { class: "glance" }, head, this.list, this.under, this.words);
    /** @type {StepFacts | null} */
    this.facts = null;
    this.chosen = -1;
    this.unit = 1;
    this.narrow = false;
    /** What all names begin with. A narrow list leaves it out, and so does a row that says its kind. */
    this.preamble = "";
    this.list.addEventListener("scroll", () => this.draw());
    this.list.addEventListener("click", (event) => {
      const row = /** @type {HTMLElement} */ (event.target).closest("[data-group]");
      if (row instanceof HTMLElement) choose(Number(row.dataset.group));
    });
  }

  get pitch() {
    return Math.round(ROW * 13 * this.unit);
  }

  /**
   * @param {StepFacts} facts @param {number} chosen group @param {number} step @param {number} unit of type
   */
  update(facts, chosen, step, unit) {
    this.facts = facts;
    this.unit = unit;
    this.narrow = this.element.clientWidth < NARROW * unit || this.order.value !== "step";
    this.preamble = commonWords(facts.groups.map(({ meta }) => taskName(meta)));
    const tasks = facts.groups.filter(({ meta }) => !meta.probe && !meta.fork).length;
    const probes = facts.groups.filter(({ meta }) => meta.probe && !meta.fork).length;
    const forks = facts.groups.filter(({ meta }) => meta.fork).length;
    const words = [
      tasks ? many(tasks, "task") : "",
      probes ? many(probes, "probe") : "",
      forks ? many(forks, "set of forks", "sets of forks") : "",
    ];
    const where = step > 0 ? ` in step ${step}` : "";
    this.left.textContent = this.left.title = `${words.filter(Boolean).join(", ")}${where}`;
    fill(this.by, "root ", h("span", { class: "serif" }, facts.scored ? "R" : "s"));
    fill(this.ends, h("span", {}, plain(facts.low, 0)), h("span", {}, plain(facts.high, 1)));
    this.order.hidden = facts.groups.length < FEW || !facts.scored;
    this.words.textContent = unbroken(listSentence(facts));
    this.words.hidden = !this.words.textContent;
    this.room.style.height = `${facts.groups.length * this.pitch}px`;
    const moved = chosen !== this.chosen;
    this.chosen = chosen;
    if (moved) this.reveal();
    this.draw();
  }

  /** Scrolls so that the chosen group can be seen. */
  reveal() {
    const { list, pitch } = this;
    const at = this.facts?.groups.findIndex(({ group }) => group === this.chosen) ?? -1;
    if (at < 0) return;
    if (at * pitch < list.scrollTop) list.scrollTop = at * pitch;
    else if ((at + 1) * pitch > list.scrollTop + list.clientHeight) {
      list.scrollTop = (at + 1) * pitch - list.clientHeight;
    }
  }

  draw() {
    const { facts, list, pitch, chosen } = this;
    if (!facts) return;
    const from = Math.max(0, Math.floor(list.scrollTop / pitch) - SPARE);
    const to = Math.ceil((list.scrollTop + Math.max(list.clientHeight, pitch)) / pitch) + SPARE;
    const seen = [...facts.groups.entries()].filter(([at, { group }]) => {
      return (at >= from && at < to) || group === chosen; // the active row always exists
    });
    fill(
      this.room,
      seen.map(([at, fact]) => this.row(facts, fact, at)),
    );
    if (seen.some(([, { group }]) => group === chosen)) {
      list.setAttribute("aria-activedescendant", `${this.id}-${chosen}`);
    } else list.removeAttribute("aria-activedescendant");
  }

  /** By what the list is ordered. @param {GroupFact} fact */
  figure({ share, spread, known }) {
    const by = /** @type {Order} */ (this.order.value);
    if (by === "share") return percent(share);
    return by === "spread" && known > 1 ? plain(spread) : "";
  }

  /** @param {StepFacts} facts @param {GroupFact} fact @param {number} at */
  row(facts, fact, at) {
    const { meta, group, alike } = fact;
    const kind = meta.fork ? "forks" : meta.probe ? "probe" : "";
    const figure = kind ? "" : this.figure(fact);
    const dim = alike || kind || fact.kind === "untrained";
    const whole = taskName(meta) || "task";
    const name = this.narrow || kind ? whole.slice(this.preamble.length) : whole;
    const aria = {
      ...{ role: "option", "aria-selected": group === this.chosen, "aria-label": rowWords(fact, whole) },
      ...{ "aria-setsize": facts.groups.length, "aria-posinset": at + 1 },
    };
    return h(
      "div",
      {
        ...{ class: `group${dim ? " dim" : ""}`, id: `${this.id}-${group}`, "data-group": group, ...aria },
        ...{ style: `top:${at * this.pitch}px;height:${this.pitch}px`, title: rowWords(fact, whole) },
      },
      h("span", { class: "name" },
        h("span", { class: "cut" }, name),
        kind ? h("span", { class: "label" }, kind) : null,
        figure ? h("span", { class: "label figure" }, figure) : null,
      ),
      h("span", { class: "axis" }, axisPicture(facts, fact, this.unit)),
    );
  }
}

/** A row in words. @param {GroupFact} fact @param {string} name */
function rowWords({ kind, alike, known, trees, mean, share, by, meta }, name) {
  const what = meta.fork ? ", forks" : meta.probe ? ", probe" : "";
  const value = known ? `, mean ${by} ${plain(mean)}` : "";
  const roots = `${known} of ${many(trees.length, "root")} known${value}`;
  /** @type {Partial<Record<GroupFact["kind"], string>>} */
  const so = { nothing: "taught nothing", untrained: "not trained" };
  if (kind === "trained") so.trained = `${percent(share)} of the update`;
  const end = so[kind] ? `, ${so[kind]}` : "";
  return `${name}${what}: ${roots}${alike ? ", all alike" : ""}${end}`;
}

/**
 * Roots as discs on the axis and their mean as a tick; a hollow ring if all stand at one point. The axis is
 * dotted if the group moves no weights.
 * @param {StepFacts} facts @param {GroupFact} fact @param {number} u unit of type
 */
function axisPicture({ low, high }, { roots, mean, alike, known, kind }, u) {
  // Shares of the width, not pixels of a drawing: discs stay round in a narrow cell.
  const x = (/** @type {number} */ v) => `${(4 + ((v - low) / (high - low || 1)) * 92).toFixed(2)}%`;
  const y = (HIGH / 2) * u;
  const none = kind === "nothing" || kind === "untrained";
  const rule = { stroke: "var(--strong)", "stroke-dasharray": none ? "1.5 3" : null };
  const values = roots.filter((value) => !Number.isNaN(value));
  const pen = { fill: "var(--page)", stroke: "var(--label)", "stroke-width": 1.3 };
  const marks = alike
    ? [s("circle", { cx: x(mean), cy: y, r: 4 * u, ...pen })]
    : values.map((v) => s("circle", { cx: x(v), cy: y, r: DISC * u, fill: "var(--seq3)", opacity: 0.6 }));
  const tick = { x1: x(mean), x2: x(mean), y1: y - TICK * u, y2: y + TICK * u };
  return s("svg", { height: HIGH * u, "aria-hidden": "true" },
    s("line", { x1: "4%", x2: "96%", y1: y, y2: y, ...rule }),
    ...marks,
    known > 1 && !alike ? s("line", { ...tick, stroke: "var(--text)", "stroke-width": 1.8 }) : null,
  );
}

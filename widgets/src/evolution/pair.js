// One task at two steps: where the trees part in words, then both drawn, then both as a table.

import { fill, h } from "../shared/dom.js";
import { brief, many, plain } from "../shared/format.js";
import { PairPicture } from "./pairpicture.js";

/** @typedef {import("./union.js").Row} Row */
/** @typedef {import("./union.js").Side} Side */

/** @typedef {import("./union.js").Pair} Pair */

export class PairView {
  /** @param {import("./union.js").PairNeeds} needs */
  constructor(needs) {
    this.needs = needs;
    this.picture = new PairPicture(needs);
    this.element = h("div", { class: "pair" });
    this.key = "";
    /** @type {Pair | null} */
    this.pair = null;
  }

  /**
   * @param {Pair | null} pair null: there is none, for the reason in words
   * @param {string} words the reason, or how the figures of the trees changed @param {number} width px
   */
  update(pair, words, width) {
    const { palette: p, pinned, chosen } = this.needs;
    const key = [pinned, chosen, words, Math.round(width), p.unit, p.dark, p.page].join();
    if (key === this.key && pair === this.pair) return;
    this.key = key;
    this.pair = pair;
    if (!pair) return fill(this.element, h("p", { class: "label" }, words));
    const drawn = h("div", { class: "drawn" }, this.picture.draw(pair, width));
    fill(this.element, this.words(pair, words), drawn, twin(pair, pinned, chosen));
  }

  /** @param {Pair} pair @param {string} figures */
  words({ sum, parting, lacks, rows }, figures) {
    const { pinned, chosen } = this.needs;
    const [before, after] = [rows[0]?.a?.R ?? null, rows[0]?.b?.R ?? null];
    const earned = before === null || after === null ? "" : `R ${plain(before)} \u2192 ${plain(after)}`;
    const only = sum
      .replace("only left", `only at step ${pinned}`)
      .replace("only right", `only at step ${chosen}`);
    const counts = h("p", { class: "counts" }, [figures, earned, only].filter(Boolean).join(" \u00b7 "));
    if (!parting) {
      const same = "No turn differs in what was written or in what came back.";
      const place = "Nodes stand beside each other by place; what they wrote was not compared";
      return [h("p", { class: lacks ? "label" : "first" }, lacks ? `${place}. ${lacks}` : same), counts];
    }
    const { where, what, action, words, left, right } = parting;
    const more = [
      action ? "" : "No action differs; only words do.",
      words ? `Words differ from ${words} on; the actions are the same until here.` : "",
    ].filter(Boolean);
    const first = [`: ${where}, ${what}.`, ...more].join(" ");
    return [
      h("p", { class: "first" }, h("b", {}, "First divergence"), first),
      h("div", { class: "said" }, code(left, `step ${pinned}`), code(right, `step ${chosen}`)),
      counts,
    ];
  }
}

/** @param {string[]} lines @param {string} name */
function code(lines, name) {
  const words = lines.length ? lines.join("\n") : "nothing";
  const pre = h("pre", { class: lines.length ? "" : "label" }, words);
  return h("div", {}, h("span", { class: "label" }, name), pre);
}

/**
 * The same as a table, for those who cannot see the drawing.
 * @param {Pair} pair @param {number} a @param {number} b
 */
function twin({ rows, hidden }, a, b) {
  const sign = (/** @type {Row} */ row) => {
    if (!row.b) return `only at step ${a}`;
    if (!row.a) return `only at step ${b}`;
    return row.moment || (row.changed ? "changed" : "the same");
  };
  const left = `${many(hidden, "node")} not drawn: below nodes whose sub-trees are the same`;
  const head = [`step ${a}`, "", `step ${b}`].map((words) => h("th", { scope: "col" }, words));
  const body = rows.map((row) => {
    return h("tr", {}, [sideWords(row.a), sign(row), sideWords(row.b)].map((words) => h("td", {}, words)));
  });
  return h("div", {},
    hidden ? h("p", { class: "label" }, left) : null,
    h("details", { class: "twin" },
      h("summary", {}, "Both trees as a table"),
      h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, body)),
    ),
  );
}

/** @param {Side | null} node */
function sideWords(node) {
  if (!node) return "\u2013";
  const { path, goal, shape, s, R } = node;
  const figures = [s === null ? "" : `s ${brief(s, 2)}`, R === null ? "" : `R ${plain(R)}`].filter(Boolean);
  return [`${path} ${goal}`, shape === "unscored" ? "not scored" : shape, ...figures].join(", ");
}

// The forks of a node: what they came to, each of them, and how to make others.

import { h } from "../shared/dom.js";
import { NONE, plain, signClass, signed } from "../shared/format.js";
import { markIcon } from "../shared/shapes.js";
import { visible } from "../shared/text.js";
import { countWords, forksAt, setOf } from "../step/forks.js";
import { ruleWord } from "../step/shown.js";
import { shapeOf, statusWords } from "../step/status.js";
import { ForkForm } from "./form.js";

/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {import("../step/types.js").Change} Change */
/** @typedef {import("../step/types.js").ForkSet} ForkSet */
/** @typedef {import("../step/types.js").NodeText} NodeText */

export class ForkPane {
  /** @param {import("./host.js").ForkHost} host */
  constructor(host) {
    this.host = host;
    this.form = new ForkForm(host);
  }

  /** The kernel says how far it is. */
  told() {
    this.form.told();
  }

  /** What is drawn changes with it. @param {Shown} shown */
  mark({ step }) {
    return `${step.forks.length}${this.form.runs}`;
  }

  /** The form begins with this turn. @param {string} path @param {number} turn */
  begin(path, turn) {
    this.form.begin(path, turn);
  }

  /** @param {Shown} shown @param {number} row @param {NodeText} text @returns {HTMLElement[]} */
  parts(shown, row, text) {
    const { step } = shown;
    const own = setOf(step, step.tree[row]);
    const sets = forksAt(step, row);
    return [
      ...(own ? [this.whence(shown, own, row)] : []),
      ...sets.map((set) => this.result(shown, set)),
      this.form.part(shown, row, text),
    ];
  }

  /** The tree is a fork itself. @param {Shown} shown @param {ForkSet} set @param {number} row */
  whence({ step }, set, row) {
    const here = step.find(set.tree, step.path(row));
    const to = here >= 0 ? here : step.find(set.tree, set.path);
    const open = () => this.host.choose.row(to);
    return h("div", { class: "part" },
      h("div", { class: "top-line" }, h("b", {}, "This tree is a fork")),
      h("div", { class: "said" }, visible(step.groups[set.group].fork ?? "")),
      h("div", { class: "label" }, visible(`new turns by ${set.weights}`)),
      h("button", { class: "more", onclick: open }, "Open this node in the original"),
    );
  }

  /** What a set of forks came to. @param {Shown} shown @param {ForkSet} set */
  result(shown, set) {
    const rest = set.rest === "replayed" ? "the rest replayed" : "the rest sampled anew";
    return h("div", { class: "part" },
      h("div", { class: "top-line fork-head" },
        h("b", {}, `Fork at turn ${set.turn}: ${visible(set.edit)}`),
        h("span", { class: "label right" }, `${countWords(set)} succeeded`),
      ),
      h("div", { class: "said" }, visible(set.says)),
      h("div", { class: "label said" }, visible(`${rest}; new turns by ${set.weights}`)),
      shown.other ? h("div", { class: "label" }, `R and A by the ${ruleWord(shown.step)} rule`) : null,
      changeTable(set),
      h("div", { class: "chips" },
        shown.step.treesOf(set.group).map((tree) => this.chip(shown, set, tree)),
      ),
    );
  }

  /** One fork: it opens at the node. @param {Shown} shown @param {ForkSet} set @param {number} tree */
  chip({ step }, set, tree) {
    const row = step.find(tree, set.path);
    const at = row >= 0 ? row : step.rootOf[tree];
    const shape = shapeOf(step.status[at], step.s[at]);
    const nodes = step.sizeOf[tree];
    const size = `${nodes} ${nodes === 1 ? "node" : "nodes"}`;
    return h("button", { class: "chip ghost", onclick: () => this.host.choose.row(at) },
      markIcon(shape),
      h("b", {}, `fork ${step.trees[tree].rollout + 1}`),
      h("span", { class: "label cut" }, `${statusWords(step.status[at], step.s[at])}, ${size}`),
    );
  }
}

/** Of every ancestor and the node: before, and the mean of the forks. @param {ForkSet} set */
function changeTable(set) {
  const head = ["node", "s", "R", "A"].map((word) => h("th", { scope: "col" }, word));
  return h("table", { class: "changes" },
    h("tr", {}, head),
    set.changes.map(({ node, s, R, A }) =>
      h("tr", {},
        h("th", { scope: "row" }, node),
        [s, R].map((change) => cell(change, (value) => plain(value))),
        cell(A, (value) => signed(value), true),
      ),
    ),
  );
}

/** @param {Change} change @param {(value: number) => string} words @param {boolean} [sign] colours it */
function cell({ before, mean, low, high }, words, sign = false) {
  const told = (/** @type {number | null} */ value) => {
    if (value === null) return NONE;
    return h("span", { class: sign ? signClass(value) : "" }, words(value));
  };
  const title = low === null || high === null ? "" : `from ${words(low)} to ${words(high)}`;
  return h("td", { title }, told(before), " \u2192 ", told(mean));
}

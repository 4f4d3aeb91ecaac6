// Launches against the rest, beside the text of a node: of the node, and of the whole step.

import { h, refill } from "../shared/dom.js";
import { capital, count, duration, many } from "../shared/format.js";
import { linesOf, nodeTable, readWritten, stepTable, verdict } from "./launches.js";

/** @typedef {import("./metrics.js").Given} Given */
/** @typedef {import("../step/shown.js").Shown} Shown */

/** Nodes of a step that are counted without being asked: all are read for it. */
const SMALL = 3000;
/** Seconds that reading a node takes. */
const EACH = 0.001;

export class LaunchSide {
  /** @param {import("./host.js").TokensHost} host @param {() => void} again */
  constructor(host, again) {
    this.host = host;
    this.again = again;
    this.summary = h("summary", {}, "Launches against the rest");
    this.body = h("div", { class: "tk-side-body" });
    this.element = h("details", { class: "tk-side" }, this.summary, this.body);
    /** Step that is to be counted although it is large. */
    this.counts = -1;
    /** @type {boolean | undefined} */
    this.beside = undefined;
  }

  /** @param {Given} given @param {boolean} beside there is room, so it stands open */
  update({ tokens, shown, row }, beside) {
    const { body } = this;
    if (beside !== this.beside) this.element.open = beside;
    this.beside = beside;
    refill(body, () => body.querySelector("button") ?? this.summary,
      tokens.decoded ? nodeTable(tokens, shown.credit.share[row]) : null,
      h("h4", {}, "In the whole step: is delegation praised?"),
      this.step(shown),
    );
  }

  /** @param {Shown} shown */
  step(shown) {
    const { step } = shown;
    if (step.n > SMALL && this.counts !== step.step) {
      const onclick = () => {
        this.counts = step.step;
        this.again();
      };
      const words = `Count the launches of all ${count(step.n)} nodes (about ${duration(step.n * EACH)})`;
      return [h("button", { class: "control", onclick }, words)];
    }
    const answer = this.host.ask("launches", [], { mark: step.scored ? 0 : step.n });
    if (!answer) return [h("p", { class: "label" }, "Counting the step\u2026")];
    if (!answer.value) return [h("p", {}, `${capital(answer.why.replace(/\.$/, ""))}.`)];
    const lines = linesOf(readWritten(answer), shown);
    const lost = answer.value.unread;
    const other = shown.other ? h("span", { class: "label" }, "same rollouts, other credit: ") : null;
    return [
      h("p", {}, other, verdict(lines)),
      stepTable(lines),
      lost ? h("p", { class: "label" }, `${many(lost, "node")} could not be read.`) : null,
    ];
  }
}

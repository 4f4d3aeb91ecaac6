// All metrics as a table, newest step first.

import { fill, h } from "../shared/dom.js";
import { many } from "../shared/format.js";
import { lastEnded } from "./series.js";
import { tableTwin } from "./table.js";

export class Twin {
  constructor() {
    this.table = h("table", {});
    const aria = { role: "region", "aria-label": "Metrics as a table" };
    this.element = h("div", { class: "twin-box", "data-name": "Table", tabindex: 0, ...aria }, this.table);
    this.key = "";
  }

  /** @param {import("./measures.js").RunCurves[]} runs */
  show(runs) {
    if (!this.element.isConnected) return;
    const key = runs.map(({ name, curves }) => `${name}/${curves.step.length}/${lastEnded(curves)}`).join();
    if (key === this.key) return;
    this.key = key;
    const { head, rows, left } = tableTwin(runs);
    const caption = left ? `Newest first; ${many(left, "older step")} not listed` : "Newest first";
    fill(
      this.table,
      h("caption", { class: "label" }, caption),
      h("thead", {}, h("tr", {}, head.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, rows.map(([step, ...others]) => {
        return h("tr", {}, h("th", { scope: "row" }, step), others.map((cell) => h("td", {}, cell)));
      })),
    );
  }
}

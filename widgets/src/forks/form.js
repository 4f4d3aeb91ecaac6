// "Fork from here": a turn, one change, and how often; the line of Python and the command that do it.

import { h } from "../shared/dom.js";
import { icon } from "../shared/shapes.js";
import { oneLine, visible } from "../shared/text.js";
import { cameFrom } from "../step/forks.js";
import { commandLine, pythonLine, request } from "./asked.js";

/** @typedef {import("../step/shown.js").Shown} Shown */
/** @typedef {import("../step/types.js").NodeText} NodeText */
/** @typedef {import("./asked.js").Asked} Asked */
/** @typedef {import("./asked.js").Edit} Edit */
/** @typedef {Asked["rest"]} Rest */

/** @type {[Edit, string][]} */
const EDITS = [
  ["again", "nothing: sample it again"],
  ["goal", "its goal"],
  ["prompt", "its prompt"],
  ["action", "its action"],
  ["child_value", "what a child returned"],
];
/** What a field begins with. @type {Record<Edit, string>} */
const HINTS = {
  again: "",
  goal: "What the node is told in place of its goal; the world still holds it to the old one",
  prompt: "A name of rao-lab prompts list, or a folder",
  action: "Code that runs in place of that of the turn",
  child_value: "JSON, or plain words",
};
const ELSEWHERE = "A saved page makes no forks: these lines are for a machine that has the run.";
/** Characters of what the kernel says of them. */
const SAID = 400;
/** ms that a button says that it copied. */
const COPIED = 1200;

export class ForkForm {
  /** @param {import("./host.js").ForkHost} host */
  constructor(host) {
    this.host = host;
    /** @type {{button: HTMLButtonElement, state: HTMLElement} | null} */
    this.run = null;
    /** What was filled in. @type {Omit<Asked, "place" | "step" | "file" | "run" | "written">} */
    this.asked = { path: "", turn: 1, edit: "again", text: "", child: "", repeats: 8, rest: "continued" };
  }

  /** The kernel makes those that are asked for; not while it trains. */
  get runs() {
    const { forks, session } = this.host.traits;
    return forks && !(trainsHere(session) && session.live);
  }

  /** @param {string} path @param {number} turn of the node */
  begin(path, turn) {
    Object.assign(this.asked, { path, turn, child: "" });
  }

  /** @param {Shown} shown @param {number} row @param {NodeText} text */
  part({ step }, row, text) {
    const { asked } = this;
    const path = step.path(row);
    if (asked.path !== path) this.begin(path, 1);
    const turns = text.turns.length;
    if (!turns) return h("div", { class: "part label" }, "It has no turn to fork from.");
    asked.turn = Math.min(asked.turn, turns);
    const { session } = this.host.traits;
    const from = {
      file: String(session.file ?? session.writer ?? ""),
      run: trainsHere(session) ? "session.run" : "run",
      written: !!session.live,
    };
    const lines = h("div", { class: "fork-lines" });
    const field = h("div", {});
    const about = { step: step.step, place: step.tree[row], ...from, ...cameFrom(step, row) };
    const whole = () => ({ ...asked, ...about });
    const tell = () => lines.replaceChildren(...linesOf(whole()));
    const set = (/** @type {Partial<Asked>} */ change) => {
      const begun = asked.text !== begins(text, asked);
      Object.assign(asked, change);
      if (!begun || change.edit) asked.text = begins(text, asked);
      field.replaceChildren(...this.field(text, tell));
      tell();
    };
    set({});
    return h("div", { class: "part" },
      h("div", { class: "top-line" }, h("b", {}, "Fork from here")),
      h("div", { class: "fork-form" },
        named("Turn", select(range(turns), asked.turn, (value) => set({ turn: Number(value) }))),
        named("Change", select(EDITS, asked.edit, (edit) => set({ edit: /** @type {Edit} */ (edit) }))),
        named("Times", numberField(asked.repeats, (repeats) => set({ repeats }))),
        named("The rest", select(RESTS, asked.rest, (rest) => set({ rest: /** @type {Rest} */ (rest) }))),
      ),
      field,
      this.runs ? this.hand(whole) : null,
      this.host.traits.saved ? h("p", { class: "label" }, ELSEWHERE) : null,
      lines,
    );
  }

  /** Makes them here. @param {() => Asked} whole */
  hand(whole) {
    const onclick = () => this.host.client.fork(request(whole()));
    const button = h("button", { class: "control firm", onclick }, "Run");
    const state = h("span", { class: "label said", role: "status" });
    this.run = { button, state };
    this.told();
    return h("div", { class: "fork-hand" }, button, state);
  }

  /** The kernel says how far it is. */
  told() {
    if (!this.run) return;
    const { client } = this.host;
    const { waits, ended, of, error, says } = client.forking;
    const running = of !== undefined && ended !== undefined;
    const end = error ? `Not made: ${error}` : waits ? "The kernel is asked" : (says ?? "");
    const words = running ? `${ended} of ${of} forks have ended` : end;
    this.run.button.disabled = running || !!waits || client.link.gone;
    this.run.state.textContent = oneLine(visible(words), SAID);
  }

  /** What the change needs. @param {NodeText} text @param {() => void} tell */
  field(text, tell) {
    const { asked } = this;
    if (asked.edit === "again") return [];
    const early = (asked.edit === "goal" || asked.edit === "prompt") && asked.turn !== 1;
    if (early) return [h("div", { class: "label" }, "Goal and prompt are read at turn 1: fork it there.")];
    const turn = text.turns[asked.turn - 1];
    const parts = [];
    if (asked.edit === "child_value") {
      if (!turn.children.length) return [h("div", { class: "label" }, "This turn launched no child.")];
      if (!turn.children.includes(asked.child)) asked.child = turn.children[0];
      const children = turn.children.map((path) => /** @type {[string, string]} */ ([path, path]));
      parts.push(named("Child", select(children, asked.child, (value) => ((asked.child = value), tell()))));
    }
    const oninput = (/** @type {Event} */ event) => {
      asked.text = /** @type {HTMLTextAreaElement} */ (event.target).value;
      tell();
    };
    const hint = HINTS[asked.edit];
    const area = h("textarea", { rows: 3, placeholder: hint, "aria-label": hint, oninput });
    area.value = asked.text;
    return [...parts, area];
  }
}

/** @param {Record<string, any>} session */
function trainsHere(session) {
  return session.writer === "the kernel";
}

/** What is there now, to be changed. @param {NodeText} text @param {{edit: Edit, turn: number}} asked */
function begins({ goal, turns }, { edit, turn }) {
  if (edit === "goal") return goal;
  return edit === "action" ? (turns[turn - 1]?.code ?? "") : "";
}

/** @type {[string, string][]} */
const RESTS = [
  ["continued", "continued: sampled anew"],
  ["replayed", "replayed: as recorded"],
];

/** @param {Asked} asked */
function linesOf(asked) {
  const command = commandLine(asked);
  return [
    ...copied("In Python", pythonLine(asked)),
    ...(command ? copied("In a terminal", command) : []),
  ];
}

/** A line to take along. @param {string} title @param {string} line */
function copied(title, line) {
  /** @param {Event} event */
  const onclick = (event) => {
    const button = /** @type {HTMLButtonElement} */ (event.currentTarget);
    navigator.clipboard?.writeText(line).then(() => {
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), COPIED);
    });
  };
  return [
    h("div", { class: "top-line" },
      h("b", {}, title),
      h("button", { class: "label right link", onclick }, "Copy"),
    ),
    h("pre", { class: "code" }, line),
  ];
}

/** @param {string} words @param {HTMLElement} control */
function named(words, control) {
  return h("label", { class: "field" }, words, control);
}

/**
 * @param {[string, string][]} options @param {string | number} value
 * @param {(value: string) => void} take
 */
function select(options, value, take) {
  const onchange = (/** @type {Event} */ event) => {
    take(/** @type {HTMLSelectElement} */ (event.target).value);
  };
  const items = options.map(([name, words]) =>
    h("option", { value: name, selected: name === String(value) }, words),
  );
  return h("span", { class: "select" }, h("select", { onchange }, items), icon("down", 10));
}

/** @param {number} value @param {(value: number) => void} take */
function numberField(value, take) {
  const oninput = (/** @type {Event} */ event) => {
    const given = Number(/** @type {HTMLInputElement} */ (event.target).value);
    if (Number.isInteger(given) && given >= 1 && given <= 1000) take(given);
  };
  return h("input", { type: "number", min: 1, max: 1000, value, oninput });
}

/** @param {number} count @returns {[string, string][]} */
function range(count) {
  return Array.from({ length: count }, (_, index) => [String(index + 1), String(index + 1)]);
}

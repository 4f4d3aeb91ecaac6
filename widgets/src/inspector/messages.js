// What a node said and did, turn by turn: thought, code, the children it launched, what was printed.

import { h } from "../shared/dom.js";
import { count, duration, percent, plain, signClass } from "../shared/format.js";
import { highlight } from "../shared/python.js";
import { icon, markIcon } from "../shared/shapes.js";
import { oneLine, visible } from "../shared/text.js";
import { valueText } from "../step/shown.js";
import { isLive, shapeOf } from "../step/status.js";

/** @typedef {(Node | string)[]} Parts */
/** @typedef {import("../step/types.js").CallText} CallText */
/** @typedef {import("../step/types.js").NodeText} NodeText */
/** @typedef {import("../step/types.js").TurnText} TurnText */

/**
 * @typedef {object} Reading a node's texts, and what shows them
 * @property {import("../step/shown.js").Shown} shown
 * @property {number} row
 * @property {NodeText} text
 * @property {boolean} wide children and prints stand beside the code
 * @property {(row: number, limit: number) => string} goal
 * @property {(row: number) => void} choose
 * @property {(turn: number) => void} fork shows how to run it again from this turn
 * @property {(key: string, text: string, make: (shown: string) => Parts) => Parts} long a text whose end is
 *   shown on demand
 */

const FORK = { class: "label link forking", title: "Fork from here: run it again from this turn" };
/** Calls of one turn, and children of one lot, that are listed at most. */
const CALLS = 200;
const CHIPS = 60;

/** @param {Reading} reading @returns {HTMLElement[]} */
export function messageParts(reading) {
  const { text } = reading;
  return [goalPart(reading), ...text.turns.map((turn) => turnPart(reading, turn)), ...endParts(reading)];
}

/** @param {Reading} reading */
function goalPart({ shown, row, text, choose, long }) {
  const { step } = shown;
  const parent = step.parent[row];
  const [first] = text.turns;
  const onclick = () => choose(parent);
  const link = () =>
    h("button", { class: "more", style: "padding:0 !important", onclick }, step.path(parent));
  return h("div", { class: "part" },
    h("div", { class: "top-line" },
      h("b", {}, "Goal"),
      h("span", { class: "label" }, parent >= 0 ? ["from ", link(), `, turn ${step.turn[row]}`] : "the task"),
      first?.read ? h("span", { class: "label right" }, `${count(first.read)} tokens`) : null,
    ),
    long("goal", text.goal, (words) => [h("div", { class: "said" }, words)]),
    text.args ? h("div", { class: "label said" }, visible(text.args)) : null,
  );
}

/** @param {Reading} reading @param {TurnText} turn */
function turnPart(reading, turn) {
  const { shown, row, long } = reading;
  const { step } = shown;
  const key = `${step.path(row)}/${turn.index}`;
  const window = Math.max(0, step.window[row]); // -1: nobody knows its size
  const chips = turn.children.length ? chipList(reading, turn) : null;
  const left = [];
  if (turn.thought) {
    left.push(...long(`${key}t`, turn.thought, (words) => [h("div", { class: "thought" }, words)]));
  }
  if (turn.code) left.push(...long(`${key}c`, turn.code, (code) => [codeBlock(code)]));
  else if (turn.text)
    left.push(...long(`${key}x`, turn.text, (words) => [h("pre", { class: "code" }, words)]));
  const right = [
    chips,
    ...printed(reading, "printed", turn.output, `${key}o`),
    ...printed(reading, "error", turn.error ?? "", `${key}e`),
    callList(turn),
  ];
  const two = reading.wide && (chips || turn.output);
  const held = `window ${percent(turn.held / window, 0)}`;
  return h("div", { class: `part${two ? " two" : ""}` },
    h("div", { class: "top-line" },
      h("b", {}, `Turn ${turn.index}`),
      h("span", { class: "label" }, turnTime(turn, isLive(step.status[row])) + stopWords(turn.stop)),
      window && turn.held ? h("span", { class: "label right" }, held) : null,
      h("button", { ...FORK, onclick: () => reading.fork(turn.index) }, "fork"),
    ),
    two ? [h("div", {}, left), h("div", {}, right)] : [left, right].flat(),
  );
}

/** Why the turn was cut, if it was. @param {string} stop */
function stopWords(stop) {
  if (!stop || stop === "stop") return "";
  const known = { length: "out of new tokens", context: "window full" }[stop];
  return `, cut: ${known ?? oneLine(stop, 40)}`;
}

/** @param {TurnText} turn @param {boolean} live its node still runs */
function turnTime({ started, sampled, ended, waiting }, live) {
  if (live && ended === null) return sampled === null ? "is being written" : "its code runs";
  if (started === null || ended === null) return "time unknown";
  const own = duration(Math.max(0, ended - started - (waiting ?? 0)));
  if (waiting === null) return `${own} with what it waited`;
  return waiting > 0.05 ? `${own}, then ${duration(waiting)} waiting` : own;
}

/** @param {string} code */
function codeBlock(code) {
  const runs = highlight(code).map(([text, kind]) => (kind ? h("span", { class: kind }, text) : text));
  return h("pre", { class: "code" }, runs);
}

/** @param {Reading} reading @param {"printed" | "error"} word @param {string} text @param {string} key */
function printed(reading, word, text, key) {
  if (!text) return [];
  const kind = `printed${word === "error" ? " err" : ""}`;
  return reading.long(key, text.replace(/\n+$/, ""), (words) => [
    h("div", { class: kind }, h("pre", {}, word), h("pre", {}, words)),
  ]);
}

/** The calls that launched no child. @param {TurnText} turn */
function callList(turn) {
  const calls = turn.calls.filter((call) => call.child === null);
  if (!calls.length) return null;
  const refused = calls.filter((call) => call.error !== null).length;
  const others = calls.length < turn.calls.length ? "other " : "";
  const words = `${count(calls.length)} ${others}${calls.length === 1 ? "call" : "calls"}`;
  const summary = h("summary", {}, `${words}${refused ? `, ${refused} refused` : ""}`);
  // If nothing was printed, the results of the calls are what the node saw.
  const list = h("details", { class: "calls", open: !turn.output && calls.length <= 6 }, summary);
  const show = () => {
    if (list.open && list.childElementCount === 1) list.append(...calls.slice(0, CALLS).map(callLine));
  };
  list.addEventListener("toggle", show);
  show();
  return list;
}

/** @param {CallText} call */
function callLine({ name, args, result, error }) {
  const end =
    error === null
      ? h("span", { class: "c" }, ` \u2192 ${visible(result)}`)
      : h("span", { style: "color:var(--bad)" }, ` refused: ${visible(error)}`);
  return h("pre", {}, visible(`${name}(${args})`), end);
}

/**
 * Children as chips that open them; a bar stands before those launched together.
 * @param {Reading} reading @param {TurnText} turn
 */
function chipList(reading, turn) {
  const { step } = reading.shown;
  /** @type {{together: boolean, rows: number[], batch: number}[]} */
  const lots = [];
  for (const child of step.children(reading.row)) {
    if (step.turn[child] !== turn.index) continue;
    const last = lots[lots.length - 1];
    const together = step.together[child] === 1;
    if (together && last?.together && last.batch === step.batch[child]) last.rows.push(child);
    else lots.push({ together, rows: [child], batch: step.batch[child] });
  }
  return h("div", {},
    lots.map(({ together, rows }) => {
      const more = `and ${rows.length - CHIPS} more, in the outline`;
      return h("div", { class: `chips${together ? " together" : ""}` },
        rows.slice(0, CHIPS).map((child) => chip(reading, child)),
        rows.length > CHIPS ? h("span", { class: "label" }, more) : null,
      );
    }),
  );
}

/** @param {Reading} reading @param {number} row */
function chip({ shown, goal, choose }, row) {
  const { step, byReturn } = shown;
  const value = shown.values[row];
  const words = Number.isNaN(value) ? "" : `${byReturn ? "R " : ""}${valueText(shown, value)}`;
  return h("button", { class: "chip", "data-path": step.path(row), onclick: () => choose(row) },
    markIcon(shapeOf(step.status[row], step.s[row])),
    h("b", { class: "cut" }, goal(row, 60)),
    h("span", { class: "label" }, step.path(row)),
    h("span", { class: `value ${byReturn ? "" : signClass(value)}` }, words),
    icon("chevron", 10),
  );
}

/** How it ended. @param {Reading} reading */
function endParts({ shown, row, text }) {
  const { step } = shown;
  const status = step.status[row];
  const shape = shapeOf(status, step.s[row]);
  const parts = [];
  if (text.returned) {
    const value = h("pre", { class: "code" }, visible(text.value));
    parts.push(titled(["Returned", judgedWords(text, step.s[row])], value));
  } else if (shape === "limit" || shape === "error" || shape === "cancelled") {
    const [title, otherwise] = {
      limit: ["Stopped", `It ran into the ${limitWords(status)} before it called finish.`],
      error: ["Lost", "It was lost to an error."],
      cancelled: ["Cancelled", "Its parent ended first."],
    }[shape];
    parts.push(titled([title], h("div", { class: "said" }, visible(text.reason) || otherwise)));
  }
  const refusals = Object.entries(text.refusals).map(([kind, times]) => {
    return `${oneLine(kind, 40).replace(/_/g, " ")} \u00d7 ${times}`;
  });
  if (refusals.length) parts.push(titled(["Refused"], h("div", { class: "said" }, refusals.join(", "))));
  if (text.note) parts.push(h("div", { class: "part label" }, visible(text.note)));
  if (!text.turns.length && !text.returned) {
    const words = isLive(status) ? "It has not begun to write." : "It wrote nothing.";
    parts.push(h("div", { class: "part label" }, words));
  }
  return parts;
}

/** @param {string[]} title and what stands at its right @param {HTMLElement} body */
function titled([title, right], body) {
  const end = right ? h("span", { class: "label right" }, right) : null;
  return h("div", { class: "part" }, h("div", { class: "top-line" }, h("b", {}, title), end), body);
}

/** Who judged what it returned, and how. @param {NodeText} text @param {number} s */
function judgedWords({ source, fraction }, s) {
  const judged = source ? `s ${plain(s, 2)} by the ${oneLine(source, 30)}` : "not scored";
  const partly = fraction !== null && fraction > 0 && fraction < 1;
  return partly ? `${judged}, ${percent(fraction, 0)} done` : judged;
}

/** @param {number} status */
function limitWords(status) {
  const words = {
    3: "turn limit",
    4: "limit of its context window",
    5: "limit of the tree",
    6: "wall-clock limit",
  };
  return /** @type {Record<number, string>} */ (words)[status] ?? "limit";
}

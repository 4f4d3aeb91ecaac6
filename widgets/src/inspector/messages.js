// What a node said and did, turn by turn: thought, code, the children it launched, what was printed.

import { shapeOf } from "../step/status.js";
import { count, percent, plain, signed } from "../shared/format.js";
import { h } from "../shared/dom.js";
import { highlight } from "../shared/python.js";
import { oneLine, visible } from "../shared/text.js";
import { turnTime } from "./inspector.js";
import { icon, markIcon } from "../shared/shapes.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("../step/types.js").NodeText} NodeText */
/** @typedef {import("../step/types.js").TurnText} TurnText */
/** @typedef {import("./inspector.js").Inspector} Inspector */

const LONG = 4000;

/** @param {App} app @param {number} row @param {NodeText} text @param {Inspector} inspector @returns {HTMLElement[]} */
export function messageParts(app, row, text, inspector) {
  const step = /** @type {import("../step/store.js").Step} */ (app.step);
  const parent = step.parent[row];
  const first = text.turns[0];
  const parts = [
    h(
      "div",
      { class: "part" },
      h("div", { class: "top-line" }, h("b", {}, "Goal"), h("span", { class: "label" }, parent >= 0 ? ["from ", link(app, parent, step.path(parent)), `, turn ${step.turn[row]}`] : "the task"), first?.read ? h("span", { class: "label right" }, `${count(first.read)} tokens`) : null),
      inspector.long("goal", text.goal, LONG, (shown) => [h("div", { class: "said" }, shown)]),
      text.args ? h("div", { class: "label said" }, visible(text.args)) : null,
    ),
  ];
  for (const turn of text.turns) parts.push(turnPart(app, row, turn, inspector));
  parts.push(...endParts(app, row, text));
  return parts;
}

/** @param {App} app @param {number} row @param {string} words */
function link(app, row, words) {
  return h("button", { class: "more", style: "padding:0 !important", onclick: () => app.choose.row(row) }, words);
}

/** @param {App} app @param {number} row @param {TurnText} turn @param {Inspector} inspector */
function turnPart(app, row, turn, inspector) {
  const step = /** @type {import("../step/store.js").Step} */ (app.step);
  const key = `${step.path(row)}/${turn.index}`;
  const window = step.window[row];
  const launches = turn.calls.filter((call) => call.child !== null);
  const chips = turn.children.length ? chipList(app, row, turn) : null;
  const left = [];
  if (turn.thought) left.push(...inspector.long(`${key}t`, turn.thought, LONG, (shown) => [h("div", { class: "thought" }, shown)]));
  if (turn.code) left.push(...inspector.long(`${key}c`, turn.code, LONG, (shown) => [codeBlock(shown)]));
  else if (turn.text) left.push(...inspector.long(`${key}x`, turn.text, LONG, (shown) => [h("pre", { class: "code" }, shown)]));
  const right = [chips, ...printed("printed", turn.output, `${key}o`, inspector), ...printed("error", turn.error ?? "", `${key}e`, inspector), callList(turn, launches.length)];
  const two = app.size === "small" && (chips || turn.output);
  const cut = turn.stop && turn.stop !== "stop" ? `, cut: ${turn.stop === "length" ? "out of new tokens" : turn.stop === "context" ? "window full" : oneLine(turn.stop, 40)}` : "";
  return h(
    "div",
    { class: `part${two ? " two" : ""}` },
    h("div", { class: "top-line" }, h("b", {}, `Turn ${turn.index}`), h("span", { class: "label" }, turnTime(turn.started, turn.sampled, turn.ended, turn.waiting) + cut), window && turn.held ? h("span", { class: "label right" }, `window ${percent(turn.held / window, 0)}`) : null),
    two ? [h("div", {}, left), h("div", {}, right)] : [left, right].flat(),
  );
}

/** @param {string} code */
export function codeBlock(code) {
  return h("pre", { class: "code" }, highlight(code).map(([text, kind]) => (kind ? h("span", { class: kind }, text) : text)));
}

/** @param {string} word @param {string} text @param {string} key @param {Inspector} inspector */
function printed(word, text, key, inspector) {
  if (!text) return [];
  return inspector.long(key, text.replace(/\n+$/, ""), LONG, (shown) => [h("div", { class: `printed${word === "error" ? " err" : ""}` }, h("pre", {}, word), h("pre", {}, shown))]);
}

/** @param {TurnText} turn @param {number} launches */
function callList(turn, launches) {
  const plainCalls = turn.calls.filter((call) => call.child === null);
  if (!plainCalls.length) return null;
  const refused = plainCalls.filter((call) => call.error !== null).length;
  const words = `${count(plainCalls.length)} ${launches ? "other " : ""}${plainCalls.length === 1 ? "call" : "calls"}${refused ? `, ${refused} refused` : ""}`;
  // Where nothing was printed, the results of the calls are what the node saw.
  const list = h("details", { class: "calls", open: !turn.output && plainCalls.length <= 6 }, h("summary", {}, words));
  const show = () => {
    if (!list.open || list.childElementCount > 1) return;
    for (const call of plainCalls.slice(0, 200)) {
      list.append(h("pre", {}, visible(`${call.name}(${call.args})`), call.error === null ? h("span", { class: "c" }, ` \u2192 ${visible(call.result)}`) : h("span", { style: "color:var(--bad)" }, ` refused: ${visible(call.error)}`)));
    }
  };
  list.addEventListener("toggle", show);
  show();
  return list;
}

/** Children as chips that open them; a bar stands before those launched together. @param {App} app @param {number} row @param {TurnText} turn */
function chipList(app, row, turn) {
  const step = /** @type {import("../step/store.js").Step} */ (app.step);
  /** @type {{together: boolean, rows: number[], batch: number}[]} */
  const lots = [];
  for (const child of step.children(row)) {
    if (step.turn[child] !== turn.index) continue;
    const last = lots[lots.length - 1];
    const together = step.together[child] === 1;
    if (last && together && last.together && last.batch === step.batch[child]) last.rows.push(child);
    else lots.push({ together, rows: [child], batch: step.batch[child] });
  }
  return h("div", {}, lots.map((lot) => h("div", { class: `chips${lot.together ? " together" : ""}` }, lot.rows.slice(0, 60).map((child) => chip(app, child)), lot.rows.length > 60 ? h("span", { class: "label" }, `and ${lot.rows.length - 60} more, in the outline`) : null)));
}

/** @param {App} app @param {number} row */
export function chip(app, row) {
  const step = /** @type {import("../step/store.js").Step} */ (app.step);
  const A = app.rule.credit?.A[row] ?? NaN;
  const R = app.rule.credit?.R[row] ?? NaN;
  const value = !Number.isNaN(A) ? signed(A) : app.rule.byReturn && !Number.isNaN(R) ? plain(R) : "";
  return h(
    "button",
    { class: "chip", "data-path": step.path(row), onclick: () => app.choose.row(row) },
    markIcon(shapeOf(step.status[row], step.s[row])),
    h("b", { class: "cut" }, app.goal(row, 60)),
    h("span", { class: "label" }, step.path(row)),
    h("span", { class: `value ${A > 0.004 ? "plus" : A < -0.004 ? "minus" : ""}` }, value),
    icon("chevron", 10),
  );
}

/** How it ended. @param {App} app @param {number} row @param {NodeText} text */
function endParts(app, row, text) {
  const step = /** @type {import("../step/store.js").Step} */ (app.step);
  const parts = [];
  const shape = shapeOf(step.status[row], step.s[row]);
  const refusals = Object.entries(text.refusals);
  if (text.returned) {
    const judged = text.source ? `s ${plain(step.s[row], 2)} by the ${oneLine(text.source, 30)}` : "not scored";
    const part = text.fraction !== null && text.fraction > 0 && text.fraction < 1 ? `, ${percent(text.fraction, 0)} of the targets met` : "";
    parts.push(h("div", { class: "part" }, h("div", { class: "top-line" }, h("b", {}, "Returned"), h("span", { class: "label right" }, judged + part)), h("pre", { class: "code" }, visible(text.value))));
  } else if (shape === "limit" || shape === "error" || shape === "cancelled") {
    const word = { limit: "Stopped", error: "Lost", cancelled: "Cancelled" }[shape];
    parts.push(h("div", { class: "part" }, h("div", { class: "top-line" }, h("b", {}, word)), h("div", { class: "said" }, visible(text.reason) || { limit: `It ran into the ${stopWords(step.status[row])} before it called finish.`, error: "It was lost to an error.", cancelled: "Its parent ended first." }[shape])));
  }
  if (refusals.length) parts.push(h("div", { class: "part" }, h("div", { class: "top-line" }, h("b", {}, "Refused")), h("div", { class: "said" }, refusals.map(([kind, times]) => `${oneLine(kind, 40).replace(/_/g, " ")} \u00d7 ${times}`).join(", "))));
  if (text.note) parts.push(h("div", { class: "part label" }, visible(text.note)));
  if (!text.turns.length && !text.returned) parts.push(h("div", { class: "part label" }, step.status[row] < 2 ? "It has not begun to write." : "It wrote nothing."));
  return parts;
}

/** @param {number} status */
function stopWords(status) {
  return { 3: "turn limit", 4: "limit of its context window", 5: "limit of the tree", 6: "wall-clock limit" }[status] ?? "limit";
}

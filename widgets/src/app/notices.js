// What is unusual about the kernel, about training and about the step, in the line under the bars.

import { stateSentence } from "../board/words.js";
import { h, refill } from "../shared/dom.js";
import { traits } from "../step/client.js";
import { sentenceOf, stepSentence } from "../step/states.js";

/** @typedef {import("../step/client.js").Model} Model */
/** @typedef {import("../step/link.js").Link} Link */

/**
 * @typedef {object} NoticesHost
 * @property {import("../step/types.js").AnyModel} model
 * @property {HTMLElement} stateLine
 * @property {import("../step/store.js").Step | null} step
 * @property {{sorry: string, wanted: number | null, link: Link}} client
 * @property {{sorry: string}} steps
 * @property {{problem: string}} address why one led nowhere
 * @property {Model} traits
 * @property {string} view
 * @property {{waits: string}} marking
 * @property {{steer: {resume: HTMLElement}}} board
 * @property {number} quiet s since the kernel was heard
 */

/** The line under the bars: what is unusual about what is shown. @param {NoticesHost} app */
export function showState(app) {
  const words = stateWords(app);
  app.stateLine.hidden = !words;
  const { resume } = app.board.steer;
  const { state, resting, actions } = app.traits.session;
  resume.hidden = !(app.view !== "board" && state === "paused" && resting && actions?.length);
  if (words && app.stateLine.firstChild?.textContent !== words) {
    refill(app.stateLine, () => resume, h("span", {}, words), resume);
  }
}

/** @param {NoticesHost} app */
function stateWords({ address, client, steps, step, traits, view, quiet, marking }) {
  const link = linkWords(client.link, traits.session);
  if (link) return link;
  const sorry = client.sorry || address.problem || steps.sorry;
  if (sorry) return sorry;
  const { session } = traits;
  const board = view === "board";
  const shown = step && step.step >= 0 ? step.step : null;
  // The board says a pause in its own line.
  const words = board && session.state === "paused" ? "" : stateSentence(session, shown, quiet);
  if (words) return words;
  if (client.wanted !== null && step && !board) return `Opening step ${client.wanted}`;
  return [step?.note, marking.waits].filter(Boolean).join("; ");
}

/**
 * What is to be said of the kernel, if it does not answer.
 * @param {import("../step/link.js").Link} link @param {Record<string, any>} session
 */
function linkWords(link, session) {
  const { state } = link;
  if (state === "open") return "";
  if (state === "offline") return sentenceOf("offline");
  if (state === "busy") return sentenceOf("kernel_busy");
  if (state === "silent") return sentenceOf("kernel_silent", { seconds: Math.round(link.waited / 1000) });
  const trained = session.state === "gone" && session.writer === "the kernel";
  return trained
    ? sentenceOf("kernel_gone_training", { file: JSON.stringify(session.file) })
    : sentenceOf("kernel_gone");
}

/**
 * What the step is without, in a sentence; empty: nothing. Without a step: why there is none.
 * @param {NoticesHost} app
 */
export function lacksWords({ step, client, traits }) {
  if (step) return stepSentence(step, traits.session);
  const words = client.sorry || linkWords(client.link, traits.session);
  return words ? traits.still["text/plain"] || words : sentenceOf("loading");
}

/**
 * What the kernel told last; if it is gone, nothing goes on and nobody can steer.
 * @param {Pick<NoticesHost, "model" | "client">} app @returns {Model}
 */
export function traitsNow({ model, client }) {
  const told = traits(model);
  if (!client.link.gone) return told;
  const { session } = told;
  const went = session.live ? { state: "gone", live: false } : {};
  return { ...told, live: false, session: { ...session, ...went, actions: [] } };
}

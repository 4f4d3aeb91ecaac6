// How training stands, in words.

import { count, duration, many } from "../shared/format.js";
import { isKnown } from "./measures.js";
import { isFew, trained } from "./series.js";

/** @typedef {Record<string, any>} Session the synced trait: progress of training */

export const NO_SUCCESS = "No success by difficulty is recorded";

/**
 * What the plots will become, while they hold a few points only; empty from then on.
 * @param {import("./series.js").Curves} curves @param {Session} session
 */
export function fewWords(curves, session) {
  if (!curves.step.length) return "";
  if (!isFew(curves) || session.kind) return ""; // of a training alone it can be said what comes
  const done = trained(curves);
  const over = !session.live || session.state === "stopped";
  if (!done) return `Probes before training: ${over ? "no step has ended" : "each step adds a point"}`;
  if (over) return `${many(done, "step")}: points, no curve yet`;
  const all = session.total ? many(session.total, "step") : "";
  return `${all ? `${count(done)} of ${all}` : `${many(done, "step")} so far`}: each adds a point`;
}

/** Metrics that no update makes. */
const SAMPLED = ["success_by_difficulty", "shape", "refusals", "statuses", "unscored", "not_reproducible"];

/**
 * What an empty plot says.
 * @param {import("./catalogue.js").Entry} entry @param {import("./series.js").Curves} curves
 * @param {Session} session
 */
export function noneWords(entry, curves, session) {
  const { id, draw } = entry;
  if (!curves.step.length) return "no step has ended yet: the curves begin with the first";
  if (id === "success_by_difficulty") return NO_SUCCESS.toLowerCase();
  const none = session.live ? "none so far" : "none";
  if (draw === "columns" && isKnown(entry, [{ name: "", curves }])) return none;
  if (session.kind === "trace") return "not recorded in this trace";
  if (id === "refusals") return none;
  if (session.kind && !SAMPLED.includes(id)) return "nothing was trained here";
  return trained(curves) ? "not recorded in this run" : "from the first trained step";
}

/**
 * How training stands, for the mark beside the place.
 * @param {Session} session the synced trait @param {number} quiet s since the kernel was heard
 * @param {string} asked what a button asked for and is not yet so
 * @returns {{kind: "live" | "paused" | "over" | "failed" | "stale", text: string}}
 */
export function stateOf(session, quiet, asked = "") {
  const { state } = session;
  const live = session.live && state !== "stopped";
  if (asked === "pause" && state === "training") return { kind: "paused", text: "pausing" };
  if (asked === "stop" && live) return { kind: "paused", text: "stopping" };
  const resumed = asked === "resume" || asked === "step";
  if (resumed && state === "paused") return { kind: "live", text: "resuming" };
  if (state === "failed") return { kind: "failed", text: "failed" };
  if (state === "gone") return { kind: "stale", text: "kernel gone" };
  if (state === "saved") return { kind: "over", text: "as saved" };
  if (state === "finished") return { kind: "over", text: "finished" };
  if (state === "stopped") return { kind: "over", text: "stopped" };
  if (state === "stopping") return { kind: "paused", text: "stopping" };
  if (state === "paused") return { kind: "paused", text: session.resting ? "paused" : "pausing" };
  if (quiet >= 14) return { kind: "stale", text: `no word for ${quiet} s` };
  if (session.silent >= 14) return { kind: "stale", text: `no word for ${session.silent} s` };
  return { kind: "live", text: state === "following" ? "live, trained elsewhere" : "live" };
}

/**
 * The same beside the step that is newest, in the room of two words.
 * @param {Session} session @param {number | null} newest
 */
export function followWords(session, newest) {
  const { kind, text } = stateOf(session, 0);
  const rests = kind === "paused" || (kind === "over" && session.state !== "saved");
  if (newest === null) return rests ? text : "live";
  return rests ? `${text} at ${newest}` : `live ${newest}`;
}

/**
 * The sentence under the bars, if anything is unusual.
 * @param {Session} session @param {number | null} shown the step on view @param {number} quiet
 */
export function stateSentence(session, shown, quiet) {
  if (!session.state) return "";
  const see = shown === null ? "" : `; you see step ${shown}`;
  if (session.trouble) return `The run cannot be read now: ${session.trouble}`;
  if (session.state === "failed") {
    const reason = (session.error || "no reason given").replace(/[.\s]+$/, "");
    return `Training failed: ${reason}. Every finished step is kept.`;
  }
  if (session.live && quiet >= 14) return `No word from the kernel for ${quiet} s${see}`;
  if (session.silent >= 14) return `No word from ${session.writer} for ${session.silent} s${see}`;
  if (session.state === "paused" && session.resting) return pausedWords(session);
  if (session.state === "stopped" && session.live) {
    const of = session.total ? ` of ${count(session.total)}` : "";
    return `Nobody writes ${session.writer} now: it stopped after step ${session.step ?? 0}${of}`;
  }
  if (session.problems) return `In this run, ${session.problems}`;
  return "";
}

/** @param {Session} session */
function pausedWords(session) {
  const done = session.step ?? 0;
  if (session.sampling === undefined || !session.nodes) return `Paused after step ${done}`;
  const trees = (session.trees ?? 0) + (session.probes ?? 0);
  const { alive } = session;
  const parts = [trees ? many(trees, "finished tree") : "", alive ? `${many(alive, "node")} under way` : ""];
  const kept = `${parts.filter(Boolean).join(" and ")} ${trees + (alive ?? 0) === 1 ? "is" : "are"} kept`;
  return `Paused in step ${session.sampling}: ${kept}`;
}

/**
 * The line above the bar.
 * @param {Session} session @param {number} since s since these figures were sent
 */
export function progressWords(session, since) {
  const done = session.step ?? 0;
  const { total } = session;
  const running = session.state === "training";
  const pace = session.step_seconds;
  const elapsed = (session.seconds ?? 0) + (running ? since : 0);
  const parts = [];
  if (elapsed > 0) parts.push(`${duration(elapsed)} ${session.live ? "so far" : "in all"}`);
  if (pace) parts.push(`about ${duration(pace)} a step`);
  const last = session.checkpoints?.at(-1);
  if (last !== undefined) parts.push(`last checkpoint at ${last}`);
  const more = total === null || total === undefined ? null : Math.max(0, total - done);
  const moving = running || session.state === "following";
  return {
    step: more === null ? `step ${count(done)}` : `step ${count(done)} of ${count(total)}`,
    left: moving && pace && more ? `about ${roughly(pace * more)} left` : "",
    so: parts.join(", "),
    now: session.live && session.state !== "stopped" ? nowWords(session) : "",
  };
}

/** A time in its largest unit. @param {number} seconds */
export function roughly(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

/** What happens now. @param {Session} session */
function nowWords(session) {
  const alive = session.alive ? `, ${many(session.alive, "node")} alive` : "";
  const { phase, of, trees, probes } = session;
  const now = session.state === "paused" ? "" : "now ";
  if (phase === "update") return `${now}updating: ${session.done} of ${many(of, "pack")}`;
  if (phase === "probe") return `${now}sampling probes: ${probes ?? 0} of ${many(of, "tree")}${alive}`;
  if (session.sampling === undefined) return "";
  const whole = of ? `${trees ?? 0} of ${many(of, "tree")}` : many(trees ?? 0, "tree");
  return `${now}sampling: ${whole}${alive}`;
}

/** Share of the step under way that is done. @param {Session} session */
export function underWay(session) {
  if (session.sampling === undefined || !session.of) return 0;
  const sampled = session.phase === "probe" ? session.probes : session.trees;
  const done = session.phase === "update" ? session.of : (sampled ?? 0);
  return Math.min(1, done / session.of);
}

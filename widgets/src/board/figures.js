// What the board says, as data: metrics become series with intervals, states become words, groups become
// rows. Nothing here draws.

import { NONE, count, duration, many, percent, plain, rate, signed } from "../shared/format.js";

/** @typedef {{step: number[], columns: Record<string, (number | null)[]>}} Curves */
/** @typedef {{step: number, value: number, low: number, high: number, n: number}} Point */
/** @typedef {{name: string, probe: boolean, place: number, points: Point[]}} Success */
/** @typedef {{step: number, value: number}} Mark */

const Z95 = 1.959963984540054;
const ORDER = ["easy", "medium", "hard"];

/** @param {any} raw the synced trait @returns {Curves} */
export function curvesOf(raw) {
  return { step: raw?.step ?? [], columns: raw?.columns ?? {} };
}

/** Wilson's 95 % interval. @param {number} share @param {number} n @returns {[number, number]} */
export function wilson(share, n) {
  if (!(n > 0)) return [0, 1];
  const centre = share + (Z95 * Z95) / (2 * n);
  const spread = Z95 * Math.sqrt((share * (1 - share)) / n + (Z95 * Z95) / (4 * n * n));
  const scale = 1 + (Z95 * Z95) / n;
  return [Math.max(0, (centre - spread) / scale), Math.min(1, (centre + spread) / scale)];
}

/** Names under a prefix, such as the depths of "gradient_share_by_depth". @param {Curves} curves @param {string} prefix */
export function namesUnder(curves, prefix) {
  const found = new Set();
  for (const name of Object.keys(curves.columns)) {
    if (name.startsWith(`${prefix}/`)) found.add(name.slice(prefix.length + 1).split("/")[0]);
  }
  return [...found];
}

/** Easy before medium before hard, others by name. @param {string[]} names */
export function byDifficulty(names) {
  const rank = (/** @type {string} */ name) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return names.slice().sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/**
 * Root success by difficulty: training roots as sampled, probe tasks apart; raw, with Wilson's interval.
 * @param {Curves} curves @returns {Success[]}
 */
export function successSeries(curves) {
  const found = [];
  const all = byDifficulty([...new Set([...namesUnder(curves, "success_by_difficulty"), ...namesUnder(curves, "probe_success_by_difficulty")])]);
  for (const probe of [false, true]) {
    const prefix = probe ? "probe_success_by_difficulty" : "success_by_difficulty";
    for (const name of all) {
      const shares = curves.columns[`${prefix}/${name}/success`];
      const counts = curves.columns[`${prefix}/${name}/tasks`];
      if (!shares || !counts) continue;
      /** @type {Point[]} */
      const points = [];
      curves.step.forEach((step, i) => {
        const value = shares[i];
        const n = counts[i];
        if (value === null || value === undefined || !n) return;
        const [low, high] = wilson(value, n);
        points.push({ step, value, low, high, n });
      });
      if (points.length) found.push({ name: name || "all tasks", probe, place: all.indexOf(name), points });
    }
  }
  return found;
}

/** A plain column as marks. @param {Curves} curves @param {string} name @returns {Mark[]} */
export function marksOf(curves, name) {
  const column = curves.columns[name] ?? [];
  /** @type {Mark[]} */
  const found = [];
  curves.step.forEach((step, i) => {
    const value = column[i];
    if (value !== null && value !== undefined) found.push({ step, value });
  });
  return found;
}

/**
 * Bands that stand on each other, first name lowest.
 * @param {Curves} curves @param {string} prefix @param {string[]} names
 * @returns {{step: number, parts: number[], total: number}[]}
 */
export function stacked(curves, prefix, names) {
  const found = [];
  for (let i = 0; i < curves.step.length; i += 1) {
    const parts = names.map((name) => curves.columns[`${prefix}/${name}`]?.[i] ?? null);
    if (parts.every((part) => part === null)) continue;
    const known = parts.map((part) => part ?? 0);
    found.push({ step: curves.step[i], parts: known, total: known.reduce((sum, part) => sum + part, 0) });
  }
  return found;
}

/** Depths as numbers in order, deepest gathered where there are many. @param {Curves} curves */
export function depths(curves) {
  return namesUnder(curves, "gradient_share_by_depth").sort((a, b) => Number(a) - Number(b));
}

/**
 * How the loss weight is shared between depths, step by step, and the step whose shares are told in figures:
 * the chosen one, else the newest.
 * @param {Curves} curves @param {number | null} chosen
 */
export function shares(curves, chosen) {
  const rows = stacked(curves, "gradient_share_by_depth", depths(curves)).filter((row) => row.total > 0);
  const here = rows.find((row) => row.step === chosen) ?? rows[rows.length - 1];
  return { rows, here };
}

/** What the figures beside the shares are of: they stand at the newest step and are those of the chosen one.
 * @param {Curves} curves @param {number | null} chosen */
export function shareNote(curves, chosen) {
  const { rows, here } = shares(curves, chosen);
  return here && here !== rows[rows.length - 1] ? `at step ${count(here.step)}` : "of the loss";
}

/** Kinds of refusals, most frequent first. @param {Curves} curves @param {number} [most] */
export function refusalKinds(curves, most = 4) {
  const total = (/** @type {string} */ name) => (curves.columns[`refusals/${name}`] ?? []).reduce((/** @type {number} */ sum, value) => sum + (value ?? 0), 0);
  return namesUnder(curves, "refusals")
    .map((name) => ({ name, total: total(name) }))
    .filter((kind) => kind.total > 0)
    .sort((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1))
    .slice(0, most)
    .map((kind) => kind.name);
}

/**
 * Round figures that cover a range.
 * @param {number} low @param {number} high @param {number} wanted @param {boolean} [whole] only whole numbers
 */
export function ticks(low, high, wanted, whole = false) {
  if (!(high > low)) return [low];
  const step = pace(high - low, wanted, whole);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at += 1) found.push(Number((at * step).toPrecision(12)));
  return found;
}

/** The distance of round figures. @param {number} span @param {number} wanted @param {boolean} whole */
function pace(span, wanted, whole) {
  const raw = span / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw - 1e-12) ?? power * 10;
  return whole ? Math.max(1, Math.ceil(step - 1e-9)) : step;
}

/** The end of the axis: what a value needs, as a round figure. @param {number} high @param {number} [wanted] @param {boolean} [whole] */
export function roundUp(high, wanted = 3, whole = false) {
  if (!(high > 0)) return 1;
  const step = pace(high, wanted, whole);
  return Math.ceil(high / step - 1e-9) * step;
}

/**
 * The step at the right end of the plots: the run's last, or while few of many steps are done, a nearer one
 * that moves out by doubling.
 * @param {number} done @param {number} total
 */
export function axisEnd(done, total) {
  let end = 10;
  while (end < done * 1.25) end *= 2;
  if (done >= total / 4) end = Math.max(end, total);
  const wanted = Math.max(done, 1, total ? Math.min(end, total) : Math.min(end, done));
  // Points of a step or two stand in the field, not on its edge.
  return done <= FEW ? Math.max(wanted, Math.min(FEW, done) + 1) : wanted;
}

/** Up to so many steps are shown as points with their figures: two or three points are no curve yet. */
export const FEW = 3;

export const NO_SUCCESS = "No success by difficulty is recorded";

/**
 * What the plots will become, while they hold a few points only; empty from then on.
 * @param {Curves} curves @param {Record<string, any>} session
 */
export function fewWords(curves, session) {
  if (!curves.step.length) return "";
  const done = curves.step.filter((step) => step > 0).length; // step 0: probes before any training
  if (done > FEW) return "";
  const over = !session.live || session.state === "stopped";
  if (!done) return over ? "Probes before training: no step has ended" : "Probes before training: each step adds a point";
  if (over) return `${many(done, "step")}: points, no curve yet`;
  return `${session.total ? `${count(done)} of ${many(session.total, "step")}` : `${many(done, "step")} so far`}: each adds a point`;
}

/** The last mark at or before a step, if it is not far. @template {{step: number}} T @param {T[]} marks @param {number} step @returns {T | undefined} */
export function at(marks, step) {
  let found;
  for (const mark of marks) {
    if (mark.step > step) break;
    found = mark;
  }
  return found && found.step === step ? found : undefined;
}

/**
 * Labels that keep a distance, as close to where they belong as they can be.
 * @param {number[]} wanted in px @param {number} gap @param {number} low @param {number} high
 */
export function spread(wanted, gap, low, high) {
  const order = wanted.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y || a.i - b.i);
  order.forEach((label, i) => {
    label.y = Math.max(label.y, i ? order[i - 1].y + gap : low);
  });
  for (let i = order.length - 1; i >= 0; i -= 1) order[i].y = Math.min(order[i].y, i === order.length - 1 ? high : order[i + 1].y - gap);
  const found = wanted.slice();
  for (const { y, i } of order) found[i] = y;
  return found;
}

/** The last step that has ended. @param {Curves} curves @returns {number | null} */
export function lastEnded(curves) {
  return curves.step.length ? curves.step[curves.step.length - 1] : null;
}

// -- words --------------------------------------------------------------------------------------------

/**
 * How training stands, for the mark beside the place.
 * @param {Record<string, any>} session the synced trait @param {number} quiet s since the kernel was heard
 * @param {string} asked what a button asked for and is not yet so
 * @returns {{kind: "live" | "paused" | "over" | "failed" | "stale", text: string}}
 */
export function stateOf(session, quiet, asked = "") {
  const { state } = session;
  const live = session.live && state !== "stopped";
  if (asked === "pause" && state === "training") return { kind: "paused", text: "pausing" };
  if (asked === "stop" && live) return { kind: "paused", text: "stopping" };
  if ((asked === "resume" || asked === "step") && state === "paused") return { kind: "live", text: "resuming" };
  if (state === "failed") return { kind: "failed", text: "failed" };
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
 * The sentence under the bars, where something wants saying.
 * @param {Record<string, any>} session @param {number | null} shown the step on view @param {number} quiet
 */
export function stateSentence(session, shown, quiet) {
  if (!session.state) return "";
  const see = shown === null ? "" : `; you see step ${shown}`;
  if (session.trouble) return `The run cannot be read now: ${session.trouble}`;
  if (session.state === "failed") return `Training failed: ${(session.error || "no reason given").replace(/[.\s]+$/, "")}. Every finished step is kept.`;
  if (session.live && quiet >= 14) return `No word from the kernel for ${quiet} s${see}`;
  if (session.silent >= 14) return `No word from ${session.writer} for ${session.silent} s${see}`;
  if (session.state === "paused" && session.resting) return pausedWords(session);
  if (session.state === "stopped" && session.live) return `Nobody writes ${session.writer} now: it stopped after step ${session.step ?? 0}${session.total ? ` of ${count(session.total)}` : ""}`;
  return "";
}

/** @param {Record<string, any>} session */
function pausedWords(session) {
  const done = session.step ?? 0;
  if (session.sampling === undefined || !session.nodes) return `Paused after step ${done}`;
  const trees = (session.trees ?? 0) + (session.probes ?? 0);
  const { alive } = session;
  const parts = [trees ? many(trees, "finished tree") : "", alive ? `${many(alive, "node")} under way` : ""].filter(Boolean);
  return `Paused in step ${session.sampling}: ${parts.join(" and ")} ${trees + (alive ?? 0) === 1 ? "is" : "are"} kept`;
}

/**
 * The line above the bar.
 * @param {Record<string, any>} session @param {number} since s since these figures were sent
 */
export function progressWords(session, since) {
  const done = session.step ?? 0;
  const { total } = session;
  const running = session.state === "training";
  const pace = session.step_seconds;
  const elapsed = (session.seconds ?? 0) + (running ? since : 0);
  const parts = [];
  if (elapsed > 0) parts.push(`${duration(elapsed)} ${session.live ? "so far" : "in all"}`);
  if (pace) parts.push(`${duration(pace)} a step`);
  const last = session.checkpoints?.at(-1);
  if (last !== undefined) parts.push(`last checkpoint at ${last}`);
  const more = total === null || total === undefined ? null : Math.max(0, total - done);
  const moving = running || session.state === "following";
  return {
    step: total === null || total === undefined ? `step ${count(done)}` : `step ${count(done)} of ${count(total)}`,
    left: moving && pace && more ? `about ${roughly(pace * more)} left` : "",
    so: parts.join(", "),
    now: session.live && session.state !== "stopped" ? nowWords(session) : "",
  };
}

/** Minutes for minutes, seconds for less. @param {number} seconds */
export function roughly(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

/** What happens this moment. @param {Record<string, any>} session */
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

/** Share of the step under way that is done. @param {Record<string, any>} session */
export function underWay(session) {
  if (session.sampling === undefined || !session.of) return 0;
  const done = session.phase === "update" ? session.of : session.phase === "probe" ? session.probes ?? 0 : session.trees ?? 0;
  return Math.min(1, done / session.of);
}

/**
 * The figures of a step beside those of the step before.
 * @param {Curves} curves @param {number} step
 * @returns {{label: string, value: string, change: string}[]}
 */
export function figures(curves, step) {
  const place = curves.step.indexOf(step);
  const value = (/** @type {string} */ name, back = 0) => curves.columns[name]?.[place - back] ?? NaN;
  const row = (/** @type {string} */ label, /** @type {string} */ name, /** @type {(value: number) => string} */ show, /** @type {(value: number) => string} */ difference) => {
    const now = place < 0 ? NaN : value(name);
    const was = place < 1 ? NaN : value(name, 1);
    return { label, value: show(now), change: Number.isNaN(now) || Number.isNaN(was) ? "" : difference(now - was) };
  };
  const two = (/** @type {number} */ x) => plain(x, 2);
  const one = (/** @type {number} */ x) => plain(x, 1);
  const whole = (/** @type {number} */ x) => (Number.isNaN(x) ? NONE : count(x));
  const by = (/** @type {number} */ digits) => (/** @type {number} */ x) => signed(x, digits);
  const signs = ["negative", "positive"].map((name) => (place < 0 ? NaN : value(`signs/${name}`)));
  const names = namesUnder(curves, "success_by_difficulty");
  const rows = [
    row(names.length === 1 && names[0] ? `success, ${names[0]}` : "success", "success", two, by(2)),
    row("mean reward R", "R", two, by(2)),
    row("nodes", "nodes", one, by(1)),
    row("launched together", "together", (x) => percent(x, 0), (x) => `${signed(x * 100, 0)} %`),
    row("entropy", "entropy", two, by(2)),
    row("unscored", "unscored", whole, (x) => (x ? signed(x, 0) : "")),
    { ...row("log-prob gap", "logprob_difference/mean", (x) => (Number.isNaN(x) ? NONE : x !== 0 && x < 0.0005 ? x.toExponential(0).replace("e-", "e\u2212") : plain(x, 3)), by(3)), change: "" },
    { label: "signs \u2212 / +", value: Number.isNaN(signs[0]) ? NONE : `${count(signs[0])} / ${count(signs[1])}`, change: "" },
  ];
  const probe = place < 0 ? NaN : value("probe_success");
  if (!Number.isNaN(probe)) rows.push({ label: "success, probes", value: two(probe), change: "" });
  const grad = place < 0 ? NaN : value("grad_norm");
  if (!Number.isNaN(grad) && rows.length % 2) rows.push({ label: "gradient norm", value: two(grad), change: "" });
  return rows;
}

/** A summary of the plots in words, for those who cannot see them. @param {Curves} curves @param {number | null} step */
export function summary(curves, step) {
  if (!curves.step.length) return "No step has ended yet.";
  const last = /** @type {number} */ (lastEnded(curves));
  const parts = [`${many(curves.step.length, "step")}, up to ${last}.`];
  const success = successSeries(curves);
  if (!success.length) parts.push(`${NO_SUCCESS}.`);
  for (const series of success) {
    const end = series.points[series.points.length - 1];
    const begin = series.points[0];
    parts.push(`Root success, ${series.name}${series.probe ? ", probes" : ""}: ${plain(begin.value)} at step ${begin.step}, ${plain(end.value)} at step ${end.step} (95 % interval ${plain(end.low)} to ${plain(end.high)}).`);
  }
  if (step !== null && step !== last) parts.push(`Step ${step} is chosen.`);
  return parts.join(" ");
}

/**
 * The table twin of the plots: a header and rows, newest first, at most `most` of them.
 * @param {Curves} curves @param {number} [most]
 */
export function tableTwin(curves, most = 40) {
  const success = successSeries(curves);
  const kinds = refusalKinds(curves);
  const levels = depths(curves);
  const head = [
    "step",
    ...success.map((series) => `success, ${series.name}${series.probe ? ", probes" : ""}`),
    "nodes",
    "depth",
    ...levels.map((depth) => `loss weight, depth ${depth}`),
    "tokens/s sampling",
    "tokens/s training",
    ...kinds.map((kind) => `refusals, ${kind}`),
  ];
  const from = Math.max(0, curves.step.length - most);
  const rows = curves.step.slice(from).map((step, offset) => {
    const i = from + offset;
    const cell = (/** @type {string} */ name, /** @type {(value: number) => string} */ show) => {
      const value = curves.columns[name]?.[i];
      return value === null || value === undefined ? NONE : show(value);
    };
    return [
      String(step),
      ...success.map((series) => {
        const point = at(series.points, step);
        return point ? `${plain(point.value)} (${plain(point.low)} to ${plain(point.high)})` : NONE;
      }),
      cell("nodes", (x) => plain(x, 1)),
      cell("depth", (x) => plain(x, 1)),
      ...levels.map((depth) => cell(`gradient_share_by_depth/${depth}`, (x) => percent(x, 0))),
      cell("tokens_per_second/generation", rate),
      cell("tokens_per_second/training", rate),
      ...kinds.map((kind) => cell(`refusals/${kind}`, count)),
    ];
  });
  return { head, rows: rows.reverse(), left: from };
}

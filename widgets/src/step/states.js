// Every state that a view can be in without its usual content, each with one sentence and a way on. It is
// the table of rao_lab/views/explorer/states.py (a test compares them); words in braces are filled in.

const STATES = {
  "loading": "Loading the trees.",
  "nothing": "No trees yet: run a task, or start training.",
  "growing": "No tree has begun yet: trees appear here as training samples them.",
  "over": "Training ended before its first tree: start it again.",
  "no_points": "No step has ended yet: the board draws a point for each.",
  "begun": "Step {step} has just begun: its trees appear here as they grow.",
  "no_trees":
    "Step {step} was recorded without trees: choose another step, or see its figures on the board.",
  "cut": "Training ended before a tree of step {step} did: resume it, or choose another step.",
  "credit_coming": "Not scored yet: credit comes when all trees of the step have ended.",
  "credit_cut": "Not scored: training ended before step {step} did. Resume it to end the step.",
  "credit_none":
    "Run, and not trained: no credit. rl.Explorer(run.groups({step})) gives these trees some.",
  "credit_fork":
    "A fork has no credit: no step counts it. Beside its original, Forks says what it would earn.",
  "credit_probes": "Probes: recorded like other trees and never trained, so they have no credit.",
  "no_probes":
    "No task came at two steps: training with probe_tasks=4, probe_every=5 samples the same ones again.",
  "probes_coming": "Nothing to compare yet: probe tasks appear here when a step that samples them has ended.",
  "no_tasks_again": "No task came back in another step: each step drew others.",
  "incomplete": "Step {step} lacks trees that its file has lost: what is left is shown without credit.",
  "lost": "Step {step} has lost its trees: choose another step, or see its figures on the board.",
  "share_none": "Every advantage in this tree is 0: it moves no weights, and widths show nodes.",
  "text_gone": "Not read before the kernel went: run the cell again, after those before it.",
  "text_unknown": "The kernel does not know this node: choose the step again.",
  "times_loading": "Asking when these nodes ran.",
  "times_begun": "This tree has just begun: no time has passed yet.",
  "times_none": "Nobody recorded when these nodes ran: there is no time to draw.",
  "answer_gone": "Not asked for before the kernel went: run the cell again, after those before it.",
  "answer_unsaved": "This page was saved without it: open the Explorer in a notebook to see it.",
  "kernel_gone": "The kernel is gone; what you see stays true. Run the cell again, after those before it.",
  "kernel_gone_training":
    "The kernel is gone, training with it. Steps are kept: rl.start(..., store={file}, resume=True) goes on.",
  "kernel_busy": "The kernel is busy with a cell and answers after it. What you see stays true.",
  "kernel_silent": "No answer from the kernel for {seconds} s. If none comes, run the cell again.",
  "offline": "The server does not answer. What you see stays true; the view goes on when it is back.",
  "picture": "A picture of what was shown: run the cell to explore it."
};

/** @typedef {keyof typeof STATES} StateName */

/** What becomes of a state if training ends in it. @type {Record<string, StateName>} */
const ENDED = { growing: "over", begun: "cut", credit_coming: "credit_cut" };
const OVER = ["finished", "stopped", "failed", "gone"];

/**
 * The sentence of a state.
 * @param {StateName} name @param {Record<string, string | number>} [words] what is filled in
 */
export function sentenceOf(name, words = {}) {
  return STATES[name].replace(/\{(\w+)\}/g, (_, word) => String(words[word] ?? ""));
}

/**
 * What a step is without, in a sentence; empty: nothing.
 * @param {{step: number, state: string}} step @param {Record<string, any>} session
 */
export function stepSentence({ step, state }, session) {
  const ended = OVER.includes(session.state) && !session.live ? ENDED[state] : undefined;
  const never = session.kind && ["credit_coming", "credit_cut"].includes(state); // not to be trained on
  const name = never ? "credit_none" : (ended ?? state);
  return name in STATES ? sentenceOf(/** @type {StateName} */ (name), { step }) : "";
}

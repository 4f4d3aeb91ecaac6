// Which metrics the board shows, section by section, and how. Python reads the same table as
// rao_lab/views/static/metrics.json, which the build writes.
//
// `of` names columns with the words at the end of their series; a star stands for each entry of a table.
// `part` says which trees stand behind a point: those of a difficulty, those with a node of a depth, and so
// on. `apart` gives each series a field of its own; `from` is "least" if the axis does not begin at 0.

/**
 * @typedef {object} Entry
 * @property {string} id @property {string} section @property {string} title @property {string} note
 * @property {"lines" | "columns" | "shares"} draw
 * @property {[string, string][]} of
 * @property {string} format
 * @property {string} [part]
 * @property {string} [count] the column that says of how many a share is
 * @property {boolean} [apart] @property {string} [from]
 */

/** @type {Entry[]} */
export const CATALOGUE = [
  {"id": "success_by_difficulty", "section": "front", "title": "Root success by difficulty",
    "note": "share of roots", "draw": "lines", "of": [["success_by_difficulty/*/success", "*"]],
    "format": "share", "part": "difficulty", "count": "success_by_difficulty/*/tasks"},
  {"id": "shape", "section": "front", "title": "Nodes and depth", "note": "mean of a tree",
    "draw": "lines", "of": [["nodes", "nodes"], ["depth", "deep"]], "format": "one", "apart": true},
  {"id": "gradient_share_by_depth", "section": "front", "title": "Gradient share by depth",
    "note": "of the loss", "draw": "shares", "of": [["gradient_share_by_depth/*", "depth *"]],
    "format": "percent", "part": "depth"},
  {"id": "tokens_per_second", "section": "front", "title": "Tokens per second", "note": "",
    "draw": "lines", "of": [["tokens_per_second/training", "training"],
    ["tokens_per_second/generation", "sampling"]], "format": "rate"},
  {"id": "refusals", "section": "front", "title": "Refusals", "note": "each step", "draw": "columns",
    "of": [["refusals/*", "*"]], "format": "count", "part": "refusal"},
  {"id": "success_by_depth", "section": "Success and reward", "title": "Success by depth",
    "note": "share of scored nodes", "draw": "lines", "of": [["success_by_depth/*/success", "depth *"]],
    "format": "share", "part": "depth", "count": "success_by_depth/*/nodes"},
  {"id": "reward", "section": "Success and reward", "title": "Reward R", "note": "mean of what is scored",
    "draw": "lines", "of": [["R", "nodes"], ["root_R", "roots"]], "format": "two"},
  {"id": "fraction", "section": "Success and reward", "title": "Part of the task done",
    "note": "mean of roots", "draw": "lines", "of": [["fraction", ""]], "format": "share"},
  {"id": "zero_variance_groups", "section": "Success and reward", "title": "Groups without signal",
    "note": "roots that earned alike", "draw": "lines", "of": [["zero_variance_groups", ""]],
    "format": "percent"},
  {"id": "probe_success_by_task", "section": "Success and reward", "title": "Probe tasks",
    "note": "success, never trained", "draw": "lines", "of": [["probe_success_by_task/*", "*"]],
    "format": "share", "part": "probe"},
  {"id": "children", "section": "Trees", "title": "Children", "note": "mean of a node", "draw": "lines",
    "of": [["children", ""]], "format": "two"},
  {"id": "delegation", "section": "Trees", "title": "Delegation", "note": "share of nodes",
    "draw": "lines", "of": [["delegating", "delegate"], ["together", "launched together"]],
    "format": "percent"},
  {"id": "nodes_by_depth", "section": "Trees", "title": "Nodes by depth", "note": "each step",
    "draw": "columns", "of": [["nodes_by_depth/*", "depth *"]], "format": "count", "part": "depth"},
  {"id": "largest", "section": "Trees", "title": "Largest and deepest tree", "note": "", "draw": "lines",
    "of": [["nodes_max", "nodes"], ["depth_max", "deep"]], "format": "count", "apart": true},
  {"id": "turns", "section": "Trees", "title": "Turns", "note": "mean of a node", "draw": "lines", "of": [
    ["turns", ""]], "format": "one"},
  {"id": "probe_shape", "section": "Trees", "title": "Probe trees", "note": "mean of a tree",
    "draw": "lines", "of": [["probe_nodes", "nodes"], ["probe_depth", "deep"]], "format": "one",
    "part": "probe", "apart": true},
  {"id": "statuses", "section": "How nodes ended", "title": "How nodes ended", "note": "each step",
    "draw": "columns", "of": [["statuses/*", "*"]], "format": "count", "part": "status"},
  {"id": "unscored", "section": "How nodes ended", "title": "Nodes not scored", "note": "each step",
    "draw": "columns", "of": [["unscored", "not scored"]], "format": "count", "part": "unscored"},
  {"id": "untrained", "section": "How nodes ended", "title": "Nodes not trained",
    "note": "each step, by reason", "draw": "columns", "of": [["untrained/*", "*"]], "format": "count",
    "part": "why"},
  {"id": "not_reproducible", "section": "How nodes ended", "title": "Trees not reproducible",
    "note": "each step", "draw": "columns", "of": [["not_reproducible", "trees"],
    ["probe_not_reproducible", "probe trees"]], "format": "count"},
  {"id": "loss", "section": "Update", "title": "Loss", "note": "", "draw": "lines", "of": [["loss", ""]],
    "format": "digits"},
  {"id": "grad_norm", "section": "Update", "title": "Gradient norm", "note": "before clipping",
    "draw": "lines", "of": [["grad_norm", ""]], "format": "digits"},
  {"id": "kl", "section": "Update", "title": "KL to the reference", "note": "mean of trained tokens",
    "draw": "lines", "of": [["kl", ""]], "format": "digits"},
  {"id": "entropy", "section": "Update", "title": "Entropy", "note": "nats of a trained token",
    "draw": "lines", "of": [["entropy", ""]], "format": "two"},
  {"id": "ratio", "section": "Update", "title": "Ratio", "note": "recomputed to recorded",
    "draw": "lines", "of": [["ratio/max", "highest"], ["ratio/mean", "mean"], ["ratio/min", "lowest"]],
    "format": "ratio", "from": "least"},
  {"id": "clip_share", "section": "Update", "title": "Clipped tokens", "note": "share of trained tokens",
    "draw": "lines", "of": [["clip_share", ""]], "format": "percent1"},
  {"id": "logprob_difference", "section": "Update", "title": "Log-prob gap",
    "note": "recomputed against recorded", "draw": "lines", "of": [["logprob_difference/mean", "mean"],
    ["logprob_difference/max", "highest"]], "format": "digits", "apart": true},
  {"id": "learning_rate", "section": "Update", "title": "Learning rate", "note": "", "draw": "lines",
    "of": [["learning_rate", ""]], "format": "digits"},
  {"id": "signs", "section": "Update", "title": "Signs of wA", "note": "trained nodes", "draw": "columns",
    "of": [["signs/negative", "less likely"], ["signs/zero", "zero"], ["signs/positive", "more likely"]],
    "format": "count", "part": "sign"},
  {"id": "trained_by_depth", "section": "Update", "title": "Trained nodes by depth", "note": "each step",
    "draw": "columns", "of": [["trained_by_depth/*", "depth *"]], "format": "count", "part": "depth"},
  {"id": "tokens", "section": "Tokens and time", "title": "Tokens of rollouts", "note": "each step",
    "draw": "lines", "of": [["tokens_out", "written"], ["tokens_in", "read"]], "format": "rate"},
  {"id": "tokens_trained", "section": "Tokens and time", "title": "Tokens of the update",
    "note": "each step", "draw": "lines", "of": [["trained_tokens", "trained"],
    ["forwarded_tokens", "forwarded"]], "format": "rate"},
  {"id": "merge_rate", "section": "Tokens and time", "title": "Merged turns",
    "note": "turns in a sequence", "draw": "lines", "of": [["merge_rate", ""]], "format": "one"},
  {"id": "seconds", "section": "Tokens and time", "title": "Time by phase", "note": "each step",
    "draw": "columns", "of": [["seconds/generation", "sampling"], ["seconds/update", "update"],
    ["seconds/probes", "probes"], ["seconds/credit", "credit"]], "format": "seconds"},
  {"id": "badges", "section": "Badges", "title": "Badges", "note": "nodes, each step", "draw": "columns",
    "of": [["badges/*", "*"]], "format": "count", "part": "badge"}
];

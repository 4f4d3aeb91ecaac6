// How a fork is asked for: what was filled in, as a line of Python and as a command. No DOM.

/** @typedef {"again" | "goal" | "prompt" | "action" | "child_value"} Edit */

/**
 * @typedef {object} Asked
 * @property {number} step
 * @property {number} place of the tree in its step
 * @property {string} path
 * @property {number} turn
 * @property {Edit} edit
 * @property {string} text of the edit; of a value, JSON or plain words
 * @property {string} child path of the child whose value is edited
 * @property {number} repeats
 * @property {"continued" | "replayed"} rest
 * @property {string} file name of the run that is shown; "" if it is none
 * @property {string} run in Python
 * @property {boolean} written somebody writes the file now, and it keeps no forks
 * @property {string} [made] the run that the forks shown were made with
 * @property {string} [name] GROUP.TREE of the tree in that run; "" if it has no such name
 */

/** @param {Asked} asked */
export function pythonLine(asked) {
  const { step, place, path, turn, edit, text, child, repeats, rest, file, run, written, made } = asked;
  const change = {
    again: "",
    goal: `, goal=${quoted(text)}`,
    prompt: `, prompt=${quoted(text)}`,
    action: `, action=${quoted(text)}`,
    child_value: `, child_value={${quoted(child)}: ${python(valueOf(text))}}`,
  }[edit];
  const how = `${turn}, rest="${rest}"${change}, repeats=${repeats}`;
  if (!file && made) return `rl.fork(tree, "${path}", ${how}, run=${quoted(made)})`;
  if (!file) return `rl.fork(tree, "${path}", ${how}, environment=env, policy=policy)`;
  const kept = written ? "" : `, store=${run}.path`;
  return `rl.fork(${run}.trees(${step})[${place}].load(), "${path}", ${how}, run=${run}${kept})`;
}

/** The command, "" if there is no file to give it. @param {Asked} asked */
export function commandLine(asked) {
  const { step, path, turn, edit, text, child, repeats, rest, written } = asked;
  const file = asked.file || asked.made;
  const place = asked.file ? asked.place : asked.name;
  if (!file || place === "" || place === undefined) return "";
  const change = {
    again: "",
    goal: ` --goal ${shell(text)}`,
    prompt: ` --prompt ${shell(text)}`,
    action: " --action-file action.py",
    child_value: ` --child-value ${shell(`${child}=${text}`)}`,
  }[edit];
  const where = `--step ${step} --tree ${place} --node ${path} --turn ${turn}`;
  const kept = written ? " --out forks.rao" : "";
  return `rao-lab fork ${shell(file)} ${where} --rest ${rest}${change} --repeats ${repeats}${kept}`;
}

/** The same as the kernel takes it. @param {Asked} asked */
export function request({ step, place, path, turn, edit, text, child, repeats, rest }) {
  const value = edit === "child_value" ? valueOf(text) : text;
  return { step, tree: place, path, turn, edit, value, child, repeats, rest };
}

/** What is JSON, as it is; otherwise text. @param {string} text @returns {any} */
function valueOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A text as Python and JSON write it. @param {string} text */
function quoted(text) {
  return JSON.stringify(text);
}

/** @param {any} value @returns {string} */
function python(value) {
  if (value === null) return "None";
  if (value === true || value === false) return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value).map(([key, inner]) => `${quoted(key)}: ${python(inner)}`).join(", ")}}`;
  }
  return JSON.stringify(value);
}

/** A word of a command. @param {string} text */
function shell(text) {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

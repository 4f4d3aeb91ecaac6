// What a notebook file keeps of a widget: its picture and its words, and never the widget itself. A file that
// names a widget which no kernel knows shows an error in JupyterLab and nothing in an exported page. When a
// kernel that knows it is there again, the widget takes the picture's place.

/** @typedef {import("../step/types.js").AnyModel} AnyModel */
/** @typedef {{data: Record<string, any>, metadata: Record<string, any>}} Output */

const VIEW = "application/vnd.jupyter.widget-view+json";
/** Where a notebook's widgets are known by key, however many bundles were loaded. */
const KEPT = Symbol.for("rao-lab.kept");

/** @param {AnyModel} model @param {AbortSignal} [signal] the widget is closed */
export async function keepPicture(model, signal) {
  const context = model.widget_manager?.context; // JupyterLab and Notebook 7 have one
  const key = model.get("key");
  if (!context?.model?.cells || typeof context.model.toJSON !== "function" || !key) return;
  const kept = keptIn(context.model);
  kept.set(key, model);
  signal?.addEventListener("abort", () => kept.get(key) === model && kept.delete(key));
  await context.ready;
  showAgain(context.model, key);
}

/**
 * The widgets of a notebook; from the first on, what is saved of it is their pictures.
 * @param {any} notebook @returns {Map<string, AnyModel>}
 */
function keptIn(notebook) {
  if (notebook[KEPT]) return notebook[KEPT];
  const kept = (notebook[KEPT] = new Map());
  const whole = notebook.toJSON.bind(notebook);
  notebook.toJSON = () => {
    const file = whole();
    return { ...file, cells: file.cells.map((/** @type {any} */ cell) => withPictures(cell, kept)) };
  };
  return kept;
}

/** @param {any} cell @param {Map<string, AnyModel>} kept */
function withPictures(cell, kept) {
  if (!cell.outputs) return cell;
  return { ...cell, outputs: cell.outputs.map((/** @type {Output} */ output) => withPicture(output, kept)) };
}

/** @param {Output} output @param {Map<string, AnyModel>} kept @returns {Output} */
function withPicture(output, kept) {
  const model = kept.get(output.metadata?.rao_lab?.key);
  if (!model || !output.data?.["text/html"]) return output;
  const data = { ...output.data, ...model.get("still") };
  delete data[VIEW];
  return { ...output, data };
}

/** The widget in place of its picture. @param {any} notebook @param {string} key */
function showAgain(notebook, key) {
  const { dirty } = notebook;
  for (const cell of notebook.cells) {
    const outputs = cell.outputs;
    for (let at = 0; at < (outputs?.length ?? 0); at += 1) {
      const output = outputs.get(at).toJSON();
      if (output.metadata?.rao_lab?.key !== key || output.data[VIEW]) continue;
      const view = { version_major: 2, version_minor: 0, model_id: key };
      outputs.set(at, { ...output, data: { ...output.data, [VIEW]: view } });
    }
  }
  notebook.dirty = dirty;
}

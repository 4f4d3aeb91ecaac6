// Entry of the bundle: one view of the widget, in a notebook or in a saved page.

import { savedModel } from "./page.js";
import { App } from "./app/app.js";
import { keepPicture } from "./app/notebook.js";

/** @param {{model: import("./step/types.js").AnyModel, el: HTMLElement}} context */
function render({ model, el }) {
  const app = new App(model, el);
  return () => app.close();
}

/** @param {any} data the parsed data of a saved page @param {HTMLElement} el */
export function renderSaved(data, el) {
  return render({ model: savedModel(data), el });
}

/** @param {{model: import("./step/types.js").AnyModel, signal?: AbortSignal}} context */
function initialize({ model, signal }) {
  keepPicture(model, signal);
}

export default { initialize, render };

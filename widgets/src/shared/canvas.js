// A canvas that stays sharp at any pixel ratio.

/** @param {number} width @param {number} height in CSS px */
export function canvasFor(width, height) {
  const canvas = document.createElement("canvas");
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  let now = "";
  const size = (/** @type {number} */ w, /** @type {number} */ h) => {
    const ratio = window.devicePixelRatio || 1;
    const key = `${w}/${h}/${ratio}`;
    if (key !== now) {
      now = key;
      canvas.width = Math.max(1, Math.round(w * ratio));
      canvas.height = Math.max(1, Math.round(h * ratio));
      canvas.style.width = `${w}px`;
      canvas.style.height = `${h}px`;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return context;
  };
  size(width, height);
  return { canvas, context, size };
}

/**
 * The text cut so that it fits, with an ellipsis.
 * @param {CanvasRenderingContext2D} context @param {string} text @param {number} width
 */
export function fitText(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (context.measureText(`${text.slice(0, middle)}\u2026`).width <= width) low = middle;
    else high = middle - 1;
  }
  const code = text.charCodeAt(low - 1);
  return `${text.slice(0, code >= 0xd800 && code <= 0xdbff ? low - 1 : low).trimEnd()}\u2026`;
}

// Status by shape: each mark once, as strokes in a 16 by 16 box, drawn by canvas and SVG alike.

import { s } from "./dom.js";

/**
 * @typedef {"succeeded" | "partly" | "failed" | "limit" | "error" | "cancelled" | "running" | "waiting"
 *   | "unscored"} Shape
 */
/** @typedef {import("./theme.js").Palette} Palette */

/**
 * @typedef {object} Mark
 * @property {"good" | "bad" | "limit" | "live" | "label"} colour
 * @property {string} words
 * @property {{d: string, fill?: boolean, cut?: boolean, dash?: number[]}[]} paths what is `cut` shows the
 *   ground
 */

const SQUARE =
  "M3.4 1.6h9.2a1.8 1.8 0 0 1 1.8 1.8v9.2a1.8 1.8 0 0 1-1.8 1.8h-9.2a1.8 1.8 0 0 1-1.8-1.8v-9.2" +
  "a1.8 1.8 0 0 1 1.8-1.8z";
const RING = "M8 1.6a6.4 6.4 0 1 1 0 12.8a6.4 6.4 0 1 1 0-12.8z";

/** @type {Record<Shape, Mark>} */
export const MARKS = {
  succeeded: {
    colour: "good",
    words: "succeeded",
    paths: [
      { d: "M8 .9a7.1 7.1 0 1 1 0 14.2a7.1 7.1 0 1 1 0-14.2z", fill: true },
      { d: "M4.6 8.3l2.3 2.3l4.4-4.9", cut: true },
    ],
  },
  partly: { colour: "good", words: "partly", paths: [{ d: RING }, { d: "M8 4a4 4 0 0 1 0 8z", fill: true }] },
  failed: {
    colour: "bad",
    words: "failed",
    paths: [{ d: RING }, { d: "M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8" }],
  },
  limit: {
    colour: "limit",
    words: "limit",
    paths: [{ d: SQUARE }, { d: "M4.2 8h5M11.6 4.6v6.8" }],
  },
  error: {
    colour: "bad",
    words: "error",
    paths: [{ d: "M8 1.8l6.6 12h-13.2z" }, { d: "M8 6v3.6M8 11.3v.9" }],
  },
  cancelled: { colour: "label", words: "cancelled", paths: [{ d: RING }, { d: "M3.7 12.3l8.6-8.6" }] },
  running: {
    colour: "live",
    words: "computing",
    paths: [
      { d: "M8 1.6a6.4 6.4 0 1 0 6.4 6.4" },
      { d: "M8 6.3a1.7 1.7 0 1 1 0 3.4a1.7 1.7 0 1 1 0-3.4z", fill: true },
    ],
  },
  waiting: { colour: "live", words: "waits", paths: [{ d: RING }, { d: "M6.2 5.4v5.2M9.8 5.4v5.2" }] },
  unscored: {
    colour: "label",
    words: "not scored",
    paths: [{ d: RING, dash: [2, 1.6] }, { d: "M6.2 6.4a1.9 1.9 0 1 1 2.6 1.8c-.6.3-.8.6-.8 1.2M8 11.2v.8" }],
  },
};

/** @type {Map<string, Path2D>} */
const paths = new Map();

/** @param {string} d */
function path(d) {
  let made = paths.get(d);
  if (!made) {
    made = new Path2D(d);
    paths.set(d, made);
  }
  return made;
}

/**
 * @param {CanvasRenderingContext2D} context @param {Shape} shape @param {number} x left @param {number} y top
 * @param {number} size @param {Palette} p @param {string} ground what a cut-out shows
 */
export function drawMark(context, shape, x, y, size, p, ground) {
  const mark = MARKS[shape];
  context.save();
  context.translate(x, y);
  context.scale(size / 16, size / 16);
  context.lineWidth = 1.7;
  context.lineCap = "round";
  context.lineJoin = "round";
  for (const part of mark.paths) {
    context.strokeStyle = part.cut ? ground : p[mark.colour];
    context.fillStyle = p[mark.colour];
    context.setLineDash(part.dash ?? []);
    if (part.fill) context.fill(path(part.d));
    else context.stroke(path(part.d));
  }
  context.restore();
}

/** @param {Shape} shape @param {number} [size] @returns {SVGElement} */
export function markIcon(shape, size = 13) {
  const mark = MARKS[shape];
  const colour = `var(--${mark.colour})`;
  return s(
    "svg",
    { width: size, height: size, viewBox: "0 0 16 16", class: "mark", role: "img", "aria-label": mark.words },
    ...mark.paths.map((part) =>
      s("path", {
        d: part.d,
        fill: part.fill ? colour : "none",
        stroke: part.fill ? "none" : part.cut ? "var(--ground, var(--page))" : colour,
        "stroke-width": 1.7,
        "stroke-linecap": "round",
        "stroke-linejoin": "round",
        "stroke-dasharray": part.dash?.join(" "),
      }),
    ),
  );
}

/** Badges that have a shape of their own. @type {Record<string, string>} */
const BADGES = {
  loop: "M12.9 8.6a5 5 0 1 1-1.3-4.2M12.9 1.8v3.1h-3.1",
  plus: "M8 1.2l6.8 6.8l-6.8 6.8l-6.8-6.8zM8 5.2v5.6M5.2 8h5.6",
  limit: `${SQUARE}M4.2 8h5M11.6 4.6v6.8`,
};
/** The tag behind a letter. */
const TAG = "M3.4 1.2h9.2a2 2 0 0 1 2 2v9.6a2 2 0 0 1-2 2h-9.2a2 2 0 0 1-2-2v-9.6a2 2 0 0 1 2-2z";

/**
 * A badge: its shape, or its letter on a tag.
 * @param {CanvasRenderingContext2D} context @param {string} mark @param {number} x left @param {number} y top
 * @param {number} size @param {Palette} p
 */
export function drawBadge(context, mark, x, y, size, p) {
  context.save();
  context.translate(x, y);
  context.scale(size / 16, size / 16);
  context.lineCap = "round";
  context.lineJoin = "round";
  context.strokeStyle = p.second;
  context.lineWidth = mark in BADGES ? 1.6 : 1.1;
  context.stroke(path(BADGES[mark] ?? TAG));
  if (!(mark in BADGES)) {
    context.fillStyle = p.second;
    context.font = `700 12px ${p.family}`;
    context.textAlign = "center";
    context.textBaseline = "alphabetic";
    context.fillText(mark, 8, 12.3);
  }
  context.restore();
}

/** @param {string} mark @param {string} words @param {number} [size] @returns {SVGElement} */
export function badgeIcon(mark, words, size = 13) {
  const own = mark in BADGES;
  const ends = { "stroke-linecap": "round", "stroke-linejoin": "round" };
  const line = { fill: "none", stroke: "currentColor", ...ends };
  const place = { x: 8, y: 12.3, "text-anchor": "middle", "font-size": 12, "font-weight": 700 };
  const aria = { role: "img", "aria-label": words };
  return s("svg", { width: size, height: size, viewBox: "0 0 16 16", class: "badge", ...aria },
    s("path", { d: BADGES[mark] ?? TAG, ...line, "stroke-width": own ? 1.6 : 1.1 }),
    own ? null : s("text", { ...place, fill: "currentColor" }, mark),
  );
}

const ICONS = {
  chevron: "M6 3.5l4.5 4.5l-4.5 4.5",
  down: "M3.5 6l4.5 4.5l4.5-4.5",
  search: "M7 2.2a4.8 4.8 0 1 1 0 9.6a4.8 4.8 0 1 1 0-9.6zM10.6 10.6l3.4 3.4",
  up: "M3.5 10l4.5-4.5l4.5 4.5",
  close: "M4 4l8 8M12 4l-8 8",
  shut: "M5.5 3.5l6 4.5l-6 4.5z",
  open: "M3.5 5.5l4.5 6l4.5-6z",
  wider: "M2.5 6v-3.5h3.5M10 2.5h3.5v3.5M13.5 10v3.5h-3.5M6 13.5h-3.5v-3.5",
  link:
    "M6.3 9.7l3.4-3.4M7.2 4.6l1.5-1.5a2.9 2.9 0 0 1 4.1 4.1l-1.5 1.5" +
    "M8.8 11.4l-1.5 1.5a2.9 2.9 0 0 1-4.1-4.1l1.5-1.5",
  list: "M2.5 4h11M2.5 8h11M2.5 12h7",
};

/** @param {keyof typeof ICONS} name @param {number} [size] */
export function icon(name, size = 12) {
  const solid = name === "shut" || name === "open";
  return s("svg", { width: size, height: size, viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" },
    s("path", {
      d: ICONS[name],
      fill: solid ? "currentColor" : "none",
      stroke: solid ? "none" : "currentColor",
      "stroke-width": 1.6,
      "stroke-linecap": "round",
      "stroke-linejoin": "round",
    }),
  );
}

// Colour and type: one set of values, as CSS variables for the page and as a palette for the canvas.

const LIGHT = {
  page: "#ffffff",
  text: "#1b1f24",
  second: "#4a5058",
  label: "#636a73",
  faint: "#a2a8af",
  plus: "#1a5a9e",
  minus: "#a3440c",
  barPlus: "#3f86cc",
  barMinus: "#cc6a20",
  good: "#0d7561",
  bad: "#8e2f5c",
  limit: "#7a5a00",
  live: "#5746ad",
  gauge: "#858d96",
  focus: "#1976d2",
  keyword: "#7a2f8f",
  string: "#8a5a00",
  number: "#0d6b74",
  panel: "#f8f8f9",
  well: "#f3f4f5",
  selected: "#eceef0",
  rule: "#e4e6e9",
  strong: "#c9cdd2",
  track: "#ebecee",
};
const DARK = {
  page: "#212121",
  text: "#e9eaec",
  second: "#bcc0c6",
  label: "#9aa0a8",
  faint: "#6b7077",
  plus: "#8fc3f7",
  minus: "#f5ad7b",
  barPlus: "#4f95d8",
  barMinus: "#d67c35",
  good: "#4fc4a8",
  bad: "#e78db7",
  limit: "#e0b84c",
  live: "#b3a8f3",
  gauge: "#7d838b",
  focus: "#64b5f6",
  keyword: "#d69be6",
  string: "#e0b878",
  number: "#78cfd6",
  panel: "#1b1b1c",
  well: "#2a2b2c",
  selected: "#313336",
  rule: "#363739",
  strong: "#515357",
  track: "#333436",
};
const RAMP = {
  light: ["#9c3d08", "#cf6d22", "#f3c49c", "#ebecee", "#b4d0ec", "#5b99d8", "#1a5a9e"],
  dark: ["#f5ad7b", "#d0732f", "#6e4a2f", "#3c3e41", "#2f4e6e", "#4685c6", "#8fc3f7"],
};
const SEQUENTIAL = {
  light: ["#e9e6f4", "#cfc8e8", "#a89dd6", "#7b6dbb", "#55479a", "#352a6b"],
  dark: ["#2b2936", "#3d3857", "#5a5185", "#7c71b3", "#a196d8", "#cbc4f3"],
};

/**
 * @typedef {typeof LIGHT & {
 *   dark: boolean, ramp: string[], sequential: string[], family: string, code: string, serif: string,
 *   unit: number
 * }} Palette `unit` is the size of type, 1 at 13 px
 */

/** The colours of a theme where the host has none of its own. @param {boolean} dark */
export function coloursOf(dark) {
  const kind = dark ? "dark" : "light";
  return { ...(dark ? DARK : LIGHT), dark, ramp: RAMP[kind], sequential: SEQUENTIAL[kind] };
}

/** @param {string} colour #rrggbb or rgb(r, g, b) @returns {[number, number, number] | null} */
export function rgb(colour) {
  const hex = /^#([0-9a-f]{6})$/i.exec(colour);
  if (hex) {
    const n = Number.parseInt(hex[1], 16);
    return [n >> 16, (n >> 8) & 255, n & 255];
  }
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(colour);
  if (short) {
    return /** @type {[number, number, number]} */ (
      [1, 2, 3].map((i) => Number.parseInt(short[i] + short[i], 16))
    );
  }
  const parts = /^rgba?\((\d+)[ ,]+(\d+)[ ,]+(\d+)/.exec(colour);
  return parts ? [Number(parts[1]), Number(parts[2]), Number(parts[3])] : null;
}

/** @param {string} a @param {string} b @param {number} t share of b */
export function mix(a, b, t) {
  const from = rgb(a) ?? [0, 0, 0];
  const to = rgb(b) ?? [0, 0, 0];
  const part = from.map((value, i) => Math.round(value + (to[i] - value) * t));
  return `#${part.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

/** Advantage on its ramp, clamped to -1 and 1. @param {Palette} p @param {number} value */
export function rampColour(p, value) {
  if (Number.isNaN(value)) return p.track;
  const at = (Math.max(-1, Math.min(1, value)) + 1) * 3;
  const low = Math.min(5, Math.floor(at));
  return mix(p.ramp[low], p.ramp[low + 1], at - low);
}

/** @param {Palette} p @param {number} t from 0 to 1 */
export function sequentialColour(p, t) {
  const at = Math.max(0, Math.min(1, t)) * 5;
  const low = Math.min(4, Math.floor(at));
  return mix(p.sequential[low], p.sequential[low + 1], at - low);
}

/**
 * A value's colour: a return from 0 to `most` in the sequential tones, or an advantage on its ramp.
 * @param {Palette} p @param {number} value @param {number} most 0: it is an advantage
 */
export function valueColour(p, value, most) {
  return most ? sequentialColour(p, value / most) : rampColour(p, value);
}

/**
 * An advantage as a colour that a small mark can carry: the pale middle of the ramp vanishes at 2 px.
 * @param {Palette} p @param {number} value @param {number} [least] below this size it has no sign
 */
export function markColour(p, value, least = 1e-9) {
  if (Math.abs(value) < least) return p.gauge;
  return mix(rampColour(p, value), value < 0 ? p.barMinus : p.barPlus, 0.45);
}

const SANS = '-apple-system, "Segoe UI", Helvetica, Arial, sans-serif';
const MONO = 'Menlo, Consolas, "DejaVu Sans Mono", monospace';
const SERIF = '"STIX Two Text", Cambria, Georgia, "Liberation Serif", serif';

/** The first variable that the host sets. @param {CSSStyleDeclaration} styles @param {string[]} names */
function said(styles, names) {
  return names.map((name) => styles.getPropertyValue(name).trim()).find(Boolean) ?? "";
}

/** By which hosts tell their type: JupyterLab, then marimo. */
const FAMILY = ["--jp-ui-font-family", "--text-font"];
const CODE = ["--jp-code-font-family", "--monospace-font"];

/**
 * The palette that fits where the element stands. It is read once the element is attached, and again at each
 * change (`watchTheme`).
 * @param {HTMLElement} element
 * @returns {Palette}
 */
export function paletteOf(element) {
  const styles = getComputedStyle(element);
  const behind = ground(styles.getPropertyValue("--jp-layout-color1").trim()) ?? groundBehind(element);
  const dark = isDark(behind);
  const base = coloursOf(dark);
  const family = said(styles, FAMILY) || SANS;
  const code = said(styles, CODE) || MONO;
  const size = Number.parseFloat(styles.getPropertyValue("--jp-ui-font-size1")) || 13;
  const palette = {
    ...base,
    ...{ family, code, serif: SERIF, unit: size / 13 },
  };
  // In the middle of a change the host may say dark while its ground is still light: then ours is taken.
  if (behind && darkGround(behind) === dark) {
    const hex = mix(`#${behind.map((v) => v.toString(16).padStart(2, "0")).join("")}`, "#000000", 0);
    if (hex !== base.page) Object.assign(palette, mixed(hex, base.text, dark));
  }
  return palette;
}

/**
 * JupyterLab and VS Code say whether they are dark; elsewhere the ground behind the element tells. The
 * system's wish counts for a page without a ground that follows it.
 * @param {[number, number, number] | null} behind
 */
function isDark(behind) {
  const { jpThemeLight, vscodeThemeKind } = document.body?.dataset ?? {};
  if (jpThemeLight) return jpThemeLight === "false";
  if (vscodeThemeKind) return /dark|high-contrast$/.test(vscodeThemeKind);
  if (behind) return darkGround(behind);
  const scheme = getComputedStyle(document.documentElement).colorScheme;
  if (scheme === "dark") return true;
  return scheme.includes("dark") && matchMedia("(prefers-color-scheme: dark)").matches;
}

/** @param {[number, number, number]} ground */
function darkGround([r, g, b]) {
  return 0.299 * r + 0.587 * g + 0.114 * b < 128;
}

/**
 * Any colour of CSS, as a host may give it; null if it is none, or does not cover what is behind.
 * @param {string} colour @returns {[number, number, number] | null}
 */
function ground(colour) {
  if (rgb(colour) && !colour.startsWith("rgba")) return rgb(colour);
  const pen = document.createElement("canvas").getContext("2d");
  if (!pen || !CSS.supports("color", colour)) return null;
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  const [r, g, b, alpha] = pen.getImageData(0, 0, 1, 1).data;
  return alpha === 255 ? [r, g, b] : null;
}

/**
 * The first ground around an element that covers what is below, also outside its shadow tree.
 * @param {Element} element @returns {[number, number, number] | null} null: the bare page
 */
function groundBehind(element) {
  /** @type {Node | null} */
  let at = element.parentNode;
  while (at) {
    if (at instanceof Element) {
      const found = ground(getComputedStyle(at).backgroundColor);
      if (found) return found;
    }
    at = at instanceof ShadowRoot ? at.host : at.parentNode;
  }
  return null;
}

/**
 * Grounds and rules for a page colour that is not ours.
 * @param {string} page @param {string} ink @param {boolean} dark
 */
function mixed(page, ink, dark) {
  return {
    page,
    panel: dark ? mix(page, "#000000", 0.18) : mix(page, ink, 0.03),
    well: mix(page, ink, 0.05),
    selected: mix(page, ink, 0.085),
    rule: mix(page, ink, 0.12),
    strong: mix(page, ink, 0.24),
    track: mix(page, ink, 0.09),
  };
}

/** @param {HTMLElement} element @param {Palette} palette */
export function applyPalette(element, palette) {
  for (const name of Object.keys(LIGHT)) {
    element.style.setProperty(`--${name}`, /** @type {any} */ (palette)[name]);
  }
  palette.sequential.forEach((colour, i) => element.style.setProperty(`--seq${i}`, colour));
  palette.ramp.forEach((colour, i) => element.style.setProperty(`--ramp${i}`, colour));
  element.dataset.theme = palette.dark ? "dark" : "light";
  element.style.setProperty("--family", palette.family);
  element.style.setProperty("--mono", palette.code);
  element.style.setProperty("--serif", palette.serif);
  element.style.setProperty("--unit", `${palette.unit * 13}px`);
}

/** Attributes of html and body by which hosts tell their theme. */
const TOLD = ["class", "style", "data-theme"].concat(
  ["data-jp-theme-light", "data-jp-theme-name", "data-vscode-theme-kind"],
);
/** ms after which a host's style sheets have come, if it tells its theme first. */
const LATER = 400;

/**
 * Calls back if the palette has changed, whatever changed it: the host's theme, its colours, the type or its
 * size, the system's wish, or that the element came into the page. JupyterLab hides itself while it
 * changes its theme: it is looked at once it is shown again, so that whoever is called can measure.
 * @param {HTMLElement} element @param {() => void} changed
 * @returns {() => void} stops watching
 */
export function watchTheme(element, changed) {
  let known = "";
  const look = () => {
    if (!element.getClientRects().length) return;
    const now = JSON.stringify(paletteOf(element));
    if (now === known) return;
    known = now;
    changed();
  };
  const probe = themeProbe();
  element.append(probe);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const told = () => {
    look();
    requestAnimationFrame(look);
    clearTimeout(timer);
    timer = setTimeout(look, LATER);
  };
  probe.addEventListener("transitionend", look);
  const sizes = new ResizeObserver(look);
  sizes.observe(probe);
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", told);
  const observer = new MutationObserver(told);
  const filter = { attributes: true, attributeFilter: TOLD };
  for (const host of [document.documentElement, document.body]) if (host) observer.observe(host, filter);
  look();
  return () => {
    clearTimeout(timer);
    sizes.disconnect();
    media.removeEventListener("change", told);
    observer.disconnect();
    probe.remove();
  };
}

/**
 * An unseen element in the host's type, size and colours. A host that changes its variables moves its size or
 * starts a transition, so that nobody has to ask again and again.
 */
function themeProbe() {
  const probe = document.createElement("i");
  probe.setAttribute("aria-hidden", "true");
  probe.style.cssText =
    "position:absolute;left:0;top:0;visibility:hidden;pointer-events:none;white-space:nowrap;" +
    `font-family:var(${FAMILY[0]}, var(${FAMILY[1]}, ${SANS}));font-size:var(--jp-ui-font-size1, 13px);` +
    "background-color:var(--jp-layout-color1, transparent);color:var(--jp-ui-font-color1, #000)";
  probe.style.setProperty("transition", "background-color 1ms, color 1ms", "important");
  probe.textContent = "Wide 0123456789";
  return probe;
}

export function reducedMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

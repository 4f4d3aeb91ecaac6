// The only place where elements are made. Text always arrives as a text node: there is no way from a
// string to markup here.

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [props] attributes, `on*` handlers; false and null are left out
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  apply(element, props, children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} tag @param {Record<string, any>} [props] @param {...(Child | Child[])} children
 * @returns {SVGElement}
 */
export function s(tag, props = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  apply(element, props, children);
  return /** @type {SVGElement} */ (element);
}

/** Elements that take the focus by themselves. */
const FOCUSABLE = new Set(["button", "input", "select", "summary", "textarea"]);

/**
 * JupyterLab asks the focused element, and not those around it, whether its keys are its own.
 * @param {Element} element
 */
export function ownKeys(element) {
  element.setAttribute("data-lm-suppress-shortcuts", "true");
}

/** @param {Element} element @param {Record<string, any>} props @param {(Child | Child[])[]} children */
function apply(element, props, children) {
  if (FOCUSABLE.has(element.localName) || props.tabindex !== undefined) ownKeys(element);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith("aria-")) {
      element.setAttribute(name, String(value)); // "false" is a word there
      continue;
    }
    if (value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** @param {Element} element @param {...(Child | Child[])} children */
export function fill(element, ...children) {
  element.replaceChildren();
  apply(element, {}, children);
}

/**
 * Fills an element again. If the focus was inside, `heir` says what gets it.
 * @param {Element} element @param {(old: HTMLElement) => Element | null} heir
 * @param {...(Child | Child[])} children
 */
export function refill(element, heir, ...children) {
  const old = /** @type {HTMLElement} */ (document.activeElement);
  const had = element.contains(old);
  fill(element, ...children);
  if (had) /** @type {HTMLElement | null} */ (heir(old))?.focus();
}

/**
 * Arrow keys and the like move something, and the event stops here. With Ctrl, Meta or Alt they belong to
 * the browser, with Shift to the view.
 * @param {Element} element @param {Record<string, number>} amounts by key @param {(by: number) => void} move
 */
export function onArrows(element, amounts, move) {
  element.addEventListener("keydown", (given) => {
    const event = /** @type {KeyboardEvent} */ (given);
    const by = amounts[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    move(by);
    event.preventDefault();
    event.stopPropagation();
  });
}

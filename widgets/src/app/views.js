// The views there are: what the switch in the top bar offers, and which zones stand while a view is in front.

/**
 * @typedef {"tree" | "icicle" | "outline" | "group" | "timeline" | "evolution" | "badges" | "board"} ViewName
 */

/**
 * @typedef {object} View
 * @property {ViewName} name
 * @property {string} label on the switch
 * @property {"tree" | "step" | "none"} outline the rows beside it: of the tree, of the whole step, or none
 * @property {boolean} inspector it stands beside the view
 * @property {boolean} credit the bar of rules stands over it
 * @property {boolean} page Credit may take its place; otherwise the tree comes back for it
 * @property {boolean} tiny it stands in a very narrow cell, too; otherwise the outline alone does
 * @property {"run" | "step" | "group" | "tree"} place what the top bar names
 * @property {(has: Offered) => boolean} here it is offered
 */

/**
 * @typedef {object} Offered
 * @property {string} size of the cell
 * @property {boolean} board training has curves
 * @property {boolean} nodes the step has some
 * @property {boolean} steps there are several
 */

/** @type {View} */
const TREE = {
  ...{ name: "tree", label: "Tree", outline: "tree", place: "tree" },
  ...{ inspector: true, credit: true, page: true, tiny: false },
  here: ({ nodes, board }) => board || nodes,
};

/** In the order of the switch. @type {View[]} */
const VIEWS = [
  TREE,
  {
    ...TREE,
    ...{ name: "outline", label: "Outline", inspector: false },
    here: ({ size }) => size === "small",
  },
  {
    ...TREE,
    ...{ name: "icicle", label: "Icicle", outline: "step", inspector: false, place: "step" },
    here: ({ size, nodes, board }) => (board || nodes) && size !== "tiny",
  },
  {
    ...TREE,
    ...{ name: "group", label: "Group", outline: "none", inspector: false, tiny: true, place: "group" },
  },
  {
    ...TREE,
    ...{ name: "timeline", label: "Timeline" },
    here: ({ size, nodes, board }) => (board || nodes) && size !== "tiny",
  },
  {
    ...{ name: "evolution", label: "Evolution", outline: "none", inspector: false, credit: false },
    ...{ page: false, tiny: true, place: "run", here: ({ board, steps }) => board || steps },
  },
  {
    ...TREE,
    ...{ name: "badges", label: "Badges", outline: "step", place: "step" },
    here: ({ size, nodes, board }) => (board || nodes) && size !== "tiny",
  },
  {
    ...{ name: "board", label: "Board", outline: "none", inspector: false, credit: false, page: false },
    ...{ tiny: true, place: "run", here: ({ board }) => board },
  },
];

/** Buttons of the switch, if others are left for its menu; by the size of the cell. */
const FIT = { full: 5, drawer: 3, small: 2, tiny: 1 };
/** From this width, in units of type, a cell has room for all. */
const WIDE = 1250;

/** Tabs of the inspector that are pages in place of a view. */
export const PAGES = ["credit", "tokens"];

/** What stands in front: a page, or else the view. @param {{view: string, tab: string}} app */
export function inFront({ view, tab }) {
  return PAGES.includes(tab) && viewNamed(view).page ? tab : view;
}

/** @param {string} name @returns {View} */
export function viewNamed(name) {
  return VIEWS.find((view) => view.name === name) ?? TREE;
}

/** @param {string} name @returns {name is ViewName} */
export function isView(name) {
  return VIEWS.some((view) => view.name === name);
}

/**
 * The views that are offered: those with a button, and those in the menu behind them.
 * @param {Offered} has @param {number} width of the cell in units of type
 * @param {number} [less] 1: not all, 2: fewer still
 * @returns {{shown: View[], more: View[]}}
 */
export function offered(has, width, less = 0) {
  const all = VIEWS.filter((view) => view.here(has));
  const usual = FIT[/** @type {keyof FIT} */ (has.size)] ?? FIT.full;
  const fit = less > 1 ? Math.ceil(usual / 2) : usual;
  const most = (width >= WIDE && !less) || all.length <= fit + 1 ? all.length : fit;
  return { shown: all.slice(0, most), more: all.slice(most) };
}

/** The tab that a look opens. @param {{view?: string}} look */
export function pageOf({ view }) {
  return view === "credit" || view === "tokens" ? view : "messages";
}

/** The view that a look opens. @param {{view?: string}} look @returns {ViewName} */
export function viewOf({ view }) {
  const found = viewNamed(view ?? "");
  return found.name === "outline" ? "tree" : found.name;
}

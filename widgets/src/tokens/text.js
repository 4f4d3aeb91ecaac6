// The text of a node, token by token. Pieces out of sight are empty boxes of the right height, so that a node
// of any length scrolls as one of a hundred tokens does.

import { fill, h } from "../shared/dom.js";
import { count, many } from "../shared/format.js";
import { visible } from "../shared/text.js";
import { chunksOf } from "./chunks.js";
import { CUT, LAUNCH, PART, SPECIAL, THOUGHT, UNUSED, WROTE } from "./read.js";

/** @typedef {import("./chunks.js").Chunk} Chunk */
/** @typedef {import("./read.js").NodeTokens} NodeTokens */

/**
 * @typedef {object} Paint how tokens that the node wrote look
 * @property {(place: number) => [string, string]} colours of the ground and of the line below it; "" = none
 * @property {(place: number) => boolean} below it is less than what a signed scale has in its middle
 * @property {"trained" | "level" | "untrained"} state
 */

/** @typedef {{chunk: Chunk, body: HTMLElement, full: boolean, folded: boolean}} Piece */

/** Below this many tokens all stand at once: the browser's own search finds them. */
const WHOLE = 1200;
/** From so many tokens on, what a turn read is folded: what it wrote is what is looked for. */
const LONG = 120;
/** px above and below what is seen that are filled, too. */
const AHEAD = 700;

export class TokenText {
  /** @param {{pick: (at: number) => void, hover: (at: number, element: Element | null) => void}} host */
  constructor(host) {
    this.element = h("div", { class: "tk-text" });
    /** @type {NodeTokens | null} */
    this.tokens = null;
    /** @type {Piece[]} */
    this.pieces = [];
    /** @type {Set<number>} turns whose long prompt was opened */
    this.opened = new Set();
    /** @type {Paint} */
    this.paint = { colours: () => ["", ""], below: () => false, state: "untrained" };
    this.current = -1;
    /** @type {IntersectionObserver | null} */
    this.observer = null;
    const at = (/** @type {Event} */ event) => {
      const token = /** @type {Element} */ (event.target).closest("[data-at]");
      return token instanceof HTMLElement ? { at: Number(token.dataset.at), token } : null;
    };
    this.element.addEventListener("click", (event) => {
      const found = at(event);
      if (found && !getSelection()?.toString()) host.pick(found.at);
    });
    this.element.addEventListener("pointerover", (event) => {
      const found = at(event);
      host.hover(found?.at ?? -1, found?.token ?? null);
    });
    this.element.addEventListener("pointerleave", () => host.hover(-1, null));
  }

  /** @param {NodeTokens} tokens @param {Paint} paint @param {Element} scroller @param {number} width */
  show(tokens, paint, scroller, width) {
    this.observer?.disconnect();
    this.observer = null;
    this.tokens = tokens;
    this.paint = paint;
    this.current = -1;
    const chunks = chunksOf(tokens);
    this.pieces = chunks.map((chunk) => {
      const { part, turn } = chunk;
      const folded = part === "read" && turn.read > LONG && !this.opened.has(turn.index);
      return { chunk, body: h("div", { class: `tk-body ${part}`, hidden: folded }), full: false, folded };
    });
    const open = (/** @type {Piece} */ { chunk, folded }) =>
      folded && chunk.first ? [this.opener(chunk.turn)] : [];
    fill(this.element, this.pieces.flatMap((piece) => {
      return [...head(piece.chunk, tokens), ...open(piece), piece.body];
    }));
    if (tokens.word.length <= WHOLE) {
      for (const piece of this.pieces) if (!piece.folded) this.fill(piece);
      return;
    }
    const perLine = Math.max(20, width / 7);
    const byBody = new Map(this.pieces.map((piece) => [/** @type {Element} */ (piece.body), piece]));
    for (const { chunk, body } of this.pieces) {
      body.style.minHeight = `${Math.ceil(chunk.letters / perLine + 0.5) * 20}px`;
    }
    const look = (/** @type {IntersectionObserverEntry[]} */ entries) => {
      for (const { target, isIntersecting } of entries) {
        const piece = byBody.get(target);
        if (piece && isIntersecting !== piece.full) isIntersecting ? this.fill(piece) : empty(piece);
      }
    };
    this.observer = new IntersectionObserver(look, { root: scroller, rootMargin: `${AHEAD}px 0px` });
    for (const { body } of this.pieces) this.observer.observe(body);
  }

  /** Opens what a turn read. @param {import("./read.js").TurnTokens} turn */
  opener(turn) {
    const onclick = () => {
      this.unfold(turn.index);
      button.remove();
    };
    const words = `Show the ${count(turn.read)} tokens that it read`;
    const button = h("button", { class: "more", "data-turn": turn.index, onclick }, words);
    return button;
  }

  /** @param {number} index of a turn */
  unfold(index) {
    this.opened.add(index);
    for (const piece of this.pieces) {
      if (piece.folded && piece.chunk.turn.index === index) {
        piece.folded = piece.body.hidden = false;
        if (!this.observer) this.fill(piece);
      }
    }
  }

  /** Other colours. @param {Paint} paint */
  repaint(paint) {
    this.paint = paint;
    for (const piece of this.pieces) if (piece.full) this.fill(piece);
  }

  /** @param {Piece} piece */
  fill(piece) {
    const { tokens } = this;
    if (!tokens) return;
    const { from, to } = piece.chunk;
    const spans = [];
    for (let at = from; at < to; at += 1) spans.push(this.token(tokens, at));
    piece.full = true;
    piece.body.style.minHeight = "";
    fill(piece.body, spans);
  }

  /** @param {NodeTokens} tokens @param {number} at */
  token(tokens, at) {
    const [text, kind] = tokens.words[tokens.word[at]];
    const classes = ["tk"];
    if (kind === SPECIAL) classes.push("special");
    if (at === this.current) classes.push("on");
    const made = h("span", { "data-at": at }, shownText(text, kind));
    if (tokens.kind[at] === WROTE) {
      classes.push("w", this.paint.state);
      if (tokens.role[at] === THOUGHT) classes.push("thought");
      if (tokens.role[at] === LAUNCH) classes.push("launch");
      const [ground, line] = this.paint.colours(tokens.placeOf[at]);
      if (ground) made.style.background = ground;
      if (line && this.paint.below(tokens.placeOf[at])) made.style.borderBottom = `2px dashed ${line}`;
      else if (line) made.style.boxShadow = `inset 0 -2px 0 ${line}`;
    } else if (tokens.kind[at] === CUT) classes.push("cut-out");
    else if (tokens.kind[at] === UNUSED) classes.push("unused");
    made.className = classes.join(" ");
    return made;
  }

  /** Marks a token, and brings it into sight. @param {number} at @param {boolean} [moves] */
  choose(at, moves = true) {
    this.spanOf(this.current)?.classList.remove("on");
    this.current = at;
    const piece = this.pieces.find(({ chunk }) => chunk.from <= at && at < chunk.to);
    if (!piece) return;
    if (piece.folded) return;
    if (!piece.full) this.fill(piece);
    const span = this.spanOf(at);
    span?.classList.add("on");
    if (moves) span?.scrollIntoView({ block: "nearest" });
  }

  /** @param {number} at */
  spanOf(at) {
    return this.element.querySelector(`[data-at="${at}"]`);
  }
}

/** @param {Piece} piece */
function empty(piece) {
  piece.body.style.minHeight = `${piece.body.offsetHeight}px`;
  piece.full = false;
  fill(piece.body);
}

/** Something to see and to point at. @param {string} text of a token @param {number} kind */
export function shownText(text, kind) {
  if (kind === PART) return "\u00b7";
  return visible(text).replace(/\n/g, "\u23ce\n") || "\u2205";
}

/**
 * What a turn begins with, and the name of what was cut out.
 * @param {Chunk} chunk @param {NodeTokens} tokens
 */
function head({ turn, part, head: first, first: begins }, tokens) {
  const found = [];
  if (first) {
    const words = h("span", { class: "label" }, sequenceWords(turn, tokens.sequences));
    found.push(h("div", { class: "tk-turn" }, h("b", {}, `Turn ${turn.index}`), words));
  }
  if (part === "cut" && begins) {
    const words = `cut out ${many(turn.cut, "token")}: no longer in the context`;
    found.push(h("div", { class: "tk-part label" }, words));
  }
  return found;
}

/** @param {import("./read.js").TurnTokens} turn @param {number} sequences */
function sequenceWords(turn, sequences) {
  const parts = [`read ${count(turn.read)}, wrote ${count(turn.wrote)}`];
  if (!turn.sequence && !turn.wrote) parts.push("in no training sequence: nothing was sampled after it");
  else if (sequences > 1) parts.push(`sequence ${turn.sequence} of ${sequences}`);
  if (turn.held) parts.push(`${many(turn.held, "token")} from before merged: computed once`);
  if (turn.again) parts.push(`context rewritten: ${many(turn.again, "token")} unchanged, read again`);
  else if (turn.begins && turn.index > 1) parts.push("context rewritten: all was read anew");
  return parts.join(" \u00b7 ");
}

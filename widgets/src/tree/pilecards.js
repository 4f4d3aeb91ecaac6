// Alike siblings as one card, small card or disc: how many, what they were asked, every advantage as a tick,
// and how many succeeded.

import { level } from "./layout.js";
import { plain, signed } from "../shared/format.js";
import { mix, rampColour, sequentialColour } from "../shared/theme.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("./cards.js").CardPainter} CardPainter */
/** @typedef {import("../step/piles.js").Pile} Pile */
/** @typedef {import("../step/summary.js").Summary} Summary */

export class PilePainter {
  /** @param {App} app @param {CardPainter} cards */
  constructor(app, cards) {
    this.app = app;
    this.cards = cards;
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {import("./cards.js").Kind} kind @param {number} pitch
   * @param {Pile} pile @param {number} x left @param {number} y middle
   */
  draw(context, kind, pitch, pile, x, y) {
    const size = this.cards.size(pitch);
    const k = kind === "near" ? size.width / 134 : kind === "middle" ? size.width / 124 : 1;
    context.save();
    context.textAlign = "left";
    if (kind === "far") {
      this.disc(context, pitch, pile, x, y);
    } else {
      context.translate(x, y - size.height / 2);
      context.scale(k, k);
      if (kind === "near") this.card(context, pile);
      else this.small(context, pile, size.height / k);
    }
    context.restore();
  }

  /** Tinted by its mean. @param {Summary} summary @param {number} share */
  ground(summary, share) {
    const { palette: p, rule } = this.app;
    if (!summary.known) return p.page;
    if (rule.byReturn) return mix(p.page, sequentialColour(p, summary.mean / (1 + this.app.config.lam)), 0.12);
    return mix(p.page, rampColour(p, summary.mean), share);
  }

  /** @param {CanvasRenderingContext2D} context @param {Pile} pile */
  card(context, pile) {
    const { palette: p } = this.app;
    const { summary, goal } = this.app.summary(pile);
    this.stack(context, 134, 46, this.ground(summary, 0.17));
    const left = this.badge(context, pile, 7, 8, 15) + 6;
    context.textBaseline = "alphabetic";
    context.fillStyle = p.text;
    context.font = `600 12px ${p.family}`;
    context.fillText(this.cards.fit(context, goal, 126 - left), left, 19.5);
    const words = this.meanWords(summary);
    context.font = `600 12px ${p.family}`;
    context.textAlign = "right";
    context.fillStyle = this.ink(summary);
    context.fillText(words, 126, 37.5);
    const number = context.measureText(words).width;
    if (summary.known) {
      context.font = `400 10px ${p.family}`;
      context.fillStyle = p.label;
      context.fillText("mean", 122 - number, 37.5);
      this.ticks(context, pile.rows, 9, 29, 82 - number, 9);
    }
    this.outcomes(context, summary, 7, 41, 120, 3);
  }

  /** @param {CanvasRenderingContext2D} context @param {Pile} pile @param {number} height */
  small(context, pile, height) {
    const { palette: p } = this.app;
    const { summary, goal } = this.app.summary(pile);
    this.stack(context, 124, height, this.ground(summary, 0.18));
    const middle = height / 2;
    const left = this.badge(context, pile, 5, middle - 7, 14) + 5;
    const words = this.meanWords(summary);
    context.textBaseline = "alphabetic";
    context.font = `600 11px ${p.family}`;
    context.textAlign = "right";
    context.fillStyle = this.ink(summary);
    context.fillText(words, 118, middle + 4);
    const width = context.measureText(words).width;
    context.textAlign = "left";
    context.fillStyle = p.text;
    context.font = `400 11px ${p.family}`;
    context.fillText(this.cards.fit(context, goal, 113 - width - left), left, middle + 4);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} pitch @param {Pile} pile @param {number} x @param {number} y */
  disc(context, pitch, pile, x, y) {
    const { palette: p } = this.app;
    const { summary } = this.app.summary(pile);
    const radius = this.cards.radius(pitch);
    const colour = summary.known ? (this.app.rule.byReturn ? sequentialColour(p, summary.mean / (1 + this.app.config.lam)) : mix(rampColour(p, summary.mean), summary.mean < 0 ? p.barMinus : p.barPlus, 0.45)) : p.gauge;
    for (const shift of [3, 0]) {
      context.beginPath();
      context.arc(x + radius + shift, y, radius, 0, Math.PI * 2);
      context.fillStyle = !shift && summary.won * 2 >= pile.rows.length ? colour : p.page;
      context.fill();
      context.strokeStyle = colour;
      context.lineWidth = 1.2;
      context.stroke();
    }
    if (pitch <= 7) return;
    context.font = `400 ${Math.round(9 * p.unit)}px ${p.family}`;
    context.fillStyle = p.label;
    context.textBaseline = "middle";
    context.fillText(`${short(pile.rows.length)}\u00d7`, x + radius * 2 + 6, y);
  }

  /** Two more cards behind. @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {string} ground */
  stack(context, width, height, ground) {
    const { palette: p } = this.app;
    for (const [inset, lift] of [[6, -4], [3, -2], [0, 0]]) {
      context.beginPath();
      context.roundRect(inset + 0.5, lift + 0.5, width - 2 * inset - 1, height - 1, 6);
      context.fillStyle = inset ? p.page : ground;
      context.fill();
      context.strokeStyle = p.strong;
      context.lineWidth = 1;
      context.stroke();
    }
  }

  /** How many, in a box. @param {CanvasRenderingContext2D} context @param {Pile} pile @param {number} x @param {number} y @param {number} height @returns {number} its right end */
  badge(context, pile, x, y, height) {
    const { palette: p } = this.app;
    const words = short(pile.rows.length);
    context.font = `600 11px ${p.family}`;
    const width = Math.max(18, context.measureText(words).width + 9);
    context.beginPath();
    context.roundRect(x + 0.5, y + 0.5, width - 1, height - 1, 3.5);
    context.fillStyle = p.page;
    context.fill();
    context.strokeStyle = p.strong;
    context.lineWidth = 1;
    context.stroke();
    context.fillStyle = p.text;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(words, x + width / 2, y + height / 2 + 0.5);
    context.textAlign = "left";
    return x + width;
  }

  /** One tick for each value, about a zero mark. @param {CanvasRenderingContext2D} context @param {number[]} rows @param {number} x @param {number} y @param {number} width @param {number} height */
  ticks(context, rows, x, y, width, height) {
    const { palette: p, rule, step } = this.app;
    if (!step) return;
    context.fillStyle = p.dark ? mix(p.page, "#ffffff", 0.06) : p.track;
    context.fillRect(x, y + height / 2 - 1, width, 2);
    const values = rule.values(step);
    for (const { at, value } of tickPlaces(rows, values, width, rule.byReturn ? 0 : -rule.scale, rule.byReturn ? 1 + this.app.config.lam : rule.scale)) {
      context.fillStyle = rule.byReturn ? p.sequential[3] : value < 0 ? p.barMinus : p.barPlus;
      context.fillRect(x + at - 0.75, y, 1.5, height);
    }
    if (rule.byReturn) return;
    context.fillStyle = p.second;
    context.fillRect(x + width / 2 - 0.5, y - 1, 1, height + 2);
  }

  /** The share that succeeded, filled; what fell short, hollow. @param {CanvasRenderingContext2D} context @param {Summary} summary @param {number} x @param {number} y @param {number} width @param {number} height */
  outcomes(context, summary, x, y, width, height) {
    const { palette: p } = this.app;
    const all = summary.outcomes.reduce((sum, [, number]) => sum + number, 0);
    let left = x;
    for (const { colour, share, hollow } of outcomeParts(summary, all)) {
      const wide = share * width;
      context.fillStyle = p[colour];
      context.fillRect(left, y, Math.max(0.5, wide - 1), height);
      if (hollow && wide > 4) {
        context.fillStyle = p.page;
        context.fillRect(left + 1, y + 1, wide - 3, height - 2);
      }
      left += wide;
    }
  }

  /**
   * An open pile: the word that folds it, over its first card; a ring where it is chosen as a whole.
   * @param {CanvasRenderingContext2D} context @param {string} kind @param {number} pitch @param {number} first
   * @param {[number, number]} top @param {[number, number]} bottom @param {{width: number, height: number}} size
   * @param {boolean} whole its first card is among them
   */
  around(context, kind, pitch, first, top, bottom, size, whole) {
    const { palette: p, place, treeView } = this.app;
    const high = top[1] - size.height / 2;
    if (place.pile === first) {
      const gap = kind === "far" ? 4 : 3;
      context.beginPath();
      context.roundRect(top[0] - gap, high - gap, size.width + 2 * gap, bottom[1] - top[1] + size.height + 2 * gap, 8);
      context.lineWidth = 1.8;
      context.strokeStyle = treeView.focused ? p.focus : p.text;
      context.stroke();
    }
    if (!whole || level(pitch) !== "near" || (pitch - 46) * p.unit < 11 || high < 8) return [];
    const pile = place.piles.all.get(first);
    const words = `fold ${short(pile?.rows.length ?? 0)}`;
    context.font = `${Math.round(10 * p.unit)}px ${p.family}`;
    context.textBaseline = "alphabetic";
    context.textAlign = "right";
    context.fillStyle = p.second;
    const right = top[0] + size.width;
    context.fillText(words, right, high - 5);
    const width = context.measureText(words).width;
    context.fillRect(right - width, high - 3.5, width, 0.8);
    context.textAlign = "left";
    return [{ first, x: right - width - 3, y: high - 8, width: width + 6 }];
  }

  /** @param {Summary} summary */
  meanWords(summary) {
    if (summary.known) return this.app.rule.byReturn ? plain(summary.mean) : signed(summary.mean);
    const live = summary.outcomes.filter(([shape]) => shape === "running" || shape === "waiting").reduce((sum, [, number]) => sum + number, 0);
    return live ? `${live} at work` : "not scored";
  }

  /** @param {Summary} summary */
  ink(summary) {
    const { palette: p, rule } = this.app;
    if (!summary.known) return summary.outcomes.some(([shape]) => shape === "running" || shape === "waiting") ? p.live : p.label;
    if (rule.byReturn) return p.text;
    return summary.mean > 0.004 ? p.plus : summary.mean < -0.004 ? p.minus : p.second;
  }
}

/** @param {number} number */
export function short(number) {
  return number > 9999 ? `${Math.round(number / 1000)}k` : String(number);
}

/**
 * Where ticks stand, one for each pixel that has any.
 * @param {number[]} rows @param {ArrayLike<number>} values @param {number} width @param {number} low @param {number} high
 */
export function tickPlaces(rows, values, width, low, high) {
  /** @type {Map<number, number>} */
  const found = new Map();
  for (const row of rows) {
    if (Number.isNaN(values[row])) continue;
    const share = Math.max(0, Math.min(1, (values[row] - low) / (high - low)));
    found.set(Math.round(share * width), values[row]);
  }
  return [...found].map(([at, value]) => ({ at, value }));
}

/** @param {Summary} summary @param {number} all */
export function outcomeParts(summary, all) {
  /** @type {{colour: "good" | "bad" | "limit" | "live" | "faint", share: number, hollow: boolean}[]} */
  const parts = [];
  for (const [shape, number] of summary.outcomes) {
    const colour = shape === "succeeded" || shape === "partly" ? "good" : shape === "failed" || shape === "error" ? "bad" : shape === "limit" ? "limit" : shape === "running" || shape === "waiting" ? "live" : "faint";
    parts.push({ colour, share: number / Math.max(1, all), hollow: shape !== "succeeded" });
  }
  return parts;
}

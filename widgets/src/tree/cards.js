// One node as a card, a small card or a disc.

import { shapeOf } from "../step/status.js";
import { FULL_PITCH, level } from "./layout.js";
import { brief, count, plain, signed } from "../shared/format.js";
import { oneLine } from "../shared/text.js";
import { fitText } from "../shared/canvas.js";
import { drawMark } from "../shared/shapes.js";
import { mix, rampColour, sequentialColour } from "../shared/theme.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {"near" | "middle" | "far"} Kind */

const CHIP = 30;

export class CardPainter {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {Map<string, string>} */
    this.fitted = new Map();
  }

  /** Cards grow with the rows beyond 100 %. @param {number} pitch */
  scale(pitch) {
    return this.app.palette.unit * Math.max(1, pitch / FULL_PITCH);
  }

  /** @param {number} pitch @returns {{width: number, height: number}} px */
  size(pitch) {
    const kind = level(pitch);
    const k = this.scale(pitch);
    if (kind === "near") return { width: 134 * k, height: 46 * k };
    if (kind === "middle") return { width: 124 * k, height: Math.min(24, pitch - 3) * k };
    const radius = this.radius(pitch);
    return { width: radius * 2, height: radius * 2 };
  }

  /** @param {number} pitch */
  radius(pitch) {
    return Math.max(2, Math.min(4, pitch * 0.3));
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {Kind} kind @param {number} pitch @param {number} row
   * @param {number} x left @param {number} y middle @param {number} hidden folded nodes below @param {boolean} root
   */
  draw(context, kind, pitch, row, x, y, hidden, root) {
    if (kind === "far") this.disc(context, pitch, row, x, y, hidden, root);
    else if (kind === "middle") this.small(context, pitch, row, x, y, hidden);
    else this.card(context, pitch, row, x, y, hidden);
  }

  /** @param {number} row */
  look(row) {
    const { app } = this;
    const step = /** @type {import("../step/store.js").Step} */ (app.step);
    const credit = /** @type {import("../step/types.js").CreditColumns} */ (app.rule.credit);
    const s = step.s[row];
    const shape = shapeOf(step.status[row], s);
    const A = credit.A[row];
    return { step, credit, s, shape, A, R: credit.R[row], live: shape === "running" || shape === "waiting" };
  }

  /** @param {number} A @param {number} R @param {boolean} live @param {number} share */
  ground(A, R, live, share) {
    const p = this.app.palette;
    if (live) return mix(p.page, p.live, 0.1);
    if (!Number.isNaN(A)) return mix(p.page, rampColour(p, A), share);
    return this.app.rule.byReturn && !Number.isNaN(R) ? mix(p.page, sequentialColour(p, R / (1 + this.app.config.lam)), 0.12) : p.page;
  }

  /** @param {string} text @param {CanvasRenderingContext2D} context @param {number} width */
  fit(context, text, width) {
    const key = `${context.font}|${Math.round(width)}|${text}`;
    let found = this.fitted.get(key);
    if (found === undefined) {
      if (this.fitted.size > 20_000) this.fitted.clear();
      found = fitText(context, text, width);
      this.fitted.set(key, found);
    }
    return found;
  }

  /** @param {CanvasRenderingContext2D} context @param {number} pitch @param {number} row @param {number} x @param {number} y @param {number} hidden */
  card(context, pitch, row, x, y, hidden) {
    const { app } = this;
    const p = app.palette;
    const look = this.look(row);
    const k = this.scale(pitch);
    context.save();
    context.translate(x, y - 23 * k);
    context.scale(k, k);
    const ground = this.ground(look.A, look.R, look.live, 0.17);
    if (hidden) this.stack(context, 134, 46);
    box(context, 0, 0, 134, 46, 6, ground, p.strong);
    drawMark(context, look.shape, 7, 9, 13, p, ground);
    context.fillStyle = p.text;
    context.textBaseline = "alphabetic";
    const goal = app.goal(row, 60);
    const room = hidden ? 106 - CHIP : 106;
    context.font = `600 12px ${p.family}`;
    if (context.measureText(goal).width > room) context.font = `600 11px ${p.family}`;
    context.fillText(this.fit(context, goal, room), 23, 19.5);
    if (hidden) this.chip(context, hidden, 134 - CHIP - 3, 7);
    this.valueLine(context, row, look);
    this.gauge(context, row, look.step);
    context.restore();
  }

  /** @param {CanvasRenderingContext2D} context @param {number} row @param {ReturnType<CardPainter["look"]>} look */
  valueLine(context, row, look) {
    const { app } = this;
    const p = app.palette;
    context.font = `400 11px ${p.family}`;
    if (look.live) {
      context.fillStyle = p.live;
      context.fillText(this.fit(context, liveWords(look.step, row), 120), 9, 36);
      return;
    }
    if (look.shape === "error" && look.step.reasonText(row)) {
      context.fillStyle = p.bad;
      context.fillText(this.fit(context, `${oneLine(look.step.reasonText(row), 60)}, turn ${look.step.turns[row]}`, 120), 9, 36);
      return;
    }
    if (Number.isNaN(look.A)) {
      this.withoutAdvantage(context, row, look);
      return;
    }
    this.bar(context, 9, 30, 72, 6, row);
    const flip = app.rule.isFlipped(row);
    context.font = `600 12px ${p.family}`;
    context.fillStyle = look.A > 0.004 ? p.plus : look.A < -0.004 ? p.minus : p.second;
    context.textAlign = "right";
    const words = signed(look.A);
    context.fillText(words, 126, 37.5);
    if (flip) {
      context.fillStyle = p.text;
      context.beginPath();
      context.arc(126 - context.measureText(words).width - 5, 33.5, 1.8, 0, 7);
      context.fill();
    }
    context.textAlign = "left";
  }

  /** @param {CanvasRenderingContext2D} context @param {number} row @param {ReturnType<CardPainter["look"]>} look */
  withoutAdvantage(context, row, look) {
    const { app } = this;
    const p = app.palette;
    if (app.rule.byReturn && !Number.isNaN(look.R)) {
      context.fillStyle = p.track;
      rounded(context, 9, 30, 72, 6, 2);
      context.fillStyle = p.sequential[2];
      rounded(context, 9, 30, Math.max(1, Math.min(1, look.R / (1 + app.config.lam)) * 72), 6, 2);
      context.font = `600 12px ${p.family}`;
      context.fillStyle = p.text;
      context.textAlign = "right";
      context.fillText(`R ${plain(look.R)}`, 126, 37.5);
      context.textAlign = "left";
      return;
    }
    const words = unscoredWords(look.step, row, look.s);
    context.textAlign = "right";
    context.fillStyle = p.label;
    context.fillText(words, 126, 36.5);
    const width = context.measureText(words).width;
    context.textAlign = "left";
    context.strokeStyle = p.faint;
    context.lineWidth = 1.2;
    context.setLineDash([1.5, 2.5]);
    context.beginPath();
    context.moveTo(9, 33);
    context.lineTo(118 - width, 33);
    context.stroke();
    context.setLineDash([]);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} width @param {number} height @param {number} row */
  bar(context, x, y, width, height, row) {
    const { app } = this;
    const p = app.palette;
    const A = app.rule.credit?.A[row] ?? NaN;
    const half = width / 2;
    const length = (/** @type {number} */ value) => Math.min(1, Math.abs(value) / app.rule.scale) * half;
    context.fillStyle = p.dark ? mix(p.page, "#ffffff", 0.06) : p.track;
    rounded(context, x, y, width, height, 2);
    context.fillStyle = A < 0 ? p.barMinus : p.barPlus;
    const size = length(A);
    rounded(context, A < 0 ? x + half - size : x + half, y, size, height, Math.min(2, size / 2));
    const was = app.rule.recorded?.A[row] ?? NaN;
    if (app.rule.other && !Number.isNaN(was)) {
      const old = length(was);
      context.strokeStyle = p.second;
      context.lineWidth = 1;
      context.setLineDash([2.2, 1.8]);
      context.strokeRect((was < 0 ? x + half - old : x + half) + 0.5, y - 1, Math.max(1, old - 1), height + 2);
      context.setLineDash([]);
    }
    context.strokeStyle = p.second;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x + half, y - 2);
    context.lineTo(x + half, y + height + 2);
    context.stroke();
  }

  /** How full the context window got. @param {CanvasRenderingContext2D} context @param {number} row @param {import("../step/store.js").Step} step */
  gauge(context, row, step) {
    const p = this.app.palette;
    if (!(step.window[row] > 0)) return;
    const used = Math.min(1, step.peak[row] / step.window[row]);
    context.fillStyle = p.dark ? mix(p.page, "#ffffff", 0.1) : p.rule;
    rounded(context, 6, 42, 122, 2, 1);
    context.fillStyle = used > 0.85 ? p.limit : p.gauge;
    rounded(context, 6, 42, Math.max(1, 122 * used), 2, 1);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} pitch @param {number} row @param {number} x @param {number} y @param {number} hidden */
  small(context, pitch, row, x, y, hidden) {
    const { app } = this;
    const p = app.palette;
    const look = this.look(row);
    const k = this.scale(pitch);
    const height = Math.min(24, pitch - 3);
    context.save();
    context.translate(x, y - (height / 2) * k);
    context.scale(k, k);
    const ground = this.ground(look.A, look.R, look.live, 0.18);
    if (hidden) this.stack(context, 124, height);
    box(context, 0, 0, 124, height, 5, ground, p.strong);
    const middle = height / 2;
    drawMark(context, look.shape, 7, middle - 5, 10, p, ground);
    context.textBaseline = "alphabetic";
    context.font = `600 11px ${p.family}`;
    const known = !Number.isNaN(look.A);
    const value = known ? signed(look.A) : app.rule.byReturn && !Number.isNaN(look.R) ? plain(look.R) : look.live ? `turn ${Math.max(1, look.step.turns[row])}` : "\u2013";
    context.fillStyle = known ? (look.A > 0.004 ? p.plus : look.A < -0.004 ? p.minus : p.second) : look.live ? p.live : p.label;
    context.textAlign = "right";
    context.fillText(value, 118, middle + 4);
    const width = context.measureText(value).width;
    context.textAlign = "left";
    let right = 118 - width;
    if (app.rule.isFlipped(row)) {
      context.fillStyle = p.text;
      context.beginPath();
      context.arc(right - 4, middle, 1.6, 0, 7);
      context.fill();
      right -= 7;
    }
    if (hidden) {
      this.chip(context, hidden, right - CHIP - 1, middle - 7);
      right -= CHIP;
    }
    context.fillStyle = p.text;
    context.font = `400 11px ${p.family}`;
    context.fillText(this.fit(context, app.goal(row, 40), right - 27), 22, middle + 4);
    context.restore();
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height a second card behind */
  stack(context, width, height) {
    const p = this.app.palette;
    box(context, 4, -4, width - 8, height, 6, p.page, p.strong);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} hidden @param {number} x @param {number} y */
  chip(context, hidden, x, y) {
    const p = this.app.palette;
    context.font = `400 10px ${p.family}`;
    context.fillStyle = p.label;
    context.textAlign = "right";
    context.fillText(`+${hidden > 9999 ? `${Math.round(hidden / 1000)}k` : hidden}`, x + CHIP, y + 11);
    context.textAlign = "left";
  }

  /** @param {number} pitch @param {number} _row @param {number} x px from the card's left */
  onChip(pitch, _row, x) {
    const { width } = this.size(pitch);
    return level(pitch) === "far" || x > width - (CHIP + 8) * this.scale(pitch);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} pitch @param {number} row @param {number} x @param {number} y @param {number} hidden @param {boolean} root */
  disc(context, pitch, row, x, y, hidden, root) {
    const { app } = this;
    const p = app.palette;
    const step = /** @type {import("../step/store.js").Step} */ (app.step);
    const A = app.rule.credit?.A[row] ?? NaN;
    const small = this.radius(pitch);
    const radius = root ? 6 : small;
    const colour = Number.isNaN(A) ? (step.status[row] < 2 ? p.live : app.rule.byReturn && app.rule.credit ? sequentialColour(p, 0.35 + (0.5 * app.rule.credit.R[row]) / (1 + app.config.lam)) : p.gauge) : farColour(p, A);
    context.beginPath();
    context.arc(x + small, y, radius, 0, Math.PI * 2);
    if (step.s[row] >= 0.5) {
      context.fillStyle = colour;
      context.fill();
    } else {
      context.fillStyle = p.page;
      context.fill();
      context.strokeStyle = colour;
      context.lineWidth = Math.max(1.2, Math.min(1.8, radius * 0.5));
      if (Number.isNaN(step.s[row])) context.setLineDash([1.5, 1.5]);
      context.stroke();
      context.setLineDash([]);
    }
    if (hidden && pitch > 7) {
      context.font = `400 ${Math.round(9 * p.unit)}px ${p.family}`;
      context.fillStyle = p.label;
      context.textBaseline = "middle";
      context.fillText(`+${hidden}`, x + small * 2 + 3, y);
    }
  }

  /**
   * The chosen card's ring, and the keyboard's around it.
   * @param {CanvasRenderingContext2D} context @param {Kind} kind @param {number} pitch @param {number} x @param {number} y @param {boolean} focus @param {boolean} root
   */
  ring(context, kind, pitch, x, y, focus, root) {
    const p = this.app.palette;
    const { width, height } = this.size(pitch);
    if (kind === "far") {
      const radius = (root ? 6 : this.radius(pitch)) + 3.5;
      context.strokeStyle = focus ? p.focus : p.text;
      context.lineWidth = 1.8;
      context.beginPath();
      context.arc(x + this.radius(pitch), y, radius, 0, Math.PI * 2);
      context.stroke();
      return;
    }
    const outline = (/** @type {number} */ gap, /** @type {number} */ line, /** @type {string} */ colour) => {
      context.strokeStyle = colour;
      context.lineWidth = line;
      context.beginPath();
      context.roundRect(x - gap, y - height / 2 - gap, width + 2 * gap, height + 2 * gap, 6 + gap);
      context.stroke();
    };
    outline(1.2, 2, p.page);
    outline(2.9, 1.8, p.text);
    if (focus) outline(5.2, 2, p.focus);
  }
}

/** Discs need more weight than cards: the pale middle of the ramp vanishes at 2 px. @param {import("../shared/theme.js").Palette} p @param {number} A */
function farColour(p, A) {
  if (Math.abs(A) < 1e-9) return p.gauge;
  return mix(rampColour(p, A), A < 0 ? p.barMinus : p.barPlus, 0.45);
}

/** @param {import("../step/store.js").Step} step @param {number} row */
function liveWords(step, row) {
  const children = step.children(row);
  if (step.status[row] === 1 && children.length) {
    const back = children.filter((child) => step.status[child] >= 2).length;
    return `${back} of ${children.length} back`;
  }
  const turn = `turn ${Math.max(1, step.turns[row])}`;
  return step.wrote[row] ? `${turn}, ${count(step.wrote[row])} tokens` : turn;
}

/** @param {import("../step/store.js").Step} step @param {number} row @param {number} s */
function unscoredWords(step, row, s) {
  if (step.status[row] === 8) return "cancelled";
  if (Number.isNaN(s)) return "not scored";
  return step.scored ? "not trained" : `s ${brief(s, 2)}`;
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} width @param {number} height @param {number} radius @param {string} ground @param {string} line */
function box(context, x, y, width, height, radius, ground, line) {
  context.beginPath();
  context.roundRect(x + 0.5, y + 0.5, width - 1, height - 1, radius);
  context.fillStyle = ground;
  context.fill();
  context.strokeStyle = line;
  context.lineWidth = 1;
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} width @param {number} height @param {number} radius */
function rounded(context, x, y, width, height, radius) {
  context.beginPath();
  context.roundRect(x, y, Math.max(0, width), height, radius);
  context.fill();
}

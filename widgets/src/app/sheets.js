// The style sheets of all rooms as one, in this order.

import controls from "../shared/controls.css";
import app from "./app.css";
import outline from "../outline/outline.css";
import tree from "../tree/tree.css";
import inspector from "../inspector/inspector.css";
import siblings from "../siblings/siblings.css";
import credit from "../credit/credit.css";
import badges from "../badges/badges.css";
import board from "../board/board.css";
import evolution from "../evolution/evolution.css";
import group from "../group/group.css";
import help from "../help/help.css";
import forks from "../forks/forks.css";
import timeline from "../timeline/timeline.css";
import tokens from "../tokens/tokens.css";

const views = [outline, tree, inspector, siblings, credit, group, timeline, evolution, badges, board];
export const css = [controls, app, ...views, tokens, help, forks].join("\n");

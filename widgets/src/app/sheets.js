// The style sheets of all rooms as one, in this order.

import controls from "../shared/controls.css";
import app from "./app.css";
import outline from "../outline/outline.css";
import tree from "../tree/tree.css";
import inspector from "../inspector/inspector.css";
import siblings from "../siblings/siblings.css";
import credit from "../credit/credit.css";
import board from "../board/board.css";
import help from "../help/help.css";
import forks from "../forks/forks.css";

export const css = [controls, app, outline, tree, inspector, siblings, credit, board, help, forks].join("\n");

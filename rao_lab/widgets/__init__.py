"""Widgets: the Explorer of trees and the board of a session. Each shows records and changes none."""

from rao_lab.widgets.explorer import Board, Explorer, save_run

__all__ = ["Board", "Explorer", "save_run"]

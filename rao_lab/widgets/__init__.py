"""Widgets: the Explorer, which shows records and changes none."""

from rao_lab.widgets.explorer import Explorer, save_run

__all__ = ["Explorer", "save_run"]

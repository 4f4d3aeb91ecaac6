"""What the front end gets from a widget: its columns, and its answers to a question."""

from __future__ import annotations

from typing import Any

import numpy as np

from rao_lab.views.explorer.widget import Explorer


def column(head: dict[str, Any], buffers: list[bytes], name: str) -> np.ndarray:
    kinds = {"i32": "<i4", "u8": "u1", "f64": "<f8"}
    place = [each["name"] for each in head["columns"]].index(name)
    return np.frombuffer(buffers[place], kinds[head["columns"][place]["type"]])


class Wire:
    """Catches what a widget sends."""

    def __init__(self, explorer: Explorer) -> None:
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        explorer.send = lambda content, buffers=None: self.sent.append((content, buffers or []))  # type: ignore[method-assign]
        self.explorer = explorer

    def ask(self, **message: Any) -> tuple[dict[str, Any], list[bytes]]:
        self.sent.clear()
        self.explorer._take(self.explorer, message, [])
        return self.sent[-1]

"""What runs in the kernel of a notebook while its page is made: every Explorer that is shown is kept as a page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from IPython import get_ipython

PROGRAM = "explorer.js"
"""The program of all kept pages, beside them."""
MAX_MB = 2.0
"""Of one Explorer: texts are left out before it is larger, and the page says so."""


class Watch:
    """Keeps the Explorers that a notebook shows.

    Args:
        folder: gets one page for each, named by its key, or a text that says why there is none; and its still form.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shown: dict[str, Any] = {}

    def note(self, explorer: Any) -> Any:
        """An Explorer is shown. Each has a class of its own, so that all are known by their common one."""
        from rao_lab.views import Explorer

        get_ipython().display_formatter.mimebundle_formatter.for_type(Explorer, self.note)
        self._shown[explorer.key] = explorer
        data, about = explorer._repr_mimebundle_()
        return data, {**about, "rao_lab": {**about["rao_lab"], "height": explorer.height}}

    def keep(self, _result: object = None) -> None:
        """After a cell: what is still live is kept again after the next one."""
        from rao_lab.errors import RaoLabError

        for key, explorer in list(self._shown.items()):
            if not explorer.live:
                del self._shown[key]
            try:
                explorer.save_html(self._folder / f"{key}.html", max_mb=MAX_MB, program=PROGRAM)
            except RaoLabError as error:
                (self._folder / f"{key}.txt").write_text(str(error), "utf-8")
            still = explorer._repr_mimebundle_()[0].get("text/html", "")
            (self._folder / f"{key}.still").write_text(still, "utf-8")


def plain_figure(widget: Any) -> Any:
    """A figure widget of plotly, as the figure that needs no kernel."""
    import plotly.graph_objects as go

    return go.Figure(widget)._repr_mimebundle_()


def watch(folder: str) -> None:
    """Begins to keep."""
    shell = get_ipython()
    kept = Watch(Path(folder))
    _on_display(shell, "rao_lab.views.explorer.widget", "Explorer", kept.note)
    _on_display(shell, "plotly.graph_objs._figurewidget", "FigureWidget", plain_figure)
    shell.events.register("post_run_cell", kept.keep)


def _on_display(shell: Any, module: str, name: str, shown: Callable[[Any], Any]) -> None:
    """What a class is shown as. Each widget has a class of its own of that name, so it is asked for anew each time."""
    bundles = shell.display_formatter.mimebundle_formatter

    def show(thing: Any) -> Any:
        bundles.for_type_by_name(module, name, show)
        return shown(thing)

    bundles.for_type_by_name(module, name, show)

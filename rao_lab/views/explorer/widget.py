"""The Explorer: trees, their messages and their credit, in a notebook cell.

Its other half is `widgets/src/explorer.js`; the synced traits below are that side's `TRAITS`, in the same
order. Numbers travel as binary columns, texts on demand, live changes as numbered deltas. What is chosen
lives in the browser, so that the view stays usable while the kernel is busy.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from rao_lab.credit import CreditConfig
from rao_lab.errors import ConfigError, MissingError, RaoLabError
from rao_lab.store import Run, spare_run_file
from rao_lab.views.explorer.curves import Curves
from rao_lab.views.explorer.feed import LiveFeed
from rao_lab.views.explorer.node_text import clean, node_text
from rao_lab.views.explorer.page import BUNDLE, page_html
from rao_lab.views.explorer.source import Records, RunSteps, Source, Steps, as_groups, decoder_from
from rao_lab.views.explorer.still import still_html, text_twin
from rao_lab.views.explorer.table import StepTable
from rao_lab.views.explorer.watch import RunWatch, SessionSteps, SessionWatch

KEPT_TABLES = 3
"""Steps whose tables are kept: the newest asked for."""
VIEWS = ("tree", "board")
HEIGHTS = {"tree": 520, "board": 620}
"""px where the caller says nothing."""


class Explorer(anywidget.AnyWidget):
    """Shows a tree, trees, a group, groups, a run (`rl.open_run`) or a session (`rl.start`).

        rl.Explorer(tree)
        rl.Explorer(rl.open_run("runs/a.rao", follow=True))
        rl.Explorer(run).save_html("a.html")

    Args:
        shown: what to show.
        config: the rule that credits trees at hand; a run brings its own.
        tokenizer: a policy or its tokenizer, to decode recorded token ids; a session brings its own.
        step: the step shown first; by default the newest.
        title: what the place begins with.
        height: in px, at least 360; by default 520, or 620 on the board.
        view: what is in front: "tree", or "board" for a session or a run.

    Raises:
        ConfigError: an unknown keyword, or settings that mean nothing.
        InputError: nothing that can be shown.
    """

    _esm = BUNDLE

    # Stand while the constructor may still refuse: `close` is called on whatever was made.
    _feed: LiveFeed | None = None

    title = traitlets.Unicode("").tag(sync=True)
    steps = traitlets.List([]).tag(sync=True)
    newest = traitlets.Int(None, allow_none=True).tag(sync=True)
    live = traitlets.Bool(False).tag(sync=True)
    session = traitlets.Dict({}).tag(sync=True)
    curves = traitlets.Dict({}).tag(sync=True)
    height = traitlets.Int(520).tag(sync=True)
    saved = traitlets.Unicode("").tag(sync=True)
    first_view = traitlets.Unicode("tree").tag(sync=True)

    def __init__(
        self,
        shown: Any,
        *,
        config: CreditConfig | None = None,
        tokenizer: Any = None,
        step: int | None = None,
        title: str | None = None,
        height: int | None = None,
        view: str = "tree",
        **unknown: Any,
    ) -> None:
        if unknown:
            known = "config, tokenizer, step, title, height, view"
            raise ConfigError(f"Explorer has no keyword {next(iter(unknown))!r}: it takes {known}")
        if view not in VIEWS:
            raise ConfigError(f"view={view!r} is unknown: choose one of {', '.join(VIEWS)}")
        height = HEIGHTS[view] if height is None else height
        if not isinstance(height, int) or height < 360:
            raise ConfigError(f"height={height!r} is too low: give at least 360 (px)")
        self._lock = threading.RLock()
        self._tables: OrderedDict[int, StepTable] = OrderedDict()
        self._source = self._source_of(shown, config, title)
        decode = decoder_from(tokenizer)
        if decode is not None:
            self._source.decode = decode
        if view == "board" and not isinstance(self._source, RunSteps | SessionSteps):
            raise ConfigError("view='board' needs a session or a run: single trees have no curves")
        super().__init__(title=clean(self._source.title), height=height, first_view=view)
        self._first = step
        watch = self._watch()
        self._show_still(watch)
        if step is not None and step not in {each for each, _ in self.steps}:
            raise MissingError(f"no step {step} here: there are {[each for each, _ in self.steps]}")
        self.on_msg(self._take)
        if watch is not None and self.session["live"]:
            self._feed = LiveFeed(watch, self, self._source.decode)
            self._feed.start()

    def _source_of(self, shown: Any, config: CreditConfig | None, title: str | None) -> Source:
        source: Source
        if isinstance(shown, Run):
            source = RunSteps(shown)
        elif hasattr(shown, "listen") and hasattr(shown, "control"):
            source = SessionSteps(shown, decoder_from(getattr(shown, "tokenizer", None)))
        elif hasattr(shown, "attributions") and hasattr(shown, "probes"):
            source = Steps([shown])
        elif isinstance(shown, list | tuple) and shown and all(hasattr(item, "probes") for item in shown):
            source = Steps(shown)
        else:
            source = Records(as_groups(shown), config)
        if title is not None:
            source.title = title
        return source

    def _watch(self) -> RunWatch | SessionWatch | None:
        """What tells how this goes on, where something may."""
        if isinstance(self._source, SessionSteps):
            return SessionWatch(self._source.session)
        return RunWatch(self._source.run) if isinstance(self._source, RunSteps) else None

    def show(self, **traits: Any) -> None:
        """Sets synced traits, together; a live feed calls it from its one thread."""
        with self.hold_sync():
            for name, value in traits.items():
                setattr(self, name, value)

    def _show_still(self, watch: RunWatch | SessionWatch | None) -> None:
        """The small synced traits as they are now."""
        marks = self._source.marks()
        traits: dict[str, Any] = {"steps": [list(mark) for mark in marks]}
        traits["newest"] = marks[-1][0] if marks else None
        if watch is not None:
            traits |= {"session": watch.status(), "curves": Curves.of(watch.metrics()).to_json()}
        self.show(**traits)

    # Messages of the front end. They may come on any thread of the kernel.

    def _take(self, _: Any, message: Mapping[str, Any], buffers: list[memoryview]) -> None:
        kind = message.get("type")
        if kind == "hello" and message.get("step") is None and self._first is not None:
            message = {**message, "step": self._first}
        if self._feed is not None:
            self._feed.take(message)
            return
        with self._lock:
            try:
                if kind in ("hello", "open", "resync"):
                    self._send_step(message.get("step"))
                elif kind == "texts":
                    self._send_texts(message)
            except RaoLabError as error:
                self.send({"type": "sorry", "text": str(error)})

    def _send_step(self, step: Any) -> None:
        chosen = step if isinstance(step, int) else self.newest
        if chosen is None:
            self.send(_empty_head(), [])
            return
        head, buffers = self.table(chosen).snapshot()
        self.send(head, buffers)

    def table(self, step: int) -> StepTable:
        """The table of a step, kept for the next question.

        Raises:
            MissingError: there is no such step.
        """
        found = self._tables.get(step)
        if found is None:
            found = self._source.table(step)
            self._tables[step] = found
            while len(self._tables) > KEPT_TABLES:
                self._tables.popitem(last=False)
        self._tables.move_to_end(step)
        return found

    def _send_texts(self, message: Mapping[str, Any]) -> None:
        step, tree, path = message.get("step"), message.get("tree"), message.get("path")
        if not isinstance(step, int) or not isinstance(tree, int) or not isinstance(path, str):
            return
        found = self._node(step, tree, path)
        text = None if found is None else node_text(found, self._source.decode)
        self.send(
            {"type": "texts", "key": message.get("key"), "revision": message.get("revision"), "node": text}
        )

    def _node(self, step: int, tree: int, path: str) -> Any:
        table = self.table(step)
        return table.slots[tree].nodes.node(path) if (tree, path) in table.row_of else None

    # Forms that need no kernel.

    def save_html(self, path: str | Path, *, steps: list[int] | None = None, max_mb: float = 20.0) -> str:
        """Saves one self-contained page; returns what it leaves out, in words (empty: nothing).

        The page opens on the view that the explorer was made with: a board on the board.

        Args:
            steps: which steps; by default the newest, with the probes in it.
            max_mb: the largest size; texts are left out before it is exceeded.

        Raises:
            ConfigError: the chosen columns alone are larger.
            MissingError: no such step.
            RunFileError: a run file lies there, or the name says so.
        """
        spare_run_file(Path(path))
        marks = self._source.marks()
        # A step under way has little to show: the newest with a result is kept, where there is one.
        whole = [step for step, success in marks if success is not None] or [step for step, _ in marks]
        chosen = sorted(steps) if steps is not None else whole[-1:]
        tables = [self._source.table(step) for step in chosen]
        known = dict(marks)
        traits = {
            "title": self.title,
            "steps": [[step, known.get(step)] for step in chosen],
            "newest": chosen[-1] if chosen else None,
            "curves": self.curves,
            "session": self.session,
            "first_view": self.first_view,
        }
        text = text_twin(self, width=120)
        page, left_out = page_html(
            tables,
            traits,
            title=self.title or "RAO Lab",
            text=text,
            decode=self._source.decode,
            max_mb=max_mb,
        )
        if len(chosen) < len(marks):
            left_out = "; ".join(
                part for part in (f"{len(marks) - len(chosen)} of {len(marks)} steps", left_out) if part
            )
        Path(path).write_text(page, "utf-8")
        return left_out

    def close(self) -> None:
        """Stops listening and closes the widget."""
        if self._feed is not None:
            self._feed.close()
        super().close()

    def __repr__(self) -> str:
        return text_twin(self)

    def __str__(self) -> str:
        return text_twin(self)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        found = super()._repr_mimebundle_(**options)
        if found is None:
            return None
        data, about = found if isinstance(found, tuple) else (found, {})
        return {**data, "text/plain": text_twin(self), "text/html": still_html(self)}, about


def save_run(run: Run, path: str | Path, *, steps: list[int] | None = None, max_mb: float = 20.0) -> str:
    """Saves a run as one page; returns what is left out, in words.

    Raises:
        ConfigError, MissingError, RunFileError: see `Explorer.save_html`.
    """
    return Explorer(run).save_html(path, steps=steps, max_mb=max_mb)


def _empty_head() -> dict[str, Any]:
    return StepTable().snapshot()[0] | {"step": -1, "columns": []}

"""The Explorer: trees, their messages and their credit, in a notebook cell.

Its other half is `widgets/src/explorer.js`; the synced traits below are that side's `TRAITS`, in the same
order. Numbers travel as binary columns, texts on demand, live changes as numbered deltas. What is chosen
lives in the browser, so that the view stays usable while the kernel is busy.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from rao_lab.credit import CreditConfig
from rao_lab.errors import ConfigError, MissingError, RaoLabError
from rao_lab.store import Run
from rao_lab.widgets.board import board_state, curves_of
from rao_lab.widgets.feed import Feed
from rao_lab.widgets.follow import follow_run
from rao_lab.widgets.page import BUNDLE, page_html
from rao_lab.widgets.sources import Records, RunSteps, Source, Steps, as_groups, decoder_from
from rao_lab.widgets.still import still_html, text_twin
from rao_lab.widgets.texts import node_text
from rao_lab.widgets.wire import StepTable

KEPT_TABLES = 3
"""Steps whose tables are kept: the newest asked for."""
ACTIONS = ("pause", "resume", "step", "stop")


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
        height: in px, at least 360.
        view: what is in front: "tree", or "board" for a session.

    Raises:
        ConfigError: an unknown keyword, or settings that mean nothing.
        InputError: nothing that can be shown.
    """

    _esm = BUNDLE

    # Stand while the constructor may still refuse: `close` is called on whatever was made.
    _ending: tuple[Callable[[], None], ...] = ()
    _feed: Feed | None = None
    _session: Any = None

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
        height: int = 520,
        view: str = "tree",
        **unknown: Any,
    ) -> None:
        if unknown:
            known = "config, tokenizer, step, title, height, view"
            raise ConfigError(f"Explorer has no keyword {next(iter(unknown))!r}: it takes {known}")
        if not isinstance(height, int) or height < 360:
            raise ConfigError(f"height={height!r} is too low: give at least 360 (px)")
        if view not in ("tree", "board"):
            raise ConfigError(f"view={view!r} is unknown: choose tree or board")
        self._lock = threading.RLock()
        self._tables: OrderedDict[int, StepTable] = OrderedDict()
        self._open: set[int] = set()
        self._source = self._source_of(shown, config, title)
        decode = decoder_from(tokenizer)
        if decode is not None:
            self._source.decode = decode
        if view == "board" and self._session is None:
            raise ConfigError(f"view='board' watches a session (rl.start), not {type(shown).__name__}")
        super().__init__(title=self._source.title, height=height, first_view=view)
        self._first = step
        self.refresh()
        if step is not None and step not in {each for each, _ in self.steps}:
            raise MissingError(f"no step {step} here: there are {[each for each, _ in self.steps]}")
        self.on_msg(self._take)
        self._attach(shown)

    def _source_of(self, shown: Any, config: CreditConfig | None, title: str | None) -> Source:
        source: Source
        if isinstance(shown, Run):
            source = RunSteps(shown)
        elif hasattr(shown, "listen") and hasattr(shown, "control"):
            self._session = shown
            source = Steps(shown.steps, title=shown.name)
            source.decode = decoder_from(getattr(shown, "tokenizer", None))
        elif hasattr(shown, "attributions") and hasattr(shown, "probes"):
            source = Steps([shown])
        elif isinstance(shown, list | tuple) and shown and all(hasattr(item, "probes") for item in shown):
            source = Steps(shown)
        else:
            source = Records(as_groups(shown), config)
        if title is not None:
            source.title = title
        return source

    def _attach(self, shown: Any) -> None:
        """Listens to what is still going on."""
        if self._session is not None:
            known = [step for step, _ in self._source.marks()]
            self._feed = Feed(self, after=max(known, default=-1))
            self._ending = (self._session.listen(_listener(self._feed, self._source), replay=True),)
        elif isinstance(shown, Run) and shown.follow and shown.being_written:
            self._feed = Feed(self)
            self._ending = (follow_run(shown, self._feed),)
        if self._feed is not None:
            self.refresh()

    # What the feed and the session ask.

    def watched(self, step: int) -> bool:
        """Whether a front end shows this step."""
        return step in self._open

    def keep(self, table: StepTable) -> None:
        """A step that was watched while it was sampled: its rows stay as the front end knows them."""
        with self._lock:
            self._tables[table.step] = table

    def show_again(self, step: int, seq: int) -> None:
        """Sends a step whole to those who watch it, now that its credit is known."""
        if self.watched(step):
            head, buffers = self.table(step).snapshot(seq)
            self.send(head, buffers)

    def refresh(self) -> None:
        """Brings the small synced traits up to date."""
        marks = self._source.marks()
        live = self._feed.live if self._feed is not None else None
        going = self._feed is not None and not self._feed.ended and self._going()
        numbers = {step for step, _ in marks}
        if live is not None and live.table.step not in numbers and live.table.rows:
            marks = sorted([*marks, (live.table.step, None)])
        with self.hold_sync():
            self.steps = [list(mark) for mark in marks]
            self.newest = marks[-1][0] if marks else None
            self.live = going
            if self._session is not None:
                self.session = board_state(self._session)
                self.curves = curves_of(self._source.metrics())

    def _going(self) -> bool:
        if self._session is not None:
            return self._session.state in ("training", "paused", "stopping")
        run = getattr(self._source, "run", None)
        return bool(run is not None and run.being_written)

    # Messages of the front end. They may come on any thread of the kernel.

    def _take(self, _: Any, message: Mapping[str, Any], buffers: list[memoryview]) -> None:
        kind = message.get("type")
        with self._lock:
            try:
                if kind in ("hello", "open", "resync"):
                    self._send_step(message.get("step"))
                elif kind == "texts":
                    self._send_texts(message)
                elif kind == "act":
                    self._act(str(message.get("action")))
            except RaoLabError as error:
                self.send({"type": "sorry", "text": str(error)})

    def _send_step(self, step: Any) -> None:
        chosen = step if isinstance(step, int) else self._first_step()
        if chosen is None:
            self.send(_empty_head(), [])
            return
        self._open = {chosen}
        if self._feed is not None:
            with self._feed.lock:
                live = self._feed.live
                if live is not None and live.table.step == chosen:
                    live.take_delta()
                    self.send(*live.snapshot())
                    return
        head, buffers = self.table(chosen).snapshot()
        self.send(head, buffers)

    def _first_step(self) -> int | None:
        if self._first is not None:
            return self._first
        return self.newest

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
        if self._feed is not None:
            with self._feed.lock:
                live = self._feed.live
                if live is not None and live.table.step == step:
                    known = (tree, path) in live.table.row_of
                    return live.table.slots[tree].nodes.node(path) if known else None
        table = self.table(step)
        return table.slots[tree].nodes.node(path) if (tree, path) in table.row_of else None

    def _act(self, action: str) -> None:
        if self._session is None or action not in ACTIONS:
            return
        if action == "stop":
            self._session.stop(timeout=0)
        else:
            getattr(self._session, action)()
        self.refresh()

    # Forms that need no kernel.

    def save_html(self, path: str | Path, *, steps: list[int] | None = None, max_mb: float = 20.0) -> str:
        """Saves one self-contained page; returns what it leaves out, in words (empty: nothing).

        Args:
            steps: which steps; by default the newest, with the probes in it.
            max_mb: the largest size; texts are left out before it is exceeded.

        Raises:
            ConfigError: the chosen columns alone are larger.
            MissingError: no such step.
        """
        marks = self._source.marks()
        chosen = sorted(steps) if steps is not None else [step for step, _ in marks[-1:]]
        tables = [self._source.table(step) for step in chosen]
        known = dict(marks)
        traits = {
            "title": self.title,
            "steps": [[step, known.get(step)] for step in chosen],
            "newest": chosen[-1] if chosen else None,
            "curves": {},
            "first_view": "tree",
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
        for end in self._ending:
            end()
        self._ending = ()
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
        ConfigError, MissingError: see `Explorer.save_html`.
    """
    return Explorer(run).save_html(path, steps=steps, max_mb=max_mb)


def _listener(feed: Feed, source: Any) -> Callable[[str, Any], None]:
    """Hears a session without keeping the widget alive."""

    def hear(kind: str, value: Any) -> None:
        if kind == "event":
            feed.event(*value)
            return
        if kind == "step":
            source.add(value)
            feed.finished(value.step, value.attributions)
        feed.changed()

    return hear


def _empty_head() -> dict[str, Any]:
    return StepTable().snapshot()[0] | {"step": -1, "columns": []}

"""The Explorer: trees, their messages and their credit, in a notebook cell.

Its other half is `widgets/src/explorer.js`; the synced traits below are that side's `TRAITS`, in the same
order. Numbers travel as binary columns, texts on demand, live changes as numbered deltas. What is chosen
lives in the browser, so that the view stays usable while the kernel is busy.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4
from weakref import WeakSet

import anywidget
import traitlets

from rao_lab.base.safe_text import quoted
from rao_lab.credit import CreditConfig, RuleFunction
from rao_lab.errors import ConfigError
from rao_lab.store import Run
from rao_lab.views.explorer.address import look_at
from rao_lab.views.explorer.cell import CellRun, running_cell
from rao_lab.views.explorer.curves import Curves
from rao_lab.views.explorer.decoder import Decoder, HasTokenizer, Tokenizer, decoder_from
from rao_lab.views.explorer.feed import Feed
from rao_lab.views.explorer.forking import Forking, MakeForks
from rao_lab.views.explorer.from_run import RunSource
from rao_lab.views.explorer.look import Look
from rao_lab.views.explorer.node_text import clean
from rao_lab.views.explorer.own_rules import offered_rules
from rao_lab.views.explorer.page import BUNDLE, save_page, spare_other_file
from rao_lab.views.explorer.shown import Shown, source_of
from rao_lab.views.explorer.still import told
from rao_lab.views.explorer.table import StepTable

HEIGHTS = {"board": 620, "group": 640, "credit": 760, "evolution": 760}
"""px, if the caller says nothing; other views are 520 high."""


class Explorer(anywidget.AnyWidget):
    """Shows a tree, trees, a group, groups, a run (`rl.open_run`) or a session (`rl.start`).

        >>> explorer = rl.Explorer(rl.open_run("runs/a.rao"))
        >>> explorer.newest
        1
        >>> explorer.close()

    A widget is kept by the kernel until `close()`. An Explorer made in a cell of a notebook closes those that
    earlier runs of the same cell made: their display is gone.

    Args:
        shown: what to show. Of a list of runs, the curves of all are drawn over each other on the board (they grow
            while the first does), and the trees are those of the first.
        config: the rule that credits trees at hand; a run brings its own.
        tokenizer: a policy or its tokenizer, to decode recorded token ids; a session brings its own.
        step: the step shown first; by default the newest.
        tree: the tree shown first: its place in the step, from 0, or GROUP.TREE as `rao-lab credit` prints them.
        node: the node chosen first, by its path.
        at: an address that was copied from a view, such as "12:4.0/0.1#credit", in place of step, tree, node and view.
        title: what the place begins with.
        height: in px, at least 360; by default 520, or more for views that need it.
        view: what is in front: "tree", "credit", "tokens", "icicle", "group", "timeline", "badges", or, for a session
            or a run, "evolution" or "board". By default the tree, of several runs the board.
        fork: makes the forks that are asked for in the view: `rl.fork`, or one that knows more, such as
            `functools.partial(rl.fork, policy=policy, environment=env, store="runs/a.rao")`. A session brings
            `rl.fork`, for when training has ended.
        rules: functions of your own by name, as `estimator` of `rl.CreditConfig` takes them: the what-if bar offers
            them, and the kernel calls them. A saved page carries what they say of the recorded rollouts.

    Raises:
        ConfigError: an unknown keyword, or settings that mean nothing.
        InputError: nothing that can be shown.
    """

    _esm = BUNDLE.read_text("utf-8")  # the text: of a path anywidget keeps a watcher, and that every widget

    _of_cells: ClassVar[WeakSet[Explorer]] = WeakSet()
    """Open Explorers that were made in a cell."""

    # Stand while the constructor may still refuse: `close` is called on whatever was made.
    _feed: Feed | None = None
    _forking: Forking | None = None
    _cell: CellRun | None = None

    key = traitlets.Unicode("").tag(sync=True)
    title = traitlets.Unicode("").tag(sync=True)
    steps = traitlets.List([]).tag(sync=True)
    newest = traitlets.Int(None, allow_none=True).tag(sync=True)
    live = traitlets.Bool(False).tag(sync=True)
    session = traitlets.Dict({}).tag(sync=True)
    curves = traitlets.Dict({}).tag(sync=True)
    height = traitlets.Int(520).tag(sync=True)
    saved = traitlets.Unicode("").tag(sync=True)
    look = traitlets.Dict({}).tag(sync=True)
    still = traitlets.Dict({}).tag(sync=True)
    forks = traitlets.Bool(False).tag(sync=True)
    rules = traitlets.List([]).tag(sync=True)

    def __init__(
        self,
        shown: Shown,
        *,
        config: CreditConfig | None = None,
        tokenizer: HasTokenizer | Tokenizer | Decoder | None = None,
        step: int | None = None,
        title: str | None = None,
        height: int | None = None,
        view: str | None = None,
        fork: MakeForks | None = None,
        tree: str | int | None = None,
        node: str | None = None,
        at: str | None = None,
        rules: Mapping[str, RuleFunction] | None = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            known = "config, tokenizer, step, tree, node, at, title, height, view, fork, rules"
            raise ConfigError(f"Explorer has no keyword {next(iter(unknown))!r}: it takes {known}")
        self._source = source_of(shown, config)
        self._source.rules = offered_rules(rules)
        look = look_at(self._source, step, tree, node, view, at)
        height = HEIGHTS.get(look.view, 520) if height is None else height
        if not isinstance(height, int) or height < 360:
            raise ConfigError(f"height={height!r} is too low: give at least 360 (px)")
        self._source.title = self._source.title if title is None else title
        self._source.decode = decoder_from(tokenizer) or self._source.decode
        status = self._source.board_status()
        if look.view == "board" and not status:
            raise ConfigError("view='board' needs a session or a run: single trees have no curves")
        marks = self._source.marks()
        fork = self._source.make_forks if fork is None else fork
        key = uuid4().hex
        super().__init__(
            model_id=key,
            key=key,
            title=clean(self._source.title),
            height=height,
            look=look.to_json(),
            steps=[list(mark) for mark in marks],
            newest=marks[-1][0] if marks else None,
            session=status,
            curves=Curves.of(self._source.metrics()).to_json() if status else {},
            forks=fork is not None,
            rules=list(self._source.rules),
        )
        self._take_the_cell()
        self._feed = Feed(self._source, self, look)
        if fork is not None:
            self._forking = Forking(fork, self._source.about_forks, self._feed, self)
        self.on_msg(self._take)
        if status.get("live"):
            try:
                self._feed.start()
            except BaseException:
                self.close()
                raise

    def _take_the_cell(self) -> None:
        self._cell = running_cell()
        if self._cell is None:
            return
        for other in list(Explorer._of_cells):
            if other._cell and other._cell.cell == self._cell.cell and other._cell.run != self._cell.run:
                other.close()
        Explorer._of_cells.add(self)

    def show(self, **traits: Any) -> None:
        """Sets synced traits, together; a live feed calls it from its one thread."""
        with self.hold_sync():
            for name, value in traits.items():
                setattr(self, name, value)

    def _take(self, _: Any, message: Mapping[str, Any], buffers: list[memoryview]) -> None:
        """A message of the front end. It may come on any thread of the kernel."""
        if self._forking is not None and message.get("type") == "fork":
            self._forking.ask(message)
        elif self._feed is not None:
            self._feed.take(message)

    def table(self, step: int) -> StepTable:
        """The finished trees of a step, as rows.

        Raises:
            MissingError: there is no such step.
            RunFileError: it cannot be read.
        """
        return self._source.table(step) if self._feed is None else self._feed.table(step)

    # Forms that need no kernel.

    def save_html(
        self,
        path: str | Path,
        *,
        steps: list[int] | None = None,
        max_mb: float = 20.0,
        program: str | None = None,
    ) -> str:
        """Saves one self-contained page; returns what it leaves out, in words (empty: nothing).

        The page opens on what the Explorer shows: the view, the step, and the node that is chosen.

        Args:
            steps: which steps; by default the one that is shown, with the probes in it.
            max_mb: the largest size; texts are left out before it is exceeded.
            program: the name of a file beside the page, such as "explorer.js", that gets the page's program, 0.5 MB.
                Pages of one folder share it, and none opens without it. By default the page holds it.

        Raises:
            ConfigError: the chosen columns alone are larger.
            MissingError: no such step.
            RunFileError: a run file lies there, or the name says so.
            InputError: another file lies there that is no page.
            UnavailableError: it cannot be written, for example because there is no such folder.
        """
        traits = {
            "title": self.title,
            "curves": self.curves,
            "session": self.session,
            "rules": self.rules,
        }
        if not isinstance(path, str | Path):
            raise ConfigError(f"path={quoted(path)} is no name of a page, such as 'page.html'")
        spare_other_file(Path(path))
        if program is not None and (Path(str(program)).name != program or not program.endswith(".js")):
            raise ConfigError(
                f"program={quoted(program)} is no name of a file beside the page, such as 'explorer.js'"
            )
        return save_page(Path(path), self._source, self.table, traits, self._look, steps, max_mb, program)

    def close(self) -> None:
        """Stops listening and closes the widget."""
        Explorer._of_cells.discard(self)
        if self._feed is not None:
            self._feed.close()
        if self.comm is not None:
            self.layout.close()
        super().close()

    @property
    def _look(self) -> Look:
        return Look() if self._feed is None else self._feed.look

    def __repr__(self) -> str:
        return str(told(self._source, self.table, self.title, self._look))

    def __str__(self) -> str:
        return repr(self)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        found = super()._repr_mimebundle_(**options)
        if found is None:
            return None
        data, about = found if isinstance(found, tuple) else (found, {})
        if self._feed is not None:
            data = {**data, **self._feed.picture()}
        return data, {**about, "rao_lab": {"key": self.key}}


def save_run(run: Run, path: str | Path, *, steps: list[int] | None = None, max_mb: float = 20.0) -> str:
    """Saves a run as one page; returns what is left out, in words.

    Raises:
        ConfigError, MissingError, RunFileError: see `Explorer.save_html`.
    """
    source = RunSource(run)
    traits = {
        "title": clean(source.title),
        "curves": Curves.of(source.metrics()).to_json(),
        "session": source.status(),
    }
    return save_page(Path(path), source, source.table, traits, Look(), steps, max_mb)

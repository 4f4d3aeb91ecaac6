"""A run file, read: first the lists, then the nodes of a step, then texts, each when it is asked for.

Nothing is kept open between calls. So any number of readers, in any process, neither block the writer nor
keep it from leaving one plain file. Without `follow` the lists stay as they were at opening; with it they
are read again whenever the writer has committed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from rao_lab.base.calls import checked_call
from rao_lab.base.safe_text import quoted
from rao_lab.credit import Attribution, Attributions, CreditConfig
from rao_lab.credit.attribution import Place
from rao_lab.errors import ConfigError, MissingError, RaoLabError, RunFileError
from rao_lab.store.columns.bytes import Allowance
from rao_lab.store.columns.nodes import NodeColumns, node_columns
from rao_lab.store.frames import frame
from rao_lab.store.keys import row_of, whole
from rao_lab.store.lock import is_locked
from rao_lab.store.opened import OpenedFile
from rao_lab.store.rows.credit import load_attributions
from rao_lab.store.rows.decode import load_node, load_trees
from rao_lab.store.rows.live import Changes, changes_since, running_trees
from rao_lab.store.rows.summaries import (
    StepSummary,
    TreeSummary,
    configs,
    last_commit,
    left_out,
    meta_value,
    metrics,
    note,
    state_of,
    step_summaries,
    tree_summaries,
)
from rao_lab.store.rows.texts import Texts
from rao_lab.store.rows.troubles import Trouble, step_troubles
from rao_lab.store.rows.whole import Lacks, misplaced
from rao_lab.tree import Group, Node, Tree


class Run:
    """A recorded run. As a context manager it is closed at the end of the block.

    >>> run = rl.open_run("runs/a.rao")
    >>> [step.step for step in run.steps], len(run.groups(1))
    ([0, 1], 2)
    >>> run.metrics[1]["trees"]
    4
    """

    def __init__(self, path: str | Path, follow: bool = False) -> None:
        self._file = OpenedFile(path, follow)
        self.path = self._file.path
        self.follow = follow
        self.schema_version = self._file.schema_version
        self._seen: tuple[object, int] = (None, -1)
        self._told: object = None
        self._steps: list[StepSummary] = []
        self._summaries: dict[int, list[TreeSummary]] = {}
        self._config: dict[str, Any] = {}
        self._packages: dict[str, Any] = {}
        self._metrics: list[dict[str, Any]] = []
        self._problems: list[str] = []
        self._lacks = Lacks()
        with self._file.reading() as connection:
            self._read_lists(connection)
        self._told, _ = self._seen

    # Lists

    @property
    def config(self) -> dict[str, Any]:
        """How the run was made, as of its newest attempt."""
        self._refresh()
        return self._config

    @property
    def packages(self) -> dict[str, Any]:
        """Versions it was made with, and the kind of machine."""
        self._refresh()
        return self._packages

    def made_with(self, attempt: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Config and versions of an attempt (`StepSummary.attempt`); empty if the run does not say."""
        with self._file.reading() as connection:
            return configs(connection, Texts(connection, Allowance.of(connection)), attempt)

    @property
    def steps(self) -> list[StepSummary]:
        self._refresh()
        return self._steps

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """One dict a step that ended with metrics, each with its "step"."""
        self._refresh()
        return self._metrics

    @property
    def problems(self) -> list[str]:
        """What the lists leave out because it cannot be read, a line each: a step, its metrics, a tree. Empty for a
        sound file."""
        self._refresh()
        return self._problems

    def trees(self, step: int | None = None, *, probe: bool | None = None) -> list[TreeSummary]:
        """Summaries of the trees of a step, or of all, running ones and forks included: groups first, then
        probes, in group and rollout order, then forks.

        Raises:
            MissingError: the run has no such step.
        """
        self._refresh()
        steps = [each.step for each in self._steps] if step is None else [whole("a step", step)]
        missing = [each for each in steps if each not in self._summaries]
        if missing:
            with self._file.reading() as connection:
                for each in missing:
                    self._check_step(connection, each)
                    self._summaries[each] = tree_summaries(connection, each, self.tree, self._problems)
        found = [tree for each in steps for tree in self._summaries[each]]
        return found if probe is None else [tree for tree in found if tree.probe is probe]

    # Records

    def tree(self, tree_id: int | Attribution) -> Tree:
        """A tree whole; one that still runs, as far as it is. It is named by its id, or by credit of a node of it.

        Raises:
            MissingError: the run has no such tree.
        """
        tree_id = self._tree_id(tree_id)
        with self._file.reading() as connection:
            row = row_of(connection, "SELECT done FROM trees WHERE id = ?", tree_id)
            if row is None:
                raise MissingError(
                    f"{self.path.name} has no tree {quoted(tree_id)}: `trees()` lists those it has"
                )
            if row[0] == 0:
                return running_trees(connection, tree_id)[tree_id]
            return load_trees(connection, [tree_id], Allowance.of(connection))[0]

    def node(self, tree_id: int | Attribution, path: str | None = None) -> Node:
        """One node with its turns, without reading the rest of its tree; `run.node(attribution)` needs no path.

        Raises:
            MissingError: there is no such tree or node.
        """
        if path is None:
            path = tree_id.node if isinstance(tree_id, Attribution) else ""  # which no node has
        tree_id = self._tree_id(tree_id)
        node = None
        with self._file.reading() as connection:
            row = row_of(connection, "SELECT done FROM trees WHERE id = ?", tree_id)
            if row and row[0] and isinstance(path, str) and path.isascii():
                node = load_node(connection, tree_id, path, Allowance.of(connection))
        return self.tree(tree_id).node(path) if node is None else node

    def missing(self, step: int) -> str:
        """What a step lacks of what was recorded, in a few words; empty if nothing. A file that is damaged, or was
        salvaged, may lack trees.

        Raises:
            MissingError: the run has no such step.
        """
        with self._file.reading() as connection:
            return self._lacks.of(connection, self._check_step(connection, step))

    def groups(
        self, step: int, probe: bool = False, *, partial: bool = False, light: bool = False
    ) -> list[Group]:
        """The groups of a step, or its probes, with all that is known of their finished trees.

        Args:
            partial: give what is there of a step that lacks trees; credit of it would be of other groups.
            light: fast, to be read only: no token ids (only counts), thoughts, or messages of leaves.

        Raises:
            MissingError: the run has no such step.
            RunFileError: a tree cannot be read, or is missing.
        """
        with self._file.reading() as connection:
            step = self._whole_step(connection, step, partial)
            rows = connection.execute(
                "SELECT id, grp FROM trees WHERE step = ? AND probe = ? AND done = 1 AND nodes NOT NULL"
                " AND origin IS NULL ORDER BY grp, rollout",
                (step, probe),
            ).fetchall()
            trees = load_trees(connection, [tree_id for tree_id, _ in rows], Allowance.of(connection), light)
        members: dict[int, list[Tree]] = {}
        for (_, index), tree in zip(rows, trees, strict=True):
            members.setdefault(index, []).append(tree)
        return [Group(each[0].task, tuple(each), step, index, probe) for index, each in members.items()]

    def forks(self, step: int | None = None) -> list[TreeSummary]:
        """Trees cut from others, which count into no step; `rl.forks_of(run)` joins them with their originals.

        Raises:
            MissingError: the run has no such step.
        """
        return [tree for tree in self.trees(step) if tree.fork]

    def attributions(self, step: int, config: CreditConfig | None = None) -> Attributions:
        """What the trainer multiplied by in a step, bit for bit; with `config`, what was stored for it.

        Raises:
            MissingError: nothing was stored for this step, or not for this config.
            ConfigError: `config` is no `CreditConfig`.
        """
        if not (config is None or isinstance(config, CreditConfig)):
            raise ConfigError(
                f"credit is asked for by a CreditConfig, not by {quoted(config)}: "
                "CreditConfig.from_dict makes one of plain fields"
            )
        with self._file.reading() as connection:
            step = self._check_step(connection, step)
            found, stored = load_attributions(connection, step, config)
        if found is not None:
            return replace(found, step=step)
        if stored:
            raise MissingError(f"step {step} has no attributions by this config: compute them from `groups`")
        raise MissingError(
            f"step {step} of {self.path.name} has no attributions: it has not ended, or had none"
        )

    def node_table(self, step: int, *, partial: bool = False) -> NodeColumns:
        """The nodes of a step's finished trees as columns, without texts; arguments and errors as of `groups`."""
        with self._file.reading() as connection:
            return node_columns(connection, self._whole_step(connection, step, partial))

    def frame(
        self, kind: str = "nodes", steps: Iterable[int] | int | None = None, library: str | None = None
    ) -> Any:
        """The run as a table. Tables join on `step`, `tree` (the id of `tree()`) and `node`; goals are words.

            >>> by_depth = run.frame("nodes").groupby("depth")["share"].sum()

        Args:
            kind: a row is one of the "nodes" (with the credit that training multiplied by, and the `address` that
                `at=` takes), the "turns", the "trees" (forks and running ones included) or the "steps" (metrics).
            steps: by default all.
            library: "pandas", "polars" or "pyarrow"; by default the first that is installed.

        Raises:
            ConfigError: an unknown kind or library.
            MissingError: the run has no such step.
            UnavailableError: the library is not installed.
        """
        return frame(self, kind, steps, library)

    def troubles(self, step: int, *, most: int = 1000) -> list[Trouble]:
        """Nodes of finished trees that were refused something or have no success, no forks; errors as of `trees`."""
        trees = [each.id for each in self.trees(step) if not (each.fork or each.running)]
        with self._file.reading() as connection:
            return step_troubles(connection, trees, most)

    def texts(self, ids: Iterable[int]) -> dict[int, str]:
        """Texts by the ids that columns carry.

        Raises:
            RunFileError: an id that names no text.
            MissingError: `ids` are no whole numbers.
        """
        try:
            wanted = {whole("a text", each) for each in ids}
        except TypeError:
            raise MissingError(f"texts are named by a list of whole numbers, not by {quoted(ids)}") from None
        with self._file.reading() as connection:
            texts = Texts(connection, Allowance.of(connection))
            texts.want(wanted)
            return {each: texts.text(each) for each in wanted}

    # Following

    @property
    def revision(self) -> int:
        """Number of the writer's last commit."""
        with self._file.reading() as connection:
            return last_commit(connection)

    @property
    def being_written(self) -> bool:
        """Whether a living process writes it. If none does, trees that still run were cut off."""
        return is_locked(self.path)

    def live(self) -> dict[int, Tree]:
        """The trees that still run, by id, folded from their events so far."""
        with self._file.reading() as connection:
            return running_trees(connection)

    def changes_since(self, revision: int) -> Changes:
        """What was committed after `revision`; from 0, everything.

        A follower folds `events` itself and drops a running tree when its id appears in `trees`. If
        another run has taken the place of this one, that counts as rewound.
        """
        revision = whole("a commit", revision)
        with self._file.reading() as connection:
            begun = meta_value(connection, "created")
            found = changes_since(connection, revision, begun != self._told)
        self._told = begun
        return found

    def close(self) -> None:
        """Later calls are refused."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        with suppress(RaoLabError):  # then it says what was read last
            self._refresh()
        whole = [each.step for each in self._steps if each.ended is not None]
        last = f"whole up to step {whole[-1]}" if whole else "no whole step yet"
        return f"<Run {self.path.name}: {last}>"

    # Reading

    def _refresh(self) -> None:
        if not self.follow or self._file.closed:
            return
        with self._file.reading() as connection:
            if state_of(connection) != self._seen:
                self._read_lists(connection)

    def _read_lists(self, connection: sqlite3.Connection) -> None:
        texts = Texts(connection, Allowance.of(connection))
        problems: list[str] = []
        self._steps = step_summaries(connection, problems)
        for problem in misplaced(connection).values():
            note(problems, problem)
        self._config, self._packages = {}, {}
        with left_out(problems, "the configuration"):
            self._config, self._packages = configs(connection, texts)
        self._metrics = metrics(connection, texts, problems)
        self._summaries, self._problems = {}, problems
        self._seen = state_of(connection)

    def _tree_id(self, named: object) -> int:
        """Raises: MissingError."""
        if isinstance(named, Place):
            raise MissingError(f"{named:d} is a place in a group and no id: give the attribution itself")
        if not isinstance(named, Attribution):
            return whole("a tree", named)
        if named.step is None:
            raise MissingError("this credit is of several steps: run.attributions(step) knows its own")
        query = "SELECT id FROM trees WHERE (step, grp, done) = (?, ?, 1) AND NOT probe AND origin IS NULL"
        with self._file.reading() as connection:
            self._whole_step(connection, named.step)  # otherwise the places would be those of other trees
            rows = connection.execute(f"{query} ORDER BY rollout", (named.step, named.group)).fetchall()
        if named.tree >= len(rows):
            raise MissingError(f"step {named.step} has no tree {named.tree:d} of group {named.group}")
        return int(rows[named.tree][0])

    def _whole_step(self, connection: sqlite3.Connection, step: object, partial: bool = False) -> int:
        """Raises: MissingError, and RunFileError if it lacks something."""
        step = self._check_step(connection, step)
        lacks = "" if partial else self._lacks.of(connection, step)
        if lacks:
            raise RunFileError(
                f"step {step} of {self.path.name} is incomplete: {lacks}. `rao-lab show` prints what is left, and "
                "partial=True gives it in Python"
            )
        return step

    def _check_step(self, connection: sqlite3.Connection, step: object) -> int:
        step = whole("a step", step)
        if row_of(connection, "SELECT 1 FROM steps WHERE step = ?", step) is None:
            first, last = connection.execute("SELECT min(step), max(step) FROM steps").fetchone()
            has = "no step yet" if first is None else f"the steps {first} to {last}"
            raise MissingError(f"{self.path.name} has no step {quoted(step)}: it has {has}")
        return step


@checked_call
def open_run(path: str | Path, follow: bool = False) -> Run:
    """Opens a run file to read it, while it is written or later.

        >>> with rl.open_run("runs/a.rao") as run:
        ...     print(run.config["policy"], run.attributions(1)[0].node)
        tiny 0

    Raises:
        MissingError: there is no such file.
        RunFileError: empty, damaged, locked, of a newer RAO Lab or another program.
    """
    return Run(path, follow)

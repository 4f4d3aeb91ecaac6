"""What an Explorer shows: one interface for records, run files and sessions.

A source lists its steps and makes the table of one when asked. One that goes on also tells what happens
and takes the orders of the board; what stands still keeps the defaults below.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from rao_lab.credit import Rule
from rao_lab.errors import ConfigError
from rao_lab.evaluation.forks import Forks
from rao_lab.store import Trouble, trouble_of
from rao_lab.tree import ROOT
from rao_lab.views.explorer.decoder import Decoder
from rao_lab.views.explorer.table import Column, StepTable

Mark = tuple[int, float | None]
"""A step and the share of its roots that were solved; None if nobody knows."""
News = tuple[str, Any]
"""What a source tells: ("event", (header, event)), ("tree", Tree), ("step", the metrics of a step that has ended, with
its "step" and its "seconds"), ("state", state), ("phase", phase), ("forget", None): all steps are to be read anew."""
RECENT = 10
"""Steps whose median tells how long a step takes."""
OVER = ("finished", "stopped", "failed")
"""States of a session after which nothing goes on."""


class Source(ABC):
    """What an Explorer shows."""

    title: str
    decode: Decoder | None = None
    """Token ids to text, for what a node read."""
    rules: Mapping[str, Rule] = {}
    """Credit rules of the user that the what-if bar offers."""
    make_forks: Callable[..., Forks] | None = None
    """Makes the forks that are asked for in the view, if its caller says nothing."""
    poll_seconds: float | None = None
    """How often `poll` is to be called; None = news come by themselves, or never."""
    beside: Sequence[Source] = ()
    """Other runs, whose curves are drawn over those of this one."""

    @abstractmethod
    def marks(self) -> list[Mark]:
        """The steps there are, in order."""

    @abstractmethod
    def table(self, step: int) -> StepTable:
        """The finished trees of a step with their credit.

        Raises:
            MissingError: there is no such step.
            RunFileError: it cannot be read.
        """

    def bare(self, step: int) -> StepTable:
        """The same without credit, if that costs less; raises as `table` does."""
        return self.table(step)

    def tried(self, probe: bool) -> Mapping[int, Sequence[Mapping[str, Any]]]:
        """By step, the tasks that have finished trees, as `table.group_row` tells them; of probes, or trained on."""
        tables = (self.bare(step) for step, _ in self.marks())
        return {
            table.step: [each for each in table.groups if each["probe"] is probe and "fork" not in each]
            for table in tables
        }

    def metrics(self) -> Iterable[Mapping[str, Any]]:
        """Of all steps that have ended, each with its "step": what the curves are drawn from."""
        return ()

    def training(self) -> Mapping[str, Any]:
        """The settings that these trees were trained by, as a run file keeps them; empty: not known."""
        return {}

    def name_of(self, step: int) -> str:
        """What the step is called beside its number; "" = nothing."""
        del step
        return ""

    def begins_at(self) -> tuple[int | None, str]:
        """The tree that is shown first, by its place in the newest step, and its node; None: the first tree."""
        return None, ROOT

    def status(self) -> dict[str, Any]:
        """What the board says: state, step, total, actions, seconds (see `board.js`). Empty: it has no board. "live":
        more may come."""
        return {}

    def troubles(self, table: StepTable, most: int) -> list[Trouble]:
        """Nodes of a step that were refused something or have no success, no forks.

        Raises:
            RunFileError: they cannot be read.
        """
        found: list[Trouble] = []
        for place, tree in enumerate(table.trees):
            if len(found) < most and "fork" not in table.groups[tree.group]:
                found += filter(None, (trouble_of(tree.id, node) for node in table.tree(place).nodes))
        return found[:most]

    def settings(self) -> Mapping[str, Any]:
        """How its trees were made, as far as that is known."""
        return {}

    def board_status(self) -> dict[str, Any]:
        """`status`, with a number that changes when the curves of other runs do."""
        status = self.status()
        if status and self.beside:
            status["beside"] = 1 + sum(len(list(other.metrics())) for other in self.beside)
        return status

    def open(self, put: Callable[[str, Any], None]) -> None:
        """Begins to put news, first those of the step under way."""
        del put

    def poll(self) -> Iterable[News]:
        """What is new since the last call.

        Raises:
            RaoLabError: the source cannot be read now.
        """
        return ()

    def goals(self, step: int) -> Column | None:
        """A number for the goal of each node that is credited in a step, if the credit itself has none."""
        del step
        return None

    def act(self, action: str) -> None:
        """Pause, resume, step or stop; returns at once. Called from any thread.

        Raises:
            ConfigError: it cannot do that.
        """
        raise ConfigError(f"nothing goes on here that could {action[:40]!r}")

    def about_forks(self) -> Mapping[str, Any]:
        """What `rl.fork` is to be told of where these trees come from.

        Raises:
            ConfigError: none can be made now.
        """
        return {}

    def close(self) -> None:  # noqa: B027 - what tells no news has none to end
        """No more news are wanted."""


def success_of(metrics: Mapping[str, Any]) -> float | None:
    """Share of roots solved: of the trained ones, otherwise of the probes."""
    value = metrics.get("success")
    if value is None:
        value = metrics.get("probe_success")
    return float(value) if isinstance(value, int | float) else None


def pace(seconds: Sequence[Any]) -> float | None:
    """Seconds that a recent step took."""
    known = [float(each) for each in seconds if isinstance(each, int | float)]
    return round(median(known[-RECENT:]), 3) if known else None

"""Some trees of a run file played again: their recorded code in a fresh world, whose verifier scores them anew.

The file is another's, so nothing of it is believed: only a bundled world is made, with small settings and from no file;
code runs in the sandbox alone; and limits beyond the usual are not played. A tree is compared only if every call was
answered as recorded. Otherwise it went another way, as it may in another version, and nothing is said of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from random import Random
from typing import Any

from rao_lab.api.reopen import Begun, reopen_environment
from rao_lab.base.checks import choice
from rao_lab.base.safe_text import one_line, unquoted
from rao_lab.base.versions import package_versions
from rao_lab.base.words import counted, fixed
from rao_lab.environments.bundled import BUNDLED
from rao_lab.errors import RaoLabError
from rao_lab.execution.executor import Executor, open_sandbox
from rao_lab.execution.limits import Limits
from rao_lab.policies.replay import ReplayPolicy
from rao_lab.prompts import of_record
from rao_lab.protocols import Environment
from rao_lab.store import Run, TreeSummary
from rao_lab.tree import AGENTS, Call, Node, Tree, TreeHeader
from rao_lab.tree.values import dumps, encode

SAMPLE = 16
"""Trees of a run that are played."""
SECONDS = 30.0
"""Wall-clock bound of all of them."""
MOST = {
    "repl_seconds": 5,
    "repl_memory_mb": 256,
    "max_tree_mb": 1024,
    "max_value_mb": 40,
    "max_suspensions": 4096,
    "max_nodes": 1024,
    "max_tree_turns": 4096,
    "max_output_chars": 65536,
    "max_depth": 64,
}
"""Limits beyond these are not played."""
LARGEST = 1000
"""A number that a world is made with; a seed may be larger."""
SAME = ("rao-lab", "pydantic-monty")
"""Packages whose version must be the one that recorded the run."""
CLOSE = 1e-6


@dataclass(frozen=True, slots=True)
class PlayedAgain:
    """What came of it."""

    trees: int = 0
    """Trees whose successes were compared."""
    of: int = 0
    """Finished trees of the run."""
    other: int = 0
    """Played trees that went another way."""
    apart: tuple[str, ...] = ()
    """Nodes that a success is recorded of which the world does not give."""
    why_not: str = ""
    """Why none was played."""

    def __str__(self) -> str:
        if self.why_not:
            return f"no tree was played again: {self.why_not}"
        went = f", {self.other} more went another way" if self.other else ""
        return f"{self.trees} of {counted(self.of, 'tree')} played again{went}"

    def to_json(self) -> dict[str, Any]:
        return {
            "trees": self.trees,
            "of": self.of,
            "another_way": self.other,
            "why_not": self.why_not or None,
        }


def play_again(run: Run, steps: Sequence[int]) -> PlayedAgain:
    """Plays a sample of the finished trees of these steps. It never raises, whatever is in the file."""
    all_trees = [tree for step in steps for tree in run.trees(step)]
    trees = [tree for tree in all_trees if not (tree.fork or tree.running or tree.not_reproducible)]
    if not trees:
        return PlayedAgain(why_not="it holds none that must come out the same")
    try:
        world = _world(run)
        return _compared(run, world, _sample(trees), len(trees))
    except RaoLabError as problem:
        return PlayedAgain(of=len(trees), why_not=one_line(str(problem), 200))


def _world(run: Run) -> Environment:
    """Raises: RaoLabError, if it is none that is made here."""
    name, recorded = run.config.get("environment"), Begun(run.path, run.config).opened("env")
    settings: Any = recorded.get("settings") or {}
    if name not in BUNDLED or "made by" in recorded or recorded.get("env", name) != name:
        raise RaoLabError(f"{unquoted(str(name))} is no bundled world")
    if "rules" in recorded or "tasks" in recorded:
        raise RaoLabError("its world was made of files")
    if not isinstance(settings, Mapping) or any(_large(key, value) for key, value in settings.items()):
        raise RaoLabError("its world has settings that are not tried")
    made = reopen_environment(Begun(run.path, run.config), name, "tiny", None, None, None, {})
    if made.name != name or not getattr(made, "reproducible", True):
        raise RaoLabError(f"{unquoted(str(name))} may answer otherwise next time")
    return made


def _large(key: object, value: object) -> bool:
    if value is None or isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return key != "seed" and not abs(value) <= LARGEST
    return not (isinstance(value, str) and len(value) <= LARGEST)


def _sample(trees: Sequence[TreeSummary]) -> list[TreeSummary]:
    """Chosen by what they are: whoever edits a tree does not choose which are played."""
    told = [(tree.step, tree.task, tree.success, tree.ended, tree.tokens_out) for tree in trees]
    chance = Random(sha256(repr(told).encode()).digest())
    return chance.sample(list(trees), min(SAMPLE, len(trees)))


def _compared(run: Run, world: Environment, chosen: Sequence[TreeSummary], of: int) -> PlayedAgain:
    loaded = [tree.load() for tree in chosen]
    here = package_versions()
    version = next((name for name in SAME if run.packages.get(name) != here.get(name)), None)
    trees, other, apart = 0, 0, list[str]()
    for tree, again in _played(run, world, [tree for tree in loaded if tree.nodes]):
        if _calls(tree) != _calls(again):
            other += 1
            continue
        trees += 1
        apart += _differences(tree, again)
    if apart and version is not None:
        return PlayedAgain(of=of, why_not=f"it was recorded with another version of {version}")
    return PlayedAgain(trees, of, other, tuple(apart))


def _played(run: Run, world: Environment, trees: Sequence[Tree]) -> Iterator[tuple[Tree, Tree]]:
    alike: dict[str, list[Tree]] = defaultdict(list)
    for tree in trees:
        alike[dumps([dict(tree.header.limits), tree.header.agent, tree.root.template])].append(tree)
    for same in alike.values():
        header, policy = same[0].header, ReplayPolicy(same)
        limits = _limits(header)
        with open_sandbox(limits) as sandbox:
            words = of_record(run.config, policy.dialect)
            executor = Executor(
                world, policy, words, limits, sandbox=sandbox, agent=choice("agent", header.agent, AGENTS)
            )
            yield from zip(same, executor.run([tree.header for tree in same]), strict=True)


def _limits(header: TreeHeader) -> Limits:
    """Raises: RaoLabError, if they are none, or too large."""
    limits = Limits.from_dict(header.limits)
    large = next((name for name, most in MOST.items() if getattr(limits, name) > most), None)
    if large is not None:
        raise RaoLabError(f"its limit {large} is larger than {MOST[large]:,}")
    return replace(limits, tree_seconds=SECONDS)


def _calls(tree: Tree) -> str:
    """All that the world was asked and answered, node by node and turn by turn."""
    return dumps(
        [(node.path, [[_said(call) for call in turn.calls] for turn in node.turns]) for node in tree.nodes]
    )


def _said(call: Call) -> tuple[Any, ...]:
    asked = (call.name, encode(list(call.args)), encode(dict(call.kwargs)))
    return (*asked, encode(call.result), call.error)


def _differences(tree: Tree, again: Tree) -> Iterator[str]:
    header = tree.header
    for node, due in zip(tree.nodes, again.nodes, strict=True):
        judged = due.success_source == node.success_source or due.success_source == "verifier"
        if judged and not _alike(node, due):
            place = f"{header.step}:{header.group}.{header.rollout}/{node.path}"
            yield f"{place} records {_words(node)}, and its code, run again in its world, gives {_words(due)}"


def _alike(node: Node, due: Node) -> bool:
    if node.status is not due.status or None in (node.success, due.success):
        return node.status is due.status and node.success == due.success
    return abs((node.success or 0.0) - (due.success or 0.0)) <= CLOSE


def _words(node: Node) -> str:
    status = node.status.value.replace("_", " ")
    return f"{status}, success {'not known' if node.success is None else fixed(node.success, 2)}"

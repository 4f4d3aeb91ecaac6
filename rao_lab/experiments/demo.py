"""Five minutes that show what the lab is for: the embedded policy before and after, recursive and flat.

Both agents start from the same weights and see the same root tasks. They are evaluated before and after
on the same held-out tasks of three bands, of which training saw one. The recursive run goes into a run
file, and so does the flat one, beside it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Protocol

from rao_lab.api.defaults import Suggested, suggested
from rao_lab.api.export import export_run
from rao_lab.api.train import train
from rao_lab.base.safe_text import unquoted
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.errors import ConfigError, RunFileError, UnavailableError
from rao_lab.evaluation.ceiling import flat_fits
from rao_lab.evaluation.evaluate import Evaluation, evaluate, flat_limits
from rao_lab.policies.load import load_policy
from rao_lab.training.config import TrainConfig
from rao_lab.training.metrics import TrainStep
from rao_lab.tree import AGENTS, Tree
from rao_lab.tree.text import text_tree
from rao_lab.views.terminal import success_text

BANDS = ("easy", "medium", "hard")
SHOWN = ("success", "low", "high", "tasks", "flat_ceiling", "mean_nodes", "mean_depth")
"""What the machine-readable result says of each band."""
TRAINING_SHARE = 0.5
"""Part of the time after the first evaluation that recursive training may take; the flat agent's steps
and the second evaluation fill the rest."""
CHECKPOINT_EVERY = 10
"""Steps; each checkpoint is three times the size of the weights."""
MOST_NODES_SHOWN = 24
PHASES = {
    "before: recursive": 0.03,
    "before: flat": 0.02,
    "train: recursive": 0.6,
    "train: flat": 0.24,
    "after: recursive": 0.09,
    "after: flat": 0.02,
}
"""What happens, and about what part of the time it takes: for the time left."""


class Board(Protocol):
    """Who is told what happens."""

    def say(self, line: str) -> None: ...
    def plan(self, shares: Mapping[str, float]) -> None: ...
    def phase(self, name: str, total: int) -> None: ...
    def advance(self, name: str, done: int) -> None: ...
    def evaluated(self, when: str, evaluation: Evaluation) -> None: ...
    def stepped(self, agent: str, step: TrainStep) -> None: ...


@dataclass(frozen=True, slots=True)
class DemoConfig:
    """How long and how much."""

    out: Path
    """The run file; the page and the flat agent's run lie beside it."""
    steps: int = 40
    minutes: float | None = None
    """Train as many steps as fit instead. Results then depend on the machine's speed."""
    tasks_per_step: int = 8
    group_size: int = 8
    tasks: int = 60
    """Held-out tasks of each band."""
    seed: int = 0
    device: str | None = None
    """Where both policies run, as "cpu"; None = a GPU where there is one."""

    def __post_init__(self) -> None:
        if self.minutes is not None and not self.minutes > 0:
            raise ConfigError(f"--minutes {self.minutes:g} means nothing: give a number above 0")
        if self.out.suffix == ".html":
            raise ConfigError(
                f"--out {unquoted(self.out.name)} is where the page goes: name a run file (.rao)"
            )

    @classmethod
    def choose(
        cls, *, steps: int | None, minutes: float | None, quick: bool, out: Path | None, seed: int
    ) -> DemoConfig:
        """What the command line asked for.

        Raises:
            ConfigError: both steps and minutes, or a number that means nothing.
        """
        if steps is not None and minutes is not None:
            raise ConfigError("--steps and --minutes exclude each other: give one")
        config = cls(out or _free_name(), minutes=minutes, seed=seed)
        if quick:
            config = replace(config, steps=2, tasks_per_step=2, group_size=4, tasks=4)
        return config if steps is None else replace(config, steps=steps)

    def train(self, fitting: Suggested, agent: str, steps: int) -> TrainConfig:
        """The training configuration of one agent."""
        limits = fitting.train_limits
        return TrainConfig(
            steps=steps,
            tasks_per_step=self.tasks_per_step,
            group_size=self.group_size,
            seed=self.seed,
            agent="flat" if agent == "flat" else "recursive",
            limits=flat_limits(limits) if agent == "flat" else limits,
            checkpoint_every=CHECKPOINT_EVERY,
            **fitting.train,
        )


@dataclass
class DemoResult:
    """What was found, as far as it went."""

    config: DemoConfig
    before: dict[str, Evaluation] = field(default_factory=dict)
    after: dict[str, Evaluation] = field(default_factory=dict)
    steps: int = 0
    """Training steps of each agent."""
    seconds: float = 0.0
    page: str = ""
    """What was written beside the run file, and what it leaves out."""

    def to_dict(self) -> dict[str, Any]:
        """The machine-readable result."""
        return {
            "seconds": round(self.seconds, 1),
            "root_tasks": self.steps * self.config.tasks_per_step,
            "steps": self.steps,
            "before": {agent: _bands(found) for agent, found in self.before.items()},
            "after": {agent: _bands(found) for agent, found in self.after.items()},
            "run": str(self.config.out),
            "flat_run": str(beside(self.config.out, "-flat")),
        }

    def report(self) -> str:
        """The result in words, with one tree before and after."""
        rows = {
            (when, agent): found.by_difficulty
            for when, part in (("before", self.before), ("after", self.after))
            for agent, found in part.items()
        }
        parts = [success_text(rows)]
        parts.append(
            f"Trained on {self.steps * self.config.tasks_per_step} root tasks each ({self.steps} steps); "
            f"{self.seconds:.0f} s in all. The flat agent cannot pass its ceiling, whatever it learns."
        )
        pair = telling_pair(self.before.get("recursive"), self.after.get("recursive"))
        if pair is not None:
            parts += [f"Before:\n{text_tree(pair[0])}", f"After:\n{text_tree(pair[1])}"]
        parts.append(self.page)
        parts.append(f"Next: rao-lab credit {self.config.out} --step {self.steps}")
        return "\n\n".join(part for part in parts if part)


def run_demo(config: DemoConfig, board: Board) -> DemoResult:
    """Trains and evaluates both agents.

    Raises:
        KeyboardInterrupt: Ctrl-C; the run files hold every finished step.
        RaoLabError: the embedded policy is missing, or a run file exists or cannot be written: said before
            anything is run.
    """
    started = time.monotonic()
    result = DemoResult(config)
    policies = {agent: load_policy("tiny", device=config.device) for agent in AGENTS}
    fitting = suggested(policies["recursive"])
    _check(config, fitting)
    board.plan(PHASES)
    board.say(f"trained on {fitting.difficulty} tasks, evaluated on {', '.join(BANDS)}: {_world(fitting)!r}")
    try:
        for agent in AGENTS:
            result.before[agent] = _evaluate(config, fitting, policies[agent], agent, "before", board)
        deadline = None
        if config.minutes is not None:
            left = config.minutes * 60 - (time.monotonic() - started)
            deadline = time.monotonic() + left * TRAINING_SHARE
        for agent in AGENTS:
            steps = result.steps if agent == "flat" else config.steps
            limit = deadline if agent == "recursive" else None
            result.steps = _train(config, fitting, policies[agent], agent, steps, limit, board)
        for agent in AGENTS:
            result.after[agent] = _evaluate(config, fitting, policies[agent], agent, "after", board)
    except KeyboardInterrupt:
        if config.out.exists():
            board.say(f"stopped: {config.out} holds every finished step")
        raise
    shown = f"1,{(result.steps + 1) // 2},{result.steps}"
    result.page = export_run(config.out, config.out.with_suffix(".html"), "html", shown)
    result.seconds = time.monotonic() - started
    return result


def telling_pair(before: Evaluation | None, after: Evaluation | None) -> tuple[Tree, Tree] | None:
    """One task before and after: solved only afterwards if there is one, as hard as there is, and small
    enough to read."""
    if before is None or after is None:
        return None
    pairs = list(zip(before.trees, after.trees, strict=True))

    def tells(pair: tuple[Tree, Tree]) -> tuple[bool, bool, int, int]:
        old, new = pair
        learned = new.success == 1.0 and old.success != 1.0
        readable = len(old) <= MOST_NODES_SHOWN and len(new) <= MOST_NODES_SHOWN
        band = BANDS.index(new.task.difficulty) if new.task.difficulty in BANDS else 0
        return learned, readable, band, new.depth

    return max(pairs, key=tells, default=None)


def beside(path: Path, mark: str) -> Path:
    """A file of the same kind beside another."""
    return path.with_name(f"{path.stem}{mark}{path.suffix}")


def _check(config: DemoConfig, fitting: Suggested) -> None:
    """Refuses at once what would end the demo in the middle.

    Raises:
        ConfigError: a number that means nothing.
        RunFileError: a run of that name exists.
        UnavailableError: nothing can be written there.
    """
    for agent in AGENTS:
        config.train(fitting, agent, config.steps)
        out = _out(config, agent)
        if out.exists():
            raise RunFileError(f"{out} exists already: choose another name with --out")
    folder = config.out.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UnavailableError(f"{folder} cannot be written to: {error.strerror or error}") from None


def _out(config: DemoConfig, agent: str) -> Path:
    return config.out if agent == "recursive" else beside(config.out, "-flat")


def _world(fitting: Suggested) -> TextCraft:
    return TextCraft(BANDS, preset=fitting.preset)


def _evaluate(
    config: DemoConfig, fitting: Suggested, policy: Any, agent: str, when: str, board: Board
) -> Evaluation:
    world = _world(fitting)
    tasks = world.tasks("test")[: config.tasks * len(BANDS)]
    phase = f"{when}: {agent}"
    board.phase(phase, len(tasks))
    found = evaluate(
        world,
        policy,
        agent,
        tasks,
        fitting.limits,
        seed=config.seed,
        fits=flat_fits(policy),
        temperature=fitting.temperature,
        on_trees=lambda done, _: board.advance(phase, done),
    )
    board.evaluated(when, found)
    return found


def _train(
    config: DemoConfig,
    fitting: Suggested,
    policy: Any,
    agent: str,
    steps: int,
    deadline: float | None,
    board: Board,
) -> int:
    """Trains until the steps are done or the time is up; returns the steps done."""
    out = _out(config, agent)
    phase = f"train: {agent}"
    board.phase(phase, steps)
    settings = config.train(fitting, agent, steps if deadline is None else 1_000_000)
    done = 0
    for step in _until(
        train(TextCraft(fitting.difficulty, preset=fitting.preset), policy, settings, store=out), deadline
    ):
        done = step.step
        if done:
            board.stepped(agent, step)
            board.phase(phase, max(steps, done))
            board.advance(phase, done)
    return done


def _until(steps: Iterator[TrainStep], deadline: float | None) -> Iterator[TrainStep]:
    """Steps until the time is up, at least one; the run file is closed either way."""
    for step in steps:
        yield step
        if deadline is not None and step.step and time.monotonic() > deadline:
            steps.close()  # type: ignore[attr-defined]
            return


def _bands(found: Evaluation) -> dict[str, dict[str, Any]]:
    return {band: {name: getattr(part, name) for name in SHOWN} for band, part in found.by_difficulty.items()}


def _free_name() -> Path:
    """runs/demo.rao, or the first runs/demo-N.rao that is not there."""
    path = Path("runs/demo.rao")
    number = 2
    while path.exists() or beside(path, "-flat").exists():
        path = Path(f"runs/demo-{number}.rao")
        number += 1
    return path

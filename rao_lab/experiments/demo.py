"""The demo: what a few minutes of training make of an embedded policy, recursive and flat.

Both agents start from the same weights and train on the same root tasks, of one band. Before and after,
both are evaluated on the same held-out tasks of three bands. Each agent's training is kept in a run file.

If there is a second core, three processes share the work. What they compute is what one computes, to the bit:

- this one trains the recursive agent, and evaluates what came of it;
- a second one does all that waits for no training, and then a half of the last evaluation (`second_part`);
- a third one computes a share of the recursive agent's gradients (`helping.py`).
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from rao_lab.api.defaults import Suggested, suggested
from rao_lab.api.export import export_run
from rao_lab.api.train import train
from rao_lab.api.written import run_name, spare_others
from rao_lab.base.checks import choice
from rao_lab.base.outputs import make_folder
from rao_lab.base.threads import cores
from rao_lab.base.words import counted
from rao_lab.errors import ConfigError, RunFileError
from rao_lab.evaluation.ceiling import FlatFits, flat_fits
from rao_lab.evaluation.evaluate import Evaluation, evaluate, flat_limits
from rao_lab.experiments.beside import Beside
from rao_lab.experiments.helping import GradientHelper
from rao_lab.experiments.worlds import POLICIES, WORLDS
from rao_lab.policies.load import load_policy
from rao_lab.protocols import Environment
from rao_lab.training.config import TrainConfig
from rao_lab.training.helped import Weights, take_weights
from rao_lab.training.metrics import TrainStep
from rao_lab.training.processes import Alone
from rao_lab.training.setup import trainable
from rao_lab.tree import AGENTS, Agent

BANDS = ("easy", "medium", "hard")
TRAINING_SHARE = 0.5
"""With `minutes`: the share of the time after the first evaluation that recursive training may take. The
flat agent's steps and the second evaluation take the rest."""
SELDOM = 10
"""Steps from one checkpoint to the next, and from one evaluation on probe tasks to the next."""
COLLECTED_AFTER = 20_000
"""New objects after which memory is searched for circles: seldom, since trees have none."""
PER_TASK = {"recursive": 0.02, "flat": 0.01}
"""Seconds of a busy core that one task of an evaluation takes before training; on a quiet machine they are fewer."""
PER_TASK_LEARNED = 0.041
"""More of them once the recursive agent has learned to delegate, in `USUAL_STEPS`."""
PER_TREE = {"recursive": 0.056, "flat": 0.018}
"""Seconds that one tree of training takes there."""
HELPED = 0.85
"""What the recursive agent's training takes of that if a process helps with the gradients."""
PLAIN = " T 1"
"""Marks what was sampled at temperature 1, beside the temperature that suits the policy."""
USUAL_STEPS = 40

Found = dict[str, Evaluation]
"""Evaluations by the mark of their temperature."""


class Board(Protocol):
    """Is told what happens, and shows it."""

    def say(self, line: str) -> None: ...
    def plan(self, shares: Mapping[str, float]) -> None: ...
    def phase(self, name: str, total: int) -> None: ...
    def advance(self, name: str, done: int) -> None: ...
    def evaluated(self, when: str, evaluation: Evaluation, listed: bool) -> None: ...
    def stepped(self, agent: Agent, step: TrainStep) -> None: ...


@dataclass(frozen=True, slots=True)
class DemoConfig:
    """How long the demo runs, and on how many tasks."""

    out: Path
    """The run file. The page and the flat agent's run are written beside it."""
    world: str = "textcraft"
    steps: int = USUAL_STEPS
    minutes: float | None = None
    """Train as many steps as fit into this time instead. The results then depend on the machine's speed."""
    tasks_per_step: int = 8
    group_size: int = 8
    tasks: int = 60
    """Held-out tasks of each band."""
    seed: int = 0
    device: str | None = None
    """The device of both policies, for example "cpu"; None = a GPU if there is one."""
    beside: bool = field(default_factory=lambda: cores() > 1)
    """Other processes help this one; by default if it may use two cores."""

    def __post_init__(self) -> None:
        choice("world", self.world, WORLDS)
        if self.minutes is not None and not self.minutes > 0:
            raise ConfigError(f"--minutes {self.minutes:g} means nothing: give a number above 0")
        run_name(self.out)

    def seconds(self, steps: int) -> dict[str, float]:
        """About how long each phase takes if so many steps are trained, on two cores that do nothing else; 0 = it
        takes no longer than those that run beside it."""
        tasks, trees = self.tasks * len(BANDS), steps * self.tasks_per_step * self.group_size
        learned = PER_TASK_LEARNED * min(1.0, steps / USUAL_STEPS)
        after = {"recursive": PER_TASK["recursive"] + learned, "flat": PER_TASK["flat"]}
        twice = 2  # at two temperatures
        found = {
            **{f"before: {agent}": twice * tasks * each for agent, each in PER_TASK.items()},
            **{f"train: {agent}": trees * each for agent, each in PER_TREE.items()},
            **{f"after: {agent}": twice * tasks * each for agent, each in after.items()},
        }
        if not self.beside:
            return found
        here = {"train: recursive": HELPED, "after: recursive": 1 / twice}
        return {name: each * here.get(name, 0.0) for name, each in found.items()}

    def file(self, agent: Agent) -> Path:
        """The run file of an agent."""
        return self.out if agent == "recursive" else beside(self.out, "-flat")

    @property
    def page(self) -> Path:
        """Where the page goes."""
        return self.out.with_suffix(".html")

    def training(self, fitting: Suggested, agent: Agent, steps: int) -> TrainConfig:
        """The training configuration of one agent."""
        limits = fitting.train_limits
        return TrainConfig(
            steps=steps,
            tasks_per_step=self.tasks_per_step,
            group_size=self.group_size,
            seed=self.seed,
            agent="flat" if agent == "flat" else "recursive",
            limits=flat_limits(limits) if agent == "flat" else limits,
            checkpoint_every=SELDOM,
            probe_every=SELDOM,
            **fitting.train,
        )


@dataclass
class DemoResult:
    """What the demo found, up to where it got."""

    config: DemoConfig
    before: dict[str, Evaluation] = field(default_factory=dict)
    after: dict[str, Evaluation] = field(default_factory=dict)
    plain: dict[str, dict[str, Evaluation]] = field(default_factory=lambda: {"before": {}, "after": {}})
    """The same at temperature 1, if the others are at another one: a lower one flatters what was trained."""
    world: Environment | None = None
    fits: FlatFits | None = None
    steps: int = 0
    """How many steps each agent was trained."""
    seconds: float = 0.0
    page: str = ""
    """A line that says what the page holds, and what it leaves out."""


def run_demo(config: DemoConfig, board: Board) -> DemoResult:
    """Trains and evaluates both agents.

    Raises:
        KeyboardInterrupt: Ctrl-C. The run files hold every finished step.
        RaoLabError: the embedded policy is missing, or a run file exists or cannot be written. This is said
            before anything is run.
    """
    return _Demo(config, board).run()


class _Part:
    """What one agent does in the demo."""

    def __init__(self, config: DemoConfig, agent: Agent, board: Board) -> None:
        self._config, self._agent, self._board = config, agent, board
        self._policy: Any = load_policy(POLICIES[config.world], device=config.device)
        self.fitting = suggested(self._policy)
        kind, player = WORLDS[config.world], self.fitting.player
        self.world, self.trains_in = kind.suited(player, difficulty=BANDS), kind.suited(player)
        self.fits = flat_fits(self.world, self._policy)

    @property
    def marks(self) -> dict[str, float | None]:
        """Temperatures by their mark: the one that suits the policy, and 1 if that is another."""
        usual = self.fitting.temperature
        return {"": usual} if usual in (None, 1.0) else {"": usual, PLAIN: 1.0}

    def evaluated(self, when: str, only: str | None = None) -> Found:
        """By the mark of its temperature; at all of them, or at one."""
        marks = {mark: each for mark, each in self.marks.items() if only in (None, mark)}
        tasks = self.world.tasks("test")[: self._config.tasks * len(BANDS)]
        phase = f"{when}{only or ''}: {self._agent}"
        self._board.phase(phase, len(tasks) * len(marks))
        found: Found = {}

        def advance(done: int, _: object) -> None:
            self._board.advance(phase, len(tasks) * len(found) + done)

        for mark, temperature in marks.items():
            found[mark] = evaluate(
                self.world,
                self._policy,
                self._agent,
                tasks,
                self.fitting.limits,
                seed=self._config.seed,
                fits=self.fits,
                temperature=temperature,
                on_trees=advance,
            )
            self._board.evaluated(when + mark, found[mark], not mark)
        return found

    @property
    def on_cpu(self) -> bool:
        return self._params()[0].device.type == "cpu"

    def _params(self) -> list[Any]:
        return [*trainable(self._policy).model.parameters()]

    def weights(self) -> tuple[int, Weights]:
        """The version, and the weights as they are now."""
        return self._policy.version, [each.detach().cpu().numpy() for each in self._params()]

    def take(self, version: int, weights: Weights) -> None:
        """Goes on with other weights."""
        take_weights(self._params(), weights)
        self._policy.version = version
        self._policy.clear_cache()

    def trained(self, steps: int, deadline: float | None = None, helper: GradientHelper | None = None) -> int:
        """Trains until the steps are done or the time is up, at least one step; returns the steps done."""
        began = time.monotonic()
        phase = f"train: {self._agent}"
        self._board.phase(phase, steps)
        config = self._config.training(self.fitting, self._agent, steps if deadline is None else 1_000_000)
        done = 0
        store = self._config.file(self._agent)
        self._params()  # all is loaded now, and will be needed to the end: it is not searched again
        gc.freeze()
        gc.set_threshold(COLLECTED_AFTER, 20, 20)
        made = train(self.trains_in, self._policy, config, store=store, peers=Alone(helper))
        with closing(made):  # type: ignore[type-var]  # a generator: closing it closes the run file
            for step in made:
                done = step.step
                if not done:
                    continue
                # What the board does not show need not travel.
                self._board.stepped(self._agent, replace(step, attributions=None, probes=()))
                now = time.monotonic()
                over = deadline is not None and now > deadline
                if deadline is not None:  # as many as will fit, judged by those that are done
                    fitting = (
                        done if over else max(done + 1, round(done * (deadline - began) / (now - began)))
                    )
                    self._board.phase(phase, fitting)
                    self._board.plan(self._config.seconds(fitting))
                self._board.advance(phase, done)
                if over:
                    break
        return done


def flat_part(board: Board, steps: Callable[[], int], config: DemoConfig) -> dict[str, Found]:
    """All that the flat agent does: evaluations before and after, by the mark of their temperature.

    Args:
        steps: waits until it is known how many steps the other agent is trained.
    """
    part = _Part(config, "flat", board)
    before = part.evaluated("before")
    part.trained(config.steps if config.minutes is None else steps())
    return {"before": before, "after": part.evaluated("after")}


def second_part(
    board: Board, ask: Callable[[], Any], config: DemoConfig
) -> tuple[dict[str, Found], dict[str, Found]]:
    """What a second process does: the recursive agent's evaluation before training, all of the flat agent, and the
    recursive agent's evaluation after training at temperature 1. Returns what it found of each agent.

    Args:
        ask: waits for the number of steps, if `config.minutes` leaves it open; then for what `_Part.take` takes.
    """
    part = _Part(config, "recursive", board)
    before = part.evaluated("before")
    flat = flat_part(board, ask, config)
    part.take(*ask())
    return {"before": before, "after": part.evaluated("after", PLAIN)}, flat


class _Demo:
    """One demo under way."""

    def __init__(self, config: DemoConfig, board: Board) -> None:
        self._started = time.monotonic()
        self._config = config
        self._board = board
        self._part = _Part(config, "recursive", board)
        self._check()
        part = self._part
        self._result = DemoResult(config, world=part.world, fits=part.fits)

    def run(self) -> DemoResult:
        """Both agents: at the same time if there are two cores, otherwise one after the other."""
        config, board, result = self._config, self._board, self._result
        expected = config.seconds(config.steps)
        whole = sum(expected.values()) if config.minutes is None else config.minutes * 60
        board.say(f"world: {self._part.world!r}")
        bands = ", ".join(self._part.trains_in.difficulties)
        board.say(f"trains on {bands} tasks; this takes {_said(whole)} on two cores")
        board.plan(expected)
        try:
            if config.beside:
                self._with_others()
            else:
                before = self._part.evaluated("before")
                self._train()
                self._keep("recursive", {"before": before, "after": self._part.evaluated("after")})
                self._page()
                self._keep("flat", flat_part(board, lambda: result.steps, config))
        except KeyboardInterrupt:
            if config.out.exists():
                board.say(f"stopped: {config.out} holds every finished step")
            raise
        result.seconds = time.monotonic() - self._started
        return result

    def _with_others(self) -> None:
        """The recursive agent's training and a half of its last evaluation, with two other processes."""
        config, part = self._config, self._part
        with Beside(second_part, self._board, config) as second:
            with GradientHelper("tiny") if part.on_cpu else nullcontext() as helper:
                self._train(helper)
            if config.minutes is not None:
                second.answer(self._result.steps)
            second.answer(part.weights())
            after = part.evaluated("after", "" if len(part.marks) > 1 else None)
            self._page()
            recursive, flat = second.result()
        self._keep("recursive", {"before": recursive["before"], "after": after | recursive["after"]})
        self._keep("flat", flat)

    def _train(self, helper: GradientHelper | None = None) -> None:
        config = self._config
        deadline = None
        if config.minutes is not None:
            left = config.minutes * 60 - (time.monotonic() - self._started)
            deadline = time.monotonic() + left * TRAINING_SHARE
        self._result.steps = self._part.trained(config.steps, deadline, helper)

    def _page(self) -> None:
        config, steps = self._config, self._result.steps
        shown = f"1,{(steps + 1) // 2},{steps}"
        self._result.page = export_run(config.out, config.page, "html", shown)

    def _keep(self, agent: Agent, found: Mapping[str, Found]) -> None:
        for when, kept in (("before", self._result.before), ("after", self._result.after)):
            kept[agent] = found[when][""]
            if PLAIN in found[when]:
                self._result.plain[when][agent] = found[when][PLAIN]

    def _check(self) -> None:
        """Refuses at once what would end the demo in the middle.

        Raises:
            ConfigError: a number means nothing.
            RunFileError: a run of that name exists.
            UnavailableError: nothing can be written there.
        """
        for agent in AGENTS:
            self._config.training(self._part.fitting, agent, self._config.steps)
            out = self._config.file(agent)
            if out.exists():
                raise RunFileError(f"{out} exists already: choose another name with --out")
        spare_others(self._config.page, "html")
        make_folder(self._config.out.parent)


def _said(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"about {counted(minutes, 'minute')}" if minutes else "less than a minute"


def beside(path: Path, mark: str) -> Path:
    """A file beside `path`, with `mark` added to its name: demo.rao, demo-flat.rao."""
    return path.with_name(f"{path.stem}{mark}{path.suffix}")

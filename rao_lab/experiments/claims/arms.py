"""What is trained and evaluated for the claims: the arms, their settings, and the size of the whole.

An arm is one way to make a policy: a base, an agent, a rule of credit. A unit is one arm with one seed. Everything
that decides a verdict stands here or in `verdicts.py`, and `data/claims/plan.md` prints both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

from rao_lab.api.defaults import Suggested
from rao_lab.base.checks import choice
from rao_lab.base.safe_text import quoted
from rao_lab.credit import CreditConfig
from rao_lab.errors import ConfigError
from rao_lab.evaluation.evaluate import flat_limits
from rao_lab.experiments.claims import rules
from rao_lab.training.config import TrainConfig
from rao_lab.tree import Agent

BANDS = ("easy", "medium", "hard", "extreme")
TRAINED_ON = "medium"
WINDOWS = {"tiny": 128, "eager": 128, "wide": 256, "tiny-aggregation": 64}
"""The bases, and the window in tokens that each has in training and in its main evaluation."""
SECOND = "tiny-aggregation"
"""The base whose world is not TextCraft but aggregation, where claim (b) is repeated."""
TEMPERATURES = (1.0, 0.5)
"""Of each evaluation: 1 is that of training, and decides; .5 is printed beside it."""
MOST_STEPS = 200
"""The most that an arm at equal tokens is trained."""
CHECKPOINT_EVERY = 10
"""Steps. An interrupted unit goes on from its last checkpoint."""
RESUMED = "goes on after step"
"""The phase that a unit says once if an earlier start trained some of its steps."""
REPLAYED = {"medium": 60, "hard": 60}
"""Solved trees of a seed that are replayed for claim (d), of each band."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The size of the whole; the same for all arms."""

    steps: int = 40
    tasks_per_step: int = 8
    group_size: int = 8
    tasks: int = 300
    """Evaluated of each band."""
    replayed: Mapping[str, int] = field(default_factory=lambda: dict(REPLAYED))
    quick: bool = False


FULL = Scale()
QUICK = Scale(steps=24, tasks=100, replayed={"medium": 8, "hard": 8}, quick=True)
SEEDS = (0, 1, 2, 3, 4)
QUICK_SEEDS = (0, 1)
MOST_SEEDS = 1000


@dataclass(frozen=True, slots=True)
class Look:
    """One evaluation of a policy."""

    bands: tuple[str, ...]
    temperature: float
    window: int
    book: int = 0
    """Seed of the recipe book."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to make a policy, and where it is looked at."""

    name: str
    says: str
    agent: Agent = "recursive"
    base: str = "tiny"
    trained: bool = True
    credit: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `CreditConfig` that replace the defaults."""
    rule: str = ""
    """The estimator, if it is a function of `rules.py`."""
    equal_tokens: tuple[str, ...] = ()
    """(A, B): trained for as many steps as make its generated tokens equal those of A, judged by B, the same arm
    with the usual number of steps."""
    main: bool = True
    """Looked at on all bands; an ablation is looked at on medium and hard."""
    windows: tuple[int, ...] = ()
    """Other windows in which it is looked at: on hard, and in the second world on medium, too."""
    books: tuple[int, ...] = ()
    """Other recipe books with which it is looked at, on medium and hard."""
    replayed: bool = False
    """Its solved trees are replayed one child at a time."""

    @property
    def window(self) -> int:
        return WINDOWS[self.base]

    @property
    def world(self) -> str:
        return "aggregation" if self.base == SECOND else "textcraft"

    def training(self, fitting: Suggested, seed: int, steps: int, scale: Scale) -> TrainConfig:
        """How it is trained: with the demo's settings and its own rule of credit; no probes, which train nothing."""
        limits = replace(fitting.train_limits, context_window=self.window)
        rule = {"estimator": getattr(rules, self.rule)} if self.rule else {}
        return TrainConfig(
            steps=steps,
            tasks_per_step=scale.tasks_per_step,
            group_size=scale.group_size,
            seed=seed,
            agent=self.agent,
            limits=flat_limits(limits) if self.agent == "flat" else limits,
            credit=CreditConfig(**self.credit, **rule),
            probe_tasks=0,
            checkpoint_every=CHECKPOINT_EVERY,
            **fitting.train,
        )

    @property
    def looks(self) -> tuple[Look, ...]:
        """Every evaluation of it. Those in other windows are at temperature 1 alone, which decides."""
        bands = BANDS if self.main else ("medium", "hard")
        near = ("hard",) if self.world == "textcraft" else ("medium", "hard")
        return (
            *(Look(bands, temperature, self.window) for temperature in TEMPERATURES),
            *(Look(near, 1.0, window) for window in self.windows),
            *(
                Look(("medium", "hard"), temperature, self.window, book)
                for book in self.books
                for temperature in TEMPERATURES
            ),
        )

    def steps(self, scale: Scale, tokens: Mapping[str, int]) -> int:
        """Steps of training.

        Args:
            tokens: what the arms of `equal_tokens` generated in training, by name.
        """
        if not self.trained:
            return 0
        if not self.equal_tokens:
            return scale.steps
        wanted, usual = (tokens[name] for name in self.equal_tokens)
        return max(1, min(MOST_STEPS * scale.steps // FULL.steps, round(scale.steps * wanted / usual)))

    def to_dict(self) -> dict[str, Any]:
        plain = asdict(self)
        return {**plain, "looks": [asdict(look) for look in self.looks]}


_NARROW: Mapping[str, tuple[int, ...]] = {"tiny": (64, 96), SECOND: (32, 48)}
_BOOK = (7,)


def _family(base: str, mark: str, words: str) -> tuple[Arm, ...]:
    """The recursive and the flat agent of one base, before training, after it, and the flat one at equal tokens."""
    near = _NARROW.get(base, ())
    book = _BOOK if base == "tiny" else ()
    team = Arm(
        f"{mark}team_base",
        f"recursive, {words}, not trained",
        base=base,
        trained=False,
        windows=near,
        books=book,
    )
    solo = replace(team, name=f"{mark}solo_base", says=f"flat, {words}, not trained", agent="flat", books=())
    rao = replace(
        team, name=f"{mark}rao", says=f"recursive, {words}, RAO", trained=True, replayed=base == "tiny"
    )
    flat = replace(
        solo, name=f"{mark}flat", says=f"flat, {words}, RL on as many root tasks as RAO", trained=True
    )
    equal = replace(
        flat,
        name=f"{mark}flat_tokens",
        says=f"flat, {words}, RL with as many generated tokens as RAO of the same seed",
        equal_tokens=(rao.name, flat.name),
    )
    return team, rao, solo, flat, equal


def _ablation(name: str, says: str, rule: str = "", **credit: Any) -> Arm:
    return Arm(name, says, credit=credit, rule=rule, main=False)


MAIN = (
    *_family("tiny", "", "window of 128 tokens"),
    *_family("wide", "wide_", "window of 256 tokens"),
    Arm(
        "eager_base",
        "recursive, always delegates what can be crafted, not trained",
        base="eager",
        trained=False,
    ),
)
COUNTING = _family(SECOND, "count_", "aggregation, window of 64 tokens")
"""Claim (b) in the second world."""
ABLATIONS = (
    _ablation("lam_0", "lambda 0", lam=0.0),
    _ablation("lam_02", "lambda .2", lam=0.2),
    _ablation("lam_1", "lambda 1", lam=1.0),
    _ablation("no_depth_weights", "no depth weights", depth_weighting="none"),
    _ablation("group_mean", "baseline: mean of the group, the own root included", baseline="group_mean"),
    _ablation("no_baseline", "no baseline", baseline="none"),
    _ablation(
        "grpo_mean", "baseline: mean of all nodes of the group", estimator="grpo_mean", baseline="group_mean"
    ),
    _ablation("root_adv", "every node gets the advantage of its root", estimator="rao_root_adv"),
    _ablation("root_only", "only roots are trained", estimator="root_only"),
    _ablation("tree_relative", "children are compared with their siblings", estimator="tree_relative"),
    _ablation("bonus_min", "second term of R: lambda times the worst child", bonus="min"),
    _ablation(
        "bonus_capped", "second term of R: lambda times the sum, at most .4", bonus="capped_sum", cap=0.4
    ),
    _ablation(
        "rejection", "rejection sampling: every node of a solved tree is imitated", "rejection", lam=0.0
    ),
    _ablation("node_cost", "lambda 0, and a cost of .05 for each node below", "node_cost", lam=0.0),
)
ARMS: Mapping[str, Arm] = {arm.name: arm for arm in (*MAIN, *ABLATIONS, *COUNTING)}
QUICK_ARMS = ("team_base", "rao", "solo_base", "flat", "flat_tokens")
SETS: Mapping[str, tuple[str, ...]] = {
    "all": tuple(ARMS),
    "main": tuple(arm.name for arm in MAIN if arm.base == "tiny"),
    "wide": tuple(arm.name for arm in MAIN if arm.base == "wide"),
    "ablations": tuple(arm.name for arm in ABLATIONS),
    "aggregation": tuple(arm.name for arm in COUNTING),
    "quick": QUICK_ARMS,
}
"""Names for several arms at once."""


class Unit(NamedTuple):
    """One arm with one seed: what is run, kept and resumed as a whole."""

    arm: Arm
    seed: int

    @property
    def name(self) -> str:
        return f"{self.arm.name}-{self.seed}"

    def asked(self, scale: Scale) -> dict[str, Any]:
        """What its rows depend on, as plain JSON: rows of anything else are not its rows."""
        return {"arm": _plain(self.arm.to_dict()), "seed": self.seed, "scale": _plain(asdict(scale))}


def _plain(value: Any) -> Any:
    """As JSON gives it back."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def chosen_arms(names: Iterable[str]) -> list[Arm]:
    """The arms of these names or sets of arms, in the order of `ARMS`.

    Raises:
        ConfigError: there is no such arm.
    """
    wanted: set[str] = set()
    for name in names:
        wanted.update(SETS.get(name) or (choice("arm", name, (*ARMS, *SETS)),))
    return [arm for arm in ARMS.values() if arm.name in wanted]


def units_of(arms: Sequence[Arm], seeds: Sequence[int]) -> list[Unit]:
    """Seed by seed, so that what is there after some time is whole seeds. What a unit waits for comes before it."""
    if not arms or not seeds:
        raise ConfigError("no arm or no seed is chosen: give at least one of each")
    return [Unit(arm, seed) for seed in seeds for arm in arms]


def seeds_of(text: str) -> list[int]:
    """`"0,2-4"` as seeds.

    Raises:
        ConfigError: it is no such list.
    """
    found: list[int] = []
    for part in text.replace(",", " ").split():
        first, _, last = part.partition("-")
        if not (
            first.isdecimal()
            and (last or first).isdecimal()
            and int(first) <= int(last or first) < MOST_SEEDS
        ):
            raise ConfigError(f"--seeds {quoted(text)} is no list of seeds such as 0,1 or 0-4")
        found += range(int(first), int(last or first) + 1)
    return [*dict.fromkeys(found)]

"""Every setting of training as a value, checked when made; without torch, so that a command line is light.

`LossConfig` says what is descended, `TrainConfig` what a run is. Both turn into plain JSON and back, and refuse
names they do not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self, TypedDict, get_args

from rao_lab.base.calls import checked_call
from rao_lab.base.cell import Settings
from rao_lab.base.checks import MOST, MOST_SEED, arguments, choice, flag, number, temperature, whole
from rao_lab.base.safe_text import quoted
from rao_lab.credit import CreditConfig, ShareBy
from rao_lab.errors import ConfigError
from rao_lab.execution.limits import Limits
from rao_lab.tree import AGENTS, Agent

Loss = Literal["reinforce", "cispo", "ppo_clip"]
Normalizer = Literal["token", "node", "fixed"]
Decay = Literal["none", "linear", "cosine"]

CISPO_BOUND = 5.0
"""Upper bound of the ratio that weights log pi in `cispo`, as in the paper's settings."""
PPO_RANGE = 0.2
"""Usual half-width of `ppo_clip`'s ratio range."""


@checked_call
@dataclass(frozen=True, slots=True, repr=False)
class LossConfig(Settings):
    """The loss: - sum over trained tokens of c * f(token) / Z, plus kl * k3.

        >>> rl.LossConfig("ppo_clip", clip=0.1).bounds
        (0.9, 1.1)

    Args:
        loss: reinforce: f = log pi. cispo: f = stopgrad(clip(r, 0, `clip`)) * log pi. ppo_clip: c * f = the
            minimum of c * r and c * clip(r, 1 - `clip`, 1 + `clip`). r = exp(log pi - recorded log-prob).
        normalizer: Z. token: trained tokens of the whole batch. node: each node's tokens averaged, then over
            trained nodes. fixed: the constant `fixed`, which leaves the leave-one-out baseline unbiased.
        fixed: Z of `normalizer="fixed"`, in tokens; about the tokens of a usual step.
        clip: Bound of the ratio; None = 5 for cispo, 0.2 for ppo_clip.
        kl: Weight of k3 = exp(q - p) - (q - p) - 1 against the weights that training started from (p, q: log-
            probs now and then), on every trained token, not multiplied by c, over the same Z. 0 = off.
        temperature: What logits are divided by; None = the temperature the tokens were sampled at
            (`TrainConfig`).

    Raises:
        ConfigError: a value that means nothing, or two fields that contradict each other.
    """

    loss: Loss = "reinforce"
    normalizer: Normalizer = "token"
    fixed: float | None = None
    clip: float | None = None
    kl: float = 0.0
    temperature: float | None = None

    def __post_init__(self) -> None:
        choice("loss", self.loss, get_args(Loss))
        choice("normalizer", self.normalizer, get_args(Normalizer))
        _check_numbers(self, above_zero=("fixed", "clip"), from_zero=("kl",))
        if self.temperature is not None:
            temperature(self.temperature)
        if self.normalizer == "fixed" and self.fixed is None:
            raise ConfigError("normalizer='fixed' needs fixed: give the constant that divides the loss")
        if self.normalizer != "fixed" and self.fixed is not None:
            raise ConfigError(
                f"fixed={self.fixed} has no meaning with normalizer={self.normalizer!r}: use 'fixed'"
            )
        if self.loss == "reinforce" and self.clip is not None:
            raise ConfigError(f"clip={self.clip} has no meaning with loss='reinforce': it has no ratio")
        if self.loss == "ppo_clip" and self.clip is not None and self.clip >= 1:
            raise ConfigError(f"clip={self.clip} with loss='ppo_clip' allows ratios of 0: give less than 1")

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Lowest and highest ratio that is not clipped; None if none is clipped."""
        if self.loss == "cispo":
            return 0.0, CISPO_BOUND if self.clip is None else self.clip
        if self.loss == "ppo_clip":
            width = PPO_RANGE if self.clip is None else self.clip
            return 1.0 - width, 1.0 + width
        return None

    @property
    def share_by(self) -> ShareBy:
        """How `credit` shares the loss weight under this normalizer."""
        return "node" if self.normalizer == "node" else "token"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`.

        Raises:
            ConfigError: an unknown field, or a value that means nothing.
        """
        return cls(**arguments(cls, data, cls.__name__))


@checked_call
@dataclass(frozen=True, slots=True, repr=False)
class TrainConfig(Settings):
    """A training run: what is sampled, how it is credited, how the weights move.

        >>> config = rl.TrainConfig(steps=20, credit=rl.CreditConfig(lam=0.2))
        >>> config.credit.lam, config.tasks_per_step
        (0.2, 8)

    Args:
        steps: Training steps; each samples anew and updates `epochs` times.
        tasks_per_step: Groups sampled a step, each of another task; over all processes together.
        group_size: G: independent trees of each task. At least 2 for the leave-one-out baseline.
        learning_rate: Peak step of AdamW; 3e-4 suits the tiny model, about 1e-6 (full) or 1e-5 (LoRA)
            billions of weights.
        warmup_steps: Steps over which the learning rate rises linearly to its peak; 0 = none.
        lr_decay: How the learning rate falls from the end of warm-up to just above 0 at the last step.
        weight_decay: AdamW's decoupled decay, per unit of learning rate.
        betas: AdamW's decay rates of the first and second moment, each in [0, 1).
        adam_epsilon: AdamW's floor under the root of the second moment.
        grad_clip: Largest norm of the whole gradient; None = not clipped.
        epochs: Updates on each sampled batch. Above 1 the later ones are off-policy: needs cispo or ppo_clip.
        temperature: Sampling temperature of training, probes included; log-probs are of that distribution.
        seed: Keys tasks and sampling noise; the same seed gives the same run on one machine type.
        agent: recursive, or flat: the single-agent control without `launch_subagent`.
        split: Split of the environment that training tasks are drawn from.
        limits: Bounds of every tree.
        credit: Equations 1, 3 and 4 of arXiv 2605.06639 and their alternatives.
        loss: Equation 5.
        tokens_per_pack: Padded tokens forwarded at once: memory grows with it; small models on a CPU are
            fastest near this.
        recompute: Activations inside a layer are computed again in the backward pass and not kept: for models
            or contexts that do not fit otherwise. The same gradient in a third more time.
        probe_tasks: Tasks sampled again and again with the same noise, never trained; 0 = no probes.
        probe_rollouts: Trees of each probe task.
        probe_every: Steps between probes; they are sampled after the update, before the first one, and at the
            end.
        probe_split: Split that probe tasks are taken from, spread over difficulties.
        probe_seed: Keys which tasks are probes; None = seed. Give runs of several seeds the same number, and they
            have the same probe tasks.
        checkpoint_every: Steps between checkpoints; the last step always has one, and the last before a stop.
        logprob_bound: Largest `|recorded - recomputed|` log-prob in nats before a step carries a warning; if the
            weights are in half precision, the mean is meant.

    Raises:
        ConfigError: a value that means nothing, or two fields that contradict each other.
    """

    steps: int = 40
    tasks_per_step: int = 8
    group_size: int = 8
    learning_rate: float = 3e-4
    warmup_steps: int = 3
    lr_decay: Decay = "none"
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    adam_epsilon: float = 1e-8
    grad_clip: float | None = 1.0
    epochs: int = 1
    temperature: float = 1.0
    seed: int = 0
    agent: Agent = "recursive"
    split: str = "train"
    limits: Limits = field(default_factory=Limits)
    credit: CreditConfig = field(default_factory=CreditConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    tokens_per_pack: int = 2048
    recompute: bool = False
    probe_tasks: int = 4
    probe_rollouts: int = 4
    probe_every: int = 5
    probe_split: str = "dev"
    probe_seed: int | None = None
    checkpoint_every: int = 1
    logprob_bound: float = 0.02

    def __post_init__(self) -> None:
        object.__setattr__(self, "betas", _pair(self.betas))
        choice("agent", self.agent, AGENTS)
        choice("lr_decay", self.lr_decay, get_args(Decay))
        for name in _FROM_ONE:
            whole(name, getattr(self, name), least=1)
        for name in _FROM_ZERO:
            whole(name, getattr(self, name), least=0, most=MOST_SEED if name == "seed" else MOST)
        if self.probe_seed is not None:
            whole("probe_seed", self.probe_seed, least=0, most=MOST_SEED)
        _check_numbers(self, above_zero=_ABOVE_ZERO, from_zero=("weight_decay",))
        temperature(self.temperature)
        flag("recompute", self.recompute)
        for name, kind in (("limits", Limits), ("credit", CreditConfig), ("loss", LossConfig)):
            if not isinstance(getattr(self, name), kind):
                raise ConfigError(f"{name} must be a {kind.__name__}, not {quoted(getattr(self, name))}")
        for name in ("split", "probe_split"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name):
                raise ConfigError(f"{name} must name a split, not {quoted(getattr(self, name))}")
        self._check_pairs()

    def _check_pairs(self) -> None:
        compared = self.credit.baseline not in ("none", "moving") and not self.credit.rule
        if self.group_size < 2 and compared:
            raise ConfigError(
                f"group_size={self.group_size} with credit.baseline={self.credit.baseline!r} leaves nothing "
                "to compare a root with: use at least 2, or baseline='moving' or 'none'"
            )
        if self.epochs > 1 and self.loss.loss == "reinforce":
            raise ConfigError(
                f"epochs={self.epochs} with loss.loss='reinforce' trains off-policy tokens without a ratio: "
                "use epochs=1, or 'cispo' or 'ppo_clip'"
            )
        if self.loss.temperature not in (None, self.temperature):
            raise ConfigError(
                f"loss.temperature={self.loss.temperature} differs from temperature={self.temperature}: "
                "recomputed and recorded log-probs would be of two distributions; set temperature alone"
            )
        if self.probe_tasks and self.probe_split == self.split:
            raise ConfigError(
                f"probe_split={quoted(self.probe_split)} is also split: probes would be trained on; "
                "name another, or set probe_tasks=0"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; without `probe_seed` if it is None."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        if self.probe_seed is None:
            del plain["probe_seed"]
        nested = {name: plain[name].to_dict() for name in _NESTED}
        return plain | nested | {"betas": list(self.betas)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`; fields left out take their defaults.

        Raises:
            ConfigError: an unknown field (the message names the nearest), or a value that means nothing.
        """
        values = arguments(cls, data, cls.__name__)
        for name, kind in _NESTED.items():
            if name in values and not isinstance(values[name], kind):
                if not isinstance(values[name], Mapping):
                    raise ConfigError(
                        f"{name} must be an object with the fields of {kind.__name__}, "
                        f"not {quoted(values[name])}"
                    )
                values[name] = kind.from_dict(values[name])
        return cls(**values)


class TrainSettings(TypedDict, total=False):
    """The fields of `TrainConfig`, as keywords; a test holds the two together."""

    steps: int
    tasks_per_step: int
    group_size: int
    learning_rate: float
    warmup_steps: int
    lr_decay: Decay
    weight_decay: float
    betas: tuple[float, float]
    adam_epsilon: float
    grad_clip: float | None
    epochs: int
    temperature: float
    seed: int
    agent: Agent
    split: str
    limits: Limits
    credit: CreditConfig
    loss: LossConfig
    tokens_per_pack: int
    recompute: bool
    probe_tasks: int
    probe_rollouts: int
    probe_every: int
    probe_split: str
    probe_seed: int | None
    checkpoint_every: int
    logprob_bound: float


_NESTED: dict[str, Any] = {"limits": Limits, "credit": CreditConfig, "loss": LossConfig}
_FROM_ONE = (
    "steps",
    "tasks_per_step",
    "group_size",
    "epochs",
    "tokens_per_pack",
    "probe_rollouts",
    "probe_every",
    "checkpoint_every",
)
_FROM_ZERO = ("warmup_steps", "probe_tasks", "seed")
_ABOVE_ZERO = ("learning_rate", "adam_epsilon", "grad_clip", "logprob_bound")


def _check_numbers(config: Any, above_zero: tuple[str, ...], from_zero: tuple[str, ...]) -> None:
    """Refuses what is no finite number; None passes if the field allows it."""
    optional = {item.name for item in fields(config) if "None" in str(item.type)}
    for name in above_zero + from_zero:
        value = getattr(config, name)
        if value is not None or name not in optional:
            number(name, value, above=name in above_zero)


def _pair(betas: Any) -> tuple[float, float]:
    numbers = [*betas] if isinstance(betas, (list, tuple)) else []
    if len(numbers) != 2 or not all(type(beta) in (int, float) and 0 <= beta < 1 for beta in numbers):
        raise ConfigError(f"betas must be two numbers in [0, 1), not {quoted(betas)}")
    return float(numbers[0]), float(numbers[1])

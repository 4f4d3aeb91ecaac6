"""What suits a policy if its user says nothing: limits, tasks, and settings of training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.environments.bundled import BUNDLED, USUAL
from rao_lab.environments.named import Player
from rao_lab.errors import ConfigError
from rao_lab.execution.limits import Limits
from rao_lab.policies.replay import ReplayPolicy
from rao_lab.protocols import Dialect, Environment, Policy, Scripted, Worded


@dataclass(frozen=True, slots=True)
class Suggested:
    """What suits a policy if its user says nothing."""

    limits: Limits
    player: Player
    """Its kind: an environment may have tasks that suit it."""
    train_limits: Limits
    """Bounds of trees in training: tighter, since one tree of many tried is cheap to lose."""
    train: Mapping[str, Any]
    """Other fields of `TrainConfig`."""
    temperature: float | None = None
    """Of sampling outside training, which explores and samples at 1; None = that of the policy."""


TINY = Suggested(
    Limits(
        max_depth=8, max_turns=16, max_nodes=48, max_tree_turns=400, max_new_tokens=24, context_window=128
    ),
    "tiny",
    Limits(
        max_depth=6, max_turns=16, max_nodes=32, max_tree_turns=300, max_new_tokens=24, context_window=128
    ),
    {"learning_rate": 6e-4, "lr_decay": "linear"},
    temperature=0.5,
)
LARGE = replace(TINY, limits=replace(TINY.limits, max_nodes=96, max_tree_turns=1000))
OF_WORLD: Mapping[str, Suggested] = {"aggregation": LARGE}
"""What suits a tiny policy of another world. A context of 256 lines takes a team of 63, and each node sets
turns aside for its helpers."""
_WIDE = Limits(max_depth=12, max_turns=64, max_children=64, max_nodes=512, max_tree_turns=4000)
SCRIPTED = Suggested(_WIDE, "scripted", _WIDE, {})
_CHAT = Limits(max_depth=3, max_turns=12, max_nodes=24, max_new_tokens=256)
# A checkpoint of these takes three times the weights: 1.6 GB for SmolLM2-135M in float32.
CHAT = Suggested(_CHAT, "chat", _CHAT, {"learning_rate": 1e-5, "checkpoint_every": 5})
LOCAL_CHAT = replace(CHAT, temperature=0.5)
"""A chat model on this machine. Code that is to run needs likely tokens: one unlikely token in a block, and none of the
block runs. A server knows what suits its model, so it keeps its own temperature."""


def check_loaded(policy: object) -> None:
    """Refuses a name in a policy's place.

    Raises:
        ConfigError: saying how it becomes a policy.
    """
    if isinstance(policy, str | Path):
        said = quoted(str(policy))
        raise ConfigError(f"policy {said} is a name and no policy yet: give rl.load_policy({said})")


def suggested(policy: Policy, environment: Environment | None = None) -> Suggested:
    """What suits a policy: by its dialect and whether it has tokens.

    Args:
        environment: where it is to play; None = that is not known yet.

    Raises:
        ConfigError: this is the name of a policy and no policy, or a script is to play a world that has none.
    """
    check_loaded(policy)
    if isinstance(policy, ReplayPolicy) and policy.limits:
        usual = CHAT if policy.live is None else suggested(policy.live, environment)
        return replace(usual, limits=Limits.from_dict(policy.limits))
    if policy.window:
        tiny = OF_WORLD.get(made_in(policy), TINY)
        return _warm(_of_window(tiny, policy.window) if policy.dialect == "terse" else LOCAL_CHAT, policy)
    if not policy.name.startswith("scripted"):
        return CHAT
    if environment is not None and not isinstance(environment, Scripted):
        bundled = environment.name in BUNDLED
        whose = "for tasks of files that are yours" if bundled else "(styles and play)"
        raise ConfigError(
            f"the scripted policy cannot play {unquoted(environment.name)}, which has no script {whose}: play it with "
            "a chat model, such as smollm2"
        )
    return SCRIPTED


def made_in(policy: Policy) -> str:
    """The bundled world that a policy was made for, which is its world if its user names none."""
    world = getattr(policy, "world", USUAL)  # policies of users say nothing
    return world if isinstance(world, str) and world in BUNDLED else USUAL


def _of_window(usual: Suggested, window: int) -> Suggested:
    """With limits for contexts as long as the policy's own window."""
    limits, train_limits = (
        replace(each, context_window=window) for each in (usual.limits, usual.train_limits)
    )
    return replace(usual, limits=limits, train_limits=train_limits)


def _warm(usual: Suggested, policy: Policy) -> Suggested:
    """With the temperature that a local model was loaded with, or that its folder names."""
    own = getattr(policy, "usual_temperature", None)  # policies of users have none
    return usual if own is None else replace(usual, temperature=own)


def deafness(policy: Policy) -> str:
    """Why a policy makes nothing of a prompt; "" if it reads prompts."""
    kind = suggested(policy).player
    if kind == "chat":
        return ""
    return (
        "plays by rule and reads no prompt"
        if kind == "scripted"
        else "reads its own dialect and no other prompt"
    )


def unread(policy: Policy, prompt: Dialect) -> str:
    """Why a policy makes nothing of a prompt; "" if nothing speaks against it."""
    name = unquoted(policy.name)
    if policy.name.startswith("scripted"):
        return f"{name} plays by rule and reads no prompt: its trees are the same, whatever it says"
    if policy.dialect == "terse" and prompt.name != "terse":
        return (
            f"{name} knows the words of terse alone, and will make nothing of {prompt.name}: play it with a chat model "
            "(--policy smollm2)"
        )
    if policy.dialect != "terse" and prompt.name == "terse":
        return (
            f"{name} reads the words of terse, which were made for the embedded model tiny alone: a chat model makes "
            "little of them, and more of codeact"
        )
    return ""


def unsuited(policy: Policy, environment: Environment) -> str:
    """Why a policy will fail in a world that it can play, and what to do; "" if nothing speaks against it."""
    known = getattr(policy, "world", "")
    if suggested(policy).player != "tiny" or environment.name == known:
        return ""
    if isinstance(environment, Worded) and not known:  # it may have learned these words
        return ""
    script = "--policy scripted or " if isinstance(environment, Scripted) else ""
    return (
        f"{unquoted(policy.name)} knows the words of {made_in(policy)} only, and will hardly solve a task of "
        f"{unquoted(environment.name)}: play it with {script}a chat model (--policy smollm2)"
    )

"""RAO Lab: recursive agents whose every instance earns its own credit.

    import rao_lab as rl

    env = rl.environments.TextCraft(difficulty="medium")
    policy = rl.load_policy("tiny")
    tree = rl.run(env.tasks("test")[0], env, policy)
    print(tree)

Names are loaded when first used, so importing this package costs milliseconds and no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from rao_lab import environments, figures, prompts
    from rao_lab.attribution import Attribution, Attributions, CreditConfig
    from rao_lab.credit import attribute
    from rao_lab.errors import (
        ConfigError,
        InputError,
        MissingError,
        RaoLabError,
        RecordError,
        RunFileError,
        UnavailableError,
    )
    from rao_lab.evaluation import Comparison, Evaluation
    from rao_lab.limits import Limits
    from rao_lab.loading import load_policy
    from rao_lab.metrics import TrainStep
    from rao_lab.running import arun, compare, evaluate, run
    from rao_lab.session import Session
    from rao_lab.store import Run, open_run
    from rao_lab.train_config import LossConfig, TrainConfig
    from rao_lab.training import default_config, start, train
    from rao_lab.tree import Group, Message, Node, Status, Task, Tree, Turn
    from rao_lab.widgets import Explorer

_HOMES = {
    "rao_lab.attribution": ("Attribution", "Attributions", "CreditConfig"),
    "rao_lab.credit": ("attribute",),
    "rao_lab.errors": (
        "ConfigError",
        "InputError",
        "MissingError",
        "RaoLabError",
        "RecordError",
        "RunFileError",
        "UnavailableError",
    ),
    "rao_lab.evaluation": ("Comparison", "Evaluation"),
    "rao_lab.limits": ("Limits",),
    "rao_lab.loading": ("load_policy",),
    "rao_lab.metrics": ("TrainStep",),
    "rao_lab.running": ("arun", "compare", "evaluate", "run"),
    "rao_lab.session": ("Session",),
    "rao_lab.store": ("Run", "open_run"),
    "rao_lab.train_config": ("LossConfig", "TrainConfig"),
    "rao_lab.training": ("default_config", "start", "train"),
    "rao_lab.tree": ("Group", "Message", "Node", "Status", "Task", "Tree", "Turn"),
    "rao_lab.widgets": ("Explorer",),
}
_MODULES = ("environments", "figures", "prompts")
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted([*_HOME_OF, *_MODULES, "__version__"])


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"rao_lab.{name}")
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"rao_lab has no {name!r}; its public names are in rao_lab.__all__")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)

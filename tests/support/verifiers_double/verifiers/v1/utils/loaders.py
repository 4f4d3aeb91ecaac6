"""Tasksets by the names of their packages."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from verifiers.v1 import Env, SingleAgentEnv, Taskset, TasksetConfig
from verifiers.v1.utils.generic import concrete


def _exported(name: str, base: type) -> Any:
    module = import_module(name.replace("-", "_"))
    kinds = [getattr(module, each) for each in module.__all__]
    found = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, base)]
    if not found:
        raise TypeError(f"{name} exports no {base.__name__}")
    return found[0]


def taskset_class(name: str) -> Any:
    return _exported(name, Taskset)


def environment_class(name: str) -> Any:
    try:
        return _exported(name, Env)
    except TypeError:
        return SingleAgentEnv


def taskset_config_type(name: str) -> Any:
    return concrete(taskset_class(name), TasksetConfig)

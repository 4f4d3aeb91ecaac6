"""Finds an environment of `verifiers` by name, or tells what an object of it is.

The library has two protocols. `verifiers.v1` (0.2 and later) has tasksets, and is the only one from 0.4 on. The older
one (until 0.3, where it also lies in `verifiers.legacy`) has environments with a dataset and a rubric.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from rao_lab.base.own_code import one_line_about
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.environments.verifiers.classic import ClassicSource
from rao_lab.environments.verifiers.source import Source
from rao_lab.environments.verifiers.taskset import TasksetSource
from rao_lab.errors import ConfigError, MissingError

INSTALL = "verifiers is not installed: pip install verifiers, and the package of the environment"
WHAT = (
    "give the name of an installed one, a taskset or an environment with one agent of verifiers.v1, or an environment "
    "of the older protocol"
)


def source_of(env: Any, name: str, limit: int | None, settings: Mapping[str, Any]) -> Source:
    """What a name or an object of the library offers.

    Raises:
        MissingError: the library is not installed, or there is no such environment.
        ConfigError: it does not map, or there is something to set on what is made already.
        InputError: it cannot be loaded.
    """
    if isinstance(env, str):
        called = name or env
        with one_line_about(f"{unquoted(env)} of verifiers cannot be loaded"), _signals_kept():
            return _source(_named(env, settings), called, limit)
    if settings:
        raise ConfigError(
            f"{', '.join(settings)}: only an environment given by its name takes settings of its own"
        )
    with one_line_about(f"{type(env).__name__} of verifiers cannot be read"):
        return _source(env, name, limit)


def _source(env: Any, name: str, limit: int | None) -> Source:
    v1 = _loaded("verifiers.v1")
    if hasattr(v1, "Trace"):
        if isinstance(env, v1.Env):
            if type(env) is not v1.SingleAgentEnv:
                raise ConfigError(
                    f"{type(env).__name__} lets several agents play, or plays in a way of its own, which is not "
                    "mapped: rl.from_verifiers(env.taskset) has its tasks and their rewards"
                )
            env = env.taskset
        if isinstance(env, v1.Taskset):
            return TasksetSource(env, name, limit)
    for place in ("verifiers", "verifiers.legacy"):
        old = _loaded(place)
        if isinstance(env, getattr(old, "Environment", ())):
            return ClassicSource(old, env, name, limit)
    if not _there("verifiers"):
        raise MissingError(INSTALL)
    raise ConfigError(f"env={quoted(env)} is no environment of verifiers: {WHAT}")


def _loaded(name: str) -> Any:
    """A module, if it has been imported; what is of it has imported it."""
    return sys.modules.get(name)


def _named(name: str, settings: Mapping[str, Any]) -> Any:
    """An environment by the name of its package.

    Raises:
        MissingError: there is none.
    """
    if not _there("verifiers"):
        raise MissingError(INSTALL)
    module = name.rsplit("/", 1)[-1].partition("@")[0].replace("-", "_")
    if not all(part.isidentifier() for part in module.split(".")):
        raise MissingError(f"no environment {quoted(name)}: give the name of its package, as in marble-v1")
    places = [place for place in (f"verifiers.v1.tasksets.{module}", module) if _there(place)]
    if not places:
        raise MissingError(
            f"no environment {quoted(name)}: install its package, as in pip install {unquoted(name)}"
        )
    code = import_module(places[0])
    loaders = _loaders()
    try:
        kind = None if loaders is None else loaders.taskset_class(name)
    except (TypeError, AttributeError, ModuleNotFoundError):  # there is none in its __all__
        kind = None
    if kind is not None:
        return _taskset(name, kind, loaders, settings)
    if not _there("verifiers.legacy") and not _there("verifiers.envs"):
        raise MissingError(
            f"{unquoted(name)} has no taskset in its __all__; if it is of the older protocol: pip install "
            "'verifiers<0.4'"
        )
    load = getattr(code, "load_environment", None)
    if not callable(load):
        raise MissingError(f"{unquoted(name)} has neither a taskset in its __all__ nor load_environment")
    return load(**settings)


def _taskset(name: str, kind: Any, loaders: Any, settings: Mapping[str, Any]) -> Any:
    """A taskset with its settings.

    Raises:
        ConfigError: it has no such setting, or it cannot be played without an environment of its own.
    """
    own = loaders.environment_class(name)
    if own is not loaders.SingleAgentEnv:
        raise ConfigError(
            f"{unquoted(name)} brings an environment of its own ({own.__name__}), whose play is not mapped: give its "
            f"taskset, made by {kind.__name__}(config)"
        )
    config = loaders.taskset_config_type(name)
    known = [each for each in config.model_fields if each not in ("id", "task", "system_prompt")]
    for each in settings:
        if each not in config.model_fields:
            raise ConfigError(
                f"{unquoted(name)} has no setting {unquoted(each)}: it has {', '.join(known) or 'none'}"
            )
    return kind(config(id=name, **settings))


def _there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of a package above it
        return False


def _loaders() -> ModuleType | None:
    """What loads tasksets by name; None = the library is too old to have them."""
    try:
        return import_module("verifiers.v1.utils.loaders")
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("verifiers"):
            return None
        raise


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Environments of the older protocol take over Ctrl-C when they are made: it is given back."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in kept.items():
            if handler is not None:
                signal.signal(each, handler)

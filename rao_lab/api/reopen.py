"""How world and policy of a run are opened again, so that it goes on by its name alone.

A run records, without absolute paths, what each was opened by (`run.config["opened"]`). A model folder that
cannot be named so is taken from the run's newest checkpoint, which holds the whole policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.environments.bundled import BUNDLED as BUNDLED_WORLDS
from rao_lab.environments.bundled import USUAL
from rao_lab.environments.named import FLAGS, Player, Reopened, flag_of, open_named
from rao_lab.errors import ConfigError, MissingError, RunFileError
from rao_lab.policies.load import BUNDLED, HUB_ID, load_policy
from rao_lab.prompts import chosen, of_record
from rao_lab.protocols import Dialect, Environment, Policy
from rao_lab.store import checkpoint_folder, open_run
from rao_lab.store.files import file_path
from rao_lab.store.journal import is_begun
from rao_lab.store.rows.encode import portable
from rao_lab.training.config import TrainConfig


@dataclass(frozen=True)
class Begun:
    """What a run file says of how it was made; empty if nothing was begun there."""

    store: Path
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def train(self) -> Mapping[str, Any]:
        """The training settings."""
        return _mapping(self.config.get("train"))

    @property
    def judging(self) -> Mapping[str, Any]:
        """The rubric and the settings of the judge; empty if there was none that has some."""
        return _mapping(self.config.get("judging"))

    @property
    def dialect(self) -> str | None:
        """The name of the dialect it is trained in."""
        found = self.config.get("dialect")
        return found if isinstance(found, str) else None

    def opened(self, what: str) -> Mapping[str, Any]:
        """By what the "env" or the "policy" was opened; empty if the run does not say."""
        found = _mapping(_mapping(self.config.get("opened")).get(what))
        return {name: value for name, value in found.items() if isinstance(value, str) or name == "settings"}


def begun(store: str | Path, resume: bool) -> Begun:
    """What is known of a run that is to go on; nothing if there is none to read."""
    path = file_path(store)
    if resume and is_begun(path):
        with suppress(RunFileError), open_run(path) as run:  # who writes the file says what is wrong with it
            return Begun(path, run.config)
    return Begun(path)


def resumed_config(store: str | Path | None, resume: bool) -> TrainConfig | None:
    """The training settings of a run that is to go on; None if there is none yet."""
    train = begun(store, resume).train if store is not None else {}
    return TrainConfig.from_dict(train) if train else None


def resumed_prompt(store: str | Path | None, resume: bool, policy: Policy) -> Dialect:
    """The prompt of a run that is to go on, unless the policy was loaded with one; otherwise the policy's own."""
    run = begun(store, resume) if store is not None else Begun(Path())
    if getattr(policy, "prompt", None) is None and run.dialect is not None:
        return of_record(run.config, run.dialect)
    return chosen(None, policy)


def set_alike(store: str | Path | None, resume: bool, policy: Policy) -> None:
    """Gives a policy the day (if its chat template prints the date) and the threads of the run that is to go on.

    What it was loaded with on purpose stays.
    """
    if store is None:
        return
    known = begun(store, resume).config
    asked = _mapping(_mapping(getattr(policy, "opened", {})).get("settings"))
    for name, kind in (("clock", str), ("threads", int)):
        value = known.get(name)
        if value and isinstance(value, kind) and not asked.get(name) and getattr(policy, name, None):
            setattr(policy, name, value)


def how_opened(environment: Environment, policy: Policy) -> dict[str, Any]:
    """What a run records of how its world and its policy can be opened again."""
    kind = type(environment)
    known = (
        environment.opened
        if isinstance(environment, Reopened)
        and isinstance(environment.opened, Mapping)  # not a name of its own
        else {"made by": f"{kind.__module__}:{kind.__qualname__}"}
    )
    return {"env": dict(known), "policy": dict(getattr(policy, "opened", {}))}


def reopen_policy(run: Begun, name: str | None, settings: Mapping[str, Any]) -> Policy:
    """The policy of a run that goes on, or of a new one; what is given wins over what was recorded.

    Args:
        name: None = as recorded; of a new run, "tiny".

    Raises:
        MissingError: the run does not hold it, and it cannot be found.
        as `load_policy`.
    """
    recorded = run.opened("policy")
    both = {**recorded_settings(run, recorded), **settings}
    if name is not None:
        return load_policy(name, **both)
    if not run.config:
        return load_policy("tiny", **settings)
    found = found_again(run)
    if found is not None:
        return load_policy(found, **both)
    policy = load_policy(
        str(_of_checkpoint(run, recorded)), **{key: value for key, value in both.items() if key != "lora"}
    )
    policy.name = str(run.config.get("policy", policy.name))
    # Not by its checkpoint: the next resumption looks for it in the same place.
    policy.opened = {**(recorded or {"elsewhere": policy.name}), "settings": both}  # type: ignore[attr-defined]
    return policy


def recorded_settings(run: Begun, recorded: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that the policy was loaded with; its prompt as the run holds it."""
    known = dict(_mapping(recorded.get("settings")))
    name = known.pop("dialect", None) or known.pop("prompt", None)
    return {**known, "prompt": of_record(run.config, name)} if isinstance(name, str) else known


def found_again(run: Begun) -> str | None:
    """The name or folder that a run's policy was loaded by, if it still leads there."""
    recorded = run.opened("policy")
    return _found(recorded) or (None if recorded else _bundled(run))


def _found(recorded: Mapping[str, Any]) -> str | None:
    """The name that the policy was loaded by, if it still leads there."""
    name, folder = recorded.get("name"), recorded.get("folder")
    if isinstance(name, str) and (name in BUNDLED or HUB_ID.fullmatch(name)):
        return name
    return folder if isinstance(folder, str) and Path(folder).exists() else None


def _bundled(run: Begun) -> str | None:
    """The policy's name, of a run that was recorded before it said more."""
    name = run.config.get("policy")
    return name if name in BUNDLED else None


def _of_checkpoint(run: Begun, recorded: Mapping[str, Any]) -> Path:
    """The policy in the newest checkpoint: the weights are put in place later, by the newest that is sound."""
    name = quoted(
        next((recorded[key] for key in ("folder", "elsewhere") if key in recorded), run.config.get("policy"))
    )
    give = "give it by --policy FOLDER"
    if _mapping(recorded.get("settings")).get("lora"):
        raise MissingError(
            f"{run.store.name} trains an adapter of the model folder {name}, which is not here: {give}"
        )
    folders = sorted(
        checkpoint_folder(run.store).glob("step-*/policy"), key=lambda each: each.stat().st_mtime
    )
    if not folders:
        raise MissingError(f"{run.store.name} began with the model folder {name}, which is not here: {give}")
    return folders[-1]


def reopen_environment(
    run: Begun,
    name: str | None,
    player: Player,
    difficulty: str | None,
    rules: Path | None,
    tasks: Path | None,
    settings: Mapping[str, Any],
) -> Environment:
    """The world of a run that goes on, or of a new one; what is given wins over what was recorded.

    Raises:
        MissingError: the run does not say how it is opened, or a file of it is not here.
        as `open_named`.
    """
    recorded = run.opened("env")
    if name is None and "made by" in recorded:
        raise MissingError(
            f"{run.store.name} was made in Python, in a world of {unquoted(recorded['made by'])}: go on there, "
            "or name the world by --env MODULE:CLASS"
        )
    named = name is not None
    if named and name != recorded.get("env"):
        recorded = {}  # another world, which is refused later, has other options
    both = {**_mapping(recorded.get("settings")), **settings}
    name = name or recorded.get("env") or USUAL
    if name == recorded.get("env") and name not in BUNDLED_WORLDS and not named:
        raise MissingError(
            f"{run.store.name} was made in the world {unquoted(name)}: give --env {unquoted(name)} (a run file "
            "alone starts no code)"
        )
    difficulty = difficulty or recorded.get("difficulty")
    rules = rules or _file(run, "rules", recorded)
    tasks = tasks or _file(run, "tasks", recorded)
    return open_named(name, player, difficulty, rules, tasks, both)


def _file(run: Begun, which: str, recorded: Mapping[str, Any]) -> Path | None:
    """A file or a folder that the run was made with, from here or from beside the run.

    Raises:
        MissingError: it is in neither place.
    """
    name = recorded.get(which)
    if not isinstance(name, str):
        return None
    places = [Path(name), run.store.parent / Path(name).name]
    found = next((place for place in places if place.exists()), None)
    if found is None:
        flag = flag_of(which, recorded.get("env"))
        raise MissingError(
            f"{run.store.name} was made with {flag} {unquoted(name)}, which is not here: give {flag} FILE"
        )
    return found


def check_reopened(before: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Refuses to go on in a world or with a policy that was opened otherwise.

    Raises:
        ConfigError: naming the first option that differs, with both values.
    """
    was, now = (_mapping(each.get("opened")) for each in (before, portable(about)))
    for part, flags, settings in (("env", ("env", "difficulty"), None), ("policy", ("name",), ("lora",))):
        left, right = _mapping(was.get(part)), _mapping(now.get(part))
        if not left or not right:
            continue  # a run that was recorded before it said this, or a policy made by hand
        for name in flags:
            if name in left and name in right:
                _check(
                    part if name == "name" else name, FLAGS.get(name, f"--{part}"), left[name], right[name]
                )
        if left.get("digest") != right.get("digest"):
            file = right.get("tasks") or right.get("rules")
            raise ConfigError(
                f"this run was made with other tasks than those of {quoted(file)}: leave out "
                f"{flag_of('rules', right.get('env'))} and {FLAGS['tasks']}, or give the files that it was made with"
            )
        own = _mapping(left.get("settings")), _mapping(right.get("settings"))
        for name in settings or {**own[0], **own[1]}:
            _check(name, f"--set {part}.{name}", own[0].get(name), own[1].get(name))


def _check(name: str, flag: str, was: Any, now: Any) -> None:
    if was != now:
        raise ConfigError(
            f"this run was made with {name}={quoted(was)} and cannot be resumed with {quoted(now)}: "
            f"leave out {flag}, or start another run"
        )


def _mapping(value: Any) -> Mapping[str, Any]:
    """A file may say anything."""
    known = isinstance(value, Mapping) and all(isinstance(name, str) for name in value)
    return value if known else {}

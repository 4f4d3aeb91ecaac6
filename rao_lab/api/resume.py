"""How a run was made, and how it goes on after a stop.

A resumed run equals an uninterrupted one to the bit if it is made alike. What could change the bits (threads,
processor, number format, processes, versions) is recorded for each attempt and compared on resume; a difference
is said and marked in the run: `run.config["resumed"]`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from rao_lab.api.reopen import check_reopened, how_opened
from rao_lab.base import device
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.base.versions import package_versions
from rao_lab.base.warned import warn_user
from rao_lab.environments.named import world_text
from rao_lab.errors import ConfigError, InputError, MissingError, RunFileError
from rao_lab.execution.judge.judge import ROOT_PROXY, told_of_judge
from rao_lab.prompts import chosen, recorded
from rao_lab.protocols import Dialect, Environment, Graded, Judge, Policy
from rao_lab.store import NotedCheckpoint, Run, RunWriter, checkpoint_folder, export_copy, open_run
from rao_lab.store.files import salvage_hint
from rao_lab.store.rows.encode import portable
from rao_lab.training import checkpoint
from rao_lab.training.config import TrainConfig
from rao_lab.training.setup import Training
from rao_lab.training.state import TrainState

OnResume = Callable[[int, Sequence[str]], None]
"""Hears after which step a run goes on (-1: from its beginning) and what is to be known about that."""

REFUSED = ("environment", "world", "dialect")
"""What cannot change within a run, beside the training config."""
SAID = {"dialect": "prompt"}
"""What a user calls it, if a record calls it otherwise."""
NOTED = ("policy", "processes", "threads", "device", "dtype", "cpu", "clock")
"""What may change, and makes the rest of the run another than an uninterrupted one would have been."""


def run_config(
    environment: Environment,
    policy: Policy,
    config: TrainConfig,
    dialect: Dialect | None = None,
    processes: int = 1,
    judge: Judge | None = None,
) -> dict[str, Any]:
    """What a run file says of how it was made."""
    dialect = dialect or chosen(None, policy)
    return {
        "environment": environment.name,
        "world": world_text(environment),
        "policy": policy.name,
        "dialect": dialect.name,
        **({"prompts": kept} if (kept := recorded(dialect)) else {}),
        **told_of_judge(judge),
        "opened": how_opened(environment, policy),
        **({"clock": day} if (day := getattr(policy, "clock", "")) else {}),
        # The last bits of a sum depend on these.
        "processes": processes,
        "threads": getattr(policy, "threads", None) or torch.get_num_threads(),
        **_hardware(policy),
        "train": config.to_dict(),
    }


def difficulties_of(environment: Environment) -> list[str]:
    """The names of a world's difficulties, easiest first; empty if it has none."""
    return [str(name) for name in environment.difficulties] if isinstance(environment, Graded) else []


def _hardware(policy: Policy) -> dict[str, str]:
    """Where the model runs and in which numbers; `cpu` names the instructions that torch uses."""
    found = {"cpu": torch.backends.cpu.get_cpu_capability()}
    model = getattr(policy, "model", None)
    weights = None if model is None else next(iter(model.parameters()), None)
    if weights is not None:
        found |= {"device": device.name(weights.device), "dtype": str(weights.dtype).removeprefix("torch.")}
    return found


def warn(step: int, notes: Sequence[str]) -> None:
    """An `OnResume` that warns of each note."""
    for note in notes:
        warn_user(note)


def check_same_world(store: Path, about: Mapping[str, Any]) -> None:
    """Refuses to go on with a run in another world or with another prompt.

    Raises:
        ConfigError: naming what differs, with both values.
        RunFileError: the file is damaged, or holds trees that no training made.
    """
    with open_run(store) as run:
        if run.problems:
            raise RunFileError(
                f"{store.name} is damaged and cannot be resumed: {run.problems[0]}; {salvage_hint(store)}"
            )
        before = run.config
        if "train" not in before and any(step.trees or step.probe_trees for step in run.steps):
            raise RunFileError(
                f"{store.name} holds trees that were run outside training, and training would take their place: choose "
                "another name"
            )
    if before.get("environment") == about["environment"]:
        check_reopened(before, about)
    for name in REFUSED:
        if name in before and before[name] != portable(about[name]):
            raise ConfigError(
                f"this run was made with {SAID.get(name, name)}={quoted(before[name])} and cannot be resumed with "
                f"{quoted(portable(about[name]))}: leave it as it was, or start another run"
            )
    if "judge" in before:
        _check_judge(before, about)


def _check_judge(before: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    was, now = before["judge"], portable(about["judge"])
    if was == now or (was, now) == ("RootProxy", ROOT_PROXY):  # as older versions call it
        return
    if was is None:
        raise ConfigError(
            f"this run was made without a judge and cannot be resumed with {unquoted(now)}: leave out --judge (in "
            "Python judge), or start another run"
        )
    left, right = _mapping(before.get("judging")), portable(about.get("judging", {}))
    for name in ("rubric", "graded", "temperature", "max_new_tokens", "max_chars"):
        if left.get("policy") == right.get("policy") and name in left and left[name] != right.get(name):
            flag = "--rubric" if name == "rubric" else f"--set judge.{name}"
            raise ConfigError(
                f"this run was made with the judge's {name}={quoted(left[name])} and cannot be resumed with "
                f"{quoted(right.get(name))}: leave out {flag} (in Python give {name} as it was), or start another run"
            )
    other = "without it" if now is None else f"with {unquoted(now)}"
    raise ConfigError(
        f"this run was made with the judge {unquoted(was)} and cannot be resumed {other}: "
        f"name it again by --judge{' and --rubric' * bool(left)} (in Python judge=...), or start another run"
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    """A file may say anything."""
    return value if isinstance(value, Mapping) else {}


def go_on(
    store: Path,
    writer: RunWriter | None,
    training: Training,
    about: Mapping[str, Any],
    on_resume: OnResume,
) -> TrainState | None:
    """Takes policy and run file back to the newest sound checkpoint; None if there is none.

    The process that has the writer says which one it is, and nothing is deleted before the weights are
    in place. If checkpoints were noted and none can be used, the file is copied before it is begun anew.

    Raises:
        ConfigError: the training config differs in a field that cannot change, or has fewer steps than the
            run; or there is no checkpoint and this policy has been trained by the run already.
    """
    policy, config = training.policy, training.config
    step = -1
    notes: list[str] = []
    if writer is not None:
        step, notes = newest_sound(writer.checkpoints())
        if step < 0 and writer.resumed:
            _check_untrained(writer.path, policy)
    said = torch.tensor([step + 1 if writer is not None else 0])
    training.peers.add([said])
    step = int(said) - 1
    if step > config.steps:
        raise ConfigError(
            f"{store.name} is trained to step {step} already, beyond steps={config.steps}: give more steps, or "
            "leave the number as it was"
        )
    state = None
    if step >= 0:
        state = checkpoint.load(checkpoint_folder(store) / checkpoint_name(step), policy, config)
    if writer is not None and writer.resumed:
        # If all steps are done, nothing is: then the file stays as it is, too.
        on_resume(step, notes if step == config.steps else _begin_attempt(writer, step, about, notes))
    return state


def newest_sound(noted: Sequence[NotedCheckpoint]) -> tuple[int, list[str]]:
    """The step of the newest checkpoint that verifies, or -1; and why newer ones cannot be used."""
    problems = []
    for each in noted:
        try:
            found = checkpoint.verify(each.folder)
        except (InputError, MissingError) as problem:
            problems.append(f"{problem}: it is passed over")
            continue
        if (found.step, each.folder.name) == (each.step, checkpoint_name(each.step)):
            return each.step, _shortened(problems)
        problems.append(
            f"checkpoint {unquoted(each.folder.name)} is of step {found.step}, not {each.step}: it is passed over"
        )
    return -1, _shortened(problems)


def _shortened(problems: list[str]) -> list[str]:
    if len(problems) < 3:
        return problems
    return [problems[0], f"{len(problems) - 1} older checkpoints cannot be used either"]


def checkpoint_name(step: int) -> str:
    """Of the folder that holds the weights after a step."""
    return f"step-{step}"


def _check_untrained(store: Path, policy: Policy) -> None:
    """A run that begins anew begins with the weights it began with."""
    with open_run(store) as run:
        versions = [tree.policy_version for step in run.steps[:2] for tree in run.trees(step.step)]
    if versions and policy.version > min(versions):
        raise ConfigError(
            f"{store.name} has no checkpoint to go on from, and this policy has been trained since the run "
            f"began (version {min(versions)} then, {policy.version} now): load the policy anew and resume"
        )


def _begin_attempt(
    writer: RunWriter, step: int, about: Mapping[str, Any], problems: Sequence[str]
) -> list[str]:
    """Rewinds the file to a step and marks it with what is to be known, which is returned too."""
    notes = [*problems]
    if problems and step < 0:
        writer.flush()
        copy = writer.path.with_name(f"{writer.path.stem}.attempt-{writer.attempt}{writer.path.suffix}")
        export_copy(writer.path, copy)
        notes.append(f"no checkpoint can be used: the run begins anew; as it was, it is kept in {copy.name}")
    with open_run(writer.path) as run:
        notes += _differences(run, step, about)
        before, prompts = run.config.get("resumed"), run.config.get("prompts")
        if step >= 0 and run.forks() and isinstance(prompts, Mapping):  # forks may name prompts of their own
            about = {**about, "prompts": {**prompts, **about.get("prompts", {})}}
    kept = [each for each in before if _lies_before(each, step)] if isinstance(before, list) else []
    mark = {"attempt": writer.attempt + 1, "after": step, "notes": notes}
    writer.rewind(step, {**about, "resumed": [*kept, mark]} if step >= 0 else about)
    return notes


def _lies_before(mark: Any, step: int) -> bool:
    """Whether steps of that attempt are still in a run that goes on after `step`."""
    after = mark.get("after") if isinstance(mark, Mapping) else None
    return isinstance(after, int) and after < step


def _differences(run: Run, step: int, about: Mapping[str, Any]) -> Iterator[str]:
    """What makes the steps to come other than those of a run that was never stopped."""
    made = next((each.attempt for each in run.steps if each.step == step), None)
    if made is None:
        return
    config, packages = run.made_with(made)
    for name in NOTED:
        was, now = config.get(name), portable(about.get(name))
        if name in config and was != now:
            yield _differs(step, name, was, now)
    for name, now in package_versions().items():
        if name in packages and packages[name] != now:
            yield _differs(step, name, packages[name], now)
    was, now = (_mapping(each.get("judging")).get("check") for each in (config, about))
    if was is not None and was != now:
        yield f"the judge's check is {now or 0}, and was {quoted(was)} when step {step} was made"
    train = config.get("train")
    was, now = train.get("steps") if isinstance(train, Mapping) else None, about["train"]["steps"]
    if was != now and about["train"]["lr_decay"] != "none":
        yield (
            f"steps={now}, and step {step} was made for steps={quoted(was)}: the learning rate falls "
            f"({about['train']['lr_decay']}) towards another end from here on"
        )


def _differs(step: int, name: str, was: Any, now: Any) -> str:
    return (
        f"{name} is {quoted(now)}, and was {quoted(was)} when step {step} was made: from here on the run "
        "may differ from one that was never stopped"
    )

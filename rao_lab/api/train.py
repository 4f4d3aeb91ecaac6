"""Training in one call: sample -> credit -> objective -> step -> record -> checkpoint.

    for step in rl.train(env, policy, rl.TrainConfig(steps=40), store="runs/a.rao"):
        print(step.step, step.metrics["success"])

The run file is written while training goes on: events as they happen, a step when it ends, then its
checkpoint in `FILE.rao.ckpt/step-N/`. If training is stopped, the last whole step gets a checkpoint, too.
`resume=True` goes on after the newest checkpoint that verifies, and starts afresh if there is none; what
follows that checkpoint in the file is deleted first (`rao_lab.api.resume`).

Several processes of one machine train one run: `peers` come from `rao_lab.training.processes.processes`, every
process calls `train` alike, and rank 0 writes file and checkpoints for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Unpack

from rao_lab.api.defaults import suggested
from rao_lab.api.given import check_environment, check_options, check_policy
from rao_lab.api.judged import judged_steps
from rao_lab.api.record import OnEvent, Unrecorded, recorded
from rao_lab.api.reopen import resumed_config, resumed_prompt, set_alike
from rao_lab.api.resume import OnResume, difficulties_of, run_config, warn
from rao_lab.api.session import Session
from rao_lab.base.blame import listening
from rao_lab.base.calls import checked_call
from rao_lab.base.safe_text import quoted
from rao_lab.base.stopwatch import Stopwatch
from rao_lab.errors import CallbackError, ConfigError, RaoLabError, StopTraining
from rao_lab.evaluation.evaluate import task_kind
from rao_lab.execution.exclusive import check_untaken, taken
from rao_lab.execution.executor import Executor, open_sandbox
from rao_lab.prompts import Prompt, find
from rao_lab.protocols import Environment, Judge, Policy
from rao_lab.store.files import file_path
from rao_lab.store.journal import in_the_way, is_begun
from rao_lab.training.config import TrainConfig, TrainSettings
from rao_lab.training.metrics import TrainStep
from rao_lab.training.processes import Alone, Peers
from rao_lab.training.sampling import OnPhase
from rao_lab.training.setup import Training, trainable
from rao_lab.training.trainer import train_steps
from rao_lab.tree import Tree, TreeHeader
from rao_lab.tree.kinds import by_kind


@checked_call
def default_config(policy: Policy, **settings: Unpack[TrainSettings]) -> TrainConfig:
    """A `TrainConfig` with the limits and rates that suit the policy.

        >>> config = rl.default_config(policy, steps=20)
        >>> config.steps, config.limits.max_depth
        (20, 12)

    Args:
        settings: any fields of `rl.TrainConfig`, which win: steps, tasks_per_step, group_size, learning_rate,
            warmup_steps, lr_decay, weight_decay, betas, adam_epsilon, grad_clip, epochs, temperature, seed,
            agent, split, limits, credit, loss, tokens_per_pack, recompute, probe_tasks, probe_rollouts,
            probe_every, probe_split, probe_seed, checkpoint_every, logprob_bound.

    Raises:
        ConfigError: an unknown field, a value that means nothing, or two fields that contradict each other.
    """
    check_policy(policy, "rl.default_config(policy, steps=20)")
    fitting = suggested(policy)
    return TrainConfig(**{**fitting.train, "limits": fitting.train_limits, **settings})


@checked_call
def train(
    environment: Environment,
    policy: Policy,
    config: TrainConfig | None = None,
    *,
    store: str | Path | None = None,
    resume: bool = False,
    prompt: Prompt | None = None,
    judge: Judge | None = None,
    workers: int = 1,
    on_event: OnEvent | None = None,
    on_phase: OnPhase | None = None,
    on_tick: Callable[[int], None] | None = None,
    on_step: Callable[[TrainStep], None] | None = None,
    on_resume: OnResume = warn,
    peers: Peers | None = None,
) -> Iterator[TrainStep]:
    """Trains a policy in place and yields each finished step; step 0 is the probes before the first.

        >>> learner = rl.load_policy("tiny")
        >>> config = rl.default_config(learner, steps=1, tasks_per_step=1, group_size=2, probe_tasks=0)
        >>> for step in rl.train(env, learner, config, store="runs/b.rao"):
        ...     print(step.step, len(step.trees))
        0 0
        1 2

    Args:
        policy: with weights of its own (tiny, smollm2, a local folder); its weights change.
        config: by default that of the run that is resumed, or else `TrainConfig` with the limits that suit the
            policy.
        store: the run file to write; None keeps nothing but what is yielded.
        resume: go on in `store` after its newest sound checkpoint.
        prompt: the words that agents read, as in `rl.run`: a name, a folder of template files, or a `Dialect`; by
            default that of the run that is resumed, or else the one the policy was made for.
        judge: scores nodes that the world cannot; by default a node takes its root's success.
        workers: sandbox processes; results do not depend on it.
        on_event: hears (header, event) as trees grow.
        on_phase: hears (phase, done, total): sample, update, probe.
        on_tick: called before each decode step; it may block, which is a pause. The seconds of a step leave out
            what `on_tick` and `on_phase` take.
        on_step: hears each step after it is stored: for trackers. To end training early, raise `rl.StopTraining`.
        on_resume: hears (step, notes) if a run goes on: after which step (-1: from its beginning), which
            checkpoints cannot be used, and what differs from how the run was made so far. By default each
            note is a warning.
        peers: other processes of the same run, which call `train` with the same arguments; each samples
            its share of the groups, and yields every step whole. None = alone.

    Raises:
        ConfigError: settings contradict each other or those of the run that is resumed, or the policy
            has no weights to train.
        CallbackError: a function that you gave, or a method of the environment or the policy, raised an exception.
            The last whole step is kept, as after Ctrl-C.
        RunFileError: the run file exists, is not empty and `resume` is false; it is being written, or damaged.
        UnavailableError: the disk is full or the file cannot be written; what is committed stays.
    """
    _check(
        environment,
        policy,
        config,
        judge,
        workers,
        on_event=on_event,
        on_phase=on_phase,
        on_tick=on_tick,
        on_step=on_step,
        on_resume=on_resume,
    )
    watch = Stopwatch()
    on_event = listening("on_event", on_event)
    on_phase, on_tick = (
        watch.outside(listening("on_phase", on_phase)),
        watch.outside(listening("on_tick", on_tick)),
    )
    if on_resume is not warn:
        on_resume = listening("on_resume", on_resume) or warn
    if resume and store is None:
        raise ConfigError("resume=True needs store: the run file to go on with")
    asked = None if prompt is None else find(prompt)
    config = config or resumed_config(store, resume) or default_config(policy)
    learner = trainable(policy)

    def steps() -> Iterator[TrainStep]:
        training = Training(environment, learner, config, peers or Alone())  # checked before a file is made
        set_alike(store, resume, policy)
        words = asked or resumed_prompt(store, resume, policy)
        about = run_config(environment, policy, config, words, training.peers.size, judge)
        options: Mapping[str, Any] = {
            "store": store,
            "resume": resume,
            "on_event": on_event,
            "on_resume": on_resume,
        }
        with (
            open_sandbox(config.limits, workers) as sandbox,
            recorded(training, about, **options) as (record, state),
        ):
            executor = Executor(
                environment,
                policy,
                words,
                config.limits,
                sandbox=sandbox,
                agent=config.agent,
                judge=judge,
                on_tick=on_tick,
            )
            sample = partial(_sampled, executor, record)
            made = train_steps(training, sample=sample, state=state, on_phase=on_phase, clock=watch)
            made = judged_steps(told_by_kind(made, environment), judge, training.peers, on_tick)
            yield from _recorded_steps(_taking_turns(policy, made), record, on_step)

    return steps()


def _sampled(executor: Executor, record: Unrecorded, headers: list[TreeHeader]) -> Sequence[Tree]:
    """One tree for each header; what happens in them is recorded."""
    executor.on_event = lambda index, event: record.event(headers[index], event)
    record.begin(headers[0].step)
    trees = executor.run(headers)
    record.trees(trees)
    return trees


def told_by_kind(made: Iterator[TrainStep], environment: Environment) -> Iterator[TrainStep]:
    """Each step, with figures by kind of question if labels say the kind."""
    for step in made:
        trees = [tree for group in step.groups for tree in group.trees]
        kinds = by_kind(trees, lambda tree: task_kind(tree, environment))
        if kinds:
            told = {kind: part.to_dict() for kind, part in kinds.items()}
            step = replace(step, metrics={**step.metrics, "by_kind": told})
        del trees
        yield step
        del step  # not kept while the next one grows


def _recorded_steps(
    made: Iterator[TrainStep], record: Unrecorded, on_step: Callable[[TrainStep], object] | None
) -> Iterator[TrainStep]:
    """Each step, once it is recorded and heard, to the last that is wanted."""
    for step in made:
        record.end(step)
        last = on_step is not None and _ends(on_step, step)
        yield step
        del step  # its trees are not kept while the next ones grow
        if last:
            record.leave()
            return


def _ends(on_step: Callable[[TrainStep], object], step: TrainStep) -> bool:
    """Whether training is to end with this step.

    Raises:
        CallbackError: `on_step` raised an exception of its own.
    """
    try:
        on_step(step)
    except StopTraining:
        return True
    except RaoLabError:
        raise
    except Exception as problem:  # a user's own function: the step is kept, and the error names the function
        raise CallbackError(
            f"on_step raised {quoted(problem)} at step {step.step}: training has ended after this step; "
            "to end it on purpose, raise rl.StopTraining"
        ) from problem
    return False


def _taking_turns(policy: Policy, steps: Iterator[TrainStep]) -> Iterator[TrainStep]:
    """The policy is taken while a step is made, and free between two steps."""
    while True:
        with taken(policy, training=True):
            step = next(steps, None)
        if step is None:
            return
        yield step
        del step


@checked_call
def start(
    environment: Environment,
    policy: Policy,
    config: TrainConfig | None = None,
    *,
    store: str | Path | None = None,
    resume: bool = False,
    prompt: Prompt | None = None,
    judge: Judge | None = None,
    workers: int = 1,
    on_step: Callable[[TrainStep], None] | None = None,
    on_resume: OnResume | None = None,
    peers: Peers | None = None,
) -> Session:
    """Trains in the background; returns at once with a `Session` to watch and steer it by.

        >>> learner = rl.load_policy("tiny")
        >>> config = rl.default_config(learner, steps=1, tasks_per_step=1, group_size=2, probe_tasks=0)
        >>> session = rl.start(env, learner, config, store="runs/c.rao")
        >>> session.result()
        [<TrainStep 0: 0 trees>, <TrainStep 1: 2 trees, success ...>]

    Args:
        store: the run file; None takes one in a temporary folder (`session.path`).
        on_step: as in `rl.train`; within it `session.stop()` ends training after that step, too.
        resume, prompt, judge, workers, on_resume, peers: as in `rl.train`.

    Raises:
        RunFileError: `store` exists and is not empty, and `resume` was not asked for.
        UnavailableError: the policy is being trained by another session.
        as `train`, by `session.wait()` and `session.result()`: what goes wrong later.
    """
    _check(environment, policy, config, judge, workers, on_step=on_step, on_resume=on_resume)
    asked = None if prompt is None else find(prompt)
    config = config or resumed_config(store, resume) or default_config(policy)
    path = Path(mkdtemp(prefix="rao-lab-")) / "run.rao" if store is None else file_path(store)
    # At once, in the cell that asked for it: run twice, it must not put a failed session in the place of
    # the one that trains, which could then not be stopped any more.
    check_untaken(policy)
    if not resume and is_begun(path):
        raise in_the_way(path)

    def steps(session: Session) -> Iterator[TrainStep]:
        def hear(step: TrainStep) -> None:
            session.on_step(step)
            if on_step is not None and _ends(on_step, step):
                session.stop()

        def resumed(step: int, notes: Sequence[str]) -> None:
            session.on_resume(step, notes if on_resume is None else ())
            if on_resume is not None:
                on_resume(step, notes)

        with taken(policy, training=True):
            yield from train(
                environment,
                policy,
                config,
                store=path,
                resume=resume,
                on_event=session.on_event,
                on_phase=session.on_phase,
                on_tick=session.control.check,
                on_resume=resumed,
                prompt=asked,
                judge=judge,
                workers=workers,
                on_step=hear,
                peers=peers,
            )

    session = Session(steps, path, config.steps, resumes=resume and is_begun(path))
    session.tokenizer = getattr(policy, "tokenizer", None)
    session.difficulties = difficulties_of(environment)
    return session


def _check(
    environment: object,
    policy: object,
    config: object,
    judge: object,
    workers: object,
    **called: Callable[..., object] | None,
) -> None:
    """What `train` and `start` both take."""
    order = "rl.train(environment, policy, config)"
    check_environment(environment, order)
    check_policy(policy, order)
    check_options(
        judge=judge,
        of_kind={"config": (config, TrainConfig)},
        counts={"workers": workers},
        **called,
    )

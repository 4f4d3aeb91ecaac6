"""Every error that RAO Lab raises on purpose.

    RaoLabError
    ├── ConfigError(ValueError)         a setting means nothing
    ├── InputError(ValueError)          a file or a value is not what it should be
    │   └── RunFileError                a run file cannot be opened or written
    ├── MissingError(LookupError)       something that was named does not exist
    ├── UnavailableError(RuntimeError)  something outside the program is needed and not there
    ├── RecordError(ValueError)         a record contradicts itself
    └── CallbackError(RuntimeError)     your own function, environment or policy has raised one

    StopTraining                        no error: your `on_step` ends training early
    Interrupted(KeyboardInterrupt)      no error: Ctrl-C while trees ran; it has what they were so far

A message says what was wrong, with which value, and what to do. The command line prints it as one line and
leaves with status 2. A node that fails raises nothing: its failure is data on the node (`Node.status`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class RaoLabError(Exception):
    """The base of all the others: catch it to catch every error that is raised on purpose.

    >>> try:
    ...     rl.open_run("nothing.rao")
    ... except rl.RaoLabError as problem:
    ...     print(problem)
    no run file nothing.rao: check the name, ...
    """


class ConfigError(RaoLabError, ValueError):
    """Raised if a setting means nothing, alone or together with another.

        >>> rl.TrainConfig(steps=0)
        Traceback (most recent call last):
        rao_lab.errors.ConfigError: steps=0 ...

    The message names the field, or both fields. Change one of them.
    """


class InputError(RaoLabError, ValueError):
    """Raised if a file or a value cannot be read as what it should be.

        >>> rl.evaluate(env, policy, tasks=[])
        Traceback (most recent call last):
        rao_lab.errors.InputError: there are no tasks to evaluate ...

    The message names the place. Correct the file or the value, or give another.
    """


class RunFileError(InputError):
    """Raised if a run file is damaged, newer than this version, locked by a writer, there already, or no run.

        >>> rl.open_run("notes.txt")
        Traceback (most recent call last):
        rao_lab.errors.RunFileError: ...

    Choose another name, resume the run, or keep what can be read of it (`rao-lab export FILE --salvage --out NEW.rao`).
    """


class MissingError(RaoLabError, LookupError):
    """Raised if a task, node, step, policy or file that was named does not exist.

        >>> tree.node("0.99")
        Traceback (most recent call last):
        rao_lab.errors.MissingError: ...

    The message lists what does exist. Name one of these.
    """


class UnavailableError(RaoLabError, RuntimeError):
    """Raised if something outside the program is needed and not there: an extra, disk space, an endpoint.

        >>> next(rl.train(env, rl.load_policy("tiny"), store="notes.txt/a.rao"))
        Traceback (most recent call last):
        rao_lab.errors.UnavailableError: notes.txt/a.rao cannot be made: ...

    The message says how to get it.
    """


class RecordError(RaoLabError, ValueError):
    """Raised if a record contradicts itself: events that do not fit together, credit of another tree.

        >>> from rao_lab.tree import validate
        >>> validate(rl.Tree(tree.header, nodes=tree.nodes[1:]))
        Traceback (most recent call last):
        rao_lab.errors.RecordError: node 0.0: its parent '0' does not list it

    Nothing in your settings causes it. It is a bug, or the file was forged: please report it.
    """


class CallbackError(RaoLabError, RuntimeError):
    """Raised if your own function, such as `on_step`, or a method of your environment or policy has raised an
    exception, which is its `__cause__`.

        >>> def broken(step):
        ...     return step.metrics["succes"]
        >>> learner = rl.load_policy("tiny")
        >>> config = rl.default_config(learner, steps=9, tasks_per_step=1, group_size=2, probe_tasks=0)
        >>> list(rl.train(env, learner, config, on_step=broken))
        Traceback (most recent call last):
        rao_lab.errors.CallbackError: on_step raised KeyError('succes') at step 0: training has ended ...

    What was recorded before is kept. Correct what raised it; `resume=True` goes on.
    """

    evaluation: Any = None
    """Of `rl.evaluate`: what it amounts to so far, as in `Interrupted`."""


class StopTraining(Exception):
    """Raise it in `on_step` to end training after that step, which is kept.

    With `rl.start`, `session.stop()` in `on_step` does the same.

    >>> def enough(step):
    ...     if step.metrics.get("success", 0) >= 0:
    ...         raise rl.StopTraining
    >>> learner = rl.load_policy("tiny")
    >>> config = rl.default_config(learner, steps=9, tasks_per_step=1, group_size=2, probe_tasks=0)
    >>> [step.step for step in rl.train(env, learner, config, on_step=enough)]
    [0]
    """


class Interrupted(KeyboardInterrupt):
    """Raised if Ctrl-C (in a notebook: the stop button) ends a run of trees; what was run is kept in it.

    Nodes that ran then have the status `cancelled`, and are not scored.

    >>> def enough(event):
    ...     if event.seq == 5:
    ...         raise KeyboardInterrupt
    >>> try:
    ...     rl.run(task, env, policy, on_event=enough)
    ... except rl.Interrupted as stop:
    ...     print(stop.tree.root.status, stop.tree.root.success)
    cancelled None
    """

    def __init__(
        self, trees: Sequence[Any], evaluation: Any = None, evaluations: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__("stopped")
        self.trees = tuple(trees)
        """All trees that were begun, in order; those that had ended are whole."""
        self.evaluation = evaluation
        """Of `rl.evaluate`: what it amounts to so far, over these trees."""
        self.evaluations = dict(evaluations or {})
        """Of `rl.compare`: those of the first try at each task so far, by name; the last may be of fewer tasks."""

    @property
    def tree(self) -> Any:
        """The first of them: that of `rl.run`."""
        return self.trees[0]

"""What is asked of an environment, a policy, a dialect and a judge.

An environment knows no policy, and a policy knows no environment. Both know the shapes below, of plain values.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from rao_lab.tree import Call, Message, Task, Tree, Turn
from rao_lab.tree.offered import OUT_OF_TIME as OUT_OF_TIME
from rao_lab.tree.offered import Function as Function
from rao_lab.tree.offered import Launch as Launch
from rao_lab.tree.offered import Refusal as Refusal
from rao_lab.tree.said import Action as Action
from rao_lab.tree.said import Brief as Brief
from rao_lab.tree.said import Observation as Observation
from rao_lab.tree.said import ParseFailure as ParseFailure
from rao_lab.tree.score import Score as Score

if TYPE_CHECKING:
    from torch.nn import Module


class World(Protocol):
    """One task's world, shared by the whole tree, used once. Calls come in (path) order of one thread.

    >>> [function.name for function in env.open(task).functions()]
    ['get_info', 'view_inventory', 'craft']
    """

    def functions(self) -> Sequence[Function]:
        """The plain functions; `finish` and `launch_subagent` are described by `control_functions`."""
        ...

    def control_functions(self) -> Sequence[Function]:
        """`finish` and `launch_subagent` with the signatures of this environment."""
        ...

    def root(self) -> Launch:
        """What the root is told."""
        ...

    def admit(self, parent: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Launch:
        """Reads the arguments of a `launch_subagent` call.

        Raises:
            Refusal: malformed arguments (kind "bad_launch") or a guard of the environment.
        """
        ...

    def enter(self, path: str, launch: Launch) -> None:
        """The node starts."""
        ...

    def call(self, path: str, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Runs one of `functions` for a node and returns a plain value.

        Raises:
            Refusal: with a message for the model; it reaches the code as an exception.
        """
        ...

    def leave(self, path: str, value: Any) -> Score | None:
        """The node called `finish(value)`: the verifier's word, or None if there is no verifier.

        If it raises or returns anything else, the node ends with status `error` and is not scored.
        """
        ...


@runtime_checkable
class Environment(Protocol):
    """Makes tasks and opens one world for each tree. `rl.environment` makes one of plain functions.

    >>> isinstance(env, rl.Environment), env.name, env.tasks("test")[0] == task
    (True, 'textcraft', True)

    It may also be `Graded`, `Labelled`, `Ranged`, `Judging`, `Scripted`, `Planned`, `Programmed` or `Worded`: it is
    if it has what that protocol lists. If its functions may answer otherwise next time, it says so by
    `reproducible = False`.
    A class with `from_options` takes the command line's options for tasks (`rao_lab.environments.named.HasOptions`).
    """

    name: str

    def tasks(self, split: str) -> Sequence[Task]:
        """The tasks of a split: "train", "dev" (to choose settings by) or "test" (held out)."""
        ...

    def open(self, task: Task) -> World:
        """A fresh world.

        Raises:
            InputError: the task's data are not of this environment.
        """
        ...


@runtime_checkable
class Graded(Protocol):
    """An environment whose tasks have difficulties."""

    @property
    def difficulties(self) -> Sequence[str]:
        """The names of its tasks' difficulties, easiest first."""
        ...


@runtime_checkable
class Labelled(Protocol):
    """An environment whose tasks are grouped by more than difficulty: those that share a label are alike."""

    def labels(self, task: Task) -> Mapping[str, str | int]: ...


@runtime_checkable
class Ranged(Protocol):
    """An environment whose worlds, and judges of them, give rewards that do not lie in [0, 1].

    A score is then `Score(reward=r)`. s = (r - low) / (high - low); the record keeps both.
    """

    @property
    def reward_range(self) -> tuple[float, float]:
        """The lowest and the highest reward."""
        ...


@runtime_checkable
class Judging(Protocol):
    """An environment that scores nodes when their tree has ended, from the whole tree: a verifier that can wait."""

    def judge(self, tree: Tree, path: str) -> Score | None:
        """The verifier's word on a node that finished and that its world did not score.

        None = it has none: a judge is asked, and without a judge the node takes its root's success.
        """
        ...


@runtime_checkable
class Scripted(Protocol):
    """An environment that can be played by rule. The scripted policy plays it."""

    @property
    def styles(self) -> Sequence[str]:
        """Ways of playing; the first is the usual one."""
        ...

    def play(self, request: TurnRequest, style: str, mistakes: Random | None) -> Action:
        """A node's next turn, from the request alone; without code, the turn has no action.

        The code is Python for the sandbox: it may await several launches together by `asyncio.gather`.
        `mistakes` draws a mistake, if this turn is to go wrong.
        """
        ...


@runtime_checkable
class Planned(Protocol):
    """An environment that knows the shortest flat play of a task, one call a turn.

    The flat ceiling counts its tokens.
    """

    def flat_plan(self, task: Task) -> Sequence[Sequence[Call]]:
        """The calls of each turn with their results; the last turn ends with `finish`."""
        ...


@runtime_checkable
class Programmed(Protocol):
    """An environment that knows a short program for a whole task.

    In dialects whose replies are programs, the flat ceiling counts its tokens, too.
    """

    def flat_program(self, task: Task) -> str:
        """The code of one turn that ends with `finish`."""
        ...


@runtime_checkable
class Worded(Protocol):
    """An environment with words for a reader who has few tokens. The terse dialect uses them."""

    def short_goal(self, args: Mapping[str, Any]) -> str:
        """The goal of a launch with these arguments; "" = the dialect shows the whole goal."""
        ...

    def short_result(self, call: Call) -> str:
        """Lines that say what a call returned or why it was refused; "" = the dialect's own words.

        So is a launch whose child returned a value: `call.result` is that value.
        """
        ...


class Dialect(Protocol):
    """Turns state into messages and text into actions.

    >>> rl.prompts.find("codeact").parse("I add.\\n```python\\nprint(1 + 1)\\n```").code
    'print(1 + 1)'
    """

    @property
    def name(self) -> str: ...

    @property
    def shows_results(self) -> bool:
        """What calls return is shown by itself; otherwise code has to print it."""
        ...

    def worded(self, words: Worded) -> Dialect:
        """The same dialect with an environment's words, if it uses any."""
        ...

    def opening(self, brief: Brief) -> tuple[Message, ...]:
        """The messages before the first turn."""
        ...

    def parse(self, text: str) -> Action:
        """Reads a reply.

        Raises:
            ParseFailure: it holds no action; its message is for the model.
        """
        ...

    def reply(self, action: Action) -> str:
        """The reply that `parse` reads as this action."""
        ...

    def observe(self, observation: Observation) -> tuple[Message, ...]:
        """The messages after a turn whose node goes on."""
        ...


NodeKey = tuple[int, str]
"""(place of the tree in the running batch, path)."""


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """Asks a policy for one turn of one node."""

    key: NodeKey
    turn: int
    depth: int
    agent: str
    goal: str
    args: Mapping[str, Any]
    messages: tuple[Message, ...]
    """New since the node's last turn."""
    history: tuple[Turn, ...]
    """The node's ended turns."""
    noise: tuple[int | str, ...]
    """Keys the sampling noise: (seed, step, task, rollout, path, turn); a policy adds the position."""
    max_new_tokens: int
    window: int
    """Tokens that prompt and sampled ids may fill together."""
    script: Scripted | None = None
    """The environment, if it can be played by rule."""
    left: float = math.inf
    """Seconds that its tree has left: a server that asks for a longer wait has failed."""


@dataclass(frozen=True, slots=True)
class TurnReply:
    """One turn as sampled. Token arrays are empty for a policy without tokens.

    >>> rl.TurnReply((0, "0.1"), "I am done.\\n```python\\nfinish(1)\\n```").stop
    'stop'
    """

    key: NodeKey
    text: str
    """What the model wrote; if the prompt ended within a thought, after the mark that opened it."""
    stop: str = "stop"
    """stop; length = `max_new_tokens` reached; context = the window is full; error = policy lost."""
    continues: bool = False
    prompt_ids: array[int] = field(default_factory=lambda: array("i"))
    sampled_ids: array[int] = field(default_factory=lambda: array("i"))
    logprobs: array[float] = field(default_factory=lambda: array("f"))
    entropies: array[float] = field(default_factory=lambda: array("f"))
    version: int = 0
    decode_steps: int = 1
    error: str = ""
    """What was lost, if stop is "error"; or who says that the window is full, if it is "context"."""
    thought: str = ""
    """Reasoning that came apart from the text, as some servers send it."""
    tokens_in: int = 0
    """Tokens of the whole prompt, as a server counts them; 0 = it does not say, or the ids are here."""
    tokens_out: int = 0
    """Tokens of the reply, as a server counts them; 0 as above."""
    logprob: float | None = None
    """Sum of the reply's log-probs, as a server says; None = it does not."""


class Policy(Protocol):
    """Writes turns for many nodes at once. One tick is one decode step of the logical clock.

    >>> policy.name, policy.version, policy.dialect, policy.window
    ('scripted', 0, 'codeact', 0)

    Which requests are in the batch, and in which rows, may depend on the requests' keys and on the
    tick they were submitted at, never on wall-clock time. A policy that cannot keep to this, such as a
    server, says so by an attribute `reproducible = False`, and its trees are marked.
    """

    name: str
    version: int
    """Number of optimizer steps behind the weights."""
    dialect: str
    """Name of the dialect it was made for: the default of `run` and `train` unless its `prompt` is a `Dialect`."""
    window: int
    """Largest context in tokens; 0 = has no tokens."""

    def submit(self, request: TurnRequest) -> None: ...

    def tick(self) -> Sequence[TurnReply]:
        """One decode step over all submitted requests; the turns that ended, in key order."""
        ...

    def forget(self, key: NodeKey) -> None:
        """The node ended: what is kept for it (a cached prefix, a running request) may go."""
        ...


class TrainablePolicy(Policy, Protocol):
    """A policy with weights of its own, which training moves in place.

    A trainer steps the weights, adds one to `version` and calls `clear_cache`.
    """

    model: Module
    """A causal language model as transformers makes it: called with `input_ids` [B, T], it gives an object
    with `logits` [B, T, vocabulary]."""
    temperature: float
    """Of the softmax it samples from; recorded log-probs are of that same distribution."""

    def clear_cache(self) -> None:
        """The weights have changed: what was computed with the old ones is dropped."""
        ...

    def save(self, folder: Path) -> None:
        """Writes a folder that `rl.load_policy` reads."""
        ...


class Judge(Protocol):
    """Scores nodes of a world that has no verifier, from the whole tree so far.

    >>> class Brevity:
    ...     def score(self, tree: rl.Tree, path: str) -> rl.Score:
    ...         return rl.Score(1 / len(tree.node(path).turns))
    >>> 0 < Brevity().score(tree, "0").success <= 1
    True

    One that may answer otherwise the next time says so by an attribute `reproducible = False`.
    """

    def score(self, tree: Tree, path: str) -> Score:
        """The judge's word; success None if it cannot tell, never 0 for a failure.

        If it raises or returns anything else, the node gets status `error` and is not scored.
        """
        ...

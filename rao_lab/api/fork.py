"""What if? A recorded tree is run again from one turn of one node, with one thing changed, several times."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from rao_lab.api.defaults import deafness, suggested, unread
from rao_lab.api.fork_edit import Asked
from rao_lab.api.fork_known import Known
from rao_lab.api.given import check_environment, check_options, check_policy, what
from rao_lab.api.keep_forks import check_keeps, keep
from rao_lab.api.weights import weights_of
from rao_lab.base.blame import listening
from rao_lab.base.calls import checked_call
from rao_lab.base.checks import whole
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.base.warned import warn_user
from rao_lab.credit import CreditConfig
from rao_lab.errors import ConfigError, MissingError
from rao_lab.evaluation.forks import Forks
from rao_lab.execution.exclusive import sampled_at
from rao_lab.execution.executor import Executor, open_sandbox
from rao_lab.execution.fork import run_forks
from rao_lab.execution.limits import Limits
from rao_lab.policies.replay import ReplayPolicy
from rao_lab.prompts import Prompt
from rao_lab.protocols import Environment, Judge, Launch, Policy
from rao_lab.store import Run, open_run
from rao_lab.tree import Agent, Group, Tree
from rao_lab.tree.cut import Rest
from rao_lab.tree.origin import tree_name
from rao_lab.views.progress import Progress, in_notebook

ORDER = "rl.fork(tree, node, turn, rest=...)"
MOST = 1000
"""Forks that are run at once."""


@checked_call
def fork(
    tree: Tree,
    node: str,
    turn: int = 1,
    *,
    rest: Rest | None = None,
    goal: str | Launch | None = None,
    prompt: Prompt | None = None,
    prompts: Sequence[Prompt] = (),
    action: str | None = None,
    child_value: Mapping[str, Any] | None = None,
    repeats: int = 8,
    policy: Policy | None = None,
    environment: Environment | None = None,
    run: Run | str | Path | None = None,
    group: Group | None = None,
    credit: CreditConfig | None = None,
    store: str | Path | None = None,
    seed: int = 0,
    temperature: float | None = None,
    judge: Judge | None = None,
    progress: bool = True,
    on_forks: Callable[[int, int], None] | None = None,
) -> Forks:
    """Runs a tree again from one turn of one node, with one thing changed, `repeats` times.

        >>> found = rl.fork(tree, "0.0", rest="continued", environment=env, policy=policy, repeats=2)
        >>> found.success, found.credit_of("0").R.before
        (1.0, 1.4)

    Each fork begins anew in a fresh world. What was recorded before the fork is replayed, and its code runs again;
    if anything then happens that was not recorded, the call stops and says where. From there on the node is sampled
    live, each time with other noise. Without a change it is sampled again in the same situation: compare with that.

    Before the fork lie the turns that were asked for (`Turn.started_tick`) earlier than the fork begins: when the
    chosen turn was asked for, or when its edited action ran, or when the edited child ended (`rao_lab.tree.cut`).

    On Ctrl-C the forks that have ended are returned, if any have.

    Args:
        node, turn: where; the path of a node, and a turn from 1.
        rest: what becomes of all other turns after that. "continued": they are sampled live too. "replayed": other
            nodes repeat their recorded turns, although they may read something else, as long as the recording has
            that node, with that goal, and that turn.
        goal: what the node is told in place of its goal (turn 1). The world still holds it to the old one; an
            `rl.Launch(goal, args)` changes both.
        prompt: another prompt for this node alone (turn 1): a name, a folder or a `Dialect`.
        prompts: those that the tree was made with, if they are folders of yours and no `run` holds them.
        action: code that runs in place of that of the turn; or a whole reply.
        child_value: what the node is given in place of what a child of that turn returned, by the child's path:
            {"0.1.0": "done"}.
        policy: samples what is new. By default the weights that wrote the recorded turn, from the run's
            checkpoint of that version, otherwise from its newest. Which it was stands in `origin["weights"]`.
        environment: of the tree; by default that of `run`.
        run: the run that the tree is of, open or as a file: for weights, world, prompts, group and credit rule.
        group: the tree's group, for advantages, if there is no run.
        credit: the rule of credit; by default the run's.
        store: keeps the forks in a file: in that of the run, marked as forks, or in a new one with the tree.
        seed: keys the noise of what is new; another gives other forks.
        temperature: of sampling; by default that of the run's training, otherwise what suits the policy.
        judge, progress: as in `rl.run`.
        on_forks: told (ended, all) as forks end.

    Raises:
        ConfigError, MissingError: there is no such node or turn, or the change means nothing there.
        InputError: what was replayed went another way than it was recorded.
    """
    _check_given(tree, node, policy, environment, group, credit)
    check_options(seed=seed, warmth=temperature, judge=judge, counts={"repeats": repeats}, on_forks=on_forks)
    whole("repeats", repeats, least=1, most=MOST)
    if rest is None:
        raise ConfigError(
            'rest says what becomes of the turns after the fork: give rest="continued" (all are sampled live) or '
            'rest="replayed" (other nodes repeat what was recorded)'
        )
    opened = open_run(run) if isinstance(run, str | Path) else run
    if not (opened is None or isinstance(opened, Run)):
        raise ConfigError(f"run is {what(run)}: give the name of a run file, or rl.open_run(...)")
    asked = Asked(tree, node, turn, rest, goal, prompt, action, child_value)
    try:
        known = Known.of(tree, opened, environment, group, credit, prompts)
    except ConfigError as problem:
        _say_both(problem, tree, policy, opened)
        raise
    at, edits, edit = asked.cut(known)
    if store is not None:
        check_keeps(store, tree)
    version = tree.node(node).turns[turn - 1].policy_version
    live, weights = weights_of(tree, version, policy, opened)
    words = live.dialect if prompt is None else edits.dialects[node].name.partition("@")[0]
    if words != live.dialect and (why := deafness(live)):
        raise ConfigError(
            f"the policy {unquoted(live.name)} {why}, so a fork with {words} says nothing: leave prompt out, or "
            "let a chat model sample, as in policy=rl.load_policy('smollm2') (--policy smollm2)"
        )
    if not live.name.startswith("scripted") and (note := unread(live, known.dialect)):
        warn_user(note)
    warmth = known.temperature if temperature is None else temperature
    if warmth is None:
        warmth = suggested(live, known.environment).temperature
    origin = {
        "tree": tree_name(tree.header),
        "node": node,
        "turn": turn,
        "edit": edit,
        "rest": rest,
        "weights": weights,
        "seed": seed,
        "template": known.dialect.name,
        **({} if tree.header.origin is None else {"before": dict(tree.header.origin)}),
    }
    limits = Limits.from_dict(tree.header.limits)
    show = in_notebook(live, repeats) if progress else nullcontext(Progress(live))
    with sampled_at(live, warmth), open_sandbox(limits) as sandbox, show as shown:
        executor = Executor(
            known.environment,
            ReplayPolicy(tree, live, at, ("fork", seed)),
            known.dialect,
            limits,
            sandbox=sandbox,
            agent=_agent(tree),
            judge=judge,
            edits=edits,
            on_tick=shown.ticked(),
        )
        told = listening("on_forks", on_forks)
        trees = run_forks(executor, tree, at, origin, repeats, told, shown.heard)
    file = "" if opened is None else str(opened.path)
    found = Forks(tree, tuple(trees), node, turn, origin, known.group, known.credit, file)
    if store is not None:
        keep(store, found, known.config, [known.dialect, *edits.dialects.values()])
    return found


def _check_given(
    tree: object, node: object, policy: object, environment: object, group: object, credit: object
) -> None:
    if not isinstance(tree, Tree) or not tree.nodes:
        raise ConfigError(f"tree is {what(tree)}: {ORDER} is the order; run.trees(step)[0].load() is a tree")
    if not tree.header.agent:
        raise ConfigError(
            f"this tree was recorded by another program ({unquoted(tree.header.environment)}): it can be shown and "
            "credited, and not be run again"
        )
    if not isinstance(node, str):
        raise ConfigError(f"node must be a path such as '0.1', not {quoted(node)}")
    if policy is not None:
        check_policy(policy, ORDER)
        if isinstance(policy, ReplayPolicy):
            raise ConfigError(
                "policy is a ReplayPolicy, which writes nothing new: give the policy that is to write"
            )
    if environment is not None:
        check_environment(environment, ORDER)
    for name, value, kind in (("group", group, Group), ("credit", credit, CreditConfig)):
        if not (value is None or isinstance(value, kind)):
            raise ConfigError(f"{name} must be rl.{kind.__name__}(...), not {what(value)}")


def _agent(tree: Tree) -> Agent:
    return "flat" if tree.header.agent == "flat" else "recursive"


def _say_both(problem: ConfigError, tree: Tree, policy: Policy | None, run: Run | None) -> None:
    """Raises: ConfigError, with what is missing beside this, if the policy is, too."""
    try:
        weights_of(tree, tree.header.policy_version, policy, run)
    except MissingError as also:
        raise ConfigError(f"{problem}; {also}") from None

"""Runs execution trees: it schedules nodes, runs their turns, spawns and wakes them, and says so in events.

A node between two steps is data, and the scheduler is a plain loop over these data: there is no task, thread or
process for each agent. One pass of the loop is one tick of the logical clock. The policy makes one decode step;
then the turns that ended run their code, in (tree, path) order, before the next tick. A node that awaits children
is put away as bytes and woken with their results, so a waiting node holds nothing else. Which request joins which
batch depends on records alone, never on what finishes first on the wall clock. So the same seed gives the same
trees, with one sandbox worker or several.

This is the only boundary where a failure becomes data. If a worker or the policy is lost, its node ends with
status `error`. A refusal is a message to the model and a counted event. Anything else is a bug and is raised.

This package knows no credit, no training and no file.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import get_args

from rao_lab.base.changed import changed
from rao_lab.base.checks import choice
from rao_lab.base.safe_text import quoted
from rao_lab.base.warned import warn_user
from rao_lab.errors import ConfigError, Interrupted
from rao_lab.execution.asked import checked_replies, checked_task, in_policy, open_world
from rao_lab.execution.edits import UNCHANGED, Edits
from rao_lab.execution.exclusive import taken
from rao_lab.execution.limits import Limits
from rao_lab.execution.node_run import Siblings
from rao_lab.execution.sandbox import Sandbox
from rao_lab.execution.scoring import reward_range, score_rest
from rao_lab.execution.silence import Silence
from rao_lab.execution.tree_run import TreeRun
from rao_lab.protocols import Dialect, Environment, Judge, NodeKey, Policy, Scripted, TurnReply, Worded
from rao_lab.tree import AGENTS, Agent, Event, Tree, TreeHeader

OnEvent = Callable[[int, Event], None]
"""Called with the tree's place in the batch and its next event, in order, from the thread of `run`."""
OnTree = Callable[[int, Tree], None]
"""Called with the tree's place in the batch and the tree, as soon as it has ended and is scored."""


STOPPED = "the run was stopped"
"""Why the nodes that ran are cancelled: Ctrl-C, the stop button of a notebook, or SIGTERM."""
FAILED = "the run ended with an error"
"""Why they are if a user's own policy, world or listener raised an exception."""


def open_sandbox(limits: Limits, workers: int = 1) -> Sandbox:
    """A sandbox with the bounds of these limits; its caller closes it."""
    return Sandbox(
        workers,
        seconds=limits.repl_seconds,
        memory_mb=limits.repl_memory_mb,
        output_chars=limits.max_output_chars,
        suspensions=limits.max_suspensions,
    )


class Executor:
    """Runs batches of trees of one environment with one policy. `rl.run` and `rl.evaluate` are made of it.

        >>> from rao_lab.execution.executor import open_sandbox
        >>> limits = rl.Limits(max_depth=12, max_turns=64)
        >>> with open_sandbox(limits) as sandbox:
        ...     runner = rl.Executor(env, policy, rl.prompts.find("codeact"), limits, sandbox=sandbox)
        ...     trees = runner.run([rl.TreeHeader(task, seed=0), rl.TreeHeader(task, seed=1, rollout=1)])
        >>> [tree.success for tree in trees]
        [1.0, 1.0]

    Args:
        limits: of each tree, node, turn and snippet.
        agent: "recursive", or "flat" for the single-agent control without `launch_subagent`.
        sandbox: runs the code; whoever made it closes it.
        on_event: called with every event of every tree; if it raises, the run stops.
        on_tree: called with every tree when it ends, while others of the batch may still run.
        on_tick: called before every decode step; it may block (pause) or raise (stop).
        judge: scores finished nodes for which the world has no verifier. Without a judge such a node takes its
            root's success as a proxy. If it has nothing to do, a warning says so.
        edits: what is changed in every tree, if trees are run again.
        siblings: "one_by_one": a child begins when the one before it has ended, as in a program without
            concurrency. Launches are admitted and refused at the same await in both ways.
        clock: gives monotonic seconds; replaced in tests.

    Raises:
        ConfigError: an unknown agent, no dialect, or another word for `siblings`.
    """

    def __init__(
        self,
        environment: Environment,
        policy: Policy,
        dialect: Dialect,
        limits: Limits,
        *,
        sandbox: Sandbox,
        agent: Agent = "recursive",
        on_event: OnEvent | None = None,
        on_tree: OnTree | None = None,
        on_tick: Callable[[int], None] | None = None,
        judge: Judge | None = None,
        edits: Edits | None = None,
        siblings: Siblings = "together",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        choice("agent", agent, AGENTS)
        self.siblings = choice("siblings", siblings, get_args(Siblings))
        self.environment = environment
        self.policy = policy
        self.dialect = _worded(dialect, environment)
        self.script = environment if isinstance(environment, Scripted) else None
        self.rewards = reward_range(environment)
        self.limits = limits
        self._said_limits = limits.to_dict()
        self.agent = agent
        self.sandbox = sandbox
        self.on_event = on_event
        self.on_tree = on_tree
        self.on_tick = on_tick
        self.judge = judge
        self._own_judge = getattr(judge, "policy", None) is policy
        """The policy judges itself: at the end of a batch, when none of its turns is under way."""
        edits = edits or UNCHANGED
        words = {path: _worded(each, environment) for path, each in edits.dialects.items()}
        self.edits = replace(edits, dialects=words)
        self._judged = False
        self.ended: list[Tree] = []
        """The trees that had ended when an exception stopped the last run, and"""
        self.stopped: list[Tree] = []
        """those that ran then, as they were."""
        self.clock = clock

    def run(self, headers: Sequence[TreeHeader]) -> list[Tree]:
        """Runs one tree for each header, all at once, and returns them in the same order.

        Waits while another thread runs trees with this policy.

        Raises:
            Interrupted: Ctrl-C; it has the trees so far. `on_event` does not hear how it ended them.
            UnavailableError: the policy is being trained in another thread.
        """
        with taken(self.policy), taken(self._writer()):
            return self._run(headers)

    def _writer(self) -> Policy:
        """Of a replay, the policy that writes or decodes for it."""
        live: Policy | None = getattr(self.policy, "live", None) or getattr(self.policy, "through", None)
        return self.policy if live is None else live

    def _server_fault(self, key: NodeKey) -> str:
        """As `EndpointPolicy.server_fault`, of a policy behind a server."""
        fault = getattr(self._writer(), "server_fault", None)
        return "" if fault is None else str(fault(key, self.limits.tree_seconds))

    def _run(self, headers: Sequence[TreeHeader]) -> list[Tree]:
        trees = [self._open(index, header) for index, header in enumerate(headers)]
        ended: dict[int, Tree] = {}
        workers = min(self.sandbox.workers, max(1, len(trees)))
        try:
            with ThreadPoolExecutor(workers, thread_name_prefix="rao-lab-code") as pool:
                self._loop(trees, pool if workers > 1 else None, ended)
        except BaseException as stop:
            self._close_ended(trees, ended, ask=False)  # also those that ended at this very tick
            self.ended = [ended[index] for index in sorted(ended)]
            if isinstance(stop, KeyboardInterrupt):
                raise self._interrupted(trees) from None
            self.stopped = self._end_all([tree for tree in trees if tree.active], FAILED)
            raise
        finally:
            # If an exception stopped the run, the nodes that ended at this tick were not forgotten yet.
            for tree in trees:
                for key in [*tree.take_ended(), *(node.key for node in tree.running())]:
                    self.policy.forget(key)
        done = [ended[index] for index in range(len(trees))]
        self._say_unasked(done)
        return done

    def _interrupted(self, trees: Sequence[TreeRun]) -> Interrupted:
        """Ends what runs, as it is; the trees that had ended are whole."""
        return Interrupted(self._end_all(trees, STOPPED))

    @staticmethod
    def _end_all(trees: Sequence[TreeRun], why: str) -> list[Tree]:
        for tree in trees:
            if tree.active:
                tree.stop(why)
        return [tree.log.fold.tree() for tree in trees]

    def _say_unasked(self, trees: Sequence[Tree]) -> None:
        """Once: the judge had nothing to do, because the world scored every node that finished."""
        sources = {node.success_source for tree in trees for node in tree.nodes}
        checks = getattr(self.judge, "check", 0)  # it has something to do after the step
        if self.judge is not None and not (self._judged or checks) and "verifier" in sources:
            warn_user(f"judge was not asked: {self.environment.name} scored every node that finished itself")
            self._judged = True  # said

    def header(self, header: TreeHeader) -> TreeHeader:
        """The header of a tree, with all that this executor knows of it: what its events are recorded under."""
        return replace(
            header,
            agent=self.agent,
            environment=self.environment.name,
            policy=self.policy.name,
            policy_version=self.policy.version,
            limits=self._said_limits,
        )

    def _open(self, index: int, header: TreeHeader) -> TreeRun:
        header = self.header(header)
        window = self.limits.context_window
        if self.policy.window:
            window = min(window, self.policy.window)
        return TreeRun(
            index,
            header,
            open_world(self.environment, checked_task(header.task)),
            self.dialect,
            self.sandbox,
            self.limits,
            window=window if self.policy.window else 0,
            clock=self.clock,
            rewards=self.rewards,
            not_reproducible=self._not_reproducible(),
            hide=getattr(self.policy, "without_key", None),
            edits=self.edits,
            siblings=self.siblings,
        )

    def _not_reproducible(self) -> str:
        """Why the same seed may give other trees, if anything that takes part says so; otherwise empty."""
        if not getattr(self.policy, "reproducible", True):
            return f"policy {self.policy.name} does not answer by the seed alone"
        if not getattr(self.environment, "reproducible", True):
            return f"the functions of {self.environment.name} may answer otherwise the next time"
        return ""

    def _loop(
        self, trees: Sequence[TreeRun], pool: ThreadPoolExecutor | None, ended: dict[int, Tree]
    ) -> None:
        """Runs the trees to their ends; each stands in `ended`, by its place, from its end on."""
        tick = 0
        silence = Silence(self.policy, self.clock, self.limits.tree_seconds)
        for tree in trees:
            tree.start()
        self._after(trees)
        while running := [tree for tree in trees if tree.active]:
            silence.stood_still(self._pause(trees, tick))
            with in_policy(self.policy, "tick"):
                given = self.policy.tick()
            replies = checked_replies(self.policy, given, len(trees))
            silence.heard(replies)
            tick += 1
            busy = self._hand_out(trees, replies, tick)
            if pool is None:
                for tree in busy:
                    tree.work()
            else:
                list(pool.map(TreeRun.work, busy))
            late = [tree for tree in running if tree.overtime()]
            for tree in late:
                tree.time_out(self._server_fault)
            if busy or late:
                self._after([*busy, *late])
                self._close_ended(trees, ended)

    def _pause(self, trees: Sequence[TreeRun], tick: int) -> float:
        """Lets `on_tick` hold the run; a pause, in seconds, does not count as time of a tree."""
        if self.on_tick is None:
            return 0.0
        before = self.clock()
        self.on_tick(tick)
        stood = self.clock() - before
        for tree in trees:
            tree.log.stood_still(stood)
        return stood

    def _hand_out(self, trees: Sequence[TreeRun], replies: Sequence[TurnReply], tick: int) -> list[TreeRun]:
        """Gives each reply to its tree; returns the trees that have work now, in order."""
        for tree in trees:
            tree.log.tick = tick
        busy = set()
        for reply in replies:
            index, path = reply.key
            trees[index].replied(path, reply)
            busy.add(index)
        return [trees[index] for index in sorted(busy)]

    def _after(self, trees: Sequence[TreeRun]) -> None:
        """Hands on what the trees' work left for others, in tree order: events, ended nodes, new requests."""
        for tree in trees:
            for event in tree.log.take():
                if self.on_event is not None:
                    self.on_event(tree.index, event)
            for key in tree.take_ended():
                self.policy.forget(key)
            left = self.limits.tree_seconds - tree.log.age()
            for request in tree.take_requests():
                with in_policy(self.policy, "submit"):
                    self.policy.submit(changed(request, script=self.script, left=left))

    def _close_ended(self, trees: Sequence[TreeRun], ended: dict[int, Tree], ask: bool = True) -> None:
        """Scores the trees that have just ended. A judge's time does not count as time of the others.

        Args:
            ask: whether a judge may be asked; after a stop it is not.
        """
        due = [tree for tree in trees if tree.ended and tree.index not in ended]
        if not due or (ask and self._own_judge and any(tree.active for tree in trees)):
            return
        before = self.clock() if self.judge is not None else 0.0
        if ask or self.judge is None:
            tick = partial(self.on_tick, due[0].log.tick) if self.on_tick is not None else None
            logs = [tree.log for tree in due]
            asked = score_rest(logs, self.environment, self.judge, self.rewards, tick)
            self._judged = asked or self._judged
        for tree in due:
            ended[tree.index] = self._close(tree)
            if self.on_tree is not None:
                self.on_tree(tree.index, ended[tree.index])
        stood = self.clock() - before if self.judge is not None else 0.0
        for tree in trees:
            tree.log.stood_still(stood)

    def _close(self, tree: TreeRun) -> Tree:
        for event in tree.log.take():
            if self.on_event is not None:
                self.on_event(tree.index, event)
        return tree.log.fold.tree()


def _worded(dialect: Dialect, environment: Environment) -> Dialect:
    if not callable(getattr(dialect, "parse", None)):
        raise ConfigError(
            f"dialect is {quoted(dialect)}: rl.prompts.find(...) makes one of a name or a folder"
        )
    return dialect.worded(environment) if isinstance(environment, Worded) else dialect

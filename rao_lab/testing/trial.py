"""What the checks of one environment share: its calls are watched, and what is found is written down once."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from rao_lab.api.defaults import SCRIPTED
from rao_lab.base.places import raised_at
from rao_lab.base.safe_text import quoted
from rao_lab.errors import CallbackError, RaoLabError
from rao_lab.execution.executor import Executor
from rao_lab.execution.limits import Limits
from rao_lab.execution.node_run import Siblings
from rao_lab.execution.sandbox import Sandbox
from rao_lab.policies.scripted import ScriptedPolicy
from rao_lab.prompts import find
from rao_lab.protocols import Environment, Policy, Scripted, World
from rao_lab.testing.recorded import RecordedEnvironment, Step
from rao_lab.testing.report import EnvironmentReport, Finding
from rao_lab.testing.watch import Answer, Watch
from rao_lab.tree import Agent, Task, Tree, TreeHeader

CALL_SECONDS = 2.0
"""What one method of an environment or a world may take."""
MOST_FINDINGS = 40
MOST_OVERDUE = 2
LIMITS = replace(SCRIPTED.limits, tree_seconds=60.0)
CAUSES = (
    "protocol",
    "tasks",
    "world",
    "determinism",
    "answers",
    "verifiers",
    "guards",
    "siblings",
    "plays",
    "plans",
)
"""Checks in the order in which their findings are said: what may be the cause of another one is said before it."""
NONSENSE = ("signatures", "hostile")
RAISED = "correct it, whatever is passed; what a model should hear is raise Refusal(kind, message)"


@dataclass
class Play:
    """A tree that a script played, and what its world was asked."""

    task: Task
    style: str
    agent: Agent
    tree: Tree
    steps: Sequence[Step]

    def __str__(self) -> str:
        who = "the flat script" if self.agent == "flat" else f"the script, style {self.style!r}"
        return f"{who}, on task {self.task.id}"


@dataclass
class Trial:
    """One check of one environment."""

    env: Environment
    watch: Watch
    sandbox: Sandbox
    until: float
    say: Callable[[str], None]
    gold: Callable[[Task], Any] | None = None
    tasks: list[Task] = field(default_factory=list)
    """Some tasks of the test split, of each difficulty, the easiest first."""
    plays: list[Play] = field(default_factory=list)
    """Trees of the script whose root succeeded."""
    planned: dict[str, Any] = field(default_factory=dict)
    """Id of a task -> the answer of its flat plan, if it is right."""
    findings: list[Finding] = field(default_factory=list)
    passed: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    check: str = ""
    asked: str = ""
    """The last call of the environment, in words."""
    count: int = 0
    """What the running check has tried so far."""
    _stage_until: float = 0.0
    _overdue: int = 0
    """Calls of the running check that did not return."""
    _faulty: set[str] = field(default_factory=set)
    """Checks that found something."""

    @contextmanager
    def stage(self, check: str, share: float) -> Iterator[None]:
        """The check named so runs inside, and gets a share of the time that is left."""
        self.check, self.count, self._overdue = check, 0, 0
        now = time.monotonic()
        self._stage_until = now + max(0.3, share * (self.until - now))
        self.say(check)
        try:
            yield
        except Exception as problem:  # a user's object may raise wherever it is looked at
            where = raised_at(problem)
            if not where:
                raise
            self.fault("an object of yours was looked at", _said(problem), "correct it", where)

    @property
    def late(self) -> bool:
        """Whether the running check has had its share of time, or enough of calls that do not return."""
        return self._overdue >= MOST_OVERDUE or time.monotonic() > self._stage_until

    def part(self, parts: int) -> float:
        """The end of one of so many parts of the time that the running check has left."""
        now = time.monotonic()
        return now + max(0.0, self._stage_until - now) / parts

    @property
    def unplayed(self) -> str:
        """Why there is no right play to try again; "" if there is one."""
        if self.plays:
            return ""
        known = isinstance(self.env, Scripted)
        return f"not tried: {'no play of the script succeeded' if known else 'there is no script'}"

    @property
    def why_late(self) -> str:
        return "calls did not return" if self._overdue else "its time was up (more by seconds= or --seconds)"

    def fault(self, tried: str, found: str, advice: str, where: str = "") -> None:
        """Writes down what is wrong. What is like an earlier finding of this check is counted with it, and so is an
        exception of the same kind and place, whichever check met it."""
        self._faulty.add(self.check)
        for place, each in enumerate(self.findings):
            alike = (each.check, each.advice, each.where) == (self.check, advice, where)
            if alike or (where and (each.where, _kind(each.found)) == (where, _kind(found))):
                self.findings[place] = replace(each, more=each.more + 1)
                return
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(self.check, tried, found, advice, where))

    def note(self, text: str) -> None:
        said = f"{self.check}: {text}"
        if said not in self.notes:
            self.notes.append(said)

    def clean(self) -> bool:
        """Whether the running check has found nothing."""
        return self.check not in self._faulty

    def passes(self, said: str) -> None:
        """The running check is through."""
        if self.clean():
            self.passed[self.check] = said

    def report(self, seconds: float) -> EnvironmentReport:
        name = getattr(self.env, "name", "")
        name = name if isinstance(name, str) and name else type(self.env).__name__
        findings = tuple(sorted(self.findings, key=_place))
        return EnvironmentReport(name, findings, dict(self.passed), tuple(self.notes), seconds)

    # Calls of the user's code.

    def ask(
        self,
        tried: str,
        function: Callable[..., Any],
        *args: Any,
        seconds: float = CALL_SECONDS,
        refuses: bool = False,
        advice: str = "",
        slow: str = "bound its work: refuse what would take long",
    ) -> Answer:
        """Calls it. An exception and a call that does not return are findings, and so is a refusal, unless it
        `refuses`.

        Args:
            advice: what to do about an exception.
            slow: what to do about a call that does not return.
        """
        self.count, self.asked = self.count + 1, tried
        answer = self.watch.call(function, args, seconds)
        if answer.overdue:
            self._overdue += 1
            said = f"it did not return within {seconds:g} s and was stopped"
            self.fault(tried, said, slow, answer.where)
        elif answer.problem is not None:
            said = advice or (RAISED if refuses else "correct it, whatever is passed")
            self.fault(tried, _said(answer.problem), said, answer.where)
        elif answer.refusal is not None and not refuses:
            said = f"it refused: {answer.refusal.message}"
            self.fault(tried, said, "only admit and call may refuse: return a value here")
        return answer

    def open(self, task: Task) -> World | None:
        """A fresh world of a task; None if there is none (a finding says why)."""
        answer = self.ask(f"open(task) of {task.id}", self.env.open, task, advice="correct open")
        return answer.value if answer.ok and answer.refusal is None else None

    def entered(self, task: Task) -> World | None:
        """A fresh world whose root has started."""
        world = self.open(task)
        if world is None:
            return None
        root = self.ask("root()", world.root)
        if root.value is None:
            return None
        return world if self.ask("enter('0', root())", world.enter, "0", root.value).ok else None

    def play(
        self,
        task: Task,
        policy: Policy | None = None,
        *,
        style: str = "",
        agent: Agent = "recursive",
        siblings: Siblings = "together",
        limits: Limits = LIMITS,
    ) -> Play | None:
        """Runs a tree of the script, or of another policy; None if it could not be run (a finding says why)."""
        env = RecordedEnvironment(self.env)
        actor = policy or ScriptedPolicy(style or None)
        said = f"a tree of {actor.name} {style} ({agent}) on task {task.id}".replace("  ", " ")

        def run() -> Tree:
            runner = Executor(
                env, actor, find("codeact"), limits, sandbox=self.sandbox, agent=agent, siblings=siblings
            )
            return runner.run([runner.header(TreeHeader(task, seed=0))])[0]

        answer = self.ask(said, run, seconds=max(5.0, self.until - time.monotonic()), advice="correct it")
        if answer.value is None:
            return None
        return Play(task, style, agent, answer.value, env.worlds[0].steps)


def _kind(found: str) -> str:
    """What was found, without what an exception was made with."""
    return re.split("[(:]", found)[0]


def _place(finding: Finding) -> int:
    """Where a finding is said: an exception or a call that hangs comes before what follows from it."""
    if finding.check in NONSENSE:
        return len(CAUSES)
    return CAUSES.index("world" if finding.where and finding.check in CAUSES[3:] else finding.check)


def _said(problem: BaseException) -> str:
    """What was raised: an error of ours speaks for itself, unless it stands for one of the user's."""
    if isinstance(problem, CallbackError) and problem.__cause__ is not None:
        problem = problem.__cause__
    return f"it failed: {problem}" if isinstance(problem, RaoLabError) else f"it raised {quoted(problem)}"

"""How good a policy is, with the limits, temperature and flat ceiling that suit it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rao_lab.api.defaults import suggested
from rao_lab.evaluation import evaluate as evaluation
from rao_lab.evaluation.ceiling import flat_fits
from rao_lab.evaluation.evaluate import Comparison, Evaluation
from rao_lab.execution.limits import Limits
from rao_lab.protocols import Environment, Policy
from rao_lab.tree import AGENTS, Agent, Task


def evaluate(
    environment: Environment,
    policy: Policy,
    agent: Agent = "recursive",
    tasks: int | Sequence[Task] = 100,
    limits: Limits | None = None,
    temperature: float | None = None,
    **options: Any,
) -> Evaluation:
    """`evaluation.evaluate` with limits and a temperature that suit the policy and its flat ceiling, where
    none are given."""
    fitting = suggested(policy)
    options.setdefault("fits", flat_fits(environment, policy, options.get("dialect")))
    options["temperature"] = fitting.temperature if temperature is None else temperature
    return evaluation.evaluate(environment, policy, agent, tasks, limits or fitting.limits, **options)


def compare(
    environment: Environment,
    policies: Policy | Mapping[str, Policy],
    agents: Sequence[Agent] = AGENTS,
    tasks: int | Sequence[Task] = 100,
    limits: Limits | None = None,
    temperature: float | None = None,
    **options: Any,
) -> Comparison:
    """`evaluation.compare` with limits, temperature and flat ceiling of the first policy, where none are
    given."""
    first = next(iter(policies.values())) if isinstance(policies, Mapping) else policies
    fitting = suggested(first)
    options.setdefault("fits", flat_fits(environment, first, options.get("dialect")))
    options["temperature"] = fitting.temperature if temperature is None else temperature
    return evaluation.compare(environment, policies, agents, tasks, limits or fitting.limits, **options)

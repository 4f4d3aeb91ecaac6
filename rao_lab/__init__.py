"""RAO Lab: recursive agents whose every instance earns its own credit.

    import rao_lab as rl

    env = rl.environments.TextCraft(difficulty="medium")
    policy = rl.load_policy("scripted")     # no model; "tiny" is the embedded one
    task = env.tasks("test")[0]
    tree = rl.run(task, env, policy)
    print(tree)

`help(rl.run)`, and so on, shows an example for each name. Examples use the names above, a `group` of trees of
one task, a training `step`, and "runs/a.rao", the file of a training run of one step.

One package a chapter, in the order of the story:

    tree          what happened: events, turns, nodes, trees
    credit        who earned what
    environments  worlds with tasks
    prompts       a node's state as messages, and back
    policies      who writes the turns
    execution     how trees run: the scheduler, its limits, the sandbox
    training      from credit to the update of the weights
    store         the run file
    evaluation    how good a policy is, with intervals
    views         to look at: the Explorer, figures, the terminal
    api           what `rl.` offers, joined from the packages above
    testing       tries a world of your own
    course        checks answers to the exercises of the notebooks
    experiments   what we ran
    base, cli     tools below, the command line above
    publish       the course as pages, the documentation, the offline kit

Names load when first used, so importing this package costs milliseconds and no torch. In a notebook, torch is
then imported in the background.
"""

from typing import TYPE_CHECKING

from rao_lab.base.early import in_notebook, load_in_background, sleep_while_waiting
from rao_lab.base.lazy import face

if TYPE_CHECKING:
    from rao_lab import environments, prompts, testing
    from rao_lab.api.bench_result import PromptBench
    from rao_lab.api.compare_rules import compare_rules
    from rao_lab.api.diagnose import diagnose
    from rao_lab.api.diff import TreeDiff, diff
    from rao_lab.api.evaluate import compare, evaluate
    from rao_lab.api.evolution import Evolution, evolution
    from rao_lab.api.explain import Explanation, explain
    from rao_lab.api.fork import fork
    from rao_lab.api.judge import agreement, judge
    from rao_lab.api.keep import load_tree, save_tree
    from rao_lab.api.prompt_bench import prompt_bench
    from rao_lab.api.run import arun, run
    from rao_lab.api.session import Session
    from rao_lab.api.train import default_config, start, train
    from rao_lab.course.check import check
    from rao_lab.credit import Attribution, Attributions, CreditConfig, CreditNodes, attribute
    from rao_lab.credit.diagnose import BADGES, Badge, BadgeConfig, Finding, Findings
    from rao_lab.environments.functions.environment import environment
    from rao_lab.environments.verifiers.environment import from_verifiers
    from rao_lab.errors import (
        CallbackError,
        ConfigError,
        InputError,
        Interrupted,
        MissingError,
        RaoLabError,
        RecordError,
        RunFileError,
        StopTraining,
        UnavailableError,
    )
    from rao_lab.evaluation.agreement import Agreement
    from rao_lab.evaluation.compare import Comparison
    from rao_lab.evaluation.compare_arms import ArmComparison, compare_arms
    from rao_lab.evaluation.compare_runs import RunComparison, compare_runs
    from rao_lab.evaluation.evaluate import Evaluation
    from rao_lab.evaluation.forks import Forks
    from rao_lab.evaluation.kept_forks import forks_of
    from rao_lab.evaluation.variant import Variant
    from rao_lab.execution.executor import Executor
    from rao_lab.execution.limits import Limits
    from rao_lab.policies.load import load_policy
    from rao_lab.policies.replay import ReplayPolicy
    from rao_lab.protocols import (
        Dialect,
        Environment,
        Function,
        Judge,
        Launch,
        Policy,
        Refusal,
        Score,
        TurnReply,
        World,
    )
    from rao_lab.store import Run, Trace, open_run, open_trace
    from rao_lab.training.config import LossConfig, TrainConfig
    from rao_lab.training.metrics import TrainStep
    from rao_lab.tree import Group, Message, Node, Status, Task, Tree, TreeHeader, Turn
    from rao_lab.views import Explorer, figures, launches, tokens

__version__ = "0.1.0"
sleep_while_waiting()
if in_notebook():
    load_in_background()
__getattr__, __dir__, _names = face(__name__, __file__)
__all__ = sorted([*_names, "__version__"])

"""What a user gives to the public face, in the wrong place or of the wrong kind: one line, at the call."""

from __future__ import annotations

import inspect
from array import array
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import rao_lab as rl
from rao_lab.base.calls import nearest
from rao_lab.protocols import Function, Launch, Refusal, Score
from tests.support.configs import small_config
from tests.support.worlds import TASK, Lines, Shelf, ShelfWorld

ENV = Shelf()
TEXTCRAFT = rl.environments.TextCraft("easy")
SCRIPTED = rl.load_policy("scripted")
FINE = Lines({"0": ["finish('ok')"]})


def refused(call: Callable[[], object]) -> str:
    """The one line that a call gets."""
    with pytest.raises(rl.RaoLabError) as problem:
        call()
    line = str(problem.value)
    assert "\n" not in line and len(line) < 400
    return line


PUBLIC = [
    *(name for name in rl.__all__ if inspect.isfunction(getattr(rl, name))),
    *("CreditConfig", "Explorer", "Group", "Limits", "LossConfig", "Task", "TrainConfig"),
    *(
        "environments.TextCraft",
        "figures.tree",
        "figures.timeline",
        "figures.curves",
        "figures.gradient_share",
    ),
]


@pytest.mark.parametrize("name", PUBLIC)
def test_a_misspelled_keyword_is_one_line_that_names_it(name: str) -> None:
    called: Any = rl
    for part in name.split("."):
        called = getattr(called, part)
    given = [None] if name == "Explorer" else ["scripted"] if name == "load_policy" else []
    given = [SCRIPTED] if name == "default_config" else given
    assert "zzzzz" in refused(lambda: called(*given, zzzzz=1))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: rl.TrainConfig(lr=1e-3), "TrainConfig has no field 'lr': did you mean 'learning_rate'?"),
        (
            lambda: rl.default_config(SCRIPTED, lam=0),
            "TrainConfig has no field 'lam': it is one of credit, so give credit=CreditConfig(lam=...)",
        ),
        (lambda: rl.TrainConfig(max_dept=2), "did you mean limits=Limits(max_depth=...)?"),
        (lambda: rl.TrainConfig(tasks=4), "did you mean 'tasks_per_step'?"),
        (lambda: rl.TrainConfig(clip_grad=1), "did you mean 'grad_clip'?"),
        (lambda: rl.TrainConfig(num_steps=1), "did you mean 'steps'?"),
        (lambda: rl.TrainConfig.from_dict({"lam": 1}), "give credit=CreditConfig(lam=...)"),
        (lambda: rl.Limits(depth=3), "Limits has no field 'depth': did you mean 'max_depth'?"),
        (lambda: rl.run(TASK, ENV, FINE, limit=None), "run has no argument 'limit': did you mean 'limits'?"),
        (lambda: rl.run(TASK, ENV), "run needs policy: it takes task, environment, policy"),
        (
            lambda: rl.run(TASK, ENV, FINE, None),
            "run takes task, environment, policy in this order; give the rest",
        ),
        (lambda: rl.run(TASK, ENV, FINE, environment=ENV), "multiple values for argument 'environment'"),
        (lambda: rl.load_policy("scripted", errorrate=1), "did you mean 'error_rate'?"),
        (lambda: rl.attribute([], lam=1), "attribute has no argument 'lam': it has groups, config, share_by"),
    ],
)
def test_the_nearest_right_name_is_offered(call: Callable[[], object], words: str) -> None:
    assert words in refused(call)


def test_no_name_is_offered_that_is_not_near() -> None:
    assert nearest("q", ["steps", "seed"]) is None and nearest("colour", ["steps", "seed"]) is None


class Half:
    """An environment that somebody has not finished writing."""

    name = "half"

    def tasks(self, split: str) -> list[rl.Task]:
        return [TASK]


STEP = rl.Group(TASK, ())
TREE = rl.run(TASK, ENV, FINE)
SWAPPED: list[tuple[Callable[[], object], str]] = [
    (
        lambda: rl.run(ENV, TASK, FINE),
        "task is the environment shelf: rl.run(task, environment, policy) is the order",
    ),  # type: ignore[arg-type]
    (lambda: rl.run(TASK, FINE, ENV), "environment is the policy lines: rl.run("),  # type: ignore[arg-type]
    (lambda: rl.run(TASK, ENV, TASK), "policy is the task 'shelf-1': rl.run("),  # type: ignore[arg-type]
    (lambda: rl.run([TASK], ENV, FINE), "one task is due"),  # type: ignore[arg-type]
    (lambda: rl.run("t", ENV, FINE), "task is 't'"),  # type: ignore[arg-type]
    (lambda: rl.run(TASK, ENV, "tiny"), "give rl.load_policy('tiny')"),  # type: ignore[arg-type]
    (lambda: rl.run(TASK, Half(), FINE), "environment is a Half, which lacks open: rl.run("),  # type: ignore[arg-type]
    (lambda: rl.run(TASK, Shelf, FINE), "environment is the class Shelf: call it, as in Shelf()"),  # type: ignore[arg-type]
    (lambda: rl.run(TASK, ENV, FINE, limits={"max_depth": 1}), "limits must be rl.Limits(...), not"),  # type: ignore[arg-type]
    (
        lambda: rl.run(TASK, ENV, FINE, judge=max),
        "judge is a builtin_function_or_method: a judge is an object with",
    ),  # type: ignore[arg-type]
    (lambda: rl.run(TASK, ENV, FINE, on_event="x"), "on_event must be a function, not 'x'"),  # type: ignore[arg-type]
    (lambda: rl.run(TASK, ENV, FINE, seed="x"), "seed must be a whole number, not 'x'"),  # type: ignore[arg-type]
    (lambda: rl.run(TASK, ENV, FINE, prompt=3), "prompt must be a name, a folder or a Dialect, not 3"),  # type: ignore[arg-type]
    (lambda: rl.run(TASK, ENV, FINE, temperature="hot"), "temperature must be a number, not 'hot'"),  # type: ignore[arg-type]
    (lambda: rl.default_config(None), "policy is None: rl.default_config(policy, steps=20) is the order"),  # type: ignore[arg-type]
    (lambda: rl.Group(0, (TREE,)), "task is 0: rl.Group(task, [tree, ...]) is the order"),  # type: ignore[arg-type]
    (lambda: rl.Group(TASK, TREE), "trees is one tree: rl.Group(task, [tree, ...]) is the order"),  # type: ignore[arg-type]
    (lambda: rl.ReplayPolicy([3]), "trees is [3]: a replay repeats a tree, or a list of trees"),  # type: ignore[list-item]
    (lambda: rl.Explorer(TREE).save_html(None), "path=None is no name of a page"),  # type: ignore[arg-type]
    (
        lambda: rl.Executor(ENV, FINE, "codeact", rl.Limits(), sandbox=None),  # type: ignore[arg-type]
        "dialect is 'codeact': rl.prompts.find(...) makes one",
    ),
    (lambda: TREE.node("0.9"), "no node '0.9' in this tree of 1 node:"),
    (lambda: rl.evaluate(FINE, ENV), "environment is the policy lines: rl.evaluate(environment, policy) is"),  # type: ignore[arg-type]
    (lambda: rl.evaluate(ENV, FINE, tasks=TASK), "tasks is one task: give a list, tasks=[task]"),  # type: ignore[arg-type]
    (lambda: rl.evaluate(ENV, FINE, tasks=["a"]), "tasks[0] is 'a', and a Task is due"),  # type: ignore[list-item]
    (lambda: rl.evaluate(ENV, FINE, tasks=2.5), "tasks must be a number of tasks or a list of them, not 2.5"),  # type: ignore[arg-type]
    (lambda: rl.evaluate(ENV, FINE, split=None), "split must be a name, not None"),  # type: ignore[arg-type]
    (lambda: rl.evaluate(ENV, FINE, batch=True), "batch must be a whole number, not True"),
    (
        lambda: rl.compare(ENV, FINE, agents="recursive"),
        "agents='recursive' is no list of agents: give one, such as",
    ),  # type: ignore[arg-type]
    (lambda: rl.compare(ENV, [FINE]), "policies is a list: give one policy, or several by name"),  # type: ignore[arg-type]
    (lambda: rl.compare(ENV, {}), "policies is empty: give one policy, or several by name"),
    (lambda: rl.compare(ENV, {"a": 3}), "policy is 3: rl.compare("),  # type: ignore[dict-item]
    (
        lambda: rl.train(FINE, ENV),
        "environment is the policy lines: rl.train(environment, policy, config) is",
    ),  # type: ignore[arg-type]
    (lambda: rl.train(ENV, SCRIPTED, {"steps": 1}), "config must be rl.TrainConfig(...), not {'steps': 1}"),  # type: ignore[arg-type]
    (
        lambda: rl.train(ENV, SCRIPTED, rl.CreditConfig()),
        "rl.TrainConfig(...) (its credit is one), not a CreditConfig",
    ),  # type: ignore[arg-type]
    (lambda: rl.train(ENV, SCRIPTED, workers=0), "workers=0 means nothing: give 1 to"),
    (lambda: rl.train(ENV, SCRIPTED, on_step=5), "on_step must be a function, not 5"),  # type: ignore[arg-type]
    (lambda: rl.start(ENV, SCRIPTED, store=5), "a run file is named by a path, not by 5"),  # type: ignore[arg-type]
    (lambda: rl.start(ENV, SCRIPTED, on_step=5), "on_step must be a function, not 5"),  # type: ignore[arg-type]
    (lambda: rl.attribute(STEP), "not a Group: give rl.attribute([group])"),  # type: ignore[arg-type]
    (lambda: rl.attribute([3]), "and one is 3"),  # type: ignore[list-item]
    (
        lambda: rl.attribute([STEP], config={"lam": 0}),
        "config must be rl.CreditConfig(...) or a function, not {'lam': 0}",
    ),  # type: ignore[arg-type]
    (lambda: rl.Task(1, "g"), "the id of a task must be text, not 1"),  # type: ignore[arg-type]
    (lambda: rl.Task("a", "g", max_steps=1.5), "max_steps of a task must be a whole number, not 1.5"),  # type: ignore[arg-type]
    (lambda: rl.Task("a", "g", data=[1]), "the data of a task must be a dict, not [1]"),  # type: ignore[arg-type]
    (
        lambda: rl.run(rl.Task("a", "g", data={"x": object}), ENV, FINE),
        "the data of task 'a' cannot be recorded: a type",
    ),
]


@pytest.mark.parametrize(("call", "words"), SWAPPED)
def test_a_thing_in_another_place_is_named_at_the_call(call: Callable[[], object], words: str) -> None:
    assert words in refused(call)


def test_attribute_names_what_a_run_has_and_refuses_trees(run_file: Any) -> None:
    with rl.open_run(run_file) as run:
        assert "run.attributions(step) is what its training multiplied by" in refused(
            lambda: rl.attribute(run)
        )  # type: ignore[arg-type]
        trees = run.groups(1)[0].trees
        assert "not of trees: rl.Group(task, trees)" in refused(lambda: rl.attribute(trees))  # type: ignore[arg-type]
        words = "rl.compare runs policies in an environment; rl.figures.curves(run) shows a recorded run"
        assert refused(lambda: rl.compare(run, run)) == words  # type: ignore[arg-type]


def test_credit_names_its_own_tree_and_node_in_a_run_and_a_place_is_no_id(run_file: Any) -> None:
    with rl.open_run(run_file) as run:
        (group,) = run.groups(1)
        for found in (run.attributions(1), rl.attribute([group])):
            for each in found:
                tree = group.trees[each.tree]
                assert run.tree(each) == tree and run.node(each) == tree.node(each.node)
        last = run.attributions(1)[-1]
        assert last.tree == 1 and run.tree(1) == group.trees[0], "the id 1 is another tree"
        for call in (lambda: run.tree(last.tree), lambda: run.node(last.tree, "0")):
            assert "1 is a place in a group and no id: give the attribution itself" in refused(call)
        assert "credit is of several steps" in refused(lambda: run.tree(replace(last, step=None)))
        assert "has no tree 1 of group 7" in refused(lambda: run.tree(replace(last, group=7)))


@pytest.fixture(scope="module")
def run_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    path = tmp_path_factory.mktemp("given") / "a.rao"
    learner = rl.load_policy("tiny")
    config = rl.default_config(learner, steps=1, tasks_per_step=1, group_size=2, probe_tasks=0)
    list(rl.train(TEXTCRAFT, learner, config, store=path))
    yield path


def world_with(**methods: Any) -> Shelf:
    class Odd(Shelf):
        def open(self, task: rl.Task) -> ShelfWorld:
            return type("OddWorld", (ShelfWorld,), methods)()

    return Odd()


def shelf_with(**methods: Any) -> Any:
    return type("Odd", (Shelf,), methods)()


LAUNCHER = Lines({"0": ['await launch_subagent("x")'], "0.0": ["finish('ok')"]})
ODD: list[tuple[Callable[[], object], str]] = [
    (
        lambda: rl.run(TASK, shelf_with(open=lambda self, task: None), FINE),
        "shelf.open(task) returned None, which is no World: it lacks functions, control_functions, root",
    ),
    (
        lambda: rl.run(TASK, world_with(root=lambda self: "go"), FINE),
        "OddWorld.root(...) returned 'go', and a Launch is due",
    ),
    (
        lambda: rl.run(TASK, world_with(admit=lambda self, *given: None), LAUNCHER),
        "OddWorld.admit(...) returned None, and a Launch is due (to refuse one, raise Refusal)",
    ),
    (
        lambda: rl.run(TASK, world_with(root=lambda self: Launch(3)), FINE),  # type: ignore[arg-type]
        "the goal of a Launch is text",
    ),
    (
        lambda: rl.run(TASK, world_with(root=lambda self: Launch("g", {"x": np.zeros(2)})), FINE),
        "a Launch whose args cannot be recorded: a ndarray cannot be kept",
    ),
    (
        lambda: rl.run(TASK, world_with(functions=lambda self: [print]), FINE),
        "OddWorld.functions() returned [<built-in function print>], and a list of Function is due",
    ),
    (
        lambda: rl.evaluate(shelf_with(tasks=lambda self, split: None), FINE, tasks=1),
        "shelf.tasks('test') returned None, and a list of tasks is due",
    ),
    (
        lambda: rl.evaluate(shelf_with(tasks=lambda self, split: ["a"]), FINE, tasks=1),
        "a task is 'a', and a Task is due",
    ),
    (
        lambda: rl.evaluate(shelf_with(difficulties=None), FINE, tasks=1),
        "difficulties of shelf must be a list of names",
    ),
    (
        lambda: rl.run(TASK, ENV, answering(None)),
        "lines.tick() returned None, and a list of TurnReply is due",
    ),
    (
        lambda: rl.run(TASK, ENV, answering(["hi"])),
        "lines.tick() returned 'hi' as a reply, and a TurnReply is due",
    ),
    (lambda: rl.run(TASK, ENV, wrote([1])), "at node 0 with sampled_ids=[1]: give array('i', ...)"),
    (lambda: rl.run(TASK, ENV, wrote(array("i", [-1]))), "at node 0 with a token id below 0"),
    (
        lambda: rl.run(TASK, ENV, wrote(array("i", [1]), float("nan"))),
        "at node 0 with a log-prob that is no finite number",
    ),
    (lambda: rl.run(TASK, ENV, answering(None, (9, "0"))), "replied to (9, '0'), which nobody asked for"),
]


def answering(replies: Any, key: Any = None) -> Any:
    class Odd(Lines):
        def tick(self) -> Any:
            return replies if key is None else [replace(each, key=key) for each in super().tick()]

    return Odd({"0": ["finish('ok')"]})


def wrote(ids: Any, logprob: float = -0.5) -> Any:
    class Tokens(Lines):
        def tick(self) -> Any:
            numbers = {"logprobs": array("f", [logprob]), "entropies": array("f", [0.1])}
            return [replace(each, sampled_ids=ids, **numbers) for each in super().tick()]

    return Tokens({"0": ["finish('ok')"]})


@pytest.mark.parametrize(("call", "words"), ODD)
def test_what_a_users_method_returns_of_another_type_is_one_line_that_names_it(
    call: Callable[[], object], words: str
) -> None:
    assert words in refused(call)


def test_an_exception_in_on_step_ends_training_says_so_and_keeps_the_step(tmp_path: Any) -> None:
    def broken(step: rl.TrainStep) -> None:
        if step.step == 1:
            raise ValueError("the tracker is full")

    learner = rl.load_policy("tiny")
    config = rl.default_config(
        learner, steps=3, tasks_per_step=1, group_size=2, probe_tasks=0, checkpoint_every=3
    )
    path = tmp_path / "a.rao"
    with pytest.raises(
        rl.CallbackError, match=r"on_step raised ValueError\('the tracker is full'\) at step 1"
    ) as one:
        list(rl.train(TEXTCRAFT, learner, config, store=path, on_step=broken))
    assert isinstance(one.value.__cause__, ValueError)
    again = rl.load_policy("tiny")
    steps = rl.train(TEXTCRAFT, again, config, store=path, resume=True)
    assert [step.step for step in steps] == [2, 3]


def test_a_failure_within_a_step_names_it_and_the_step_before_goes_on(tmp_path: Any) -> None:
    """The rule of credit and the policy are the user's own; each fails at step 2, before any checkpoint was due."""
    learner = rl.load_policy("tiny")
    calls: list[int] = []

    def mine(nodes: rl.CreditNodes) -> Any:
        calls.append(len(nodes))
        return np.arange(len(nodes)) - 1.0 if len(calls) != 2 else None

    more: dict[str, Any] = {"steps": 3, "tasks_per_step": 1, "group_size": 2, "probe_tasks": 0}
    more |= {"checkpoint_every": 3, "credit": rl.CreditConfig(estimator=mine)}
    path = tmp_path / "a.rao"
    said = refused(lambda: list(rl.train(TEXTCRAFT, learner, rl.default_config(learner, **more), store=path)))
    assert said.startswith("step 2: the credit rule mine returned None: it must return the advantage of each")

    def beyond() -> list[rl.TurnReply]:
        found = list(sampled())
        for place, each in enumerate(found):
            found[place] = replace(each, sampled_ids=array("i", [10**6] * len(each.sampled_ids)))
        return found

    odd = rl.load_policy("tiny")
    sampled, odd.tick = odd.tick, beyond  # type: ignore[method-assign]
    config = rl.default_config(odd, **more)
    said = refused(lambda: list(rl.train(TEXTCRAFT, odd, config, store=path, resume=True)))
    assert said.startswith("step 2: tiny.tick() gave the token id 1,000,000: its model knows ids below ")
    again = rl.load_policy("tiny")
    steps = rl.train(TEXTCRAFT, again, rl.default_config(again, **more), store=path, resume=True)
    assert [step.step for step in steps] == [2, 3]


def test_an_exception_in_on_step_of_a_session_is_its_error() -> None:
    learner = rl.load_policy("tiny")
    config = rl.default_config(learner, steps=2, tasks_per_step=1, group_size=2, probe_tasks=0)
    session = rl.start(TEXTCRAFT, learner, config, on_step=lambda step: 1 / 0)
    with pytest.raises(rl.CallbackError, match="on_step raised ZeroDivisionError"):
        session.result()
    assert repr(session).startswith(
        "<Session run.rao: failed, step 0 of 2: on_step raised ZeroDivisionError('division by zero') at step 0"
    )
    assert [step.step for step in session.steps] == [0]  # it is recorded, so it is there


class Mild:
    """A judge."""

    def score(self, tree: rl.Tree, path: str) -> Score:
        return Score(0.5)


def test_a_judge_that_has_nothing_to_do_is_said_once() -> None:
    with pytest.warns(
        UserWarning, match="judge was not asked: shelf scored every node that finished itself"
    ) as said:
        rl.evaluate(ENV, FINE, tasks=[TASK, TASK], batch=1, judge=Mild())
    assert len(said) == 1
    unknown = Lines({"0": ["finish('unknown')"]})
    assert rl.run(TASK, ENV, unknown, judge=Mild()).root.success_source == "judge"


def test_configs_still_copy_and_function_records_are_checked() -> None:
    assert replace(small_config(), steps=5).steps == 5
    for kind, message in ((3, "no"), ("no", 3)):
        assert "its kind and its message are text" in refused(lambda: Refusal(kind, message))  # type: ignore[arg-type]  # noqa: B023
    assert "Refusal needs message: it takes kind, message" in refused(lambda: Refusal("x"))  # type: ignore[call-arg]
    assert "did you mean 'doc'" in refused(lambda: Function("f", "f()", docs=""))  # type: ignore[call-arg]
    for signature in ("def add(a", "add(a", "sub(a)", "add(a): return 1\ndef add(b)", "add(a);x", 3, ""):
        said = refused(lambda: Function("add", signature, "x"))  # type: ignore[arg-type]  # noqa: B023
        assert said.startswith('Function add: its signature is what follows def, such as "add(text: str')
    assert "the name of a function, not 'a-b'" in refused(lambda: Function("a-b", "a-b()", "x"))
    assert Function("add", "add(a: dict[str, int], *, b: int = 1) -> tuple[int, str]", "x").doc == "x"

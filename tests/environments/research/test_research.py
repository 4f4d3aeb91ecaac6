"""Research: questions, the made-up world, the corpus, and the world that agents see."""

from __future__ import annotations

import json
import time
from random import Random
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.environments.research.articles import articles, told
from rao_lab.environments.research.corpus import HITS, PAGE, SNIPPET, Corpus, Document
from rao_lab.environments.research.questions import hops, kind_of, parse, question
from rao_lab.training.metrics import tree_metrics
from rao_lab.tree import Task

Research = rl.environments.Research


@pytest.fixture(scope="module")
def env() -> Any:
    return Research("all")


def of_kind(env: Any, kind: str, split: str = "test") -> Task:
    return next(task for task in env.tasks(split) if task.data["kind"] == kind)


def opened(env: Any, kind: str = "chain") -> Any:
    world = env.open(of_kind(env, kind))
    world.enter("0", world.root())
    return world


# Questions


def test_every_question_is_read_as_it_was_written_and_is_of_its_kind(env: Any) -> None:
    kinds = set()
    for task in list(env.tasks("test")[:120]):
        asked = parse(task.data["question"])
        assert asked is not None and question(asked) == task.data["question"]
        assert (kind_of(asked), hops(asked)) == (task.data["kind"], task.data["hops"])
        assert env.graph.accepted(env.graph.answer(asked)) == task.data["answer"]
        kinds.add((task.difficulty, task.data["kind"]))
    assert len(kinds) == 12


@pytest.mark.parametrize(
    ("words", "same"),
    [
        ("who  founded Aro Mills", "Who founded Aro Mills?"),
        ("Who is the founder of Aro Mills?", "Who founded Aro Mills?"),
        (
            "Where was the author of Winter in Aro born?",
            "In which town was the author of Winter in Aro born?",
        ),
        ("What is the birthplace of Ada Bo?", "In which town was Ada Bo born?"),
        (
            "In what year was the maker of Aro Lamp founded?",
            "When was the company that makes Aro Lamp founded?",
        ),
    ],
)
def test_other_words_for_a_question_are_understood(words: str, same: str) -> None:
    assert parse(words) == parse(same) is not None


def test_hostile_questions_are_read_in_bounded_time() -> None:
    began = time.process_time()
    for words in (
        "How many of " + "the number of " * 70 + "were born in " * 10,
        "Which of " + "the one of " * 90,
        "the founder of " * 70,
        ", and " * 190,
        "Tell me about Ada.",
        "",
    ):
        assert parse(words) is None
    assert time.process_time() - began < 2


# The made-up world


def test_splits_share_nothing(env: Any) -> None:
    graph = env.graph
    for (_, subject), value in graph.facts.items():
        if isinstance(value, str):
            assert graph.things[subject].split == graph.things[value].split
    for split in ("train", "dev", "test"):
        for task in list(env.tasks(split)[:80]):
            names = [name for name in task.data["about"].split(" + ") if not name.isdecimal()]
            assert {graph.things[name].split for name in names} == {split}


def test_articles_tell_every_fact_and_nothing_that_is_wrong(env: Any) -> None:
    found = {}
    for document in articles(env.graph, env.seed):
        for relation, subject, value in told(document.title, document.text):
            assert env.graph.facts[relation, subject] == value
            found[relation, subject] = value
    assert found == env.graph.facts


def test_the_same_seed_gives_the_same_and_another_gives_another() -> None:
    one, two, other = (Research("hard", seed=seed) for seed in (4, 4, 5))
    assert [*one.tasks("dev")[:3]] == [*two.tasks("dev")[:3]]
    assert one.tasks("dev")[0].goal != other.tasks("dev")[0].goal
    with pytest.raises(rl.InputError, match="is asked of another corpus"):
        other.open(one.tasks("dev")[0])


def test_kinds_can_be_chosen_and_a_run_opens_the_same_again() -> None:
    env = Research("easy,hard", kinds="chain", documents=400)
    assert {task.data["kind"] for task in list(env.tasks("test")[:20])} == {"chain"}
    known = dict(env.opened)
    again = rl.environments.Research(known["difficulty"], **known["settings"])
    assert [*again.tasks("test")[:3]] == [*env.tasks("test")[:3]]
    with pytest.raises(rl.ConfigError, match="kinds='chains' means nothing: choose from chain"):
        Research(kinds="chains")


# Search


def test_a_search_is_bounded_and_no_query_language() -> None:
    long = "Rain fell on the hills. " * 300
    corpus = Corpus(
        [Document("a", "Hills", long), *(Document(f"b{n}", f"B {n}", "Rain fell.") for n in range(20))]
    )
    assert corpus.page_count("a") > 5 and all(len(corpus.page("a", n)) <= PAGE for n in (1, 2, 5))
    hits = corpus.search("rain")
    assert len(hits) == HITS == len({hit.doc for hit in hits}) and all(
        len(hit.text) <= SNIPPET for hit in hits
    )
    assert [hit.doc for hit in corpus.search("title:hills")][:1] == ["a"]
    for query in (
        '"',
        "* AND (",
        "NEAR(a b, 2) NOT",
        "-",
        "\0",
        "\ud800",
        "rain" * 5000,
        "'; DROP TABLE texts; --",
    ):
        corpus.search(query)
    assert corpus.search("rain")


# The world


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("search", ()), "search needs 'query'"),
        (("search", ("",)), "takes words"),
        (("search", (["a"],)), "a list of 1"),
        (("search", ("x " * 2000,)), "4000 characters"),
        (("open", ("/etc/passwd",)), "no document '/etc/passwd': take the doc of a hit"),
        (("open", (3,)), "as text; got 3"),
        (("open", ("d1", 0)), "has pages 1 to"),
        (("open", ("d1", True)), "whole number; got True"),
        (("open", ("d1", 10**40)), "whole number of 133 bits"),
        (("read", ()), "there are search, open"),
    ],
)
def test_wrong_calls_are_refused_in_a_line(env: Any, call: tuple[str, tuple[Any, ...]], says: str) -> None:
    with pytest.raises(rl.Refusal) as refused:
        opened(env).call("0", call[0], call[1], {})
    assert says in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "args", [(), (3,), ("",), ("x" * 2000,), ("Who?", 3), ("Who?", "x" * 5000), ("a", "b", "c")]
)
def test_wrong_launches_are_refused(env: Any, args: tuple[Any, ...]) -> None:
    with pytest.raises(rl.Refusal) as refused:
        opened(env).admit("0", args, {})
    assert refused.value.kind == "bad_launch"


def test_one_s_own_question_is_refused_however_it_is_put() -> None:
    env = Research("all")
    for guard in (True, False):
        env = Research("all", guard_own_goal=guard)
        task = next(t for t in env.tasks("test") if t.data["kind"] == "chain" and "born?" in t.goal)
        world = env.open(task)
        world.enter("0", world.root())
        other = task.data["question"].replace("In which town was", "where  was").rstrip("?")
        for words in (task.data["question"], other):
            if guard:
                with pytest.raises(rl.Refusal, match="this is your own question"):
                    world.admit("0", (words,), {})
            else:
                assert world.admit("0", (words,), {}).args["kind"] == "chain"


def test_helpers_are_verified_by_what_is_true_and_only_whole_answers_count(env: Any) -> None:
    world = opened(env)
    graph = env.graph
    (_, subject), founder = next(item for item in graph.facts.items() if item[0][0] == "founder")
    world.enter("0.0", world.admit("0", (f"who is the founder of {subject}?",), {}))
    scores = {
        founder: 1.0, f" {founder.upper()}. ": 1.0, "": 0.0, "*": 0.0, f"{founder} or Ada": 0.0, None: 0.0, True: 0.0
    }  # fmt: skip
    for value, score in scores.items():
        assert world.leave("0.0", value).success == score
    assert world.leave("0.0", [thing.name for thing in graph.things.values()]).success == 0
    world.enter("0.1", world.admit("0", ("Tell me all about it.", "no more"), {}))
    assert world.leave("0.1", "whatever") is None


# Playing


@pytest.mark.parametrize("style", ["parts", "flat"])
def test_the_script_solves_every_kind(env: Any, style: str) -> None:
    policy = rl.load_policy("scripted", style=style)
    tasks = list(env.tasks("test")[:8])
    found = rl.evaluate(env, policy, tasks=tasks, limits=rl.Limits(max_depth=12, max_nodes=200, max_turns=64))
    assert found.success == 1.0 and all(node.success == 1.0 for tree in found.trees for node in tree.nodes)


def test_the_flat_plan_is_a_play_that_ends_with_the_answer(env: Any) -> None:
    for kind in ("chain", "independent", "mixed"):
        task = of_kind(env, kind)
        *calls, last = env.flat_plan(task)
        assert last[0].name == "finish" and last[0].args[0] in task.data["answer"]
        assert {call.name for (call,) in calls} <= {"search", "open"}


def test_chained_and_independent_questions_are_told_apart() -> None:
    policy = rl.load_policy("scripted")
    for kind, share in (("chain", 0.0), ("independent", 1.0)):
        env = Research("hard", kinds=kind)
        found = rl.evaluate(env, policy, tasks=4)
        (name, figures), *_ = [item for item in found.by_kind.items() if item[1].tasks]
        assert (name, figures.tasks, figures.success, figures.together) == (kind, 4, 1.0, share)
        metrics = tree_metrics([rl.Group(found.trees[0].task, found.trees[:1])])
        assert metrics["by_kind"][kind]["together"] == share and metrics["by_kind"][kind]["tasks"] == 1
        assert kind in str(found) and found.to_dict()["by_kind"][kind]["together"] == share


def test_mistakes_are_mended_or_are_data(env: Any) -> None:
    policy = rl.load_policy("scripted", error_rate=0.4)
    found = rl.evaluate(env, policy, tasks=6, limits=rl.Limits(max_turns=12, max_nodes=40))
    kinds = {kind for tree in found.trees for node in tree.nodes for kind in node.refusals}
    assert found.success is not None and found.success < 1 and kinds


def test_terse_words_are_short(env: Any) -> None:
    from rao_lab.prompts import find
    from rao_lab.protocols import Brief, Observation

    world = opened(env)
    dialect = find("terse").worded(env)
    launch = world.admit("0", ("Who founded Aro Mills?",), {})
    assert dialect.opening(Brief(launch.goal, launch.args))[0].content == "team Who founded Aro Mills?\n"
    hits = world.call("0", "search", ("founded",), {})
    said = dialect.observe(Observation((rl.tree.Call("search", ("founded",), result=hits),)))[0].content
    assert said.splitlines()[0] == f"{hits[0]['doc']} {hits[0]['title']}"


def test_labels_of_a_draw_are_those_of_its_question() -> None:
    env = Research("easy")
    goal, data = env.draw("easy", "train", Random(1))
    labels = env.labels(Task("x", goal, data=data))
    assert set(labels) == {"kind", "hops", "about"} and json.dumps(labels)


def test_a_large_world_is_made_in_seconds() -> None:
    began = time.process_time()
    assert len(Research(documents=10_000).corpus) == 10_000
    assert time.process_time() - began < 5

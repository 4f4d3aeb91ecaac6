"""Prompt benches: paired noise, order, caps, resumption, what is refused, and the verdict."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.errors import ConfigError, InputError, MissingError, RaoLabError, RunFileError
from rao_lab.evaluation.prompt_bench import Bench, Spot
from rao_lab.evaluation.verdict import verdict, versus_all
from rao_lab.execution.limits import Limits
from rao_lab.protocols import Policy
from rao_lab.store import RunWriter, open_run
from tests.support.chat_servers import answers, in_turn, says, serving

LIMITS = Limits(
    max_depth=3, max_turns=6, max_nodes=8, max_tree_turns=40, max_new_tokens=24, context_window=128
)
TASK = rl.Task("t", "Craft the following items: 1x a")
AGENTS = {"alone": rl.Variant(agent="flat"), "together": rl.Variant(agent="recursive")}


@pytest.fixture(scope="module")
def env() -> rl.environments.TextCraft:
    return rl.environments.TextCraft(difficulty="easy", seed=0)


@pytest.fixture(scope="module")
def clumsy() -> Policy:
    return rl.load_policy("scripted", error_rate=0.3)


def test_two_variants_that_are_the_same_give_the_same_trees(env: Any) -> None:
    tiny = rl.load_policy("tiny")
    same = {"a": rl.Variant(), "b": rl.Variant()}
    found = rl.prompt_bench(same, 3, tiny, 2, environment=env, limits=LIMITS, temperature=3.0)
    assert len(found.trees) == 12
    for task in range(3):
        for repeat in range(2):
            assert found.diff("a", "b", task, repeat).first is None  # the noise is paired
    first, second = ([_said(found)[Spot(0, task, repeat)] for task in range(3)] for repeat in range(2))
    assert first != second  # and each repeat has its own
    assert found.winner is None and "have the same success so far" in str(found)


def test_every_chunk_is_run_by_all_before_the_next_begins(env: Any, clumsy: Policy) -> None:
    order: list[tuple[int, ...]] = []
    rl.prompt_bench(
        AGENTS, 3, clumsy, 2, environment=env, batch=2,
        on_result=lambda found: order.append(tuple(sum(spot.variant == at for spot in found.trees) for at in (0, 1))),
    )  # fmt: skip
    # pilot (1 tree each), the estimate, then chunks of 2: the first begins with the other variant
    assert order == [(1, 0), (1, 1), (1, 1), (1, 3), (3, 3), (5, 3), (5, 5), (5, 6), (6, 6)]


def test_the_table_says_what_the_trees_are(env: Any, clumsy: Policy) -> None:
    found = rl.prompt_bench(AGENTS, 3, clumsy, 2, environment=env)
    alone, together = found.figures
    trees = [found.tree("together", task, repeat) for task in range(3) for repeat in range(2)]
    assert together.nodes == pytest.approx(sum(map(len, trees)) / 6)
    assert together.delegating_trees == sum(bool(tree.root.children) for tree in trees) / 6
    assert sum(together.refusals.values()) == sum(sum(n.refusals.values()) for t in trees for n in t.nodes)
    assert alone.delegating_nodes == 0 and alone.nodes == 1
    plain = found.to_dict()
    assert plain["tasks"][1]["cells"][1][0]["success"] == found.tree("together", 1, 0).success
    assert [row["name"] for row in plain["figures"]] == ["alone", "together"]
    text = str(found).splitlines()
    assert text[0] == "2 variants x 3 tasks x 2 repeats: 12 trees"
    assert "prompts mean nothing to scripted" in text[1]
    assert max(map(len, text[3:6])) <= 100


@pytest.mark.parametrize(
    ("caps", "words"),
    [
        (
            {"max_seconds": 1e-6},
            "max_seconds=1e-06 is used up; the trees under way were given up before one had ended: raise it, or",
        ),
        ({"max_tokens": 10}, "max_tokens=10 is used up"),
    ],
)
def test_a_cap_ends_the_bench_and_says_so(env: Any, caps: dict[str, float], words: str) -> None:
    found = rl.prompt_bench(AGENTS, 3, rl.load_policy("tiny"), 2, environment=env, limits=LIMITS, **caps)  # type: ignore[arg-type]
    assert words in found.stopped and len(found.trees) < found.planned
    assert f"stopped: {found.stopped}" in str(found)


def test_a_chunk_that_would_break_a_cap_is_not_begun(env: Any) -> None:
    tiny = rl.load_policy("tiny")
    whole = rl.prompt_bench(AGENTS, 3, tiny, 2, environment=env, limits=LIMITS)
    used = sum(node.tokens_in + node.tokens_out for tree in whole.trees.values() for node in tree.nodes)
    part = rl.prompt_bench(AGENTS, 3, tiny, 2, environment=env, limits=LIMITS, max_tokens=used * 0.7)
    assert "leaves no room for more trees" in part.stopped
    assert 0 < len(part.trees) < 12
    assert len({sum(spot.variant == at for spot in part.trees) for at in (0, 1)}) == 1  # balanced


@pytest.mark.parametrize("cap", [{"max_tokens": 9200}, {"max_cost": 1.7}])
def test_a_chunk_shrinks_to_what_fits_a_cap(env: Any, cap: dict[str, float]) -> None:
    used = {"prompt_tokens": 1000, "completion_tokens": 100}  # of each tree, so 0.2 USD
    with serving(says("```python\nfinish('done')\n```", usage=used)) as server:
        policy = rl.load_policy(server.address, prices={"in": 100.0, "out": 1000.0})
        prompts = ["plain", "no_delegation"]
        found = rl.prompt_bench(prompts, 5, policy, 4, environment=env, **cap)  # type: ignore[arg-type]
    assert "leaves no room for more trees" in found.stopped
    # the pilot, then three tasks of the next chunk of four, with both prompts
    assert set(found.trees) == {Spot(at, task, 0) for at in (0, 1) for task in range(4)}


def test_a_smaller_chunk_has_the_same_noise_and_the_rest_follows(env: Any, tmp_path: Path) -> None:
    options: dict[str, Any] = {"environment": env, "limits": LIMITS}
    tiny, path = rl.load_policy("tiny"), tmp_path / "a.rao"
    whole = rl.prompt_bench(AGENTS, 5, tiny, 2, **options)
    used = sum(node.tokens_in + node.tokens_out for tree in whole.trees.values() for node in tree.nodes)
    part = rl.prompt_bench(AGENTS, 5, tiny, 2, store=path, max_tokens=used * 0.45, **options)
    assert 2 < len(part.trees) < 20 and len(part.trees) % 8 != 2  # a chunk was not run whole
    rest = rl.prompt_bench(AGENTS, 5, tiny, 2, store=path, resume=True, **options)
    assert _said(rest) == _said(whole) and {**_said(rest), **_said(part)} == _said(whole)


def test_all_that_a_call_does_counts_as_its_time(env: Any, clumsy: Policy) -> None:
    found = rl.prompt_bench(
        AGENTS, 8, clumsy, 4, environment=env, batch=1, max_seconds=1.0, on_result=lambda _: time.sleep(0.15)
    )
    assert found.stopped.startswith("max_seconds=1 ") and len(found.trees) <= 8


def test_an_estimate_is_a_range_and_goes_when_all_has_run(env: Any) -> None:
    found = rl.prompt_bench(AGENTS, 5, rl.load_policy("tiny"), 2, environment=env, limits=LIMITS)
    assert re.search(r"about \S+ s to .* \(the more trees run at once, the less\)", found.estimate)
    assert "estimated" not in str(found)
    assert "estimated" in str(replace(found, stopped="interrupted"))
    alone = rl.prompt_bench(AGENTS, 2, rl.load_policy("tiny"), 1, environment=env, limits=LIMITS, batch=1)
    assert " to " not in alone.estimate


def test_names_of_usual_prompts_are_not_cut_in_the_terminal(env: Any) -> None:
    agents = {"divide_and_conquer": AGENTS["alone"], "plain": AGENTS["together"]}
    found = rl.prompt_bench(agents, 1, rl.load_policy("scripted"), 1, environment=env)
    prices = {"in": 1.0, "out": 1.0}
    text = str(replace(found, variants=tuple(replace(each, prices=prices) for each in found.variants)))
    assert "USD" in text and "\ndivide_and_conquer  " in text
    # Nobody counts the tokens of a script: a dash, and not 0.
    assert [(one.tokens_in, one.tokens_out) for one in found.figures] == [(None, None)] * 2
    assert "<td>0</td><td>0</td>" not in found._repr_html_()


def test_two_prompts_at_a_server_have_costs_and_a_cap(env: Any) -> None:
    used = {"prompt_tokens": 1000, "completion_tokens": 100}
    with serving(says("```python\nfinish('done')\n```", usage=used)) as server:
        policy = rl.load_policy(server.address, prices={"in": 100.0, "out": 1000.0})
        whole = rl.prompt_bench(["plain", "no_delegation"], 3, policy, 1, environment=env)
        told = [asked["messages"][0]["content"] for asked in server.asked]
        part = rl.prompt_bench(
            ["plain", "no_delegation"], 3, policy, 1, environment=env, batch=1, max_cost=0.85
        )
    # 1,000 tokens read at 100 USD a million are 0.1 USD, 100 written at 1,000 another 0.1; one turn a tree
    assert [one.cost for one in whole.figures] == [pytest.approx(0.2)] * 2
    assert [(one.tokens_in, one.tokens_out) for one in whole.figures] == [(1000, 100)] * 2
    assert "0.8000 USD for the other 4 trees" in whole.estimate
    assert "is sent the same seed for every prompt" in whole.note
    assert len(set(told)) == 2 and whole.noun == "prompt"
    assert {tree.root.template.partition("@")[0] for tree in whole.trees.values()} == {
        "plain",
        "no_delegation",
    }
    assert (
        len(part.trees) == 4
        and part.stopped == "max_cost=0.85 leaves no room for more trees (0.8000 USD used)"
    )


def test_a_server_that_fails_is_named_and_prompts_have_their_hash(env: Any) -> None:
    done = says("```python\nfinish('done')\n```")
    with serving(in_turn(done, answers(503, Retry_After="0"), done)) as server:
        policy = rl.load_policy(server.address)
        found = rl.prompt_bench(["plain", "no_delegation"], 2, policy, 1, environment=env)
        sound = rl.prompt_bench(["plain", "no_delegation"], 1, policy, 1, environment=env)
    failing = (
        "the server was failing, and time a tree includes its failures: plain: 2 requests; "
        "no_delegation: 3 requests, 1 of them tried again"
    )
    (one, two) = (about.prompt.partition("@")[2] for about in found.variants)
    assert re.search(f"plain <span[^>]*>@{one}<.*no_delegation <span[^>]*>@{two}<", found._repr_html_())
    assert found.retries == failing and failing in str(found) and failing in found._repr_html_()
    assert sound.retries == "" and "failing" not in str(sound)


def test_a_page_of_what_has_ended_says_no_estimate(env: Any) -> None:
    found = rl.prompt_bench(AGENTS, 3, rl.load_policy("tiny"), 2, environment=env, limits=LIMITS)
    stopped = replace(found, stopped="interrupted")
    assert "Stopped: interrupted." in stopped._repr_html_()
    assert found.estimate and "estimated" not in stopped._repr_html_()


def test_a_bench_that_is_interrupted_returns_what_there_is_and_goes_on(
    env: Any, clumsy: Policy, tmp_path: Path
) -> None:
    path = tmp_path / "bench.rao"

    def stop(found: rl.PromptBench) -> None:
        if len(found.trees) >= 4:
            raise KeyboardInterrupt

    options: dict[str, Any] = {"environment": env, "store": path, "batch": 2}
    part = rl.prompt_bench(AGENTS, 3, clumsy, 2, on_result=stop, **options)
    assert part.stopped == "interrupted; resume it to go on"
    assert 4 <= len(part.trees) < 12
    assert set(rl.PromptBench.open(path).trees) == set(part.trees)
    whole = rl.prompt_bench(AGENTS, 3, clumsy, 2, resume=True, **options)
    other = rl.prompt_bench(AGENTS, 3, clumsy, 2, environment=env, batch=2)
    assert not whole.stopped and _said(whole) == _said(other)
    more = rl.prompt_bench(AGENTS, 5, clumsy, 3, resume=True, **options)  # more tasks, more repeats
    assert len(more.trees) == 30 and all(
        more.trees[spot] == tree for spot, tree in rl.PromptBench.open(path).trees.items()
    )
    with open_run(path) as run:
        assert [(step.step, step.trees) for step in run.steps] == [(1, 15), (2, 15)]
        assert run.config["kind"] == "prompt bench"


def _said(bench: Bench) -> dict[Spot, list[list[str]]]:
    return {
        spot: [[turn.text for turn in node.turns] for node in tree.nodes]
        for spot, tree in bench.trees.items()
    }


@pytest.mark.slow
def test_a_bench_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "bench.rao"
    command = [
        *(sys.executable, "-m", "rao_lab", "prompts", "bench", "--vary", "agent=recursive,flat"),
        *("--policy", "tiny", "--limit", "6", "--repeats", "4", "--out", str(path), "--difficulty", "easy"),
    ]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until and running.poll() is None and _trees_in(path) < 6:
            time.sleep(0.2)
        os.kill(running.pid, signal.SIGKILL)
    finally:
        running.kill()
        running.wait(30)
    kept = rl.PromptBench.open(path)
    assert 6 <= len(kept.trees) < 48 and kept.stopped == "before all trees were run"
    done = subprocess.run(
        [*command[:-2], "--difficulty", "easy", "--resume"], capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    whole = rl.PromptBench.open(path)
    assert len(whole.trees) == 48 and not whole.stopped
    assert all(whole.trees[spot] == tree for spot, tree in kept.trees.items())


def _trees_in(path: Path) -> int:
    try:
        return len(rl.PromptBench.open(path).trees)
    except RaoLabError:
        return 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"repeats": 1}, "was begun with repeats = 2, not 1: give at least as many"),
        ({"seed": 3}, "was begun with seed = 0, not 3"),
        ({"prompts": {"alone": AGENTS["alone"], "other": AGENTS["together"]}}, "was begun with prompts ="),
        ({"limits": Limits(max_depth=2)}, "was begun with limits of alone ="),
        ({"tasks": 1}, "was begun with task 1 ="),
        ({"resume": False}, "exists already: --resume goes on with it"),
    ],
)
def test_another_bench_is_refused_in_one_line(
    env: Any, clumsy: Policy, bench_file: Path, change: dict[str, Any], words: str
) -> None:
    call: dict[str, Any] = {"prompts": AGENTS, "tasks": 2, "repeats": 2, "resume": True, **change}
    with pytest.raises(RaoLabError, match=words) as caught:
        rl.prompt_bench(policy=clumsy, environment=env, store=bench_file, **call)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def bench_file(env: Any, clumsy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "a.rao"
    rl.prompt_bench(AGENTS, 2, clumsy, 2, environment=env, store=path)
    return path


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda p: rl.prompt_bench(["plain", "codeact"], 2, p), ConfigError, "plays by rule and reads no prompt"),
        (
            lambda p: rl.prompt_bench({"a": rl.Variant("plain", policy=p), "b": rl.load_policy("scripted")}, 2),
            ConfigError,
            "reads no prompt, so a bench of a with the prompt plain says nothing",
        ),
        (lambda p: rl.prompt_bench(["plain"], 2, p), ConfigError, "compares 2 to 6 prompts, not 1"),
        (lambda p: rl.prompt_bench(["plain", "plain"], 2, p), ConfigError, "two prompts are called 'plain'"),
        (lambda p: rl.prompt_bench("plain", 2, p), ConfigError, "must be a list"),
        (lambda p: rl.prompt_bench(["plain", "nothing"], 2, p), MissingError, "no prompt 'nothing'"),
        (lambda p: rl.prompt_bench(["plain", "codeact"], 2), ConfigError, "no policy plays 'plain'"),
        (lambda p: rl.prompt_bench(["plain", p], 2), ConfigError, "needs a name here"),
        (lambda p: rl.prompt_bench(AGENTS, 2, p, max_cost=1.0), ConfigError, "max_cost needs the prices of scripted"),
        (lambda p: rl.prompt_bench(AGENTS, 2, p, max_seconds=-1), ConfigError, "max_seconds=-1"),
        (lambda p: rl.prompt_bench(AGENTS, 2, p, repeats=0), ConfigError, "repeats=0"),
        (lambda p: rl.prompt_bench(AGENTS, 2, p, resume=True), ConfigError, "means nothing without store"),
        (lambda p: rl.prompt_bench(AGENTS, [TASK, TASK], p), ConfigError, "two tasks have the id 't'"),
        (lambda p: rl.prompt_bench({"a": rl.Variant(agent="both"), "b": "plain"}, 2, p), ConfigError, "agent='both'"),
        (lambda p: rl.PromptBench.from_runs({"a": []}), ConfigError, "compares two runs or more"),
        (lambda p: rl.PromptBench.from_runs({"a": [], "b": []}), InputError, "a run file or a list of trees"),
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused_in_one_line(
    clumsy: Policy, call: Any, error: type[RaoLabError], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        call(clumsy)
    assert "\n" not in str(caught.value)


def test_training_does_not_take_the_place_of_a_bench(env: Any, bench_file: Path) -> None:
    tiny = rl.load_policy("tiny")
    config = rl.default_config(tiny, steps=1, tasks_per_step=1, group_size=2, probe_tasks=0)
    with pytest.raises(RunFileError, match="holds trees that were run outside training"):
        list(rl.train(env, tiny, config, store=bench_file, resume=True))
    assert len(rl.PromptBench.open(bench_file).trees) == 8


def test_a_run_that_is_no_bench_is_refused() -> None:
    path = Path(__file__).parents[2] / "data" / "pathologies" / "lambda_1.rao"
    with pytest.raises(RunFileError, match="holds no prompt bench"):
        rl.PromptBench.open(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"repeats": 10**12}, "repeats=1000000000000"),
        ({"repeats": None}, "repeats must be a whole number"),
        ({"tasks": [{"id": 5}]}, "cannot be read"),
        ({"tasks": 3}, "cannot be read"),
        ({"variants": [{"name": "a"}]}, "cannot be read"),
        (
            {"variants": [{"name": "a", "prompt": "", "policy": "", "agent": "", "prices": {"in": "x"}}]},
            "a price must",
        ),
        (
            {"variants": [{"name": "a", "prompt": "", "policy": "", "agent": "", "prices": [1]}]},
            "cannot be read",
        ),
        ({"variants": []}, "no two variants"),
        ({"note": ["x"]}, "text is due"),
    ],
)
def test_a_forged_bench_is_refused_in_one_line(
    bench_file: Path, tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    with open_run(bench_file) as run:
        config = {**run.config, "bench": {**run.config["bench"], **change}}
    path = tmp_path / "forged.rao"
    RunWriter(path, config).close()
    with pytest.raises(RunFileError, match=words) as caught:
        rl.PromptBench.open(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(RunFileError, match=words):
        rl.prompt_bench(AGENTS, 2, rl.load_policy("scripted"), 2, store=path, resume=True)


def test_recorded_trees_are_compared_by_task(env: Any, clumsy: Policy) -> None:
    tasks = env.tasks("test")[:3]
    runs = {
        name: [
            rl.run(task, env, rl.load_policy("scripted", style=style), seed=seed)
            for task in tasks
            for seed in (0, 1)
        ]
        for name, style in (("first", "summed"), ("second", "per_ingredient"))
    }
    runs["second"] = runs["second"][:5]
    found = rl.PromptBench.from_runs(runs)  # type: ignore[arg-type]
    assert (len(found.tasks), found.repeats, len(found.trees)) == (3, 2, 11)
    assert found.diff("first", "second", 1, 1).a is runs["first"][3]
    with pytest.raises(MissingError, match="no tree of 'second' for task 2, repeat 1"):
        found.tree("second", 2, 1)
    with pytest.raises(InputError, match="no task is in two of these runs"):
        rl.PromptBench.from_runs({"a": runs["first"][:2], "b": runs["first"][2:]})


SCORES = {
    "good": [[1.0, 1.0]] * 12,
    "fair": [[1.0, 0.0], [0.0, 1.0]] * 6,
    "poor": [[0.0, 0.0]] * 11 + [[None, None]],
}


@pytest.mark.parametrize(
    ("names", "winner", "words"),
    [
        (["good", "poor"], "good", "winner: good; its paired interval against the other excludes 0"),
        (["good", "fair", "poor"], "good", "against every other excludes 0 (Holm's correction for 3 pairs)"),
        (["fair", "fair2"], None, "no winner yet: fair and fair2 have the same success so far"),
        (
            ["fair", "good2", "good"],
            None,
            "no winner yet (Holm's correction for 3 pairs): good2 and good have the same",
        ),
    ],
)
def test_a_winner_is_named_only_if_every_paired_interval_says_so(
    names: Sequence[str], winner: str | None, words: str
) -> None:
    scores = {name: SCORES[name.rstrip("2")] for name in names}
    means = {name: {"good": 1.0, "fair": 0.5, "poor": 0.0}[name.rstrip("2")] for name in names}
    found = verdict(means, versus_all(scores))
    assert (found.winner, words in found.sentence) == (winner, True), found.sentence


def test_a_policy_that_is_lost_ends_the_bench_after_the_pilot(env: Any) -> None:
    lost = rl.load_policy("http://127.0.0.1:9/v1#nobody", retries=0, timeout=2.0)
    found = rl.prompt_bench(["codeact", "plain"], 4, lost, 2, environment=env)
    assert len(found.trees) == 2 and found.stopped.startswith("no tree of the pilot was scored: ")
    assert found.winner is None and found.figures[0].scored.unscored == 1


def test_a_few_tasks_tell_nothing_about_how_many_it_takes() -> None:
    two = {"one": [[1.0], [0.0], [1.0]], "other": [[0.0], [0.0], [1.0]]}
    found = verdict({"one": 0.67, "other": 0.33}, versus_all(two))
    assert found.sentence == "no winner yet: 3 tasks cannot tell, nor how many it takes: play 6 or more"

"""Benches: the folder is the list, and what is compared does the same work."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch
from xml.etree import ElementTree

import pytest
import torch

from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.errors import MissingError
from rao_lab.evaluation.evaluate import evaluate
from rao_lab.execution.limits import Limits
from rao_lab.experiments.bench import (
    adapter,
    busy,
    cases,
    credit,
    kept,
    large,
    live,
    parts,
    rollout,
    store,
    views,
    ways,
)
from rao_lab.experiments.bench.actors import Actor
from rao_lab.experiments.bench.ways import OneByOne
from rao_lab.policies.load import load_policy
from tests.support.far import FAR, Crossings, moved

REPO = Path(__file__).parents[2]


def test_every_module_that_measures_is_a_bench_and_no_other() -> None:
    assert {"credit", "rollout", "store"} <= set(cases.names())
    assert not {"make_tiny", "__init__"} & set(cases.names())


def test_every_bench_says_what_it_measures() -> None:
    assert all(cases.summary(name) for name in cases.names())


def test_an_unknown_bench_is_refused_with_the_known_ones() -> None:
    with pytest.raises(MissingError, match="rollout"):
        cases.run("speed", lambda _: None)


def test_seconds_is_a_median_without_the_first_run(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    seconds = iter([100.0, 5.0, 1.0, 3.0])

    def work() -> None:
        nonlocal now
        now += next(seconds)

    monkeypatch.setattr(cases, "perf_counter", lambda: now)
    assert cases.seconds(work, repeats=3) == 3.0


def test_every_rule_is_measured_beside_the_papers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credit, "NODES", 2_000)
    monkeypatch.setattr(credit, "ROUNDS", 1)
    found = credit.measure(lambda line: None)
    assert [case.name for case in found] == [f"credit/{name}" for name in credit.RULES]
    assert all(case.ratio_to == "credit/rao" and case.median > 0 for case in found)


@pytest.mark.slow
def test_a_large_run_is_made_opened_and_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("STEPS", 2), ("NODES", 5), ("REPEATS", 1)):
        monkeypatch.setattr(large, name, value)
    found = {case.name: case.median for case in large.measure(lambda line: None)}
    assert {
        "large/open",
        "large/step",
        "large/page",
        "large/click",
        "large/what-if",
        "large/Group",
    } <= found.keys()
    assert all(value > 0 for value in found.values())


@pytest.mark.slow
@pytest.mark.browser
def test_views_are_timed_from_a_press_to_its_paint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "SIZES", (100,))
    found = {case.name: case.median for case in views.measure(lambda line: None)}
    deeds = ("open", "select", "view", "what-if", "pan folded", "zoom folded", "pan all", "zoom all")
    assert [*found] == [f"{deed}/100" for deed in deeds]
    assert all(0 < value < 20_000 for value in found.values())


def test_a_watched_step_is_compared_with_the_same_step_alone() -> None:
    alone = [live.Taken(1.0, 2.0), live.Taken(10.0, 20.0), live.Taken(4.0, 8.0)]
    board = [live.Taken(2.0, 2.0), live.Taken(11.0, 20.0), live.Taken(6.0, 8.0)]
    taken = {"alone": alone, "board": board}
    assert live._so_far({"alone": [], "board": []}) == ""
    assert live._so_far(taken) == ": processor time of board 1.500 x alone"
    assert live._cases(taken, "processor", "s")[1].ratios["alone"] == pytest.approx((1.3, 1.5, 1.75))


def test_the_machine_is_told_without_names() -> None:
    assert set(cases.machine()) == {"device", "cores", "threads", "versions"}
    assert set(cases.machine()["versions"]) >= {"python", "torch", "system"}


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")
def test_a_model_with_an_adapter_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("peft")
    small = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "vocab_size": 64}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16}
    monkeypatch.setitem(adapter.SHAPES, "7M", small | heads)
    for name, value in {"AGENTS": 3, "PROMPT": 8, "NEW": 4, "RANK": 2, "ALONE": 1, "REPEATS": 1}.items():
        monkeypatch.setattr(adapter, name, value)
    found = {case.name: case for case in adapter._measure("7M", torch.device("cpu"), lambda _: None)}
    assert all(case.median > 0 for case in found.values())
    assert found["7M/engine"].ratio_to == "7M/generate, one by one"
    assert "7M/update, adapter" in found


@pytest.mark.slow
def test_the_costs_of_a_run_file_are_told(tmp_path: Path) -> None:
    groups = store._groups(store._histories(store.SMALL))
    found = {case.name: case for case in store._costs(tmp_path, groups, 2)}
    assert all(case.median > 0 for case in found.values())
    assert found["2 x 384 nodes: size of the file"].median > 500
    assert found["2 x 384 nodes: whole trees of a step"].ratio


def test_generate_reads_its_prompt_on_the_models_device(random_tiny: Path) -> None:
    policy: Any = load_policy(str(random_tiny), device="cpu")
    read: list[torch.device] = []

    def generate(ids: torch.Tensor, attention_mask: torch.Tensor, **settings: Any) -> torch.Tensor:
        read.extend([ids.device, attention_mask.device])
        return torch.zeros(1, ids.shape[1] + 1, dtype=torch.long)

    actor = Actor("generate", policy, OneByOne(policy.model), [])
    with Crossings(), patch.object(policy.model, "generate", generate):
        moved(policy.model)
        evaluate(TextCraft("easy"), actor, tasks=1, limits=Limits(max_turns=1))
    assert set(read) == {FAR}


def test_every_way_writes_the_same_turns(random_tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a temperature of almost 0 nothing is left to chance: all take the model's likeliest tokens."""
    monkeypatch.setattr(ways, "TEMPERATURE", 1e-4)
    policy: Any = load_policy(str(random_tiny))
    plan = replace(rollout.TINY, shared=3, own=9, turns=3)
    found: dict[str, list[list[int]]] = {}
    for name, way in rollout._ways(policy.model, (), 4, 96).items():
        noted = Noted(way)
        assert rollout.play(noted, plan, 4, 5, 32, seed=1) == 4 * 3 * 5
        found[name] = sorted(noted.written)
        way.close()
    assert found == dict.fromkeys(rollout.WAYS, found["engine"])


def test_every_way_grows_the_same_trees(random_tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Later turns of the engine may differ: it goes on from the ids that it sampled, the others read their text."""
    monkeypatch.setattr(ways, "TEMPERATURE", 1e-4)
    policy: Any = load_policy(str(random_tiny), temperature=1e-4)
    found = {}
    stops = rollout._stops(policy)
    for name, way in rollout._ways(policy.model, stops, 8, 96).items():
        actor = policy if name == "engine" else Actor(name, policy, way, stops)
        limits = Limits(max_turns=3, max_new_tokens=8)
        trees = evaluate(TextCraft("easy"), actor, tasks=3, limits=limits).trees
        found[name] = [[(t.text, t.stop) for t in tree.root.turns] for tree in trees]
        way.close()
    first = {name: [turns[0] for turns in trees] for name, trees in found.items()}
    assert first == dict.fromkeys(rollout.WAYS, first["engine"])
    assert len(found["padded"][0]) == 3 and found["padded"] == found["generate"] == found["continuous"]


class Noted:
    """A way that notes what was written."""

    def __init__(self, way: ways.Way) -> None:
        self.submit, self.forget, self.fresh, self.close = way.submit, way.forget, way.fresh, way.close
        self.written: list[list[int]] = []
        self._way = way

    def tick(self) -> list[ways.Written]:
        ended = self._way.tick()
        self.written += [turn.ids for turn in ended]
        return ended


def test_a_bench_is_measured_in_rounds_and_its_ratios_are_of_one_round(
    random_tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollout, "ENOUGH", 0.0)
    policy: Any = load_policy(str(random_tiny))
    plan = replace(
        rollout.TINY, sizes=((2, 3),), turns=2, trees=2, limits={"max_turns": 2, "max_new_tokens": 4}
    )
    cases_ = {case.name: case for case in rollout.measured(policy, plan, lambda _: None)}
    assert [*cases_] == [f"tiny{size}/{way}" for size in ("", "/2 x 3") for way in rollout.WAYS]
    assert cases_["tiny/engine"].ratio_to == "tiny/generate"  # other programs read it
    assert [*cases_["tiny/2 x 3/engine"].ratios] == [f"tiny/2 x 3/{way}" for way in rollout.WAYS[:3]]


def test_a_ratio_pairs_what_ran_in_one_round() -> None:
    found = cases.paired({"slow": [1.0, 10.0, 2.0], "fast": [3.0, 20.0, 8.0]}, "s", ["slow"])
    assert found[0].ratio is None and found[1].median == 8.0
    assert found[1].ratio == 3.0 and found[1].ratios == {"slow": (2.0, 3.0, 4.0)}


def test_figures_are_kept_with_a_picture(tmp_path: Path) -> None:
    report = {"bench": "a", "quick": False, "machine": cases.machine(), "cases": []}
    report["cases"] = [asdict(case) for case in cases.paired({"x/a<b": [1.0], "x/c": [3.0]}, "s", ["x/a<b"])]
    paths = kept.keep(report, tmp_path)
    assert [path.suffix for path in paths] == [".json", ".svg"]
    assert json.loads(paths[0].read_text())["cases"][1]["ratio"] == 3.0
    drawn = ElementTree.fromstring(paths[1].read_text())
    words = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"x", "a<b", "c", "3  (3 x)"} <= set(words)


def test_a_part_of_the_time_does_not_count_what_another_takes_inside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = iter([0.0, 1.0, 4.0, 6.0])
    monkeypatch.setattr(parts, "thread_time", lambda: next(times))
    clock = parts.Clock()
    inner = clock.timed("inner", lambda: "said")
    assert clock.timed("outer", lambda: inner())() == "said"
    assert clock.spent == {"inner": 3.0, "outer": 3.0}


def test_the_parts_of_trees_are_all_of_their_time() -> None:
    plan = replace(rollout.TINY, trees=2)
    found = {case.name: case.median for case in parts._trees(load_policy("tiny"), plan, lambda _: None)}
    shares = [found[f"tiny/2 trees/{part}"] for part in parts.PARTS]
    assert min(shares) > 0 and sum(shares) == pytest.approx(100)
    assert found["tiny/2 trees/if only forward took time"] == pytest.approx(100 / shares[0])


def test_the_tables_of_the_page_are_those_of_the_files() -> None:
    page = (REPO / "data/docs/speed.md").read_text(encoding="utf-8")
    places = kept.PLACE.findall(page)
    assert {name for _, name, _ in places} >= {"rollout", "adapter"}
    assert {name for _, name, _ in places} <= set(kept.TABLES)
    assert kept.with_tables(page, REPO / "data/bench") == page, "run python -m rao_lab.experiments.bench.kept"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no process can be pinned here")
def test_the_busy_process_stands_on_one_core_and_ends_with_its_block() -> None:
    def used(process: int) -> int:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return int(fields[11])

    with busy.busy_core() as tell:
        process = tell(False)
        assert len(os.sched_getaffinity(process)) == 1
        until = time.monotonic() + 30
        tell(True)
        while used(process) < 5 and time.monotonic() < until:
            time.sleep(0.05)
        tell(False)
        time.sleep(0.05)
        before = used(process)
        assert before >= 5
        time.sleep(0.2)
        assert used(process) == before
    assert not Path(f"/proc/{process}").exists()

"""Properties of the generated tasks, over both presets."""

from __future__ import annotations

import pytest

from rao_lab.environments.drawn import SPLITS
from rao_lab.environments.textcraft.book import PRESETS
from rao_lab.environments.textcraft.environment import SIZES, TextCraft
from rao_lab.environments.textcraft.oracle import clean_nodes, delegation_plan, flat_plan
from rao_lab.environments.textcraft.recipes import heights, separate_demand
from rao_lab.errors import ConfigError, InputError, MissingError
from rao_lab.tree import Task

BANDS = [(preset, band) for preset in PRESETS for band in PRESETS[preset].bands]


@pytest.fixture(scope="module", params=["small", "paper"])
def everything(request) -> TextCraft:
    return TextCraft("all", preset=request.param)


def some(env: TextCraft, split: str = "dev", count: int = 60) -> list[Task]:
    return list(env.tasks(split)[:count])


def test_the_same_number_gives_the_same_task(everything):
    again = TextCraft("all", preset=everything.preset.name)
    assert some(everything, "train") == some(again, "train")
    assert everything.tasks("train")[-1] == again.tasks("train")[len(again.tasks("train")) - 1]


def test_another_seed_gives_other_tasks():
    assert some(TextCraft(seed=1)) != some(TextCraft(seed=0))


def test_a_band_alone_gives_the_tasks_it_gives_among_others(everything):
    hard = TextCraft("hard", preset=everything.preset.name)
    assert some(hard, count=5) == [task for task in some(everything) if task.difficulty == "hard"][:5]


def test_sizes_and_alternating_difficulties():
    env = TextCraft("easy,medium")
    assert [len(env.tasks(split)) for split in SPLITS] == [2 * SIZES[split] for split in SPLITS]
    assert [task.difficulty for task in env.tasks("test")[:4]] == ["easy", "medium", "easy", "medium"]
    assert [task.difficulty for task in TextCraft(["hard"]).tasks("test")[:2]] == ["hard", "hard"]


def test_no_target_of_one_split_is_a_target_of_another(everything):
    found = {
        split: {item for task in some(everything, split, 500) for item in task.data["origin"]}
        for split in SPLITS
    }
    assert all(len(items) > 50 for items in found.values())
    assert found["train"].isdisjoint(found["dev"] | found["test"])
    assert found["dev"].isdisjoint(found["test"])


def test_the_shares_of_a_tier_are_disjoint_and_whole(everything):
    book = everything.book
    for tier in range(1, len(book.tiers)):
        shares = [set(book.targets(tier, split)) for split in SPLITS]
        assert set().union(*shares) == set(book.tiers[tier])
        assert sum(map(len, shares)) == len(book.tiers[tier])


@pytest.mark.parametrize(("preset", "band"), BANDS)
def test_targets_lie_in_their_band(preset, band):
    env = TextCraft(band, preset=preset)
    low, high = env.bands[band]
    for task in some(env):
        world = env.open(task)
        assert low <= max(heights(world.recipes, world.targets).values()) <= high


@pytest.mark.parametrize(("preset", "band"), BANDS)
def test_tasks_are_solvable_without_slack_flat_and_delegated(preset, band):
    # `flat_plan` and `delegation_plan` play in a real world, which would refuse what cannot be done.
    env = TextCraft(band, preset=preset, slack=0)
    for task in some(env, count=15):
        assert flat_plan(task)[-1].name == "finish"
        assert len(list(delegation_plan(task).walk())) == clean_nodes(task)


def test_delegating_everything_without_slack_uses_up_every_base_item():
    env = TextCraft("hard", slack=0)
    for task in some(env, count=20):
        world = env.open(task)
        needed = separate_demand(world.recipes, world.targets)[0].base
        assert {item: world.stock.have(item) for item in needed} == dict(needed)


def test_slack_adds_to_every_needed_base_item():
    for tight, loose in zip(some(TextCraft("hard", slack=0)), some(TextCraft("hard", slack=3)), strict=True):
        world = TextCraft("hard").open(tight)
        for item in separate_demand(world.recipes, world.targets)[0].base:
            assert loose.data["inventory"][item] == tight.data["inventory"][item] + 3


def test_small_tasks_have_short_names_and_small_numbers():
    for task in some(TextCraft("all", slack=3), "train", 400):
        names = {*task.data["recipes"], *task.data["inventory"], *task.data["targets"]}
        names.update(name for parts, _ in task.data["recipes"].values() for name in parts)
        assert names <= set(PRESETS["small"].vocabulary) and len(PRESETS["small"].vocabulary) == 48
        world = TextCraft("all").open(task)
        demand, _ = separate_demand(world.recipes, world.targets)
        assert max([*demand.made.values(), *demand.base.values()]) <= 9
        assert max(task.data["inventory"].values()) <= 12


def test_names_carry_no_meaning():
    # The name of a target is drawn anew for each task: over many tasks all names occur.
    seen = {item for task in some(TextCraft("easy"), "train", 1000) for item in task.data["targets"]}
    assert seen == set(PRESETS["small"].vocabulary)


def test_result_counts_above_one_occur_and_can_be_switched_off():
    def yields(env):
        return {count for task in some(env) for _, count in task.data["recipes"].values()}

    assert yields(TextCraft("hard")) == {1, 2, 3}
    assert yields(TextCraft("hard", result_counts={1: 1})) == {1}


def test_there_are_distractors():
    for task in some(TextCraft("medium")):
        world = TextCraft("medium").open(task)
        assert {*task.data["inventory"], *task.data["recipes"]} - heights(world.recipes, world.targets).keys()


def test_tasks_can_have_several_targets():
    env = TextCraft("medium", targets=3)
    task = env.tasks("dev")[0]
    assert len(task.data["targets"]) == 3 and task.goal.count("x ") == 3
    assert flat_plan(task)[-1].name == "finish"


def test_the_repr_names_the_bands():
    assert repr(TextCraft("easy,hard", guard_own_goal=False)) == (
        "TextCraft(small, seed=0, slack=3; tiers: easy 1-2, hard 5-7; off: guard_own_goal)"
    )


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"difficulty": "nightmare"}, "difficulty='nightmare'.*easy, medium, hard, extreme"),
        ({"preset": "huge"}, "preset='huge'.*small, paper"),
        ({"slack": -1}, "slack=-1"),
        ({"targets": 0}, "targets=0"),
        ({"targets": True}, "targets must be"),
        ({"result_counts": {0: 1}}, "result_counts"),
        ({"result_counts": {1: 0}}, "result_counts"),
        ({"result_counts": {1: float("nan")}}, "result_counts"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, says):
    with pytest.raises(ConfigError, match=says):
        TextCraft(**settings)


def test_more_targets_than_fit_into_the_names_are_refused():
    with pytest.raises(ConfigError, match=r"targets=9 do not fit.*extreme"):
        TextCraft("extreme", targets=9).tasks("dev")[0]


def test_there_are_three_splits():
    with pytest.raises(MissingError, match="train, dev, test"):
        TextCraft().tasks("validation")


def test_a_task_list_ends():
    tasks = TextCraft().tasks("test")
    with pytest.raises(IndexError, match="there are 300"):
        tasks[300]
    assert len(tasks[10:20]) == 10 and tasks[10:20][-1] == tasks[19]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({}, "no 'targets'"),
        ({"targets": [], "inventory": {}, "recipes": {}}, "no 'targets'"),
        ({"targets": {}, "inventory": {}, "recipes": {}}, "targets is empty"),
        ({"targets": {"a": 0}, "inventory": {}, "recipes": {}}, "count of 'a'"),
        ({"targets": {"a": 1}, "inventory": {"b": True}, "recipes": {}}, "count of 'b'"),
        ({"targets": {"a": 1}, "inventory": {}, "recipes": {"a": {"b": 1}}}, "ingredients, result_count"),
        ({"targets": {"a": 1}, "inventory": {}, "recipes": {"a": [{"b": 1}, 0]}}, "result_count"),
        ({"targets": {"a": 1}, "inventory": {}, "recipes": {"a": [{"b": 10**40}, 1]}}, "count of 'b'"),
        ({"targets": {"a" * 101: 1}, "inventory": {}, "recipes": {}}, "1 to 100 characters"),
    ],
)
def test_data_of_another_kind_are_refused(data, says):
    with pytest.raises(InputError, match=says):
        TextCraft().open(Task("t", "g", data=data))

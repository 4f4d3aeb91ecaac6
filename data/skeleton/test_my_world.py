"""Tests of the world: run `pytest` in this folder."""

import pytest
from my_world import MyWorld

import rao_lab as rl


@pytest.mark.parametrize("agent", ["recursive", "flat"])
@pytest.mark.parametrize("difficulty", MyWorld.levels)
def test_the_script_solves_it(difficulty, agent):
    found = rl.evaluate(MyWorld(difficulty), rl.load_policy("scripted"), agent, tasks=5)
    assert found.success == 1.0


def test_a_script_that_errs_does_not():
    wrong = rl.load_policy("scripted", error_rate=1.0)
    assert rl.evaluate(MyWorld("easy"), wrong, tasks=5).success == 0.0


def test_nothing_is_wrong_with_it():
    rl.testing.check_environment(MyWorld("all")).raise_if_bad()


def test_an_agent_succeeds_by_what_it_was_asked():
    world = MyWorld().open(rl.Task("by hand", "", data={"numbers": [3, 9, 2, 7]}))
    world.enter("0", world.root())
    world.enter("0.0", world.admit("0", [2, 4], {}))
    assert world.call("0.0", "look", [3], {}) == 7
    assert world.leave("0.0", 7).success == 1.0
    assert world.leave("0", 7).success == 0.0

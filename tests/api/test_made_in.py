"""The world that a policy was made for: it is taken if none is named, and another one is warned of."""

from __future__ import annotations

import json
import shutil
from itertools import repeat
from pathlib import Path

import pytest

import rao_lab as rl
from rao_lab.api.defaults import made_in, suggested, unsuited
from rao_lab.base.bundled import EMBEDDED, data_path
from rao_lab.environments import Aggregation, TextCraft
from rao_lab.environments.named import BUNDLED, open_named
from rao_lab.errors import InputError

MADE = {"tiny": TextCraft, "tiny-aggregation": Aggregation}


@pytest.mark.parametrize("name", MADE)
def test_an_embedded_policy_knows_its_world(name: str) -> None:
    policy = rl.load_policy(name)
    assert set(MADE) == set(EMBEDDED) and policy.name == name
    for world in map(open_named, BUNDLED, repeat("tiny")):
        note = unsuited(policy, world)
        assert (note == "") == (made_in(policy) == world.name) == isinstance(world, MADE[name])
        assert not note or note.startswith(f"{name} knows the words of {made_in(policy)} only")


def test_what_suits_an_embedded_policy_has_room_for_its_teams() -> None:
    tiny, counting = (suggested(rl.load_policy(name)) for name in MADE)
    assert (tiny.limits.context_window, counting.limits.context_window) == (128, 64)
    assert (tiny.limits.max_nodes, counting.limits.max_nodes) == (48, 96)
    assert tiny.train == counting.train


def test_a_policy_that_names_no_bundled_world_is_of_the_usual_one(tmp_path: Path) -> None:
    assert made_in(rl.load_policy("scripted")) == "textcraft"
    folder = tmp_path / "model"
    shutil.copytree(data_path("tiny"), folder)
    config = json.loads((folder / "config.json").read_text())
    for world in ("my own", 7):
        config["rao_lab"]["world"] = world
        (folder / "config.json").write_text(json.dumps(config))
        if isinstance(world, str):
            assert made_in(rl.load_policy(str(folder))) == "textcraft"
            continue
        with pytest.raises(InputError, match=r"the world in its config\.json is 7"):
            rl.load_policy(str(folder))

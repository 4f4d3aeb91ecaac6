"""From a word to a policy: what is a path, and what is asked for at the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rao_lab.errors import InputError, MissingError
from rao_lab.policies.load import load_policy


class AtTheHub(Exception):
    """What the stand-in for transformers' download raises."""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def asked(source: str, *_: Any, **__: Any) -> Any:
        raise AtTheHub(source)

    monkeypatch.setattr("transformers.AutoTokenizer.from_pretrained", asked)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    "name",
    [
        *("runs/missing", "models/mine", "mine/missing", "other/policy", "a.rao.ckpt/step-3", "x/step-12"),
        *("other/model.gguf", "./somewhere", "../somewhere", "/no/where", "a/b/c"),
    ],
)
def test_what_looks_like_a_path_is_not_asked_for_at_the_hub(name: str) -> None:
    with pytest.raises(MissingError, match=r"check the path|give tiny, tiny-aggregation"):
        load_policy(name)


@pytest.mark.parametrize("name", ["somebody/model", "hub:mine/model", "hub:runs/model"])
def test_a_hub_id_is(name: str) -> None:
    with pytest.raises(Exception, match=name.removeprefix("hub:")) as caught:
        load_policy(name)
    assert isinstance(caught.value.__cause__, AtTheHub)


def test_a_run_without_checkpoints_is_no_model(here: Path) -> None:
    (here / "a.rao").write_bytes(b"")
    with pytest.raises(InputError, match=r"a\.rao is a run without checkpoints, and no model: give tiny"):
        load_policy("a.rao")

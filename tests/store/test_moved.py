"""The run file is removed, moved or replaced while it is written; or it has two names."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rao_lab.errors import RunFileError, UnavailableError
from rao_lab.store import RunWriter, open_run
from tests.support.run_files import names
from tests.support.trees import random_group


def removed(path: Path) -> None:
    path.unlink()


def moved(path: Path) -> None:
    path.rename(path.with_name("elsewhere.rao"))


def replaced(path: Path) -> None:
    path.unlink()
    path.write_text("mine")


@pytest.mark.parametrize("act", [removed, moved, replaced])
@pytest.mark.parametrize("journal", ["wal", "rollback"])
def test_a_run_file_that_goes_is_noticed_and_kept(
    tmp_path: Path, act: Callable[[Path], None], journal: str
) -> None:
    path = tmp_path / "a.rao"
    group = random_group(5, size=2, nodes=3, step=1)
    writer = RunWriter(path, {"policy": "tiny"}, journal=journal)
    writer.begin_step(1)
    writer.tree_done(group.trees[0])
    writer.flush()
    act(path)
    writer.tree_done(group.trees[1])
    said = r"a\.rao was removed, moved or replaced while it was being written: what was recorded so far is kept in .*"
    with pytest.raises(UnavailableError, match=said + r"a\.kept\.rao"):
        writer.end_step(1)
    writer.close()
    with open_run(tmp_path / "a.kept.rao") as run:
        assert [len(tree.load()) for tree in run.trees()][:1] == [len(group.trees[0])]
        assert run.config == {"policy": "tiny"}
    if act is replaced:
        assert path.read_text() == "mine"
    assert not (tmp_path / "a.rao.lock").exists()


def test_a_file_that_goes_after_the_last_commit_is_noticed_at_the_end(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path / "a.rao", {})
    writer.begin_step(1)
    writer.end_step(1)
    (tmp_path / "a.rao").unlink()
    with pytest.raises(UnavailableError, match=r"a\.rao was removed"):
        writer.close()
    assert "a.kept.rao" in names(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the lock lies on the name alone")
def test_a_hard_link_does_not_evade_the_lock(tmp_path: Path) -> None:
    first, second = tmp_path / "a.rao", tmp_path / "b.rao"
    with RunWriter(first, {}) as writer:
        writer.begin_step(1)
        writer.flush()
        os.link(first, second)
        with pytest.raises(
            RunFileError, match=r"b\.rao is being written under another name of the same file"
        ):
            RunWriter(second, {}, resume=True)
    with RunWriter(second, {}, resume=True) as writer:
        writer.flush()

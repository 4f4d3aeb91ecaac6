"""The run file is removed, moved or replaced while it is written; or it has two names."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rao_lab.errors import RunFileError, UnavailableError
from rao_lab.store import RunWriter, open_run
from tests.support.run_files import names, second_process
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
    weights = tmp_path / "a.rao.ckpt"
    if act is not removed:
        weights.mkdir()
    act(path)
    writer.tree_done(group.trees[1])
    said = r"a\.rao was removed, moved or replaced while it was being written: what was recorded so far is kept in .*"
    with pytest.raises(UnavailableError, match=said + r"a\.kept\.rao") as caught:
        writer.end_step(1)
    told = (
        f". To resume it, rename the folder of its checkpoints too: {weights} to {tmp_path}/a.kept.rao.ckpt"
    )
    assert str(caught.value).endswith(told if weights.exists() else "a.kept.rao")
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


def test_a_folder_that_is_closed_while_a_run_is_written_there_is_noticed_too(reachable: Path) -> None:
    code = """
        import os, sys, tempfile
        from rao_lab.errors import UnavailableError
        from rao_lab.store import RunWriter, open_run
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        tempfile.tempdir = sys.argv[1]
        folder = os.path.join(sys.argv[1], "k")
        os.mkdir(folder)
        writer = RunWriter(os.path.join(folder, "a.rao"), {}, packages={"a": "1"})
        writer.begin_step(1)
        writer.flush()
        os.chmod(folder, 0)
        try:
            writer.end_step(1)
        except UnavailableError as error:
            print(error)
        os.chmod(folder, 0o700)
        print(len(open_run(os.path.join(sys.argv[1], "a.kept.rao")).steps))
    """
    reachable.chmod(0o777)
    lines = second_process(code, reachable).communicate()[0].splitlines()
    assert lines[0].endswith(f"what was recorded so far is kept in {reachable}/a.kept.rao")
    assert lines[1:] == ["1"]


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

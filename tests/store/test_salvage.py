"""What a damaged file still holds is written to another one."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from rao_lab.errors import MissingError, RunFileError
from rao_lab.store import RunWriter, export_copy, open_run, salvage
from tests.support.make_kept_run import contents
from tests.support.run_files import copy_of, outcome, record
from tests.support.trees import random_group


def test_a_sound_file_is_salvaged_whole(sound: Path, tmp_path: Path) -> None:
    report = salvage(sound, tmp_path / "b.rao")
    told = (report.trees, report.running_trees, report.steps, report.attributions, report.checkpoints)
    assert told == (5, 1, 4, 2, 2)
    assert (report.problems, report.lost_trees, report.first_page_replaced) == ([], 0, False)
    with open_run(sound) as before, open_run(tmp_path / "b.rao") as after:
        assert json.dumps(contents(after)) != ""
        assert repr(contents(after)["groups"]) == repr(contents(before)["groups"])
        assert contents(after)["coefficients"] == contents(before)["coefficients"]
        assert list(after.live().values()) == list(before.live().values())


def test_without_its_first_page_a_file_is_salvaged_whole(sound: Path, tmp_path: Path) -> None:
    export_copy(sound, tmp_path / "copied.rao")
    for name in (sound, tmp_path / "copied.rao"):
        path = copy_of(name, tmp_path)
        with path.open("r+b") as file:
            file.write(bytes(8192))
        with pytest.raises(RunFileError):
            open_run(path)
        out = tmp_path / "b.rao"
        out.unlink(missing_ok=True)
        report = salvage(path, out)
        assert (report.first_page_replaced, report.trees, report.steps) == (True, 5, 4)
        with open_run(sound) as before, open_run(out) as after:
            assert repr(contents(after)["groups"]) == repr(contents(before)["groups"])


def test_what_a_lost_tail_did_not_hold_is_salvaged(tmp_path: Path) -> None:
    first = random_group(1, size=4, nodes=6)
    path = tmp_path / "a.rao"
    with RunWriter(path, {}) as writer:
        for step in range(1, 61):
            for tree in first.trees:
                writer.tree_done(replace(tree, header=replace(tree.header, step=step)))
            writer.flush()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    assert outcome(path) is not None
    report = salvage(path, tmp_path / "b.rao")
    assert report.trees > 100
    assert report.lost_trees > 0
    with open_run(tmp_path / "b.rao") as run:
        saved = [summary.load() for summary in run.trees()]
    assert len(saved) == report.trees
    for tree in saved:
        assert tree.nodes == first.trees[tree.header.rollout].nodes


def test_a_damaged_page_costs_the_records_on_it_only(tmp_path: Path) -> None:
    groups = [random_group(seed, size=4, nodes=6, index=seed) for seed in range(4)]
    path = record(tmp_path / "a.rao", {1: groups})
    with closing(sqlite3.connect(path)) as connection:
        pages = connection.execute("SELECT pageno FROM dbstat WHERE name = 'tokens' AND pagetype = 'leaf'")
        victim = [page for (page,) in pages][2]
    with path.open("r+b") as file:
        file.seek((victim - 1) * 8192)
        file.write(b"\xff" * 8192)
    assert outcome(path) is not None
    report = salvage(path, tmp_path / "b.rao")
    assert report.trees + report.lost_trees == 16
    assert report.trees > 0 < report.lost_trees


def test_salvage_writes_over_nothing_and_leaves_nothing(sound: Path, tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match=r"b\.rao exists already"):
        salvage(sound, copy_of(sound, tmp_path, "b.rao"))
    (tmp_path / "b.rao").unlink()
    (tmp_path / "a.rao").write_bytes(bytes(100_000))
    with pytest.raises(RunFileError, match=r"nothing in a\.rao can be read"):
        salvage(tmp_path / "a.rao", tmp_path / "b.rao")
    with pytest.raises(MissingError):
        salvage(tmp_path / "none.rao", tmp_path / "b.rao")
    assert [path.name for path in tmp_path.iterdir()] == ["a.rao"]

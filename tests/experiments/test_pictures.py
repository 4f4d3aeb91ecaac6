"""The picture of a step is what its command draws, and names packages that there are."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from rao_lab.experiments.pictures import main, way


def test_the_committed_picture_is_what_the_command_draws(repo: Path, tmp_path: Path) -> None:
    main(["--out", str(tmp_path)])
    assert (tmp_path / "way.svg").read_bytes() == (repo / "data" / "pictures" / "way.svg").read_bytes()


def test_every_package_it_names_exists(repo: Path) -> None:
    words = " ".join(ElementTree.fromstring(way()).itertext())
    named = set(re.findall(r"([a-z]+)/", words))
    assert {"environments", "tree", "credit", "training", "store", "views"} <= named
    assert all((repo / "rao_lab" / name).is_dir() for name in named)

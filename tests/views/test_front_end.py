"""The two halves agree: the bundle is fresh, the traits are the same, no text becomes markup."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from rao_lab.views.explorer.page import BUNDLE
from rao_lab.views.explorer.widget import Explorer


def test_the_committed_bundle_is_made_of_the_committed_sources(repo: Path) -> None:
    """The same hash as widgets/build.mjs, without Node. On failure: `npm run build` in widgets/."""
    widgets = repo / "widgets"
    files = [path for path in (widgets / "src").rglob("*") if path.is_file()]
    files = sorted(files, key=lambda path: path.relative_to(widgets).as_posix())
    digest = hashlib.sha256()
    for path in [*files, widgets / "build.mjs", widgets / "package.json"]:
        digest.update(path.relative_to(widgets).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    first = BUNDLE.read_text("utf-8").splitlines()[0]
    assert first.endswith(digest.hexdigest()), (
        "rao_lab/views/static/explorer.js is stale: run `npm run build` in widgets/"
    )


def test_both_halves_name_the_same_traits_in_the_same_order(repo: Path) -> None:
    source = (repo / "widgets/src/step/client.js").read_text("utf-8")
    theirs = re.findall(r'"(\w+)"', re.search(r"TRAITS = \[(.*?)\];", source, re.DOTALL)[1])  # type: ignore[index]
    ours = [name for name in vars(Explorer) if name in Explorer.class_own_traits(sync=True)]
    assert theirs == ours


def test_the_front_end_never_turns_text_into_markup(repo: Path) -> None:
    for path in (repo / "widgets/src").rglob("*.js"):
        text = path.read_text("utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text
        ), path

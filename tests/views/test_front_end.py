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


TEXT = ("text", "second", "label", "plus", "minus", "good", "bad", "limit", "live")
BEHIND = ("page", "panel", "well", "selected")


def light_of(colour: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return sum(share * each for share, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_text_stands_out_from_what_is_behind_it_as_the_readme_says(repo: Path) -> None:
    source = (repo / "widgets/src/shared/theme.js").read_text("utf-8")
    for theme in ("LIGHT", "DARK"):
        values = re.search(rf"const {theme} = {{(.*?)}};", source, re.DOTALL)[1]  # type: ignore[index]
        tones = dict(re.findall(r'(\w+): "(#\w{6})"', values))
        for text in TEXT:
            for behind in BEHIND:
                low, high = sorted((light_of(tones[text]), light_of(tones[behind])))
                assert (high + 0.05) / (low + 0.05) >= 4.5, f"{theme}: {text} on {behind}"
    rules = "".join(path.read_text("utf-8") for path in sorted((repo / "widgets/src").rglob("*.css")))
    faint = re.findall(r"([^{}]+)\{[^{}]*(?<![\w-])color: var\(--faint\)", rules)
    assert faint, "the pattern finds rules"
    for selector in faint:
        marks = any(part in selector for part in ("disabled", ".sep", ".dot"))  # what stands between words
        assert marks, f"words in the faintest tone: {selector.strip()}"
    assert "contrast of at least 4.5 to 1" in (repo / "README.md").read_text("utf-8")

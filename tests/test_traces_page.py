"""The page about traces: its code runs and prints what it says, and its tables name what there is."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from rao_lab.store.formats.detect import FORMATS
from rao_lab.store.formats.fields import Messages, Rao
from rao_lab.tree import Status

DATA = Path(__file__).resolve().parent / "data" / "traces"
PAGE = Path(__file__).resolve().parent.parent / "data" / "docs" / "traces.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
EXPECTED = re.compile(r"^print\(.*\)  # (.*)$", re.MULTILINE)


def test_the_page_runs_and_prints_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("conversation.json").write_text((DATA / "conversation.json").read_text("utf-8"), "utf-8")
    said = [{"role": "user", "content": "a?"}, {"role": "assistant", "content": "b"}]
    lines = (json.dumps({"messages": said, "reward": reward}) + "\n" for reward in (-1, 1))
    Path("scaled.jsonl").write_text("".join(lines), "utf-8")
    known: dict[str, Any] = {"__name__": "traces"}
    assert len(BLOCKS) == 2
    for block in BLOCKS:
        assert EXPECTED.findall(block)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(block, str(PAGE), "exec"), known)  # noqa: S102 - the page is ours
        assert printed.getvalue().splitlines() == EXPECTED.findall(block)


def test_its_tables_name_every_format_and_every_field() -> None:
    rows = re.findall(r"^\| `(\w+)` \|(?: [^|]+ \|){6}$", TEXT, re.MULTILINE)
    assert {*rows} == {*FORMATS} and len(rows) == len(FORMATS)
    ours = {value for name, value in vars(Messages).items() if name.isupper()} - {"rao-lab messages", "nodes"}
    assert {name for name in ours if f"`{name}`" not in TEXT} == set()
    named = {value for name, value in vars(Rao).items() if name.isupper()}
    assert set(re.findall(r"`(rao\.\w+)`", TEXT)) <= named
    assert all(f"`{status}`" in TEXT for status in Status if status.ended)


def test_readme_leads_to_it() -> None:
    assert "(data/docs/traces.md)" in (PAGE.parent.parent.parent / "README.md").read_text(encoding="utf-8")

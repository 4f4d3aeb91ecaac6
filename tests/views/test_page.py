"""The saved page: its size, its credit, and hostile text that stays text."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rao_lab.errors import ConfigError, InputError, MissingError, UnavailableError
from rao_lab.store import open_run
from rao_lab.views.explorer import answers
from rao_lab.views.explorer.from_records import credited_table
from rao_lab.views.explorer.page import BUNDLE, page_html
from rao_lab.views.explorer.question import Asked, Question
from rao_lab.views.explorer.widget import Explorer
from tests.support.hostile import corpus
from tests.support.hostile_trees import hostile_group
from tests.support.trees import decode, random_step, showcase_group
from tests.support.wire import Wire


def test_the_corpus_is_large() -> None:
    assert len(set(corpus())) >= 300


def test_hostile_text_cannot_leave_a_saved_page_or_the_terminal(tmp_path: Path) -> None:
    explorer = Explorer(hostile_group(), title="</title><script>x</script>")
    explorer.save_html(tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text("utf-8")
    plain = page.replace(
        re.search(r'<script type="text/plain" id="bundle">.*?</script>', page, re.DOTALL)[0], ""
    )  # type: ignore[index]
    assert plain.count("<script") == 2 and plain.count("</script") == 2
    assert "<img" not in plain
    data = re.search(r'id="data">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    assert "<" not in data[1] and len(json.loads(data[1])["steps"][0]["head"]["words"]) > 250
    for text in (str(explorer), explorer._repr_mimebundle_()[0]["text/html"]):
        text.encode("utf-8")
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def test_pages_of_one_folder_share_their_program(tmp_path: Path) -> None:
    groups = showcase_group()
    for name in ("a.html", "b.html"):
        Explorer(groups, title="a").save_html(tmp_path / name, program="explorer.js")
        page = (tmp_path / name).read_text("utf-8")
        assert '<script src="explorer.js"></script>' in page and BUNDLE.read_text("utf-8")[:200] not in page
    held = (tmp_path / "explorer.js").read_text("utf-8")
    text = re.search(r"^  held.textContent = (.*);$", held, re.MULTILINE)
    assert text is not None and json.loads(text[1]) == BUNDLE.read_text("utf-8")
    for odd in ("../explorer.js", "explorer.html", "/tmp/x.js", "", 5):
        with pytest.raises(ConfigError, match="no name of a file beside the page"):
            Explorer(groups).save_html(tmp_path / "c.html", program=odd)  # type: ignore[arg-type]
    (tmp_path / "mine.js").write_text("my own")
    with pytest.raises(InputError, match="exists and is no program"):
        Explorer(groups).save_html(tmp_path / "c.html", program="mine.js")


def test_messages_with_hostile_text_are_json(tmp_path: Path) -> None:
    wire = Wire(Explorer(hostile_group()))
    head, _ = wire.ask(type="hello")
    json.dumps(head, ensure_ascii=False, allow_nan=False).encode("utf-8")
    for place in range(len(corpus())):
        message, _ = wire.ask(type="texts", key="k", revision=0, step=0, tree=0, path=f"0.{place}")
        json.dumps(message, ensure_ascii=False, allow_nan=False).encode("utf-8")


def test_a_page_keeps_to_its_size_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    groups = random_step(1, groups=6)
    most = BUNDLE.stat().st_size + 200_000
    said = Explorer(groups, tokenizer=decode).save_html(tmp_path / "a.html", max_mb=most / 1e6)
    size = (tmp_path / "a.html").stat().st_size
    assert size <= most and "leaves out" in (tmp_path / "a.html").read_text("utf-8")
    assert re.search(r"texts of [\d,]+ of [\d,]+ nodes", said)
    with pytest.raises(ConfigError, match="max_mb"):
        Explorer(groups).save_html(tmp_path / "b.html", max_mb=0.1)


def test_a_page_takes_the_place_of_pages_alone(tmp_path: Path) -> None:
    out = tmp_path / "exp.json"
    out.write_text('{"my": "data"}')
    with pytest.raises(InputError, match=r"exp\.json exists and is no page: choose another name"):
        Explorer(showcase_group()).save_html(out)
    assert out.read_text() == '{"my": "data"}'
    for _ in range(2):
        Explorer(showcase_group()).save_html(tmp_path / "a.html")
    with pytest.raises(
        UnavailableError, match=r"missing/a\.html cannot be written: No such file or directory"
    ):
        Explorer(showcase_group()).save_html(tmp_path / "missing" / "a.html")


def test_a_page_carries_the_credit_of_every_node_of_its_step() -> None:
    group = showcase_group()
    table = credited_table([group], 1)
    page, said = page_html([table], {"title": "", "steps": []}, title="x", decode=decode)
    assert said == ""
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
    assert data["steps"][0]["head"]["n"] == len(data["steps"][0]["texts"]) == 48
    assert "default-src &#x27;none&#x27;" in page


def test_a_page_opens_on_a_step_with_trees_even_if_its_numbers_cannot_be_read(
    tmp_path: Path, repo: Path
) -> None:
    file = tmp_path / "forged.rao"
    file.write_bytes((repo / "data/pathologies/high_learning_rate.rao").read_bytes())
    with closing(sqlite3.connect(file)) as forged:
        kept = sorted(step for (step,) in forged.execute("SELECT DISTINCT step FROM trees"))
        forged.execute("UPDATE steps SET metrics = 999999 WHERE step = ?", (kept[-1],))
        forged.commit()
    Explorer(open_run(file)).save_html(tmp_path / "a.html")
    # The step after the last but one with trees has a result, but nothing to show.
    assert re.search(rf'"newest": ?{kept[-2]}\b', (tmp_path / "a.html").read_text("utf-8"))


def test_what_a_view_asks_for_is_answered_and_saved_while_it_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sizes(asked: Asked) -> tuple[dict[str, int], list[bytes]]:
        if asked.args == ["none"]:
            raise MissingError("nobody knows")
        return {"nodes": len(asked.table)}, [b"abc"]

    question = Question(sizes, lambda source, table: () if table is None else (["all", 1],))
    monkeypatch.setattr(answers, "ANSWERS", {"sizes": question})
    explorer = Explorer(showcase_group())
    wire = Wire(explorer)
    found, buffers = wire.ask(type="ask", key="k", what="sizes", step=1, args=["all", 1])
    assert (found["value"], buffers) == ({"nodes": 48}, [b"abc"])
    for asked, why in ((["none"], "nobody knows"), ("all", "restart it after an update")):
        found, _ = wire.ask(type="ask", key="k", what="sizes", step=1, args=asked)
        assert "value" not in found and why in found["why"]
    explorer.save_html(tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text("utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])  # type: ignore[index]
    assert data["steps"][0]["answers"] == {'sizes ["all",1]': {"value": {"nodes": 48}, "buffers": ["YWJj"]}}

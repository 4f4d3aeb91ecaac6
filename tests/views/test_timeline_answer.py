"""The times of a tree as the front end gets them: whole, while the tree runs, and in a saved page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

from rao_lab.store import open_run
from rao_lab.views.explorer.widget import Explorer
from tests.support.live import Stage, wait_for
from tests.support.wire import Wire


def test_the_times_of_a_tree_are_answered_from_a_run_and_carried_by_its_page(
    repo: Path, tmp_path: Path
) -> None:
    with open_run(repo / "data/pathologies/as_it_should_be.rao") as run:
        explorer = Explorer(run)
        message, buffers = Wire(explorer).ask(type="ask", key="k", what="timeline", step=12, args=[8], mark=0)
        tree = run.groups(12)[1].trees[2]
        heads, seconds, ticks, times = (
            np.frombuffer(buffer, kind).reshape(-1, size)
            for buffer, kind, size in zip(buffers, ("<i4", "<f4", "<i4", "<f4"), (6, 2, 4, 3), strict=True)
        )
        turns = [turn for node in tree.nodes for turn in node.turns]
        assert message["value"]["nodes"] == len(heads) == len(tree) == 10
        assert message["value"]["clocks"] == ["seconds", "steps"]
        assert heads[:, 5].tolist() == [len(node.turns) for node in tree.nodes]
        assert ticks[:, 3].tolist() == [turn.decode_steps for turn in turns]
        np.testing.assert_allclose(times[:, 2], [turn.ended for turn in turns], rtol=1e-6)
        np.testing.assert_allclose(seconds[:, 1], [node.ended for node in tree.nodes], rtol=1e-6)
        other, _ = Wire(explorer).ask(type="ask", key="k", what="timeline", step=12, args=[23], mark=0)
        line = run.trees(12)[23].load().timeline()
        places = {node.path: place for place, node in enumerate(line.tree.nodes)}
        pairs = [[places[pair.earlier], places[pair.later], pair.saved] for pair in line.serial]
        assert other["value"]["serial"] == pairs and ("0.1", "0.2") in [
            (p.earlier, p.later) for p in line.serial
        ]
        assert "0.1, then 0.2: together they would have saved 8 decode steps" in str(line)
        wrong, _ = Wire(explorer).ask(type="ask", key="k", what="timeline", step=12, args=["8"], mark=0)
        assert "must name it" in wrong["why"]
        explorer.save_html(tmp_path / "a.html")
        page = re.search(r'id="data">(.*?)</script>', (tmp_path / "a.html").read_text("utf-8"), re.DOTALL)
        assert page is not None
        held = json.loads(page[1])["steps"][0]["answers"]
        assert len([name for name in held if name.startswith("timeline ")]) == 40
        explorer.close()


def test_the_times_of_a_tree_that_runs_are_those_so_far(stage: Stage) -> None:
    board = stage.session.board()
    wire = Wire(board)
    board._take(board, {"type": "hello", "step": None}, [])
    stage.play(stage.counts[1] // 2)

    def asked() -> tuple[dict, list[bytes]]:
        message = {"type": "ask", "key": "k", "what": "timeline", "step": 1, "args": [0], "mark": 0}
        wire.sent.clear()
        board._take(board, message, [])
        wait_for(lambda: any(head["type"] == "answer" for head, _ in wire.sent))
        return next(each for each in wire.sent if each[0]["type"] == "answer")

    message, buffers = asked()
    assert message["value"]["nodes"] >= 1
    assert np.frombuffer(buffers[0], "<i4").reshape(-1, 6)[0, 0] == -1
    stage.loose()
    board.close()

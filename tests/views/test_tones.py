"""The board without JavaScript is drawn in the tones of the live one."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from rao_lab.views.tones import line_tone, part_tone

ALL_OF_THEM = """
import { coloursOf } from "%(src)s/shared/theme.js";
import { kindTones, lineTone } from "%(src)s/board/tones.js";
const p = coloursOf(false);
const found = [];
for (let many = 1; many <= 8; many += 1) {
  const kinds = Array.from({ length: many }, (_, place) => ({ part: { kind: "depth" }, place }));
  const lines = kinds.map(({ place }) => lineTone(p, place, many));
  const parts = [true, false].map((edged) => {
    return kindTones(p, kinds, true, edged).map(({ fill, edge }) => [fill, edge ?? ""]);
  });
  found.push([lines, ...parts]);
}
console.log(JSON.stringify(found));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_the_board_without_javascript_has_the_tones_of_the_live_one(repo: Path) -> None:
    script = ALL_OF_THEM % {"src": (repo / "widgets/src").as_uri()}
    command = ["node", "--input-type=module", "-e", script]
    theirs = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert len(theirs) == 8
    for many, (lines, pale, full) in enumerate(theirs, 1):
        assert lines == [line_tone(place, many) for place in range(many)]
        assert pale == [[*part_tone(place, many, edged=True)] for place in range(many)]
        assert full == [[*part_tone(place, many, edged=False)] for place in range(many)]

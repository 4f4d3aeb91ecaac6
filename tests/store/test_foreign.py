"""A file of another program: one line says what it looks like."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rao_lab.errors import RunFileError
from rao_lab.store import RunWriter, open_run

CALLED = {"role": "user", "content": "hi"}
FILES: list[tuple[Any, str]] = [
    ({"event_type": "step", "trajectory_id": "t"}, "events of platoon"),
    ({"type": "iteration", "iteration": 1, "response": "x", "code_blocks": []}, "a log of rlm"),
    ({"type": "kani_spawn", "id": "a", "parent": None}, "events of ReDel"),
    ({"messages": [CALLED]}, "OpenAI chat messages"),
    ([CALLED, CALLED], "OpenAI chat messages"),
    ({"prompt": [CALLED], "completion": [CALLED], "reward": 1.0}, "rollouts of verifiers"),
    ({"version": 2, "status": "success", "eval": {}}, "an Inspect log"),
    ({"eval": "x", "samples": ["y" * 100_000]}, "an Inspect log"),
    ({"prompt": "a", "completion": "b"}, "completions that TRL logged"),
    ({"a": 1, "b\u202e\n": 2}, "JSON with the fields a, b"),
    (b"PK\x03\x04rest", "a zip archive, as Inspect writes its logs"),
    (b"hello\n", "plain text"),
    (b"[" * 100_000, "JSON"),
]


@pytest.mark.parametrize(("content", "said"), FILES)
def test_a_foreign_file_is_named_by_its_looks(tmp_path: Path, content: Any, said: str) -> None:
    path = tmp_path / "other.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode() + b"\n{}")
    for act in (open_run, lambda it: RunWriter(it, {}, resume=True)):
        with pytest.raises(RunFileError) as caught:
            act(path)
        line = str(caught.value)
        assert f"other.jsonl is no run file: it looks like {said}" in line and line.isprintable()
        assert "rao-lab train --out FILE.rao" in line

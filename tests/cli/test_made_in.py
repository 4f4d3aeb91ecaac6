"""Commands take the world that a policy was made for, if none is named."""

from __future__ import annotations

from pathlib import Path

from tests.support.command_line import CommandLine


def test_commands_take_the_world_of_the_policy(lab: CommandLine, tmp_path: Path) -> None:
    usual = ["--policy", "tiny-aggregation", "--difficulty", "easy"]
    _, _, err = lab(["eval", *usual, "--limit", "2"])
    assert "world: Aggregation(easy;" in err and "note:" not in err
    _, _, err = lab(["run", *usual, "--env", "textcraft"])
    assert "world: TextCraft(" in err and "note: tiny-aggregation knows the words of aggregation only" in err
    out = tmp_path / "a.rao"
    size = ["--set", "tasks_per_step=1", "--set", "group_size=2", "--set", "probe_tasks=0"]
    _, _, err = lab(["train", *usual, "--steps", "1", "--out", str(out), *size])
    assert "world: Aggregation(easy;" in err
    _, _, err = lab(["train", "--steps", "1", "--resume", "--out", str(out)])
    assert "world: Aggregation(easy;" in err

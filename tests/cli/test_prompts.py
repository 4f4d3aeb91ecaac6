"""`rao-lab prompts`: a prompt is listed, shown, compared, copied, edited, used, and found again in the run."""

from __future__ import annotations

from pathlib import Path

import pytest

import rao_lab as rl
from rao_lab.errors import ConfigError, MissingError
from rao_lab.prompts import SHIPPED, find
from rao_lab.store import open_run
from tests.support.command_line import CommandLine, train


def test_the_list_names_what_prompt_takes(lab: CommandLine) -> None:
    _, out, _ = lab(["prompts", "list"])
    assert [line.split("@")[0].split()[0] for line in out.splitlines()] == ["codeact", "terse", *SHIPPED]
    found = lab.json(["prompts", "list"])
    assert all(find(each["name"]).name == each["recorded"] and each["title"] for each in found)


def test_show_says_what_each_file_gets_and_what_a_model_reads(lab: CommandLine) -> None:
    _, out, _ = lab(["prompts", "show", "plain"])
    assert "system.j2, task.j2, delegation.j2 get:" in out and '{% include "delegation.j2" %}' in out
    assert out.index("--- system.j2") < out.index("--- task.j2")
    _, out, _ = lab(["prompts", "show", "plain", "--rendered"])
    assert "--- a flat agent, user\nTask: Add up 3 and 4.\n\n80 replies left." in out
    assert "--- an unreadable reply, user\nError: I found no code." in out


def test_a_prompt_of_ones_own_from_a_copy_to_its_run_and_back(
    lab: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _, out, _ = lab(["prompts", "new", "mine", "--from", "no_delegation"])
    assert "rao-lab run --policy smollm2 --prompt ./mine" in out
    task = Path("mine/task.j2")
    task.write_text("Please: {{ goal }}\n")
    run = ["run", "--policy", "scripted", "--agent", "flat", "--prompt", "./mine", "--out", "a.rao"]
    assert lab(run)[0] == 0
    assert f"\nprompt: {find('./mine').name}\n" in lab(["show", "a.rao", "--node", "0"])[1]
    _, out, _ = lab(["prompts", "diff", "no_delegation", "a.rao"])
    assert "-Task: {{ goal }}" in out and "+Please: {{ goal }}" in out and "system.j2" not in out
    task.write_text("Now: {{ goal }}\n")
    with open_run(tmp_path / "a.rao") as opened:
        old = rl.prompts.load(opened)
        node = opened.groups(0)[0].trees[0].root
        assert node.template == old.name and node.turns[0].messages[1].content.startswith("Please: ")
        assert opened.config["prompts"] == {old.name: dict(old.files)}
        assert rl.prompts.load(opened, "mine") == rl.prompts.load(opened, old.name) == old != find("./mine")
        with pytest.raises(ConfigError, match=r"no single 'other': give the name of one, of mine@"):
            rl.prompts.load(opened, "other")
    found = rl.prompts.diff(old, "mine")
    assert list(found.files) == ["task.j2"] and "+Now: {{ goal }}" in str(found)
    assert "+Now: {{ goal }}</div>" in found._repr_html_()
    assert str(rl.prompts.diff(old, old)) == f"{old.name} and {old.name} are the same"


def test_a_run_goes_on_with_its_own_prompt_and_refuses_another_by_both_names(
    lab: CommandLine, tmp_path: Path, random_tiny: Path
) -> None:
    out, mine = tmp_path / "a.rao", tmp_path / "mine"
    lab(["prompts", "new", mine])
    assert lab(train(out, random_tiny, "--prompt", str(mine), steps=1))[0] == 0
    first = find(mine).name
    (mine / "task.j2").write_text("Do: {{ goal }}\n")
    refused = lab.refused(["train", "--out", out, "--resume", "--steps", "2", "--prompt", mine])
    assert f"prompt='{first}' and cannot be resumed with '{find(mine).name}'" in refused
    for file in mine.iterdir():
        file.unlink()
    assert lab(["train", "--out", out, "--resume", "--steps", "2"])[0] == 0
    with open_run(out) as run:
        assert {node.template for tree in run.groups(2)[0].trees for node in tree.nodes} == {first}
        assert rl.prompts.load(run).name == first == run.config["dialect"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["prompts", "show", "codeact"], "prompt 'codeact' is code and has no files: plain says the same"),
        (["prompts", "show", "nix"], "no prompt 'nix': choose one of codeact"),
        (["prompts", "new", "plain"], "plain is the name of a prompt that ships: give yours another"),
        (
            ["run", "--policy", "scripted", "--prompt", "./nix"],
            "prompt nix is not here: a prompt is a folder",
        ),
        (["run", "--policy", "scripted", "--set", "policy.dialect=codeact"], "--prompt is what you look for"),
        (["eval", "--policy", "scripted", "--set", "prompt=plain"], "--prompt is what you look for"),
        (
            ["prompts", "show", "data/runs/smollm2.rao"],
            "recorded no prompt of files: its agents read 'codeact'",
        ),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], words: str, lab: CommandLine) -> None:
    assert words in lab.refused(arguments)


@pytest.mark.parametrize(
    ("policy", "words"),
    [("scripted", "plays by rule and reads no prompt"), ("tiny", "knows the words of terse alone")],
)
def test_a_policy_that_makes_nothing_of_a_prompt_is_named(
    policy: str, words: str, lab: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    few = ["--set", "limits.max_turns=2", "--set", "limits.max_nodes=2"]
    status, out, err = lab(["run", "--policy", policy, "--prompt", "plain", *few])
    assert status == 0 and f"note: {policy}" in err and words in err.replace("\n", " ")
    assert find("plain").name in out.splitlines()[0], "the picture of a tree names its prompt"


def test_new_overwrites_nothing(lab: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert "mine is there already: choose another name" in lab.refused(["prompts", "new", tmp_path / "mine"])


def test_a_forged_run_gives_no_prompt(lab: CommandLine, tmp_path: Path) -> None:
    from rao_lab.prompts import of_record

    for files, words in (
        ({"system.j2": "a"}, "lacks task.j2"),
        (dict.fromkeys(find("plain").files, 3), "3, and text"),
    ):  # type: ignore[attr-defined]
        with pytest.raises((ConfigError, MissingError, rl.InputError), match=words):
            of_record({"prompts": {"mine@00000000": files}}, "mine@00000000")

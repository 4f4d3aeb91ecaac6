"""Prompts as files: what ships, what is refused when it is read, what a hostile one can do, and how one is named."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from rao_lab.base import rendering
from rao_lab.base.bundled import data_path
from rao_lab.errors import ConfigError, InputError, MissingError, RaoLabError
from rao_lab.prompts import SHIPPED, VARIABLES, TemplateDialect, find, recorded
from rao_lab.prompts.files import MOST_CHARACTERS, PARTS
from rao_lab.prompts.samples import BRIEFS, OBSERVATIONS
from tests.prompts.test_codeact import LACKING


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(data_path("prompts") / "plain", tmp_path / "mine"))


def shipped(name: str) -> TemplateDialect:
    found = find(name)
    assert isinstance(found, TemplateDialect)
    return found


def system(name: str, state: str) -> str:
    return find(name).opening(BRIEFS[state])[0].content


def test_plain_says_what_codeact_says_word_for_word() -> None:
    plain, codeact = find("plain"), find("codeact")
    for brief in BRIEFS.values():
        assert plain.opening(brief) == codeact.opening(brief)
    for observation in OBSERVATIONS.values():
        assert plain.observe(observation) == codeact.observe(observation)


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_says_what_it_is_names_each_function_and_shows_no_python_that_is_lacking(
    name: str,
) -> None:
    assert set(shipped(name).files) == set(PARTS)
    for state, brief in BRIEFS.items():
        opening = find(name).opening(brief)
        said = "\n".join(message.content for message in opening)
        assert [word for word in LACKING if word in said] == [] and "\n\n\n" not in said
        mentions = [each.name in said for each in brief.functions]
        assert all(mentions) or name == "no_delegation"
        if brief.agent == "flat" or name == "no_delegation":
            assert not any(word in said for word in ("launch", "helper", "gather", "await")), state
    for observation in OBSERVATIONS.values():
        (message,) = find(name).observe(observation)
        assert message.role == "user" and "\n\n\n" not in message.content


def test_what_the_prompts_are_about_reaches_the_model() -> None:
    assert "Divide and conquer" in system("divide_and_conquer", "a root")
    assert "Work in parts" in system("divide_and_conquer", "a flat agent")
    assert "You have 8 in all" in system("budget_aware", "a root")
    assert "verify it" in system("verify_then_return", "a flat agent")
    last = find("budget_aware").observe(OBSERVATIONS["a turn with a note"])[0].content
    assert last.endswith("This is your last reply: call `finish` in it, with the best that you have.")


def test_a_file_that_no_other_includes_is_named(folder: Path) -> None:
    (folder / "ob.j2").write_text("{{ output }}")
    with pytest.warns(
        UserWarning, match=r"prompt .*mine: ob\.j2 is not used: a prompt is system\.j2, task\.j2,"
    ):
        find(folder)
    with (folder / "observation.j2").open("a") as stream:
        stream.write("{% include 'ob.j2' %}")
    find(folder)  # a warning would fail this test


def test_a_prompt_is_named_by_what_it_holds(folder: Path) -> None:
    first = find(folder)
    assert first.name == f"mine@{shipped('plain').name.partition('@')[2]}"
    assert find(str(folder)) is first, "it is read again and goes on with its process"
    for file in PARTS:
        (folder / file).write_bytes((folder / file).read_bytes().replace(b"\n", b"\r\n"))
    assert find(folder).name == first.name, "the ends of lines are no difference"
    (folder / "task.j2").write_text("Do: {{ goal }}")
    other = find(folder)
    assert other.name != first.name and other != first
    assert recorded(other) == {other.name: dict(other.files)}  # type: ignore[attr-defined]
    assert recorded(find("codeact")) == {}
    assert find(shipped("plain").name).name == shipped("plain").name


def put(file: str, text: str | bytes) -> Callable[[Path], None]:
    content = text if isinstance(text, bytes) else text.encode()
    return lambda folder: (folder / file).write_bytes(content) and None  # type: ignore[func-returns-value]


def link(folder: Path) -> None:
    (folder / "task.j2").unlink()
    (folder.parent / "secret").write_text("{{ goal }}")
    (folder / "task.j2").symlink_to(folder.parent / "secret")


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "undefined": (
        put("system.j2", "a\nb\n{{ gaol }}"),
        r"prompt mine cannot be rendered: system.j2 line 3: 'gaol' is undefined; system.j2 gets goal, args",
    ),
    "attribute": (put("task.j2", "{{ goal.text }}"), "task.j2 line 1: .*has no attribute 'text'"),
    "late": (
        put("observation.j2", "{{ goal }}"),
        "observation.j2 line 1: 'goal' is undefined; observation.j2 gets output",
    ),
    "flat": (
        put("system.j2", "{% if not can_launch %}\n{{ nope }}{% endif %}"),
        r"line 2: 'nope' .*\(tried with a flat agent\)",
    ),
    "uncounted": (put("task.j2", "{{ turns_left - 1 }}"), "task.j2 line 1: TypeError"),
    "syntax": (put("system.j2", "a\n{% if goal %}"), "system.j2 line 2: Unexpected end of template"),
    "unknown tag": (put("refusal.j2", "{% nope %}"), "refusal.j2 line 1: Encountered unknown tag 'nope'"),
    "unused": (put("delegation.j2", "{{ nope }}"), "delegation.j2 line 1: 'nope' is undefined"),
    "include": (put("system.j2", "\n{% include 'other.j2' %}"), "system.j2 line 2: .*other.j2"),
    "address": (put("task.j2", "{{ goal.upper }}"), "task.j2 line 1: it prints a builtin_function_or_method"),
    "nothing": (put("task.j2", " \n"), "task.j2 says nothing to a root"),
    "encoding": (put("task.j2", b"a\n\xff\xfe"), r"mine: task.j2 line 2: this is no UTF-8 text"),
    "too big": (put("task.j2", "a" * (MOST_CHARACTERS + 1)), "task.j2 has more than 100,000 characters"),
    "missing": (lambda folder: (folder / "task.j2").unlink(), "mine lacks task.j2: a prompt holds system.j2"),
    "gone": (shutil.rmtree, "mine is not here: a prompt is a folder"),
    "a link": (link, "task.j2 is a link to another folder"),
    "a pipe": (
        lambda folder: ((folder / "task.j2").unlink(), os.mkfifo(folder / "task.j2")),
        "task.j2 is no file",
    ),
    "many": (lambda folder: [put(f"{n}.j2", "a")(folder) for n in range(40)], "45 files .*32 are the most"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_prompt_is_refused_when_it_is_read_in_one_line_with_file_and_line(
    case: str, folder: Path
) -> None:
    spoil, words = BAD[case]
    spoil(folder)
    with pytest.raises((InputError, MissingError), match=words) as caught:
        find(folder)
    assert "\n" not in str(caught.value)


def test_a_file_in_the_place_of_the_folder_is_named(folder: Path) -> None:
    with pytest.raises(MissingError, match=r"system.j2 is no folder"):
        find(folder / "system.j2")


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("plane", "no prompt 'plane': choose one of codeact, terse, plain"),
        ("", "names none"),
        ("..", "names none"),
        (3, "must be a name, a folder or a Dialect, not 3"),
        (TemplateDialect, "must be a name, a folder or a Dialect"),
        (
            "plain@00000000",
            r"plain@00000000 is not the plain that ships here, plain@\w{8}: take it from the run",
        ),
        ("mine@00000000", "known by its name alone: give its folder"),
        ("a\0b", "no prompt"),
        ("x" * 10_000, "no prompt"),
    ],
)
def test_what_names_no_prompt_is_one_line(prompt: object, words: str) -> None:
    with pytest.raises((ConfigError, MissingError), match=words) as caught:
        find(prompt)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


LOOP = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
HOSTILE = {
    "loop": (f"a\n{LOOP}", "line 2: it takes more than 1 s"),
    "loop in C": ("{{ 10 ** (10 ** 9) }}", "takes more than"),
    "huge": (
        "{% for i in range(99999) %}{{ 'a' * 100000 }}{% endfor %}",
        "task.j2: it makes more than 1048576 characters",
    ),
    "memory": ("{{ 'a' * 10**10 }}", "line 1: it takes more than 512 MiB"),
    "recursion": ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "line 1: it calls itself without end"),
    "class": ("{{ goal.__class__.__mro__ }}", "access to attribute '__class__' of 'str' object is unsafe"),
    "format": ("{{ '{0.__class__}'.format(goal) }}", "access to attribute '__class__'"),
    "globals": ("{{ cycler.__init__.__globals__ }}", "unsafe"),
    "change": ("{{ functions.append(1) }}", "append.* is unsafe|not safely callable"),
    "file": ("{% include '/etc/passwd' %}", "/etc/passwd"),
    "chance": ("{{ functions | random }}", "draws at random"),
    "clock": ("{{ strftime_now('%Y') }}", "'strftime_now' is undefined"),
    "words": ("{{ raise_exception('\x1b[31mno\nmore') }}", "no"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_prompt_is_one_line_in_time(
    case: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, words = HOSTILE[case]
    (folder / "task.j2").write_text(source)
    monkeypatch.setattr(rendering, "RENDER_SECONDS", 1.0)
    began = time.monotonic()
    with pytest.raises(InputError, match=words) as caught:
        find(folder)
    assert time.monotonic() - began < 20
    assert str(caught.value).isprintable() and len(str(caught.value)) < 400


def test_what_a_user_says_is_no_template(folder: Path) -> None:
    brief = BRIEFS["a root"]
    goal = "{{ 7 * 7 }} {% include 'x' %} \ud800"
    assert goal in find(folder).opening(replace(brief, goal=goal))[1].content


def test_every_file_has_a_table_of_what_it_gets_and_gets_just_that(folder: Path) -> None:
    assert tuple(VARIABLES) == PARTS or set(VARIABLES) == set(PARTS)
    for file, names in VARIABLES.items():
        uses = "\n".join(
            f"{{% if {name} is defined %}}{name} {{% endif %}}" for name in [*names, "goal", "output"]
        )
        (folder / file).write_text(uses)
    prompt = find(folder)
    assert isinstance(prompt, TemplateDialect)
    opening = prompt.opening(BRIEFS["a root"])[0].content.split()
    assert set(opening) == set(VARIABLES["system.j2"])
    later = prompt.observe(OBSERVATIONS["a silent turn"])[0].content.split()
    assert set(later) == set(VARIABLES["observation.j2"])


def test_a_prompt_that_was_given_up_is_tried_again_when_it_is_named_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (folder / "task.j2").open("a") as stream:
        stream.write("{% if goal == 'loop' %}" + LOOP + "{% endif %}")
    monkeypatch.setattr(rendering, "RENDER_SECONDS", 0.5)
    prompt = find(folder)
    for words in ("task.j2 line 6: it takes more than", "it takes more than", "given up"):
        with pytest.raises(RaoLabError, match=words):
            prompt.opening(replace(BRIEFS["a root"], goal="loop"))
    monkeypatch.undo()
    assert "Add up" in find(folder).opening(BRIEFS["a root"])[1].content


def test_an_interrupt_while_a_text_is_awaited_leaves_no_answer_for_the_next(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt = find(folder)

    begins = iter([time.monotonic()])  # it looks at the clock before it asks, and when it waits

    def interrupted() -> float:
        for moment in begins:
            return moment
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(rendering, "time", SimpleNamespace(monotonic=interrupted))
    with pytest.raises(KeyboardInterrupt):
        prompt.opening(BRIEFS["a root"])
    assert prompt.opening(BRIEFS["a helper"])[1].content == "Task: Add up 3.\n\n1 reply left."


def test_the_page_has_the_same_table() -> None:
    page = (data_path("docs") / "prompts.md").read_text(encoding="utf-8")
    for file, values in VARIABLES.items():
        for name, meaning in values.items():
            (row,) = [line for line in page.splitlines() if line.endswith(f"| {meaning} |")]
            assert row.startswith(f"| `{name}` |") and file.removesuffix(".j2") in row

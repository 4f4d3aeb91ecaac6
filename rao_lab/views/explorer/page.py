"""A saved page: the Explorer in one file, with its data, under a policy that lets nothing in or out.

The page carries the same bundle as the notebook, the columns of every node of each included step (else
what-if would lie) and the texts of as many nodes as fit; what is left out is said on the page.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from rao_lab.base.outputs import make_way
from rao_lab.base.safe_text import unquoted
from rao_lab.errors import ConfigError, InputError, RunFileError, UnavailableError
from rao_lab.store import spare_run_file
from rao_lab.tree import Node
from rao_lab.views.explorer.answers import at_hand, saved_answers
from rao_lab.views.explorer.decoder import Decoder
from rao_lab.views.explorer.look import Look
from rao_lab.views.explorer.node_text import node_text
from rao_lab.views.explorer.source import OVER, Source
from rao_lab.views.explorer.still import told
from rao_lab.views.explorer.table import StepTable

BUNDLE = Path(__file__).parent.parent / "static" / "explorer.js"

Answers = Callable[[StepTable | None, int, bool], dict[str, Any]]
"""`saved_answers` of a source: the table, the room in bytes, and whether texts go before."""

CSP = (
    "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)
BESIDE = CSP.replace("blob:;", "blob: 'self' file:;", 1)
"""Of a page whose program lies in a file beside it."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{csp}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
html, body {{ margin: 0; height: 100% }}
@media (prefers-color-scheme: dark) {{ html:not([data-theme=light]) {{ background: #212121; color-scheme: dark }} }}
html[data-theme=dark] {{ background: #212121; color-scheme: dark }}
</style>
</head>
<body>
<div id="explorer"></div>
<noscript><pre>{text}</pre></noscript>
<script type="application/json" id="data">{data}</script>
{program}
<script>
// In a frame, the page around it says whether it is dark.
if (parent !== window) {{
  addEventListener("message", ({{ source, data }}) => {{
    if (source !== parent || typeof data?.raoDark !== "boolean") return;
    document.documentElement.dataset.theme = data.raoDark ? "dark" : "light";
    document.body.dataset.jpThemeLight = String(!data.raoDark);
  }});
  parent.postMessage("raoTheme", "*");
}}
const source = document.getElementById("bundle").textContent.replaceAll("<\\\\/script", "</" + "script");
const url = URL.createObjectURL(new Blob([source], {{ type: "text/javascript" }}));
import(url).then((bundle) => {{
  URL.revokeObjectURL(url);
  bundle.renderSaved(JSON.parse(document.getElementById("data").textContent), document.getElementById("explorer"));
}}, (error) => {{ document.getElementById("explorer").textContent = "This page cannot run its script: " + error; }});
</script>
</body>
</html>
"""


_INSIDE = '<script type="text/plain" id="bundle">{}</script>'
_PROGRAM = "// The program of pages that RAO Lab saved."
_ADDED = """{first}
{{
  const held = document.createElement("script");
  held.type = "text/plain";
  held.id = "bundle";
  held.textContent = {text};
  document.currentScript.after(held);
}}
"""


def save_page(
    path: Path,
    source: Source,
    read: Callable[[int], StepTable],
    traits: Mapping[str, Any],
    look: Look,
    steps: Sequence[int] | None,
    max_mb: float,
    program: str | None = None,
) -> str:
    """Writes the page of a source; returns what it leaves out, in words.

    Args:
        read: the table of a step.
        traits: of the front end; those of the chosen steps are added.
        look: what the page opens on.
        steps: which steps; by default the one that is looked at, or the newest with a result.
        program: see `page_html`; the file is written beside the page.

    Raises:
        ConfigError: the columns alone are larger than `max_mb`.
        MissingError: no such step.
        RunFileError: a run file lies at `path`, or its name says so; the source cannot be read.
    """
    spare_run_file(path)
    marks = source.marks()
    known = dict(marks)
    # A step under way has little to show, so those with a result come first, the newest before the others.
    order = sorted(known, key=lambda step: (known[step] is None, -step))
    unread = ""
    if steps is not None:
        chosen = sorted(steps)
    elif look.step is not None and look.step in known:
        chosen = [look.step]
    else:
        chosen, unread = _newest_to_show(order, read)
    if look.step_of(source) not in chosen:
        look = Look(look.view)  # its node is not in this page
    page, left_out = page_html(
        [at_hand(read(step)) for step in chosen],
        {
            **traits,
            "steps": [[step, known.get(step)] for step in chosen],
            "newest": chosen[-1] if chosen else None,
            "saved": held_words(chosen, len(marks)),
            "look": look.to_json(),
        },
        title=traits["title"] or "RAO Lab",
        text=str(told(source, read, traits["title"], look, width=120)),
        decode=source.decode,
        answers=partial(saved_answers, source, read),
        max_mb=max_mb,
        program=program,
    )
    if len(chosen) < len(marks):
        left_out = "; ".join(
            part
            for part in (
                f"{len(marks) - len(chosen)} of {len(marks)} steps (choose with rao-lab export --steps)",
                left_out,
            )
            if part
        )
    try:
        if program is not None:
            _write_program(path.parent / program)
        path.write_text(page, "utf-8")
    except OSError as error:
        raise UnavailableError(f"{unquoted(path)} cannot be written: {error.strerror or error}") from None
    return "; ".join(part for part in (unread, left_out) if part)


def _write_program(path: Path) -> None:
    """Raises: InputError, if a file of another kind lies there; OSError."""
    if path.exists() and not path.read_bytes().startswith(_PROGRAM.encode()):
        raise InputError(f"{unquoted(path)} exists and is no program of a saved page: choose another name")
    path.write_text(_ADDED.format(first=_PROGRAM, text=_json(BUNDLE.read_text("utf-8"))), "utf-8")


def _newest_to_show(steps: Sequence[int], read: Callable[[int], StepTable]) -> tuple[list[int], str]:
    """The first of the steps that has trees, otherwise the first that can be read, and what cannot be read.

    Raises:
        RunFileError: none can be read.
    """
    problem: RunFileError | None = None
    without: list[int] = []
    for step in steps:
        try:
            table = read(step)
        except RunFileError as error:
            problem = problem or error
            continue
        if len(table):
            return [step], "" if problem is None else f"what follows step {step} ({problem})"
        without.append(step)
    if problem is not None and not without:
        raise problem
    return without[:1], "" if problem is None else f"what cannot be read ({problem})"


def spare_other_file(path: Path) -> None:
    """Refuses to write a page where something else lies, such as JSON. An earlier page may be replaced.

    Raises:
        InputError: something else lies there.
    """
    with suppress(OSError):  # whoever writes there says why it cannot be done
        with path.open("rb") if path.is_file() else nullcontext(BytesIO()) as file:
            head = file.read(64).lstrip()
        if head and not head.startswith(b"<"):
            raise InputError(f"{unquoted(path)} exists and is no page: choose another name")


def check_page(path: Path | None) -> None:
    """Before the work for a page: whether it can be written there. Makes the folders above it.

    Raises:
        InputError, RunFileError: something else lies there. UnavailableError: no file can be written there.
    """
    if path is not None:
        spare_run_file(path)
        spare_other_file(path)
        make_way(path)


def held_words(held: Sequence[int], known: int) -> str:
    """What a page holds of the steps that its curves show; the board says it."""
    if len(held) >= known:
        return "This page holds every step."
    if len(held) == 1:
        steps = f"step {held[0]} only"
    elif list(held) == list(range(held[0], held[-1] + 1)):
        steps = f"steps {held[0]} to {held[-1]}"
    else:
        steps = "steps " + ", ".join(map(str, held[:12])) + (" and more" if len(held) > 12 else "")
    return f"This page holds the trees of {steps}; its curves show all {known} steps."


def page_html(
    tables: Sequence[StepTable],
    traits: Mapping[str, Any],
    *,
    title: str,
    text: str = "",
    decode: Decoder | None = None,
    answers: Answers | None = None,
    max_mb: float = 20.0,
    program: str | None = None,
) -> tuple[str, str]:
    """The page, and what it leaves out in words. The last table is shown first and its texts are kept first.

    Args:
        program: the name of a file beside the page that holds its program; by default the page holds it.

    Raises:
        ConfigError: the columns alone are larger than `max_mb`.
    """
    tables = tables or [StepTable()]
    room = int(max_mb * 1_000_000)
    if program is None:
        held_program = _INSIDE.format(BUNDLE.read_text("utf-8").replace("</script", "<\\/script"))
    else:
        held_program = f'<script src="{html.escape(program)}"></script>'
    steps = [_step(table) for table in tables]
    room -= (
        len(held_program.encode())
        + len(text.encode())
        + 4096
        + sum(len(_json(step).encode()) for step in steps)
    )
    if room < 0:
        nodes = sum(map(len, tables))
        raise ConfigError(
            f"the columns of {nodes:,} nodes alone exceed max_mb={max_mb:g}: save fewer steps, or raise max_mb"
        )
    held: dict[str, Any] = {"answers": {}}
    room -= _add_answers([None, *tables], [held, *steps], answers, room, late=False)
    left_out = _add_texts(tables, steps, decode, room)
    room -= sum(len(_json(step["texts"]).encode()) for step in steps)
    _add_answers([None, *tables], [held, *steps], answers, room, late=True)
    # A page cannot steer, and nothing goes on in it.
    session = dict(traits.get("session", {}))
    if session:
        over = session.get("state") in OVER
        session |= {"live": False, "actions": [], "state": session["state"] if over else "saved"}
        if "file" in session:
            session["file"] = Path(session["file"]).name  # a page goes to others
    whole = {**traits, "live": False, "session": session, "height": 760}
    whole["saved"] = whole.get("saved") or "A saved page."
    for step, note in zip(steps, left_out, strict=True):
        said = f"this page leaves out {note}" if note else ""
        step["head"]["note"] = "; ".join(part for part in (step["head"]["note"], said) if part)
    shown = traits.get("look", {}).get("step")
    data = {"traits": whole, "shown": tables[-1].step if shown is None else shown, "steps": steps, **held}
    page = _PAGE.format(
        csp=html.escape(CSP if program is None else BESIDE),
        title=html.escape(title),
        text=html.escape(text),
        data=_json(data),
        program=held_program,
    )
    return page, _left_out(tables, steps)


def _left_out(tables: Sequence[StepTable], steps: Sequence[Mapping[str, Any]]) -> str:
    """In words, what all steps of a page together are left without."""
    cut = [
        (table.step, len(table) - len(step["texts"]))
        for table, step in zip(tables, steps, strict=True)
        if len(step["texts"]) < len(table)
    ]
    without = [
        f"the credit of step {table.step} ({table.note})" for table in tables if table.state == "incomplete"
    ]
    if not cut:
        return "; ".join(without)
    missing, nodes = sum(count for _, count in cut), sum(map(len, tables))
    first, last = cut[0][0], cut[-1][0]
    where = f"step {first}" if len(cut) == 1 else f"{len(cut)} steps from {first} to {last}"
    return "; ".join([*without, f"the texts of {missing:,} of {nodes:,} nodes ({where})"])


def _json(data: Any) -> str:
    """JSON that cannot leave its script element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("<", "\\u003c")


def _step(table: StepTable) -> dict[str, Any]:
    head, buffers = table.snapshot()
    return {
        "head": head,
        "buffers": [base64.b64encode(part).decode() for part in buffers],
        "texts": {},
        "answers": {},
    }


def _add_answers(
    tables: Sequence[StepTable | None],
    held: Sequence[dict[str, Any]],
    answers: Answers | None,
    room: int,
    *,
    late: bool,
) -> int:
    """The answers that views ask for, of the run and of each step, newest first, while they fit; how many bytes."""
    whole = room
    for table, each in zip(reversed(tables), reversed(held), strict=True):
        if answers is None or room <= 0:
            break
        found = answers(table, room, late)
        each["answers"] |= found
        room -= len(_json(found).encode())
    return whole - room


def _add_texts(
    tables: Sequence[StepTable], steps: Sequence[dict[str, Any]], decode: Decoder | None, room: int
) -> list[str]:
    """Texts of nodes while they fit, newest step first; what each step is left without, in words."""
    notes: list[str] = []
    for table, step in zip(reversed(tables), reversed(steps), strict=True):
        for place, node in _nodes(table):
            if room <= 0:
                break
            found = node_text(node, decode, limit=20_000)
            cost = len(_json(found).encode()) + len(node.path) + 16
            if cost > room and decode is not None:
                found = node_text(node, None, limit=4_000)
                cost = len(_json(found).encode()) + len(node.path) + 16
            if cost > room:
                continue
            step["texts"][f"{place}/{node.path}"] = found
            room -= cost
        missing = len(table) - len(step["texts"])
        notes.append(f"the texts of {missing:,} of {len(table):,} nodes" if missing else "")
    return notes[::-1]


def _nodes(table: StepTable) -> Iterator[tuple[int, Node]]:
    """The nodes of a step and the place of their tree; one tree is in memory at a time."""
    for place in range(len(table.trees)):
        yield from ((place, node) for node in table.tree(place).nodes)

"""A saved page: the Explorer in one file, with its data, under a policy that lets nothing in or out.

The page carries the same bundle as the notebook, the columns of every node of each included step (else
what-if would lie) and the texts of as many nodes as fit; what is left out is said on the page.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rao_lab.errors import ConfigError
from rao_lab.views.explorer.node_text import Decoder, node_text
from rao_lab.views.explorer.table import StepTable

BUNDLE = Path(__file__).parent.parent / "static" / "explorer.js"

CSP = (
    "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{csp}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
html, body {{ margin: 0; height: 100% }}
@media (prefers-color-scheme: dark) {{ html {{ background: #212121; color-scheme: dark }} }}
</style>
</head>
<body>
<div id="explorer"></div>
<noscript><pre>{text}</pre></noscript>
<script type="application/json" id="data">{data}</script>
<script type="text/plain" id="bundle">{bundle}</script>
<script>
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


def page_html(
    tables: Sequence[StepTable],
    traits: Mapping[str, Any],
    *,
    title: str,
    text: str = "",
    decode: Decoder | None = None,
    max_mb: float = 20.0,
) -> tuple[str, str]:
    """The page, and what it leaves out in words. The last table is shown first and its texts are kept first.

    Raises:
        ConfigError: the columns alone are larger than `max_mb`.
    """
    tables = tables or [StepTable()]
    room = int(max_mb * 1_000_000)
    bundle = BUNDLE.read_text("utf-8").replace("</script", "<\\/script")
    steps = [_step(table) for table in tables]
    room -= (
        len(bundle.encode()) + len(text.encode()) + 4096 + sum(len(_json(step).encode()) for step in steps)
    )
    if room < 0:
        nodes = sum(len(table.rows) for table in tables)
        raise ConfigError(
            f"the columns of {nodes:,} nodes alone exceed max_mb={max_mb:g}: save fewer steps, or raise max_mb"
        )
    left_out = _add_texts(tables, steps, decode, room)
    # A page cannot steer, and nothing goes on in it.
    session = dict(traits.get("session", {}))
    if session:
        over = session.get("state") in ("finished", "stopped", "failed")
        session |= {"live": False, "actions": [], "state": session["state"] if over else "saved"}
    whole = {**traits, "live": False, "session": session, "saved": "saved", "height": 760}
    for step, note in zip(steps, left_out, strict=True):
        said = f"this page leaves out {note}" if note else ""
        step["head"]["note"] = "; ".join(part for part in (step["head"]["note"], said) if part)
    data = {"traits": whole, "shown": tables[-1].step, "steps": steps}
    page = _PAGE.format(
        csp=html.escape(CSP),
        title=html.escape(title),
        text=html.escape(text),
        data=_json(data),
        bundle=bundle,
    )
    return page, "; ".join(
        f"step {table.step}: {note}" for table, note in zip(tables, left_out, strict=True) if note
    )


def _json(data: Any) -> str:
    """JSON that cannot leave its script element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("<", "\\u003c")


def _step(table: StepTable) -> dict[str, Any]:
    head, buffers = table.snapshot()
    return {"head": head, "buffers": [base64.b64encode(part).decode() for part in buffers], "texts": {}}


def _add_texts(
    tables: Sequence[StepTable], steps: Sequence[dict[str, Any]], decode: Decoder | None, room: int
) -> list[str]:
    """Texts of nodes while they fit, newest step first; what each step is left without, in words."""
    notes: list[str] = []
    for table, step in zip(reversed(tables), reversed(steps), strict=True):
        kept = 0
        for tree, path in table.rows:
            if room <= 0:
                break
            found = node_text(table.slots[tree].nodes.node(path), decode, limit=20_000)
            cost = len(_json(found).encode()) + len(path) + 16
            if cost > room and decode is not None:
                found = node_text(table.slots[tree].nodes.node(path), None, limit=4_000)
                cost = len(_json(found).encode()) + len(path) + 16
            if cost > room:
                continue
            step["texts"][f"{tree}/{path}"] = found
            room -= cost
            kept += 1
        missing = len(table.rows) - kept
        notes.append(f"the texts of {missing:,} of {len(table.rows):,} nodes" if missing else "")
    return notes[::-1]

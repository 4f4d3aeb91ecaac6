"""The tones of a light page, as the Explorer has them.

They are written in `widgets/src/shared/theme.js` and `widgets/src/board/scale.js`; the build of the front end copies
them beside the bundle.
"""

from __future__ import annotations

import json
from pathlib import Path

_TABLE = json.loads((Path(__file__).parent / "static" / "tones.json").read_text("utf-8"))
_LIGHT, _PLACES = _TABLE["light"], _TABLE["places"]

INK, LABEL, RULE, PAGE = (str(_LIGHT[name]) for name in ("text", "label", "rule", "page"))
SEQUENTIAL: tuple[str, ...] = tuple(_LIGHT["sequential"])
"""More is darker."""
EDGED, LINED = (float(_TABLE["edged"][name]) for name in ("edge", "line"))
"""px of half a column from which on it has room for edges, and for a line between two parts."""


def sequential(place: float) -> str:
    """A tone of the scale, from 0 to 1."""
    at = 5 * min(1.0, max(0.0, place))
    low = min(4, int(at))
    ends = [[int(tone[i : i + 2], 16) for i in (1, 3, 5)] for tone in SEQUENTIAL[low : low + 2]]
    return "#" + "".join(f"{int(a + (b - a) * (at - low) + 0.5):02x}" for a, b in zip(*ends, strict=True))


def line_tone(place: int, names: int) -> str:
    """Of a line at `place` among `names`."""
    return sequential(_PLACES["alone"] if names < 2 else _between(place / (names - 1), _PLACES["faintest"]))


def part_tone(place: int, parts: int, edged: bool) -> tuple[str, str]:
    """Fill and edge of a part of a column, lowest first; no edge: the fill stands out from the page by itself.

    Args:
        edged: the column has room for edges, so that parts may be paler and are told apart more easily.
    """
    faintest = _PLACES["faintest"]
    if parts < 2:
        return sequential(_PLACES["alone"]), ""
    t = _between(place / (parts - 1), _PLACES["pale"] if edged else faintest)
    return sequential(t), sequential(faintest) if t < faintest else ""


def _between(share: float, faintest: float) -> float:
    return float(faintest + (_PLACES["strongest"] - faintest) * share)

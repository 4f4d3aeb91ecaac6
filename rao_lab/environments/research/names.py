"""Invented names. Many are alike, so that a search finds more than was meant; no two are the same."""

from __future__ import annotations

from random import Random

_STARTS = (
    "b", "br", "d", "dr", "f", "fr", "g", "gl", "gr", "h", "j", "k", "kr", "l", "m", "n", "p", "pr", "qu", "r", "s",
    "sk", "st", "t", "tr", "v", "w", "z",
)  # fmt: skip
_VOWELS = ("a", "e", "i", "o", "u", "ei", "ou", "au")
_MIDDLES = ("l", "r", "n", "m", "s", "t", "v", "d", "rr", "ll", "st", "nd", "rk", "lm", "sk", "nt")
_ENDS = ("a", "o", "en", "er", "in", "el", "is", "an", "or", "um", "eth", "ow")
_FIRST = (
    "Ada", "Bela", "Cora", "Dino", "Edda", "Falk", "Gita", "Hanno", "Ilse", "Jori", "Kaja", "Lorn", "Mira", "Nilo",
    "Orla", "Piet", "Runa", "Silo", "Tova", "Ulf", "Vera", "Wim", "Yara", "Zeno", "Alma", "Bram", "Dora", "Emil",
    "Fenja", "Goro",
)  # fmt: skip
_COMPANY = (
    "Works",
    "Mills",
    "Yards",
    "Foundry",
    "Brothers",
    "Glassworks",
    "Motors",
    "Trading",
    "Press",
    "Union",
)
_PRODUCT = (
    "Lamp",
    "Kettle",
    "Loom",
    "Pump",
    "Bicycle",
    "Clock",
    "Stove",
    "Lathe",
    "Piano",
    "Camera",
    "Engine",
)
_TOWN = ("{}by", "{}field", "{}haven", "{} Cross", "{}stead", "Upper {}", "Lower {}", "{} Bridge", "{}mouth")
_PROVINCE = ("{}mark", "{}shire", "{}land", "{} Valley")
_SCHOOL = ["College", "Academy", "Institute", "School", "Polytechnic", "Seminary"]
_BOOK = (
    "Winter in {}",
    "Letters to {}",
    "A Song for {}",
    "Roads to {}",
    "Nine Days in {}",
    "Farewell to {}",
    "A History of {}",
)
ALIASED = 0.3
"""Share of companies and people that have a second name."""


class Names:
    """Draws names of each kind of thing."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._taken: set[str] = set()
        self._stems: list[str] = []

    def draw(self, kind: str) -> tuple[str, str]:
        """A name, and another one for the same thing or ""."""
        name = self._free(kind)
        named = kind in ("company", "person") and self._rng.random() < ALIASED
        return name, self._free(f"{kind} alias") if named else ""

    def _free(self, kind: str) -> str:
        while True:
            name = self._name(kind)
            if name.casefold() not in self._taken:
                self._taken.add(name.casefold())
                return name

    def _name(self, kind: str) -> str:
        rng, stem = self._rng, self._stem()
        match kind:
            case "person":
                return f"{rng.choice(_FIRST)} {stem}"
            case "person alias":
                return (
                    f"Old {stem}"
                    if rng.random() < 0.5
                    else f"{rng.choice(_FIRST)} {rng.choice(_FIRST)} {stem}"
                )
            case "company":
                return f"{stem} {rng.choice(_COMPANY)}"
            case "company alias":
                return f"{stem[:3].upper()} {rng.randrange(10, 999)}"
            case "product":
                return f"{stem} {rng.choice(_PRODUCT)}"
            case "school":
                return f"{stem} {rng.choice(_SCHOOL)}"
            case "book":
                return rng.choice(_BOOK).format(stem)
            case "town":
                return rng.choice(_TOWN).format(stem)
            case _:
                return rng.choice(_PROVINCE).format(stem)

    def _stem(self) -> str:
        """A new one, or one that other names have too."""
        rng = self._rng
        if self._stems and rng.random() < 0.6:
            return rng.choice(self._stems)
        parts = [rng.choice(_STARTS), rng.choice(_VOWELS), rng.choice(_MIDDLES), rng.choice(_ENDS)]
        if rng.random() < 0.4:
            parts[2:2] = [rng.choice(_MIDDLES), rng.choice(_VOWELS)]
        self._stems.append("".join(parts).capitalize())
        return self._stems[-1]

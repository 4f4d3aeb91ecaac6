"""How the demonstrators of aggregation behave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Habits:
    """Probabilities of what demonstrators do; each is that of one decision."""

    team_sizes: Mapping[str, float] = field(
        default_factory=lambda: {"easy": 0.3, "medium": 0.3, "hard": 0.25, "extreme": 0.15}
    )
    """Weights of the difficulties of the contexts that a team is given."""
    solo_sizes: Mapping[str, float] = field(
        default_factory=lambda: {"easy": 0.3, "medium": 0.65, "hard": 0.05}
    )
    """The same for an agent that works alone."""
    counting: int = 14_000
    """Transcripts at the beginning, all of contexts of one slice. Among others, counting was not learned in 500
    steps."""
    reading: int = 20_000
    """Transcripts after these in which nobody hands parts on, and no context is too long. Cuts at random teach nothing
    of counting, and when they came earlier, one count in seven was wrong in the end."""
    seldom: float = 0.6
    """A context is passed over if fewer than two of its lines are of the kind that is asked for."""
    delegate: float = 0.3
    """A team's node with more than one slice hands parts on; otherwise it reads."""
    delegate_long: float = 0.5
    """The same if it has more than `readable` lines. With fewer such demonstrations, cuts of long contexts were not
    learned: after RAO, one in five was whole."""
    readable: int = 32
    played: int = 16
    """Lines of the longest context whose helpers are played. Those of a longer one say any number: what is shown then
    is no more than how parts are handed on."""
    parts: Mapping[int, float] = field(default_factory=lambda: {2: 0.8, 3: 0.15, 4: 0.05})
    """Weights of the numbers of parts."""
    halves: float = 0.5
    """Two parts are halves; otherwise parts are cut anywhere."""
    careless: float = 0.15
    """One of the parts is left out, or given to two helpers."""
    together: float = 0.7
    """The helpers work at the same time, otherwise one after another."""
    own_question: float = 0.01
    """A node hands on the whole of its own lines, which is refused."""
    lost: float = 0.04
    """A helper ends without a number; all parts are handed on again."""
    no_room: float = 0.03
    """A launch is refused because agents, turns or levels are used up; the node reads instead."""
    slip: float = 0.03
    """Before each turn: something that is refused or of no use. It is read but not imitated."""

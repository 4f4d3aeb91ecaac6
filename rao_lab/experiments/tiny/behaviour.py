"""How the demonstrators of the embedded policy behave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Probabilities of what demonstrators do; each is that of one decision."""

    delegate_all: float = 0.15
    """A team's node delegates everything that is short."""
    delegate: float = 0.2
    """Otherwise it delegates each short ingredient with this probability: three in ten in all."""
    together: float = 0.7
    """Several delegated ingredients are launched in one gather."""
    team_tiers: Mapping[int, float] = field(default_factory=lambda: {1: 0.3, 2: 0.7})
    """Weights of the tiers of tasks that a team plays."""
    solo_tiers: Mapping[int, float] = field(default_factory=lambda: {1: 0.15, 2: 0.35, 3: 0.5})
    """The same for an agent that works alone."""
    finish_with_craft: float = 0.95
    """The last craft and `finish` are written in one turn."""
    own_goal: float = 0.01
    """A node launches its own whole goal, which is refused."""
    base_item: float = 0.01
    """A node launches a base item, which is refused."""
    lazy_child: float = 0.06
    """A child makes nothing, and fails or says that it is done."""
    scarce: float = 0.2
    """A task has too few of one base item."""
    several: float = 0.6
    """A task is passed over if its target needs fewer than two items that must be made."""
    no_room: float = 0.03
    """A launch is refused because the agents or the turns of the whole tree are used up."""
    slip: float = 0.05
    """Before each look-up and craft: a slip. Also a craft that comes too early, and a wrong order."""
    slip_again: float = 0.3
    """A slip is followed by another."""

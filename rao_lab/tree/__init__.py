"""What happened: records of agents, their turns and their trees, and the events they are folded from."""

from rao_lab.tree.denominator import Denominator
from rao_lab.tree.events import (
    LIMIT_STATUSES,
    Acted,
    Call,
    Event,
    Finished,
    Message,
    Refused,
    Scored,
    Spawned,
    Status,
    TurnEnded,
    TurnStarted,
)
from rao_lab.tree.node import (
    AGENTS,
    MAX_DEPTH,
    ROOT,
    Agent,
    Node,
    Task,
    TreeHeader,
    Turn,
    child_path,
    path_key,
)
from rao_lab.tree.tree import Group, Tree, validate

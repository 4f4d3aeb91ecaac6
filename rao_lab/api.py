"""The joins that people call, gathered: `import rao_lab as rl` finds them here."""

from rao_lab.loading import load_policy
from rao_lab.running import arun, compare, evaluate, run
from rao_lab.session import Session
from rao_lab.training import start, train

__all__ = ["Session", "arun", "compare", "evaluate", "load_policy", "run", "start", "train"]

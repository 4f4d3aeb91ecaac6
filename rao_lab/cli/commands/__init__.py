"""What each command of `rao-lab` does: it calls the library and prints, and has no logic of its own.

Help is read far more often than a model is run, so that a command imports what it needs when it is called.
"""

from rao_lab.cli.commands.acting import evaluate, run
from rao_lab.cli.commands.learning import demo, train
from rao_lab.cli.commands.machine import bench, doctor, fetch
from rao_lab.cli.commands.recorded import credit, export

__all__ = ["bench", "credit", "demo", "doctor", "evaluate", "export", "fetch", "run", "train"]

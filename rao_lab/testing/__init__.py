"""Tries an environment of one's own: tasks, worlds, verifiers, guards, and what siblings do to each other.

>>> report = rl.testing.check_environment(env)
>>> report.ok, report.findings
(True, ())
"""

from typing import TYPE_CHECKING

from rao_lab.base.lazy import face

if TYPE_CHECKING:
    from rao_lab.testing.check import check_environment
    from rao_lab.testing.report import EnvironmentReport, Finding

__getattr__, __dir__, __all__ = face(__name__, __file__)

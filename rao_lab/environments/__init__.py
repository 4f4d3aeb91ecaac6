"""Worlds with tasks: a package each, found by name.

>>> env = rl.environments.TextCraft(difficulty="medium")
>>> len(env.tasks("test"))
300
"""

from typing import TYPE_CHECKING

from rao_lab.base.lazy import face

if TYPE_CHECKING:
    from rao_lab.environments.aggregation.environment import Aggregation
    from rao_lab.environments.arithmetic.environment import Arithmetic
    from rao_lab.environments.mail.environment import Mail
    from rao_lab.environments.research.environment import Research
    from rao_lab.environments.textcraft.environment import TextCraft

__getattr__, __dir__, __all__ = face(__name__, __file__)

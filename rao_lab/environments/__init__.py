"""Worlds with tasks: a package each, found by name."""

from typing import TYPE_CHECKING

from rao_lab.base.lazy import face

if TYPE_CHECKING:
    from rao_lab.environments.textcraft.environment import TextCraft

__getattr__, __dir__, __all__ = face(__name__, __file__)

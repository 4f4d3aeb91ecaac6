"""TextCraft: craft items with meaningless names from recipes that must be looked up."""

from rao_lab.environments.textcraft.environment import TextCraft

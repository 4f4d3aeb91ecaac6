"""Aggregation: questions that need every line of a context that is read through calls."""

from rao_lab.environments.aggregation.environment import Aggregation

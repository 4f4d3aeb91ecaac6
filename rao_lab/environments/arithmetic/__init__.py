"""Arithmetic: work out an expression in words, part by part; the world to copy."""

from rao_lab.environments.arithmetic.environment import Arithmetic

"""Traces of other programs, read: one module a format, each of which finds nodes that `build` makes trees of."""

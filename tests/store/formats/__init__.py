"""Traces of other programs."""

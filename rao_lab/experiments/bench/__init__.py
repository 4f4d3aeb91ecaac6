"""Measurements of this machine: `rao-lab bench NAME` runs the module NAME of this folder."""

"""Checks answers to the exercises of the course, with hints, and reads what students hand in.

A part of the course has a module here, `part_03` for notebook 03, with its exercises. `rl.check("3.2", answer)`
finds them by their names.
"""

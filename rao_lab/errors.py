"""Every error that RAO Lab raises on purpose.

    RaoLabError
    ├── ConfigError(ValueError)        a setting that means nothing, alone or beside another
    ├── InputError(ValueError)         a file or a value that cannot be read as what it should be
    │   └── RunFileError               a run file that is damaged, newer, locked or not a run file
    ├── MissingError(LookupError)      a task, node, step, policy or file that does not exist
    ├── UnavailableError(RuntimeError) something outside that is needed and not there (extra, disk, endpoint)
    └── RecordError(ValueError)        a record that contradicts itself: always a bug or a forged file

A message says what was wrong, with which value, and what to do. The command line prints it as one line
and leaves with status 2. A node that fails is not an error: it is data on the node (`Node.status`).
"""

from __future__ import annotations


class RaoLabError(Exception):
    """Base of all errors raised on purpose."""


class ConfigError(RaoLabError, ValueError):
    """A setting means nothing; the message names the field or the two fields."""


class InputError(RaoLabError, ValueError):
    """A file or value cannot be read as what it should be."""


class RunFileError(InputError):
    """A run file is damaged, newer than this version, locked, or no run file at all."""


class MissingError(RaoLabError, LookupError):
    """A named thing does not exist; the message lists what does."""


class UnavailableError(RaoLabError, RuntimeError):
    """Something outside is needed and not there; the message says how to get it."""


class RecordError(RaoLabError, ValueError):
    """A record contradicts itself."""

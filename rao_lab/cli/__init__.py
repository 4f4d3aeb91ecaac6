"""The command line `rao-lab`: one file a command, its words, and how errors become one line."""

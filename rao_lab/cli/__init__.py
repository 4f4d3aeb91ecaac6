"""The command line: `rao-lab`, one file a command, what each prints, and how an error becomes one line."""

"""`python -m rao_lab.cli` is `rao-lab`."""

from rao_lab.cli.main import main

main()

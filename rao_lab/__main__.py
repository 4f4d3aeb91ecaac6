"""`python -m rao_lab` is `rao-lab`."""

from rao_lab.cli.main import main

main()

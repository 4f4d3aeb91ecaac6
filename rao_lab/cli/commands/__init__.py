"""The commands of `rao-lab`, one file each: its options, its help, a call of the library, and a print.

A command imports what it needs only when it is called, because help is asked for far more often than a
model is run, and should come at once.
"""

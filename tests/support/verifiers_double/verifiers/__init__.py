"""What we use of the library `verifiers`, as its version 0.3.1 has it, which holds both of its protocols.

A double, for machines without the library: names, signatures and behaviour are as read there. Tests marked slow
run the same cases with the library itself.
"""

"""Numbers as arrays of bytes: the nodes of a step, its credit, and the tokens of a node."""

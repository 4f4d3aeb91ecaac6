"""The Explorer: trees, their messages and their credit, in a notebook cell or a saved page."""

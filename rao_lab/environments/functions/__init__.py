"""An environment made of plain Python functions: goals, tools and a verifier of one's own."""

"""How trees run: a plain loop over node states, one logical clock, and sandboxed code."""

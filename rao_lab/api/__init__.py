"""What `rl` offers: run, evaluate, train, resume, watch and export, each in one call."""

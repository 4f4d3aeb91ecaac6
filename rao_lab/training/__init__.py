"""From credit to the update of the weights: tasks, sequences, objective, optimizer, checkpoints."""

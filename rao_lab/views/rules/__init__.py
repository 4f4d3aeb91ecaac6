"""Rules of credit compared on the same rollouts."""

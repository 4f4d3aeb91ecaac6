"""Records as rows of the run file, and back."""

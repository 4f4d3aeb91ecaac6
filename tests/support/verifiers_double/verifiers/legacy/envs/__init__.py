"""See `verifiers`."""

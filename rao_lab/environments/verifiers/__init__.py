"""Environments of the library `verifiers`, which a user installs, as worlds of ours."""

"""The same tasks over training: what a policy makes of them step after step."""

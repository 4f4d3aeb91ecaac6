"""How good a policy is, with intervals, and what a flat agent could reach at best."""

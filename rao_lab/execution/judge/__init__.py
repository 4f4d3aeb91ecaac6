"""A policy as a judge: it reads what a node did and a rubric, and gives a verdict that is parsed strictly."""

"""What training did with each token of a node, and what the tokens of launches earned."""

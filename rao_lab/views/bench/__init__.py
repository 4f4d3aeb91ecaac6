"""A prompt bench as HTML: for a notebook, and as a saved page."""

"""Arms compared on the same tasks: figures for plotly, and a page."""

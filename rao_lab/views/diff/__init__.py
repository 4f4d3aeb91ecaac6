"""Two trees side by side, as HTML."""

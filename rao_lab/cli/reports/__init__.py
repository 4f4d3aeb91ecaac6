"""What the commands print of a result, as text or as JSON: one file for each kind of result."""

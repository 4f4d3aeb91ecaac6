"""Aggregation for an embedded policy: its tokens, and who demonstrates it."""

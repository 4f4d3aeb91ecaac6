"""Policies: who writes the turns."""

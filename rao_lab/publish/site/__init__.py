"""The sites that the repository makes of itself: the course with its executed notebooks, and the documentation."""

"""Text into types, with all problems at once."""

"""Targets and windows, and the choice of a day for one participant."""

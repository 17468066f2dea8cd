"""The clinic's memory: an append-only, chained record of what happened, and what is read from it."""

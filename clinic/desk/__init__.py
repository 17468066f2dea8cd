"""Use cases with memory: what records mean, what a command would record, and what lists are asked of."""

"""The store: a chain of records, what is read from it, its copies and its checks."""

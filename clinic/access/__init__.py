"""Who may do what in the pages: accounts, roles, one-time links."""

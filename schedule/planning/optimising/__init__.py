"""The best days for everybody at a site together: what is asked, what it costs, how it is found, and why it cannot be."""

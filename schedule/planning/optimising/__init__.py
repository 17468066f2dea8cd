"""The best days for everybody at a site: what is asked, what it costs, how it is found, and why it cannot be."""

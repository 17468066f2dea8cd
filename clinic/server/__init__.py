"""The web server: its settings, its routes, and how it is started."""

"""The closed wing: what only the unblinded pharmacist may see. ``cli.py`` alone may load it."""

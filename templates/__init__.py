"""Jinja2 templates, shipped as ``schedule.templates``: ``packet/`` is blinded, ``unblinded/`` is not."""

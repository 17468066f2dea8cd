"""Visit schedules, calendars and packets for clinical trials: a functional core and its renderers."""

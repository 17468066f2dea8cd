"""Calendars by secret links: who subscribes with a phone or a calendar program reads them here."""

"""Views into bytes: calendars, tables, pages, in English and Spanish."""

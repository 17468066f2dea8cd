"""Rows of the clinic's lists: what is due, overdue or deviated, who comes when, and who must still be told."""

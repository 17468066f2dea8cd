"""The commands of the clinic."""

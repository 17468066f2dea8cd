"""Use cases without memory: plan, render, write."""

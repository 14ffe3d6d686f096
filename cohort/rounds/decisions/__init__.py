"""Decisions: the selection shown, adopted once, told to the firms and published; appeals against it."""

"""Exports in files: the stage of every firm of a table, with no database and no site."""

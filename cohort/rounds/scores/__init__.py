"""Scores: typed in one grid, pasted from a spreadsheet or imported; a file without one never counts as zero."""

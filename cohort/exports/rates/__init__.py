"""Exchange rates: brought in by file, frozen on each export."""

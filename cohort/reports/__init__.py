"""Overview, work list and public page: read-only views across the rooms below."""

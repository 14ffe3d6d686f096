"""A cohort chosen from files, and public records re-run: no database, no site."""

"""Lets `python -m cohort` be the command line; the commands stand in `cohort.cli`."""

from __future__ import annotations

from cohort.cli import main

if __name__ == "__main__":
    main()

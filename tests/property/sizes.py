"""How many examples a property is tried with: few by default, all with TEST_SIZE=full."""

from __future__ import annotations

import os


def examples(quick, full):
    """The number of examples of this run."""
    return full if os.environ.get("TEST_SIZE") == "full" else quick

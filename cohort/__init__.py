"""The programme's software: choose, follow and flag firms; holds the version and a lazy door to the site.

Importing this package (or `cohort.rules`) loads no framework: the factory is fetched when it is called.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"


def create_app(*args: Any, **kwargs: Any) -> Any:
    """Return the WSGI application; see `cohort.app.create_app` for the arguments."""
    return import_module("cohort.app").create_app(*args, **kwargs)

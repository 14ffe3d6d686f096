"""Takes the stage that rooms share."""

from __future__ import annotations

from tests.rooms.stage import do, noon, pages, seeing, world

__all__ = ["do", "noon", "pages", "seeing", "world"]

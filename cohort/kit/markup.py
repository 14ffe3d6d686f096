"""Writes what templates would write cell by cell: the plain rows of a long table, in one go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import Flask
from markupsafe import Markup, escape


def plain_rows(cells: Sequence[tuple[Mapping[str, Any], str, str]], rows: Iterable[Mapping[str, Any]]) -> Markup:
    """Return table rows whose cells are finished words; `cells` holds column, opening and closing of each.

    Words that are no Markup are escaped.
    """
    columns = [(column["key"], opening, closing) for column, opening, closing in cells]
    lines = (
        "".join(f"{opening}{escape(row[key])}{closing}" for key, opening, closing in columns) for row in rows
    )
    return Markup("".join(f"<tr>{line}</tr>\n" for line in lines))


def init_app(app: Flask) -> None:
    """Give templates `plain_rows`."""
    app.jinja_env.globals["plain_rows"] = plain_rows

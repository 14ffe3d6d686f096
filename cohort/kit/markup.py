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
    keys = [column["key"] for column, _opening, _closing in cells]
    row_form = "<tr>" + "".join(f"{opening}\0{closing}" for _column, opening, closing in cells) + "</tr>\n"
    row_form = row_form.replace("%", "%%").replace("\0", "%s")
    # most cells are Markup already, whose escaping would only copy it
    lines = [
        row_form % tuple([cell if type(cell) is Markup else escape(cell) for cell in [row[key] for key in keys]])
        for row in rows
    ]
    return Markup("".join(lines))


def init_app(app: Flask) -> None:
    """Give templates `plain_rows`."""
    app.jinja_env.globals["plain_rows"] = plain_rows

"""Writes what templates would write cell by cell: the plain rows of a long table, in one go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import Flask
from markupsafe import Markup, escape


def cell_tags(columns: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], Markup, Markup]]:
    """Return each column with what opens and closes its cells: a heading for the first, the column's label for a phone."""
    tags = []
    for place, column in enumerate(columns):
        name, scope = ("td", "") if place else ("th", ' scope="row"')
        kind = f' class="{column["kind"]}"' if column.get("kind") in ("number", "nowrap", "long") else ""
        opening = Markup(f'<{name}{scope}{kind} data-label="{escape(column["label"])}">')
        tags.append((column, opening, Markup(f"</{name}>")))
    return tags


def plain_rows(columns: Sequence[Mapping[str, Any]], rows: Iterable[Mapping[str, Any]]) -> Markup:
    """Return table rows whose cells are finished words, found in each row by the `key` of the column.

    Words that are no Markup are escaped.
    """
    keys = [column["key"] for column in columns]
    tags = [(opening.replace("%", "%%"), closing) for _column, opening, closing in cell_tags(columns)]
    row_form = "<tr>" + "".join(f"{opening}%s{closing}" for opening, closing in tags) + "</tr>\n"
    # most cells are Markup already, whose escaping would only copy it
    lines = [
        row_form % tuple([cell if type(cell) is Markup else escape(cell) for cell in [row[key] for key in keys]])
        for row in rows
    ]
    return Markup("".join(lines))


def init_app(app: Flask) -> None:
    """Give templates `plain_rows` and `cell_tags`."""
    app.jinja_env.globals.update(plain_rows=plain_rows, cell_tags=cell_tags)

"""Serves all style sheets of `static/` as one file, so that a phone asks once instead of forty times.

There is no build step: the files are read and joined when the site starts, in debug at every request; this
module changes nothing inside them.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Flask, Response, current_app, request, url_for

from cohort.kit.access import public

blueprint = Blueprint("styles", __name__)

FIRST = ("vendor/modern-normalize.css", "css/tokens.css", "css/base.css", "css/layout.css")
LAST = ("css/print.css",)


@dataclass(frozen=True)
class StyleSheet:
    """The joined text, the same packed, and the hash that stands in its address."""

    plain: bytes
    packed: bytes
    version: str


def sheet_names(static_folder: Path) -> list[str]:
    """Return every style sheet below `static/`, lowest layer first; components in the order of the alphabet."""
    layouts = sorted(f"css/{path.name}" for path in (static_folder / "css").glob("layout_*.css"))
    components = sorted(f"css/components/{path.name}" for path in (static_folder / "css/components").glob("*.css"))
    return [*FIRST, *layouts, *components, *LAST]


def read_sheet(static_folder: Path) -> StyleSheet:
    """Return the joined sheet. Addresses inside are relative to `static/css/`, where the result is served too."""
    plain = b"\n".join((static_folder / name).read_bytes() for name in sheet_names(static_folder))
    return StyleSheet(plain, gzip.compress(plain, mtime=0), hashlib.sha256(plain).hexdigest()[:12])


def _sheet() -> StyleSheet:
    if current_app.debug or "style_sheet" not in current_app.extensions:
        current_app.extensions["style_sheet"] = read_sheet(Path(str(current_app.static_folder)))
    sheet = current_app.extensions["style_sheet"]
    if not isinstance(sheet, StyleSheet):
        raise TypeError("the extension 'style_sheet' is not a StyleSheet")
    return sheet


def style_hrefs() -> list[str]:
    """Return the addresses of the style sheets that a page links, in their order."""
    return [url_for("styles.site_css", v=_sheet().version)]


@blueprint.get("/static/css/site.css")
@public
def site_css() -> Response:
    """Answer the joined style sheet; its address changes with its content, so it may be kept for a year."""
    sheet = _sheet()
    packed = request.accept_encodings["gzip"] > 0
    response = Response(sheet.packed if packed else sheet.plain, mimetype="text/css")
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def init_styles(app: Flask) -> None:
    """Register the address of the sheet and give templates `style_hrefs()`."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals["style_hrefs"] = style_hrefs

"""Takes a file of firms on a page: it is checked first, and brought in only when somebody says so; hands out the list.

A file that waits lies in the instance folder under the person's own number for a day; nobody else can open it.
"""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path

from flask import current_app, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext, ngettext
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from cohort.config import Settings
from cohort.firms import forms, words
from cohort.firms.downloads import download_firms
from cohort.firms.importer import check_file
from cohort.firms.imports.mapping import NO_MAP, ColumnMap, read_mapping
from cohort.firms.imports.report import ImportReport
from cohort.firms.imports.rows import FirmRows
from cohort.firms.imports.storing import ReadyRows, ready_rows, store_checked
from cohort.firms.imports.words import lines_of, table_words
from cohort.firms.profiles import profile_for
from cohort.firms.views import Page, answer, blueprint, filters_of_request, refuse, session_of_request
from cohort.kit import clock
from cohort.kit.access import current_actor, gate
from cohort.kit.database import stop_writing, transaction
from cohort.kit.errors import DomainError
from cohort.kit.language import number, reader_region
from cohort.kit.tables import TableFault, open_table

KEPT = timedelta(days=1)
MOST_ROWS = 20_000  # what a page checks while somebody waits; longer files go in by `cohort import firms`
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True)
class WaitingFile:
    """A file that was checked and waits to be brought in."""

    folder: Path

    @property
    def path(self) -> Path:
        """Where the bytes lie."""
        return self.folder / "file"

    @property
    def name(self) -> str:
        """What the person called it."""
        return (self.folder / "name").read_text("utf-8")

    @property
    def column_map(self) -> ColumnMap:
        """The mapping that came with it, or none."""
        mapping = self.folder / "mapping.toml"
        return read_mapping(mapping.read_text("utf-8")) if mapping.exists() else NO_MAP


@blueprint.route("/import", methods=["GET", "POST"])
@gate("firm.import")
def bring() -> Page:
    """Take a file and check it; nothing is stored on the register yet."""
    form = forms.ImportForm()
    if form.validate_on_submit():
        stop_writing(session_of_request())  # the header is read, nothing is written
        try:
            token = _keep(form.file.data, form.mapping.data)
        except DomainError as error:
            refuse(form, error)
        else:
            return redirect(url_for("firms.checked", token=token))
    return answer("firms/import.html", form, most=MOST_ROWS)


@blueprint.route("/import/<token>", methods=["GET", "POST"])
@gate("firm.import")
def checked(token: str) -> Page:
    """Show what the file would do; on a click, bring it in."""
    waiting = _waiting(token)
    try:
        report = _checked(waiting) if request.method == "GET" else _brought_in(waiting)
    except DomainError as error:
        if error.code != "import_too_long":
            raise
        shutil.rmtree(waiting.folder, ignore_errors=True)
        form = forms.ImportForm(formdata=None)
        refuse(form, DomainError("import_too_long", most=number(MOST_ROWS)))
        return render_template("firms/import.html", form=form, words=words, most=MOST_ROWS), 422
    if request.method == "POST" and report.may_be_brought_in:
        shutil.rmtree(waiting.folder, ignore_errors=True)
        flash(ngettext("%(count)s firm was brought in.", "%(count)s firms were brought in.", report.brought_in, count=number(report.brought_in)), "success")
        return redirect(url_for("firms.index"))
    page = render_template("firms/import_report.html", report=report, lines=lines_of(report)[:200], token=token, words=words)
    return (page, 422) if request.method == "POST" else page


def _checked(waiting: WaitingFile, ready: ReadyRows | None = None) -> ImportReport:
    """Return what the file would do; it reads the register and locks nobody out."""
    session, actor = session_of_request(), current_actor()
    with _worded_faults():
        return check_file(session, actor, waiting.path, waiting.column_map, profile_for(session, actor), waiting.name,
                          ready=ready, most_rows=MOST_ROWS)


def _brought_in(waiting: WaitingFile) -> ImportReport:
    """Check the file again without the write lock, then store it in one short transaction."""
    stop_writing(session_of_request())
    with ready_rows() as ready:
        report = _checked(waiting, ready)
        if not report.may_be_brought_in:
            return report
        with transaction() as session:
            return store_checked(session, current_actor(), report, ready)


@blueprint.post("/download/<any(csv,xlsx):kind>")
@gate("firm.see")
def download(kind: str) -> Response:
    """Hand out the list as it is filtered; a POST, because taking it is noted."""
    filters = filters_of_request()
    with transaction() as session:
        content = download_firms(session, current_actor(), filters, kind, reader_region())
    name = f"{gettext('firms')}-{clock.today().isoformat()}.{kind}"
    return send_file(BytesIO(content), MEDIA_TYPES[kind], as_attachment=True, download_name=name)


@contextmanager
def _worded_faults() -> Iterator[None]:
    """Turn a file that is no table into a refusal in words."""
    try:
        yield
    except TableFault as fault:
        found, expected = table_words(fault)
        raise DomainError("table_unreadable", found=found[:1].upper() + found[1:], expected=expected) from fault


def _folder() -> Path:
    settings: Settings = current_app.extensions["settings"]
    return settings.instance / "imports" / str(current_actor().person_id)


def _keep(file: FileStorage, mapping: FileStorage | None) -> str:
    """Keep the file for its check and return its token; a file without a fitting header is refused at once.

    The rows are read when the report is shown.
    """
    _forget_old(_folder())
    token = secrets.token_urlsafe(16)
    folder = _folder() / token
    folder.mkdir(parents=True)
    file.save(folder / "file")
    (folder / "name").write_text(re.split(r"[\\/]", file.filename or "file")[-1][:200], "utf-8")
    if mapping is not None and mapping.filename:
        (folder / "mapping.toml").write_text(mapping.read().decode("utf-8-sig", "replace"), "utf-8")
    waiting = WaitingFile(folder)
    try:
        with _worded_faults():
            FirmRows(open_table(waiting.path), waiting.column_map, "IWA34", clock.today())
    except DomainError:
        shutil.rmtree(folder)
        raise
    return token


def _waiting(token: str) -> WaitingFile:
    folder = _folder() / token
    if not re.fullmatch(r"[\w-]{10,40}", token) or not (folder / "file").exists():
        raise DomainError("not_found")
    return WaitingFile(folder)


def _forget_old(folder: Path) -> None:
    if not folder.is_dir():
        return
    for old in folder.iterdir():
        if clock.now().timestamp() - old.stat().st_mtime > KEPT.total_seconds():
            shutil.rmtree(old, ignore_errors=True)

"""Takes scores from staff: one grid to type in, and a sheet pasted or uploaded, shown first and then applied as one unit."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Response, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from wtforms import FileField, HiddenField, TextAreaField
from wtforms.validators import Length

from cohort.kit.access import current_actor, gate
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError, sentence
from cohort.kit.language import number, reader_region
from cohort.kit.tables import TableFault, open_table
from cohort.rounds.calls import queries as rounds
from cohort.rounds.calls.views import round_here
from cohort.rounds.models import Application, Round
from cohort.rounds.scores import downloads, importer, queries, service
from cohort.rounds.scores.sheet import FAULTS, Sheet, pasted_lines, points_text, score_of
from cohort.rounds.site import Page, back_with, session_now, staff

_: Callable[..., str] = gettext
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COMMA_REGIONS = frozenset({"CL", "CO", "CR"})


class SheetForm(FlaskForm):
    """Cells pasted from a spreadsheet, or a file of them."""

    sheet = TextAreaField(_l("Paste the columns with code or tax number, and with points"), [Length(max=500_000)])
    file = FileField(_l("Or choose a CSV or Excel file"))
    name = HiddenField()


def has_comma() -> bool:
    """Return whether this reader's country writes decimals with a comma."""
    return reader_region() in COMMA_REGIONS


@staff.route("/<int:round_id>/scores", methods=["GET", "POST"])
@gate("round.score")
def scores(round_id: int) -> Page:
    """Show the grid of files with their scores, or save what was typed, all of it or nothing."""
    round_ = round_here(round_id)
    typed = {name.removeprefix("score-"): text.strip() for name, text in request.form.items() if name.startswith("score-")}
    faults: list[tuple[str, str]] = []
    if request.method == "POST":
        points, faults = _read_grid(typed)
        if not faults:
            return _save(round_id, points)
    page = queries.to_score(round_.id, request.args.get("country", ""))
    held = service.latest_scores(session_now(), round_.id)
    rows = [_grid_row(each, held[each.id].score if each.id in held else None, typed) for each in page.items]
    shown = render_template(
        "rounds/scores.html", round=round_, rows=rows, page=page, faults=faults, is_open=round_.status == "closed",
        left=queries.unscored_count(session_now(), round_.id), countries=round_.protocol["countries"],
        example=number(82.5),
    )
    return (shown, 422) if faults else shown


def _grid_row(each: Application, score: int | None, typed: Mapping[str, str]) -> dict[str, Any]:
    text = typed.get(str(each.id), _shown(score))
    name = each.firm.name if each.firm else str(each.answers.get("company_name") or each.code)
    return {"id": each.id, "firm": name, "country": each.country, "code": each.code, "text": text, "eligible": each.eligible}


def _read_grid(typed: Mapping[str, str]) -> tuple[dict[int, int | None], list[tuple[str, str]]]:
    """Return the points by application, and (link, fault) of what cannot be read; an empty cell takes a score back."""
    points: dict[int, int | None] = {}
    faults = []
    for key, text in typed.items():
        found = score_of(text, has_comma()) if text else None
        if isinstance(found, str):
            faults.append((f"#score-{key}", str(FAULTS[found]) % {"score": text, "key": key}))
        elif key.isdigit():
            points[int(key)] = found
    return points, faults


def _save(round_id: int, points: dict[int, int | None]) -> Page:
    back = url_for("rounds.scores", round_id=round_id, country=request.args.get("country"), page=request.args.get("page"))
    try:
        with transaction() as session:
            held = rounds.round_of(session, round_id, current_actor().plan_id)
            brought = service.score_files(session, current_actor(), held, points)
    except DomainError as refusal:
        return back_with(refusal, back)
    flash(told(brought), "success")
    return redirect(back)


@staff.get("/<int:round_id>/scores/sheet.xlsx")
@gate("round.score")
def sheet(round_id: int) -> Response:
    """Hand out the sheet to fill in: codes, firms and the scores that stand."""
    round_ = round_here(round_id)
    content = downloads.score_sheet(session_now(), current_actor(), round_)
    what = _("scores")
    name = f"{what}-{round_.code}.xlsx"
    return send_file(BytesIO(content), XLSX, as_attachment=True, download_name=name)


def told(brought: service.Brought) -> str:
    """Return what came of a set of scores, in a sentence."""
    return _("Saved: %(new)s new scores, %(changed)s changed, %(same)s as before.", new=brought.new_count,
             changed=brought.changed_count, same=brought.same_count)


@staff.route("/<int:round_id>/scores/paste", methods=["GET", "POST"])
@gate("round.score")
def paste(round_id: int) -> Page:
    """Read a sheet and show what it would change; with `apply` save it whole."""
    round_, form = round_here(round_id), SheetForm()
    back = url_for("rounds.scores", round_id=round_id)
    read: Sheet | None = None
    if form.validate_on_submit():
        try:
            _take_file(form)
            read = service.preview(session_now(), current_actor(), round_, pasted_lines(form.sheet.data or ""), has_decimal_comma=has_comma())
            if not read.rows and not read.faults:
                raise DomainError("scores_empty")
            if "apply" in request.form and not read.faults:
                return _apply(round_id, form, back)
        except DomainError as refusal:
            form.form_errors.append(sentence(refusal))
        except (TableFault, importer.NoColumn) as fault:
            form.form_errors.append(_file_fault(fault))
    shown = render_template("rounds/paste.html", round=round_, form=form, back=back, example=number(82.5),
                            sheet=read, **_sheet_context(session_now(), round_, read))
    is_faulty = form.is_submitted() and (form.errors or form.form_errors or (read and read.faults))
    return (shown, 422) if is_faulty else shown


def _apply(round_id: int, form: SheetForm, back: str) -> Page:
    text = form.sheet.data or ""
    with transaction() as session:
        held = rounds.round_of(session, round_id, current_actor().plan_id)
        brought = service.bring_scores(
            session, current_actor(), held, pasted_lines(text), text.encode(), form.name.data or "pasted",
            has_decimal_comma=has_comma())
    flash(told(brought), "success")
    return redirect(back)


def _take_file(form: SheetForm) -> None:
    """Turn an uploaded file into the cells that the text box shows, so that the next step needs no file."""
    upload: FileStorage | None = form.file.data
    if not upload or not upload.filename:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scores"
        upload.save(path)
        table = open_table(path)
        lines = importer.lines_of(table)
    form.sheet.data = "\n".join(f"{key}\t{_as_typed(points, table.has_decimal_comma)}" for _row, key, points in lines)
    form.name.data = upload.filename[:200]


def _as_typed(points: str, has_decimal_comma: bool) -> str:
    """Return points of a file as this reader would type them, so that 82.125 of a spreadsheet is not read as thousands."""
    score = score_of(points, has_decimal_comma)
    return points if isinstance(score, str) else _shown(score)


def _shown(score: int | None) -> str:
    text = points_text(score)
    return text.replace(".", ",") if has_comma() else text


def _file_fault(fault: Exception) -> str:
    if isinstance(fault, importer.NoColumn):
        return _("The file needs a column “code” or “tax_id” and a column “score” in its first line.")
    return _("The file cannot be read as a table. Save it as CSV or XLSX, or paste its cells.")


def _sheet_context(session: Session, round_: Round, sheet: Sheet | None) -> dict[str, Any]:
    if sheet is None:
        return {"rows": [], "left": [], "summary": ""}
    named = queries.names_of(session, [row.application_id for row in sheet.rows] + list(sheet.unscored))
    rows = [
        {"line": row.line, "firm": named.get(row.application_id, row.key), "key": row.key, "points": row.score / 10_000,
         "before": None if row.before is None else row.before / 10_000, "tone": "" if row.before in {None, row.score} else "sun"}
        for row in sheet.rows
    ]
    return {"rows": rows, "left": _names(named, sheet.unscored),
            "summary": str(ngettext("%(num)s score read", "%(num)s scores read", len(rows)))}


def _names(named: Mapping[int, str], keys: Sequence[int]) -> list[str]:
    return [named[key] for key in keys if key in named]

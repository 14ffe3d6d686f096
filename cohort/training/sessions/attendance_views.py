"""Takes attendance: one list on one screen, a code at the door, a file of a meeting tool shown first and then applied."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import segno
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.datastructures import FileStorage

from cohort.firms.imports.words import table_words
from cohort.kit import clock, navigation
from cohort.kit.access import current_actor, gate
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError, sentence
from cohort.kit.language import number
from cohort.kit.tables import TableFault, open_table
from cohort.people.links import public_address
from cohort.plans.models import Member
from cohort.training import words as training_words
from cohort.training.sessions import attendance, files, hours, queries, service, words
from cohort.training.sessions.forms import FileForm
from cohort.training.sessions.models import TrainingSession
from cohort.training.sessions.sheet import NoColumn, Sheet
from cohort.training.sessions.views import Page, blueprint, session_here, session_now

PER_PAGE = 200  # the form stays within what one request may carry


@dataclass(frozen=True)
class ListRow:
    """One firm on the list: what counts now, and what stands in its fields."""

    member: Member
    answer: str
    held: int
    is_there: bool
    minutes: str
    fault: str = ""


@blueprint.route("/<int:session_id>/attendance", methods=["GET", "POST"])
@gate("session.edit")
def attend(session_id: int) -> Page:
    """Show the list, or save it as one unit; a faulty line keeps all that was typed."""
    training = session_here(session_id)
    service.require_edit(current_actor(), training)
    faults: dict[int, str] = {}
    if request.method == "POST":
        changed, faults = _typed(training)
        if not faults:
            return _save(session_id, changed)
    rows = _rows(training, faults)
    page = min(max(1, request.args.get("page", 1, type=int)), 100_000)
    listed = {row.member.id: row for row in rows}
    shown = render_template(
        "training/sessions/attendance.html", training=training, rows=rows[(page - 1) * PER_PAGE:page * PER_PAGE],
        pages=navigation.Pages(page, PER_PAGE, len(rows)), length=hours.length_minutes(training), words=words, training_words=training_words,
        others=[(each.id, f"{each.firm.name} ({each.country})") for each in queries.others(session_now(), training, listed)], entries=queries.entries_of(session_now(), training),
        faults=[(f"#minutes-{key}", f"{listed[key].member.firm.name}: {fault}") for key, fault in faults.items() if key in listed],
        seen=",".join(f"{row.member.id}:{row.held}" for row in rows if row.held), there_count=sum(row.held > 0 for row in rows),
        is_early=clock.now() < training.starts_at and not attendance.door_open(training, clock.today(training.time_zone)),
    )
    return (shown, 422) if faults else shown


def _rows(training: TrainingSession, faults: Mapping[int, str]) -> list[ListRow]:
    """Return the invited and whoever else was written down, with what was typed where the form comes back."""
    held = queries.latest_attendance(session_now(), training)
    answers = {each.member_id: each for each in queries.invitations_of(session_now(), training)}
    gone_before = training.starts_at.date()
    members = [each.member for each in answers.values() if each.member.left_on is None or each.member.left_on > gone_before or each.member_id in held]
    members += [each for each in queries.members_of(session_now(), held) if each.id not in answers]
    length, is_back = str(hours.length_minutes(training)), request.method == "POST"
    rows = []
    for member in members:
        now = held[member.id].minutes if member.id in held else 0
        typed = request.form.get(f"minutes-{member.id}") if is_back else None
        rows.append(ListRow(
            member, answers[member.id].answer if member.id in answers else "", now,
            f"there-{member.id}" in request.form if typed is not None else now > 0,
            typed if typed is not None else str(now or length), faults.get(member.id, ""),
        ))
    return rows


def _typed(training: TrainingSession) -> tuple[dict[int, int], dict[int, str]]:
    """Return the minutes of each member that this person changed, and what is wrong with which line.

    Measured against what the page showed, so that what somebody else saved meanwhile stays. Minutes typed beside a
    tick that was forgotten count as there.
    """
    length = hours.length_minutes(training)
    seen = {int(key): int(value) for key, _mark, value in (pair.partition(":") for pair in request.form.get("seen", "").split(",")) if key.isdigit() and value.isdigit()}
    changed: dict[int, int] = {}
    faults: dict[int, str] = {}
    for name, text in request.form.items():
        key = name.removeprefix("minutes-")
        if key == name or not key.isdigit():
            continue
        before, typed = seen.get(int(key), 0), text.strip()
        is_there = f"there-{key}" in request.form or (not before and typed not in ("", "0", str(length)))
        if is_there and typed and not (typed.isascii() and typed.isdigit() and int(typed[:6]) <= attendance.MOST_MINUTES):
            faults[int(key)] = gettext("Minutes are whole numbers from 0 to 1,440.")
        elif (now := int(typed or length) if is_there else 0) != before:
            changed[int(key)] = now
    added = request.form.get("add", "")
    if added.isdigit():
        changed.setdefault(int(added), length)
    return changed, faults


def _save(session_id: int, changed: Mapping[int, int]) -> Page:
    back = url_for("sessions.attend", session_id=session_id, page=request.args.get("page"))
    try:
        with transaction() as session:
            training = queries.session_named(session, current_actor(), session_id)
            noted = attendance.note_attendance(session, current_actor(), training, changed)
    except DomainError as error:
        if error.code in {"not_found", "session_not_yours"}:
            raise
        flash(sentence(error), "error")
        return redirect(back)
    flash(told(noted), "success")
    return redirect(back)


def told(noted: attendance.Noted) -> str:
    """Return what a save changed, in a sentence, with the first few firms by name."""
    if not noted.changes:
        return str(gettext("Nothing changed."))
    parts = [
        ngettext("%(num)s came", "%(num)s came", noted.came) if noted.came else "",
        ngettext("%(num)s corrected", "%(num)s corrected", noted.corrected) if noted.corrected else "",
        ngettext("%(num)s taken back", "%(num)s taken back", noted.taken_back) if noted.taken_back else "",
    ]
    named = [f"{firm} {number(before or 0)} → {number(now)}" for firm, before, now in noted.changes[:5]]
    more = "…" if len(noted.changes) > len(named) else ""
    counts = ", ".join(part for part in parts if part)
    return str(gettext("Saved: %(counts)s. Minutes: %(firms)s", counts=counts, firms="; ".join(named) + more))


@blueprint.get("/<int:session_id>/door")
@gate("session.edit")
def door(session_id: int) -> Page:
    """Show the code for the door, large enough to be printed or held up."""
    training = session_here(session_id)
    service.require_edit(current_actor(), training)
    address = public_address(url_for("sessions.here", code=training.door_code))
    return render_template(
        "training/sessions/door.html", training=training, address=address, words=words, training_words=training_words,
        picture=segno.make(address, error="m").svg_data_uri(scale=8, dark="#000", light="#fff", border=4),
        is_today=attendance.door_open(training, clock.today(training.time_zone)),
    )


@blueprint.route("/here/<code>", methods=["GET", "POST"])
@gate("milestone.submit")
def here(code: str) -> Page:
    """Let a firm's person who read the code at the door say by one tap that the firm is there."""
    if request.method == "POST":
        with transaction() as session:
            training = attendance.enter(session, current_actor(), code)
            session_id = training.id
        flash(gettext("Welcome. Your firm is noted as there."), "success")
        return redirect(url_for("sessions.detail", session_id=session_id))
    training, members, is_noted = attendance.at_door(session_now(), current_actor(), code)
    return render_template(
        "training/sessions/here.html", training=training, members=members, is_noted=is_noted, code=code, words=words, training_words=training_words)


@blueprint.route("/<int:session_id>/file", methods=["GET", "POST"])
@gate("session.edit")
def file(session_id: int) -> Page:
    """Read a list of participants and show what it would write down; with `apply` save it whole."""
    training, form = session_here(session_id), FileForm()
    service.require_edit(current_actor(), training)
    sheet: Sheet | None = None
    if form.validate_on_submit():
        try:
            _take_file(form)
            sheet = _look(training, form, is_final="apply" in request.form)
        except DomainError as error:
            form.form_errors.append(sentence(error))
        except NoColumn as fault:
            form.form_errors.append(gettext("The list needs a line of names with these columns: %(names)s.", names=fault.expected))
        except TableFault as fault:
            form.form_errors.append(gettext("Row %(row)s: %(found)s Expected: %(expected)s", row=fault.row or 1, found=table_words(fault)[0], expected=table_words(fault)[1]))
        else:
            if "apply" in request.form and not sheet.faults:
                return redirect(url_for("sessions.attend", session_id=session_id))
    shown = render_template(
        "training/sessions/file.html", training=training, form=form, sheet=sheet, words=words, training_words=training_words,
        held={key: row.minutes for key, row in queries.latest_attendance(session_now(), training).items()},
        names={each.id: each.firm.name for each in queries.members_of(session_now(), [row.member_id for row in sheet.rows])} if sheet else {},
    )
    is_faulty = form.is_submitted() and (form.errors or form.form_errors or sheet is None or sheet.faults)
    return (shown, 422) if is_faulty else shown


def _look(training: TrainingSession, form: FileForm, *, is_final: bool) -> Sheet:
    """Return what the list says; `is_final` saves it when it has no fault, and flashes what changed."""
    if not (form.sheet.data or "").strip():
        raise DomainError("attendance_empty")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "attendance.csv"
        path.write_text("\n".join((form.sheet.data or "").splitlines()) + "\n", "utf-8")
        sheet = files.read_file(session_now(), current_actor(), training, path)
        if not sheet.rows and not sheet.faults:
            raise DomainError("attendance_empty")
        if is_final and not sheet.faults:
            session_id = training.id
            with transaction() as session:
                held = queries.session_named(session, current_actor(), session_id)
                noted = files.bring_in(session, current_actor(), held, path, form.name.data or "pasted")
            flash(told(noted), "success")
    return sheet


def _take_file(form: FileForm) -> None:
    """Turn an uploaded file into the text that the box shows, line for line, so that the next step needs no file."""
    upload: FileStorage | None = form.file.data
    if not upload or not upload.filename:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "attendance"
        upload.save(path)
        table = open_table(path)
        lines = {row: [cells[name] for name in table.columns if name] for row, cells in table.rows}
    mark = "\t"
    columns = mark.join(name for name in table.columns if name)
    last = max(lines, default=1)
    first = min(lines, default=2) - 1
    text = [columns if row == max(1, first) else mark.join(" ".join(cell.split()) for cell in lines.get(row, ())) for row in range(1, last + 1)]
    form.sheet.data = "\n".join(text)
    form.name.data = upload.filename[:200]


__all__ = ["blueprint"]  # that of `views`, with the pages above

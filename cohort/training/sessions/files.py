"""Brings in a file of attendance as one act, whole or nothing; how its lines read is decided in `sheet`."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from pathlib import Path
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from cohort.firms.models import Firm
from cohort.kit import clock
from cohort.kit.access import STAFF, Actor, Role, unscoped
from cohort.kit.errors import DomainError, wording
from cohort.kit.imports import ImportRun
from cohort.kit.tables import open_table
from cohort.people.models import Person, RoleGrant
from cohort.plans import queries as plan_queries
from cohort.plans.models import Member
from cohort.training.sessions.attendance import Noted, note_attendance
from cohort.training.sessions.models import TrainingSession
from cohort.training.sessions.service import require_edit
from cohort.training.sessions.sheet import Expected, Sheet, plain_key, read_sheet

wording("attendance_faults", _l("The file has faults; nothing was written down."))
wording("attendance_empty", _l("The file has no line with a firm in it."))
wording("attendance_other_file", _l("This very file was brought in for another session, “%(title)s”. Choose the file of this one."))


def read_file(session: Session, actor: Actor, training: TrainingSession, path: Path) -> Sheet:
    """Return what a file would write down, without saving; CSV or XLSX.

    Errors: DomainError `session_not_yours`, `session_cancelled`, `attendance_other_file`; `NoColumn` and TableFault.
    """
    require_edit(actor, training)
    if training.cancelled_at is not None:
        raise DomainError("session_cancelled")
    _refuse_of_another(session, training, _hash(path.read_bytes()))
    table = open_table(path)
    expected = _expected(session, training)
    return read_sheet(table.columns, table.rows, expected, has_decimal_comma=table.has_decimal_comma)


def bring_in(session: Session, actor: Actor, training: TrainingSession, path: Path, name: str) -> Noted:
    """Write down what a file says, all of it or nothing; firms that are not in it stay as they are.

    The same file brought in again changes nothing, whatever was corrected since. Errors: those of `read_file` and `note_attendance`, `attendance_faults`,
    `attendance_empty`.
    """
    sheet = read_file(session, actor, training, path)
    if sheet.faults:
        raise DomainError("attendance_faults")
    if not sheet.rows:
        raise DomainError("attendance_empty")
    digest = _hash(path.read_bytes())
    if training.id in _brought_in(session, digest):
        return Noted(())
    run = ImportRun(
        kind="attendance", file_name=name[:200], file_sha256=digest, counts={"session": training.id, "rows": len(sheet.rows)},
        recorded_at=clock.now(), recorded_by=actor.person_id)
    session.add(run)
    session.flush()
    return note_attendance(session, actor, training, {row.member_id: row.minutes for row in sheet.rows}, source="file", import_run=run)


def _brought_in(session: Session, digest: str) -> list[int]:
    """Return for which sessions a file was brought in before."""
    statement = select(ImportRun.counts).where(ImportRun.kind == "attendance", ImportRun.file_sha256 == digest)
    return [int(counts["session"]) for counts in session.scalars(statement)]


def _refuse_of_another(session: Session, training: TrainingSession, digest: str) -> None:
    others = _brought_in(session, digest)
    if others and training.id not in others:
        other = session.get_one(TrainingSession, others[0])
        raise DomainError("attendance_other_file", title=other.title_es)


def _expected(session: Session, training: TrainingSession) -> Expected:
    """Return the members within the reach by mail and tax number, and the mails of the plan's staff."""
    members = session.scalars(
        select(Member).where(Member.plan_id == training.plan_id, Member.left_on.is_(None) | (Member.left_on > training.starts_at.date()))
        .options(selectinload(Member.firm).selectinload(Firm.people))
    ).all()
    keys: dict[str, set[int]] = defaultdict(set)
    with unscoped(session):  # whether a mail of a member's own people, or of staff; only members within the reach are looked up
        people = plan_queries.people_of_firms(session, training.plan_id)
        of_staff = select(Person.email).join(RoleGrant, RoleGrant.person_id == Person.id).where(
            RoleGrant.plan_id == training.plan_id, RoleGrant.role.in_(STAFF), RoleGrant.role != Role.FIRM, RoleGrant.revoked_at.is_(None))
        staff = frozenset(plain_key(mail) for mail in session.scalars(of_staff))
    for member in members:
        mails = [each.email for each in member.firm.people if each.until_on is None] + [each.email for each in people.get(member.firm_id, ())]
        for key in (member.firm.tax_id, *mails):
            if plain_key(key):
                keys[plain_key(key)].add(member.id)
    day = training.starts_at.astimezone(ZoneInfo(training.time_zone)).date()
    return Expected(training.id, day, {key: frozenset(found) for key, found in keys.items()}, staff - keys.keys())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

"""Tells administrators by mail that a job has not gone well for too long; which ones those are is judged in `kit.watch`."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zlib import crc32

from flask_babel import force_locale, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.kit.access import Role
from cohort.kit.jobs import job
from cohort.kit.language import REGIONS, number
from cohort.kit.outbox import OutboxMessage, Recipient, enqueue, mail_kind
from cohort.kit.watch import Watched, troubled
from cohort.people.models import Person, RoleGrant

ALARM = "job_alarm"
_LANGUAGES = ("es", "en")


def administrators(session: Session, day: date) -> list[Person]:
    """Return who administers any plan on `day` and can sign in, each once."""
    holds = (
        RoleGrant.role == Role.ADMINISTRATOR, RoleGrant.revoked_at.is_(None), RoleGrant.valid_from <= day,
        RoleGrant.valid_to.is_(None) | (RoleGrant.valid_to >= day), Person.active,
    )
    wanted = select(RoleGrant.person_id).join(Person, Person.id == RoleGrant.person_id).where(*holds)
    return list(session.scalars(select(Person).where(Person.id.in_(wanted)).order_by(Person.id)))


def recipient(person: Person) -> Recipient:
    """Return where a mail to a member of staff goes, by their own language and region."""
    region = person.region or person.office_country or ""
    return Recipient(person.email, person.name, person.language, region if region in REGIONS else "CL", person.id)


@job(
    "jobs.watch", _l("Tells administrators once when a job has not gone well for too long."), every_minutes=15,
    title=_l("Watch the other jobs"), goes_last=True,
    counted={"alarms": lambda n: ngettext("%(count)s alarm", "%(count)s alarms", n, count=number(n))},
)
def watch_jobs(session: Session, as_of: date) -> dict[str, int]:
    """Queue one mail a job, a spell and an administrator; a past day is judged at its end.

    A spell lasts until the job goes well again. The job leaves itself out: that it runs is what it would look for.
    """
    at = min(clock.now(), datetime.combine(as_of + timedelta(days=1), time(), UTC))
    people = administrators(session, as_of)
    alarms = 0
    # in the order in which they grew late, so that a replay writes the same rows
    for each in sorted(troubled(session, at), key=lambda each: each.since_at + each.job.limit):
        if each.job.name != "jobs.watch":
            alarms += sum(_tell(session, each, person) for person in people)
    return {"alarms": alarms}


def _spell(each: Watched) -> int:
    return int(each.since_at.timestamp())


def _tell(session: Session, each: Watched, person: Person) -> bool:
    message = enqueue(
        session, recipient(person), ALARM, "job", crc32(each.job.name.encode()) & 0x7FFF_FFFF, each.since_at.date(),
        _spell(each), _facts(each),
    )
    return message is not None


def _facts(each: Watched) -> dict[str, Any]:
    titles = {}
    for language in _LANGUAGES:
        with force_locale(language):
            titles[f"title_{language}"] = str(each.job.title)
    good_at = each.last_good_at.isoformat() if each.last_good_at else ""
    return {"job": each.job.name, "last_good_at": good_at, "is_late": each.is_late, **titles}


def still_troubled(session: Session, message: OutboxMessage) -> dict[str, Any] | None:
    """Return the facts of an alarm as they stand at sending, or None when the job went well meanwhile."""
    name = message.params["job"]
    found = [each for each in troubled(session, clock.now()) if each.job.name == name and _spell(each) == message.step]
    return _facts(found[0]) if found else None


mail_kind(ALARM, still_troubled, title=_l("A job needs somebody"))

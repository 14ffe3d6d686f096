"""Registers the daily reminder job and its kinds of mail; what is due is decided in `rules.reminders`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.orm import Session

from cohort.kit.jobs import job
from cohort.kit.language import number
from cohort.kit.notices import may_be_off
from cohort.kit.outbox import mail_kind
from cohort.plans import queries as plan_queries
from cohort.training.reminders import service

mail_kind(service.FIRM_MAIL, service.still_open, title=_l("Reminder to a firm"))
may_be_off(service.FIRM_MAIL, _l("What is due soon, and what is late"))
mail_kind(service.STAFF_MAIL, service.still_open, title=_l("Reminder to staff"))

_COUNTED: dict[str, Callable[[int], str]] = {
    "firm_mails": lambda n: ngettext("%(count)s reminder to firms", "%(count)s reminders to firms", n, count=number(n)),
    "staff_mails": lambda n: ngettext("%(count)s reminder to staff", "%(count)s reminders to staff", n, count=number(n)),
    "lines": lambda n: ngettext("%(count)s step in them", "%(count)s steps in them", n, count=number(n)),
}


@job(
    "reminders", _l("Writes to firms and staff what is due or late, one bundled mail a person."), daily_at="12:00",
    title=_l("Reminders"), counted=_COUNTED,
)
def write_reminders(session: Session, as_of: date) -> dict[str, int]:
    """Queue the reminders of every running plan for one day."""
    counts: dict[str, int] = {}
    for plan in plan_queries.plans(session):
        if plan.starts_on <= as_of <= plan_queries.end_of(plan):
            for name, count in service.remind(session, plan, as_of).items():
                counts[name] = counts.get(name, 0) + count
    return counts

"""Registers the nightly jobs of the room; what they decide stands in `flags`, `proof` and `rates`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.orm import Session

from cohort.exports.flags.nightly import judge_night
from cohort.exports.flags.warnings import warn
from cohort.exports.proof.escalation import escalate
from cohort.exports.rates.due import tell_due
from cohort.exports.rates.service import fill_pending
from cohort.kit.jobs import job
from cohort.kit.language import number
from cohort.kit.purge import forget_after
from cohort.plans import queries as plan_queries
from cohort.plans.models import Plan

forget_after("export", 30)  # came with a form that was never sent in the end; a proof is named by its row
_JUDGED: dict[str, Callable[[int], str]] = {
    "rated": lambda n: ngettext("%(count)s amount converted", "%(count)s amounts converted", n, count=number(n)),
    "judged": lambda n: ngettext("%(count)s firm judged", "%(count)s firms judged", n, count=number(n)),
    "flags": lambda n: ngettext("%(count)s change of stage", "%(count)s changes of stage", n, count=number(n)),
    "letters": lambda n: ngettext("%(count)s mail about them", "%(count)s mails about them", n, count=number(n)),
}


@job(
    "recurrence", _l("Judges who becomes, is or stops being a recurring exporter, and tells firm and coordinator."),
    daily_at="05:00", of_day_before=True, title=_l("Judge who is a recurring exporter"), counted=_JUDGED,
)
def judge_recurrence(session: Session, as_of: date) -> dict[str, int]:
    """Judge every running plan at the end of a day; amounts whose rate has arrived are converted first."""
    return {"rated": fill_pending(session), **_each_plan(session, as_of, judge_night)}


@job(
    "lapse_warnings", _l("Warns firms up to 30 days before they would count as quiet."), daily_at="12:30",
    title=_l("Warn firms that grow quiet"),
    counted={"warnings": lambda n: ngettext("%(count)s warning", "%(count)s warnings", n, count=number(n))},
)
def warn_of_lapses(session: Session, as_of: date) -> dict[str, int]:
    """Warn the firms of every running plan."""
    return _each_plan(session, as_of, warn)


@job(
    "export_escalations", _l("Hands exports that waited too long for our check to the deputy."), daily_at="12:40",
    title=_l("Hand on exports that waited too long"),
    counted={"deputies_told": lambda n: ngettext("%(count)s deputy told", "%(count)s deputies told", n, count=number(n))},
)
def escalate_exports(session: Session, as_of: date) -> dict[str, int]:
    """Tell the deputies of every running plan."""
    return _each_plan(session, as_of, escalate)


@job(
    "rates_due", _l("Tells administrators when the exchange rates of a plan's currencies are too old."), daily_at="11:30",
    title=_l("Ask for exchange rates"),
    counted={"told": lambda n: ngettext("%(count)s administrator told", "%(count)s administrators told", n, count=number(n))},
)
def ask_for_rates(session: Session, as_of: date) -> dict[str, int]:
    """Tell once when a currency's rate grows too old, then each week."""
    return {"told": tell_due(session, as_of)}


def _each_plan(
    session: Session, as_of: date, act: Callable[[Session, Plan, date], dict[str, int]]
) -> dict[str, int]:
    counts: dict[str, int] = {}
    for plan in plan_queries.plans(session):
        if plan.starts_on <= as_of <= plan_queries.end_of(plan):
            for name, count in act(session, plan, as_of).items():
                counts[name] = counts.get(name, 0) + count
    return counts

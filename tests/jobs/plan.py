"""Arranges two plans under way, with firms of two countries, their people and staff.

In the older one milestones are late already; in the younger one the first reminder falls two days after `site.DAY`.
`trade_in` adds a third, whose firms export: so that stages change, a firm grows quiet and a check waits too long.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.exports import service as exports
from cohort.exports.facts import ExportFacts
from cohort.exports.jobs import judge_recurrence
from cohort.firms.models import Firm
from cohort.kit import clock
from cohort.kit.access import SYSTEM, Actor, Role
from cohort.kit.database import transaction
from cohort.kit.uploads import Upload
from cohort.people import grants
from cohort.plans.models import Member, Plan
from cohort.plans.service import NewPlan, create_plan, join_member

STARTS = {"older": date(2026, 9, 1), "younger": date(2026, 11, 19)}
FIRMS = {
    "older": (("CL", "111111111"), ("PE", "20100130204")),
    "younger": (("CL", "222222222"), ("PE", "20100047218")),
}
TRADING_FROM, JUDGED_ON = date(2026, 3, 2), date(2026, 11, 10)
TRADERS = (("CL", "333333333"), ("CL", "444444440"), ("CL", "555555555"))
# Whose of the traders, the day the goods left, whether it was checked: the first grows quiet within 30 days of
# `site.DAY`, the second begins to export, the third has waited for a check for ten working days.
SHIPMENTS = ((0, date(2026, 6, 10), True), (1, date(2026, 11, 20), True), (2, date(2026, 11, 9), False))


def live_in(app: Flask) -> None:
    """Fill an empty site by the services that the pages call."""
    with app.app_context(), transaction() as session:
        for code, starts_on in STARTS.items():
            _fill(session, create_plan(session, SYSTEM, NewPlan(code, code, code, starts_on, "CL")))


def trade_in(app: Flask) -> None:
    """Add a plan with exports, by the services that the pages call, each on its own day."""
    with app.app_context(), clock.at(_at(TRADING_FROM)), transaction() as session:
        plan = create_plan(session, SYSTEM, NewPlan("trading", "trading", "trading", TRADING_FROM, "CL"))
        _fill(session, plan, TRADERS)
        _leave_a_file(session)
        session.flush()
        plan_id = plan.id
    for number, left_on, is_checked in SHIPMENTS:
        with app.app_context(), clock.at(_at(left_on)), transaction() as session:
            member = session.scalars(select(Member).where(Member.plan_id == plan_id).order_by(Member.id)).all()[number]
            told = ExportFacts(left_on, "MX", "Shawls", Decimal(1_200), "USD", "marketplace", marketplace="Mercado Libre")
            export = exports.log_export(session, SYSTEM, member, told)
            if is_checked:
                manager = Actor(1, "Manager", plan_id, frozenset({Role.MANAGER}), None, None)
                exports.verify_export(session, manager, export, 3, "DUS", f"{number}-{left_on:%m%d}")
    with app.app_context(), clock.at(_at(JUDGED_ON)), transaction() as session:
        judge_recurrence(session, JUDGED_ON)  # not by the ledger, whose lines the tests count


def _leave_a_file(session: Session) -> None:
    """A proof that came with a form which nobody sent in the end."""
    upload = Upload(
        token="unused", purpose="export", original_name="a.pdf", media_type="application/pdf", size_bytes=8, sha256=hashlib.sha256(b"%PDF-1.7").hexdigest(),
        recorded_at=_at(TRADING_FROM))
    upload.path.parent.mkdir(parents=True)
    upload.path.write_bytes(b"%PDF-1.7")
    session.add(upload)


def _at(day: date) -> datetime:
    return datetime.combine(day, time(15), UTC)


def _fill(session: Session, plan: Plan, firms: Sequence[tuple[str, str]] = ()) -> None:
    staff = {"manager": (Role.MANAGER, None), "cl": (Role.COORDINATOR, "CL"), "pe": (Role.COORDINATOR, "PE"), "admin": (Role.ADMINISTRATOR, None)}
    for name, (role, country) in staff.items():
        person = grants.find_or_make_person(session, f"{name}@{plan.code}.test", name.title())
        grants.grant_role(session, SYSTEM, person, role, plan.id, country=country, firm_id=None)
    for number, (country, tax_id) in enumerate(firms or FIRMS[plan.code]):
        name = f"{plan.code} {number}"
        firm = Firm(country=country, tax_id=tax_id, legal_name=name, sort_name=name, recorded_at=clock.now())
        session.add(firm)
        session.flush()
        join_member(session, SYSTEM, plan, firm, joined_on=plan.starts_on, round_id=None, womens_at_entry="yes")
        person = grants.find_or_make_person(session, f"owner{number}@{plan.code}.test", f"Owner {number}")
        grants.grant_role(session, SYSTEM, person, Role.FIRM, plan.id, country=None, firm_id=firm.id)

"""Arranges two plans under way, with firms of two countries, their people and staff.

In the older one milestones are late already; in the younger one the first reminder falls two days after `site.DAY`.
"""

from __future__ import annotations

from datetime import date

from flask import Flask
from sqlalchemy.orm import Session

from cohort.firms.models import Firm
from cohort.kit import clock
from cohort.kit.access import SYSTEM, Role
from cohort.kit.database import transaction
from cohort.people import grants
from cohort.plans.models import Plan
from cohort.plans.service import NewPlan, create_plan, join_member

STARTS = {"older": date(2026, 9, 1), "younger": date(2026, 11, 19)}
FIRMS = {
    "older": (("CL", "111111111"), ("PE", "20100130204")),
    "younger": (("CL", "222222222"), ("PE", "20100047218")),
}


def live_in(app: Flask) -> None:
    """Fill an empty site by the services that the pages call."""
    with app.app_context(), transaction() as session:
        for code, starts_on in STARTS.items():
            _fill(session, create_plan(session, SYSTEM, NewPlan(code, code, code, starts_on, "CL")))


def _fill(session: Session, plan: Plan) -> None:
    staff = {"manager": (Role.MANAGER, None), "cl": (Role.COORDINATOR, "CL"), "pe": (Role.COORDINATOR, "PE")}
    for name, (role, country) in staff.items():
        person = grants.find_or_make_person(session, f"{name}@{plan.code}.test", name.title())
        grants.grant_role(session, SYSTEM, person, role, plan.id, country=country, firm_id=None)
    for number, (country, tax_id) in enumerate(FIRMS[plan.code]):
        name = f"{plan.code} {number}"
        firm = Firm(country=country, tax_id=tax_id, legal_name=name, sort_name=name, recorded_at=clock.now())
        session.add(firm)
        session.flush()
        join_member(session, SYSTEM, plan, firm, joined_on=plan.starts_on, round_id=None, womens_at_entry="yes")
        person = grants.find_or_make_person(session, f"owner{number}@{plan.code}.test", f"Owner {number}")
        grants.grant_role(session, SYSTEM, person, Role.FIRM, plan.id, country=None, firm_id=firm.id)

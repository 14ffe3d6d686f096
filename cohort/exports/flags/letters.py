"""Tells firm and coordinators of a change of stage, once a flag, and asks at sending whether it still holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.exports.letters import people_of_firms, queue, recipient_of
from cohort.exports.models import Export, FirmStanding, StageFlag
from cohort.firms.models import Firm
from cohort.kit.notices import may_be_off
from cohort.kit.outbox import OutboxMessage, mail_kind
from cohort.plans import queries as plan_queries
from cohort.plans.models import Plan
from cohort.rules.stages import IDLE_STAGES

FIRM_MAIL, STAFF_MAIL = "stage_flag_firm", "stage_flag_coordinator"


def tell(session: Session, plan: Plan, flag_ids: Sequence[int]) -> int:
    """Queue the letters of new flags, in their order; returns how many. A plan that has ended tells nobody."""
    statement = (
        select(
            StageFlag.id, StageFlag.firm_id, Firm.trade_name, Firm.legal_name, StageFlag.stage, StageFlag.previous_stage,
            StageFlag.effective_on, StageFlag.next_step, StageFlag.raised_on, Firm.country,
        ).join(Firm, Firm.id == StageFlag.firm_id).where(StageFlag.id.in_(flag_ids)).order_by(StageFlag.id)
    )
    rows = session.execute(statement).all() if flag_ids else []
    countries = {row.firm_id: row.country for row in rows}
    coordinators = {country: plan_queries.coordinators_of(session, plan.id, country) for country in set(countries.values())}
    people = people_of_firms(session, plan.id, countries) if rows else {}
    told = 0
    for row in rows:
        params: dict[str, Any] = {
            "flag_id": row.id, "firm_id": row.firm_id, "firm": row.trade_name or row.legal_name, "stage": row.stage,
            "previous_stage": row.previous_stage, "effective_on": row.effective_on, "next_step": row.next_step,
        }
        staff = [recipient_of(person, row.country) for person in coordinators[row.country] if person.active]
        told += queue(session, people[row.firm_id], FIRM_MAIL, "stage_flag", row.id, row.raised_on, params, row.firm_id)
        told += queue(session, staff, STAFF_MAIL, "stage_flag", row.id, row.raised_on, params, None)
    return told


def still_so(session: Session, message: OutboxMessage) -> dict[str, Any] | None:
    """Return the facts of a flag that is still the firm's last word; None when its stage has changed since.

    A firm of which something waits for our check is not called quiet, whatever was true when the flag was raised.
    """
    flag = session.get(StageFlag, message.params["flag_id"])
    if flag is None:
        return None
    standing = session.scalars(
        select(FirmStanding).where(FirmStanding.plan_id == flag.plan_id, FirmStanding.firm_id == flag.firm_id)
    ).one_or_none()
    if standing is None or standing.stage != flag.stage:
        return None
    if flag.stage in IDLE_STAGES and waits_for_us(session, flag.plan_id, flag.firm_id):
        return None
    return message.params


def waits_for_us(session: Session, plan_id: int, firm_id: int) -> bool:
    """Return whether an export of the firm still waits for our check."""
    statement = select(Export.id).where(
        Export.plan_id == plan_id, Export.firm_id == firm_id, Export.state == "waiting", Export.is_baseline.is_(False)
    )
    return session.scalar(statement.limit(1)) is not None


mail_kind(FIRM_MAIL, still_so, title=_l("Change of stage, to the firm"))
mail_kind(STAFF_MAIL, still_so, title=_l("Change of stage, to the coordinator"))
may_be_off(FIRM_MAIL, _l("A new step on the way to exporting again and again"))
may_be_off(STAFF_MAIL, _l("A firm’s change of stage"), to_staff=True)

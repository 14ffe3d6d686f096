"""Reads what an application says together with its firm into plain facts, and freezes them when a call closes.

Later edits of a firm never rewrite frozen facts. What the facts mean is judged in `eligibility`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from cohort.firms.models import Firm, OwnershipDeclaration
from cohort.kit import clock
from cohort.rounds.applications.answers import Given
from cohort.rounds.applications.eligibility import Check, eligible, judge, with_findings
from cohort.rounds.calls.protocol import checks_on
from cohort.rounds.models import Application, Finding, Round, Submission
from cohort.rules.parity import Answer as YesNoUnknown
from cohort.rules.parity import Counting, OwnershipJudgement, counts_for_parity

Json = dict[str, Any]


def freeze(session: Session, round_: Round) -> list[Json]:
    """Write facts and eligibility of every submitted application; return the pool by code, what its hash is of."""
    applications = submitted(session, round_.id)
    seals = seals_of(session, [each.firm_id for each in applications if each.firm_id])
    sent = sent_answers(session, [each.id for each in applications])
    groups = Counter(each.firm.owner_group for each in applications if each.firm and each.firm.owner_group)
    for application in applications:
        facts = facts_of(round_, application, seals.get(application.firm_id or 0, ""), sent.get(application.id))
        group = application.firm.owner_group if application.firm else ""
        facts["owner_group_count"] = groups[group] if group else 1
        application.facts = facts
        set_eligibility(round_, application, {})
        application.reservations = reservations_of(facts)
    session.flush()
    pool = [{"code": each.code, "facts": each.facts} for each in applications]
    return sorted(pool, key=lambda row: cast(str, row["code"]))


def freeze_one(session: Session, application: Application) -> None:
    """Freeze one application of a closed call again, once its person was let act for the firm."""
    session.refresh(application, ["firm"])
    seals = seals_of(session, [application.firm_id or 0])
    sent = sent_answers(session, [application.id]).get(application.id)
    application.facts = facts_of(application.round, application, seals.get(application.firm_id or 0, ""), sent)
    set_eligibility(application.round, application, findings_of(session, [application.id]).get(application.id, {}))
    application.reservations = reservations_of(application.facts)


def submitted(session: Session, round_id: int) -> list[Application]:
    """Return the submitted applications of a round with their firms, in order of arrival, within the reach."""
    statement = select(Application).where(Application.round_id == round_id, Application.status == "submitted")
    return list(session.scalars(statement.options(joinedload(Application.firm)).order_by(Application.id)))


def seals_of(session: Session, firm_ids: Sequence[int]) -> dict[int, str]:
    """Return the accepted national seal of each firm's latest declaration, where there is one."""
    latest = select(func.max(OwnershipDeclaration.id)).where(OwnershipDeclaration.firm_id.in_(firm_ids))
    statement = select(OwnershipDeclaration).where(
        OwnershipDeclaration.id.in_(latest.group_by(OwnershipDeclaration.firm_id)))
    return {row.firm_id: row.note.get("seal", "") for row in session.scalars(statement) if row.note.get("seal")}


def sent_answers(session: Session, application_ids: Sequence[int]) -> dict[int, Json]:
    """Return what each application said when it was last sent in; what was typed since does not count."""
    latest = select(func.max(Submission.id)).where(Submission.application_id.in_(application_ids))
    statement = select(Submission.application_id, Submission.answers).where(
        Submission.id.in_(latest.group_by(Submission.application_id)))
    return dict(session.execute(statement).all())


def facts_of(round_: Round, application: Application, seal: str = "", sent: Json | None = None) -> Json:
    """Return what is known of an application now, as JSON; the firm's own rows win over what was typed.

    `sent` are the answers that count; without them the draft is read.
    """
    firm, given = application.firm, Given(application.answers if sent is None else sent, application.country)
    facts: Json = {
        "country": application.country, "judged_on": clock.today(round_.time_zone).isoformat(),
        "travels": given.text("travels"), "sells_online": given.text("sells_online"),
        "exports_count": given.whole("exports_count"), "data_notice": given.is_ticked("data_notice"),
        "acts_for_firm": firm is not None, "owner_group_count": 1,
    }
    return {**facts, **(_firm_facts(round_, firm, seal) if firm else _claimed_facts(given))}


def _firm_facts(round_: Round, firm: Firm, seal: str) -> Json:
    counting = cast(Counting, round_.protocol["parity"]["counts"])
    judged = OwnershipJudgement(
        cast(YesNoUnknown, firm.women_owned), cast(YesNoUnknown, firm.women_led),
        round_.protocol["parity"]["profile"], seal=seal,
    )
    return {
        "size_class": firm.size_class, "sector": firm.sector, "region": firm.region, "is_rural": firm.is_rural,
        "owner_group": firm.owner_group,
        "founded_on": firm.founded_on.isoformat() if firm.founded_on else "",
        "tax_id_status": firm.tax_id_status, "tax_id_confirmed": firm.tax_id_confirmed_by is not None,
        "women_owned": firm.women_owned, "women_led": firm.women_led,
        "ownership_verified": firm.ownership_verified, "womens": counts_for_parity(judged, counting),
    }


def _claimed_facts(given: Given) -> Json:
    """Facts of an applicant who asks to act for a firm on the register: nothing of that firm shows through."""
    founded = given.day("founded_on")
    return {
        "size_class": "unknown", "sector": "", "region": "", "is_rural": None, "owner_group": "",
        "founded_on": founded.isoformat() if founded else "", "tax_id_status": "valid", "tax_id_confirmed": False,
        "women_owned": "unknown", "women_led": "unknown", "ownership_verified": False, "womens": "unknown",
    }


def judge_now(round_: Round, application: Application) -> list[Check]:
    """Return the checks on what is known now: what an applicant reads before sending."""
    return judge(facts_of(round_, application), checks_on(round_.protocol), round_.protocol["countries"])


def set_eligibility(round_: Round, application: Application, findings: dict[str, tuple[str, str]]) -> None:
    """Judge an application on its frozen facts and on what staff found, and keep the answer beside it."""
    facts = application.facts or facts_of(round_, application)
    checks = with_findings(judge(facts, checks_on(round_.protocol), round_.protocol["countries"]), findings)
    application.eligibility = [each.as_json() for each in checks]
    application.eligible = eligible(checks)


def findings_of(session: Session, application_ids: Sequence[int]) -> dict[int, dict[str, tuple[str, str]]]:
    """Return the latest finding on each check of each application; an `unknown` one takes the earlier back."""
    found: dict[int, dict[str, tuple[str, str]]] = {}
    statement = select(Finding).where(Finding.application_id.in_(application_ids)).order_by(Finding.id)
    for row in session.scalars(statement):
        held = found.setdefault(row.application_id, {})
        held.pop(row.check, None)
        if row.answer != "unknown":
            held[row.check] = (row.answer, row.reason)
    return found


def reservations_of(facts: Json) -> list[str]:
    """Return what is taken on trust for now: an active tax id, and ownership that counts but is not verified."""
    held = ["tax_id_active"]
    if facts["womens"] == "yes" and not facts["ownership_verified"]:
        held.append("ownership")
    return held

"""Appends declared ownership, its verification and declared size, and keeps the firm's latest answers with them.

What counts as women-owned or as micro is decided in `rules`; which profile applies is the caller's to say.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort import reference
from cohort.firms.models import Firm, FirmPerson, FirmSize, OwnershipDeclaration, OwnershipVerdict
from cohort.firms.reach import require_edit
from cohort.kit import audit, clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError
from cohort.kit.uploads import Upload
from cohort.rules.parity import PROFILES, OwnershipFacts, OwnershipJudgement, ProfileName, judge
from cohort.rules.size import SizeFacts, SizeResult, classify_size

VERDICTS = ("verified", "refuted")


def declare_ownership(
    session: Session, actor: Actor, firm: Firm, facts: OwnershipFacts, profile: ProfileName,
    upload: Upload | None = None, *, declared_on: date | None = None, seal: str = "",
    seal_until_on: date | None = None, accepted_seals: frozenset[str] = frozenset(),
) -> OwnershipDeclaration:
    """Return the appended declaration, judged under `profile`; the firm's answers follow it, unverified.

    A seal counts while `seal_until_on` is not before the day declared. `declared_on` defaults to today where
    the firm is. Errors: DomainError `not_allowed`, `profile_unknown`, `share_out_of_range` (0–100),
    `board_contradicts` (more women than members), `declared_ahead` for a day to come, `file_foreign` for
    another firm's file. Source: domain.md §2.
    """
    require_edit(actor, firm)
    day = declared_on or today_of(firm)
    _refuse_ownership(firm, facts, profile, day, upload)
    in_force = frozenset({seal}) if seal and (seal_until_on is None or seal_until_on >= day) else frozenset()
    judged = judge(_with_seals(facts, in_force), profile, accepted_seals)
    declaration = OwnershipDeclaration(
        firm_id=firm.id, declared_on=day, profile=profile, women_owned=judged.owned, women_led=judged.led,
        note=ownership_note(judged), seal=seal, seal_until_on=seal_until_on, upload_id=upload.id if upload else None,
        recorded_at=clock.now(), recorded_by=actor.person_id, **ownership_columns(facts),
    )
    session.add(declaration)
    before = {"women_owned": firm.women_owned, "women_led": firm.women_led, "verified": firm.ownership_verified}
    firm.women_owned, firm.women_led, firm.ownership_verified = judged.owned, judged.led, False
    session.flush()
    audit.record(
        session, actor, "ownership.declared", firm, before=before,
        after={"women_owned": judged.owned, "women_led": judged.led, "profile": profile,
               "declaration": declaration.id, "file": upload.sha256 if upload else None},
    )
    return declaration


def give_verdict(
    session: Session, actor: Actor, declaration: OwnershipDeclaration, verdict: str, reason: str
) -> OwnershipVerdict:
    """Return the appended verdict of a person on a declaration; the firm shows it when the declaration is its last.

    A refuted declaration leaves the firm's answers unknown: that it was not proven does not say the opposite.
    Errors: DomainError `not_allowed`, `verdict_unknown`, `reason_missing` for a refusal without one,
    `own_declaration` for a person of the firm or who recorded the declaration. Source: domain.md §2.
    """
    actor.require("firm.edit")
    firm = session.get_one(Firm, declaration.firm_id)
    require_edit(actor, firm)
    if verdict not in VERDICTS:
        raise DomainError("verdict_unknown", verdict=verdict)
    if verdict == "refuted" and not reason.strip():
        raise DomainError("reason_missing")
    if _is_party(session, actor, declaration):
        raise DomainError("own_declaration")
    row = OwnershipVerdict(
        declaration_id=declaration.id, firm_id=firm.id, verdict=verdict, reason=reason.strip()[:500],
        decided_on=today_of(firm), recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    session.add(row)
    if declaration.id == latest_declaration_id(session, firm):
        firm.ownership_verified = verdict == "verified"
        firm.women_owned = declaration.women_owned if firm.ownership_verified else "unknown"
        firm.women_led = declaration.women_led if firm.ownership_verified else "unknown"
    session.flush()
    audit.record(session, actor, f"ownership.{verdict}", firm,
                 after={"declaration": declaration.id, "reason": row.reason})
    return row


def declare_size(session: Session, actor: Actor, firm: Firm, facts: SizeFacts) -> FirmSize:
    """Return the appended size of one year with the class that the country's rule gives it.

    Money in local currency, kept to its minor unit; without a sector in `facts` the firm's own is used. A year
    whose unit value is not on file gives `unknown` with that reason. Errors: DomainError `not_allowed`,
    `amount_negative`, `employees_whole`, `sales_year_unlikely`. Source: domain.md §3.
    """
    require_edit(actor, firm)
    _refuse_size(firm, facts)
    result = size_of(firm.country, firm.sector, facts)
    row = FirmSize(
        firm_id=firm.id, size_class=result.size_class, note=size_note(result), rule_version=result.rule_version,
        recorded_at=clock.now(), recorded_by=actor.person_id, **size_columns(firm.country, facts),
    )
    session.add(row)
    before = {"size_class": firm.size_class}
    firm.size_class = result.size_class
    session.flush()
    audit.record(session, actor, "size.declared", firm, before=before,
                 after={"size_class": result.size_class, "sales_year": facts.sales_year, "rule": result.rule_version})
    return row


def size_of(country: str, sector: str, facts: SizeFacts) -> SizeResult:
    """Return the size class of `facts` by the country's rule; `sector` stands in where they name none."""
    known = facts.sector or (sector or None)
    complete = SizeFacts(known, facts.employees, facts.annual_sales, facts.sales_year,  # type: ignore[arg-type]
                         facts.fixed_assets, facts.total_assets)
    return classify_size(complete, reference.size_rules()[country])


def size_note(result: SizeResult) -> dict[str, Any]:
    """Return the reason as it is stored: a code and its figures, worded later in the reader's language."""
    return {"code": result.note_code, "params": dict(result.params)}


def size_columns(country: str, facts: SizeFacts) -> dict[str, Any]:
    """Return size facts as the columns of `FirmSize`: whole minor units of the country's currency."""
    place = reference.countries()[country]

    def minor(amount: Decimal | None) -> int | None:
        return None if amount is None else int((amount.scaleb(place.minor_units)).to_integral_value())

    return {
        "sales_year": facts.sales_year, "currency": place.currency, "annual_sales_minor": minor(facts.annual_sales),
        "employees": None if facts.employees is None else int(facts.employees),
        "fixed_assets_minor": minor(facts.fixed_assets), "total_assets_minor": minor(facts.total_assets),
    }


def ownership_columns(facts: OwnershipFacts) -> dict[str, Any]:
    """Return ownership facts as the columns of `OwnershipDeclaration`; percentages as exact text."""
    return {
        "kind": facts.form, "women_ownership_pct": _exact(facts.women_ownership_pct),
        "women_control": facts.women_control, "woman_signatory": facts.woman_signatory,
        "independent": facts.independent, "woman_chief_executive": facts.woman_chief_executive,
        "woman_legal_rep_pct": _exact(facts.woman_legal_rep_pct), "board_total": facts.board_total,
        "board_women": facts.board_women, "owner_is_woman": facts.owner_is_woman,
        "woman_decides_alone": facts.woman_decides_alone,
    }


def ownership_note(judged: OwnershipJudgement) -> dict[str, Any]:
    """Return why owned and led came out as they did: conditions that failed and facts that are missing."""
    reasons = {"owned": judged.owned_reason, "led": judged.led_reason}
    told: dict[str, Any] = {
        name: {"failed": list(reason.failed), "missing": list(reason.missing)} for name, reason in reasons.items()
    }
    return {**told, "seal": judged.seal}


def latest_declaration_id(session: Session, firm: Firm) -> int | None:
    """Return the number of the firm's last declaration, by the day declared and then by the time recorded."""
    statement = select(OwnershipDeclaration.id).where(OwnershipDeclaration.firm_id == firm.id)
    return session.scalar(statement.order_by(OwnershipDeclaration.id.desc()).limit(1))


def _with_seals(facts: OwnershipFacts, in_force: frozenset[str]) -> OwnershipFacts:
    return OwnershipFacts(**{**vars(facts), "seals_in_force": facts.seals_in_force | in_force})


def _refuse_ownership(
    firm: Firm, facts: OwnershipFacts, profile: str, day: date, upload: Upload | None
) -> None:
    if profile not in PROFILES:
        raise DomainError("profile_unknown", profile=profile)
    for share in (facts.women_ownership_pct, facts.woman_legal_rep_pct):
        if share is not None and not 0 <= share <= 100:
            raise DomainError("share_out_of_range", share=share)
    if min(facts.board_total or 0, facts.board_women or 0) < 0:
        raise DomainError("amount_negative")
    if facts.board_total is not None and (facts.board_women or 0) > facts.board_total:
        raise DomainError("board_contradicts", women=facts.board_women, total=facts.board_total)
    if day > today_of(firm):
        raise DomainError("declared_ahead", day=day)
    if upload is not None and upload.firm_id != firm.id:
        raise DomainError("file_foreign")


def _refuse_size(firm: Firm, facts: SizeFacts) -> None:
    amounts = (facts.annual_sales, facts.employees, facts.fixed_assets, facts.total_assets)
    if any(amount is not None and amount < 0 for amount in amounts):
        raise DomainError("amount_negative")
    if facts.employees is not None and facts.employees != int(facts.employees):
        raise DomainError("employees_whole")
    if facts.sales_year is not None and not 1990 <= facts.sales_year <= today_of(firm).year:
        raise DomainError("sales_year_unlikely", year=facts.sales_year)


def _is_party(session: Session, actor: Actor, declaration: OwnershipDeclaration) -> bool:
    """Whether the actor has a hand in the declaration; a verdict is a person's, so the system is no judge either."""
    if actor.person_id is None or actor.person_id == declaration.recorded_by:
        return True
    if declaration.firm_id in (actor.firm_ids or ()):
        return True
    acts_for = select(FirmPerson.id).where(
        FirmPerson.firm_id == declaration.firm_id, FirmPerson.person_id == actor.person_id
    )
    return session.scalar(acts_for) is not None


def today_of(firm: Firm) -> date:
    """Return the calendar day where the firm is."""
    return clock.today(reference.countries()[firm.country].time_zone)


def _exact(share: Decimal | None) -> str:
    return "" if share is None else format(share, "f")

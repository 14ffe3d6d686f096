"""Says whose ownership has to be verified before a selection is sealed, and whose claim was found not proven.

Frozen facts stay as they were; what staff find about ownership after closing lies over them (domain.md §8).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.firms.models import Firm
from cohort.rounds.applications.freezing import findings_of
from cohort.rounds.models import Application, Round

CHECK = "ownership"


def refuted(session: Session, applications: Sequence[Application]) -> frozenset[int]:
    """Return the files whose claim to women's ownership or leadership staff found not proven."""
    found = findings_of(session, [each.id for each in applications])
    return frozenset(key for key, findings in found.items() if findings.get(CHECK, ("", ""))[0] == "no")


def womens_of(application: Application, is_refuted: bool) -> Any:
    """Return whether a file counts for parity: as frozen at closing, unless its claim was found not proven."""
    return "no" if is_refuted else (application.facts or {})["womens"]


def to_verify(
    session: Session, round_: Round, applications: Sequence[Application], selected: Sequence[str], waiting: Sequence[str],
    womens: Collection[str],
) -> list[Application]:
    """Return the files to verify before sealing: of the selected and of the first waiting places, those that count
    as women's and that nobody has verified yet; none under a protocol of the first format.

    `womens` are the codes that count. Verified is what was so at closing, what staff found since, or a firm
    whose standing declaration says the same and was verified since.
    """
    first = round_.protocol.get("verified_waitlist")
    if first is None:
        return []
    wanted = {*selected, *waiting[:first]} & set(womens)
    asked = [each for each in applications if each.code in wanted]
    found = findings_of(session, [each.id for each in asked])
    firms = {each.id: each for each in session.scalars(
        select(Firm).where(Firm.id.in_([one.firm_id for one in asked if one.firm_id])))}
    return [
        each for each in asked
        if found.get(each.id, {}).get(CHECK, ("", ""))[0] != "yes"
        and not _is_verified(each.facts or {}, firms.get(each.firm_id or 0))
    ]


def _is_verified(facts: Mapping[str, Any], firm: Firm | None) -> bool:
    if facts.get("ownership_verified"):
        return True
    says_the_same = firm is not None and (firm.women_owned, firm.women_led) == (
        facts.get("women_owned"), facts.get("women_led"))
    return says_the_same and firm is not None and firm.ownership_verified

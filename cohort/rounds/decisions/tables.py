"""Lays a decision out for its pages and its act: rows with their reason, the effect of each rule, the figures above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cohort.firms.models import Firm
from cohort.rounds.decisions import words
from cohort.rounds.decisions.fates import fates
from cohort.rounds.decisions.service import Shown
from cohort.rounds.files.record import change_json
from cohort.rounds.models import Application, Decision, Round, Seat
from cohort.rules.shortfall import RoundSelection

UNITS = Decimal(10_000)


@dataclass(frozen=True)
class Line:
    """One file as the table shows it."""

    place: int | None
    firm: str
    href: str
    country: str
    ownership: str  # owned | led | counts (all that a record says) | ""
    is_verified: bool
    score: Decimal | None
    outcome: str
    why: str
    tone: str


@dataclass(frozen=True)
class Figures:
    """What is said first: totals, the effect of all rules together, women's of seats, empty seats."""

    total: Decimal
    free_total: Decimal
    effect_share: Decimal
    womens: int
    selected: int
    seats: int
    empty: Mapping[str, int]
    shortfall: str | None
    least_chance: str = ""  # of anybody whom the rules leave a seat, where a draw decides

    @property
    def empty_count(self) -> int:
        """Seats that stay empty."""
        return sum(self.empty.values())


def shown_lines(session: Session, round_: Round, shown: Shown) -> list[Line]:
    """Return the rows of a selection that is not adopted yet, best first."""
    pairs = fates(round_, shown.files, shown.found)
    names = names_of(session, [each for each, _fate in pairs])
    return [_line(round_, each, fate, names) for each, fate in pairs]


def sealed_lines(session: Session, round_: Round, decision: Decision) -> list[Line]:
    """Return the rows of an adopted decision within the actor's reach, best first."""
    statement = select(Seat).where(Seat.decision_id == decision.id).options(joinedload(Seat.application))
    seats = list(session.scalars(statement.order_by(Seat.id)))
    names = names_of(session, [seat.application for seat in seats])
    return [
        _line(round_, seat.application, {"outcome": seat.outcome, "place": seat.place, "score": seat.score,
                                         "reason": seat.reason, "reason_params": seat.reason_params}, names)
        for seat in seats
    ]


def files_of_record(session: Session, round_: Round, decision: Decision) -> list[Application]:
    """Return the files that a record speaks of, within the actor's reach."""
    codes = [row["code"] for row in decision.record["rows"]]
    statement = select(Application).where(Application.round_id == round_.id, Application.code.in_(codes))
    return list(session.scalars(statement))


def proposed_lines(session: Session, round_: Round, decision: Decision) -> list[Line]:
    """Return the rows of a proposed list; a firm outside the actor's reach stands there by its code alone."""
    files = {each.code: each for each in files_of_record(session, round_, decision)}
    names = names_of(session, list(files.values()))
    rows = {row["code"]: row for row in decision.record["rows"]}
    result, last = decision.record["result"], int(round_.protocol["waitlist_count"])
    listed = [("selected", result["selected"]), ("waitlist", result["waitlist"][:last]), ("not_selected", result["waitlist"][last:])]
    lines = []
    for outcome, codes in listed:
        for place, code in enumerate(codes, start=1):
            fate: dict[str, Any] = {"place": None if outcome == "not_selected" else place, "outcome": outcome, "reason": "",
                    "score": int(Decimal(rows[code]["score"]) * UNITS), "reason_params": {}}
            lines.append(_line(round_, files[code], fate, names) if code in files else _coded(rows[code], fate))
    return lines


def _coded(row: Mapping[str, Any], fate: Mapping[str, Any]) -> Line:
    """Return a row of a file beyond the reach: what the public record will say of it, no more."""
    return Line(
        place=fate["place"], firm=row["code"], href="", country=row["country"],
        ownership="counts" if row["womens"] == "yes" else "", is_verified=False,
        score=Decimal(row["score"]), outcome=fate["outcome"], why="", tone="sun" if fate["outcome"] == "waitlist" else "",
    )


def names_of(session: Session, applications: Sequence[Application]) -> dict[int, str]:
    """Return the firms' names by id, within the actor's reach."""
    ids = [each.firm_id for each in applications if each.firm_id]
    rows = session.execute(select(Firm.id, Firm.trade_name, Firm.legal_name).where(Firm.id.in_(ids)))
    return {row.id: row.trade_name or row.legal_name for row in rows}


def _line(round_: Round, each: Application, fate: Mapping[str, Any], names: Mapping[int, str]) -> Line:
    facts = each.facts or {}
    ownership = "owned" if facts.get("women_owned") == "yes" else "led" if facts.get("women_led") == "yes" else ""
    return Line(
        place=fate["place"], firm=names.get(each.firm_id or 0, str(each.answers.get("company_name") or each.code)),
        href=url_for("rounds.file", round_id=round_.id, application_id=each.id), country=each.country,
        ownership=ownership, is_verified=bool(facts.get("ownership_verified")),
        score=None if fate["score"] is None else Decimal(fate["score"]) / UNITS, outcome=fate["outcome"],
        why=words.reason_text(fate["reason"], fate["reason_params"], round_.protocol),
        tone="sun" if fate["outcome"] == "waitlist" else "",
    )


def figures_of(record: Mapping[str, Any]) -> Figures:
    """Return the figures of a decision from its record."""
    result = record["result"]
    total, free = Decimal(str(result["objective"])), Decimal(str(result["unconstrained_objective"]))
    womens = {row["code"] for row in record["rows"] if row["womens"] == "yes"}
    return Figures(
        total=total, free_total=free, effect_share=(total - free) / free if free else Decimal(0),
        womens=sum(1 for code in result["selected"] if code in womens), selected=len(result["selected"]),
        seats=result["seats"], empty=result["empty"], shortfall=result["shortfall"],
        least_chance=words.chance_text(Fraction(result["lottery"]["least"])) if "lottery" in result else "",
    )


def effects(record: Mapping[str, Any], protocol: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rules that ask for something, with how many they count and what they cost alone."""
    result, rows = record["result"], []
    objective = Decimal(str(result["objective"]))
    for quota in result["quotas"]:
        is_free = not quota["min"] and quota["max"] in {None, result["seats"]}
        if is_free:
            continue
        price = None if quota["price"] is None else Decimal(str(quota["price"]))
        rows.append({
            "rule": words.rule_name(quota["name"], protocol), "limit": words.rule_limit(quota["min"], quota["max"]),
            "now": quota["count"], "points": price, "share": price / objective if price and objective else Decimal(0),
        })
    return rows


def swap_rows(session: Session, round_: Round, shown: Shown) -> list[dict[str, Any]]:
    """Return seat by seat who is in through the rules and who would be by score alone: for the committee's eyes."""
    by_code = {each.code: each for each in shown.files.pool}
    named = [by_code[code] for swap in shown.found.swaps for code in (swap.enters, swap.leaves) if code in by_code]
    names = names_of(session, named)
    return [
        {"enters": _who(by_code, names, swap.enters), "leaves": _who(by_code, names, swap.leaves),
         "points": Decimal(swap.points) / UNITS,
         "rules": ", ".join(words.rule_name(rule, round_.protocol) for rule in swap.rules)}
        for swap in shown.found.swaps
    ]


def _who(by_code: Mapping[str, Application], names: Mapping[int, str], code: str) -> str:
    """Name a file; a seat that stays empty is one too."""
    if code not in by_code:
        return words.empty_seat()
    each = by_code[code]
    return names.get(each.firm_id or 0, each.code)


def clash(round_: Round, found: RoundSelection) -> dict[str, list[str]]:
    """Return in words which rules clash, and what would have to give way."""
    return {
        "conflict": [words.rule_name(name, round_.protocol) for name in found.conflict],
        "relaxation": [words.relaxation_text(change_json(change), round_.protocol) for change in found.relaxation],
    }

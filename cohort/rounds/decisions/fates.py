"""Says of every submitted file what a selection makes of it: outcome, place, sealed score and reason; writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from cohort.rounds.calls.parts import criteria_of
from cohort.rounds.decisions.solving import POINTS, Files
from cohort.rounds.models import Application, Round
from cohort.rounds.screening.evidence import why_left_out
from cohort.rules.shortfall import RoundSelection

Fate = tuple[Application, dict[str, Any]]


def fates(round_: Round, files: Files, found: RoundSelection) -> list[Fate]:
    """Return for every submitted file its outcome, place, sealed score and reason, best first."""
    by_code = {each.code: each for each in files.all}
    chances = {} if found.lottery is None else found.lottery.chances
    rows = []
    for place, code in enumerate(found.selected, start=1):
        rows.append((by_code[code], _fate("selected", place, files, by_code[code], _why(found, by_code[code], chances))))
    last = int(round_.protocol["waitlist_count"])
    for place, code in enumerate(found.waitlist, start=1):
        outcome, kept = ("waitlist", place) if place <= last else ("not_selected", None)
        rows.append((by_code[code], _fate(outcome, kept, files, by_code[code], _why(found, by_code[code], chances))))
    minimum = {"minimum": str(Decimal(round_.protocol["minimum_score"]))}
    below = sorted(files.below_minimum, key=lambda each: -files.scores[each.id])
    rows += [(each, _fate("not_selected", None, files, each, ("below_minimum", minimum))) for each in below]
    rows += [(each, _fate("not_selected", None, files, each, ("low_mark", _low(round_, files, each)))) for each in files.low_mark]
    part = files.screening or {}
    rows += [(each, _fate("not_selected", None, files, each, why_left_out(part, each.code))) for each in files.screened_out]
    rows += [(each, _fate("ineligible", None, files, each, ("ineligible", _failed(each)))) for each in files.ineligible]
    return rows


def _fate(
    outcome: str, place: int | None, files: Files, each: Application, why: tuple[str, dict[str, Any]]
) -> dict[str, Any]:
    return {"outcome": outcome, "place": place, "score": files.scores.get(each.id), "reason": why[0], "reason_params": why[1]}


def _why(found: RoundSelection, each: Application, chances: Mapping[str, Fraction]) -> tuple[str, dict[str, Any]]:
    reason = found.reasons[each.code]
    points = None if reason.points is None else str((Decimal(reason.points) / POINTS).normalize())
    drawn = {"chance": str(chances[each.code])} if each.code in chances else {}
    return reason.code, {"points": points, "rules": list(reason.rules), "country": each.country, **drawn}


def _low(round_: Round, files: Files, each: Application) -> dict[str, Any]:
    names = {one.name: dict(one.label) for one in criteria_of(round_.protocol)}
    return {"criteria": [{"name": name, "label": names[name]} for name in files.low_criteria[each.id]]}


def _failed(each: Application) -> dict[str, Any]:
    return {"checks": [_told(check) for check in each.eligibility if check["answer"] == "no"]}


def _told(check: Mapping[str, Any]) -> dict[str, Any]:
    return {name: check[name] for name in ("check", "code", "params")}

"""Takes a sealed decision again from its public record alone, and names what differs.

It trusts nothing in the record but its inputs; writing records is `record`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from cohort.rounds.files.answer import answer_of
from cohort.rounds.files.call_part import call_failures
from cohort.rounds.files.faults import BadInput, Fault
from cohort.rounds.files.lottery_answer import edges_from, lottery_answer, lottery_from
from cohort.rounds.files.record import FORMAT, lottery_json, round_result
from cohort.rounds.files.screening_part import screening_failures
from cohort.rounds.files.seals import PARTS, loaded, seal_failures
from cohort.rules.ledger import Json
from cohort.rules.lottery_check import check_lottery
from cohort.rules.pool import SCORE_UNITS, Pool
from cohort.rules.quotas import Quota, SeatPlan
from cohort.rules.replacement import reseated
from cohort.rules.round_lottery import lottery_of_round
from cohort.rules.round_question import RoundQuestion
from cohort.rules.shortfall import Applicant, ParityRule

Record = Mapping[str, Any]
_KINDS = {str: "a text", list: "a list", dict: "an object"}


def read_record(path: Path) -> Record:
    """Return the record of a file; raises BadInput when it is no record of a format that we know."""
    try:
        record = loaded(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadInput([Fault(path.name, None, None, str(error), "JSON")]) from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise BadInput([Fault(path.name, None, "format", "no record of this format", FORMAT)])
    faults = [
        Fault(path.name, None, name, "missing or of another kind", _KINDS[kind])
        for name, kind in PARTS.items()
        if not isinstance(record.get(name), kind)
    ]
    if faults:
        raise BadInput(faults)
    return record


def differences(record: Record, file: str) -> list[str]:
    """Return one line for each part of the record that its hash or the decision taken again contradicts.

    Raises BadInput when the record's inputs cannot be read, Unproven when the answer cannot be proven.
    """
    try:
        lines = [*seal_failures(record), *call_failures(record), *screening_failures(record)]
        unsound = _lottery_failures(record)
        again = {} if unsound else rerun(record)
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise BadInput([Fault(file, None, None, f"an input is missing or unreadable ({error!r})", "a record as it was published")]) from error
    if unsound:
        return [*lines, *unsound]
    sealed = record["result"]
    lines += [
        f"result.{name}: sealed {json.dumps(sealed.get(name))}, now {json.dumps(again.get(name))}"
        for name in dict.fromkeys([*again, *sealed])
        if sealed.get(name) != again.get(name)
    ]
    return lines


def rerun(record: Record) -> dict[str, Json]:
    """Return the result that the record's inputs give now."""
    protocol, seed = record["protocol"], str(record["seed"])
    if protocol["kind"] == "file":
        quotas, seats = tuple(quota_from(one) for one in protocol["quotas"]), int(protocol["seats"])
        cut, pool, plan = len(record["result"]["waitlist"]), _pool(record["rows"]), SeatPlan(seats, quotas)
        if "lottery" not in protocol:
            return answer_of(pool, plan, seed, cut)
        published = lottery_from(record["result"]["lottery"])
        return lottery_answer(pool, plan, seed, edges_from(protocol["lottery"]), cut, published)
    question, fixed = round_question(record), record["fixed"]
    if fixed["stayers"] or fixed["barred"]:
        return round_result(reseated(question, fixed["stayers"], fixed["barred"]))
    if question.edges is None:
        return round_result(question.decide())
    published = lottery_from(record["result"]["lottery"])
    found = lottery_of_round(question, published).selection()
    return {**round_result(found), "lottery": lottery_json(published, question.edges)}


def round_question(record: Record) -> RoundQuestion:
    """Return the question that a round's record sealed; raises KeyError, TypeError or ValueError on what is none."""
    protocol = record["protocol"]
    parity = protocol["parity"]
    return RoundQuestion(
        applicants=tuple(_applicant(row) for row in record["rows"]), seats=int(protocol["seats"]),
        limits={country: (int(low), int(high)) for country, (low, high) in protocol["country_limits"].items()},
        parity=ParityRule(
            Fraction(parity["share"]), parity["mode"], parity["shortfall"], parity["counts"], parity["per_country"]),
        seed=str(record["seed"]), quotas=tuple(quota_from(one) for one in protocol["quotas"]),
        edges=edges_from(protocol["lottery"]) if "lottery" in protocol else None,
    )


def _lottery_failures(record: Record) -> list[str]:
    """Return what of a published lottery does not stand: it was made before the seed, so it is checked, not redone."""
    protocol = record["protocol"]
    if "lottery" not in record["result"]:
        return []
    if protocol["kind"] == "round":
        found = lottery_of_round(round_question(record), lottery_from(record["result"]["lottery"])).failures()
        return [f"lottery.{one.rule}: expected {one.expected}, found {one.found}" for one in found]
    plan = SeatPlan(int(protocol["seats"]), tuple(quota_from(one) for one in protocol["quotas"]))
    published = lottery_from(record["result"]["lottery"])
    failures = check_lottery(_pool(record["rows"]), plan, edges_from(protocol["lottery"]), published)
    return [f"lottery.{one.rule}: expected {one.expected}, found {one.found}" for one in failures]


def quota_from(spelt: Mapping[str, Any]) -> Quota:
    """Return the quota that `record.quota_json` spelt."""
    shares = {key: None if spelt[key] is None else Fraction(spelt[key]) for key in ("min_share", "max_share")}
    return Quota(
        spelt["name"], _where(spelt["where"]), spelt["min"], spelt["max"], shares["min_share"], shares["max_share"],
        None if spelt["of"] is None else _where(spelt["of"]), Fraction(spelt["min_short"]), Fraction(spelt["max_over"]),
    )


def _where(spelt: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {column: tuple(values) for column, values in spelt.items()}


def _score(text: str) -> int:
    return int(Decimal(text) * SCORE_UNITS)


def _pool(rows: list[Mapping[str, Any]]) -> Pool:
    names = sorted({name for row in rows for name in row["attributes"]})
    attributes = {name: [row["attributes"][name] for row in rows] for name in names}
    return Pool.of([row["code"] for row in rows], [_score(row["score"]) for row in rows], attributes)


def _applicant(row: Mapping[str, Any]) -> Applicant:
    return Applicant(
        row["code"], _score(row["score"]), row["country"], row["womens"], row["attributes"],
        tuple(row["before_draw"]),
    )

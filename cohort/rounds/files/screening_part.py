"""The screening of a round in its public record: how it is spelt, and the lines in which it does not hold when run again.

Records of calls that do not screen have no such part; its hash is checked with the others in `seals`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from cohort.rules.ledger import Json
from cohort.rules.pool import SCORE_UNITS, points
from cohort.rules.screening import Candidate, Screening, screened, screened_late


def screening_json(
    multiple: int, pass_mark: str, seats: Mapping[str, int], candidates: Sequence[Candidate], late: Collection[str],
    results: Mapping[str, Screening],
) -> dict[str, Json]:
    """Return the part: terms, most seats by country, and everybody who took part, by code.

    Ownership is as known at the screening; `late` became eligible after it.
    """
    rows: list[Json] = [
        {
            "code": one.id, "points": str(points(one.points)), "country": one.country, "womens": one.womens,
            "before_draw": list(one.before_draw), "is_late": one.id in late, "outcome": results[one.id].outcome,
            "place": results[one.id].place,
        }
        for one in sorted(candidates, key=lambda one: one.id)
    ]
    return {"multiple": multiple, "pass_mark": pass_mark, "seats": dict(sorted(seats.items())), "rows": rows}


def screening_failures(record: Mapping[str, Any]) -> list[str]:
    """Return one line for each thing in the screening that does not hold; none for a record without it.

    Raises KeyError, TypeError, ValueError or ArithmeticError when the part is of no shape that we know.
    """
    return [*_against_call(record), *(_run_again(record) if "screening" in record else ())]


def _run_again(record: Mapping[str, Any]) -> list[str]:
    part, seed = record["screening"], str(record["seed"])
    stated = {row["code"]: row for row in part["rows"]}
    rule = ({code: int(most) for code, most in part["seats"].items()}, int(part["multiple"]), _units(part["pass_mark"]), seed)
    first = [_candidate(row) for row in part["rows"] if not row["is_late"]]
    now = screened(first, *rule) | {
        row["code"]: screened_late(_candidate(row), first, *rule) for row in part["rows"] if row["is_late"]}
    return [
        *(
            f"screening.{code}: sealed {row['outcome']} at place {row['place']}, now {now[code].outcome} at place {now[code].place}"
            for code, row in stated.items()
            if (row["outcome"], row["place"]) != (now[code].outcome, now[code].place)
        ),
        *(
            f"screening.{row['code']}: chosen from, but not sent on by the screening in {row['country']}"
            for row in record["rows"]
            if (found := stated.get(row["code"])) is None or (found["outcome"], found["country"]) != ("sent", row["country"])
        ),
    ]


def _against_call(record: Mapping[str, Any]) -> list[str]:
    """Return a line when the screening is not the one of the sealed protocol that the record carries."""
    if "call" not in record:
        return []
    said, part = record["call"]["protocol"].get("screening"), record.get("screening")
    if said is None or part is None:
        return [] if said is part else ["screening: the record and the sealed protocol do not both screen"]
    most = {code: limit["max"] for code, limit in record["call"]["protocol"]["country_limits"].items()}
    asked = (part["multiple"], part["pass_mark"], part["seats"])
    sealed = (said["multiple"], said["pass_mark"], most)
    return [] if asked == sealed else [f"screening: the record asked {asked}, the sealed protocol says {sealed}"]


def _candidate(row: Mapping[str, Any]) -> Candidate:
    return Candidate(row["code"], _units(row["points"]), row["country"], row["womens"], tuple(row["before_draw"]))


def _units(text: str) -> int:
    return int(Decimal(text) * SCORE_UNITS)

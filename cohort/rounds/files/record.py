"""The public record of a decision: everything that is needed to take it again, and the answer it gave.

Files and rounds write the same shape, with application codes as ids; re-running it is `replay`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction

from cohort import __version__
from cohort.rules.conflicts import Change
from cohort.rules.explain import Prices, Tally
from cohort.rules.ledger import Json, fingerprint
from cohort.rules.lottery import Lottery
from cohort.rules.pool import Pool, points
from cohort.rules.quotas import Quota, SeatPlan
from cohort.rules.round_question import RoundQuestion
from cohort.rules.shortfall import RoundSelection

FORMAT = "cohort-record/1"
RULE = (
    "the highest total score that any set of this many obeying every quota has; "
    "then the least sum of lots; then the least ascending list of lots; "
    "lot = place by (before_draw where a row has one, SHA-256 hex of UTF-8 seed + newline + id, id)"
)
LOTTERY_RULE = (
    "each better merit band has as many seats as the quotas let it; among all such cohorts chances are as equal as "
    "the quotas allow (the least is as high as can be); the ticket is SHA-256 of UTF-8 lottery + newline + seed + "
    "newline + n, inside a kind the least SHA-256 hex of UTF-8 seed + newline + id; a replacement seats those first on "
    "the waiting list (by band, then lot) who keep every rule"
)
HASHED = ("protocol", "seed", "rows", "fixed", "result")
"""The parts whose fingerprints the record carries."""
TOLD = ("software", "rule")
"""Texts beside them that are hashed too, so that no byte of a record changes unseen."""
OF_SOME = ("screening",)
"""Parts that only some records have, hashed as well."""


def figure(score: int | None) -> int | float | None:
    """Return a whole-number score as the points of a JSON answer: exact to 4 decimal places.

    >>> figure(805000), figure(800000), figure(None)
    (80.5, 80, None)
    """
    if score is None:
        return None
    shown = points(score)
    return int(shown) if shown == shown.to_integral() else float(shown)


def file_record(
    pool: Pool, plan: SeatPlan, seed: str, result: Mapping[str, Json], bands: Sequence[str] | None = None
) -> dict[str, Json]:
    """Return the record of a choice from files: protocol, rows in order of id, seed, result and hashes.

    Rows hold only the attributes that the rules name. `bands` are those of a lottery; None when it was none.
    """
    named = sorted({name for quota in plan.quotas for where in (quota.where, quota.of or {}) for name in where})
    texts = {name: [pool.columns[name].values[code] for code in pool.columns[name].codes.tolist()] for name in named}
    rows: list[Json] = [
        {
            "code": pool.ids[place], "score": str(points(int(pool.scores[place]))),
            "attributes": {name: texts[name][place] for name in named},
        }
        for place in sorted(range(len(pool)), key=lambda at: pool.ids[at])
    ]
    protocol: dict[str, Json] = {"kind": "file", "seats": plan.seats, "quotas": [quota_json(q) for q in plan.quotas]}
    fixed: dict[str, Json] = {"stayers": [], "barred": []}
    if bands is None:
        return _sealed(protocol, seed, rows, fixed, result)
    return _sealed({**protocol, "lottery": list(bands)}, seed, rows, fixed, result)


def round_record(
    question: RoundQuestion, found: RoundSelection, stayers: Collection[str] = (), barred: Collection[str] = (),
    screening: Mapping[str, Json] | None = None,
) -> dict[str, Json]:
    """Return the record of a round's selection, or of a replacement in it with who stays and who is out.

    `screening` is what the stage before reviews left, as `screening_part` spells it; None for a call without one.

    Applicant ids must be the random application codes: the record is public.
    """
    rows: list[Json] = [
        {
            "code": one.id, "score": str(points(one.score)), "country": one.country, "womens": one.womens,
            "attributes": dict(sorted(one.attributes.items())), "before_draw": list(one.before_draw),
        }
        for one in sorted(question.applicants, key=lambda one: one.id)
    ]
    parity = question.parity
    protocol: dict[str, Json] = {
        "kind": "round", "seats": question.seats, "quotas": [quota_json(quota) for quota in question.quotas],
        "country_limits": {country: list(limits) for country, limits in sorted(question.limits.items())},
        "parity": {
            "share": str(parity.share), "mode": parity.mode, "shortfall": parity.shortfall,
            "counts": parity.counts, "per_country": parity.per_country,
        },
    }
    fixed: dict[str, Json] = {"stayers": sorted(stayers), "barred": sorted(barred)}
    result = round_result(found)
    if question.edges is None:
        return _sealed(protocol, question.seed, rows, fixed, result, screening)
    protocol["lottery"] = [str(points(edge)) for edge in question.edges]
    if found.lottery is not None:
        result["lottery"] = lottery_json(found.lottery, question.edges)
    return _sealed(protocol, question.seed, rows, fixed, result, screening)


def round_result(decision: RoundSelection) -> dict[str, Json]:
    """Return a round's answer as the record and the API show it."""
    return {
        "status": decision.status, "seats": decision.seats, "shortfall": decision.shortfall,
        "objective": figure(decision.objective),
        "unconstrained_objective": figure(decision.unconstrained_objective),
        "selected": list(decision.selected), "empty": dict(sorted(decision.empty.items())),
        "waitlist": list(decision.waitlist), "quotas": quotas_json(decision.quotas, decision.prices),
        "conflict": list(decision.conflict), "relaxation": [change_json(one) for one in decision.relaxation],
    }


def lottery_json(lottery: Lottery, edges: Sequence[int]) -> dict[str, Json]:
    """Return the lottery as it is published: fractions and numbers of tickets as texts, for they may be long."""
    kinds: list[Json] = [
        {"ids": list(kind), "chance": str(chance), "weight": weight}
        for kind, chance, weight in zip(lottery.kinds, lottery.kind_chances, lottery.weights, strict=True)
    ]
    panels: list[Json] = [{"tickets": str(panel.tickets), "seats": list(panel.seats)} for panel in lottery.panels]
    return {
        "bands": [str(points(edge)) for edge in sorted(edges, reverse=True)], "least": str(lottery.least),
        "bound": str(lottery.bound), "tickets": str(lottery.tickets), "kinds": kinds, "panels": panels,
    }


def quotas_json(tallies: Sequence[Tally], prices: Prices | None) -> list[Json]:
    """Return name, min, max, count and price of each rule (`of_count` too where a share is of some chosen)."""
    by_rule = {} if prices is None else prices.by_rule
    rows: list[Json] = []
    for one in tallies:
        row: dict[str, Json] = {"name": one.name, "min": one.min, "max": one.max, "count": one.count}
        if one.of_count is not None:
            row["of_count"] = one.of_count
        rows.append(row | {"price": figure(by_rule.get(one.name))})
    return rows


def change_json(change: Change) -> dict[str, Json]:
    """Return a change of a relaxation: places as numbers, a share as text such as "2/5"."""
    old, new = (str(limit) if change.of_share else int(limit) for limit in (change.old, change.new))
    return {"name": change.name, "limit": change.limit, "from": old, "to": new}


def quota_json(quota: Quota) -> dict[str, Json]:
    """Return a quota as the record spells it; `quota_from` in `replay` reads it back."""
    shares = {"min_share": quota.min_share, "max_share": quota.max_share}
    spare = {"min_short": quota.min_short, "max_over": quota.max_over}
    return {
        "name": quota.name, "where": _where(quota.where), "of": None if quota.of is None else _where(quota.of),
        "min": quota.min, "max": quota.max,
        **{key: None if share is None else str(share) for key, share in shares.items()},
        **{key: str(Fraction(places)) for key, places in spare.items()},
    }


def _where(where: Mapping[str, tuple[str, ...]]) -> dict[str, Json]:
    return {column: list(values) for column, values in where.items()}


def _sealed(
    protocol: Mapping[str, Json], seed: str, rows: list[Json], fixed: Json, result: Mapping[str, Json],
    screening: Mapping[str, Json] | None = None,
) -> dict[str, Json]:
    parts: dict[str, Json] = {
        "software": f"cohort {__version__}", "rule": LOTTERY_RULE if "lottery" in protocol else RULE,
        "protocol": protocol, "seed": seed, "rows": rows, "fixed": fixed, "result": dict(result),
    }
    if screening is not None:
        parts["screening"] = dict(screening)
    hashes: dict[str, Json] = {
        name: fingerprint(parts[name]) for name in (*HASHED, *TOLD, *OF_SOME) if name in parts}
    return {"format": FORMAT, **parts, "hashes": hashes}

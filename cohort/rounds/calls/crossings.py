"""Decides which crossings of the attributes that a call's rules name are so rare that somebody could be recognised.

At opening by the firms on the register, for nobody has applied yet; before publication by the record itself. What is
done about them – another rule, or a reason – is the manager's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cohort.firms.models import Firm
from cohort.kit.errors import DomainError, wording
from cohort.rounds.calls.times import to_local
from cohort.rounds.decisions.attributes import OWNER_GROUP, attribute, named_by, quotas_of
from cohort.rounds.decisions.tie_criteria import place_name, place_of
from cohort.rounds.decisions.words import value_name
from cohort.rounds.models import Round
from cohort.rules.parity import Answer, Counting, OwnershipJudgement, counts_for_parity
from cohort.rules.quotas import Quota
from cohort.rules.shortfall import COUNTRY, WOMENS
from cohort.rules.suppression import LEAST

wording("rare_reason_missing", _l("Some crossings of what the rules name are rare. Change a rule, or say why they stay."))

_: Callable[..., str] = gettext
MOST_REASON = 1_000
_TIE = "before_draw."  # a criterion may bear the name of an attribute
COLUMNS = {"size_class": Firm.size_class, "sector": Firm.sector, "region": Firm.region, "rural": Firm.is_rural, "founded_on": Firm.founded_on}
FACT_OF = {"smaller_size": "size_class", "rural": "rural", "younger_firm": "founded_on"}
Cell = tuple[tuple[str, tuple[str, ...]], ...]  # (column, its values), in the order of the record


@dataclass(frozen=True)
class Rare:
    """One crossing with fewer than five: columns and values as the public record shows them, and how many."""

    cell: Cell
    count: int

    @property
    def code(self) -> str:
        """The crossing as the audit keeps it, whatever the language: `country=PE; womens=yes; size_class=micro`."""
        return "; ".join(f"{column}={'|'.join(values)}" for column, values in self.cell)

    def text(self, protocol: Mapping[str, Any]) -> str:
        """Return the crossing in words: `Peru; women-owned or led; micro`."""
        told = [_(" or ").join(_value(column, value, protocol) for value in values) for column, values in self.cell]
        return "; ".join(dict.fromkeys(told))  # a size may be named by a rule and by the criteria for equal points


def rare_on_register(session: Session, round_: Round) -> list[Rare]:
    """Return the rare crossings among the register's firms of the call's countries, fewest first.

    A further rule that covers fewer than five of them is named too, even with none. An empty register says nothing.
    """
    counts = _on_register(session, round_)
    if not counts:
        return []
    ruled = [Rare(_cell_of(quota), _covered(quota, counts)) for quota in quotas_of(round_.protocol)]
    few = {each.cell: each for each in ruled if each.count < LEAST}
    return _ordered({**{each.cell: each for each in _rare(counts)}, **few}.values())


def rare_in_record(record: Mapping[str, Any], protocol: Mapping[str, Any]) -> list[Rare]:
    """Return the rare crossings among the rows of a decision's record, fewest first; owner groups left out."""
    ties = protocol.get("tie_criteria", ())

    def cell(row: Mapping[str, Any]) -> Cell:
        named = {name: value for name, value in row["attributes"].items() if name != OWNER_GROUP}
        return _cell(row[COUNTRY], row[WOMENS], named, dict(zip(ties, row["before_draw"], strict=False)))

    return _ordered(_rare(Counter(cell(row) for row in record["rows"])))


def require_reason(rare: Iterable[Rare], reason: str) -> dict[str, Any]:
    """Return what the audit keeps of rare crossings; raises `rare_reason_missing` when there are some and no reason."""
    told = {each.code: each.count for each in rare}
    if not told:
        return {}
    if not reason.strip():
        raise DomainError("rare_reason_missing")
    return {"rare_crossings": told, "rare_crossings_reason": reason.strip()[:MOST_REASON]}


def _on_register(session: Session, round_: Round) -> Counter[Cell]:
    """Count the firms of the call's countries by what the record would show of them; one query."""
    named, ties = named_by(quotas_of(round_.protocol)), round_.protocol.get("tie_criteria", ())
    asked = {*named, *(FACT_OF[each] for each in ties)}
    kinds = (Firm.country, Firm.women_owned, Firm.women_led, *(COLUMNS[each] for each in sorted(asked)))
    statement = select(*kinds, func.count()).where(
        Firm.country.in_(round_.protocol["countries"]), Firm.merged_into_id.is_(None)).group_by(*kinds)
    parity, closed_on = round_.protocol["parity"], to_local(round_.closes_at, round_.time_zone).date()
    counts: Counter[Cell] = Counter()
    for row in session.execute(statement):
        country, owned, led, *values, count = tuple(row)
        judged = OwnershipJudgement(cast(Answer, owned), cast(Answer, led), parity["profile"])
        said: dict[str, Any] = dict(zip(sorted(asked), values, strict=True))
        founded_on = said.get("founded_on")
        facts = {**said, "is_rural": said.get("rural"), "founded_on": founded_on.isoformat() if founded_on else ""}
        counts[_cell(
            country, counts_for_parity(judged, cast(Counting, parity["counts"])),
            {name: attribute(facts, name) for name in named}, {each: place_of(each, facts, closed_on) for each in ties})] += count
    return counts


def _cell(country: str, womens: str, named: Mapping[str, str], places: Mapping[str, int]) -> Cell:
    shown = {COUNTRY: country, WOMENS: womens, **dict(sorted(named.items())), **{_TIE + each: str(place) for each, place in places.items()}}
    return tuple((column, (value,)) for column, value in shown.items())


def _value(column: str, value: str, protocol: Mapping[str, Any]) -> str:
    if column.startswith(_TIE):
        return place_name(column.removeprefix(_TIE), int(value))
    return value_name(column, value, protocol)


def _rare(counts: Mapping[Cell, int]) -> list[Rare]:
    return [Rare(cell, count) for cell, count in counts.items() if count < LEAST]


def _ordered(rare: Iterable[Rare]) -> list[Rare]:
    return sorted(rare, key=lambda each: (each.count, each.cell))


def _cell_of(quota: Quota) -> Cell:
    return tuple((column, values) for where in (quota.where, quota.of or {}) for column, values in where.items())


def _covered(quota: Quota, counts: Mapping[Cell, int]) -> int:
    def is_covered(cell: Cell) -> bool:
        shown = {column: values[0] for column, values in cell}
        return all(shown[column] in values for where in (quota.where, quota.of or {}) for column, values in where.items())

    return sum(count for cell, count in counts.items() if is_covered(cell))

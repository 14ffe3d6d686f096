"""Reads firms for pages and other rooms: one page of the list, everything of one firm, contacts; changes nothing.

Lists walk the index of their order from a known row on (keyset), so page 2,000 costs what page 1 costs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select, tuple_
from sqlalchemy.orm import Session, selectinload

from cohort import reference
from cohort.firms.facts import plain
from cohort.firms.models import ConsentEntry, Firm, FirmPerson, FirmSize, OwnershipDeclaration
from cohort.kit import audit
from cohort.kit.access import ASKED_OFTEN
from cohort.kit.errors import DomainError
from cohort.rules.size import SECTORS

PAGE_ROWS = 50
COUNTED_ROWS = 1000  # a count stops here and says "1,000+": nobody pages through more, everybody waits for it
SIZES = ("micro", "small", "medium", "large", "unknown")
WOMEN = ("either", "owned", "led", "no", "unknown")
_PAST_ALL = "\U0010ffff"


@dataclass(frozen=True)
class FirmFilters:
    """What the list is narrowed to; empty text does not narrow. `search` is a name's beginning or a tax id."""

    country: str = ""
    size: str = ""
    women: str = ""
    sector: str = ""
    search: str = ""

    def refuse_unknown(self) -> None:
        """Raise `DomainError("filter_unknown")` for a value that no list offers."""
        offered = ((self.country, tuple(reference.countries())), (self.size, SIZES), (self.women, WOMEN),
                   (self.sector, SECTORS))
        for value, known in offered:
            if value and value not in known:
                raise DomainError("filter_unknown", value=value)


class FirmLine(NamedTuple):
    """What the list shows of a firm, and what the order of the list is read from; fields named as the columns."""

    id: int
    country: str
    legal_name: str
    trade_name: str
    tax_id: str
    sort_name: str
    sector: str
    size_class: str
    women_owned: str
    women_led: str
    ownership_verified: bool


@dataclass(frozen=True)
class FirmPage:
    """Up to 50 firms and the keys of the rows around them."""

    firms: Sequence[FirmLine]
    previous_key: str
    next_key: str


@dataclass(frozen=True)
class FirmDetail:
    """Everything one firm's page shows, latest first."""

    firm: Firm
    people: list[FirmPerson]
    sizes: list[FirmSize]
    declarations: list[OwnershipDeclaration]
    consents: list[ConsentEntry]
    history: list[audit.AuditEntry]


def firm_page(session: Session, filters: FirmFilters, after: str = "", before: str = "") -> FirmPage:
    """Return a page of firms in the order of their names, from `after` one key on or back from `before`.

    One query, whatever the register holds. Errors: DomainError `filter_unknown` for a filter or key that no
    page offers.
    """
    filters.refuse_unknown()
    backwards = bool(before)
    bounds = _key(before or after) if before or after else {}
    statement = _page_statement(filters, "before" if before else "after" if after else "first")
    rows = session.execute(statement, bounds).all()
    has_more, shown = len(rows) > PAGE_ROWS, [FirmLine._make(row) for row in rows[:PAGE_ROWS]]
    if backwards:
        shown.reverse()
    first, last = (key_of(shown[0], filters), key_of(shown[-1], filters)) if shown else ("", "")
    return FirmPage(
        shown,
        previous_key=first if (has_more if backwards else bool(after)) else "",
        next_key=last if (backwards or has_more) else "",
    )


@lru_cache(maxsize=200)  # the first page of few filters is most of what is asked
def _page_statement(filters: FirmFilters, part: Literal["first", "before", "after"]) -> Select[*tuple[Any, ...]]:
    """Return the statement of a page: the first one, or the one beside the row `bound_value`, `bound_id`."""
    order = _order(filters)
    statement = select(*(getattr(Firm, name) for name in FirmLine._fields)).where(*_criteria(filters))
    if part != "first":
        here, bound = tuple_(*order), tuple_(bindparam("bound_value", type_=order[0].type), bindparam("bound_id", type_=Firm.id.type))
        statement = statement.where(here < bound if part == "before" else here > bound)
    ordered = [column.desc() for column in order] if part == "before" else list(order)
    return statement.order_by(*ordered).limit(PAGE_ROWS + 1).execution_options(**{ASKED_OFTEN: True})


def count_firms(session: Session, filters: FirmFilters) -> int | None:
    """Return how many firms the filters leave within reach, or None above 1,000."""
    filters.refuse_unknown()
    some = select(Firm.id).where(*_criteria(filters)).limit(COUNTED_ROWS + 1).subquery()
    counted = session.scalar(select(func.count()).select_from(some)) or 0
    return counted if counted <= COUNTED_ROWS else None


def key_of(row: FirmLine, filters: FirmFilters) -> str:
    """Return the place of a row in the order of the list, as it stands in an address."""
    return f"{row.id}~{row.tax_id if _is_tax_id(filters.search) else row.sort_name}"


def firm_rows(filters: FirmFilters) -> Select[Firm]:
    """Return the statement of all firms that the filters leave, in order, for downloads that stream."""
    filters.refuse_unknown()
    return select(Firm).where(*_criteria(filters)).order_by(*_order(filters))


def get_firm(session: Session, firm_id: int) -> Firm:
    """Return a firm within the reader's reach; DomainError `not_found` else."""
    firm = session.scalar(select(Firm).where(Firm.id == firm_id))
    if firm is None:
        raise DomainError("not_found")
    return firm


def firm_detail(session: Session, firm_id: int) -> FirmDetail:
    """Return all that one firm's page shows, by a fixed number of queries; DomainError `not_found` else."""
    firm = get_firm(session, firm_id)
    declared = select(OwnershipDeclaration).where(OwnershipDeclaration.firm_id == firm.id).options(
        selectinload(OwnershipDeclaration.verdicts), selectinload(OwnershipDeclaration.upload)
    )
    return FirmDetail(
        firm=firm,
        people=list(session.scalars(select(FirmPerson).where(FirmPerson.firm_id == firm.id).order_by(FirmPerson.id))),
        sizes=list(session.scalars(
            select(FirmSize).where(FirmSize.firm_id == firm.id).order_by(FirmSize.id.desc())
        )),
        declarations=list(session.scalars(declared.order_by(OwnershipDeclaration.id.desc()))),
        consents=list(session.scalars(
            select(ConsentEntry).where(ConsentEntry.firm_id == firm.id).order_by(ConsentEntry.id.desc())
        )),
        history=audit.history_of(session, firm),
    )


def contacts_of(session: Session, firm_ids: Sequence[int]) -> dict[int, list[FirmPerson]]:
    """Return the people who act for each firm now, oldest first; a firm without any is in the answer too."""
    found: dict[int, list[FirmPerson]] = {firm_id: [] for firm_id in firm_ids}
    statement = select(FirmPerson).where(FirmPerson.firm_id.in_(found), FirmPerson.until_on.is_(None))
    for person in session.scalars(statement.order_by(FirmPerson.firm_id, FirmPerson.id)):
        found[person.firm_id].append(person)
    return found


def _order(filters: FirmFilters) -> tuple[Any, Any]:
    # A tax number leaves a handful of rows; sorting them by name would tempt the planner to walk all names.
    return (Firm.tax_id if _is_tax_id(filters.search) else Firm.sort_name, Firm.id)


def _key(text: str) -> dict[str, str | int]:
    number, _mark, value = text.partition("~")
    if not number.isdecimal():
        raise DomainError("filter_unknown", value=text[:40])
    return {"bound_value": value, "bound_id": int(number)}


def _criteria(filters: FirmFilters) -> list[ColumnElement[bool]]:
    criteria: list[ColumnElement[bool]] = [Firm.merged_into_id.is_(None)]
    for column, value in ((Firm.country, filters.country), (Firm.size_class, filters.size), (Firm.sector, filters.sector)):
        if value:
            criteria.append(column == value)
    if filters.women:
        criteria.append(_women(filters.women))
    search = filters.search.strip()
    if _is_tax_id(search):
        number = _compact(search)
        if not filters.country:
            criteria.append(Firm.country.in_(tuple(reference.countries())))  # so that the unique index serves
        criteria.append(Firm.tax_id.between(number, number + "~"))
    elif search:
        criteria.append(and_(Firm.sort_name >= plain(search), Firm.sort_name < plain(search) + _PAST_ALL))
    return criteria


def _women(wanted: str) -> ColumnElement[bool]:
    owned, led = Firm.women_owned, Firm.women_led
    return {
        "owned": owned == "yes", "led": led == "yes", "either": or_(owned == "yes", led == "yes"),
        "no": and_(owned == "no", led == "no"),
        "unknown": and_(owned != "yes", led != "yes", or_(owned == "unknown", led == "unknown")),
    }[wanted]


def _is_tax_id(search: str) -> bool:
    compact = _compact(search)
    return len(re.findall("[0-9]", compact)) >= 5 and re.fullmatch("[0-9A-ZÑ&]{5,14}", compact) is not None


def _compact(search: str) -> str:
    return re.sub(r"[\s.\-/]", "", search).upper()


def last_consents(entries: Sequence[ConsentEntry]) -> dict[str, ConsentEntry]:
    """Return the last word on each purpose; `entries` come latest first."""
    last: dict[str, ConsentEntry] = {}
    for entry in entries:
        last.setdefault(entry.purpose, entry)
    return last

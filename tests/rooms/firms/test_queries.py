"""What other rooms read of firms, and that the list walks an index whatever it is narrowed to."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from cohort.firms import service
from cohort.firms.facts import NewPerson
from cohort.firms.models import Firm
from cohort.firms.profiles import _named, name_profile_with, profile_for
from cohort.firms.queries import FirmFilters, contacts_of, count_firms, firm_detail, firm_page
from cohort.kit.access import SYSTEM, act_as
from cohort.kit.database import db
from cohort.kit.errors import DomainError
from tests.rooms.firms.conftest import NOW, OBSERVER, coordinator, firm_person, make_firm


def test_contacts_are_those_who_act_for_the_firm_now(session: Session) -> None:
    firm, quiet = make_firm(session), make_firm(session, "PE", "20123456786")
    old, new = (service.add_person(session, SYSTEM, firm, NewPerson(name=name, email=f"{name}@x.cl")) for name in ("old", "new"))
    service.end_person(session, SYSTEM, old)
    assert contacts_of(session, [firm.id, quiet.id]) == {firm.id: [new], quiet.id: []}
    act_as(session, coordinator("PE"))
    assert contacts_of(session, [firm.id]) == {firm.id: []}


def test_a_firm_out_of_reach_is_not_found(session: Session) -> None:
    firm = make_firm(session)
    for actor in (coordinator("PE"), firm_person(firm.id + 1)):
        act_as(session, actor)
        with pytest.raises(DomainError) as refused:
            firm_detail(session, firm.id)
        assert refused.value.code == "not_found"
    act_as(session, OBSERVER)
    assert firm_detail(session, firm.id).firm.id == firm.id


def test_a_page_that_was_asked_before_is_narrowed_anew_for_the_next_reader(session: Session) -> None:
    for country, number in (("CL", "760123453"), ("PE", "20123456786")):
        session.add(Firm(country=country, tax_id=number, legal_name=country, sort_name=country, recorded_at=NOW))
    session.flush()
    seen = []
    for actor in (OBSERVER, coordinator("PE"), coordinator("CL"), coordinator("PE"), firm_person(0), OBSERVER):
        act_as(session, actor)
        seen.append(([firm.country for firm in firm_page(session, FirmFilters()).firms], count_firms(session, FirmFilters())))
    both, chile, peru = (["CL", "PE"], 2), (["CL"], 1), (["PE"], 1)
    assert seen == [both, peru, chile, peru, ([], 0), both]


def test_more_than_a_thousand_are_not_counted_out(session: Session) -> None:
    session.add_all(Firm(country="CL", tax_id=f"{number}", legal_name="F", sort_name="f", recorded_at=NOW) for number in range(1001))
    session.flush()
    assert count_firms(session, FirmFilters()) is None
    assert count_firms(session, FirmFilters(search="g")) == 0


@pytest.mark.parametrize(("filters", "after", "expected"), [
    (FirmFilters(), "", "ix_firm_sort"), (FirmFilters(), "9~m", "ix_firm_sort"), (FirmFilters(search="tej"), "", "ix_firm_sort"),
    (FirmFilters(country="CL"), "9~m", "ix_firm_country_sort"), (FirmFilters(women="either", size="small"), "", "ix_firm_sort"),
    (FirmFilters(search="76123456"), "", "sqlite_autoindex_firm_1"),
])
def test_the_list_is_served_by_an_index(app: Flask, session: Session, filters: FirmFilters, after: str, expected: str) -> None:
    connection = db.engines[None]
    if connection.dialect.name != "sqlite":
        return
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        if "FROM firm" in statement and not statement.startswith("EXPLAIN"):
            asked.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    firm_page(session, filters, after)
    event.remove(connection, "before_cursor_execute", note)
    plans = [
        " ".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters))
        for statement, parameters in asked[:1]
    ]
    assert [(expected in plan, expected.startswith("ix") and "TEMP B-TREE" in plan) for plan in plans] == [(True, False)], plans


def test_the_room_of_plans_names_the_profile(session: Session) -> None:
    before = dict(_named)
    _named.clear()
    try:
        assert profile_for(session, SYSTEM) == "IWA34"
        name_profile_with(lambda _session, actor: "IFC" if actor.is_system else "WECONNECT")
        assert (profile_for(session, SYSTEM), profile_for(session, OBSERVER)) == ("IFC", "WECONNECT")
    finally:
        _named.clear()
        _named.update(before)

"""The room's pages: what each shows and to whom, what each refuses, and that a failed form keeps what was typed."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.firms import service
from cohort.firms.models import (
    ConsentEntry,
    Firm,
    FirmPerson,
    FirmSize,
    OwnershipDeclaration,
    OwnershipVerdict,
)
from cohort.kit.access import SYSTEM, Role, act_as
from cohort.kit.audit import AuditEntry
from cohort.kit.database import db, transaction
from cohort.kit.uploads import Upload
from cohort.rules.parity import OwnershipFacts
from tests.rooms.firms.conftest import NOW, SignIn, World, counted_queries, make_firm, post, read

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


@pytest.fixture
def looking(app: Flask):  # type: ignore[no-untyped-def]
    """A session for looking afterwards, apart from the request's."""
    with app.app_context():
        connection = db.engines[None]
    with Session(connection, join_transaction_mode="create_savepoint") as opened:
        yield opened


def test_the_list_says_the_answers_in_words(world: World, sign_in: SignIn) -> None:
    page = read(sign_in(Role.MANAGER).get("/firms/"))
    assert [word in page for word in ("Ñandú", "Cacao del Norte SAC", "2 firms", "Chile", "Peru", "we do not know", "76.123.456-0")] == [True] * 7
    assert "tag--plum" not in page


def test_a_coordinator_sees_her_country_and_nothing_of_another(world: World, sign_in: SignIn) -> None:
    client = sign_in(Role.COORDINATOR, "PE")
    page = read(client.get("/firms/"))
    assert ("Cacao del Norte" in page, "Ñandú" in page) == (True, False)
    for path in ("", "/edit", "/ownership", "/size", "/people/new", "/files/none"):
        assert client.get(f"/firms/{world.chile}{path}").status_code == 404


def test_a_firm_is_led_to_itself_and_sees_no_other(world: World, sign_in: SignIn) -> None:
    client = sign_in(Role.FIRM, "CL", world.chile)
    assert client.get("/firms/").location == "/firms/own"
    assert client.get("/firms/own").location == f"/firms/{world.chile}"
    page = read(client.get(f"/firms/{world.chile}"))
    assert ("Ñandú" in page, "Compare and verify" in page, "I agree" in page) == (True, False, True)
    assert client.get(f"/firms/{world.peru}").status_code == 404
    assert client.get("/firms/new").status_code == 403
    assert client.get("/firms/import").status_code == 403


@pytest.mark.parametrize("path", ["", "own", "new", "import", "1", "1/edit", "1/ownership", "1/size", "1/people/new", "1/files/x", "1/declarations/1/verdict"])
def test_nobody_sees_anything_signed_out(app: Flask, path: str) -> None:
    answer = app.test_client().get(f"/firms/{path}")
    assert (answer.status_code, answer.location.split("?")[0]) == (302, "/sign-in")


@pytest.mark.parametrize("role", [Role.EVALUATOR, Role.OBSERVER])
def test_roles_without_firms_are_told_so(world: World, sign_in: SignIn, role: Role) -> None:
    client = sign_in(role)
    assert [client.get(f"/firms/{path}").status_code for path in ("", "own", "new", "import", f"{world.chile}")] == [403] * 5


def test_own_without_a_firm_leads_nowhere(world: World, sign_in: SignIn) -> None:
    assert sign_in(Role.FIRM, "CL").get("/firms/own").status_code == 404


@pytest.mark.parametrize(("query", "names"), [
    ("country=PE", ["Cacao"]), ("women=owned", ["Ñandú"]), ("women=either", ["Ñandú"]), ("women=led", []),
    ("women=no", []), ("women=unknown", ["Cacao"]), ("size=unknown", ["Cacao", "Ñandú"]), ("size=micro", []),
    ("sector=commerce", ["Ñandú"]), ("search=NAND", ["Ñandú"]), ("search=andu", []), ("search=76.123", ["Ñandú"]),
    ("search=20123456786", ["Cacao"]), ("search=76.123&country=PE", []),
])
def test_filters(app: Flask, world: World, sign_in: SignIn, query: str, names: list[str]) -> None:
    with app.app_context(), transaction() as session:
        act_as(session, SYSTEM)
        service.declare_ownership(session, SYSTEM, session.get_one(Firm, world.chile), OwnershipFacts(Decimal(60), True, True, True), "IWA34")
    page = read(sign_in(Role.MANAGER).get(f"/firms/?{query}"))
    assert [name for name in ("Cacao", "Ñandú") if f"{name}" in page.split("<main", 1)[1].replace(f'value="{name}"', "")] == names


def test_a_filter_that_no_page_offers_is_refused(world: World, sign_in: SignIn) -> None:
    client = sign_in(Role.MANAGER)
    assert [client.get(f"/firms/?{query}").status_code for query in ("size=huge", "country=AR", "women=some", "sector=x", "after=x", "before=y~1")] == [400] * 6


def test_walking_forth_and_back_shows_every_firm_once(app: Flask, plan_id: int, sign_in: SignIn) -> None:
    fill(app, 120)
    client, seen, path = sign_in(Role.MANAGER), [], "/firms/"
    pages = []
    while path:
        page = read(client.get(path))
        pages.append(names_of(page))
        seen += pages[-1]
        path = link_of(page, "next")
    assert seen == [f"Firm {number:03}" for number in range(120)]
    back = link_of(page, "prev")
    assert names_of(read(client.get(back))) == pages[1]
    assert link_of(read(client.get(link_of(read(client.get(back)), "prev"))), "prev") == ""


@pytest.mark.parametrize("role", [Role.MANAGER, Role.COORDINATOR])
def test_the_list_takes_as_many_queries_for_one_firm_as_for_fifty(app: Flask, plan_id: int, sign_in: SignIn, role: Role) -> None:
    client = sign_in(role, "CL" if role is Role.COORDINATOR else None)
    counts, filled = [], 0
    for size in (1, 3, 60):
        fill(app, size, filled)
        filled = size
        with counted_queries(app) as statements:
            read(client.get("/firms/"))
        counts.append(len(statements))
    assert len(set(counts)) == 1, counts


def test_a_firm_page_takes_as_many_queries_for_one_declaration_as_for_many(app: Flask, world: World, sign_in: SignIn) -> None:
    client, counts = sign_in(Role.MANAGER), []
    for _round in range(3):
        with app.app_context(), transaction() as session:
            act_as(session, SYSTEM)
            for _each in range(1 if not counts else 20):
                service.declare_ownership(session, SYSTEM, session.get_one(Firm, world.chile), OwnershipFacts(), "IWA34")
        with counted_queries(app) as statements:
            read(client.get(f"/firms/{world.chile}"))
        counts.append(len(statements))
    assert len(set(counts)) == 1, counts


def test_registering_a_firm(looking: Session, plan_id: int, sign_in: SignIn) -> None:
    client = sign_in(Role.COORDINATOR, "CO")
    read(client.get("/firms/new"))
    answer = post(client, "/firms/new", country="CO", tax_id="900123456", check_digit="8", legal_name="Café del Sur",
                  is_rural="yes", sells_online="unknown", founded_on="2020-02-29")
    firm = looking.scalars(select(Firm)).one()
    assert (answer.status_code, answer.location) == (302, f"/firms/{firm.id}")
    assert (firm.tax_id, firm.is_rural, firm.sells_online, str(firm.founded_on)) == ("9001234568", True, None, "2020-02-29")


@pytest.mark.parametrize(("typed", "sentence"), [
    ({"tax_id": "76.123.456-1"}, "The tax number cannot be right"),
    ({"legal_name": ""}, "This cannot stay empty."),
    ({"founded_on": "31/03/2019"}, "is no day. Expected: such as 2019-03-31."),
    ({"tax_id": "76.123.456-0"}, "is on the register already"),
])
def test_a_form_that_fails_keeps_what_was_typed(world: World, sign_in: SignIn, typed: dict[str, str], sentence: str) -> None:
    facts = {"country": "CL", "tax_id": "96.543.210-0", "legal_name": "Bodega Sur", "city": "Puerto Montt", "is_rural": "no", "sells_online": "unknown"}
    page = read(post(sign_in(Role.MANAGER), "/firms/new", **{**facts, **typed}), 422)
    assert (sentence in page, 'value="Puerto Montt"' in page) == (True, True)


def test_a_doubtful_rfc_is_read_back_and_taken_by_a_tick(looking: Session, plan_id: int, sign_in: SignIn) -> None:
    client = sign_in(Role.MANAGER)
    facts = {"country": "MX", "tax_id": "CPA190301AB9", "legal_name": "Papel", "is_rural": "unknown", "sells_online": "unknown"}
    page = read(post(client, "/firms/new", **facts), 422)
    assert ("Please read the tax number back" in page, 'name="confirmed"' in page) == (True, True)
    assert post(client, "/firms/new", **facts, confirmed="y").status_code == 302
    assert looking.scalars(select(Firm.tax_id_status)).all() == ["warning"]


def test_a_firm_changes_its_own_profile(looking: Session, world: World, sign_in: SignIn) -> None:
    client = sign_in(Role.FIRM, "CL", world.chile)
    read(client.get(f"/firms/{world.chile}/edit"))
    answer = post(client, f"/firms/{world.chile}/edit", legal_name="Tejidos Aymara SpA", trade_name="", city="Arica", is_rural="unknown", sells_online="yes")
    firm = looking.get_one(Firm, world.chile)
    assert (answer.status_code, firm.city, firm.trade_name, firm.sells_online) == (302, "Arica", "", True)
    read(post(client, f"/firms/{world.chile}/edit", legal_name="", is_rural="unknown", sells_online="yes"), 422)


def ownership(**typed: object) -> dict[str, object]:
    questions = ("women_control", "woman_signatory", "independent", "woman_chief_executive", "owner_is_woman", "woman_decides_alone")
    return {"kind": "company", **dict.fromkeys(questions, "unknown"), **typed}


def test_ownership_from_declaration_to_verdict(looking: Session, world: World, sign_in: SignIn) -> None:
    firm, staff = sign_in(Role.FIRM, "CL", world.chile), sign_in(Role.COORDINATOR, "CL")
    path = f"/firms/{world.chile}"
    read(firm.get(f"{path}/ownership"))
    answer = post(firm, f"{path}/ownership", **ownership(
        women_ownership_pct="66,67", women_control="yes", woman_signatory="yes", independent="yes", board_total="0",
        evidence=(BytesIO(PDF), "estatutos.pdf")))
    assert answer.status_code == 302
    declaration, upload = looking.scalars(select(OwnershipDeclaration)).one(), looking.scalars(select(Upload)).one()
    assert (declaration.women_ownership_pct, declaration.women_owned, declaration.women_led, declaration.upload_id) == ("66.67", "yes", "yes", upload.id)

    page = read(staff.get(path))
    assert ("tag--plum" in page, "not yet verified" in page, "Compare and verify" in page) == (True, True, True)
    verdict = f"{path}/declarations/{declaration.id}/verdict"
    read(staff.get(verdict))
    assert firm.get(verdict).status_code == 403
    page = read(post(staff, verdict, verdict="refuted", reason=""), 422)
    assert "Say why" in page
    read(post(staff, verdict, reason="x"), 422)
    assert post(staff, verdict, verdict="verified").status_code == 302
    assert looking.scalars(select(OwnershipVerdict.verdict)).all() == ["verified"]
    assert staff.get(f"{path}/declarations/{declaration.id + 1}/verdict").status_code == 404
    assert "Verified" in read(firm.get(path))


@pytest.mark.parametrize(("typed", "sentence"), [
    ({"women_ownership_pct": "120"}, "is no percentage"), ({"women_ownership_pct": "half"}, "is no percentage"),
    ({"board_total": "3", "board_women": "4"}, "cannot be"), ({"declared_on": "2027-01-01"}, "has not come yet"),
    ({"evidence": b"MZ plain"}, "is not a PDF or a photo"),
])
def test_ownership_that_is_refused(looking: Session, world: World, sign_in: SignIn, typed: dict[str, object], sentence: str) -> None:
    files = {name: (BytesIO(value), "a.exe") for name, value in typed.items() if isinstance(value, bytes)}
    page = read(post(sign_in(Role.MANAGER), f"/firms/{world.chile}/ownership", **ownership(**{**typed, **files})), 422)
    assert sentence in page
    assert looking.scalars(select(OwnershipDeclaration)).all() == []


def test_documents_go_out_under_a_neutral_name_to_those_who_may(app: Flask, looking: Session, world: World, sign_in: SignIn) -> None:
    firm = sign_in(Role.FIRM, "CL", world.chile)
    post(firm, f"/firms/{world.chile}/ownership", **ownership(evidence=(BytesIO(PDF), "registro de María.pdf")))
    upload = looking.scalars(select(Upload)).one()
    path = f"/firms/{world.chile}/files/{upload.token}"
    for client in (firm, sign_in(Role.COORDINATOR, "CL"), sign_in(Role.MANAGER)):
        answer = client.get(path, buffered=True)
        assert (answer.status_code, answer.data, answer.headers["Content-Disposition"], answer.headers["X-Content-Type-Options"]) == (
            200, PDF, f"attachment; filename=firm-{world.chile}-ownership-{upload.id}.pdf", "nosniff")
    assert sign_in(Role.COACH, None, world.chile).get(path).status_code == 403
    assert sign_in(Role.COORDINATOR, "PE").get(path).status_code == 404
    assert sign_in(Role.FIRM, "PE", world.peru).get(f"/firms/{world.peru}/files/{upload.token}").status_code == 404
    with app.app_context():
        upload.path.unlink()
    assert firm.get(path).status_code == 404


def test_size_reads_an_ambiguous_amount_back_first(looking: Session, world: World, sign_in: SignIn) -> None:
    client, path = sign_in(Role.FIRM, "CL", world.chile), f"/firms/{world.chile}/size"
    read(client.get(path))
    page = read(post(client, path, sales_year="2025", annual_sales="95.347", employees="4"), 422)
    assert ("We read this as 95,347" in page, "annual_sales=95.347" in page) == (True, True)
    assert post(client, path, sales_year="2025", annual_sales="95.347", employees="4", read_back="annual_sales=95.347").status_code == 302
    row = looking.scalars(select(FirmSize)).one()
    assert (row.annual_sales_minor, row.size_class) == (95347, "micro")
    assert "up to 2,400" in read(client.get(f"/firms/{world.chile}"))


@pytest.mark.parametrize(("typed", "sentence"), [
    ({"annual_sales": "much"}, "is no number"), ({"employees": "few"}, "is no whole number"), ({"sales_year": "2030"}, "cannot be the year"), ({"annual_sales": "-5"}, "below zero"),
])
def test_sizes_that_are_refused(world: World, sign_in: SignIn, typed: dict[str, str], sentence: str) -> None:
    assert sentence in read(post(sign_in(Role.MANAGER), f"/firms/{world.chile}/size", **typed), 422)


def test_people_come_and_go(looking: Session, world: World, sign_in: SignIn) -> None:
    client, path = sign_in(Role.COORDINATOR, "CL"), f"/firms/{world.chile}"
    read(client.get(f"{path}/people/new"))
    page = read(post(client, f"{path}/people/new", name="Ana", language="es"), 422)
    assert "Give a mail address or a telephone number" in page
    assert post(client, f"{path}/people/new", name="Ana", email="ana@x.cl", language="es").status_code == 302
    person = looking.scalars(select(FirmPerson)).one()
    assert "ana@x.cl" in read(client.get(path))
    assert post(client, f"{path}/people/{person.id}/end", path).status_code == 302
    looking.refresh(person)
    assert str(person.until_on) == "2026-11-24"
    assert post(client, f"{path}/people/{person.id + 1}/end", path).status_code == 404


def test_consents_are_given_by_the_firm_and_taken_back_by_either(looking: Session, world: World, sign_in: SignIn) -> None:
    path = f"/firms/{world.chile}"
    firm, staff = sign_in(Role.FIRM, "CL", world.chile), sign_in(Role.COORDINATOR, "CL")
    typed = {"purpose": "email_news", "version": "2026-1", "given": "yes"}
    assert post(staff, f"{path}/consents", path, **typed).status_code == 403
    assert post(firm, f"{path}/consents", path, **typed).status_code == 302
    assert post(firm, f"{path}/consents", path, **{**typed, "version": "1999"}).status_code == 422
    assert "Take back" in read(staff.get(path))
    assert post(staff, f"{path}/consents", path, **{**typed, "given": "no"}).status_code == 302
    assert [entry.is_given for entry in looking.scalars(select(ConsentEntry).order_by(ConsentEntry.id))] == [True, False]


def test_numbers_of_natural_persons_are_masked_in_the_list(app: Flask, world: World, sign_in: SignIn) -> None:
    with app.app_context(), transaction() as session:
        act_as(session, SYSTEM)
        firm_id = make_firm(session, "CL", "12345678-5").id
    page = read(sign_in(Role.MANAGER).get("/firms/"))
    assert ("••••••785" in page, "12.345.678-5" in page) == (True, False)
    assert "12.345.678-5" in read(sign_in(Role.MANAGER).get(f"/firms/{firm_id}"))
    assert "12.345.678-5" not in read(sign_in(Role.COACH, None, firm_id).get(f"/firms/{firm_id}"))


def test_the_history_names_who_did_what(looking: Session, world: World, sign_in: SignIn) -> None:
    client = sign_in(Role.FIRM, "CL", world.chile)
    post(client, f"/firms/{world.chile}/size", sales_year="2025", annual_sales="1")
    page = read(client.get(f"/firms/{world.chile}"))
    assert ("declared the size of a year" in page, "Firm1" in page, "registered the firm" in page) == (True, True, True)
    assert looking.scalars(select(AuditEntry.action).order_by(AuditEntry.seq)).all()[-1] == "size.declared"


def fill(app: Flask, size: int, present: int = 0) -> None:
    """Have `size` firms of Chile on the register, named in order."""
    with app.app_context(), transaction() as session:
        session.add_all(
            Firm(country="CL", tax_id=f"{number:09}", legal_name=f"Firm {number:03}", sort_name=f"firm {number:03}", recorded_at=NOW)
            for number in range(present, size)
        )


def names_of(page: str) -> list[str]:
    return [part.split("<")[0].strip() for part in page.split('<th scope="row"')[1:] for part in [part.split('">')[2]]]


def link_of(page: str, rel: str) -> str:
    marks = page.split(f'rel="{rel}" href="')
    return marks[1].split('"')[0].replace("&amp;", "&") if len(marks) > 1 else ""

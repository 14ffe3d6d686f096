"""Every page of the room for each role: what it shows, what it refuses, and that nothing typed is lost."""

from __future__ import annotations

import io
import re
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.exports import service
from cohort.exports.flags.nightly import judge_night
from cohort.exports.models import Export
from cohort.kit.access import SYSTEM
from cohort.kit.database import transaction
from cohort.kit.uploads import Upload
from cohort.plans.models import Plan
from tests.rooms.exports.conftest import (
    CONI,
    FLOR,
    MARA,
    NOW,
    OTTO,
    PIA,
    SignIn,
    World,
    coni,
    counted_queries,
    log,
    post,
    rate,
    read,
    token_of,
    verified,
)

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
TYPED = {
    "destination": "MX", "exported_on": "2026-11-20", "amount": "480000", "currency": "CLP", "product": "Chales",
    "channel": "marketplace|Mercado Libre",
}


def key_of(text: str) -> str:
    found = re.search(r'name="request_key"[^>]*value="([^"]+)"', text)
    assert found
    return found[1]


def make(app: Flask, world: World, act, **more):  # type: ignore[no-untyped-def]
    with app.app_context(), transaction() as session:
        return act(session, world, **more).id


def test_the_phone_form_offers_partners_and_remembers(app: Flask, world: World, sign_in: SignIn) -> None:
    make(app, world, log, product="Mantas", currency="CLP")
    text = read(sign_in(FLOR).get("/exports/new"))
    chips = re.findall(r'name="destination"[^>]*value="(\w+)"', text)
    assert chips == ["CO", "MX", "PE", "other"]
    assert 'value="Mantas"' in text
    assert 'value="2026-11-24"' in text
    assert "HS code" not in text
    assert "Incoterm" not in text


def test_a_firm_logs_with_a_photo_and_reads_what_is_next(app: Flask, world: World, look: Session, sign_in: SignIn) -> None:
    rate(look)
    look.commit()
    client = sign_in(FLOR)
    answer = post(client, "/exports/new", **TYPED, proof=(io.BytesIO(PDF), "factura.pdf"))
    export = look.scalars(select(Export)).one()
    assert answer.location == f"/exports/{export.id}"
    text = read(client.get(answer.location))
    assert "Your coordinator checks it by" in text
    assert "2 quarters with sales to go to be a recurring exporter." in text
    assert "US$ 508,40" in text or "US$ 508.40" in text
    assert (export.fob_usd_cents, export.rate_on, export.rate_source, export.entered_for_firm) == (50840, date(2026, 11, 20), "BCCh", False)
    assert [proof.upload.original_name for proof in export.proofs] == ["factura.pdf"]
    token = export.proofs[0].upload.token
    file = client.get(f"/exports/{export.id}/files/{token}")
    assert file.data == PDF
    file.close()
    assert file.headers["Content-Disposition"] == f"attachment; filename=export-{export.id}-{export.proofs[0].upload_id}.pdf"


def test_a_double_click_logs_once(app: Flask, world: World, look: Session, sign_in: SignIn) -> None:
    client = sign_in(FLOR)
    key = key_of(client.get("/exports/new").text)
    first = post(client, "/exports/new", **TYPED, request_key=key)
    second = post(client, "/exports/new", **TYPED, request_key=key)
    assert first.location == second.location
    assert len(look.scalars(select(Export)).all()) == 1


def test_an_ambiguous_amount_is_read_back_and_keeps_everything(app: Flask, world: World, look: Session, sign_in: SignIn) -> None:
    client = sign_in(FLOR)
    answer = post(client, "/exports/new", **{**TYPED, "amount": "1.234"}, proof=(io.BytesIO(PDF), "guia.pdf"))
    text = read(answer, 422)
    assert "You typed “1.234”; we read it as 1234." in text
    assert "We have your file “guia.pdf”" in text
    assert look.scalars(select(Export)).all() == []
    kept = re.search(r'name="kept_file"[^>]*value="([^"]+)"', text)
    assert kept
    again = post(client, "/exports/new", **{**TYPED, "amount": "1234"}, kept_file=kept[1], request_key=key_of(text))
    assert again.status_code == 302
    export = look.scalars(select(Export)).one()
    assert (export.value_minor, [proof.upload.original_name for proof in export.proofs]) == (1234, ["guia.pdf"])


def test_a_file_of_another_person_cannot_be_taken(app: Flask, world: World, look: Session, sign_in: SignIn) -> None:
    peru = make(app, world, log, actor=SYSTEM, firm_id=world.peru)
    client = sign_in(MARA)
    post(client, f"/exports/{peru}/proof", f"/exports/{peru}", kind="invoice", proof=(io.BytesIO(PDF), "x.pdf"))
    token = look.scalars(select(Upload.token)).one()
    post(sign_in(FLOR), "/exports/new", **TYPED, kept_file=token)
    export = look.scalars(select(Export).where(Export.firm_id == world.chile)).one()
    assert export.proofs == []


@pytest.mark.parametrize(("name", "content", "said"), [
    ("a.exe", b"MZ\x90\x00 not a picture", "is not a PDF or a photo"),
    ("b.pdf", b"", "The file is empty"),
    ("c.pdf", b"%PDF-" + b"x" * (10 * 1024 * 1024), "up to 10 MB"),
])
def test_wrong_files_are_told_on_the_form(app: Flask, world: World, look: Session, sign_in: SignIn, name: str, content: bytes, said: str) -> None:
    text = read(post(sign_in(FLOR), "/exports/new", **TYPED, proof=(io.BytesIO(content), name)), 422)
    assert said in text
    assert 'value="Chales"' in text
    assert look.scalars(select(Export)).all() == []


@pytest.mark.parametrize(("changed", "said"), [
    ({"destination": ""}, "Choose the country."), ({"destination": "other"}, "Choose the country."),
    ({"exported_on": "2026-11-25"}, "lies in the future"), ({"exported_on": "2025-11-25"}, "joined on"),
    ({"amount": "mucho"}, "is no amount"), ({"amount": "0"}, "more than zero"), ({"amount": "5,50"}, "at most 0 decimals"),
    ({"product": ""}, "what was sold"), ({"currency": "XXX"}, "Not a valid choice"), ({"destination": "CL"}, "Not a valid choice"),
])
def test_faults_are_told_and_nothing_typed_is_lost(app: Flask, world: World, look: Session, sign_in: SignIn, changed: dict[str, str], said: str) -> None:
    text = read(post(sign_in(FLOR), "/exports/new", **{**TYPED, **changed}), 422)
    assert said in text
    assert f'value="{changed.get("amount", "480000")}"' in text
    assert look.scalars(select(Export)).all() == []


def test_an_export_elsewhere_is_logged_but_does_not_count(app: Flask, world: World, look: Session, sign_in: SignIn) -> None:
    client = sign_in(FLOR)
    answer = post(client, "/exports/new", **{**TYPED, "destination": "other", "currency": "USD", "amount": "400"}, other_destination="BR")
    number = int(answer.location.rsplit("/", 1)[1])
    checker = sign_in(CONI)
    post(checker, f"/exports/{number}/verify", f"/exports/{number}", document_type="DUS", document_number="9")
    text = read(client.get(answer.location))
    assert "It does not count towards recurring: the country it went to is not a destination of the plan." in text


def test_staff_enter_for_a_firm_which_confirms(app: Flask, world: World, look: Session, sign_in: SignIn) -> None:
    staff, firm = sign_in(CONI), sign_in(FLOR)
    assert "Hilos del Sur" in read(staff.get("/exports/new"))
    assert "HS code" in read(staff.get(f"/exports/new?firm={world.chile}"))
    answer = post(staff, f"/exports/new?firm={world.chile}", **TYPED, hs_code="6214.20")
    own = read(staff.get(answer.location))
    assert "Check it" not in own
    assert read(firm.get(answer.location)).count("Yes, this is our export") == 1
    post(firm, answer.location + "/confirm", answer.location)
    assert "Yes, this is our export" not in read(firm.get(answer.location))
    assert "Check it" in read(staff.get(answer.location))
    export = look.scalars(select(Export)).one()
    assert (export.hs_code, export.entered_for_firm, export.logged_by) == ("621420", True, CONI)


def test_nobody_enters_for_a_firm_of_another_country(app: Flask, world: World, sign_in: SignIn) -> None:
    assert sign_in(PIA).get(f"/exports/new?firm={world.chile}").status_code == 404


def test_a_verifier_answers_and_goes_on(app: Flask, world: World, look: Session, sign_in: SignIn) -> None:
    first, second = make(app, world, log), make(app, world, log, product="Mantas")
    client = sign_in(CONI)
    assert client.get("/exports/queue").location == f"/exports/{first}"
    text = read(client.get(f"/exports/{first}"))
    assert text.index('name="document_type"') < text.index('name="document_number"')
    wrong = read(post(client, f"/exports/{first}/verify", f"/exports/{first}", document_type="INVOICE", document_number="7"), 422)
    assert "An invoice and a payment alone do not suffice" in wrong
    assert 'value="7"' in wrong
    assert "Type the number" in read(post(client, f"/exports/{first}/verify", f"/exports/{first}", document_type="DUS"), 422)
    done = post(client, f"/exports/{first}/verify", f"/exports/{first}", document_type="DUS", document_number="77-1")
    assert done.location == f"/exports/queue?after={first}"
    assert client.get(done.location).location == f"/exports/{second}"
    back = post(client, f"/exports/{second}/refuse", f"/exports/{second}", reason="The number cannot be read")
    assert back.location == f"/exports/queue?after={second}"
    assert client.get(back.location).location == "/exports/"
    states = look.execute(select(Export.id, Export.state).order_by(Export.id)).all()
    assert [tuple(row) for row in states] == [(first, "verified"), (second, "refused")]
    assert "The number cannot be read" in read(sign_in(FLOR).get(f"/exports/{second}"))


def test_two_verifiers_at_once_one_is_told(app: Flask, world: World, sign_in: SignIn) -> None:
    number = make(app, world, log)
    first, second = sign_in(CONI), sign_in(MARA)
    token = token_of(second, f"/exports/{number}")
    post(first, f"/exports/{number}/verify", f"/exports/{number}", document_type="DUS", document_number="1")
    answer = second.post(f"/exports/{number}/verify", data={"csrf_token": token, "document_type": "DUS", "document_number": "2"})
    assert answer.location == f"/exports/{number}"
    text = read(second.get(answer.location))
    assert "answered this export already" in text
    assert "DUS) 1" in text


def test_a_firm_corrects_what_was_sent_back(app: Flask, world: World, look: Session, sign_in: SignIn) -> None:
    number = make(app, world, log)
    with app.app_context(), transaction() as writing:
        service.refuse_export(writing, coni(world), writing.get_one(Export, number), "No value")
    client = sign_in(FLOR)
    text = read(client.get(f"/exports/{number}/edit"))
    assert 'value="400"' in text
    assert "Say why" in read(post(client, f"/exports/{number}/edit", **{**TYPED, "amount": "450", "currency": "USD"}), 422)
    done = post(client, f"/exports/{number}/edit", **{**TYPED, "amount": "450", "currency": "USD"}, reason="Value added")
    assert done.location == f"/exports/{number}"
    export = look.scalars(select(Export)).one()
    assert (export.state, export.value_minor) == ("waiting", 45000)
    assert post(client, f"/exports/{number}/withdraw", reason="Cancelled").status_code == 302
    assert read(client.get(f"/exports/{number}")).count("Cancelled") >= 1
    assert client.get(f"/exports/{number}/edit").status_code == 422


def test_reopen_and_refund(app: Flask, world: World, look: Session, sign_in: SignIn) -> None:
    number = make(app, world, verified)
    client = sign_in(CONI)
    assert "is no amount" in read(post(client, f"/exports/{number}/refund", refund="x", reason="Back"), 422)
    assert "at most what is left" in read(post(client, f"/exports/{number}/refund", refund="500", reason="Back"), 422)
    post(client, f"/exports/{number}/refund", refund="150,50", reason="One came back")
    assert "US$ 249,50" in client.get(f"/exports/{number}").text or "US$249.50" in client.get(f"/exports/{number}").text or "249.50" in client.get(f"/exports/{number}").text
    post(client, f"/exports/{number}/reopen", reason="Wrong document")
    assert look.scalars(select(Export.state)).one() == "waiting"


def test_lists_filters_and_downloads(app: Flask, world: World, sign_in: SignIn) -> None:
    make(app, world, verified, product="=HYPERLINK(1)")
    make(app, world, log, product="Mantas")
    make(app, world, log, actor=SYSTEM, firm_id=world.peru, product="Cacao")
    client = sign_in(MARA)
    text = read(client.get("/exports/"))
    assert [name in text for name in ("HYPERLINK", "Mantas", "Cacao")] == [True, True, True]
    only = read(client.get(f"/exports/?state=waiting&country=CL&firm={world.chile}"))
    assert [name in only for name in ("HYPERLINK", "Mantas", "Cacao")] == [False, True, False]
    assert client.get("/exports/?state=lost").status_code == 404
    assert "No export fits" in read(client.get("/exports/?state=withdrawn"))
    csv = post(client, "/exports/download/csv?country=CL", "/exports/")
    lines = csv.data.decode("utf-8-sig").splitlines()
    assert lines[0].split(";")[:7] == ["export", "country", "tax_id", "firm", "date", "destination", "product"]
    assert len(lines) == 3
    assert "'=HYPERLINK(1)" in lines[1] + lines[2]
    assert post(client, "/exports/download/xlsx", "/exports/").data[:2] == b"PK"
    coordinator = read(sign_in(CONI).get("/exports/"))
    assert "Cacao" not in coordinator


def test_reach_is_held_on_every_page(app: Flask, world: World, sign_in: SignIn) -> None:
    peru = make(app, world, log, actor=SYSTEM, firm_id=world.peru)
    firm, other, observer, nobody = sign_in(FLOR), sign_in(CONI), sign_in(OTTO), app.test_client()
    for path in (f"/exports/{peru}", f"/exports/{peru}/edit", f"/exports/{peru}/withdraw", f"/exports/{peru}/files/abc"):
        assert (firm.get(path).status_code, other.get(path).status_code, observer.get(path).status_code) == (404, 404, 403), path
        assert nobody.get(path).location.startswith("/sign-in"), path
    assert firm.get("/exports/queue").status_code == 403
    assert firm.get("/exports/flags/").status_code == 403
    own = make(app, world, log)
    assert post(firm, f"/exports/{own}/verify", f"/exports/{own}", document_type="DUS", document_number="1").status_code == 403


def test_the_flag_list_and_the_reason(app: Flask, world: World, look: Session, sign_in: SignIn) -> None:
    for day in (date(2026, 2, 10), date(2026, 5, 20), date(2026, 9, 1)):
        make(app, world, verified, exported_on=day)
    with app.app_context(), transaction() as writing:
        plan = writing.get_one(Plan, world.plan)
        judge_night(writing, plan, NOW.date())
    client = sign_in(MARA)
    text = read(client.get("/exports/flags/"))
    assert [name in text for name in ("Hilos del Sur", "Recurring", "MX", "Cacao del Norte")] == [True, True, True, True]
    only = read(client.get("/exports/flags/?stage=recurring&country=CL"))
    assert "Cacao del Norte" not in only
    assert client.get("/exports/flags/?stage=best").status_code == 404
    number = re.search(r"/exports/flags/(\d+)", text)
    assert number
    why = read(client.get(f"/exports/flags/{number[1]}"))
    assert [word in why for word in ("recurrence-1", "1 September 2026", "Exports counted", "US$ 1")] == [True, True, True, True] or "recurrence-1" in why
    observer = sign_in(OTTO)
    seen = read(observer.get("/exports/flags/"))
    assert "Hilos del Sur" not in seen
    assert observer.get(f"/exports/flags/{number[1]}").status_code == 403
    assert sign_in(PIA).get(f"/exports/flags/{number[1]}").status_code == 404


@pytest.mark.parametrize("path", ["/exports/", "/exports/flags/"])
def test_queries_do_not_grow_with_rows(app: Flask, world: World, sign_in: SignIn, path: str) -> None:
    client = sign_in(MARA)
    counts = []
    for wanted in (1, 3, 50):
        with app.app_context(), transaction() as session:
            have = len(session.scalars(select(Export)).all())
            for _ in range(wanted - have):
                log(session, world)
        client.get(path)
        with counted_queries(app) as statements:
            read(client.get(path))
        counts.append(len(statements))
    assert counts[0] == counts[1] == counts[2]


def test_dollars_are_said_while_typing(app: Flask, world: World, look: Session, sign_in: SignIn) -> None:
    rate(look)
    look.commit()
    client = sign_in(FLOR)
    asked = {"amount": "480000", "currency": "CLP", "on": "2026-11-22"}
    assert client.get("/exports/converted", query_string=asked).json == {"words": "US$ 508.40 at the rate of 20 Nov 2026"}
    assert client.get("/exports/converted", query_string={**asked, "currency": "PEN"}).json == {"words": "The rate of that day is not there yet; we convert it as soon as it is."}
    assert client.get("/exports/converted", query_string={**asked, "amount": "x"}).json == {"words": ""}
    assert client.get("/exports/converted", query_string={**asked, "currency": "USD"}).json == {"words": ""}

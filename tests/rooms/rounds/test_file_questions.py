"""A call asks for files: handed in with the form, replaced, sent with their hash, read by nobody who should not."""

from __future__ import annotations

import hashlib
import json
from io import BytesIO
from typing import Any

import pytest
from flask import current_app
from flask.testing import FlaskClient
from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from cohort.config import Settings
from cohort.kit import clock
from cohort.kit.errors import DomainError, sentence
from cohort.kit.uploads import MAX_BYTES, Upload
from cohort.rounds.applications import answers, entry, files, told
from cohort.rounds.applications import service as applications
from cohort.rounds.calls import question_drafts, service
from cohort.rounds.calls.parts import Question, questions_of
from cohort.rounds.calls.protocol import sha256_of
from cohort.rounds.models import Application, Round
from cohort.rounds.reviews import assigning, blind
from tests.rooms.rounds.conftest import AFTER, ANSWERS, Site, World, tax_id, token_of
from tests.rooms.rounds.pages import checked
from tests.rooms.rounds.reviews.conftest import RUBRIC, TERMS, evaluators_for

LETTER = Question("", "file", {"es": "Carta de compromiso", "en": "Commitment letter"}, {"es": "Firmada", "en": "Signed"})
DEED = Question("", "file", {"es": "Escritura", "en": "Deed"}, {"es": "", "en": ""}, is_needed=False, is_blind=True)
STORY = Question("", "short", {"es": "Su historia", "en": "Your story"}, {"es": "", "en": ""}, is_needed=False)
PDF, OTHER_PDF, PNG = b"%PDF-1.7 one", b"%PDF-1.7 two", b"\x89PNG\r\n\x1a\n" + bytes(40)
QUESTIONS = "/apply/2026-1/questions"


def file(content: bytes = PDF, name: str = "Carta Tejidos Ñandú.pdf") -> FileStorage:
    return FileStorage(BytesIO(content), filename=name)


def asking(world: World, *asked: Question, is_open: bool = True) -> Round:
    """A call, reviewed blind, with these questions."""
    round_ = world.call(is_open=False)
    for each in asked:
        question_drafts.add_question(world.session, world.manager, round_, each)
    round_.protocol = {**round_.protocol, "rubric": RUBRIC, "reviews": TERMS}
    if is_open:
        service.open_round(world.session, world.manager, round_)
    return round_


def draft(world: World, round_: Round, name: str = "nandu", country: str = "PE", number: int = 1) -> Application:
    """An application of a new firm, filled in but for the call's own questions."""
    typed, digit = tax_id(country, number)
    application = entry.begin(world.session, world.applicant(name, country), round_, entry.TaxNumber(country, typed, digit))
    said = {**ANSWERS, "company_name": "Tejidos Ñandú", "women_ownership_pct": "60"}
    applications.save_draft(world.session, world.actor(name), application, said)
    return application


def upload_of(session: Session, kept: answers.KeptFile) -> Upload:
    return session.get_one(Upload, kept.id)


def refused(act: object) -> str:
    with pytest.raises(DomainError) as refusal:
        act()  # type: ignore[operator]
    return refusal.value.code


def test_builder_offers_files_and_asks_for_five_at_most(world: World) -> None:
    round_ = asking(world, *[LETTER] * 5, is_open=False)
    assert [(each.name, each.kind) for each in questions_of(round_.protocol)] == [(f"q{place}", "file") for place in range(1, 6)]
    with pytest.raises(DomainError) as refusal:
        question_drafts.add_question(world.session, world.manager, round_, DEED)
    assert sentence(refusal.value) == "A call asks for at most 5 files."
    assert question_drafts.add_question(world.session, world.manager, round_, STORY) == "q6"
    assert refused(lambda: question_drafts.edit_question(
        world.session, world.manager, round_, Question("q6", "file", STORY.label, STORY.help))) == "question_files"


def test_answer_names_the_file_and_counts_as_answered(world: World) -> None:
    application, actor = draft(world, asking(world, LETTER, DEED)), world.actor("nandu")
    asked = questions_of(application.round.protocol)
    before = answers.Given(application.answers, "PE")
    assert (answers.missing(before, asked)[0], answers.missing(before, asked)[1][-1:]) == (["Commitment letter"], ["Deed"])
    kept = files.hand_in(world.session, actor, application, "q1", file())
    upload = upload_of(world.session, kept)
    assert json.loads(application.answers["q1"]) == {
        "id": upload.id, "name": "Carta Tejidos Ñandú.pdf", "media_type": "application/pdf", "size_bytes": len(PDF),
        "sha256": hashlib.sha256(PDF).hexdigest(),
    }
    assert (upload.purpose, upload.firm_id, upload.brought_by, upload.path.read_bytes()) == (
        "application", application.firm_id, actor.person_id, PDF)
    settings: Settings = current_app.extensions["settings"]
    assert upload.path.is_relative_to(settings.uploads)  # all below it goes into a backup
    after = answers.Given(application.answers, "PE")
    assert (answers.missing(after, asked)[0], answers.unread(after, asked)) == ([], [])
    assert answers.complete_share(after, asked) > answers.complete_share(before, asked)
    applications.save_draft(world.session, actor, application, {"city": "Puno", "q1": '{"id": 1}', "q2": "typed"})
    assert files.files_in(application, application.answers) == {"q1": kept}  # a draft keeps it, and nobody types one


@pytest.mark.parametrize(("content", "name", "message"), [
    (b"MZ not a document", "carta.pdf", "“carta.pdf” is not a PDF or a photo (JPG, PNG, WebP, HEIC). Save it as PDF or take a photo of it."),
    (b"", "carta.pdf", "The file is empty. Choose it again."),
    (PDF + bytes(MAX_BYTES), "carta.pdf", "The file has > 10 MB; up to 10 MB are accepted. A photo taken smaller will do."),
])
def test_a_refused_file_leaves_the_draft_as_it_was(world: World, content: bytes, name: str, message: str) -> None:
    application, actor = draft(world, asking(world, LETTER)), world.actor("nandu")
    kept = files.hand_in(world.session, actor, application, "q1", file())
    with pytest.raises(DomainError) as refusal:
        files.hand_in(world.session, actor, application, "q1", file(content, name))
    assert sentence(refusal.value) == message
    assert files.files_in(application, application.answers) == {"q1": kept}


def test_what_was_sent_keeps_its_file_and_its_hash_covers_it(world: World) -> None:
    application, actor = draft(world, asking(world, LETTER, DEED)), world.actor("nandu")
    assert refused(lambda: applications.submit(world.session, actor, application)) == "application_missing"
    first = files.hand_in(world.session, actor, application, "q1", file())
    sent = applications.submit(world.session, actor, application)
    assert sent.receipt_hash == sha256_of({
        "round": "2026-1", "code": application.code, "country": "PE", "tax_id": application.tax_id,
        "answers": {**application.answers, "q1": first.as_text()}, "sent_at": sent.submitted_at.isoformat(),
    })
    second = files.hand_in(world.session, actor, application, "q1", file(OTHER_PDF, "b.pdf"))
    again = applications.submit(world.session, actor, application)
    assert [files.files_in(application, each.answers) for each in (sent, again)] == [{"q1": first}, {"q1": second}]
    assert again.receipt_hash != sent.receipt_hash
    files.take_out(world.session, actor, application, "q1")
    assert files.files_in(application, application.answers) == {}
    assert [files.file_of(world.session, application, each.id) for each in (first, second)] == [("q1", first), ("q1", second)]
    assert upload_of(world.session, first).path.read_bytes() == PDF


def test_only_the_applicant_writes_files_and_only_while_the_call_is_open(world: World) -> None:
    application = draft(world, asking(world, LETTER, STORY))
    own = world.actor("nandu")
    for name in ("manager", "peru", "observer"):
        stranger = world.actor(name)
        assert refused(lambda by=stranger: files.hand_in(world.session, by, application, "q1", file())) == "not_allowed"
        assert refused(lambda by=stranger: files.take_out(world.session, by, application, "q1")) == "not_allowed"
    assert refused(lambda: files.hand_in(world.session, own, application, "q2", file())) == "not_found"  # a line of text
    assert refused(lambda: files.take_out(world.session, own, application, "q9")) == "not_found"
    clock.pin(AFTER)
    assert refused(lambda: files.hand_in(world.session, own, application, "q1", file())) == "call_not_taking"
    assert world.session.scalars(select(Upload)).all() == []


def test_files_are_told_by_name_size_and_hash(world: World) -> None:
    application = draft(world, asking(world, LETTER, DEED))
    kept = files.hand_in(world.session, world.actor("nandu"), application, "q1", file(name="a&b.pdf"))
    given = answers.Given(application.answers, "PE")
    seal = f'<br><span class="hint">SHA-256 <code>{kept.sha256}</code></span>'
    asked = questions_of(application.round.protocol)
    assert told.asked_rows(given, asked) == [
        ("Commitment letter", f'a&amp;b.pdf <span class="hint">PDF\u00a0·\u00a01\u00a0KB</span>{seal}'), ("Deed", "")]
    assert told.asked_rows(given, asked, lambda each: f"/f/{each.id}")[0][1] == (
        f'<a href="/f/{kept.id}">a&amp;b.pdf</a> <span class="hint">PDF\u00a0·\u00a01\u00a0KB</span>{seal}')
    photo = answers.KeptFile(1, "x", "image/jpeg", 1_600_000, "")
    with force_locale("es"):
        assert told.file_size(photo) in {"JPG\u00a0·\u00a01,5\u00a0MB", "JPG\u00a0·\u00a01.5\u00a0MB"}  # by the reader's region


@pytest.fixture
def asking_site(doors: Site) -> Site:
    """A call that asks for a letter, a deed hidden from evaluators and a line, and one firm's draft."""
    doors.do(lambda world: draft(world, asking(world, LETTER, DEED, STORY)).id)
    return doors


def encoded(**sent: object) -> dict[str, Any]:
    """A form with files, encoded here, because the test client would leave the temporary file of a large body open."""
    named = {name: FileStorage(BytesIO(value[0]), value[1]) if isinstance(value, tuple) else value for name, value in sent.items()}
    boundary, body = encode_multipart(named)
    return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}


def post(client: FlaskClient, path: str, page: str | None = None, **typed: object) -> TestResponse:
    """Send a form, files among what is typed, with the token of `page` (default: the path itself)."""
    return client.post(path, **encoded(csrf_token=token_of(client, page or path), **typed))


def fetched(client: FlaskClient, path: str) -> TestResponse:
    """A download, read to its end."""
    with client.get(path) as answer:
        _ = answer.data
        return answer


def shown(client: FlaskClient, path: str = QUESTIONS) -> str:
    text = client.get(path).text
    checked(text)
    return text


def named(doors: Site) -> dict[str, answers.KeptFile]:
    """The files that the draft names."""
    def read(world: World) -> dict[str, answers.KeptFile]:
        application = world.session.scalars(select(Application)).one()
        return files.files_in(application, application.answers)

    return doors.do(read)  # type: ignore[return-value]


def test_firm_hands_files_in_without_any_script(asking_site: Site) -> None:
    client = asking_site.client("nandu@firma.test")
    empty = shown(client)
    assert 'enctype="multipart/form-data"' in empty
    assert "Firmada · PDF o foto (JPG, PNG, WebP, HEIC), hasta 10 MB." in empty
    answer = post(client, QUESTIONS, q1=(PDF, "carta.pdf"), q3="En casa", action="save")
    assert answer.headers["Location"] == QUESTIONS
    held = named(asking_site)
    assert [(name, kept.name) for name, kept in held.items()] == [("q1", "carta.pdf")]
    page = shown(client)
    link = f"/apply/2026-1/files/{held['q1'].id}"
    assert f'<a href="{link}">carta.pdf</a>' in page
    assert "En casa" in page
    got = fetched(client, link)
    assert (got.data, got.mimetype) == (PDF, "application/pdf")
    assert got.headers["Cache-Control"] == "no-store"
    assert post(client, QUESTIONS, q3="En casa").headers["Location"] == "/apply/2026-1/review"  # nothing chosen: it stays
    assert named(asking_site) == held
    post(client, QUESTIONS, q1=(PNG, "foto.png"), **{"q1-out": "y"})  # a new one wins over the box
    assert named(asking_site)["q1"].media_type == "image/png"
    post(client, QUESTIONS, **{"q1-out": "y"})
    assert named(asking_site) == {}
    assert client.get(link).status_code == 404  # neither the draft nor anything sent names it


def test_a_refused_file_keeps_what_was_typed_and_the_other_files(asking_site: Site) -> None:
    client = asking_site.client("nandu@firma.test")
    answer = post(client, QUESTIONS, q1=(b"MZ", "carta.pdf"), q2=(PDF, "deed.pdf"), q3="Una historia")
    assert answer.status_code == 422
    checked(answer.text)
    assert "«carta.pdf» no es un PDF ni una foto (JPG, PNG, WebP, HEIC)." in answer.text
    assert 'href="#q1"' in answer.text
    assert 'value="Una historia"' in answer.text
    assert [(name, kept.name) for name, kept in named(asking_site).items()] == [("q2", "deed.pdf")]
    assert ">deed.pdf</a>" in answer.text
    large = post(client, QUESTIONS, q1=(PDF + bytes(MAX_BYTES + 3_000_000), "grande.pdf"), q3="Una historia")
    assert (large.status_code, "hasta 10 MB" in large.text, 'value="Una historia"' in large.text) == (422, True, True)
    empty = post(client, QUESTIONS, q1=(b"", "vacia.pdf"), q3="Una historia")
    assert (empty.status_code, "El archivo está vacío." in empty.text) == (422, True)
    nothing = asking_site.client().post(QUESTIONS, **encoded(q1=(PDF + bytes(MAX_BYTES + 3_000_000), "grande.pdf")))
    assert nothing.status_code in {400, 413}  # nobody who is not signed in brings more than a page's worth
    assert list(named(asking_site)) == ["q2"]


def test_sent_files_stand_on_review_receipt_and_staff_page(asking_site: Site) -> None:
    client = asking_site.client("nandu@firma.test")
    post(client, QUESTIONS, q1=(PDF, "carta.pdf"))
    first = named(asking_site)["q1"]
    assert "carta.pdf" in shown(client, "/apply/2026-1/review")
    post(client, "/apply/2026-1/submit", page="/apply/2026-1/review")
    post(client, QUESTIONS, q1=(OTHER_PDF, "otra.pdf"))
    receipt = shown(client, "/apply/2026-1/receipt")  # what was sent, whatever the draft says since
    assert ("carta.pdf" in receipt, first.sha256 in receipt, "otra.pdf" in receipt) == (True, True, False)
    assert fetched(client, f"/apply/2026-1/files/{first.id}").data == PDF
    number, key, code = asking_site.do(lambda world: tuple(world.session.execute(
        select(Application.round_id, Application.id, Application.code)).one()))  # type: ignore[misc]
    path = f"/rounds/{number}/files/{key}"
    for email in ("manager@plan.test", "peru@plan.test"):
        staff = asking_site.client(email)
        page = shown(staff, path)
        assert (f'href="{path}/handed-in/{first.id}">carta.pdf</a>' in page, first.sha256 in page) == (True, True)
        assert ("entregó un archivo" in page, "otra.pdf" in page) == (True, False)  # in the history, without its name
        got = fetched(staff, f"{path}/handed-in/{first.id}")
        assert (got.data, got.headers["Content-Disposition"]) == (PDF, f"attachment; filename={code}-q1.pdf")
    public = shown(asking_site.client(), "/calls/2026-1")
    assert "Carta de compromiso" in public
    assert "carta.pdf" not in public


def test_nobody_else_reaches_a_file(asking_site: Site) -> None:
    client = asking_site.client("nandu@firma.test")
    post(client, QUESTIONS, q1=(PDF, "carta.pdf"))
    held = named(asking_site)["q1"].id

    def others(world: World) -> tuple[int, int, int]:
        round_ = world.session.scalars(select(Round)).one()
        stranger = draft(world, round_, "otra", "PE", 2)
        deed = files.hand_in(world.session, world.actor("otra"), stranger, "q2", file(OTHER_PDF))
        world.coordinator("CL")
        return round_.id, world.session.scalars(select(Application.id)).first() or 0, deed.id

    number, key, foreign = asking_site.do(others)  # type: ignore[misc]
    path = f"/rounds/{number}/files/{key}/handed-in"
    assert client.get(f"/apply/2026-1/files/{foreign}").status_code == 404
    assert fetched(client, f"/apply/2026-1/files/{held}").status_code == 200
    assert asking_site.client("otra@firma.test").get(f"/apply/2026-1/files/{held}").status_code == 404
    assert asking_site.client("otra@firma.test").get(f"{path}/{held}").status_code in {403, 404}
    manager = asking_site.client("manager@plan.test")
    assert (fetched(manager, f"{path}/{held}").status_code, manager.get(f"{path}/{foreign}").status_code) == (200, 404)
    for email in ("observer@plan.test", "evaluator@plan.test", "coordinator-cl@plan.test"):
        staff = asking_site.client(email)
        assert staff.get(f"{path}/{held}").status_code == 404, email
        assert staff.get(f"/apply/2026-1/files/{held}").status_code == 404, email
    assert asking_site.client().get(f"{path}/{held}").status_code == 302


def test_evaluator_reads_what_is_not_hidden_under_a_neutral_name(asking_site: Site) -> None:
    client = asking_site.client("nandu@firma.test")
    post(client, QUESTIONS, q1=(OTHER_PDF, "Tejidos Nandu viejo.pdf"))
    old = named(asking_site)["q1"].id
    post(client, QUESTIONS, q1=(PDF, "Tejidos Nandu.pdf"), q2=(PNG, "Tejidos Nandu escritura.png"))
    held = named(asking_site)
    post(client, "/apply/2026-1/submit", page="/apply/2026-1/review")

    def reviewing(world: World) -> tuple[int, str]:
        application = world.session.scalars(select(Application)).one()
        people = evaluators_for(world)
        world.close(application.round)
        clock.pin(AFTER)
        assigning.give(world.session, world.manager, application.round,
                       [(application.id, people[name].id) for name in ("ana", "carla")], "hand")
        return application.id, application.code

    key, code = asking_site.do(reviewing)  # type: ignore[misc]
    sheet = f"/rounds/reviews/{key}"
    letter, deed = (f"{sheet}/handed-in/{held[name].id}" for name in ("q1", "q2"))
    ana, carla, beto = (asking_site.client(email) for email in ("ana@panelcl.lat", "carla@panelco.lat", "beto@panelpe.lat"))
    assert ana.get(letter).headers["Location"] == f"{sheet}/conflict"  # nothing before the declaration
    post(ana, f"{sheet}/conflict", has_conflict="no")
    page = shown(ana, sheet)
    assert f'<a href="{letter}">' in page
    assert ("Nandu" in page, "Escritura" in page, deed in page) == (False, False, False)
    got = fetched(ana, letter)
    assert (got.data, got.headers["Content-Disposition"]) == (PDF, f"attachment; filename={code}-q1.pdf")
    assert ana.get(deed).status_code == 404  # hidden, also by its number
    assert ana.get(f"{sheet}/handed-in/{old}").status_code == 404  # replaced before it was sent
    assert beto.get(letter).status_code == 404  # not assigned
    post(carla, f"{sheet}/conflict", has_conflict="yes", reason="Una prima")
    assert carla.get(letter).status_code == 403
    post(ana, f"{sheet}/conflict", has_conflict="yes", reason="La conozco")
    assert ana.get(letter).status_code == 403


def test_a_call_that_is_not_blind_shows_every_file(world: World) -> None:
    round_ = asking(world, LETTER, DEED, is_open=False)
    round_.protocol = {**round_.protocol, "reviews": {**TERMS, "is_blind": False}}
    service.open_round(world.session, world.manager, round_)
    application = draft(world, round_)
    kept = [files.hand_in(world.session, world.actor("nandu"), application, name, file()) for name in ("q1", "q2")]
    with pytest.raises(DomainError):  # a draft is nobody's to review
        blind.file_shown(world.session, round_, application, kept[0].id)
    applications.submit(world.session, world.actor("nandu"), application)
    assert [blind.file_shown(world.session, round_, application, each.id) for each in kept] == [("q1", kept[0]), ("q2", kept[1])]
    labels = [label for label, _words in blind.shown_to_evaluator(world.session, round_, application).answers]
    assert labels[-2:] == ["Commitment letter", "Deed"]

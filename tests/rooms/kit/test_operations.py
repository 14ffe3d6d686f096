"""Holds the operator's pages: what they list, what they take, and whom they refuse."""

from __future__ import annotations

import html
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.kit.access import Role
from cohort.kit.audit import AuditEntry
from cohort.kit.database import db, transaction
from cohort.kit.jobs import JOBS, catch_up, run_job
from cohort.kit.ledger import JobRun
from cohort.kit.outbox import OutboxMessage
from cohort.people.models import Person
from tests.jobs import site as sites
from tests.rooms.people.conftest import MakePerson, post, sign_in


def words(page: str) -> str:
    """The visible words of a page's main part."""
    main = re.search(r"<main.*?</main>", page, re.S)
    assert main
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main[0])).split())


def queued(app: Flask, count: int, kind: str = "witness") -> list[int]:
    with app.app_context(), transaction() as session:
        rows = [sites.queue(session, number, kind) for number in range(1, count + 1)]
        return [row.id for row in rows if row is not None]


def last_audit(session: Session) -> tuple[str, str, int | None]:
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(1)).one()
    return entry.action, entry.actor_name, entry.subject_id


def test_jobs_are_listed_with_last_run_and_failures(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        run_job("test.remind", date(2026, 11, 24))
        run_job("test.break", date(2026, 11, 24))
    page = words(operator.get("/jobs/").text)
    assert re.search(r"Three mails Queues three mails\. daily at (23:30|22:30) \d+ \w+ 20\d\d, \d\d:\d\d 3 mails queued .*? no failures", page)
    assert re.search(r"Breaks at once Breaks\. daily at (23:30|22:30) never .*? 1 day failed", page)
    assert "All times are those of Santiago." in page
    assert "No scheduler has given a sign of life" in page
    page = words(operator.get("/jobs/test.break").text)
    assert re.search(r"November 24, 2026 failed \d+ \w+ 20\d\d, \d\d:\d\d It broke: RuntimeError: broken on purpose", page)


def test_a_job_whose_last_good_run_is_too_old_is_named(app: Flask, operator: FlaskClient) -> None:
    with app.app_context(), clock.at(clock.now() - timedelta(days=3)):
        run_job("test.remind", clock.today())
    page = words(operator.get("/jobs/").text)
    title = re.search(r"(\d+) jobs need somebody (.*?) Job When", page)
    assert title, page
    assert int(title[1]) == len(JOBS)
    assert {"Breaks at once", "Three mails"} < set(title[2].split(", "))
    assert page.count("Too long ago: at least every") == len(JOBS)
    assert page.count("at least every 12 minutes") == 1  # mail leaves every minute
    assert operator.get("/health/ready").get_json()["degraded"] == list(JOBS)


def test_a_day_is_asked_for_on_the_page_and_run_by_the_scheduler(app: Flask, operator: FlaskClient, session: Session) -> None:
    answer = post(operator, "/jobs/test.remind/run", page="/jobs/test.remind", as_of="2026-11-03")
    assert (answer.status_code, answer.location) == (302, "/jobs/test.remind")
    [run] = session.scalars(select(JobRun).where(JobRun.job == "test.remind"))
    assert (run.period, run.as_of, run.state) == ("2026-11-03", date(2026, 11, 3), "asked")
    assert last_audit(session) == ("job.asked", "Admin", run.id)
    with app.app_context():
        assert ("test.remind", "2026-11-03", "done") in [(r.job, r.period, r.state) for r in catch_up()]
    assert "November 3, 2026 done" in words(operator.get("/jobs/test.remind").text)


@pytest.mark.parametrize("typed", ["", "yesterday", "tomorrow"])
def test_a_day_that_cannot_be_run_is_refused(operator: FlaskClient, session: Session, typed: str) -> None:
    day = (clock.today() + timedelta(days=1)).isoformat() if typed == "tomorrow" else typed
    answer = post(operator, "/jobs/test.remind/run", page="/jobs/test.remind", as_of=day)
    assert answer.status_code == 422
    assert list(session.scalars(select(JobRun))) == []


def test_an_unknown_job_or_mail_is_not_found(operator: FlaskClient) -> None:
    paths = ("/jobs/no.such", "/mail/999999")
    assert [operator.get(path).status_code for path in paths] == [404, 404]


def test_mails_are_listed_by_state_fifty_a_page(app: Flask, operator: FlaskClient) -> None:
    ids = queued(app, 51)
    with app.app_context(), transaction() as session:
        session.get_one(OutboxMessage, ids[0]).state = "failed"
    first, second = operator.get("/mail/").text, operator.get("/mail/?page=2").text
    assert [len(re.findall(r'href="/mail/\d+"', page)) for page in (first, second)] == [50, 1]
    assert "No mail server is set" in first
    failed = operator.get("/mail/?state=failed").text
    assert f'href="/mail/{ids[0]}"' in failed
    assert f'href="/mail/{ids[1]}"' not in failed
    assert "waiting (50)" in words(failed)
    assert "failed (1)" in words(failed)


def test_the_list_asks_the_database_as_often_for_fifty_as_for_one(app: Flask, operator: FlaskClient) -> None:
    counts = []
    with app.app_context():
        engine = db.engine
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: seen.append(call[2]))
    for number in (1, 3, 50):
        queued(app, number)
        seen.clear()
        assert operator.get("/mail/").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2]


def test_a_mail_is_read_as_its_reader_gets_it(app: Flask, operator: FlaskClient) -> None:
    [number] = queued(app, 1)
    page = operator.get(f"/mail/{number}")
    assert "Meeting on 1 de diciembre de 2026" in page.text  # in the reader's language, not the operator's
    assert "Dear Person 1," in page.text
    assert "Person 1 <person1@example.org>" in words(page.text)


def test_a_sign_in_link_is_read_by_administrators_alone(app: Flask, operator: FlaskClient, manager: FlaskClient) -> None:
    [number] = queued(app, 1, "key")
    shown = ["https://example.org/k" in browser.get(f"/mail/{number}").text for browser in (operator, manager)]
    assert shown == [True, False]


def test_a_mail_is_worded_as_it_would_leave_now(app: Flask, operator: FlaskClient) -> None:
    [bundle] = queued(app, 1, "bundle")
    assert "3 by 24 de noviembre de 2026" in words(operator.get(f"/mail/{bundle}").text)
    [overtaken] = queued(app, 1)
    with app.app_context(), transaction() as session:
        session.get_one(OutboxMessage, overtaken).params = {"over": True}
    assert "What this mail says no longer holds, so it will not be sent." in words(operator.get(f"/mail/{overtaken}").text)


def test_why_a_text_is_not_shown_is_said(app: Flask, operator: FlaskClient, manager: FlaskClient) -> None:
    [broken], [key] = queued(app, 1, "broken"), queued(app, 1, "key")
    with app.app_context(), transaction() as session:
        session.get_one(OutboxMessage, broken).kind = "gone"
    assert "The text of this mail cannot be written any more." in words(operator.get(f"/mail/{broken}").text)
    said = "Este correo lleva un enlace con el que se ingresa como su destinatario, por eso no se muestra el texto."
    assert said in words(manager.get(f"/mail/{key}").text)


def test_cancelled_and_sent_again(app: Flask, operator: FlaskClient, session: Session) -> None:
    [number] = queued(app, 1)
    page = f"/mail/{number}"
    assert post(operator, f"{page}/cancel", page=page).location == page
    row = session.get_one(OutboxMessage, number)
    assert (row.state, row.reason, last_audit(session)) == ("cancelled", "cancelled by Admin", ("mail.cancelled", "Admin", number))
    assert post(operator, f"{page}/retry", page=page).location == page
    session.expire_all()
    assert (row.state, row.reason, last_audit(session)) == ("queued", "", ("mail.retried", "Admin", number))


def test_what_has_left_stays_as_it_is(app: Flask, operator: FlaskClient, session: Session) -> None:
    [number] = queued(app, 1)
    with app.app_context(), transaction() as opened:
        opened.get_one(OutboxMessage, number).state = "sent"
    for action in ("cancel", "retry"):
        post(operator, f"/mail/{number}/{action}")
    assert session.get_one(OutboxMessage, number).state == "sent"


def test_a_manager_reads_but_neither_retries_nor_cancels(app: Flask, manager: FlaskClient) -> None:
    [number] = queued(app, 1)
    assert manager.get(f"/mail/{number}").status_code == 200
    assert [post(manager, f"/mail/{number}/{action}").status_code for action in ("retry", "cancel")] == [403, 403]


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.EVALUATOR, Role.OBSERVER])
def test_other_roles_see_none_of_it(client: FlaskClient, make_person: MakePerson, role: Role) -> None:
    make_person("other@mesa.test", role, country="CL" if role is Role.COORDINATOR else None)
    sign_in(client, "other@mesa.test")
    assert [client.get(path).status_code for path in ("/jobs/", "/jobs/mail.deliver", "/mail/", "/mail/1")] == [403] * 4


def test_times_are_those_of_the_reader_and_say_so(app: Flask, operator: FlaskClient, session: Session) -> None:
    with app.app_context(), transaction() as opened:
        opened.add(JobRun(
            job="mail.deliver", period="2026-11-24T15:05", as_of=date(2026, 11, 24), state="done", counts={"sent": 1200, "failed": 1},
            finished_at=datetime(2026, 11, 24, 15, 5, tzinfo=UTC),
        ))
    said = "24 Nov 2026, 12:05 done 24 Nov 2026, 12:05 1,200 mails sent, 1 mail refused for good"
    assert said in words(operator.get("/jobs/mail.deliver").text)
    session.scalars(select(Person).where(Person.email == "admin@mesa.test")).one().region = "MX"
    session.commit()
    page = words(operator.get("/jobs/mail.deliver").text)
    assert said.replace("12:05", "09:05") in page
    assert "All times are those of Mexico City." in page
    post(operator, "/account/language", page="/account/", language="es", back="/account/")
    page = words(operator.get("/jobs/mail.deliver").text)
    assert "24 de nov 2026, 09:05 listo 24 de nov 2026, 09:05 1,200 correos enviados, 1 correo rechazado" in page
    assert "Todas las horas son de Ciudad de México." in page


@pytest.mark.parametrize(("reason", "said"), [
    ("no longer true when it was to be sent", "ya no era cierto cuando se iba a enviar"),
    ("it could not be written: KeyError: 'x'", "no se pudo escribir: KeyError: 'x'"),
    ("550 5.1.1 no such mailbox", "550 5.1.1 no such mailbox"),
])
def test_why_a_mail_did_not_leave_is_said_in_the_readers_language(app: Flask, operator: FlaskClient, reason: str, said: str) -> None:
    post(operator, "/account/language", page="/account/", language="es", back="/account/")
    [number] = queued(app, 1)
    with app.app_context(), transaction() as opened:
        opened.get_one(OutboxMessage, number).reason = reason
    assert said in words(operator.get(f"/mail/{number}").text)
    assert said in words(operator.get("/mail/").text)

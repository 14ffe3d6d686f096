"""Sends mails through a real server that accepts, refuses, stalls and hangs up; reads what arrived and what was marked."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, update

from cohort.kit import clock
from cohort.kit.database import db, transaction
from cohort.kit.delivery import (
    BATCH,
    MOST_ATTEMPTS,
    claim,
    deliver,
    has_untried,
    mark,
    prepare,
    reclaim,
    send_batch,
)
from cohort.kit.outbox import OutboxMessage
from cohort.kit.smtp import Courier
from tests.jobs import site as sites
from tests.jobs.children import ended, fork, together
from tests.jobs.servers import Rules, free_port, mail_server


def impatient(smtp_url: str) -> Courier:
    return Courier(smtp_url, timeout_seconds=0.3)


def site_with_mails(folder: Path, url: str, smtp_url: str, count: int, **params: Any) -> Flask:
    app = sites.fresh_site(folder, url, smtp_url)
    with app.app_context(), transaction() as session:
        for number in range(1, count + 1):
            sites.queue(session, number, **params)
    return app


def states(app: Flask) -> list[tuple[str, int, str]]:
    with app.app_context():
        found = db.session.execute(
            select(OutboxMessage.state, OutboxMessage.attempts, OutboxMessage.reason).order_by(OutboxMessage.id)
        )
        return [tuple(row) for row in found]


def minutes_until_next_try(app: Flask) -> list[float]:
    with app.app_context():
        waits = db.session.scalars(select(OutboxMessage.send_after).order_by(OutboxMessage.id))
        return [(at - sites.NOON).total_seconds() / 60 for at in waits]


def delivered(app: Flask, open_courier: Callable[[str], Courier] = impatient) -> dict[str, int]:
    with app.app_context():
        return deliver(app, open_courier)


def test_a_mail_arrives_whole_in_the_readers_language(tmp_path: Path, place: str) -> None:
    rules = Rules()
    with mail_server(rules) as url:
        app = site_with_mails(tmp_path, place, url, 1, lines=["ñandú"])
        assert delivered(app) == {"sent": 1}
    [mail] = rules.received
    headers = {name: str(mail[name]) for name in ("Subject", "From", "To", "Auto-Submitted", "Content-Language", "Date")}
    assert headers == {
        "Subject": "Meeting on 1 de diciembre de 2026", "From": "plan@example.org", "To": "Person 1 <person1@example.org>",
        "Auto-Submitted": "auto-generated", "Content-Language": "es", "Date": "Tue, 24 Nov 2026 12:00:00 +0000",
    }
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().splitlines() == ["Dear Person 1,", "ñandú", "http://localhost:5000/jobs/"]
    with app.app_context():
        [row] = db.session.scalars(select(OutboxMessage))
        assert (row.state, row.sent_at, row.message_id) == ("sent", sites.NOON, str(mail["Message-ID"]))


def test_what_a_mail_said_when_it_left_is_kept(tmp_path: Path, place: str) -> None:
    rules = Rules()
    with mail_server(rules) as url:
        app = sites.fresh_site(tmp_path, place, url)
        with app.app_context(), transaction() as session:
            sites.queue(session, 1, "bundle")
            sites.queue(session, 2)
        assert delivered(app) == {"sent": 2}
    with app.app_context():
        bundle, plain = db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
        assert bundle.params == {**plain.params, "steps": [{"due_on": "2026-11-24"}] * 3}


def test_one_connection_carries_a_batch_and_a_refusal_stops_nobody(tmp_path: Path, place: str) -> None:
    rules = Rules(refuse={"person2@example.org"}, defer={"person4@example.org"})
    with mail_server(rules) as url:
        app = site_with_mails(tmp_path, place, url, 5)
        assert delivered(app) == {"sent": 3, "failed": 1, "queued": 1}
    assert rules.readers == ["person1@example.org", "person3@example.org", "person5@example.org"]
    assert len(rules.connections) == 1
    assert states(app) == [
        ("sent", 1, ""), ("failed", 1, "550 5.1.1 no such mailbox"), ("sent", 1, ""),
        ("queued", 1, "451 4.7.1 come back later"), ("sent", 1, ""),
    ]
    assert minutes_until_next_try(app) == [0, 0, 0, 1, 0]


def test_a_server_that_hangs_up_or_stalls_costs_one_mail_not_the_batch(tmp_path: Path) -> None:
    rules = Rules(hang_up={"person2@example.org"}, stall={"person4@example.org"})
    with mail_server(rules) as url:
        app = site_with_mails(tmp_path, f"sqlite:///{tmp_path / 'site.db'}", url, 5)
        assert delivered(app) == {"sent": 3, "queued": 2}
        assert rules.readers == ["person1@example.org", "person3@example.org", "person5@example.org"]
        rules.hang_up, rules.stall = set(), set()
        with clock.at(sites.NOON + timedelta(minutes=2)):
            assert delivered(app) == {"sent": 2}
    assert sorted(rules.readers) == [f"person{number}@example.org" for number in range(1, 6)]
    assert [state for state, _attempts, _reason in states(app)] == ["sent"] * 5


def test_a_server_that_always_hangs_up_is_left_alone_and_the_rest_is_not_blamed(tmp_path: Path) -> None:
    rules = Rules(hang_up={f"person{number}@example.org" for number in range(1, 7)})
    with mail_server(rules) as url:
        app = site_with_mails(tmp_path, f"sqlite:///{tmp_path / 'site.db'}", url, 6)
        assert delivered(app) == {"queued": 6}
    assert [attempts for _state, attempts, _reason in states(app)] == [1, 1, 1, 0, 0, 0]


def test_no_server_means_no_attempt(tmp_path: Path) -> None:
    app = site_with_mails(tmp_path, f"sqlite:///{tmp_path / 'site.db'}", f"smtp://127.0.0.1:{free_port()}", 3)
    assert delivered(app) == {"queued": 3}
    assert [attempts for _state, attempts, _reason in states(app)] == [0, 0, 0]
    assert {reason for _state, _attempts, reason in states(app)} == {"ConnectionRefusedError: [Errno 111] Connection refused"}
    with app.app_context():
        assert not has_untried(db.session())


def test_without_a_setting_mails_wait(sqlite_site: Flask) -> None:
    with sqlite_site.app_context(), transaction() as session:
        sites.queue(session, 1)
    assert delivered(sqlite_site) == {}
    assert states(sqlite_site) == [("queued", 0, "")]


def test_it_gives_up_in_the_end_and_says_why(tmp_path: Path) -> None:
    rules = Rules(defer={"person1@example.org"})
    with mail_server(rules) as url:
        app = site_with_mails(tmp_path, f"sqlite:///{tmp_path / 'site.db'}", url, 1)
        now, waits = sites.NOON, []
        for _attempt in range(MOST_ATTEMPTS):
            with clock.at(now):
                delivered(app)
            with app.app_context():
                [row] = db.session.scalars(select(OutboxMessage))
                waits.append((row.send_after - now).total_seconds() / 60)
                now = row.send_after
    assert waits == [1, 5, 15, 60, 240, 720, 1440, 0]
    assert states(app) == [("failed", 8, "451 4.7.1 come back later")]


def test_what_is_no_longer_true_is_not_said(tmp_path: Path, place: str) -> None:
    rules = Rules()
    with mail_server(rules) as url:
        app = site_with_mails(tmp_path, place, url, 1, over=True)
        assert delivered(app) == {"cancelled": 1}
    assert rules.received == []
    assert states(app) == [("cancelled", 1, "no longer true when it was to be sent")]


def test_a_mail_that_cannot_be_written_does_not_hold_up_the_others(tmp_path: Path) -> None:
    rules = Rules()
    with mail_server(rules) as url:
        app = sites.fresh_site(tmp_path, smtp_url=url)
        with app.app_context(), transaction() as session:
            sites.queue(session, 1, "broken")
            sites.queue(session, 2)
        assert delivered(app) == {"queued": 1, "sent": 1}
    reason = "it could not be written: ZeroDivisionError: integer division or modulo by zero"
    assert states(app) == [("queued", 1, reason), ("sent", 1, "")]


def test_a_line_break_in_a_name_forges_no_header(tmp_path: Path) -> None:
    rules = Rules()
    with mail_server(rules) as url:
        app = site_with_mails(tmp_path, f"sqlite:///{tmp_path / 'site.db'}", url, 1)
        with app.app_context(), transaction() as session:
            session.execute(update(OutboxMessage).values(name="Ana\r\nBcc: all@example.org"))
        assert delivered(app) == {"queued": 1}
    assert rules.received == []


def test_a_sign_in_link_is_blanked_once_sent(tmp_path: Path) -> None:
    rules = Rules()
    with mail_server(rules) as url:
        app = sites.fresh_site(tmp_path, smtp_url=url)
        with app.app_context(), transaction() as session:
            sites.queue(session, 1, "key")
        assert delivered(app) == {"sent": 1}
    assert "https://example.org/k" in rules.received[0].as_string()
    with app.app_context():
        assert list(db.session.scalars(select(OutboxMessage.params))) == [{}]


def test_a_lease_is_reclaimed_after_ten_minutes_and_the_late_worker_changes_nothing(any_site: Flask) -> None:
    with any_site.app_context():
        with transaction() as session:
            sites.queue(session, 1)
        with transaction() as session:
            ids = claim(session, "slow")
        with clock.at(sites.NOON + timedelta(minutes=10)), transaction() as session:
            assert (reclaim(session), claim(session, "other")) == (0, [])
        with clock.at(sites.NOON + timedelta(minutes=10, seconds=1)), transaction() as session:
            assert (reclaim(session), claim(session, "other")) == (1, ids)
        with transaction() as session:
            mark(session, "slow", [{"id": ids[0], "state": "failed", "reason": "too late"}])
        row = db.session.get_one(OutboxMessage, ids[0])
        assert (row.state, row.locked_by, row.attempts) == ("sending", "other", 2)


def test_two_workers_never_take_the_same_mail(place: str, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    count = 10_000 if sites.FULL else 1_000
    app = site_with_mails(tmp_path, place, "", count)
    sites.dispose(app)

    def drain(name: str) -> Callable[[], None]:
        def work() -> None:
            site = sites.open_site(tmp_path, place)
            with site.app_context(), (tmp_path / name).open("w") as seen:
                while True:
                    with transaction() as session:
                        ids = claim(session, name, 25)
                    if not ids:
                        return
                    seen.writelines(f"{number}\n" for number in ids)

        return work

    assert together(drain("a"), drain("b")) == [0, 0]
    taken = [int(line) for name in "ab" for line in (tmp_path / name).read_text().split()]
    assert sorted(taken) == list(range(1, count + 1))
    record_property(f"mails that two workers shared, each taken once, {place.split(':', maxsplit=1)[0]}", count)


@pytest.mark.parametrize("after", range(0, BATCH + 1, 10) if sites.FULL else [0, 1, 60])
def test_killed_while_sending_repeats_at_most_one_batch_under_the_same_ids(
    tmp_path: Path, after: int, record_property: Callable[[str, object], None]
) -> None:
    rules, count = Rules(), BATCH + 50
    with mail_server(rules) as url:
        place = f"sqlite:///{tmp_path / 'site.db'}"
        sites.dispose(site_with_mails(tmp_path, place, url, count))

        def die() -> None:
            app = sites.open_site(tmp_path, place, url)
            with app.app_context(), Courier(url) as courier:
                with transaction() as session:
                    ids = claim(session, "dying")
                batch = prepare(app, session, ids)
                send_batch(batch[:after], courier, "plan@example.org")
                os.kill(os.getpid(), 9)

        assert ended(fork(die)) == -9
        app = sites.open_site(tmp_path, place, url)
        with clock.at(sites.NOON + timedelta(minutes=11)):
            assert delivered(app, Courier) == {"sent": count}
    ids = [str(mail["Message-ID"]) for mail in rules.received]
    assert (len(ids), len(set(ids))) == (count + after, count)
    assert {state for state, _attempts, _reason in states(app)} == {"sent"}
    record_property("deliveries killed between two mails; none lost, repeats under the same Message-ID", 1)


def test_a_long_queue_renews_its_connection(tmp_path: Path) -> None:
    rules = Rules()
    with mail_server(rules) as url:
        app = site_with_mails(tmp_path, f"sqlite:///{tmp_path / 'site.db'}", url, 510)
        assert delivered(app, Courier) == {"sent": 510}
    assert len(rules.connections) == 2


def test_a_claim_walks_the_index_of_due_mails_and_sorts_nothing(sqlite_site: Flask) -> None:
    statements: list[tuple[str, Any]] = []
    with sqlite_site.app_context():
        engine = db.engine
        event.listen(engine, "before_cursor_execute", lambda *call: statements.append((call[2], call[3])))
        with transaction() as session:
            claim(session, "worker")
        [(statement, values)] = [found for found in statements if "outbox_message" in found[0]]
        with engine.connect() as connection:
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert "SEARCH outbox_message USING INDEX ix_outbox_message_due (send_after<?)" in plan
    assert not [step for step in plan if "TEMP B-TREE" in step]

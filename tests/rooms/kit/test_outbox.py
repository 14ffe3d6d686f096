"""Holds the outbox: once per effect, in the caller's transaction, seen by whom it concerns."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit.access import Actor, Role, act_as
from cohort.kit.database import transaction
from cohort.kit.mail import message_id_of, write
from cohort.kit.outbox import OutboxMessage, enqueue, mail_kind
from tests.jobs import site as sites
from tests.rooms.people.conftest import World

pytestmark = pytest.mark.usefixtures("kinds")


def test_an_effect_is_queued_once_and_the_transaction_goes_on(app: Flask, session: Session) -> None:
    with app.app_context(), transaction() as opened:
        assert sites.queue(opened, 1) is not None
        assert sites.queue(opened, 1) is None
        assert sites.queue(opened, 2) is not None
    assert list(session.scalars(select(OutboxMessage.address).order_by(OutboxMessage.id))) == [
        "person1@example.org", "person2@example.org",
    ]


def test_a_rolled_back_caller_leaves_no_mail(app: Flask, session: Session) -> None:
    def fail_after_queueing() -> None:
        with transaction() as opened:
            sites.queue(opened, 1)
            raise RuntimeError

    with app.app_context(), pytest.raises(RuntimeError):
        fail_after_queueing()
    assert list(session.scalars(select(OutboxMessage))) == []


def test_each_part_of_the_key_makes_another_effect(app: Flask) -> None:
    day = date(2026, 11, 24)
    with app.app_context(), transaction() as opened:
        made = [
            enqueue(opened, sites.reader(number), kind, subject, subject_id, due_on, step, {})
            for number, kind, subject, subject_id, due_on, step in [
                (1, "witness", "person", 1, day, 0), (2, "witness", "person", 1, day, 0), (1, "key", "person", 1, day, 0),
                (1, "witness", "firm", 1, day, 0), (1, "witness", "person", 2, day, 0),
                (1, "witness", "person", 1, date(2026, 11, 25), 0), (1, "witness", "person", 1, day, 1),
            ]
        ]
        ids = [message_id_of(row, "https://plan.example.org") for row in made if row is not None]
    assert len(set(ids)) == len(made) == 7
    assert all(found.endswith("@plan.example.org>") for found in ids)


def test_an_unknown_kind_is_a_fault_of_ours(app: Flask) -> None:
    with app.app_context(), transaction() as opened, pytest.raises(LookupError, match="no room registered"):
        sites.queue(opened, 1, "no such kind")


def test_a_kind_is_registered_once() -> None:
    with pytest.raises(ValueError, match="registered already"):
        mail_kind("witness")


def test_days_and_instants_come_back_at_any_depth(app: Flask) -> None:
    with app.app_context(), transaction() as opened:
        facts = {
            "held_on": date(2026, 12, 1), "lines": [{"due_on": date(2026, 12, 2), "seen_at": datetime(2026, 1, 1, tzinfo=UTC)}],
            "title": "2026-12-03",
        }
        row = enqueue(opened, sites.reader(1), "witness", "person", 1, date(2026, 11, 24), 0, facts)
        assert row is not None
        assert row.params == {
            "held_on": "2026-12-01", "lines": [{"due_on": "2026-12-02", "seen_at": "2026-01-01T00:00:00+00:00"}],
            "title": "2026-12-03",
        }
        assert write(app, row).subject == "Meeting on 1 de diciembre de 2026"


@pytest.mark.parametrize(("language", "region", "subject"), [
    ("es", "CL", "Meeting on 1 de diciembre de 2026"), ("en", "CL", "Meeting on December 1, 2026"),
])
def test_a_mail_speaks_its_readers_language(app: Flask, language: str, region: str, subject: str) -> None:
    with app.app_context(), transaction() as opened:
        facts = {"held_on": date(2026, 12, 1), "lines": []}
        row = enqueue(opened, sites.reader(1, language, region), "witness", "person", 1, date(2026, 11, 24), 0, facts)
        assert row is not None
        assert write(app, row).subject == subject


def test_a_person_sees_their_own_mail_and_that_of_their_firm_at_large(app: Flask, world: World) -> None:
    day = date(2026, 11, 24)
    with app.app_context(), transaction() as opened:
        for number, firm_id in ((1, world.firm_cl), (2, world.firm_cl), (3, world.firm_pe)):
            enqueue(opened, sites.reader(number), "witness", "person", number, day, 0, {}, firm_id=firm_id)
        for number, firm_id in ((4, world.firm_cl), (5, world.firm_pe)):
            row = enqueue(opened, sites.reader(number), "witness", "firm", number, day, 0, {}, firm_id=firm_id)
            assert row is not None
            row.person_id = None
    seen = {}
    with app.app_context(), transaction() as opened:
        for name, actor in {
            "firm": Actor(1, "Ana", 1, frozenset({Role.FIRM}), frozenset(), frozenset({world.firm_cl})),
            "coordinator": Actor(3, "Luz", 1, frozenset({Role.COORDINATOR}), frozenset({"CL"}), None),
            "manager": Actor(9, "Eva", 1, frozenset({Role.MANAGER}), None, None),
            "nobody": Actor(),
        }.items():
            act_as(opened, actor)
            found = opened.scalars(select(OutboxMessage.address).order_by(OutboxMessage.id))
            seen[name] = [address.removeprefix("person").removesuffix("@example.org") for address in found]
    assert seen == {"firm": ["1", "4"], "coordinator": ["3"], "manager": ["1", "2", "3", "4", "5"], "nobody": []}

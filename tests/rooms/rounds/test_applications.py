"""The way in, drafts, sending, and who may act for which firm; every check of eligibility, yes, no and unknown."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from cohort.firms.models import ConsentEntry, FirmSize, OwnershipDeclaration
from cohort.kit import clock
from cohort.kit.access import SYSTEM, act_as
from cohort.kit.database import db
from cohort.kit.errors import DomainError
from cohort.kit.mail import write
from cohort.kit.outbox import OutboxMessage
from cohort.plans.service import join_member
from cohort.rounds.applications import answers, entry, queries, service
from cohort.rounds.applications.eligibility import Check, eligible, judge, months_between, with_findings
from cohort.rounds.calls.protocol import CHECKS
from cohort.rounds.decisions import appeals
from cohort.rounds.models import Appeal, Application, Finding, ScoreEntry, Seat, Submission
from cohort.rounds.seats import acts, offers
from tests.rooms.rounds.conftest import AFTER, NOW, Site, World, tax_id

HOLDS = {
    "country": "PE", "judged_on": "2026-11-20", "size_class": "micro", "founded_on": "2025-11-20", "tax_id_status": "valid",
    "travels": "parcel", "sells_online": "soon", "exports_count": 2, "data_notice": True, "owner_group_count": 1,
    "acts_for_firm": True,
}
LIMITS = [{"check": check, **limits} for check, limits in CHECKS.items()]


def refused(code: str, act) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DomainError) as refusal:
        act()
    assert refusal.value.code == code


def test_all_checks_hold() -> None:
    found = judge(HOLDS, LIMITS, ["CL", "PE"])
    assert [(each.check, each.answer) for each in found] == [(check, "yes") for check in CHECKS]
    assert eligible(found) == "yes"


@pytest.mark.parametrize(("facts", "check", "answer", "code"), [
    ({"country": "AR"}, "country", "no", "not_in_call"),
    ({"size_class": "large"}, "size", "no", "size_large"), ({"size_class": "unknown"}, "size", "unknown", "size_unknown"),
    ({"founded_on": "2025-11-21"}, "trading", "no", "months_short"), ({"founded_on": ""}, "trading", "unknown", "start_unknown"),
    ({"tax_id_status": "warning"}, "tax_id", "unknown", "tax_id_doubt"),
    ({"tax_id_status": "warning", "tax_id_confirmed": True}, "tax_id", "yes", "tax_id_confirmed"),
    ({"travels": "digital"}, "product", "yes", "travels_digital"), ({"travels": "neither"}, "product", "no", "travels_neither"),
    ({"travels": ""}, "product", "unknown", "travels_unknown"),
    ({"sells_online": "no"}, "sells_online", "no", "online_no"), ({"sells_online": ""}, "sells_online", "unknown", "online_unknown"),
    ({"exports_count": 3}, "not_recurring", "no", "exports_many"), ({"exports_count": None}, "not_recurring", "unknown", "exports_unknown"),
    ({"data_notice": False}, "data_notice", "unknown", "notice_open"),
    ({"owner_group_count": 2}, "owner_group", "unknown", "group_several"),
    ({"acts_for_firm": False}, "acts_for_firm", "unknown", "acts_waiting"),
])
def test_each_check_says_yes_no_or_unknown(facts: dict[str, object], check: str, answer: str, code: str) -> None:
    found = {each.check: (each.answer, each.code) for each in judge({**HOLDS, **facts}, LIMITS, ["PE"])}
    assert found[check] == (answer, code)


def test_findings_stand_instead_of_what_was_judged() -> None:
    judged = [Check("size", "unknown", "size_unknown"), Check("country", "yes", "in_call")]
    settled = with_findings(judged, {"size": ("yes", "Vimos el balance."), "set_aside": ("no", "Se retiró.")})
    assert [(each.check, each.answer, each.by_staff) for each in settled] == [
        ("size", "yes", True), ("country", "yes", False), ("set_aside", "no", True)]
    assert (eligible(settled), eligible(settled[:2])) == ("no", "yes")
    assert months_between(date(2024, 2, 29), date(2025, 2, 28)) == 11


def test_way_in_is_refused_outside_the_call(world: World) -> None:
    round_ = world.call()
    refused("call_other_country", lambda: entry.start(world.session, round_, "a@b.test", "CR", "es"))
    refused("email_shape", lambda: entry.start(world.session, round_, "no mail", "PE", "es"))
    actor = world.applicant("rosa", "PE")
    refused("tax_id_refused", lambda: entry.begin(world.session, actor, round_, entry.TaxNumber("PE", "123")))
    refused("call_other_country", lambda: entry.begin(world.session, actor, round_, entry.TaxNumber("CR", "3101999999")))
    with clock.at(AFTER):
        refused("call_not_taking", lambda: entry.start(world.session, round_, "a@b.test", "PE", "es"))
        refused("call_not_taking", lambda: entry.begin(world.session, actor, round_, entry.TaxNumber("PE", tax_id("PE", 1)[0])))
    assert world.session.scalar(select(func.count(Application.id))) == 0


def test_sending_needs_what_is_needed_and_reads_figures(world: World) -> None:
    round_ = world.call()
    actor = world.applicant("rosa", "PE")
    file = entry.begin(world.session, actor, round_, entry.TaxNumber("PE", tax_id("PE", 1)[0]))
    actor = world.actor("rosa")
    with pytest.raises(DomainError) as refusal:
        service.submit(world.session, actor, file)
    assert refusal.value.params["missing"] == (
        "name of the firm, your name, what you sell, how it travels, whether you sell online, how the firm is owned, the notice on your data, read")
    said = {"company_name": "Rosa", "contact_name": "Rosa", "product": "Chales", "travels": "parcel", "sells_online": "now",
            "form": "sole_trader", "owner_is_woman": "yes", "data_notice": True}
    service.save_draft(world.session, actor, file, {**said, "employees": "muchas", "hack": "x"})
    assert "hack" not in file.answers
    refused("application_unread", lambda: service.submit(world.session, actor, file))
    service.save_draft(world.session, actor, file, {"employees": "", "public_display": True})
    service.submit(world.session, actor, file)
    assert (file.status, file.eligible) == ("submitted", "unknown")  # size, age and exports are still open: pending, not a no
    assert file.firm is not None
    assert (file.firm.women_owned, file.firm.women_led, file.firm.legal_name) == ("yes", "yes", "Rosa")
    given = [(entry_.purpose, entry_.is_given) for entry_ in world.session.scalars(select(ConsentEntry).order_by(ConsentEntry.id))]
    assert given == [("data_notice", True), ("public_display", True)]


def test_sent_again_the_last_counts_and_nothing_is_declared_twice(app: Flask, world: World) -> None:
    round_ = world.call()
    file = world.apply(round_, "rosa", "PE", 1, womens=True)
    first = file.receipt_hash
    with clock.at(NOW.replace(hour=14)):
        service.submit(world.session, world.actor("rosa"), file)
    rows = list(world.session.scalars(select(Submission).order_by(Submission.id)))
    assert [row.receipt_hash for row in rows] == [first, file.receipt_hash]
    assert first != file.receipt_hash
    assert [world.session.scalar(select(func.count(model.id))) for model in (FirmSize, OwnershipDeclaration, ConsentEntry)] == [1, 1, 1]
    mails = [row for row in world.session.scalars(select(OutboxMessage)) if row.kind == "application_receipt"]
    assert len(mails) == 2
    written = write(app, mails[0])
    assert file.code in written.subject
    assert first in written.text


def test_withdrawn_and_taken_up_again(world: World) -> None:
    round_ = world.call()
    file = world.apply(round_, "rosa", "PE", 1, womens=True)
    rosa = world.actor("rosa")
    refused("not_allowed", lambda: service.withdraw(world.session, world.applicant("otra", "PE"), file))
    service.withdraw(world.session, rosa, file)
    refused("application_not_sent", lambda: service.withdraw(world.session, rosa, file))
    refused("application_withdrawn", lambda: service.submit(world.session, rosa, file))
    refused("application_withdrawn", lambda: service.save_draft(world.session, rosa, file, {}))
    service.reopen(world.session, rosa, file)
    service.submit(world.session, rosa, file)
    assert (file.status, file.withdrawn_at) == ("submitted", None)


def test_member_has_no_need_to_apply(world: World) -> None:
    round_ = world.call()
    file = world.apply(round_, "rosa", "PE", 1, womens=True)
    assert file.firm is not None
    join_member(world.session, SYSTEM, world.plan, file.firm, joined_on=NOW.date(), round_id=None, womens_at_entry="yes")
    later = world.call(code="2026-2")
    refused("firm_is_member", lambda: entry.begin_for_firm(world.session, world.actor("rosa"), later, file.firm))  # type: ignore[arg-type]


def test_known_firm_is_asked_and_settled_once(world: World) -> None:
    round_ = world.call()
    mine = world.apply(round_, "rosa", "PE", 1, womens=True)
    later = world.call(code="2026-2")
    typed = entry.TaxNumber("PE", tax_id("PE", 1)[0])
    asked = entry.begin(world.session, world.applicant("ana", "PE"), later, typed)
    assert (asked.firm_id, asked.asks_firm_id, asked.asks_state, asked.answers) == (None, mine.firm_id, "waiting", {})
    assert entry.begin(world.session, world.actor("ana"), later, typed).id == asked.id
    refused("not_allowed", lambda: entry.settle_request(world.session, world.actor("ana"), asked, is_granted=True))
    refused("not_allowed", lambda: entry.settle_request(world.session, world.actor("evaluator"), asked, is_granted=True))
    entry.settle_request(world.session, world.actor("rosa"), asked, is_granted=True)
    refused("asks_settled", lambda: entry.settle_request(world.session, world.actor("peru"), asked, is_granted=False))
    assert (asked.firm_id, asked.asks_state) == (mine.firm_id, "granted")
    assert world.actor("ana").firm_ids == frozenset({mine.firm_id})


def test_refused_request_gives_nothing(world: World) -> None:
    round_ = world.call()
    world.apply(round_, "rosa", "PE", 1, womens=True)
    asked = entry.begin(world.session, world.applicant("ana", "PE"), round_, entry.TaxNumber("PE", tax_id("PE", 1)[0]))
    entry.settle_request(world.session, world.actor("peru"), asked, is_granted=False)
    assert (asked.firm_id, asked.asks_state, asked.status) == (None, "refused", "withdrawn")
    assert world.actor("ana").roles == frozenset()
    service.reopen(world.session, world.actor("ana"), asked)
    assert asked.status == "withdrawn"


def test_request_granted_after_closing_is_frozen_then(world: World) -> None:
    round_ = world.call()
    earlier = world.call(code="2026-0")
    known = world.apply(earlier, "rosa", "PE", 1, womens=True)
    asked = entry.begin(world.session, world.applicant("ana", "PE"), round_, entry.TaxNumber("PE", tax_id("PE", 1)[0]))
    service.save_draft(world.session, world.actor("ana"), asked, {**known.answers})
    service.submit(world.session, world.actor("ana"), asked)
    world.close(round_)
    assert (asked.eligible, (asked.facts or {})["womens"]) == ("unknown", "unknown")
    refused("finding_by_request", lambda: service.note_finding(world.session, world.manager, asked, "acts_for_firm", "yes", "x"))
    entry.settle_request(world.session, world.actor("peru"), asked, is_granted=True)
    assert (asked.eligible, (asked.facts or {})["womens"], asked.reservations) == ("yes", "yes", ["tax_id_active", "ownership"])


def test_appeals_have_their_days_and_their_judge(world: World) -> None:
    round_, files = world.decided_ready()
    waiting = next(each for each in files if each.country == "CL")
    owner = world.actor("firmacl0")
    refused("appeal_not_decided", lambda: appeals.file_appeal(world.session, owner, waiting, "x"))
    with clock.at(AFTER):
        world.sealed(round_)
        refused("appeal_not_decided", lambda: appeals.file_appeal(world.session, owner, waiting, "x"))  # nobody was told yet
        acts.record_act(world.session, world.manager, round_, "RES-1", date(2026, 11, 20))
        offers.send_letters(world.session, world.manager, round_)
        refused("not_allowed", lambda: appeals.file_appeal(world.session, world.actor("firmape0"), waiting, "x"))
        refused("appeal_empty", lambda: appeals.file_appeal(world.session, owner, waiting, " "))
    assert appeals.last_day(waiting, date(2026, 11, 20)) == date(2026, 11, 27)  # five working days in Chile
    with clock.at(AFTER.replace(day=28)):
        refused("appeal_late", lambda: appeals.file_appeal(world.session, owner, waiting, "x"))
    with clock.at(AFTER.replace(day=27)):
        appeal = appeals.file_appeal(world.session, owner, waiting, "Miren otra vez.")
        refused("appeal_twice", lambda: appeals.file_appeal(world.session, owner, waiting, "x"))
    refused("not_allowed", lambda: appeals.answer_appeal(world.session, world.actor("peru"), appeal, is_upheld=True, answer="x"))
    refused("appeal_answer_empty", lambda: appeals.answer_appeal(world.session, world.actor("second"), appeal, is_upheld=True, answer=" "))
    refused("appeal_own_score", lambda: appeals.answer_appeal(world.session, world.manager, appeal, is_upheld=False, answer="x"))
    appeals.answer_appeal(world.session, world.actor("second"), appeal, is_upheld=False, answer="Se mantiene.")
    refused("appeal_answered", lambda: appeals.answer_appeal(world.session, world.actor("second"), appeal, is_upheld=True, answer="x"))
    assert world.session.scalar(select(func.count(OutboxMessage.id)).where(OutboxMessage.kind == "appeal_answered")) == 1


def test_rows_stay_within_the_reach(world: World) -> None:
    round_, files = world.decided_ready(each=2)
    with clock.at(AFTER):
        world.sealed(round_)
    service_tables = (Application, Submission, Seat, ScoreEntry, Finding, Appeal)
    owner = world.actor("firmape0")
    seen = {}
    for name, actor in {"manager": world.manager, "peru": world.actor("peru"), "evaluator": world.actor("evaluator"), "owner": owner}.items():
        act_as(world.session, actor)
        seen[name] = [len(list(world.session.scalars(select(model)))) for model in service_tables]
    act_as(world.session, SYSTEM)
    assert seen == {"manager": [8, 8, 8, 8, 4, 0], "peru": [2, 2, 2, 2, 1, 0], "evaluator": [0] * 6, "owner": [1, 1, 1, 0, 0, 0]}
    assert files


def test_lists_ask_the_same_whatever_their_length(doors: Site) -> None:
    """Files, grid and round page: as many queries for 4 files as for 16."""
    counted, first = [], []
    for code, each in (("2026-1", 1), ("2026-2", 4)):
        def ready(world: World, code: str = code, each: int = each) -> int:
            round_ = world.call(code=code, seats=4)
            firms = [world.apply(round_, f"{code}{country.lower()}{place}", country, place + 20 * each, womens=True)
                     for country in ("CL", "CO", "MX", "PE") for place in range(each)]
            world.close(round_)
            world.score(round_, firms)
            return round_.id

        key = doors.do(ready)
        client = doors.client("manager@plan.test")
        counts = []
        for part in ("", "/files", "/scores", "/decide?all=1", "/act"):
            with _counting(doors) as statements:
                assert client.get(f"/rounds/{key}{part}").status_code == 200
            counts.append(len(statements))
            first.append((part, [each[:90] for each in statements])) if part == "" else None
        counted.append(counts)
    assert counted[0] == counted[1], first


class _counting:  # noqa: N801
    """Count the statements that the site sends."""

    def __init__(self, doors: Site) -> None:
        with doors.app.app_context():
            self.engine = db.engines[None]
        self.statements: list[str] = []

    def _note(self, *args: object) -> None:
        self.statements.append(str(args[2]))

    def __enter__(self) -> list[str]:
        event.listen(self.engine, "before_cursor_execute", self._note)
        return self.statements

    def __exit__(self, *_: object) -> None:
        event.remove(self.engine, "before_cursor_execute", self._note)


def test_typed_figures_are_read_the_countrys_way(world: World) -> None:
    chile = answers.Given({"annual_sales": "1.234.567", "women_ownership_pct": "33,5", "employees": "2,5", "founded_on": "ayer"}, "CL")
    assert (str(chile.number("annual_sales")), str(chile.number("women_ownership_pct")), chile.whole("employees")) == ("1234567", "33.5", None)
    assert answers.unread(chile) == ["employees", "founded_on"]
    peru = answers.Given({"annual_sales": "1,234,567.5", "employees": "x", "board_total": "-1"}, "PE")
    assert (str(peru.number("annual_sales")), peru.number("employees"), peru.number("board_total")) == ("1234567.5", None, None)
    assert answers.size_of(answers.Given({}, "PE")) is None


def test_own_application_is_found_by_firm_and_by_person(world: World) -> None:
    round_ = world.call()
    file = world.apply(round_, "rosa", "PE", 1, womens=True)
    assert [getattr(queries.own_application(world.session, world.actor(name), round_), "id", None) for name in ("rosa", "peru")] == [file.id, None]
    refused("not_found", lambda: queries.application_of(world.session, round_.id, 999))

"""Tries certificates: who earns one, what is frozen, what anybody may check, the paper, revoking, and who reaches what."""

from __future__ import annotations

import re
from datetime import date

from flask import Flask
from sqlalchemy.orm import Session

from cohort.firms.models import Firm, FirmPerson
from cohort.kit import clock
from cohort.plans.service import leave_member
from cohort.training.certificates import queries, service
from cohort.training.certificates.models import Certificate
from cohort.training.certificates.paper import page_of
from tests.pages import Pages, Reading
from tests.rooms.stage import Do, PagesOf, noted, refusal, rows
from tests.world import NOW, World

TODAY = NOW.date()


def train(session: Session, world: World, key: str = "CL") -> None:
    milestone = world.milestone(session, 6, key)
    milestone.handed_in_on = milestone.done_on = TODAY
    session.flush()


def complete(session: Session, world: World, key: str = "CL") -> None:
    for number in range(1, 24):
        world.milestone(session, number, key).done_on = TODAY
    session.flush()


def issue(session: Session, world: World, kind: str = "training", who: str = "coordinator", keys: tuple[str, ...] = ("CL",)) -> list[Certificate]:
    return service.issue_certificates(session, world.actor(session, who), world.plan, kind, [world.members[key] for key in keys], TODAY)


def earned(session: Session, world: World) -> dict[str, list[int]]:
    return {kind: [each.member.id for each in found] for kind, found in queries.earners(session, world.plan, TODAY).items()}


def test_who_earns_which(session: Session, world: World) -> None:
    assert earned(session, world) == {"training": [], "completion": []}
    train(session, world)
    complete(session, world, "PE")
    assert earned(session, world) == {"training": [world.members["CL"], world.members["PE"]], "completion": [world.members["PE"]]}
    world.milestone(session, 15, "PE").done_on = None
    assert earned(session, world)["completion"] == [], "a required one is missing; whether it is recurring plays no part"
    leave_member(session, world.actor(session, "manager"), world.member(session, "PE"), TODAY, "Cerró.")
    assert earned(session, world) == {"training": [world.members["CL"]], "completion": []}


def test_what_is_certified_is_frozen_at_issue(app: Flask, session: Session, world: World) -> None:
    train(session, world)
    [found] = issue(session, world)
    assert re.fullmatch(r"([2-9A-HJ-NP-Z]{4}-){3}[2-9A-HJ-NP-Z]{4}", found.code)
    assert found.content == {
        "format": "cohort-certificate/1", "kind": "training", "code": found.code, "language": "es",
        "firm": "Ñandú Tejidos", "legal_name": "Ñandú Tejidos Ltda", "country": "CL",
        "plan": {"code": "PA-2026", "es": "Plan de la Alianza", "en": "Plan of the Alliance"},
        "what": {"es": "Participó en al menos el 80 % de la capacitación básica de 40 horas.",
                 "en": "Took part in at least 80 % of the core training of 40 hours."},
        "core_minutes": None, "offered_minutes": None,
        "joined_on": "2026-02-02", "issued_on": "2026-11-24", "issuer": "Coordinator",
    }
    assert (found.issued_at, found.issued_by) == (NOW, world.people["coordinator"])
    assert noted(session)[-1][::2] == ("certificate.issued", {"kind": "training", "code": found.code, "hash": found.content_hash})
    session.get_one(Firm, world.firms["CL"]).trade_name = "Otro nombre"
    session.flush()
    again = queries.certificate_of_code(session, found.code)
    assert (again.content["firm"], queries.is_intact(again)) == ("Ñandú Tejidos", True)
    again.content = again.content | {"firm": "Otra"}
    assert not queries.is_intact(again)


def test_nobody_gets_two_that_hold(session: Session, world: World) -> None:
    train(session, world)
    train(session, world, "PE")
    first = issue(session, world, keys=("CL",))
    second = issue(session, world, who="manager", keys=("CL", "PE"))
    assert [each.member_id for each in first + second] == [world.members["CL"], world.members["PE"]]
    assert refusal(lambda: issue(session, world)) == "certificate_not_earned"
    assert refusal(lambda: issue(session, world, "completion")) == "certificate_not_earned"
    service.revoke_certificate(session, world.actor(session, "manager"), first[0], "Nombre equivocado.")
    [anew] = issue(session, world)
    assert anew.code != first[0].code
    assert [each.id for each in queries.certificates_of(session, world.member(session))] == [anew.id, first[0].id]


def test_who_may_issue_and_revoke(session: Session, world: World) -> None:
    train(session, world)
    for who in ("coach", "firmcl", "administrator", "observer", "evaluator", "nobody"):
        assert refusal(lambda who=who: issue(session, world, who=who)) == "not_allowed", who
    [found] = issue(session, world)
    for who in ("coordinator", "coach", "firmcl"):
        actor = world.actor(session, who)
        assert refusal(lambda actor=actor: service.revoke_certificate(session, actor, found, "Porque sí.")) == "not_allowed", who
    manager = world.actor(session, "manager")
    assert refusal(lambda: service.revoke_certificate(session, manager, found, "  ")) == "reason_missing"
    service.revoke_certificate(session, manager, found, " Asistencia mal contada. ")
    assert (found.revoked_at, found.revoked_by, found.revoke_reason) == (NOW, world.people["manager"], "Asistencia mal contada.")
    assert refusal(lambda: service.revoke_certificate(session, manager, found, "Otra vez.")) == "certificate_revoked"


def test_anybody_checks_a_code(world: World, pages: PagesOf, do: Do) -> None:
    do(lambda session: train(session, world))
    code = do(lambda session: issue(session, world)[0].code)
    page = pages().get(f"/certificates/{code}")
    assert {"Ñandú Tejidos", "Ñandú Tejidos Ltda", "Plan of the Alliance" if "Plan of the Alliance" in page.words else "Plan de la Alianza", code} <= set(page.words)
    for typed in (code.lower(), code.replace("-", ""), code.replace("-", " ")):
        assert code in pages().get(f"/certificates/{typed}").words, typed
    assert code in pages().follow(f"/certificates/?code={code}").words
    unknown = pages("manager").get("/certificates/AAAA-BBBB-CCCC-DDDD", 404)
    assert "No certificate has the code “AAAA-BBBB-CCCC-DDDD”. Check each letter; a code has no 0, 1, I, L or O." in unknown.words
    assert pages().get("/certificates/").of("input")
    do(lambda session: service.revoke_certificate(
        session, world.actor(session, "manager"), rows(session, Certificate)[0], "Asistencia mal contada."))
    page = pages("peru").get(f"/certificates/{code}")
    assert "This certificate no longer holds" in page.words
    assert "because: Asistencia mal contada." in page.text
    assert "Este certificado ya no vale" in pages("stranger", "es").get(f"/certificates/{code}").words


def test_a_changed_content_is_not_vouched_for(world: World, pages: PagesOf, do: Do) -> None:
    do(lambda session: train(session, world))
    code = do(lambda session: issue(session, world)[0].code)

    def tamper(session: Session) -> None:
        row = rows(session, Certificate)[0]
        row.content = row.content | {"firm": "Otra firma"}

    do(tamper)
    assert {"not valid", "This certificate cannot be relied on"} <= set(pages("manager").get(f"/certificates/{code}").words)


def test_certificates_are_issued_from_what_was_shown(session: Session, world: World, pages: PagesOf, do: Do) -> None:
    manager, path = pages("manager"), "/training/certificates"
    assert "No certificate yet" in manager.get(path).words
    for key in ("CL", "PE"):
        do(lambda session, key=key: train(session, world, key))
    page = manager.get(path)
    assert {"2 certificates to issue", "Ñandú Tejidos", "Cacao del Norte"} <= set(page.words)
    both = ",".join(str(world.members[key]) for key in ("PE", "CL"))
    assert both in {facts.get("value") for facts in page.of("input")} or ",".join(reversed(both.split(","))) in {
        facts.get("value") for facts in page.of("input")}
    assert "1 certificate to issue" in pages("coordinator").get(path).words, "Chile's own"
    page = manager.send(f"{path}/issue/training", path, members=both)
    assert {"2 certificates were issued.", "Certificates"} <= set(page.words)
    assert "Nobody of these has earned this certificate and lacks it." in manager.send(f"{path}/issue/training", path, members=both).words
    assert "Nobody of these has earned this certificate and lacks it." in manager.send(f"{path}/issue/completion", path, members="x,²,").words
    assert sorted(row.member_id for row in rows(session, Certificate)) == sorted(world.members[key] for key in ("CL", "PE"))


def test_a_coordinator_issues_within_reach_alone(session: Session, world: World, pages: PagesOf, do: Do) -> None:
    do(lambda session: train(session, world))
    page = pages("peru").send("/training/certificates/issue/training", "/account/", members=str(world.members["CL"]))
    assert "Nobody of these has earned this certificate and lacks it." in page.words
    assert rows(session, Certificate) == []


def test_the_paper_is_written_in_the_firms_language(app: Flask, session: Session, world: World) -> None:
    train(session, world)
    contact = rows(session, FirmPerson, FirmPerson.firm_id == world.firms["CL"])[0]
    said = {}
    for language in ("es", "en"):
        contact.language = language
        session.flush()
        [row] = issue(session, world)
        with app.test_request_context():
            page = Reading(page_of(row, f"https://plan.test/certificates/{row.code}"))
        assert page.of("html")[0]["lang"] == language
        assert {f"https://plan.test/certificates/{row.code}", row.code, "Ñandú Tejidos", f"SHA-256 {row.content_hash}"} <= set(page.words)
        assert page.of("img")[0]["src"].startswith("data:image/svg+xml")
        said[language] = page.text
        service.revoke_certificate(session, world.actor(session, "manager"), row, "Otra lengua.")
    assert "Certificado de capacitación" in said["es"]
    assert "Participó en al menos el 80 % de la capacitación básica de 40 horas." in said["es"]
    assert "In the plan since February 2, 2026. Issued on November 24, 2026 by Coordinator." in said["en"]
    assert "recurr" not in said["es"] + said["en"]


def test_the_paper_is_a_pdf_within_reach(session: Session, world: World, pages: PagesOf, do: Do) -> None:
    do(lambda session: train(session, world))
    do(lambda session: issue(session, world))
    path = f"/training/certificates/{rows(session, Certificate)[0].id}.pdf"
    answer = pages("firmcl", "en").open(path)
    assert (answer.status_code, answer.mimetype, answer.data[:5]) == (200, "application/pdf", b"%PDF-")
    reached = {who: pages(who).open(path).status_code for who in ("coordinator", "peru", "firmpe", "stranger", "observer")}
    assert reached == {"coordinator": 200, "peru": 404, "firmpe": 404, "stranger": 404, "observer": 403}


def test_a_firm_finds_its_certificates_and_no_longer_downloads_a_revoked_one(
    session: Session, world: World, pages: PagesOf, do: Do
) -> None:
    do(lambda session: complete(session, world))
    do(lambda session: issue(session, world, "completion"))
    row = rows(session, Certificate)[0]
    paper, owner = f"/training/certificates/{row.id}.pdf", pages("firmcl", "es")
    for path in ("/own", f"/training/members/{world.members['CL']}"):
        page = owner.get(path)
        assert "Certificado de finalización" in page.words, path
        assert paper in page.links, path
    manager: Pages = pages("manager")
    revoke = f"/training/certificates/{row.id}/revoke"
    assert "Say why: whoever checks the certificate reads it." in manager.sent_back(revoke, reason=" ").text
    assert "Revoked. Its page says so from now on." in manager.send(revoke, reason="Falta el informe.").words
    assert manager.open(revoke).status_code == 410
    assert "Este certificado fue revocado: Falta el informe." in owner.refused(paper, 410)
    page = owner.get("/own")
    assert {"revocado", "Falta el informe."} <= set(page.words)
    assert paper not in page.links
    assert pages("coordinator").open(revoke).status_code == 403


def test_the_day_of_issue_is_the_plans_own(world: World, pages: PagesOf, do: Do, session: Session) -> None:
    do(lambda session: train(session, world))
    clock.pin(NOW.replace(day=25, hour=1))  # still the 24th in Santiago
    pages("manager").send("/training/certificates/issue/training", "/training/certificates", members=str(world.members["CL"]))
    assert date.fromisoformat(rows(session, Certificate)[0].content["issued_on"]) == TODAY

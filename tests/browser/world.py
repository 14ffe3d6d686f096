"""Builds the world of the browser tests in a folder: the small demo, and for each walk a closed call and work to do.

Run as `python -m tests.browser.world FOLDER`; everything happens by the services of the site.
"""

from __future__ import annotations

import json
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from typing import cast as typed

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from cohort.demo.build import build_demo
from cohort.demo.choosing import Call, play_call
from cohort.demo.sketches import Sketch, draw_firms
from cohort.demo.stage_set import Cast
from cohort.demo.story import Scale
from cohort.demo.timeline import Agenda, Timeline
from cohort.exports.entries.service import log_export
from cohort.exports.facts import ExportFacts
from cohort.exports.models import Export
from cohort.firms.models import Firm, FirmPerson
from cohort.firms.service import record_consent
from cohort.kit import clock
from cohort.kit.access import SYSTEM, Role, act_as
from cohort.kit.database import db, transaction
from cohort.kit.schema import upgrade_database
from cohort.kit.site import open_site
from cohort.people.actors import actor_of
from cohort.people.models import Person, RoleGrant
from cohort.plans.models import Deputy, Member, Plan
from cohort.plans.service import extend_plan
from cohort.reference import consent_texts
from cohort.rounds.applications.service import note_finding
from cohort.rounds.calls.protocol import Terms
from cohort.rounds.calls.service import close_round
from cohort.rounds.models import Application, Round
from cohort.training.models import Milestone
from cohort.training.service import EXPORT_MILESTONES, hand_in
from tests.browser.reviewing import reviewed_calls
from tests.browser.walks import WALKS

TODAY = "2026-11-24T15:00:00+00:00"  # it stands still, so that a page says the same in every run
ENDS_ON = date(2027, 12, 31)
SMALL = Scale(applicants=8, seats=3, review_applicants=2, later_applicants=1)
FIRST_NUMBER = 60  # tax ids from here on belong to the calls of this file
WORK_EACH = 2


def cast_of(session: Session, plan: Plan) -> Cast:
    """Return the staff of the demo as the demo's chapters know them."""
    found = Cast(plan.id, {}, {})
    statement = select(RoleGrant, Person).join(Person, Person.id == RoleGrant.person_id).where(RoleGrant.role != Role.FIRM)
    for grant, person in session.execute(statement):
        key = grant.country if grant.role == Role.COORDINATOR else str(grant.role)
        found.accounts[key], found.actors[key] = person.id, actor_of(session, person, plan.id)
    return found


def closed_calls(session: Session, cast: Cast, timeline: Timeline) -> None:
    """Hold a call for each walk: ten firms apply from two countries, it closes, what is pending is settled."""
    agenda = Agenda()
    for place, walk in enumerate(WALKS):
        sketches: list[Sketch] = []
        for country in ("CL", "PE"):
            start = FIRST_NUMBER + 10 * place
            sketches += draw_firms(Random(f"{walk.code} {country}"), country, 7, timeline.before(40), start=start)
        call = Call(walk.code, f"Convocatoria {walk.code}", f"Call {walk.code}", Terms("equal", 4, ("CL", "PE")), 30, 10, sketches)
        play_call(agenda, timeline, Random(walk.code), cast, call)
    for day in sorted(agenda.acts):
        for moment, act in agenda.of(day):
            with clock.at(moment):
                act(session)
    for walk in WALKS:
        round_ = session.scalars(select(Round).where(Round.code == walk.code)).one()
        with clock.at(clock.now() - timedelta(days=5)):
            close_round(session, cast.manager(), round_)
            waiting = select(Application).where(Application.round_id == round_.id, Application.eligible == "unknown")
            for application in session.scalars(waiting).all():
                for check in [each["check"] for each in application.eligibility if each["answer"] == "unknown"]:
                    note_finding(session, cast.coordinator(application.country), application, check, "yes", "Revisado.")


def work_to_do(session: Session, plan: Plan, country: str) -> None:
    """Let two firms of a country send an export, hand in a milestone and agree to WhatsApp."""
    statement = select(Member, Firm, FirmPerson).join(Firm, Firm.id == Member.firm_id).join(FirmPerson, FirmPerson.firm_id == Firm.id)
    statement = statement.where(Member.plan_id == plan.id, Firm.country == country, Member.is_pilot.is_(False)).order_by(Member.id)
    for place, (member, firm, contact) in enumerate(session.execute(statement.limit(WORK_EACH)).all()):
        actor = actor_of(session, session.get_one(Person, contact.person_id), plan.id)
        with clock.at(clock.now() - timedelta(days=6 - place)):
            log_export(session, actor, member, ExportFacts(
                exported_on=clock.today() - timedelta(days=2), destination="MX" if country != "MX" else "CL", product="Chales",
                value=Decimal(640), currency="USD", channel="marketplace", marketplace="Mercado Libre", shipment="courier"))
            for milestone in handed_in_next(session, member):
                hand_in(session, actor, milestone, "Adjuntamos lo pedido.")
            notice = consent_texts(country, "es")["whatsapp_contact"]
            record_consent(session, actor, firm, "whatsapp_contact", notice.version, True)


def handed_in_next(session: Session, member: Member) -> list[Milestone]:
    """Return the first open milestone that a coordinator may confirm now, in a list; none when there is none."""
    rows = session.scalars(select(Milestone).where(Milestone.member_id == member.id).order_by(Milestone.number)).all()
    done = {row.number for row in rows if row.done_on or row.waived_on}
    return [
        row for row in rows
        if row.number not in done | set(EXPORT_MILESTONES) and row.handed_in_on is None
        and "coordinator" in row.confirms and set(row.after) <= done
    ][:1]


def facts_for_tests(session: Session) -> dict[str, Any]:
    """Return what a test cannot read from the pages: who acts for a member firm of each country."""
    firms = {}
    for walk in WALKS:
        statement = select(Person.email).join(FirmPerson, FirmPerson.person_id == Person.id).join(Firm, Firm.id == FirmPerson.firm_id)
        statement = statement.join(Member, Member.firm_id == Firm.id).where(Firm.country == walk.country, Member.is_pilot.is_(False))
        firms[walk.country] = session.scalars(statement.order_by(Member.id).limit(1)).one()
    return {"firms": firms, "exports": session.scalar(select(func.count()).select_from(Export))}


def build(folder: Path) -> None:
    """Build everything and write `facts.json` beside the database."""
    app = open_site()
    upgrade_database(app)
    build_demo(app, scale=SMALL, progress=lambda *_: None)
    with app.app_context():
        with transaction() as session:
            act_as(session, SYSTEM)
            plan = session.scalars(select(Plan)).one()
            cast = cast_of(session, plan)
            # new members need a year for their milestones, and in month 14 the plan has less left
            extend_plan(session, cast.manager(), plan, ENDS_ON, "Prórroga acordada por el grupo técnico.")
            closed_calls(session, cast, Timeline(clock.today()))
            reviewed_calls(session, cast, Timeline(clock.today()))
            for walk in WALKS:
                work_to_do(session, plan, walk.country)
            # until yesterday: two walks at once would otherwise work through the list of the same country
            session.execute(update(Deputy).values(until_on=clock.today() - timedelta(days=1)))
        (folder / "facts.json").write_text(json.dumps(facts_for_tests(typed(Session, db.session()))))


if __name__ == "__main__":
    build(Path(sys.argv[1]))

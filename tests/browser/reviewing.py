"""Arranges, for each walk, a closed call that is reviewed blind: four files, three evaluators, one review sent in already."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.demo.applying import apply_to
from cohort.demo.choosing import ZONE
from cohort.demo.sketches import MAIL_DOMAIN, Sketch, draw_firms
from cohort.demo.stage_set import PASSWORD, Cast, hash_of
from cohort.demo.timeline import Agenda, Timeline
from cohort.kit import clock
from cohort.kit.access import SYSTEM, Role, act_as
from cohort.people import grants
from cohort.people.actors import actor_of
from cohort.people.models import Person
from cohort.plans.models import Plan
from cohort.rounds.applications.service import note_finding
from cohort.rounds.calls import service as calls
from cohort.rounds.calls.protocol import Terms
from cohort.rounds.models import Application, Round
from cohort.rounds.reviews import assigning, sheets
from tests.browser.walks import WALKS, Walk

FIRST_NUMBER = 140  # tax ids from here on belong to these calls
TERMS = {"per_file": 2, "gap": "20", "final": "mean_or_median", "is_blind": True, "least_mark": 1}
RUBRIC = (
    ("readiness", 40, "Preparación", "Readiness"), ("capacity", 35, "Capacidad de producir", "Capacity to produce"),
    ("growth", 25, "Crecimiento", "Growth"),
)
ANCHORS = (
    ("No hay nada que lo muestre", "Nothing shows it"), ("Solo intención", "Intention only"),
    ("Primeros pasos", "First steps"), ("Funciona en casa", "It works at home"),
    ("Funciona fuera, a veces", "It works abroad, at times"), ("Funciona fuera, siempre", "It works abroad, always"),
)
PANEL = (("eva", "Eva Larraín"), ("otto", "Otto Benavides"), ("tere", "Teresa Ibáñez"))


def mailbox(name: str, walk: Walk) -> str:
    return f"{name}-{walk.name}"


def code_of(walk: Walk) -> str:
    return f"review-{walk.name}"


def rubric() -> list[dict[str, Any]]:
    anchors = [{"es": es, "en": en} for es, en in ANCHORS]
    return [{"criterion": name, "weight": weight, "label": {"es": es, "en": en}, "anchors": anchors} for name, weight, es, en in RUBRIC]


def reviewed_calls(session: Session, cast: Cast, timeline: Timeline) -> None:
    """Hold the calls, close them, and put the first files into the hands of the panel."""
    agenda, plan, password = Agenda(), session.get_one(Plan, cast.plan_id), hash_of(PASSWORD)
    for place, walk in enumerate(WALKS):
        _call(agenda, timeline, cast, plan, walk, FIRST_NUMBER + 10 * place)
    for day in sorted(agenda.acts):
        for moment, act in agenda.of(day):
            with clock.at(moment):
                act(session)
    for walk in WALKS:
        for name, whole in PANEL:
            person = grants.find_or_make_person(session, f"{mailbox(name, walk)}@{MAIL_DOMAIN}", f"{whole} {walk.country}", "es", "CL")
            person.password = password
            grants.grant_role(session, SYSTEM, person, Role.EVALUATOR, plan.id, valid_from=timeline.before(30))
        round_ = session.scalars(select(Round).where(Round.code == code_of(walk))).one()
        with clock.at(clock.now() - timedelta(days=5)):
            calls.close_round(session, cast.manager(), round_)
            _settled(session, cast, round_)
        with clock.at(clock.now() - timedelta(days=3)):
            _begun(session, cast, round_, walk)


def _call(agenda: Agenda, timeline: Timeline, cast: Cast, plan: Plan, walk: Walk, start: int) -> None:
    sketches: list[Sketch] = []
    for country in ("CL", "PE"):
        sketches += draw_firms(Random(f"{code_of(walk)} {country}"), country, 2, timeline.before(40), start=start)

    def make(session: Session) -> None:
        made = calls.create_round(session, cast.manager(), plan, calls.NewRound(
            code=code_of(walk), title_es=f"Evaluación {walk.name}", title_en=f"Review {walk.name}", time_zone=ZONE,
            terms=Terms("equal", 2, ("CL", "PE")), opens_at=clock.now() - timedelta(hours=1),
            closes_at=clock.now() + timedelta(days=20)))
        made.protocol = {**made.protocol, "rubric": rubric(), "reviews": TERMS}
        calls.open_round(session, cast.manager(), made, "Son pocas en el registro.")

    agenda.add(timeline.before(30), make)
    apply_to(agenda, timeline, Random(walk.name), cast, code_of(walk), sketches, 28, 12, 0)


def _settled(session: Session, cast: Cast, round_: Round) -> None:
    waiting = select(Application).where(Application.round_id == round_.id, Application.eligible == "unknown")
    for application in session.scalars(waiting).all():
        for check in [each["check"] for each in application.eligibility if each["answer"] == "unknown"]:
            note_finding(session, cast.coordinator(application.country), application, check, "yes", "Revisado.")


def _begun(session: Session, cast: Cast, round_: Round, walk: Walk) -> None:
    """Give two files to Eva and Otto; Otto has sent the second one in, with low marks."""
    files = assigning.to_review(session, round_.id)[:2]
    people = {name: session.scalars(select(Person).where(Person.email == f"{mailbox(name, walk)}@{MAIL_DOMAIN}")).one() for name, _ in PANEL}
    for file in files:
        with clock.at(clock.now() + timedelta(minutes=files.index(file))):
            assigning.give(session, cast.manager(), round_, [(file.id, people[name].id) for name in ("eva", "otto")], "hand")
    otto = actor_of(session, people["otto"], round_.plan_id)
    act_as(session, otto)
    sheets.declare(session, otto, files[1].id, False)
    sheets.send(session, otto, files[1].id, 0, {name: "1" for name, *_ in RUBRIC})
    act_as(session, SYSTEM)

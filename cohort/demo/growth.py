"""Tells how firms grow: a diagnostic at the start, an early second one for some, coaching talks, certificates of training."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort import reference
from cohort.demo.members import Enrolled
from cohort.demo.stage_set import Cast
from cohort.demo.timeline import Act, Agenda, Timeline, working_day
from cohort.kit import clock
from cohort.kit.access import Actor
from cohort.plans.models import Member
from cohort.training import service as milestones
from cohort.training.certificates.queries import earners
from cohort.training.certificates.service import issue_certificates
from cohort.training.coaching.service import Talk, log_talk
from cohort.training.diagnostics.service import take_diagnostic
from cohort.training.models import Milestone

TAKEN_AGAIN_SHARE = 0.35
SECOND_DIAGNOSTIC = 20  # the milestone that it is handed in for
# What firms begin with, and how much most of them gain: selling and being paid move first, the team last.
BEGINS = {"product": 3, "pricing": 2, "digital_sales": 2, "payments": 1, "logistics": 2, "regulation": 2, "team": 2}
GAINS = {"product": 0.4, "pricing": 1.0, "digital_sales": 1.3, "payments": 1.6, "logistics": 1.0, "regulation": 0.8, "team": 0.3}
TALKS = (
    ("Revisamos la hoja de costos puesta en destino y la comisión del marketplace.", "Enviar la hoja con el flete corregido"),
    ("Elegimos las cinco fichas que se publican primero.", "Tomar las fotos nuevas"),
    ("Comparamos dos cotizaciones de courier.", "Pedir la tercera cotización"),
    ("Conversamos sobre quién reemplaza a la dueña en época de ferias.", ""),
    ("Leímos juntas los requisitos de etiqueta del país de destino.", "Mandar el borrador de la etiqueta"),
)


def play_growth(agenda: Agenda, timeline: Timeline, random: Random, cast: Cast, members: list[Enrolled]) -> None:
    """Note diagnostics, talks and certificates of all members, each by those who go with the firm."""
    for each in members:
        begins = {area: min(5, max(1, mark + random.choice((-1, 0, 0, 0, 1)))) for area, mark in BEGINS.items()}
        taken = working_day(timeline.from_start(36 + random.randint(0, 12)))
        agenda.add(taken, _diagnostic(cast, each, "start", begins, taken), 200)
        zeal = random.choice((0.1, 0.4, 0.9, 1.0, 1.2))  # some firms hardly move
        if random.random() < TAKEN_AGAIN_SHARE:
            again = working_day(timeline.before(random.randint(4, 24)))
            later = {area: min(5, mark + int(zeal * GAINS[area] + random.random())) for area, mark in begins.items()}
            agenda.add(min(again, timeline.last_day), _diagnostic(cast, each, "month_18", later, min(again, timeline.last_day)), 210)
    for each in random.sample(members, max(1, len(members) // 3)):
        about, step = random.choice(TALKS)
        held = min(working_day(timeline.before(random.randint(3, 40))), timeline.last_day)
        due = held + timedelta(days=random.choice((5, 12, 21, 30)))
        agenda.add(held, _talk(_coach_of(cast, each), each, Talk(held, random.choice((30, 45, 60, 90)), about, step, due if step else None)), 220)
    agenda.add(working_day(timeline.from_start(200)), _certify(cast), 400)


def _coach_of(cast: Cast, each: Enrolled) -> Actor:
    coach = cast.actors["coach"]
    return coach if each.firm_id in (coach.firm_ids or ()) else cast.coordinator(each.country)


def _diagnostic(cast: Cast, each: Enrolled, moment: str, marks: dict[str, int], on: date) -> Act:
    ordered = {area.code: marks[area.code] for area in reference.diagnostic()}

    def act(session: Session) -> None:
        member = session.get_one(Member, each.member_id)
        if member.left_on is not None:
            return
        take_diagnostic(session, cast.coordinator(each.country), member, moment, ordered, on)
        if moment == "month_18":
            milestone = session.scalars(select(Milestone).where(
                Milestone.member_id == each.member_id, Milestone.number == SECOND_DIAGNOSTIC)).one()
            milestones.confirm(session, cast.manager(), milestone)

    return act


def _talk(actor: Actor, each: Enrolled, talk: Talk) -> Act:
    def act(session: Session) -> None:
        log_talk(session, actor, session.get_one(Member, each.member_id), talk)

    return act


def _certify(cast: Cast) -> Act:
    def act(session: Session) -> None:
        today = clock.today()
        ids = [each.member.id for each in earners(session, cast.plan_id, today)["training"]]
        if ids:
            issue_certificates(session, cast.manager(), cast.plan_id, "training", ids, today)

    return act

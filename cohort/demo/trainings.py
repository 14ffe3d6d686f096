"""Tells of training: ten core sessions in the first months, a clinic three weeks ago, two sessions that are still to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from sqlalchemy.orm import Session

from cohort.demo.members import Enrolled
from cohort.demo.stage_set import Cast
from cohort.demo.timeline import Act, Agenda, Timeline, working_day
from cohort.plans.models import Plan
from cohort.training.sessions import attendance, inviting
from cohort.training.sessions.models import TrainingSession
from cohort.training.sessions.service import SessionFacts, make_session

CORE = (
    ("Producto y mercado de destino", "Product and target market"), ("Clasificación y requisitos sanitarios", "Classification and sanitary rules"),
    ("Costos puestos en destino", "Landed costs"), ("Fichas y fotos que venden", "Listings and photos that sell"),
    ("Tienda propia o plataforma", "Own store or marketplace"), ("Cobros entre países", "Payments across borders"),
    ("Logística y couriers", "Logistics and couriers"), ("Aduana paso a paso", "Customs step by step"),
    ("Devoluciones y posventa", "Returns and after-sales"), ("Publicidad y clientes que vuelven", "Advertising and returning customers"),
)
FIRST_DAY, EVERY_DAYS, INVITED_DAYS_AHEAD = 40, 12, 14
TRAINERS = ("Marcela Ríos", "Andrés Quispe", "Lucía Hernández")


@dataclass
class _Held:
    """A session of the story: its facts, and its number once it was made."""

    facts: SessionFacts
    on: date
    session_id: int = 0


def play_trainings(agenda: Agenda, timeline: Timeline, random: Random, cast: Cast, members: list[Enrolled]) -> None:
    """Note the sessions with their invitations, answers and attendance."""
    zeal = {each.member_id: random.choice((0.97, 0.93, 0.88, 0.7)) for each in members}
    for place, (title_es, title_en) in enumerate(CORE):
        held = _session(working_day(timeline.from_start(FIRST_DAY + EVERY_DAYS * place)), title_es, title_en, TRAINERS[place % 3], 4)
        _play_session(agenda, timeline, random, cast, members, held, zeal)
    clinic = _session(working_day(timeline.before(21)), "Clínica de precios", "Pricing clinic", TRAINERS[0], 2, is_core=False)
    soon = _session(working_day(timeline.as_of + timedelta(days=5)), "Temporada alta: preparar envíos", "High season: preparing shipments", TRAINERS[2], 2,
                    is_core=False, capacity=max(2, len(members) // 3))
    later = _session(working_day(timeline.as_of + timedelta(days=13)), "Clientes que vuelven", "Customers who come back", TRAINERS[1], 2)
    for held in (clinic, soon, later):
        _play_session(agenda, timeline, random, cast, members, held, zeal)


def _session(on: date, title_es: str, title_en: str, trainer: str, hours: int, *, is_core: bool = True, capacity: int | None = None) -> _Held:
    starts_at = datetime.combine(on, time(14), UTC)
    return _Held(SessionFacts(
        title_es=title_es, title_en=title_en, starts_at=starts_at, ends_at=starts_at + timedelta(hours=hours), time_zone="America/Santiago",
        host_country="CL", trainer=trainer, link="https://reuniones.example/plan", materials="https://materiales.example/plan",
        capacity=capacity, is_core=is_core), on)


def _play_session(
    agenda: Agenda, timeline: Timeline, random: Random, cast: Cast, members: list[Enrolled], held: _Held, zeal: dict[int, float]
) -> None:
    invited_on = min(held.on - timedelta(days=INVITED_DAYS_AHEAD), timeline.before(2))
    agenda.add(invited_on, _make(cast, held), -30)
    if held.on > timeline.before(30):  # who said what long ago tells nobody anything
        for each in members:
            if random.random() < 0.8:
                agenda.add(min(invited_on + timedelta(days=random.randint(0, 8)), timeline.last_day), _answer(each, held, random.random() < zeal[each.member_id]), random.randint(0, 300))
    if held.on < timeline.last_day:
        length = int((held.facts.ends_at - held.facts.starts_at).total_seconds()) // 60
        there = {each.member_id: length if random.random() < 0.85 else length * 3 // 4 for each in members if random.random() < zeal[each.member_id]}
        agenda.add(min(working_day(held.on + timedelta(days=1)), timeline.last_day), _note(cast, held, there), 350)


def _make(cast: Cast, held: _Held) -> Act:
    def act(session: Session) -> None:
        made = make_session(session, cast.coordinator("CL"), session.get_one(Plan, cast.plan_id), held.facts)
        held.session_id = made.id
        inviting.invite(session, cast.coordinator("CL"), made)

    return act


def _answer(each: Enrolled, held: _Held, comes: bool) -> Act:
    def act(session: Session) -> None:
        inviting.answer(session, each.actor, session.get_one(TrainingSession, held.session_id), each.firm_id, "yes" if comes else "no")

    return act


def _note(cast: Cast, held: _Held, there: dict[int, int]) -> Act:
    def act(session: Session) -> None:
        attendance.note_attendance(session, cast.manager(), session.get_one(TrainingSession, held.session_id), there)

    return act

"""Tells how members do their milestones: most on time, some late, one in trouble in Mexico, some waiting for us."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.demo.members import Enrolled
from cohort.demo.papers import paper
from cohort.demo.stage_set import Cast
from cohort.demo.timeline import Act, Agenda, Timeline, working_day
from cohort.firms.models import OwnershipDeclaration
from cohort.firms.service import give_verdict
from cohort.kit.access import Actor
from cohort.plans.models import Member
from cohort.training import service
from cohort.training.contacts.service import log_call
from cohort.training.models import Milestone

BY_EXPORTS = frozenset(service.EXPORT_MILESTONES)
PAYMENT_ACCOUNT, OWNERSHIP, MID_TERM, FIRST_EXPORT, SECOND_MARKET = 11, 3, 16, 15, 18
TROUBLED_COUNTRY, TROUBLED_SHARE, TROUBLED_DAYS_LATE = "MX", 0.45, 19
SAID = {
    1: "Carta firmada por la gerencia.", 5: "Plan con dos productos y dos países de destino.",
    6: "Asistencia completa al ciclo de formación.", 8: "Hoja de costos puesta en destino.",
    10: "Dos cotizaciones de courier.", 11: "Pago de prueba recibido.", 12: "Tienda aprobada por la plataforma.",
    13: "Cinco fichas publicadas.", 16: "Balance del primer año y nuevo plan.",
}
CALLS = (
    "Llamé: espera el registro de la etiqueta; lo sube esta semana.", "Conversamos sobre el segundo destino; prefiere Perú.",
    "No contestó; dejé recado con su socia.", "Pidió ayuda con la cuenta de pagos; le mandé la guía.",
    "Tuvo un atraso con el courier; ya despachó.", "Quiere vender en fin de año; revisamos los plazos de envío.",
)


def play_milestones(
    agenda: Agenda, timeline: Timeline, random: Random, cast: Cast, members: list[Enrolled], session: Session
) -> list[date]:
    """Note hand-ins, confirmations, new dates and calls of all members; return every day a milestone falls due."""
    dues = _dues(session, cast.plan_id)
    troubled = _troubled(random, members)
    for each in members:
        is_slow = random.random() < 0.18
        for number, milestone_id, due_on in dues[each.member_id]:
            if number == PAYMENT_ACCOUNT and each.member_id in troubled:
                _play_trouble(agenda, timeline, cast, each, milestone_id, due_on)
            elif number not in BY_EXPORTS and due_on < timeline.as_of + timedelta(days=3):
                _play_one(agenda, timeline, random, cast, each, (number, milestone_id, due_on), is_slow=is_slow)
            elif number == SECOND_MARKET and random.random() < 0.16:  # early, and waiting for the coordinator
                handed = timeline.before(random.randint(1, 9))
                agenda.add(handed, _hand_in(each, milestone_id, number, with_file=True), random.randint(0, 300))
    _play_calls(agenda, timeline, random, cast, members)
    return sorted({due_on for rows in dues.values() for _number, _id, due_on in rows} | {timeline.before(TROUBLED_DAYS_LATE)})


def _dues(session: Session, plan_id: int) -> dict[int, list[tuple[int, int, date]]]:
    statement = select(Milestone.member_id, Milestone.number, Milestone.id, Milestone.due_on).where(
        Milestone.plan_id == plan_id).order_by(Milestone.member_id, Milestone.number)
    found: dict[int, list[tuple[int, int, date]]] = {}
    for member_id, number, milestone_id, due_on in session.execute(statement):
        found.setdefault(member_id, []).append((number, milestone_id, due_on))
    return found


def _troubled(random: Random, members: list[Enrolled]) -> set[int]:
    there = [each.member_id for each in members if each.country == TROUBLED_COUNTRY]
    return set(random.sample(there, round(len(there) * TROUBLED_SHARE)))


def _play_one(
    agenda: Agenda, timeline: Timeline, random: Random, cast: Cast, each: Enrolled, row: tuple[int, int, date], *,
    is_slow: bool,
) -> None:
    """Note one milestone: handed in near its day, confirmed by somebody else some days later."""
    number, milestone_id, due_on = row
    shift = random.randint(1, 12) if random.random() < (0.3 if is_slow else 0.04) else -random.randint(0, 14)
    handed = working_day(max(due_on + timedelta(days=shift), timeline.from_start(2)))
    if number == MID_TERM and random.random() < 0.12:
        handed = timeline.before(random.randint(1, 7))  # these wait for us
    if handed > timeline.last_day:
        return
    with_file = timeline.before(40) <= handed
    agenda.add(handed, _hand_in(each, milestone_id, number, with_file=with_file), random.randint(0, 300))
    confirmed = working_day(handed + timedelta(days=random.randint(1, 6)))
    if confirmed <= timeline.last_day and handed < timeline.before(8):
        confirmer = cast.manager() if number == MID_TERM else _confirmer(random, cast, each, number)
        agenda.add(confirmed, _confirm(confirmer, milestone_id), random.randint(301, 420))
        if number == OWNERSHIP:
            agenda.add(confirmed, _verify_ownership(cast.coordinator(each.country), each.firm_id), 430)


def _confirmer(random: Random, cast: Cast, each: Enrolled, number: int) -> Actor:
    coach = cast.actors["coach"]
    if number in (5, 8, 10) and each.firm_id in (coach.firm_ids or ()) and random.random() < 0.7:
        return coach
    return cast.coordinator(each.country)


def _hand_in(each: Enrolled, milestone_id: int, number: int, *, with_file: bool) -> Act:
    def act(session: Session) -> None:
        milestone = session.get_one(Milestone, milestone_id)
        file = paper(f"{each.name} · {milestone.title_es}") if with_file else None
        service.hand_in(session, each.actor, milestone, SAID.get(number, "Adjuntamos lo pedido."), file)

    return act


def _confirm(actor: Actor, milestone_id: int) -> Act:
    def act(session: Session) -> None:
        service.confirm(session, actor, session.get_one(Milestone, milestone_id))

    return act


def _verify_ownership(actor: Actor, firm_id: int) -> Act:
    def act(session: Session) -> None:
        statement = select(OwnershipDeclaration).where(OwnershipDeclaration.firm_id == firm_id)
        latest = session.scalars(statement.order_by(OwnershipDeclaration.id.desc()).limit(1)).one_or_none()
        if latest is not None and "yes" in (latest.women_owned, latest.women_led):
            give_verdict(session, actor, latest, "verified", "Registro de socias y acta revisados.")

    return act


def _play_trouble(
    agenda: Agenda, timeline: Timeline, cast: Cast, each: Enrolled, milestone_id: int, due_on: date
) -> None:
    """Note that the payment account hangs on the banks of one country, was moved, and is late again."""
    def redate(session: Session) -> None:
        service.redate(
            session, cast.coordinator(each.country), session.get_one(Milestone, milestone_id),
            timeline.before(TROUBLED_DAYS_LATE), "El banco pide un contrato nuevo para cobrar en dólares.",
        )

    agenda.add(working_day(due_on + timedelta(days=9)), redate, 200)


def give_more_time(agenda: Agenda, timeline: Timeline, random: Random, cast: Cast, each: Enrolled) -> None:
    """Note that a firm without an export agrees a later day for its first one with its coordinator."""
    def redate(session: Session) -> None:
        milestone = session.scalars(select(Milestone).where(
            Milestone.member_id == each.member_id, Milestone.number == FIRST_EXPORT)).one()
        service.redate(session, cast.coordinator(each.country), milestone, timeline.as_of + timedelta(days=ahead),
                       "Nueva fecha acordada con la empresa: espera el registro sanitario.")

    ahead = random.randint(20, 75)
    agenda.add(working_day(timeline.from_start(320 + random.randint(0, 9))), redate, 240)


def _play_calls(agenda: Agenda, timeline: Timeline, random: Random, cast: Cast, members: list[Enrolled]) -> None:
    for each in random.sample(members, max(1, len(members) * 2 // 5)):
        day = working_day(timeline.before(random.randint(3, 300)))
        agenda.add(min(day, timeline.last_day), _call(cast.coordinator(each.country), each, random.choice(CALLS)), 350)


def _call(actor: Actor, each: Enrolled, text: str) -> Act:
    def act(session: Session) -> None:
        log_call(session, actor, session.get_one(Member, each.member_id), text)

    return act

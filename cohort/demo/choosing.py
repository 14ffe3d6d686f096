"""Tells the calls: opened, filled, settled, scored, decided by the real optimum, published, appealed against.

Closing is not told here: the product's own job does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.demo.applying import apply_to
from cohort.demo.sketches import Sketch
from cohort.demo.stage_set import COUNTRIES, Cast
from cohort.demo.timeline import Agenda, Timeline
from cohort.kit import clock
from cohort.kit.access import Actor
from cohort.people.actors import actor_of
from cohort.plans.models import Plan
from cohort.rounds.applications.service import note_finding
from cohort.rounds.calls import service as calls
from cohort.rounds.calls.protocol import Terms
from cohort.rounds.decisions import appeals, concurrence
from cohort.rounds.decisions import service as decisions
from cohort.rounds.models import Application, Round, Seat
from cohort.rounds.scores.service import bring_scores
from cohort.rounds.seats import acts, offers
from cohort.rounds.seats.models import Offer

ZONE = "America/Santiago"
RARE = "Son pocas firmas en cada cruce; el grupo técnico prefiere la misma regla para todos los países."


@dataclass(frozen=True)
class Call:
    """One call of the story by its days before `as_of`; without `decides` it waits for the reader's own decision."""

    code: str
    title_es: str
    title_en: str
    terms: Terms
    opens: int
    closes: int
    sketches: Sequence[Sketch]
    settles: int | None = None
    decides: int | None = None
    draft_count: int = 0


def first_call(timeline: Timeline, sketches: Sequence[Sketch], seats: int) -> Call:
    """Return the call that fills the plan's seats, decided on the day on which the plan starts."""
    elapsed = (timeline.as_of - timeline.starts_on).days
    year = timeline.starts_on.year
    return Call(
        f"{year}-1", f"Convocatoria regional {year}", f"Regional call {year}", Terms("equal", seats, COUNTRIES),
        elapsed + 92, elapsed + 50, sketches, elapsed + 46, elapsed,
    )


def reserve_call(timeline: Timeline, sketches: Sequence[Sketch]) -> Call:
    """Return a small national call whose one seat, meant for a woman's firm, stays empty: its appeal waits."""
    year = timeline.as_of.year
    return Call(
        f"{year}-mx", f"Cupo de reserva México {year}", f"Reserve seat Mexico {year}",
        Terms("national", 1, ("MX",), share=Decimal(1)), 62, 27, sketches, 23, 13,
    )


def review_call(timeline: Timeline, sketches: Sequence[Sketch], seats: int) -> Call:
    """Return the call that closed last week: what stayed open is settled, and its files wait for their scores."""
    year = timeline.as_of.year
    return Call(
        f"{year}-1", f"Primera convocatoria regional {year}", f"First regional call {year}",
        Terms("equal", seats, COUNTRIES), 50, 8, sketches, settles=4,
    )


def open_call(timeline: Timeline, sketches: Sequence[Sketch], seats: int) -> Call:
    """Return the call that is open on `as_of`, with some applications sent and some begun."""
    year = timeline.as_of.year
    return Call(
        f"{year}-2", f"Segunda convocatoria regional {year}", f"Second regional call {year}",
        Terms("equal", seats, COUNTRIES), 21, -24, sketches, draft_count=min(6, len(sketches) // 2),
    )


def play_call(agenda: Agenda, timeline: Timeline, random: Random, cast: Cast, call: Call) -> None:
    """Note everything that happens to one call."""
    def make(session: Session) -> None:
        plan = session.get_one(Plan, cast.plan_id)
        made = calls.create_round(session, cast.manager(), plan, calls.NewRound(
            code=call.code, title_es=call.title_es, title_en=call.title_en, time_zone=ZONE, terms=call.terms,
            opens_at=_evening(timeline.before(call.opens + 1)), closes_at=_evening(timeline.before(call.closes)),
        ))
        calls.open_round(session, cast.manager(), made, RARE)

    agenda.add(timeline.before(call.opens), make)
    apply_to(
        agenda, timeline, random, cast, call.code, list(call.sketches), call.opens - 1, max(call.closes, 0) + 1,
        call.draft_count,
    )
    if call.settles is not None:
        agenda.add(timeline.before(call.settles), lambda session: _settle(session, random, cast, _round(session, call.code)))
    if call.decides is not None:
        _play_choice(agenda, timeline, cast, call)


def _play_choice(agenda: Agenda, timeline: Timeline, cast: Cast, call: Call) -> None:
    assert call.decides is not None
    points = {(each.country, each.tax_id + each.check_digit): each.points for each in call.sketches}
    scored = max(call.decides + 2, call.closes - 30)

    def score(session: Session) -> None:
        _score(session, cast.manager(), _round(session, call.code), points)

    agenda.add(timeline.before(scored), score)
    agenda.add(timeline.before(call.decides), lambda session: _decide(session, cast, _round(session, call.code)), minute=-30)


def _decide(session: Session, cast: Cast, round_: Round) -> None:
    """Propose the best list, verify what it rests on, let each country agree, and seal and publish it."""
    shown = decisions.show(session, cast.manager(), round_)
    decision = decisions.propose(session, cast.manager(), round_, shown.key, "Acta aprobada por el grupo técnico.")
    for each in decisions.unverified(session, round_, shown.question, shown.found, shown.files):
        note_finding(session, cast.coordinator(each.country), each, "ownership", "yes", "Vimos la escritura y el registro de socias.")
    for country in concurrence.missing(session, round_, decision):
        concurrence.concur(session, cast.coordinator(country), round_, decision, decision.record_hash)
    decisions.seal(session, cast.administrator(), round_, decision.record_hash)
    decisions.publish(session, cast.manager(), round_, RARE)
    _offer(session, cast, round_)


def _offer(session: Session, cast: Cast, round_: Round) -> None:
    """Record the act, send the letters, and let every selected firm accept on the same evening."""
    acts.record_act(session, cast.manager(), round_, f"Resolución {round_.code.upper()}", clock.today(round_.time_zone))
    offers.send_letters(session, cast.manager(), round_)
    statement = (
        select(Offer).join(Application, Application.id == Offer.application_id)
        .where(Application.round_id == round_.id).order_by(Offer.id)
    )
    for offer in session.scalars(statement).all():
        person = offer.application.applicant
        assert person is not None
        offers.accept(session, actor_of(session, person, round_.plan_id), offer)


def _round(session: Session, code: str) -> Round:
    return session.scalars(select(Round).where(Round.code == code)).one()


def _evening(day: date) -> datetime:
    """Return the last minute of a day where the call's clock is."""
    return datetime(day.year, day.month, day.day, 23, 59, tzinfo=ZoneInfo(ZONE))


_SETTLED = {
    "size": "El contador mandó las ventas del año por correo; queda dentro del tamaño.",
    "not_recurring": "Aduana confirma dos exportaciones o menos en 24 meses.",
}


def _settle(session: Session, random: Random, cast: Cast, round_: Round) -> None:
    """Let coordinators settle what stayed open: most of it in the firm's favour, some set aside."""
    statement = select(Application).where(
        Application.round_id == round_.id, Application.status == "submitted", Application.eligible == "unknown")
    for application in session.scalars(statement.order_by(Application.id)).all():
        coordinator = cast.coordinator(application.country)
        if random.random() < 0.25:
            note_finding(session, coordinator, application, "set_aside", "no", "No respondió en los cinco días hábiles.")
            continue
        for check in [each["check"] for each in application.eligibility if each["answer"] == "unknown"]:
            reason = _SETTLED.get(check, "Documento recibido y revisado.")
            note_finding(session, coordinator, application, check, "yes", reason)


def _score(session: Session, manager: Actor, round_: Round, points: dict[tuple[str, str], float]) -> None:
    """Bring the evaluators' points in as one sheet; no two files of the call have the same, so no lot decides."""
    statement = select(Application).where(
        Application.round_id == round_.id, Application.status == "submitted", Application.eligible == "yes")
    taken: set[int] = set()
    lines = []
    for number, each in enumerate(session.scalars(statement.order_by(Application.id)), start=2):
        hundredths = round(points[(each.country, each.tax_id)] * 100)
        while hundredths in taken:
            hundredths += 1
        taken.add(hundredths)
        lines.append((number, each.code, f"{hundredths / 100:.2f}"))
    content = "\n".join(f"{code},{text}" for _number, code, text in lines).encode()
    bring_scores(session, manager, round_, lines, content, f"puntajes-{round_.code}.csv", has_decimal_comma=False)


def play_appeals(agenda: Agenda, timeline: Timeline, cast: Cast, first: Call, reserve: Call) -> None:
    """Note two appeals against the first call, answered in time, and one against the last that waits."""
    assert first.decides is not None
    assert reserve.decides is not None
    _appeal(agenda, timeline.before(first.decides - 2), first.code, "CL", 0,
            "Creemos que nuestra capacidad de despacho fue medida con datos del año anterior.")
    _appeal(agenda, timeline.before(first.decides - 3), first.code, "PE", 1,
            "Pedimos revisar el puntaje de compromiso: enviamos la carta de la gerenta el último día.")

    def answer(session: Session) -> None:
        for appeal in appeals.appeals_of(session, _round(session, first.code)):
            appeals.answer_appeal(session, cast.manager(), appeal, False,
                                  "Revisamos el expediente con otra persona del comité: el puntaje se mantiene.")

    agenda.add(timeline.before(first.decides - 9), answer)
    _appeal(agenda, timeline.before(reserve.decides - 5), reserve.code, "MX", 0,
            "Nuestra directora firma y decide desde marzo; el acta del consejo llegó después del cierre. Pedimos que se considere.")


def _appeal(agenda: Agenda, day: date, code: str, country: str, place: int, text: str) -> None:
    def act(session: Session) -> None:
        statement = (
            select(Application).join(Seat, Seat.application_id == Application.id)
            .where(Application.round_id == _round(session, code).id, Application.country == country)
            .where(Seat.outcome.in_(("waitlist", "not_selected"))).order_by(Seat.score.desc(), Application.id)
        )
        application = session.scalars(statement.offset(place).limit(1)).one()
        person = application.applicant
        assert person is not None
        appeals.file_appeal(session, actor_of(session, person, application.round.plan_id), application, text)

    agenda.add(day, act, minute=60)


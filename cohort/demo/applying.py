"""Lets the sketched firms apply to a call by the same steps as anybody: mailed link, tax id, draft, sending in."""

from __future__ import annotations

from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.demo.sketches import Sketch
from cohort.demo.stage_set import Cast
from cohort.demo.timeline import Act, Agenda, Timeline
from cohort.firms.facts import FirmProfile
from cohort.firms.models import Firm
from cohort.firms.service import update_firm
from cohort.kit.access import Actor
from cohort.people import profile
from cohort.people.actors import actor_of
from cohort.people.models import Person
from cohort.rounds.applications import entry, service
from cohort.rounds.applications.entry import TaxNumber
from cohort.rounds.models import Application, Round


def apply_to(
    agenda: Agenda, timeline: Timeline, random: Random, cast: Cast, round_code: str, sketches: list[Sketch],
    first_day: int, last_day: int, draft_count: int = 0,
) -> None:
    """Note on the agenda how each firm comes in between two days before `as_of`, most of them near the end.

    The last `draft_count` firms begin and do not send yet.
    """
    for place, sketch in enumerate(sketches):
        ago = round(last_day + (first_day - last_day) * random.random() ** 2)
        is_sent = place < len(sketches) - draft_count
        agenda.add(timeline.before(ago), _one_firm(cast.plan_id, round_code, sketch, is_sent=is_sent), random.randint(0, 480))


def _one_firm(plan_id: int, round_code: str, sketch: Sketch, *, is_sent: bool) -> Act:
    def act(session: Session) -> None:
        round_ = session.scalars(select(Round).where(Round.code == round_code)).one()
        entry.start(session, round_, sketch.email, sketch.country, "es")
        person = session.scalars(select(Person).where(Person.email == sketch.email)).one()
        profile.change_profile(session, actor_of(session, person), sketch.owner, "es", sketch.country)
        application = entry.begin(session, actor_of(session, person), round_, TaxNumber(
            sketch.country, sketch.tax_id, sketch.check_digit, is_confirmed=True))
        actor = actor_of(session, person, plan_id)
        _tell_register(session, actor, application, sketch)
        typed = dict(sketch.answers) if is_sent else dict(list(sketch.answers.items())[:6])
        service.save_draft(session, actor, application, typed)
        if is_sent:
            service.submit(session, actor, application)

    return act


def _tell_register(session: Session, actor: Actor, application: Application, sketch: Sketch) -> None:
    firm = application.firm
    assert firm is not None, "a sketched tax id is nobody else's"
    update_firm(session, actor, firm, profile_of(sketch, firm))


def profile_of(sketch: Sketch, firm: Firm | None = None) -> FirmProfile:
    """Return what the firm's page says of a sketched firm; answers of the form are added by the form itself."""
    return FirmProfile(
        legal_name=sketch.legal_name, trade_name=sketch.trade_name, sector=sketch.trade.sector, region=sketch.region,
        city=sketch.city, is_rural=sketch.is_rural, product=sketch.trade.product,
        web_address=f"https://{sketch.email.split('@')[0]}.example.test",
        founded_on=firm.founded_on if firm else None, sells_online=firm.sells_online if firm else None,
    )


"""Finds the firms that were chosen and who acts for them, and joins the pilot group; what they do is told elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.demo.applying import profile_of
from cohort.demo.sketches import Sketch
from cohort.demo.stage_set import COACH, Cast
from cohort.firms.facts import NewFirm, NewPerson
from cohort.firms.models import Firm, FirmPerson
from cohort.firms.service import add_person, record_consent, register_firm
from cohort.kit.access import SYSTEM, Actor, Role
from cohort.people import grants
from cohort.people.actors import actor_of
from cohort.people.models import Person
from cohort.plans.models import Member, Plan
from cohort.plans.service import join_member
from cohort.reference import consent_texts

SIGN_IN_FIRMS = ("Hilos del Sur", "Café Alto Nudo")


@dataclass(frozen=True)
class Enrolled:
    """One member of the story: its rows, its country and name, and the actor who acts for it."""

    member_id: int
    firm_id: int
    country: str
    name: str
    is_pilot: bool
    actor: Actor
    sketch: Sketch


@dataclass
class Enrolment:
    """All members, found once the first call is decided, by country and name."""

    members: list[Enrolled] = field(default_factory=list)

    def of(self, country: str) -> list[Enrolled]:
        """Return the members of one country."""
        return [each for each in self.members if each.country == country]


def find_members(session: Session, cast: Cast, sketches: Sequence[Sketch]) -> list[Enrolled]:
    """Return the members with the person who acts for each, by country and name."""
    by_tax_id = {(each.country, each.tax_id + each.check_digit): each for each in sketches}
    statement = (
        select(Member, Firm, Person).join(Firm, Firm.id == Member.firm_id)
        .join(FirmPerson, FirmPerson.firm_id == Firm.id).join(Person, Person.id == FirmPerson.person_id)
        .where(Member.plan_id == cast.plan_id).order_by(Firm.country, Firm.sort_name)
    )
    return [
        Enrolled(member.id, firm.id, firm.country, firm.name, member.is_pilot, actor_of(session, person, cast.plan_id),
                 by_tax_id[(firm.country, firm.tax_id)])
        for member, firm, person in session.execute(statement)
    ]


def join_pilots(session: Session, cast: Cast, sketches: Sequence[Sketch], day: date) -> None:
    """Register the pilot firms of Costa Rica and let them take part; the second one declares a season."""
    plan = session.get_one(Plan, cast.plan_id)
    coordinator = cast.coordinator("CR")
    for place, sketch in enumerate(sketches):
        profile = {name: value for name, value in vars(profile_of(sketch)).items() if name != "founded_on"}
        firm = register_firm(session, coordinator, NewFirm(
            country=sketch.country, tax_id=sketch.tax_id, founded_on=date(day.year - 6, 3, 1), **profile))
        person = grants.find_or_make_person(session, sketch.email, sketch.owner, "es", sketch.country)
        add_person(session, coordinator, firm, NewPerson(
            name=sketch.owner, email=sketch.email, phone=sketch.phone, person_id=person.id))
        grants.grant_role(session, SYSTEM, person, Role.FIRM, plan.id, firm_id=firm.id)
        notice = consent_texts(firm.country, "es")["data_notice"]
        record_consent(session, actor_of(session, person, plan.id), firm, "data_notice", notice.version, True)
        join_member(
            session, cast.manager(), plan, firm, joined_on=day, round_id=None, womens_at_entry="unknown", is_pilot=True,
            season_quarters=(1, 2) if place == 1 else (),
        )


def let_sign_in(session: Session, members: Sequence[Enrolled], password_hash: str) -> None:
    """Give the firms that the sign-in page names a password; all others come in by mailed link."""
    for each in members:
        if each.name in SIGN_IN_FIRMS:
            session.get_one(Person, each.actor.person_id).password = password_hash


def assign_coach(session: Session, cast: Cast, members: Sequence[Enrolled], password_hash: str) -> None:
    """Let the coach follow a handful of firms of their country."""
    person = grants.find_or_make_person(session, COACH.email, COACH.name, COACH.language, COACH.country)
    person.password, person.office_country = password_hash, COACH.country
    for each in [each for each in members if each.country == COACH.country][:6]:
        grants.grant_role(session, SYSTEM, person, Role.COACH, cast.plan_id, country=each.country, firm_id=each.firm_id)
    cast.accounts["coach"], cast.actors["coach"] = person.id, actor_of(session, person, cast.plan_id)

"""Sets the stage: the plan, the people who run it, official rates and the decision on the pilot group; no firm acts yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from sqlalchemy import insert
from sqlalchemy.orm import Session

from cohort.demo.sketches import MAIL_DOMAIN
from cohort.demo.timeline import Timeline
from cohort.exports.models import ExchangeRate
from cohort.kit import clock
from cohort.kit.access import SYSTEM, Actor, Role
from cohort.people import grants, profile
from cohort.people.actors import actor_of
from cohort.people.models import Person
from cohort.plans.models import Plan
from cohort.plans.service import NewPlan, create_plan, name_deputy, switch_country

PASSWORD = "andes y dos mares"  # shown on the sign-in page of a demo, so it protects nothing
COUNTRIES = ("CL", "CO", "MX", "PE")
RATES_AHEAD_DAYS = 90  # so that a demo that is used for a while finds a rate for what is logged
# Currency → units for one dollar at the start, and how far a day moves it. Invented, near real levels.
LEVELS = {"CLP": (948.0, 4.2), "COP": (4120.0, 18.0), "MXN": (18.6, 0.07), "PEN": (3.66, 0.009), "CRC": (506.0, 1.2), "EUR": (0.92, 0.003)}


@dataclass(frozen=True)
class StaffMember:
    """Somebody who runs the programme: mailbox, name, role, country, language."""

    mailbox: str
    name: str
    role: Role
    country: str | None = None
    language: str = "es"

    @property
    def email(self) -> str:
        """The whole mail address."""
        return f"{self.mailbox}@{MAIL_DOMAIN}"


STAFF = (
    StaffMember("admin", "Renata Solís", Role.ADMINISTRATOR, language="en"),
    StaffMember("direccion", "Amaya Luque", Role.MANAGER),
    StaffMember("chile", "Pedro Antilaf", Role.COORDINATOR, "CL"),
    StaffMember("colombia", "Marcela Urrego", Role.COORDINATOR, "CO"),
    StaffMember("mexico", "Lourdes Tapia", Role.COORDINATOR, "MX"),
    StaffMember("peru", "Wilmer Asto", Role.COORDINATOR, "PE"),
    StaffMember("costarica", "Hazel Mora", Role.COORDINATOR, "CR"),
    StaffMember("evaluacion", "Bruno Salvatierra", Role.EVALUATOR),
    StaffMember("observador", "Grace Okafor", Role.OBSERVER, language="en"),
)
COACH = StaffMember("mentoria", "Nayra Poma", Role.COACH, "PE")


@dataclass
class Cast:
    """Who acts in the story: the plan and each staff member's account, by role or country."""

    plan_id: int
    accounts: dict[str, int]
    actors: dict[str, Actor]

    def manager(self) -> Actor:
        """Return the programme manager."""
        return self.actors["manager"]

    def administrator(self) -> Actor:
        """Return the administrator, the second person of each decision."""
        return self.actors["administrator"]

    def coordinator(self, country: str) -> Actor:
        """Return the coordinator of a country."""
        return self.actors[country]


def set_stage(session: Session, timeline: Timeline, random: Random, password_hash: str) -> Cast:
    """Create plan, rates and staff as of now, and return who may act; the caller stands before the first call."""
    start = timeline.starts_on
    years = f"{start.year}–{start.year + 2}"
    plan = create_plan(session, SYSTEM, NewPlan(
        code=f"{start.year}-{start.year + 2}", name_es=f"Plan de Acción {years}", name_en=f"Action Plan {years}",
        starts_on=start, lead_country="CL", goal_recurring_count=40,
        promise_es="En dos años, 80 micro, pequeñas y medianas empresas, la mitad de mujeres, exportan de forma recurrente a otros países de la Alianza por comercio electrónico.",
        promise_en="In two years, 80 micro, small and medium firms, half of them women's, export recurrently to other countries of the Alliance by e-commerce.",
    ))
    bring_rates(session, timeline, random)
    accounts: dict[str, int] = {}
    actors: dict[str, Actor] = {}
    for each in STAFF:
        person = _account(session, each, plan, password_hash)
        key = each.country or each.role.value
        accounts[key], actors[key] = person.id, actor_of(session, person, plan.id)
    name_deputy(
        session, actors["manager"], plan, "CL", coordinator_id=accounts["CL"], deputy_id=accounts["PE"],
        from_on=timeline.before(20), until_on=timeline.as_of + timedelta(days=40),
    )
    return Cast(plan.id, accounts, actors)


def _account(session: Session, each: StaffMember, plan: Plan, password_hash: str) -> Person:
    person = grants.find_or_make_person(session, each.email, each.name, each.language, each.country)
    person.password, person.office_country = password_hash, each.country
    grants.grant_role(session, SYSTEM, person, each.role, plan.id, country=each.country)
    return person


def hash_of(password: str) -> str:
    """Return one hash for all accounts of the demo: hashing it once for each would take longer than the story."""
    return profile.hashed_password(password, f"nobody@{MAIL_DOMAIN}")


def open_pilot(session: Session, cast: Cast, plan: Plan, day: date) -> None:
    """Record the decision that a Costa Rican pilot group takes part outside seats, parity and totals."""
    switch_country(
        session, cast.manager(), plan, "CR", effective_on=day, membership="candidate", counts_as_origin=False,
        counts_as_destination=False,
        reason="Decisión 7 del grupo técnico: grupo piloto de tres empresas, fuera de cupos, paridad y totales, hasta la adhesión.",
    )


def bring_rates(session: Session, timeline: Timeline, random: Random) -> int:
    """Write one invented rate a currency and working day, source “demo”, two years back and a little ahead."""
    rows = []
    day, end = timeline.from_start(-760), timeline.as_of + timedelta(days=RATES_AHEAD_DAYS)
    levels = {currency: level for currency, (level, _step) in LEVELS.items()}
    while day <= end:
        if day.weekday() < 5:
            for currency, (first, step) in LEVELS.items():
                pull = (first - levels[currency]) * 0.02  # back towards the level, so that it never runs away
                levels[currency] += random.gauss(pull, step)
                rows.append({"currency": currency, "on": day, "per_usd": str(round(Decimal(levels[currency]), 4)),
                             "source": "demo", "recorded_at": clock.now(), "import_id": None})
        day += timedelta(days=1)
    session.execute(insert(ExchangeRate), rows)
    return len(rows)

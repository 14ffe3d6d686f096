"""Builds a plan in its eleventh month with the real services: staff, firms of two countries, milestones, an export, a call."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from stdnum.cl import rut
from werkzeug.datastructures import FileStorage

from cohort.exports.facts import ExportFacts
from cohort.exports.models import Export, ExportProof
from cohort.exports.service import log_export
from cohort.firms.facts import NewFirm, NewPerson
from cohort.firms.models import Firm, FirmPerson
from cohort.firms.service import add_person, declare_ownership, record_consent, register_firm
from cohort.kit import clock, uploads
from cohort.kit.access import SYSTEM, Actor, Role
from cohort.kit.uploads import Upload
from cohort.people import grants, invitations
from cohort.people.actors import actor_of
from cohort.people.models import Person, RoleGrant
from cohort.plans.models import Member, Plan
from cohort.plans.service import NewPlan, create_plan, join_member
from cohort.reference import consent_texts
from cohort.rounds.applications import entry
from cohort.rounds.calls import service as calls
from cohort.rounds.calls.protocol import Terms
from cohort.rounds.models import Round
from cohort.rules.parity import OwnershipFacts
from cohort.training import service as training
from cohort.training.models import Milestone
from cohort.training.sessions import inviting
from cohort.training.sessions.models import TrainingSession
from cohort.training.sessions.service import SessionFacts, make_session

STARTS_ON = date(2026, 1, 5)
JOINED_ON = date(2026, 2, 2)
NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)  # a Tuesday, in the morning of every member country
PDF = b"%PDF-1.4\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n"
def _rut(base: str) -> str:
    return base + str(rut.calc_check_digit(base))


TAX_IDS = {"CL": _rut("76123456"), "PE": "20123456786", "CL2": _rut("96543210")}
STAFF = (
    ("administrator", Role.ADMINISTRATOR, None), ("manager", Role.MANAGER, None), ("second", Role.MANAGER, None),
    ("coordinator", Role.COORDINATOR, "CL"), ("peru", Role.COORDINATOR, "PE"), ("evaluator", Role.EVALUATOR, None),
    ("observer", Role.OBSERVER, None),
)


def pdf(name: str = "carta.pdf") -> FileStorage:
    return FileStorage(io.BytesIO(PDF), name)


@dataclass
class World:
    """What stands, by its numbers, so that a test may open its own session."""

    plan: int
    other_plan: int = 0
    people: dict[str, int] = field(default_factory=dict)
    firms: dict[str, int] = field(default_factory=dict)
    members: dict[str, int] = field(default_factory=dict)

    def person(self, session: Session, name: str) -> Person:
        return session.get_one(Person, self.people[name])

    def actor(self, session: Session, name: str) -> Actor:
        plan = self.other_plan if name == "stranger" else self.plan
        return actor_of(session, self.person(session, name), plan)

    def plan_of(self, session: Session) -> Plan:
        return session.get_one(Plan, self.plan)

    def member(self, session: Session, key: str = "CL") -> Member:
        return session.get_one(Member, self.members[key])

    def milestone(self, session: Session, number: int, key: str = "CL") -> Milestone:
        wanted = select(Milestone).where(Milestone.member_id == self.members[key], Milestone.number == number)
        return session.scalars(wanted).one()


def _person(session: Session, world: World, name: str) -> Person:
    person = grants.find_or_make_person(session, f"{name}@cohort.test", name.title(), "es", None)
    world.people[name] = person.id
    return person


def _firm(session: Session, world: World, key: str, country: str, name: str, *, is_member: bool = True) -> Firm:
    firm = register_firm(session, SYSTEM, NewFirm(country=country, tax_id=TAX_IDS[key], legal_name=f"{name} Ltda", trade_name=name))
    world.firms[key] = firm.id
    owner = _person(session, world, f"firm{key.lower()}")
    owner.region = country
    phone = {"CL": "+56987654321", "PE": "+51987654321"}[country]
    add_person(session, SYSTEM, firm, NewPerson(name=f"Dueña {name}", email=owner.email, phone=phone, person_id=owner.id))
    grants.grant_role(session, SYSTEM, owner, Role.FIRM, world.plan, firm_id=firm.id)
    if is_member:
        join(session, world, firm, key)
    return firm


def join(session: Session, world: World, firm: Firm, key: str) -> Member:
    """Make a firm a member since the second of February."""
    with clock.at(datetime(2026, 2, 2, 15, tzinfo=UTC)):
        member = join_member(
            session, SYSTEM, world.plan_of(session), firm, joined_on=JOINED_ON, round_id=None, womens_at_entry="yes")
    world.members[key] = member.id
    return member


def more_members(session: Session, world: World, count: int) -> list[int]:
    """Let further firms of Chile be members, for counting queries; returns their member numbers."""
    before = len(world.members)
    made = []
    for number in range(count):
        key = f"X{before + number}"
        tax_id = _rut(str(76_500_000 + before + number))
        firm = register_firm(session, SYSTEM, NewFirm(country="CL", tax_id=tax_id, legal_name=f"Firma {key}"))
        made.append(join(session, world, firm, key).id)
    return made


def build(session: Session) -> World:
    """Build everything below as of NOW; the caller has pinned the clock there."""
    with clock.at(datetime(2026, 1, 5, 15, tzinfo=UTC)):
        plan = create_plan(session, SYSTEM, NewPlan(
            code="PA-2026", name_es="Plan de la Alianza", name_en="Plan of the Alliance", starts_on=STARTS_ON,
            lead_country="CL", goal_recurring_count=40))
        other = create_plan(session, SYSTEM, NewPlan(
            code="PA-2024", name_es="Plan anterior", name_en="Earlier plan", starts_on=date(2025, 6, 2), lead_country="PE"))
        world = World(plan.id, other.id)
        for name, role, country in STAFF:
            grants.grant_role(session, SYSTEM, _person(session, world, name), role, plan.id, country=country)
        grants.grant_role(session, SYSTEM, _person(session, world, "stranger"), Role.MANAGER, other.id)
        _person(session, world, "nobody")
    chile = _firm(session, world, "CL", "CL", "Ñandú Tejidos")
    _firm(session, world, "PE", "PE", "Cacao del Norte")
    grants.grant_role(session, SYSTEM, _person(session, world, "coach"), Role.COACH, plan.id, country="CL", firm_id=chile.id)
    session.flush()
    return world


def agree_to_whatsapp(session: Session, world: World, key: str = "CL") -> None:
    """Let a firm say that it may be written to by WhatsApp."""
    firm = session.get_one(Firm, world.firms[key])
    text = consent_texts(firm.country, "es")["whatsapp_contact"]
    record_consent(session, world.actor(session, f"firm{key.lower()}"), firm, "whatsapp_contact", text.version, True)


def export_of(session: Session, world: World, on: date, key: str = "CL", number: str = "") -> Export:
    """Let a firm log one export to another member country, with an invoice."""
    actor = world.actor(session, f"firm{key.lower()}")
    facts = ExportFacts(
        exported_on=on, destination="MX", product="Chales", value=Decimal(400), currency="USD", channel="own_store",
        document_type="DUSSI" if number else "", document_number=number,
    )
    return log_export(session, actor, world.member(session, key), facts, [pdf("factura.pdf")], proof_kind="invoice")


def session_of(session: Session, world: World, **differs: Any) -> TrainingSession:
    """Let a manager make a session of today, 15:00 to 17:00 in Santiago, for all firms of the plan; nobody is invited."""
    facts = SessionFacts(
        title_es="Costos puestos en destino", title_en="Landed costs", starts_at=datetime(2026, 11, 24, 18, tzinfo=UTC),
        ends_at=datetime(2026, 11, 24, 20, tzinfo=UTC), time_zone="America/Santiago", host_country="CL", place="Av. Central 1",
        link="https://meet.example/abc", trainer="Rosa Paz")
    return make_session(session, world.actor(session, "manager"), world.plan_of(session), replace(facts, **differs))


@dataclass
class Doors:
    """The value of each place in an address, all of them of the firm in Chile."""

    values: dict[str, object]
    files: dict[str, str]


def furnish(session: Session, world: World) -> Doors:
    """Add one of everything that an address can name: hand-in, export, declaration, call, application, invitation, mail."""
    owner = world.actor(session, "firmcl")
    milestone = world.milestone(session, 1)
    training.hand_in(session, owner, milestone, "Firmada.", pdf())
    export = export_of(session, world, date(2026, 10, 20))
    firm = session.get_one(Firm, world.firms["CL"])
    share = uploads.store(session, owner, pdf("socias.pdf"), "ownership", firm.id)
    declaration = declare_ownership(
        session, owner, firm, OwnershipFacts(women_ownership_pct=Decimal(60), women_control=True), "IWA34", share)
    new = calls.NewRound(
        code="2026-2", title_es="Convocatoria", title_en="Call", opens_at=NOW, closes_at=datetime(2026, 12, 20, 2, 59, tzinfo=UTC),
        time_zone="America/Santiago", grace_minutes=0, terms=Terms("equal", 8, ("CL", "CO", "MX", "PE")),
    )
    round_: Round = calls.create_round(session, world.actor(session, "manager"), world.plan_of(session), new)
    calls.open_round(session, world.actor(session, "manager"), round_, "Pocas firmas en el registro.")
    applicant = _firm(session, world, "CL2", "CL", "Aspirante", is_member=False)
    application = entry.begin_for_firm(session, world.actor(session, "firmcl2"), round_, applicant)
    invitations.invite(session, SYSTEM, "new@cohort.test", Role.COACH, "CL", None, world.plan, "es")
    training_session = session_of(session, world)
    inviting.invite(session, world.actor(session, "manager"), training_session)
    session.flush()
    proof = session.scalars(select(ExportProof).where(ExportProof.export_id == export.id)).first()
    upload = session.scalars(select(Upload).where(Upload.purpose == "milestone")).one()
    assert proof is not None
    contact = session.scalars(select(FirmPerson).where(FirmPerson.firm_id == firm.id)).one()
    grant = session.scalars(select(RoleGrant).where(RoleGrant.firm_id == firm.id, RoleGrant.role == Role.COACH)).one()
    values: dict[str, object] = {
        "firm_id": firm.id, "member_id": world.members["CL"], "milestone_id": milestone.id, "export_id": export.id,
        "declaration_id": declaration.id, "firm_person_id": contact.id, "plan_id": world.plan, "number": 2,
        "round_id": round_.id, "code": round_.code, "application_id": application.id, "person_id": world.people["firmcl"],
        "grant_id": grant.id, "session_id": training_session.id, "language": "es",
    }
    files = {
        "training.file": upload.token, "exports.file": proof.upload.token,
        "firms.file": share.token,
    }
    return Doors(values, files)

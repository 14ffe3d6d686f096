"""Keeps what is known of conflicts: loads the facts, detects links, notes each word; what a link is stands in `detection`.

The latest word on a person and a file counts. Ending the assignment that a conflict makes void is `changes`' part.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from cohort.firms.models import Firm, FirmPerson
from cohort.kit import clock
from cohort.kit.access import Actor, Role, unscoped
from cohort.people.models import Person, RoleGrant
from cohort.plans.queries import deputies_on, people_with_role
from cohort.rounds.models import Application
from cohort.rounds.reviews.detection import EvaluatorFacts, FileFacts, Link, bare_host, links_between
from cohort.rounds.reviews.models import Conflict

Pair = tuple[int, int]  # application, evaluator
SEES_NAMES = "role"


def evaluators_of(session: Session, plan_id: int) -> list[Person]:
    """Return who holds the role of an evaluator in the plan today, by name."""
    return sorted(people_with_role(session, plan_id, Role.EVALUATOR), key=lambda each: (each.name or each.email, each.id))


def homes_of(session: Session, plan_id: int, people: Sequence[Person]) -> dict[int, frozenset[str]]:
    """Return the countries of each evaluator: those of the role, else of the office or the person; unknown ones left out."""
    grants = select(RoleGrant.person_id, RoleGrant.country).where(
        RoleGrant.plan_id == plan_id, RoleGrant.role == Role.EVALUATOR, RoleGrant.revoked_at.is_(None),
        RoleGrant.country.is_not(None), RoleGrant.person_id.in_([each.id for each in people]))
    found: dict[int, set[str]] = defaultdict(set)
    with unscoped(session):
        for person_id, country in session.execute(grants):
            found[person_id].add(str(country))
    for each in people:
        own = each.office_country or each.region
        if each.id not in found and own:
            found[each.id].add(own)
    return {key: frozenset(codes) for key, codes in found.items()}


def words_on(session: Session, round_id: int) -> dict[Pair, Conflict]:
    """Return the latest word on each file and evaluator of a round, within the actor's reach."""
    latest = (
        select(func.max(Conflict.id)).join(Application, Application.id == Conflict.application_id)
        .where(Application.round_id == round_id).group_by(Conflict.application_id, Conflict.evaluator_id)
    )
    rows = session.scalars(select(Conflict).where(Conflict.id.in_(latest)))
    return {(row.application_id, row.evaluator_id): row for row in rows}


def note(
    session: Session, actor: Actor, pair: Pair, has_conflict: bool, source: str, kind: str = "", reason: str = ""
) -> Conflict:
    """Append a word on a file and an evaluator and return it; from now on it counts."""
    said = Conflict(
        application_id=pair[0], evaluator_id=pair[1], has_conflict=has_conflict, source=source, kind=kind,
        reason=reason[:500], recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    session.add(said)
    session.flush()
    return said


def detected(session: Session, people: Sequence[Person], files: Sequence[Application]) -> dict[Pair, Link]:
    """Return the strongest link of each evaluator and file that are linked, without those that staff lifted."""
    known, lifted = evaluator_facts(session, people), _lifted(session, [each.id for each in files])
    found: dict[Pair, Link] = {}
    for file in file_facts(session, files):
        for evaluator in known:
            pair = (file.application_id, evaluator.person_id)
            link = next((each for each in links_between(evaluator, file) if (pair, each.kind) not in lifted), None)
            if link is not None:
                found[pair] = link
    return found


def _lifted(session: Session, application_ids: Sequence[int]) -> set[tuple[Pair, str]]:
    """Return the kinds of link that staff looked at and found to be none, by pair: another kind bars all the same."""
    rows = select(Conflict.application_id, Conflict.evaluator_id, Conflict.kind).where(
        Conflict.application_id.in_(application_ids), Conflict.source == "staff", Conflict.has_conflict.is_(False))
    with unscoped(session):
        return {((row.application_id, row.evaluator_id), row.kind) for row in session.execute(rows)}


def detect_and_note(
    session: Session, actor: Actor, people: Sequence[Person], files: Sequence[Application]
) -> dict[Pair, Conflict]:
    """Bar at once what is linked and not yet spoken of, and return the latest word on each pair.

    A link that staff lifted stays lifted; one that an evaluator declared free of conflict does not.
    """
    if not files:
        return {}
    words = words_on(session, files[0].round_id)
    for pair, link in detected(session, people, files).items():
        said = words.get(pair)
        if said is None or not said.has_conflict:
            words[pair] = note(session, actor, pair, True, "detected", link.kind, link.fact)
    return words


def sees_names(session: Session, plan_id: int, people: Sequence[Person], files: Sequence[Application]) -> set[Pair]:
    """Return the pairs in which the evaluator reads the firm's name in another role: no blind review of that file.

    Managers and administrators see every file, coordinators and who stands in those of their countries, coaches those of their firms.
    """
    today = clock.today()
    grants = select(RoleGrant).where(
        RoleGrant.plan_id == plan_id, RoleGrant.person_id.in_([each.id for each in people]),
        RoleGrant.role.in_((Role.ADMINISTRATOR, Role.MANAGER, Role.COORDINATOR, Role.COACH)),
        RoleGrant.revoked_at.is_(None), RoleGrant.valid_from <= today,
        RoleGrant.valid_to.is_(None) | (RoleGrant.valid_to >= today),
    )
    ids = {each.id for each in people}
    with unscoped(session):
        found = session.scalars(grants).all()
        lent = {(each.deputy_id, each.country) for each in deputies_on(session, plan_id, today) if each.deputy_id in ids}
    return {(file.id, grant.person_id) for grant in found for file in files if _opens(grant, file)} | {
        (file.id, person) for person, country in lent for file in files if file.country == country}


def _opens(grant: RoleGrant, file: Application) -> bool:
    if grant.role is Role.COORDINATOR:
        return grant.country == file.country
    return grant.role is not Role.COACH or grant.firm_id in (file.firm_id, file.asks_firm_id)


def evaluator_facts(session: Session, people: Sequence[Person]) -> list[EvaluatorFacts]:
    """Return what is known of each evaluator: firms they act or acted for, or coach or coached, in any plan."""
    ids = [each.id for each in people]
    by_mail = {each.email: each.id for each in people}
    firms: dict[int, set[int]] = defaultdict(set)
    with unscoped(session):  # a past link may lie in any country or plan
        acted = select(FirmPerson.firm_id, FirmPerson.person_id, FirmPerson.email).where(
            or_(FirmPerson.person_id.in_(ids), func.lower(FirmPerson.email).in_(list(by_mail))))
        for firm_id, person_id, email in session.execute(acted):
            firms[person_id if person_id in set(ids) else by_mail[email.lower()]].add(firm_id)
        held = select(RoleGrant.firm_id, RoleGrant.person_id).where(
            RoleGrant.person_id.in_(ids), RoleGrant.firm_id.is_not(None))
        applied = select(Application.firm_id, Application.applicant_id).where(
            Application.applicant_id.in_(ids), Application.firm_id.is_not(None))
        for firm_id, person_id in (*session.execute(held), *session.execute(applied)):
            firms[person_id].add(firm_id)
        linked = {firm_id for group in firms.values() for firm_id in group}
        groups = dict(session.execute(select(Firm.id, Firm.owner_group).where(Firm.id.in_(linked))).all())
    return [
        EvaluatorFacts(
            each.id, each.name, (each.email,), frozenset(firms[each.id]),
            frozenset(groups[key] for key in firms[each.id] if groups.get(key)))
        for each in people
    ]


def file_facts(session: Session, files: Sequence[Application]) -> list[FileFacts]:
    """Return who stands behind each file: the firm, the firm it asks for, their people of now and earlier, who applied."""
    wanted = {key for each in files for key in (each.firm_id, each.asks_firm_id) if key is not None}
    with unscoped(session):  # names and addresses are compared, none is shown
        firms = {each.id: each for each in session.scalars(select(Firm).where(Firm.id.in_(wanted)))}
        people: dict[int, list[FirmPerson]] = defaultdict(list)
        for person in session.scalars(select(FirmPerson).where(FirmPerson.firm_id.in_(wanted))):
            people[person.firm_id].append(person)
        applied = {each.applicant_id for each in files if each.applicant_id is not None}
        applicants = {each.id: each for each in session.scalars(select(Person).where(Person.id.in_(applied)))}
    return [_file_facts(each, firms, people, applicants.get(each.applicant_id or 0)) for each in files]


def _file_facts(
    file: Application, firms: Mapping[int, Firm], people: Mapping[int, Iterable[FirmPerson]], applicant: Person | None
) -> FileFacts:
    keys = [key for key in (file.firm_id, file.asks_firm_id) if key is not None]
    own = [firms[key] for key in keys if key in firms]
    acting = [each for key in keys for each in people.get(key, ())]
    names = [each.name for each in acting] + ([applicant.name] if applicant else [])
    said: Mapping[str, Any] = file.answers
    return FileFacts(
        file.id, frozenset(keys),
        frozenset({each.person_id for each in acting if each.person_id} | ({applicant.id} if applicant else set())),
        tuple(name for name in (*names, str(said.get("contact_name") or "")) if name),
        (*(name for firm in own for name in (firm.legal_name, firm.trade_name)), str(said.get("company_name") or "")),
        (*(each.email for each in acting if each.email), *([applicant.email] if applicant else [])),
        tuple(bare_host(firm.web_address) for firm in own if firm.web_address),
        next((firm.owner_group for firm in own if firm.owner_group), ""),
    )

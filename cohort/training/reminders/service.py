"""Writes the reminders of a day: one bundled mail a person, each line once, none when there is nothing to say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cohort.kit.access import Role
from cohort.kit.language import REGIONS
from cohort.kit.outbox import OutboxMessage, Recipient, enqueue
from cohort.people.models import Person, RoleGrant
from cohort.plans import queries as plan_queries
from cohort.plans.holidays import holidays_near
from cohort.plans.models import Member, Plan
from cohort.rules import reminders
from cohort.rules.reminders import Audience, Kind, ReminderPolicy, Step
from cohort.training import queries
from cohort.training.models import Milestone, ReminderStep
from cohort.training.queries import Standing

FIRM_MAIL, STAFF_MAIL = "reminder_firm", "reminder_staff"
Line = tuple[Step, int, int]  # the step, the milestone it speaks of, the firm


def policy_of(session: Session, plan_id: int, day: date) -> ReminderPolicy:
    """Return the cadence of the plan on a day."""
    held = plan_queries.policy_on(session, plan_id, "reminders", day).settings
    return ReminderPolicy(
        before_days=tuple(held["before_days"]), overdue_days=tuple(held["overdue_days"]),
        min_gap_days=held["min_gap_days"], digest_weekday=held["digest_weekday"],
        urgent_hours=held["urgent_hours"], escalate_days=held["escalate_days"],
    )


def remind(session: Session, plan: Plan, day: date) -> dict[str, int]:
    """Queue what firms and staff are told on `day`; returns how many mails and lines were written."""
    members = plan_queries.active_members(session, plan.id, day)
    standings = queries.standings(session, members, day)
    policy = policy_of(session, plan.id, day)
    counts = {"firm_mails": 0, "staff_mails": 0, "lines": 0}
    _remind_firms(session, plan, day, standings, policy, counts)
    _remind_staff(session, plan, day, standings, policy, counts)
    return counts


def _remind_firms(
    session: Session, plan: Plan, day: date, standings: Sequence[Standing], policy: ReminderPolicy, counts: dict[str, int]
) -> None:
    people = _people_of_firms(session, plan.id)
    sent, last_on = _written(session, plan.id, Audience.FIRM)
    for standing in standings:
        member = standing.member
        numbers = {each.milestone.number: each.milestone.id for each in standing.dated}
        for person in people.get(member.firm_id, ()):
            steps = reminders.firm_steps(
                [each.state for each in standing.dated], day,
                sent={_numbered(step, numbers) for step in sent[person.id]}, last_message_on=last_on.get(person.id),
                holidays=holidays_near(member.country, day), policy=policy,
            )
            lines = [(step, numbers[step.subject_id], member.firm_id) for step in steps]
            counts["firm_mails"] += _write(session, plan, day, person, FIRM_MAIL, lines, member.firm_id)
            counts["lines"] += len(lines)


def _numbered(step: Step, numbers: dict[int, int]) -> Step:
    """Return a stored step as the rules know it: by the milestone's number, not its row."""
    by_row = {row: number for number, row in numbers.items()}
    return Step(step.audience, step.kind, by_row.get(step.subject_id, -1), step.due_on, step.step)


def _remind_staff(
    session: Session, plan: Plan, day: date, standings: Sequence[Standing], policy: ReminderPolicy, counts: dict[str, int]
) -> None:
    by_country: dict[str, list[Standing]] = defaultdict(list)
    for standing in standings:
        by_country[standing.member.country].append(standing)
    firms = {each.milestone.id: each.milestone.firm_id for standing in standings for each in standing.dated}
    managers = _staff(session, plan.id, Role.MANAGER)
    told: dict[Audience, dict[Person, list[Line]]] = {Audience.COORDINATOR: defaultdict(list), Audience.MANAGER: defaultdict(list)}
    sent, _last_on = _written(session, plan.id, Audience.COORDINATOR, Audience.MANAGER)
    for country, rows in by_country.items():
        dues = reminders.open_milestones((each.milestone.id, each.state) for row in rows for each in row.dated)
        audiences = {Audience.COORDINATOR: _staff(session, plan.id, Role.COORDINATOR, country), Audience.MANAGER: managers}
        for audience, people in audiences.items():
            for person in people:
                steps = reminders.coordinator_steps(
                    dues, day, sent=sent[person.id], holidays=holidays_near(country, day), policy=policy
                )
                told[audience][person] += [
                    (step, step.subject_id, firms.get(step.subject_id, 0)) for step in steps if step.audience is audience
                ]
    for people_lines in told.values():
        for person, lines in people_lines.items():
            counts["staff_mails"] += _write(session, plan, day, person, STAFF_MAIL, lines, None)
            counts["lines"] += len(lines)


def _write(
    session: Session, plan: Plan, day: date, person: Person, kind: str, lines: Iterable[Line], firm_id: int | None
) -> int:
    """Queue one mail with its lines and note each line; returns 1 when a mail was written."""
    lines = [line for line in lines if line[0].kind is not Kind.WEEK]
    if not lines:
        return 0
    message = enqueue(
        session, _recipient(person, plan), kind, "digest", person.id, day, 0,
        {"plan_id": plan.id, "day": day.isoformat(), "milestones": [row for _step, row, _firm in lines]}, firm_id=firm_id,
    )
    if message is None:
        return 0
    session.add_all(
        ReminderStep(
            plan_id=plan.id, person_id=person.id, firm_id=firm or None, audience=step.audience.value,
            kind=step.kind.value, subject_id=row, due_on=step.due_on, step=step.step, written_on=day,
        )
        for step, row, firm in lines
    )
    session.flush()
    return 1


def _recipient(person: Person, plan: Plan) -> Recipient:
    region = person.region or person.office_country or plan.lead_country
    return Recipient(person.email, person.name, person.language, region if region in REGIONS else plan.lead_country, person.id)


def _people_of_firms(session: Session, plan_id: int) -> dict[int, list[Person]]:
    statement = (
        select(RoleGrant.firm_id, Person).join(Person, Person.id == RoleGrant.person_id)
        .where(RoleGrant.plan_id == plan_id, RoleGrant.firm_id.is_not(None), RoleGrant.role == Role.FIRM, RoleGrant.revoked_at.is_(None), Person.active)
    )
    found: dict[int, list[Person]] = defaultdict(list)
    for firm_id, person in session.execute(statement.order_by(RoleGrant.id)):
        found[int(firm_id or 0)].append(person)
    return found


def _staff(session: Session, plan_id: int, role: Role, country: str | None = None) -> list[Person]:
    statement = (
        select(Person).join(RoleGrant, RoleGrant.person_id == Person.id)
        .where(RoleGrant.plan_id == plan_id, RoleGrant.role == role, RoleGrant.revoked_at.is_(None), Person.active)
    )
    if country is not None:
        statement = statement.where(RoleGrant.country == country)
    return list(session.scalars(statement.order_by(Person.id)))


def _written(session: Session, plan_id: int, *audiences: Audience) -> tuple[dict[int, set[Step]], dict[int, date]]:
    """Return the lines already written to each person, and the day of the last mail."""
    sent: dict[int, set[Step]] = defaultdict(set)
    wanted = [ReminderStep.plan_id == plan_id, ReminderStep.audience.in_([each.value for each in audiences])]
    for row in session.scalars(select(ReminderStep).where(*wanted)):
        sent[row.person_id].add(Step(Audience(row.audience), Kind(row.kind), row.subject_id, row.due_on, row.step))
    latest = select(ReminderStep.person_id, func.max(ReminderStep.written_on)).where(*wanted)
    return sent, {row[0]: row[1] for row in session.execute(latest.group_by(ReminderStep.person_id))}


def still_open(session: Session, message: OutboxMessage) -> dict[str, object] | None:
    """Return the lines that still hold, worded for the mail; None when all have been done meanwhile: it is cancelled."""
    day = date.fromisoformat(message.params["day"])
    statement = (
        select(Milestone).join(Member, Member.id == Milestone.member_id)
        .where(Milestone.id.in_(message.params["milestones"]), Milestone.done_on.is_(None), Milestone.waived_on.is_(None))
        .where(Member.left_on.is_(None))
    )
    if message.kind == FIRM_MAIL:
        statement = statement.where(Milestone.handed_in_on.is_(None))
    rows = session.scalars(statement.order_by(Milestone.due_on, Milestone.id)).all()
    if not rows:
        return None
    lines = [
        {"title_es": row.title_es, "title_en": row.title_en, "due_on": row.due_on, "days_left": (row.due_on - day).days,
         "firm": row.member.firm.name, "member_id": row.member_id, "milestone_id": row.id, "waits": row.handed_in_on is not None}
        for row in rows
    ]
    return {**message.params, "lines": lines}

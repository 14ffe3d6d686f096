"""Writes the reminders of a day: one bundled mail a person, each line once, none when there is nothing to say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, contains_eager

from cohort.kit import clock
from cohort.kit.access import Role
from cohort.kit.language import REGIONS, ZONES
from cohort.kit.outbox import OutboxMessage, Recipient, enqueue
from cohort.people.models import Person
from cohort.plans import queries as plan_queries
from cohort.plans.holidays import holidays_near
from cohort.plans.models import Member, Plan
from cohort.rules import reminders
from cohort.rules.calendar import is_working_day
from cohort.rules.reminders import Audience, Kind, ReminderPolicy, Step
from cohort.training import queries
from cohort.training.dates.pauses import paused_members, paused_on
from cohort.training.models import Milestone, ReminderStep
from cohort.training.queries import Standing
from cohort.training.reminders.snoozing import rests_of, rests_on

FIRM_MAIL, STAFF_MAIL = "reminder_firm", "reminder_staff"
Line = tuple[Step, int, int]  # the step, the milestone it speaks of, the firm


@dataclass(frozen=True)
class _Told:
    """Everything that one person is told on a day: it goes into one mail."""

    person: Person
    lines: list[Line]


def policy_of(session: Session, plan_id: int, day: date) -> ReminderPolicy:
    """Return the cadence of the plan on a day."""
    held = plan_queries.policy_on(session, plan_id, "reminders", day).settings
    return ReminderPolicy(
        before_days=tuple(held["before_days"]), overdue_days=tuple(held["overdue_days"]),
        min_gap_days=held["min_gap_days"], digest_weekday=held["digest_weekday"],
        urgent_hours=held["urgent_hours"], escalate_days=held["escalate_days"],
    )


def remind(session: Session, plan: Plan, day: date) -> dict[str, int]:
    """Queue what firms and staff are told on `day`; returns how many mails and lines were written.

    Nothing at week-ends, and nothing to firms that stand still.
    """
    counts = {"firm_mails": 0, "staff_mails": 0, "lines": 0}
    if not is_working_day(day, ()):
        return counts
    members = plan_queries.active_members(session, plan.id, day)
    standings = queries.standings(session, members, day, as_columns=True)
    policy = policy_of(session, plan.id, day)
    paused = paused_on(session, plan.id, day)
    moving = [standing for standing in standings if standing.member.id not in paused]
    _remind_firms(session, plan, day, moving, policy, counts)
    _remind_staff(session, plan, day, standings, policy, counts)
    return counts


def _remind_firms(
    session: Session, plan: Plan, day: date, standings: Sequence[Standing], policy: ReminderPolicy, counts: dict[str, int]
) -> None:
    people = plan_queries.people_of_firms(session, plan.id)
    sent, last_on = _written(session, plan.id, Audience.FIRM)
    told: dict[int, _Told] = {}
    for standing in standings:
        member = standing.member
        rows = {each.milestone.number: each.milestone.id for each in standing.dated}
        numbers = {row: number for number, row in rows.items()}
        for person in people.get(member.firm_id, ()):
            steps = reminders.firm_steps(
                [each.state for each in standing.dated], day,
                sent={replace(step, subject_id=numbers.get(step.subject_id, -1)) for step in sent[person.id]},
                last_message_on=last_on.get(person.id), holidays=holidays_near(member.country, day), policy=policy,
            )
            lines = [(step, rows[step.subject_id], member.firm_id) for step in steps]
            told.setdefault(person.id, _Told(person, [])).lines.extend(lines)
    for each in _awake(session, day, told.values()):
        written = _write(session, plan, day, each, FIRM_MAIL)
        counts["firm_mails"] += bool(written)
        counts["lines"] += written


def _remind_staff(
    session: Session, plan: Plan, day: date, standings: Sequence[Standing], policy: ReminderPolicy, counts: dict[str, int]
) -> None:
    by_country: dict[str, list[Standing]] = defaultdict(list)
    for standing in standings:
        by_country[standing.member.country].append(standing)
    firms = {each.milestone.id: each.milestone.firm_id for standing in standings for each in standing.dated}
    managers = plan_queries.people_with_role(session, plan.id, Role.MANAGER)
    sent, _last_on = _written(session, plan.id, Audience.COORDINATOR, Audience.MANAGER)
    told: dict[int, _Told] = {}
    for country, rows in by_country.items():
        dues = reminders.open_milestones((each.milestone.id, each.state) for row in rows for each in row.dated)
        coordinators = plan_queries.people_with_role(session, plan.id, Role.COORDINATOR, country)
        for audience, people in ((Audience.COORDINATOR, coordinators), (Audience.MANAGER, managers)):
            for person in people:
                steps = reminders.coordinator_steps(
                    dues, day, sent=sent[person.id], holidays=holidays_near(country, day), policy=policy
                )
                told.setdefault(person.id, _Told(person, [])).lines.extend(
                    (step, step.subject_id, firms[step.subject_id]) for step in steps
                    if step.audience is audience and step.kind is not Kind.WEEK
                )
    for each in _awake(session, day, told.values()):
        written = _write(session, plan, day, each, STAFF_MAIL)
        counts["staff_mails"] += bool(written)
        counts["lines"] += written


def _awake(session: Session, day: date, told: Iterable[_Told]) -> list[_Told]:
    """Leave out the lines that their reader rests; such a line is written, if it still holds, once the rest is over."""
    resting = rests_on(session, day)
    return [
        replace(each, lines=[
            line for line in each.lines
            if not reminders.rests(line[0].due_on, resting.get((each.person.id, line[1])), day)
        ])
        for each in told
    ]


def _write(session: Session, plan: Plan, day: date, told: _Told, kind: str) -> int:
    """Queue one mail with all lines of a person and note each line; returns how many lines were written."""
    person, lines = told.person, told.lines
    if not lines:
        return 0
    firms = {firm for _step, _row, firm in lines}
    message = enqueue(
        session, _recipient(person, plan), kind, "digest", person.id, day, 0,
        {"plan_id": plan.id, "milestones": sorted({row for _step, row, _firm in lines})},
        firm_id=firms.pop() if kind == FIRM_MAIL and len(firms) == 1 else None,
    )
    if message is None:  # the day's mail was written before, or carries another plan's lines: they wait for the next one
        return 0
    session.add_all(
        ReminderStep(
            plan_id=plan.id, person_id=person.id, firm_id=firm, audience=step.audience.value,
            kind=step.kind.value, subject_id=row, due_on=step.due_on, step=step.step, written_on=day,
        )
        for step, row, firm in lines
    )
    session.flush()
    return len(lines)


def _recipient(person: Person, plan: Plan) -> Recipient:
    region = person.region or person.office_country or plan.lead_country
    return Recipient(person.email, person.name, person.language, region if region in REGIONS else plan.lead_country, person.id)


def _written(session: Session, plan_id: int, *audiences: Audience) -> tuple[dict[int, set[Step]], dict[int, date]]:
    """Return the lines already written to each person about what is still open, and the day of the last mail."""
    sent: dict[int, set[Step]] = defaultdict(set)
    wanted = [ReminderStep.plan_id == plan_id, ReminderStep.audience.in_([each.value for each in audiences])]
    still_open = select(Milestone.id).where(
        Milestone.plan_id == plan_id, Milestone.done_on.is_(None), Milestone.waived_on.is_(None))
    statement = select(
        ReminderStep.person_id, ReminderStep.audience, ReminderStep.kind, ReminderStep.subject_id, ReminderStep.due_on,
        ReminderStep.step,
    ).where(*wanted, ReminderStep.subject_id.in_(still_open))
    for person_id, audience, kind, subject_id, due_on, step in session.execute(statement):
        sent[person_id].add(Step(Audience(audience), Kind(kind), subject_id, due_on, step))
    latest = select(ReminderStep.person_id, func.max(ReminderStep.written_on)).where(*wanted)
    return sent, {row[0]: row[1] for row in session.execute(latest.group_by(ReminderStep.person_id))}


def still_open(session: Session, message: OutboxMessage) -> dict[str, object] | None:
    """Return the lines that still hold, worded for the mail; None when all are done, or rested by whoever reads it: it is cancelled.

    It looks at the day of sending, wherever the firm is: a mail that waited does not say “today” of yesterday.
    """
    statement = (
        select(Milestone).join(Member, Member.id == Milestone.member_id)
        .where(Milestone.id.in_(message.params["milestones"]), Milestone.done_on.is_(None), Milestone.waived_on.is_(None))
        .where(Member.left_on.is_(None))
        .options(contains_eager(Milestone.member).joinedload(Member.firm))
    )
    if message.kind == FIRM_MAIL:
        statement = statement.where(Milestone.handed_in_on.is_(None), Milestone.member_id.not_in(paused_members(clock.today())))
    rows = session.scalars(statement.order_by(Milestone.due_on, Milestone.id)).all()
    yesterday = clock.today() - timedelta(days=1)  # somewhere it may still be the day before
    rested = rests_of(session, message.person_id, [row.id for row in rows], yesterday)
    lines = []
    for row in rows:
        today = clock.today(ZONES[row.member.country])
        if not reminders.rests(row.due_on, rested.get(row.id), today):
            lines.append({
                "title_es": row.title_es, "title_en": row.title_en, "due_on": row.due_on,
                "days_left": (row.due_on - today).days, "firm": row.member.firm.name, "member_id": row.member_id,
                "milestone_id": row.id, "waits": row.handed_in_on is not None,
            })
    return {**message.params, "lines": lines} if lines else None

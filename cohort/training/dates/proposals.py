"""Works out what a change of dates would do to every open milestone and reminder; nothing is changed here.

Which day a milestone gets is decided in `rules`; applying and taking back stand in `service`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from cohort.firms.models import Firm
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.plans import queries as plan_queries
from cohort.plans.models import Member, Plan, TemplateMilestone
from cohort.plans.rights import require_edit
from cohort.rules.calendar import SHORTEST_DAYS, Offset, TooFewDaysError, due_days
from cohort.rules.redating import missing_days, moved_along, pause_days
from cohort.training import queries
from cohort.training.dates.mails import Reminded, reminded_of
from cohort.training.dates.models import DateChange
from cohort.training.dates.pauses import paused_days, pauses_of
from cohort.training.dates.wishes import Line, Proposal, Wish
from cohort.training.models import Milestone, MilestoneEntry
from cohort.training.service import require_lead

wording("dates_start_same", _l("The plan starts on that day already."))
wording("dates_start_far", _l("The start of a plan moves by at most %(days)s days. Check the year."))
wording("dates_all_countries", _l("Only somebody who sees all countries may change dates of the whole plan."), 403)
wording("dates_extension_none", _l("The plan was not extended since its milestones were dated or spread; there is nothing to spread."))
wording("dates_numbers", _l("Choose at least one milestone of the template."))
wording("dates_pause_order", _l("The last day of the pause must not be before the first."))
wording("dates_pause_outside", _l("The pause must lie between %(start)s and %(end)s."))
wording("dates_pause_twice", _l("The firm pauses from %(start)s to %(end)s already; two pauses do not overlap."))
wording("dates_pause_long", _l("The plan ends %(days)s days too early for that: its last milestone would fall due after %(end)s. Extend the plan first, or pause for fewer days."))

MOST_START_DAYS = 730  # a mistyped year would otherwise re-date the whole plan
Due = Mapping[int, date]


def propose(session: Session, actor: Actor, wish: Wish) -> Proposal:
    """Return what a change would do, in a number of queries that does not grow with the firms.

    Finished and waived milestones and those of firms that left are never among the lines. Errors: DomainError
    `not_allowed`, `plan_other`, `not_found`, and by kind `dates_start_same`, `dates_start_far`, `dates_extension_none`,
    `dates_numbers`, `dates_pause_order`, `dates_pause_outside`, `dates_pause_twice`, `dates_pause_long`,
    `member_gone`, `milestones_do_not_fit`.
    """
    plan = plan_queries.plan_of(session, wish.plan_id)
    if wish.kind == "pause":
        return _pause(session, actor, plan, wish)
    require_edit(actor, plan)
    if not actor.sees_all:
        raise DomainError("dates_all_countries")
    return {"start": _start, "extension": _extension, "template": _template}[wish.kind](session, plan, wish)


def _open_rows(session: Session, plan: Plan, member_id: int | None = None) -> Sequence[Row[Any]]:
    statement: Any = (
        select(
            Milestone.id, Milestone.member_id, Milestone.firm_id, Milestone.number, Milestone.title_es, Milestone.title_en,
            Milestone.due_on, Member.country, Member.joined_on, Member.recorded_at, Firm.legal_name, Firm.trade_name,
        )
        .join(Member, Member.id == Milestone.member_id).join(Firm, Firm.id == Milestone.firm_id)
        .where(Milestone.plan_id == plan.id, Milestone.done_on.is_(None), Milestone.waived_on.is_(None), Member.left_on.is_(None))
        .order_by(Firm.sort_name, Milestone.member_id, Milestone.number)
    )
    if member_id is not None:
        statement = statement.where(Milestone.member_id == member_id)
    found: Sequence[Row[Any]] = session.execute(statement).all()
    return found


def _proposal(
    session: Session, plan: Plan, wish: Wish, rows: Sequence[Row[Any]], day_of: Callable[[Row[Any]], date],
    facts: dict[str, Any], own: frozenset[int] = frozenset(),
) -> Proposal:
    """Put the new days beside the old ones, with their reminders and a mark over all of it."""
    days = {row.id: row.due_on if row.id in own else day_of(row) for row in rows}
    reminded = reminded_of(session, plan.id, {row.id: row.due_on for row in rows if days[row.id] != row.due_on})
    lines = [
        Line(
            row.id, row.member_id, row.firm_id, row.trade_name or row.legal_name, row.country, row.number, row.title_es, row.title_en,
            row.due_on, days[row.id], row.id in own, reminded.queued.get(row.id, 0), reminded.written.get(row.id, 0),
        )
        for row in rows
    ]
    return Proposal(wish, lines, facts, _key_of(wish, lines, reminded, plan_queries.end_of(plan)))


def _key_of(wish: Wish, lines: Sequence[Line], reminded: Reminded, ends_on: date) -> str:
    shown = repr((wish, ends_on, [(line.milestone_id, line.before, line.after) for line in lines], reminded.mail_ids))
    return hashlib.sha256(shown.encode()).hexdigest()


@dataclass(frozen=True)
class _Dating:
    """Due dates by the template for members of one country and day of enrolment; each pair is worked out once."""

    template: Sequence[TemplateMilestone]
    known: dict[tuple[str, date, date, date], Due]

    def due(self, country: str, joined_on: date, starts_on: date, ends_on: date) -> Due:
        """Due date of each number, as for a firm that joins; raises `milestones_do_not_fit`."""
        key = (country, joined_on, starts_on, ends_on)
        if key not in self.known:
            offsets: list[Offset] = [row.offset for row in self.template if row.holds_in(country)]
            try:
                self.known[key] = due_days(offsets, max(joined_on, starts_on), ends_on, starts_on)
            except TooFewDaysError as error:
                raise DomainError("milestones_do_not_fit", left=error.days_left, needed=error.needed_days) from error
        return self.known[key]


def _dating(session: Session, plan: Plan) -> _Dating:
    return _Dating(plan_queries.template_of(session, plan.id), {})


def _as_it_is(row: Row[Any]) -> date:
    due_on: date = row.due_on
    return due_on


def _start(session: Session, plan: Plan, wish: Wish) -> Proposal:
    starts_on, ends_on = wish.starts_on or plan.starts_on, plan_queries.end_of(plan)
    if starts_on == plan.starts_on:
        raise DomainError("dates_start_same")
    if abs((starts_on - plan.starts_on).days) > MOST_START_DAYS:
        raise DomainError("dates_start_far", days=MOST_START_DAYS)
    if (ends_on - starts_on).days < SHORTEST_DAYS:
        raise DomainError("milestones_do_not_fit", left=(ends_on - starts_on).days, needed=SHORTEST_DAYS)
    dating = _dating(session, plan)

    def day_of(row: Row[Any]) -> date:
        before = dating.due(row.country, row.joined_on, plan.starts_on, ends_on).get(row.number)
        after = dating.due(row.country, row.joined_on, starts_on, ends_on).get(row.number)
        if before is None or after is None:  # no longer in the template
            return _as_it_is(row)
        return moved_along(row.due_on, before, after, row.joined_on, ends_on)

    facts = {"starts_on": starts_on.isoformat(), "started_on": plan.starts_on.isoformat()}
    return _proposal(session, plan, wish, _open_rows(session, plan), day_of, facts)


def _extension(session: Session, plan: Plan, wish: Wish) -> Proposal:
    """Spread what is open to the end that holds now, from the end that held when each member was dated or spread last."""
    ends_on, dating, rows = plan_queries.end_of(plan), _dating(session, plan), _open_rows(session, plan)
    known = list(_ends(session, plan))
    if not any(_end_known(known, row.recorded_at) < ends_on for row in rows):
        raise DomainError("dates_extension_none")

    def day_of(row: Row[Any]) -> date:
        ended_on = _end_known(known, row.recorded_at)
        before = dating.due(row.country, row.joined_on, plan.starts_on, ended_on).get(row.number)
        after = dating.due(row.country, row.joined_on, plan.starts_on, ends_on).get(row.number)
        if before is None or after is None or after <= before:  # a longer plan brings nothing forward
            return _as_it_is(row)
        return moved_along(row.due_on, before, after, row.joined_on, ends_on)

    facts = {"ends_on": ends_on.isoformat()}
    return _proposal(session, plan, wish, rows, day_of, facts)


def _ends(session: Session, plan: Plan) -> Iterator[tuple[str, datetime | None, date]]:
    """The ends that the plan had, each since when, and those to which open milestones were spread already."""
    yield "end", None, plan.ends_on
    for extension in plan.extensions:
        yield "end", extension.recorded_at, extension.ends_on
    spread = select(DateChange).where(DateChange.plan_id == plan.id, DateChange.kind == "extension", DateChange.undone_at.is_(None))
    for change in session.scalars(spread.order_by(DateChange.id)):
        yield "spread", change.applied_at, date.fromisoformat(change.facts["ends_on"])


def _end_known(known: Sequence[tuple[str, datetime | None, date]], dated_at: datetime) -> date:
    """The end by which a member's milestones stand now: that of the day it was dated, or of a later spread."""
    ends = [end for kind, at, end in known if at is None or (at <= dated_at if kind == "end" else at >= dated_at)]
    return max(ends)


def _template(session: Session, plan: Plan, wish: Wish) -> Proposal:
    """Give open milestones of the chosen numbers the day that the template says now, and what a pause gave on top.

    One that somebody gave a day of its own keeps it.
    """
    ends_on, dating = plan_queries.end_of(plan), _dating(session, plan)
    if not wish.numbers or not {row.number for row in dating.template} >= set(wish.numbers):
        raise DomainError("dates_numbers")
    given, chosen = paused_days(session, plan.id), [row for row in _open_rows(session, plan) if row.number in wish.numbers]

    def day_of(row: Row[Any]) -> date:
        after = dating.due(row.country, row.joined_on, plan.starts_on, ends_on).get(row.number)
        if after is None:  # not in its country any more
            return _as_it_is(row)
        return min(after + timedelta(days=given.get(row.member_id, 0)), ends_on)

    own = _with_own_day(session, plan)
    return _proposal(session, plan, wish, chosen, day_of, {"numbers": list(wish.numbers)}, own)


def _with_own_day(session: Session, plan: Plan) -> frozenset[int]:
    """Return the milestones whose latest day was given to them alone."""
    statement = (
        select(MilestoneEntry.milestone_id, MilestoneEntry.change_id)
        .join(Milestone, Milestone.id == MilestoneEntry.milestone_id)
        .where(Milestone.plan_id == plan.id, MilestoneEntry.kind == "redated").order_by(MilestoneEntry.id)
    )
    latest = {row.milestone_id: row.change_id for row in session.execute(statement)}
    return frozenset(milestone for milestone, change in latest.items() if change is None)


def _pause(session: Session, actor: Actor, plan: Plan, wish: Wish) -> Proposal:
    member = queries.member_named(session, wish.member_id or 0)
    from_on, until_on = _checked_pause(session, actor, plan, member, wish)
    days, ends_on = pause_days(from_on, until_on), plan_queries.end_of(plan)
    rows = _open_rows(session, plan, member.id)
    missing = missing_days([row.due_on for row in rows], days, ends_on)
    if missing:
        raise DomainError("dates_pause_long", days=missing, end=ends_on)
    facts = {"member": member.id, "from_on": from_on.isoformat(), "until_on": until_on.isoformat()}
    return _proposal(session, plan, wish, rows, lambda row: row.due_on + timedelta(days=days), facts)


def _checked_pause(session: Session, actor: Actor, plan: Plan, member: Member, wish: Wish) -> tuple[date, date]:
    """Return the first and last day of a pause that the actor may give to this member."""
    require_lead(actor)
    if not actor.is_system and actor.plan_id != member.plan_id:
        raise DomainError("plan_other")
    if member.left_on is not None:
        raise DomainError("member_gone", firm=member.firm.name, left=member.left_on)
    starts_on, ends_on = member.joined_on, plan_queries.end_of(plan)
    if wish.from_on is None or wish.until_on is None or wish.until_on < wish.from_on:
        raise DomainError("dates_pause_order")
    if not starts_on <= wish.from_on <= wish.until_on <= ends_on:
        raise DomainError("dates_pause_outside", start=starts_on, end=ends_on)
    for held in pauses_of(session, member):
        if held.from_on <= wish.until_on and wish.from_on <= held.until_on:
            raise DomainError("dates_pause_twice", start=held.from_on, end=held.until_on)
    return wish.from_on, wish.until_on

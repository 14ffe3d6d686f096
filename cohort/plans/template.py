"""Changes the milestone template of a plan for firms that join later; when a milestone falls due, rules decide."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from cohort.kit import audit
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.plans import queries
from cohort.plans.models import Plan, TemplateMilestone
from cohort.plans.rights import require_edit, said
from cohort.plans.template_rows import FIELDS, MOST_ROWS, RowFacts, checked, facts_of
from cohort.rules.template import Fault, faults_of

wording("template_order", _l("It cannot fall due before milestone %(number)s, which comes first."))
wording("template_order_after", _l("It cannot fall due after milestone %(number)s, which needs it."))
wording("template_taken", _l("There is a milestone %(number)s already. Choose another number."))
wording("template_needed", _l("Milestone %(number)s hangs on it or needs it. Change that one first."))
wording("template_last", _l("A template keeps at least one milestone."))
wording("template_many", _l("A template has at most %(most)s milestones."))
wording("template_changed", _l("The template was changed meanwhile. Look at the file again."), 409)
wording("template_twice", _l("Milestone %(number)s is there twice."))
wording("template_unknown", _l("Milestone %(number)s is named, but the template has none of this number."))
wording("template_circle", _l("These milestones hang on one another in a circle: %(circle)s. One of them has to hang on something else."))
wording("template_circle_after", _l("These milestones need one another in a circle: %(circle)s. One of them has to come first."))
wording("template_not_everywhere", _l("It hangs on milestone %(number)s, which not all its countries have."))
wording("template_before", _l("It would fall due before the plan starts."))
wording("template_before_on", _l("It would fall due on %(day)s, before the plan starts."))
wording("template_end", _l("It would fall due after the plan ends."))
wording("template_end_on", _l("It would fall due on %(day)s, after the plan ends."))
wording("template_dense", _l("There are too many milestones for the length of the plan: between two of them lie at least 14 days."))

_EDITABLE = frozenset(FIELDS) - {"number"}


@dataclass(frozen=True)
class Replacement:
    """What a whole new template changes: numbers that come, go, or say something else."""

    added: tuple[int, ...]
    changed: tuple[int, ...]
    removed: tuple[int, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.changed or self.removed)


def edit_template(
    session: Session, actor: Actor, plan: Plan, number: int, facts: Mapping[str, Any], reason: str
) -> TemplateMilestone:
    """Change one row of the template; members keep their own copies, so only later joiners see it.

    Nothing is noted when nothing differs. Errors: DomainError `not_allowed`, `plan_other`, `not_found`,
    `reason_missing`, those of a row (`template_rows`), and those of its place among the others: `template_order` and
    `template_order_after`, `template_circle`, `template_unknown`, `template_before`, `template_end`, …
    """
    require_edit(actor, plan)
    reason = said(reason)
    template = {each.number: each for each in queries.template_of(session, plan.id)}
    row = template.get(number)
    if row is None:
        raise DomainError("not_found")
    held = facts_of(row)
    wanted = _row(held.columns | {key: value for key, value in facts.items() if key in _EDITABLE})
    after, before = wanted.columns, held.columns
    changed = {key: value for key, value in after.items() if before[key] != value}
    if not changed:
        return row
    _refuse(plan, template, [wanted if each.number == number else facts_of(each) for each in template.values()], number)
    for key, value in changed.items():
        setattr(row, key, value)
    session.flush()
    audit.record(session, actor, "plan.template_edited", plan, before={key: before[key] for key in changed}, after={
        **changed, "number": number, "reason": reason})
    return row


def add_row(session: Session, actor: Actor, plan: Plan, facts: Mapping[str, Any], reason: str) -> TemplateMilestone:
    """Add a row under a number of its own; only firms that join later get it.

    Errors: as `edit_template`, and DomainError `template_taken`, `template_many`.
    """
    require_edit(actor, plan)
    reason = said(reason)
    template = {each.number: each for each in queries.template_of(session, plan.id)}
    wanted = _row(facts)
    if wanted.number in template:
        raise DomainError("template_taken", number=wanted.number)
    if len(template) >= MOST_ROWS:
        raise DomainError("template_many", most=MOST_ROWS)
    _refuse(plan, template, [*map(facts_of, template.values()), wanted], wanted.number)
    row = TemplateMilestone(plan_id=plan.id, **wanted.columns)
    session.add(row)
    session.flush()
    audit.record(session, actor, "plan.template_added", plan, after={**wanted.columns, "reason": reason})
    return row


def remove_row(session: Session, actor: Actor, plan: Plan, number: int, reason: str) -> None:
    """Take a row out of the template; members keep the milestone they have.

    Errors: DomainError `not_allowed`, `plan_other`, `not_found`, `reason_missing`, `template_needed` while another
    row hangs on it or needs it, `template_last`.
    """
    require_edit(actor, plan)
    reason = said(reason)
    template = {each.number: each for each in queries.template_of(session, plan.id)}
    if number not in template:
        raise DomainError("not_found")
    for other in needing(list(template.values()), number):
        raise DomainError("template_needed", number=other)
    if len(template) == 1:
        raise DomainError("template_last")
    gone = facts_of(template[number]).columns
    session.delete(template[number])
    session.flush()
    audit.record(session, actor, "plan.template_removed", plan, before=gone, after={"number": number, "reason": reason})


def needing(template: Sequence[TemplateMilestone], number: int) -> list[int]:
    """Return the rows that hang on a row or need it, by number."""
    return [each.number for each in template if each.number != number and (each.anchor_number == number or number in each.after)]


def replace_template(
    session: Session, actor: Actor, plan: Plan, rows: Sequence[RowFacts], reason: str, *, sha256: str = "", shown: str = ""
) -> Replacement:
    """Let the template be exactly these rows, of a file that was checked; the same rows change and note nothing.

    `shown` is the mark of the template that the person saw (`mark_of`). Errors: DomainError `not_allowed`,
    `plan_other`, `reason_missing`, `template_changed`, `template_last`, `template_many`, and the first fault of the rows.
    """
    require_edit(actor, plan)
    reason = said(reason)
    template = {each.number: each for each in queries.template_of(session, plan.id)}
    if shown and shown != mark_of(list(template.values())):
        raise DomainError("template_changed")
    for error in refusals_of(plan, list(template.values()), rows).values():
        raise error
    found = compare(list(template.values()), rows)
    if found.is_empty:
        return found
    wanted = {row.number: row for row in rows}
    for number in found.removed:
        session.delete(template[number])
    for number in found.changed:
        for key, value in wanted[number].columns.items():
            setattr(template[number], key, value)
    session.add_all(TemplateMilestone(plan_id=plan.id, **wanted[number].columns) for number in found.added)
    session.flush()
    numbers = {name: list(getattr(found, name)) for name in ("added", "changed", "removed")}
    audit.record(session, actor, "plan.template_imported", plan, after={**numbers, "sha256": sha256, "reason": reason})
    return found


def compare(template: Sequence[TemplateMilestone], rows: Sequence[RowFacts]) -> Replacement:
    """Return what these rows would change."""
    held, wanted = {each.number: facts_of(each) for each in template}, {row.number: row for row in rows}
    return Replacement(
        tuple(sorted(wanted.keys() - held.keys())),
        tuple(sorted(number for number in wanted.keys() & held.keys() if wanted[number] != held[number])),
        tuple(sorted(held.keys() - wanted.keys())),
    )


def mark_of(template: Sequence[TemplateMilestone]) -> str:
    """Return a short mark that differs as soon as any row does."""
    return hashlib.sha256(repr(sorted(map(facts_of, template), key=lambda row: row.number)).encode()).hexdigest()[:32]


def refusals_of(plan: Plan, template: Sequence[TemplateMilestone], rows: Sequence[RowFacts]) -> dict[int, DomainError]:
    """Return why these rows cannot be the template, the first refusal by the number of its row (0: all of them)."""
    if not rows:
        return {0: DomainError("template_last")}
    if len(rows) > MOST_ROWS:
        return {0: DomainError("template_many", most=MOST_ROWS)}
    refusals: dict[int, DomainError] = {}
    for fault in _new_faults(plan, template, rows):
        refusals.setdefault(fault.number, _error_of(fault, fault.number))
    return refusals


def _row(facts: Mapping[str, Any]) -> RowFacts:
    row, errors = checked(facts)
    if row is None:
        raise errors[0]
    return row


def _refuse(plan: Plan, template: Mapping[int, TemplateMilestone], rows: Sequence[RowFacts], number: int) -> None:
    faults = _new_faults(plan, list(template.values()), rows)
    faults.sort(key=lambda fault: fault.number != number)  # what is wrong with the row itself is said first
    for fault in faults:
        raise _error_of(fault, number)


def _new_faults(plan: Plan, template: Sequence[TemplateMilestone], rows: Sequence[RowFacts]) -> list[Fault]:
    """Return the faults that the rows have and the template of now has not: what stands already may stay."""
    held = [facts_of(each).as_rule for each in template]
    longest = max((row.offset.day for row in held if row.offset.is_scaled), default=0)
    starts_on, ends_on = plan.starts_on, queries.end_of(plan)
    before = set(faults_of(held, starts_on, ends_on, longest))
    return [fault for fault in faults_of([row.as_rule for row in rows], starts_on, ends_on, longest) if fault not in before]


def _error_of(fault: Fault, edited: int) -> DomainError:
    """Return the refusal of a fault, seen from the row that was edited."""
    if fault.code in ("before_start", "after_end"):
        return _outside(fault)
    first = fault.others[0] if fault.others else fault.number
    circle = " → ".join(str(number) for number in (*fault.others, fault.number))
    is_seen_from_before = fault.code == "order" and fault.number != edited
    known = {
        "twice": DomainError("template_twice", number=fault.number), "too_dense": DomainError("template_dense"),
        "circle_anchor": DomainError("template_circle", circle=circle),
        "circle_after": DomainError("template_circle_after", circle=circle),
        "not_everywhere": DomainError("template_not_everywhere", number=first),
        "order": DomainError("template_order_after", number=fault.number) if is_seen_from_before
        else DomainError("template_order", number=first),
    }
    return known.get(fault.code) or DomainError("template_unknown", number=first)


def _outside(fault: Fault) -> DomainError:
    if fault.code == "before_start":
        return DomainError("template_before_on", day=fault.on) if fault.on else DomainError("template_before")
    return DomainError("template_end_on", day=fault.on) if fault.on else DomainError("template_end")

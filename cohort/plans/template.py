"""Changes the milestone template of a plan for firms that join later; when a milestone falls due, rules decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from cohort.kit import audit
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.plans import queries
from cohort.plans.models import Plan, TemplateMilestone
from cohort.plans.rights import require_edit, said

wording("template_order", _l("It cannot fall due before milestone %(number)s, which comes first."))
wording("template_order_after", _l("It cannot fall due after milestone %(number)s, which needs it."))

_EDITABLE = frozenset({"title_es", "title_en", "day", "evidence_es", "evidence_en", "is_required"})


def edit_template(
    session: Session, actor: Actor, plan: Plan, number: int, facts: Mapping[str, Any], reason: str
) -> TemplateMilestone:
    """Change one row of the template; members keep their own copies, so only later joiners see it.

    Nothing is noted when nothing differs. Errors: DomainError `not_allowed`, `plan_other`, `not_found`,
    `reason_missing`, `template_order` and `template_order_after` for a day against the order of what it needs.
    """
    require_edit(actor, plan)
    reason = said(reason)
    template = {each.number: each for each in queries.template_of(session, plan.id)}
    row = template.get(number)
    if row is None:
        raise DomainError("not_found")
    changed = {key: value for key, value in facts.items() if key in _EDITABLE and getattr(row, key) != value}
    if not changed:
        return row
    _refuse_disorder(template, row, changed.get("day", row.day))
    before = {key: getattr(row, key) for key in changed}
    for key, value in changed.items():
        setattr(row, key, value)
    session.flush()
    audit.record(
        session, actor, "plan.template_edited", plan, before=before, after={**changed, "number": number, "reason": reason}
    )
    return row


def _refuse_disorder(template: Mapping[int, TemplateMilestone], row: TemplateMilestone, day: int) -> None:
    for number in row.after:
        if number in template and template[number].day > day:
            raise DomainError("template_order", number=number)
    for other in template.values():
        if row.number in other.after and other.day < day:
            raise DomainError("template_order_after", number=other.number)

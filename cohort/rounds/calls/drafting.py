"""Changes the parts of a draft's protocol that have pages of their own: rubric, rules, questions.

An open call is refused, for its rules are sealed; the first page of a draft stands in `service`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from cohort.kit import audit
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.rounds.calls.parts import HIGHEST_MARK, Criterion, criteria_of
from cohort.rounds.calls.protocol import FORMAT, ready_rubric
from cohort.rounds.calls.words import criterion_name
from cohort.rounds.decisions.tie_criteria import require_ties
from cohort.rounds.models import Round

wording("rubric_sum", _l("The weights sum to %(total)s. They have to sum to 100; a criterion with 0 is left out."))
wording("rubric_weight", _l("A weight is a whole number from 0 to 100."))
wording("rubric_words", _l("“%(criterion)s” needs its name and what each mark from 0 to 5 means, in both languages."))


def change(session: Session, actor: Actor, round_: Round, **parts: Any) -> None:
    """Put parts into a draft's protocol and audit the change; raises `round_not_draft` once the call is open.

    A draft of the first format becomes one of the present format.
    """
    actor.require("round.edit")
    if round_.status != "draft":
        raise DomainError("round_not_draft")
    before = round_.protocol
    round_.protocol = {"questions": [], "quotas": [], "reviews": None, **before, **parts, "format": FORMAT}
    session.flush()
    audit.record(session, actor, "round.edited", round_, before={name: before.get(name) for name in parts}, after=parts)


def set_rubric(session: Session, actor: Actor, round_: Round, criteria: Sequence[Criterion]) -> None:
    """Keep the criteria that have a weight; raises unless the weights sum to 100 and every text is there."""
    if any(not 0 <= each.weight <= 100 for each in criteria):
        raise DomainError("rubric_weight")
    kept = [each for each in criteria if each.weight]
    total = sum(each.weight for each in kept)
    if total != 100:
        raise DomainError("rubric_sum", total=total)
    for each in kept:
        texts = [text for words in (each.label, *each.anchors) for text in (words.get("es"), words.get("en"))]
        if len(each.anchors) != HIGHEST_MARK + 1 or not all(texts):
            raise DomainError("rubric_words", criterion=criterion_name(each))
    require_ties(round_.protocol.get("tie_criteria", ()), {each.name for each in kept}, has_lottery=False)
    change(session, actor, round_, rubric=[_criterion_json(each) for each in kept])


def offered_criteria(round_: Round) -> list[Criterion]:
    """Return the criteria of a draft, then the ready ones that it leaves out, with a weight of 0.

    A draft of the first format is offered the ready texts under its own weights.
    """
    held = {each.name: each for each in criteria_of(round_.protocol)}
    ready = {each.name: each for each in criteria_of({"rubric": ready_rubric()})}
    filled = [
        Criterion(name, each.weight, each.label or ready[name].label, each.anchors or ready[name].anchors)
        for name, each in held.items()
    ]
    return [*filled, *(Criterion(each.name, 0, each.label, each.anchors) for each in ready.values() if each.name not in held)]


def _criterion_json(criterion: Criterion) -> dict[str, Any]:
    row = asdict(criterion)
    return {"criterion": row["name"], "weight": row["weight"], "label": row["label"], "anchors": list(row["anchors"])}

"""Changes the parts of a draft's protocol that have pages of their own: rubric, rules, questions.

An open call is refused, for its rules are sealed; the first page of a draft stands in `service`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from flask_babel import gettext
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
wording("rubric_own_weight", _l("“%(criterion)s” has texts but no weight. Give it one, or tick that it goes."))
wording("rubric_twice", _l("Two criteria are called “%(criterion)s”. Each needs a name of its own."))

MOST_CRITERIA = 15
_OWN = re.compile("own([0-9]+)")


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


def set_rubric(
    session: Session, actor: Actor, round_: Round, criteria: Sequence[Criterion], removed: Collection[str] = ()
) -> None:
    """Keep the criteria that have a weight; raises unless the weights sum to 100 and every text is there.

    A criterion of the call's own goes with its texts only where it is named in `removed`.
    """
    criteria = [each for each in criteria if each.name not in removed]
    for each in criteria:
        if is_own(each.name) and not each.weight and any(_texts(each)):
            raise DomainError("rubric_own_weight", criterion=criterion_name(each))
    if any(not 0 <= each.weight <= 100 for each in criteria):
        raise DomainError("rubric_weight")
    kept = [each for each in criteria if each.weight]
    total = sum(each.weight for each in kept)
    if total != 100:
        raise DomainError("rubric_sum", total=total)
    for each in kept:
        if len(each.anchors) != HIGHEST_MARK + 1 or not all(_texts(each)):
            named = any(each.label.values()) or not is_own(each.name)
            raise DomainError("rubric_words", criterion=criterion_name(each) if named else gettext("New criterion"))
    _require_own_names(kept)
    require_ties(round_.protocol.get("tie_criteria", ()), {each.name for each in kept}, has_lottery=False)
    change(session, actor, round_, rubric=[_criterion_json(each) for each in kept])


def is_own(name: str) -> bool:
    """Return whether a criterion is the call's own, not one of the ready ones."""
    return _OWN.fullmatch(name) is not None


def blank_criterion(round_: Round) -> Criterion | None:
    """Return an empty criterion for the call's own name and texts; None when the rubric is as long as it may be."""
    held = [each.name for each in criteria_of(round_.protocol)]
    if len(held) >= MOST_CRITERIA:
        return None
    number = 1 + max((int(found[1]) for name in held if (found := _OWN.fullmatch(name))), default=0)
    return Criterion(f"own{number}", 0, {}, tuple({} for _mark in range(HIGHEST_MARK + 1)))


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


def _texts(criterion: Criterion) -> list[str]:
    return [words.get(language) or "" for words in (criterion.label, *criterion.anchors) for language in ("es", "en")]


def _require_own_names(criteria: Sequence[Criterion]) -> None:
    for language in ("es", "en"):
        counts = Counter(each.label[language].casefold() for each in criteria)
        for each in criteria:
            if counts[each.label[language].casefold()] > 1:
                raise DomainError("rubric_twice", criterion=each.label[language])


def _criterion_json(criterion: Criterion) -> dict[str, Any]:
    row = asdict(criterion)
    return {"criterion": row["name"], "weight": row["weight"], "label": row["label"], "anchors": list(row["anchors"])}

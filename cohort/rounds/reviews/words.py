"""Words criteria, marks, states of reviews and conflicts in the reader's language; figures come from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from cohort.kit.language import number
from cohort.rounds.calls.parts import Criterion, ReviewTerms
from cohort.rounds.calls.words import criterion_name, said
from cohort.rounds.reviews.changes import CONFLICT
from cohort.rounds.reviews.models import Conflict
from cohort.rounds.reviews.outcome import UNITS
from cohort.rounds.reviews.waiting import Counts

_: Callable[..., str] = gettext

STATES = {"declare": _l("Declare first"), "score": _l("To score"), "sent": _l("Sent in")}
STATE_TONES = {"declare": "sun", "score": "sea", "sent": "leaf"}
FILE_STATES = {
    "short": _l("Lacks an evaluator"), "open": _l("Being reviewed"), "apart": _l("Third review called"),
    "complete": _l("Complete"),
}
FILE_TONES = {"short": "coral", "open": "sea", "apart": "sun", "complete": "leaf"}
KINDS = {
    "domain": _l("same mail domain"), "name": _l("same name as a person of the firm"),
    "owner": _l("name or group of the owners"), "past_link": _l("acts or acted for the firm, or coached it"),
    "role": _l("reads the firm’s name in another role"), "other": _l("another reason"),
}
SOURCES = {"declared": _l("declared by the evaluator"), "detected": _l("detected"), "staff": _l("noted by staff")}
ASSIGNED_BY = {
    "hand": _l("by hand"), "file": _l("from a sheet"), "balance": _l("automatically"), "third": _l("as third review"),
}
FINALS = {
    "mean_or_median": _l("mean of two reviews, median of three"), "median": _l("median of the reviews"),
    "severity": _l("mean of the reviews, corrected for how severe each evaluator is"),
}


def anchors_of(criterion: Criterion) -> list[str]:
    """Return what each mark from 0 on means; empty when the protocol has no anchors."""
    return [said(anchor) for anchor in criterion.anchors]


def points_text(points: int | None) -> str:
    """Return ten-thousandths of a point as the reader writes points, a dash for none."""
    return "—" if points is None else number(Decimal(points) / UNITS)


def points_line(points: int) -> str:
    """Return points as a sentence of their own."""
    return _("%(points)s of 100 points", points=points_text(points))


def conflict_text(kind: str, fact: str) -> str:
    """Return what a conflict is, with the fact that shows it: `same mail domain: lanas.cl`."""
    name = str(KINDS.get(kind, KINDS["other"]))
    return f"{name}: {fact}" if fact else name


def said_text(word: Conflict) -> str:
    """Return the latest word on a pair for the manager, with who said it."""
    if not word.has_conflict:
        return _("no conflict, %(source)s", source=SOURCES[word.source])
    return f"{conflict_text(word.kind, word.reason)} ({SOURCES[word.source]})"


def end_reason(reason: str) -> str:
    """Return why an assignment ended."""
    return _("conflict of interest") if reason == CONFLICT else reason


def counts_text(counts: Counts) -> str:
    """Return what waits for an evaluator, as a heading: `3 files to declare, 5 to score`."""
    parts = []
    if counts.to_declare:
        parts.append(str(ngettext("%(num)s file to declare", "%(num)s files to declare", counts.to_declare)))
    if counts.to_score:
        said = ngettext("%(num)s to score", "%(num)s to score", counts.to_score) if parts else ngettext(
            "%(num)s file to score", "%(num)s files to score", counts.to_score)
        parts.append(str(said))
    return ", ".join(parts) or _("Nothing waits for you")


def terms_text(terms: ReviewTerms) -> str:
    """Return how files are reviewed, in a sentence."""
    each = ngettext("%(num)s review a file", "%(num)s reviews a file", terms.per_file)
    parts = [str(each)]
    if terms.per_file == 2:
        parts.append(_("a third when two lie more than %(gap)s points apart", gap=number(terms.gap)))
    parts.append(str(FINALS[terms.final]))
    if terms.is_blind:
        parts.append(_("evaluators do not see who the firm is"))
    return " · ".join(parts)


def criteria_names(criteria: Mapping[str, Criterion], low: tuple[str, ...]) -> str:
    """Return criteria by their labels, for a sentence."""
    return ", ".join(criterion_name(criteria[name]) for name in low)


def rounded(ten_thousandths: Fraction | float) -> str:
    """Return points to one place, the reader's way."""
    return number(round(Decimal(float(ten_thousandths)) / UNITS, 1), 1)


def signed(ten_thousandths: Fraction | float) -> str:
    """Return points to one place with their sign: `+3.2`, `−1.0`."""
    sign = "−" if ten_thousandths < 0 else "+"
    return sign + rounded(abs(float(ten_thousandths)))

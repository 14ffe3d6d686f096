"""Shows a manager what the screening would do or did, and carries it out; decides nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext

from cohort.firms.words import country_name
from cohort.kit.access import current_actor, gate
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError
from cohort.kit.navigation import Pages
from cohort.rounds.calls import queries as rounds
from cohort.rounds.calls import words as call_words
from cohort.rounds.calls.times import local_text
from cohort.rounds.calls.views import round_here
from cohort.rounds.decisions.tables import names_of
from cohort.rounds.models import Round
from cohort.rounds.screening import service, words
from cohort.rounds.screening.evidence import seats_of
from cohort.rounds.site import Page, back_with, session_now, staff
from cohort.rules.screening import POINT, group_of, places_in

_: Callable[..., str] = gettext
PER_PAGE = 50
ORDER = ("sent", "not_among_best", "failed")


@staff.get("/<int:round_id>/screening")
@gate("round.edit")
def screening(round_id: int) -> Page:
    """Show the dry run, or what stands: counts by country and group, and each file with what becomes of it."""
    session, round_ = session_now(), round_here(round_id)
    try:
        shown = service.show(session, current_actor(), round_)
    except DomainError as refusal:
        return back_with(refusal, url_for("rounds.detail", round_id=round_id))
    chosen = request.args.get("outcome", "")
    kept = sorted((each for each in shown.lines if chosen in {"", each.result.outcome}), key=_order)
    page = Pages(max(1, request.args.get("page", 1, int)), PER_PAGE, len(kept))
    rows = kept[(page.page - 1) * PER_PAGE : page.page * PER_PAGE]
    return render_template(
        "rounds/screening.html", round=round_, shown=shown, rows=rows, page=page, chosen=chosen, words=words,
        call_words=call_words, names=names_of(session, [each.application for each in rows]), groups=_groups(round_, shown.lines),
        sent_count=_count(shown.lines, "sent"), failed_count=_count(shown.lines, "failed"), points=_points,
        group_of=group_of, country_name=country_name,
        done=local_text(shown.screened_at, round_.time_zone) if shown.screened_at else "",
        may_act=round_.status == "closed" and shown.can_be_done,
    )


@staff.post("/<int:round_id>/screening")
@gate("round.edit")
def screen(round_id: int) -> Page:
    """Carry out what was shown, and return to it."""
    back = url_for("rounds.screening", round_id=round_id)
    try:
        with transaction() as session:
            held = rounds.round_of(session, round_id, current_actor().plan_id)
            shown = service.carry_out(session, current_actor(), held, request.form.get("key", ""))
            count = _count(shown.lines, "sent")
    except DomainError as refusal:
        return back_with(refusal, back)
    flash(ngettext("Screened: %(num)s file goes on to review.", "Screened: %(num)s files go on to review.", count), "success")
    return redirect(back)


def _order(line: service.Line) -> tuple[Any, ...]:
    """Sort by country, women's first, then best first, those that failed at the end of their group."""
    country, is_womens = group_of(line.candidate)
    place = line.result.place
    return (country, not is_womens, place is None, place or 0, -line.candidate.points, line.candidate.id)


def _count(lines: Sequence[service.Line], outcome: str) -> int:
    return sum(1 for each in lines if each.result.outcome == outcome)


def _points(units: int) -> Decimal:
    return Decimal(units) / POINT


def _groups(round_: Round, lines: Sequence[service.Line]) -> list[dict[str, Any]]:
    """Return for each group of each country how many took part, passed and go on, and the places there are."""
    seats, multiple = seats_of(round_), round_.protocol["screening"]["multiple"]
    rows = []
    for country in dict.fromkeys((*round_.protocol["countries"], *sorted({each.candidate.country for each in lines}))):
        for is_womens in (True, False):
            held = [each for each in lines if group_of(each.candidate) == (country, is_womens)]
            rows.append({
                "group": words.group_name(country, is_womens, round_.protocol), "total": len(held),
                "passed": len(held) - _count(held, "failed"), "places": places_in(country, seats, multiple),
                "sent": _count(held, "sent")})
    return rows

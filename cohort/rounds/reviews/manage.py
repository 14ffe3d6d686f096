"""Shows a manager how reviews stand and takes their acts: give, fill, remind, check, end, move, re-open; decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from sqlalchemy.orm import Session

from cohort.firms.words import country_name
from cohort.kit.access import Actor, current_actor, gate
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError
from cohort.kit.navigation import Pages
from cohort.rounds.calls import queries as rounds
from cohort.rounds.calls import words as call_words
from cohort.rounds.calls.parts import criteria_of
from cohort.rounds.calls.views import round_here
from cohort.rounds.models import Round
from cohort.rounds.reviews import assigning, board, letters, settling, waiting, words
from cohort.rounds.site import Page, back_with, session_now, staff

_: Callable[..., str] = gettext
PER_PAGE = 50


def acted(round_id: int, act: Callable[[Session, Actor, Round], tuple[str, str]], back: str) -> Page:
    """Act on the round in one transaction, say what came of it, and return to `back`; a refusal returns there in words."""
    try:
        with transaction() as session:
            told, tone = act(session, current_actor(), rounds.round_of(session, round_id, current_actor().plan_id))
    except DomainError as refusal:
        return back_with(refusal, back)
    flash(told, tone)
    return redirect(back)


def board_href(round_id: int) -> str:
    """Return the address of the board."""
    return url_for("rounds.reviews", round_id=round_id)


@staff.get("/<int:round_id>/reviews")
@gate("round.edit")
def reviews(round_id: int) -> Page:
    """Show the board: what is missing, files with their reviews, what each evaluator has, conflicts."""
    session, round_ = session_now(), round_here(round_id)
    terms = assigning.terms_of(round_)
    lines = board.file_lines(session, round_, terms)
    chosen = request.args.get("state", "")
    kept = [line for line in lines if chosen in ("", line.state) or (chosen == "apart" and _is_apart(line))]
    page = Pages(max(1, request.args.get("page", 1, int)), PER_PAGE, len(kept))
    criteria = {each.name: each for each in criteria_of(round_.protocol)}
    return render_template(
        "rounds/reviews/board.html", round=round_, call_words=call_words, words=words, terms=terms, page=page, chosen=chosen,
        rows=kept[(page.page - 1) * PER_PAGE : page.page * PER_PAGE], loads=board.load_lines(session, round_),
        figures=_figures(lines), conflicts=board.conflict_lines(session, round_), country_name=country_name,
        is_open=round_.status == "closed", criteria=criteria, has_missing_scores=_lacks_scores(lines),
    )


def _figures(lines: list[board.FileLine]) -> dict[str, int]:
    states = [line.state for line in lines]
    return {
        "files": len(lines), "complete": sum(1 for line in lines if line.standing.is_complete),
        "short": states.count("short"), "apart": sum(1 for line in lines if _is_apart(line)),
        "sent": sum(len(line.points) for line in lines), "needed": sum(line.standing.needed_count for line in lines),
        "low": sum(1 for line in lines if line.low),
    }


def _is_apart(line: board.FileLine) -> bool:
    """Return whether a third review was called, also once it is in."""
    return line.standing.needed_count == 3 and len(line.points) >= 2


def _lacks_scores(lines: list[board.FileLine]) -> bool:
    return bool(lines) and all(line.standing.is_complete for line in lines) and any(line.score is None for line in lines)


@staff.post("/<int:round_id>/reviews/fill")
@gate("round.edit")
def reviews_fill(round_id: int) -> Page:
    """Give every file the reviews it lacks, by balance."""
    def act(session: Session, actor: Actor, held: Round) -> tuple[str, str]:
        done = assigning.fill(session, actor, held)
        told = str(ngettext("%(num)s review was assigned.", "%(num)s reviews were assigned.", len(done.given)))
        if not done.short:
            return told, "success"
        lacking = ngettext("%(num)s file still lacks an evaluator who is free of conflicts: invite more evaluators, or give it by hand.",
                           "%(num)s files still lack an evaluator who is free of conflicts: invite more evaluators, or give them by hand.",
                           len(done.short))
        return f"{told} {lacking}", "warning"

    return acted(round_id, act, board_href(round_id))


@staff.post("/<int:round_id>/reviews/remind")
@gate("round.edit")
def reviews_remind(round_id: int) -> Page:
    """Write to the evaluators who have not finished, and to nobody else; once a day."""
    def act(session: Session, actor: Actor, held: Round) -> tuple[str, str]:
        assigning.require_open(held)
        late = [person for person, counts in waiting.counts_of(session, held.id).items() if counts.open_count]
        count = letters.remind(session, held, late)
        if not late:
            return _("Everybody has finished: nobody was written to."), "success"
        if not count:
            return _("Whoever has not finished was reminded today already."), "warning"
        return str(ngettext("%(num)s evaluator is reminded.", "%(num)s evaluators are reminded.", count)), "success"

    return acted(round_id, act, board_href(round_id))


@staff.post("/<int:round_id>/reviews/settle")
@gate("round.edit")
def reviews_settle(round_id: int) -> Page:
    """Give the scores of the files that are complete, after others were set aside."""
    def act(session: Session, actor: Actor, held: Round) -> tuple[str, str]:
        count = settling.settle_round(session, actor, held)
        return str(ngettext("%(num)s score was written.", "%(num)s scores were written.", count)), "success"

    return acted(round_id, act, board_href(round_id))


@staff.get("/<int:round_id>/reviews/scores")
@gate("round.edit")
def reviews_scores(round_id: int) -> Page:
    """Show raw, median and corrected scores side by side, and which of them the sealed rules use."""
    session, round_ = session_now(), round_here(round_id)
    terms = assigning.terms_of(round_)
    return render_template(
        "rounds/reviews/scores.html", round=round_, words=words, terms=terms, found=board.compared(session, round_, terms))


@staff.get("/<int:round_id>/reviews/files/<int:application_id>")
@gate("round.edit")
def reviews_file(round_id: int, application_id: int) -> Page:
    """Show everything that evaluators said of one file."""
    session, round_ = session_now(), round_here(round_id)
    terms = assigning.terms_of(round_)
    line = next((each for each in board.file_lines(session, round_, terms) if each.application_id == application_id), None)
    if line is None:
        raise DomainError("not_found")
    criteria: dict[str, Any] = {each.name: each for each in criteria_of(round_.protocol)}
    return render_template(
        "rounds/reviews/file.html", round=round_, line=line, words=words, criteria=criteria, terms=terms,
        rows=board.review_lines(session, application_id), country=country_name(line.country), is_open=round_.status == "closed")

"""Shows the chances of a call's lottery, publishes them, and reveals the seed; anybody can fetch what was published."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from flask import Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext

from cohort.kit.access import current_actor, gate, public
from cohort.kit.database import transaction
from cohort.kit.errors import WORDINGS, DomainError, sentence
from cohort.rounds.calls import queries as rounds
from cohort.rounds.calls import words as call_words
from cohort.rounds.calls.protocol import short
from cohort.rounds.calls.times import local_text
from cohort.rounds.calls.views import round_here
from cohort.rounds.decisions import tables
from cohort.rounds.drawing import service, words
from cohort.rounds.models import Chances, Round
from cohort.rounds.site import Page, back_with, calls, session_now, staff

_: Callable[..., str] = gettext


@staff.get("/<int:round_id>/chances")
@gate("round.decide")
def chances(round_id: int) -> Page:
    """Show the chances before and after they are published, or what has to be done first."""
    session, round_ = session_now(), round_here(round_id)
    held = service.published(session, round_id)
    if round_.status in {"decided", "published"}:
        return redirect(url_for("rounds.result", round_id=round_id))
    try:
        stands = service.standing(session, current_actor(), round_)
        prepared = None if stands else service.prepare(session, current_actor(), round_)
    except DomainError as refusal:
        if int(WORDINGS[refusal.code].status) >= 500:
            raise
        standings = rounds.standings_of(session, round_)
        return render_template("rounds/blocked.html", round=round_, reason=sentence(refusal), total=rounds.total_of(standings))
    if prepared is not None and prepared.found.decision.status != "optimal":
        return render_template("rounds/impossible.html", round=round_, **tables.clash(round_, prepared.found.decision))
    told = stands.lottery if stands else service.told(cast(service.Prepared, prepared))
    return render_template(
        "rounds/chances.html", round=round_, call_words=call_words, short=short, key=prepared.key if prepared else "",
        held=[_line(each, round_) for each in held], is_current=stands is not None, is_drawn=bool(stands and stands.drawn_at),
        rows=words.kind_rows(told, round_.protocol), least=words.least_text(told), bands=words.bands_text(round_.protocol),
        is_seed_known=service.is_seed_known(session, round_),
    )


def _line(each: Chances, round_: Round) -> dict[str, str]:
    return {
        "when": local_text(each.published_at, round_.time_zone), "hash": service.hash_of(each), "reason": each.reason,
        "drawn": local_text(each.drawn_at, round_.time_zone) if each.drawn_at else "",
    }


@staff.post("/<int:round_id>/chances")
@gate("round.decide")
def publish_chances(round_id: int) -> Page:
    """Publish the chances that were shown."""
    back = url_for("rounds.chances", round_id=round_id)
    try:
        with transaction() as session:
            held = rounds.round_of(session, round_id, current_actor().plan_id)
            service.publish_chances(session, current_actor(), held, request.form.get("key", ""), request.form.get("reason", ""))
    except DomainError as refusal:
        return back_with(refusal, back)
    flash(_("The chances are public. The seed is revealed by the draw."), "success")
    return redirect(back)


@staff.post("/<int:round_id>/draw")
@gate("round.decide")
def draw(round_id: int) -> Page:
    """Reveal the seed, and lead to the list that it draws."""
    try:
        with transaction() as session:
            service.draw(session, current_actor(), rounds.round_of(session, round_id, current_actor().plan_id))
    except DomainError as refusal:
        return back_with(refusal, url_for("rounds.chances", round_id=round_id))
    flash(_("Drawn. The seed is public now."), "success")
    return redirect(url_for("rounds.decide", round_id=round_id))


@calls.get("/<code>/chances.json")
@public
def chances_file(code: str) -> Response:
    """Give the chances as they were last published, with everything that is needed to check and to draw them."""
    session = session_now()
    round_ = rounds.call_of(session, code)
    held = service.published(session, round_.id)
    if not held:
        raise DomainError("not_found")
    last = held[-1]
    answer = jsonify({
        "format": "cohort-chances/1", "call": round_.code, "protocol_hash": round_.protocol_hash, "seed_hash": round_.seed_hash,
        "published_at": last.published_at.isoformat(), "reason": last.reason, "hash": service.hash_of(last), **last.lottery,
    })
    answer.headers["Content-Disposition"] = f'attachment; filename="{round_.code}-chances.json"'
    return answer

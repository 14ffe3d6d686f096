"""Prints the act of a selection in Spanish, on the screen and as PDF, whoever opens it; decides nothing."""

from __future__ import annotations

from typing import Any

import flask_babel
from flask import Response, g, render_template

from cohort.firms.words import country_name
from cohort.kit.access import current_actor, gate
from cohort.kit.errors import DomainError
from cohort.kit.paper import pdf_of
from cohort.people.queries import names_of_people
from cohort.rounds.calls.protocol import sha256_of
from cohort.rounds.calls.times import local_text
from cohort.rounds.calls.views import round_here
from cohort.rounds.decisions import concurrence, service, tables
from cohort.rounds.decisions.context import selection_context
from cohort.rounds.models import Decision, Round
from cohort.rounds.site import Page, session_now, staff


@staff.get("/<int:round_id>/act")
@gate("round.decide")
def act(round_id: int) -> Page:
    """Show the act for printing: a draft before the selection is sealed, the act itself after."""
    return render_template("rounds/act.html", **_act_context(round_id))


@staff.get("/<int:round_id>/act.pdf")
@gate("round.decide")
def act_pdf(round_id: int) -> Response:
    """Send the act as a tagged PDF for the file."""
    context = _act_context(round_id)
    answer = Response(pdf_of(render_template("rounds/act_paper.html", **context)), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f"inline; filename=acta-{context['round'].code}.pdf"
    return answer


def _act_context(round_id: int) -> dict[str, Any]:
    """Return what the act says, with the session's language set to Spanish."""
    g.language = "es"  # the act is a document in Spanish, whoever opens it
    flask_babel.refresh()
    session, round_ = session_now(), round_here(round_id)
    decision = service.decision_of(session, round_id)
    sealed = decision if decision is not None and decision.adopted_at is not None else None
    if sealed is not None:
        record, lines = sealed.record, tables.sealed_lines(session, round_, sealed)
    else:
        shown = service.show(session, current_actor(), round_)
        if shown.found.status != "optimal":
            raise DomainError("decision_impossible")
        record, lines = service.record_of(shown), tables.shown_lines(session, round_, shown)
    return {
        **selection_context(round_, record, lines), "lines": lines, "decision": sealed, "record_hash": sha256_of(record),
        "closed": local_text(round_.closed_at, round_.time_zone) if round_.closed_at else "",
        **_signed_by(round_, sealed),
    }


def _signed_by(round_: Round, decision: Decision | None) -> dict[str, Any]:
    """Return who proposed, sealed and agreed; three empty lines to sign on while it is a draft."""
    if decision is None or decision.adopted_at is None:
        return {"adopter": "", "adopted": "", "signatories": ["", "", ""]}
    session = session_now()
    held = concurrence.agreed(session, decision)
    names = names_of_people(
        session, [decision.proposed_by, decision.adopted_by, *(each.person_id for each in held.values())])
    agreed = [f"{names.get(each.person_id, '')}, {country_name(code)}" for code, each in sorted(held.items())]
    adopter = names.get(decision.adopted_by or 0, "")
    return {
        "adopter": adopter, "adopted": local_text(decision.adopted_at, round_.time_zone),
        "signatories": [names.get(decision.proposed_by or 0, ""), adopter, *agreed],
    }

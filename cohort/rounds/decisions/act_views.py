"""Prints the act of a selection in Spanish, on the screen and as PDF, whoever opens it; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import flask_babel
from flask import Response, g, render_template, request

from cohort.firms.words import country_name
from cohort.kit.access import current_actor, gate
from cohort.kit.errors import DomainError
from cohort.kit.paper import pdf_of
from cohort.people.queries import names_of_people
from cohort.rounds.calls import told
from cohort.rounds.calls.protocol import is_by_country, sha256_of
from cohort.rounds.calls.times import local_text
from cohort.rounds.calls.views import round_here
from cohort.rounds.decisions import adoption, concurrence, service, tables
from cohort.rounds.decisions.context import selection_context
from cohort.rounds.models import Decision, Round
from cohort.rounds.seats import acts
from cohort.rounds.site import Page, session_now, staff


@staff.get("/<int:round_id>/act")
@gate("round.score")
def act(round_id: int) -> Page:
    """Show the act for printing: a draft before the selection is sealed, the act itself after.

    Of a national call of several countries `?country=PE` is that country's own act, for its coordinator too.
    """
    return render_template("rounds/act.html", **_act_context(round_id))


@staff.get("/<int:round_id>/act.pdf")
@gate("round.score")
def act_pdf(round_id: int) -> Response:
    """Send the act as a tagged PDF for the file."""
    context = _act_context(round_id)
    answer = Response(pdf_of(render_template("rounds/act_paper.html", **context)), mimetype="application/pdf")
    name = "-".join(["acta", context["round"].code, *([context["part"].lower()] if context["part"] else [])])
    answer.headers["Content-Disposition"] = f"inline; filename={name}.pdf"
    return answer


def _act_context(round_id: int) -> dict[str, Any]:
    """Return what the act says, with the session's language set to Spanish."""
    g.language = "es"  # the act is a document in Spanish, whoever opens it
    flask_babel.refresh()
    session, round_ = session_now(), round_here(round_id)
    part = _part(round_)
    decision = service.decision_of(session, round_id)
    sealed = decision if decision is not None and decision.adopted_at is not None else None
    if sealed is not None:
        record, lines = sealed.record, tables.sealed_lines(session, round_, sealed)
    else:
        shown = service.show(session, current_actor(), round_)
        if shown.found.status != "optimal":
            raise DomainError("decision_impossible")
        record, lines = service.record_of(shown), tables.shown_lines(session, round_, shown)
    if part:
        lines = [each for each in lines if each.country == part]
    return {
        **selection_context(round_, record, lines), **_of_countries(round_, sealed, record, part), "lines": lines, "decision": sealed, "told": told, "record_hash": sha256_of(record),
        "closed": local_text(round_.closed_at, round_.time_zone) if round_.closed_at else "",
        **_signed_by(round_, sealed, part),
    }


def _part(round_: Round) -> str:
    """Return the country whose own act is asked for, empty for the act of all; raises unless it is the actor's to read."""
    part, actor = request.args.get("country", acts.FOR_ALL), current_actor()
    if part and part not in acts.parts_of(round_):
        raise DomainError("not_found")
    if not actor.may("round.decide") and not (part and part in acts.parts_within(actor, round_)):
        raise DomainError("not_allowed")
    return part


def _of_countries(round_: Round, sealed: Decision | None, record: Mapping[str, Any], part: str) -> dict[str, Any]:
    """Return the country's own figures, and for each country with an act of its own who adopted and by which act."""
    rows = {row["code"]: row for row in record["rows"]}
    own = [rows[code] for code in record["result"]["selected"] if rows[code]["country"] == part]
    recorded = acts.acts_of(session_now(), sealed) if sealed is not None else {}
    countries = acts.parts_of(round_) if is_by_country(round_.protocol) else ()
    return {
        "part": part, "part_name": country_name(part) if part else "", "own_count": len(own),
        "own_womens": sum(1 for row in own if row["womens"] == "yes"),
        "act_rows": [
            {"part": code, "country": country_name(code), "act": recorded.get(code),
             "who": "; ".join(_adopted(round_, sealed, code)) if sealed else ""} for code in countries],
    }


def _adopted(round_: Round, decision: Decision, part: str) -> list[str]:
    """Return who adopted for a country, with the instant."""
    held = concurrence.agreed(session_now(), decision).get(part)
    if held is None:
        return []
    who = names_of_people(session_now(), [held.person_id]).get(held.person_id, "")
    return [f"{who}, {local_text(held.agreed_at, round_.time_zone)}"]


def _signed_by(round_: Round, decision: Decision | None, part: str) -> dict[str, Any]:
    """Return who proposed, sealed and agreed or adopted; three empty lines to sign on while it is a draft."""
    if decision is None or decision.adopted_at is None:
        return {"adopter": "", "adopted": "", "signatories": ["", "", ""]}
    session = session_now()
    adopters = adoption.adopters_of(session, round_, decision, part)
    if adopters:
        proposer = names_of_people(session, [decision.proposed_by]).get(decision.proposed_by or 0, "")
        return {
            "adopter": "; ".join(adopters), "adopted": local_text(decision.adopted_at, round_.time_zone),
            "signatories": [proposer, *adopters],
        }
    held = concurrence.agreed(session, decision)
    names = names_of_people(
        session, [decision.proposed_by, decision.adopted_by, *(each.person_id for each in held.values())])
    agreed = [f"{names.get(each.person_id, '')}, {country_name(code)}" for code, each in sorted(held.items())]
    adopter = names.get(decision.adopted_by or 0, "")
    return {
        "adopter": adopter, "adopted": local_text(decision.adopted_at, round_.time_zone),
        "signatories": [names.get(decision.proposed_by or 0, ""), adopter, *agreed],
    }

"""Shows a proposed selection with what is missing before it is sealed; takes proposal, agreement, adoption and seal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext

from cohort.firms.words import country_name
from cohort.kit.access import current_actor, gate, unscoped
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError
from cohort.people.queries import names_of_people
from cohort.rounds.calls import queries as rounds
from cohort.rounds.calls.protocol import is_by_country
from cohort.rounds.calls.times import local_text
from cohort.rounds.calls.views import round_here
from cohort.rounds.decisions import adoption, concurrence, ownership, service, tables
from cohort.rounds.decisions.context import selection_context
from cohort.rounds.models import Application, Decision, Round
from cohort.rounds.site import Page, back_with, session_now, staff

_: Callable[..., str] = gettext


@staff.get("/<int:round_id>/proposal")
@gate("round.see")
def proposal(round_id: int) -> Page:
    """Show the list that was proposed, who agreed, what has to be verified, and the seal for a second person."""
    session, round_, actor = session_now(), round_here(round_id), current_actor()
    if not (actor.may("round.decide") or actor.may("round.seal") or actor.may("round.concur")):
        raise DomainError("not_allowed")
    if round_.status in {"decided", "published"}:
        return redirect(url_for("rounds.result", round_id=round_id))
    decision = service.decision_of(session, round_id)
    if decision is None:
        return back_with(DomainError("decision_not_proposed"), url_for("rounds.detail", round_id=round_id))
    held = concurrence.agreed(session, decision)
    open_claims = _open_claims(round_, decision)
    people = names_of_people(session, [decision.proposed_by, *(each.person_id for each in held.values())])
    waiting = concurrence.missing(session, round_, decision)
    by_country, is_mine = is_by_country(round_.protocol), decision.proposed_by == actor.person_id
    own = [code for code in concurrence.own_countries(actor, round_) if code in waiting]
    shown_claims = [each for each in open_claims if actor.sees_all or each["country"] in (actor.countries or ())]
    return render_template(
        "rounds/proposal.html", **selection_context(round_, decision.record, tables.proposed_lines(session, round_, decision)),
        decision=decision, proposer=people.get(decision.proposed_by or 0, ""),
        proposed=local_text(decision.proposed_at, round_.time_zone),
        agreements=_agreements(round_, held, people), waiting=waiting,
        by_country=by_country, may_agree=actor.may("round.concur") and bool(own) and not by_country,
        may_adopt=actor.may("round.concur") and bool(own) and by_country and not is_mine and not shown_claims,
        missing=[country_name(code) for code in waiting], claims=shown_claims, claim_count=len(open_claims), is_mine=is_mine,
    )


def _open_claims(round_: Round, decision: Decision) -> list[dict[str, Any]]:
    """Return the files of this list whose ownership waits for its verification, with their firm's name."""
    session = session_now()
    with unscoped(session):  # the count is everybody's; names are shown within the reach alone
        files = tables.files_of_record(session, round_, decision)
        result = decision.record["result"]
        womens = {row["code"] for row in decision.record["rows"] if row["womens"] == "yes"}
        found = ownership.to_verify(session, round_, files, result["selected"], result["waitlist"], womens)
        names = tables.names_of(session, found)
    return [_claim(round_, each, names) for each in found]


def _claim(round_: Round, each: Application, names: dict[int, str]) -> dict[str, Any]:
    href = url_for("rounds.finding", round_id=round_.id, application_id=each.id, check=ownership.CHECK)
    return {"firm": names.get(each.firm_id or 0, each.code), "country": each.country, "href": href}


def _agreements(round_: Round, held: dict[str, Any], people: dict[int, str]) -> list[dict[str, str]]:
    if not concurrence.is_asked(round_) and not is_by_country(round_.protocol):
        return []
    return [
        {"country": country_name(code), "who": people.get(held[code].person_id, "") if code in held else "",
         "when": local_text(held[code].agreed_at, round_.time_zone) if code in held else ""}
        for code in round_.protocol["countries"]
    ]


@staff.post("/<int:round_id>/propose")
@gate("round.decide")
def propose(round_id: int) -> Page:
    """Propose the list that was shown, for a second person to seal."""
    try:
        with transaction() as session:
            held = rounds.round_of(session, round_id, current_actor().plan_id)
            service.propose(session, current_actor(), held, request.form.get("key", ""), request.form.get("reasons", ""))
    except DomainError as refusal:
        return back_with(refusal, url_for("rounds.decide", round_id=round_id))
    flash(_("Proposed. Once what is named here is done, a second person seals it."), "success")
    return redirect(url_for("rounds.proposal", round_id=round_id))


@staff.post("/<int:round_id>/concur")
@gate("round.concur")
def concur(round_id: int) -> Page:
    """Agree to the proposed list for the actor's countries."""
    back = url_for("rounds.proposal", round_id=round_id)
    try:
        with transaction() as session:
            held = rounds.round_of(session, round_id, current_actor().plan_id)
            decision = service.decision_of(session, round_id)
            if decision is None:
                raise DomainError("decision_not_proposed")
            fresh = concurrence.concur(session, current_actor(), held, decision, request.form.get("record", ""))
    except DomainError as refusal:
        return back_with(refusal, back)
    if fresh:
        flash(ngettext("Noted: your country agrees.", "Noted: your countries agree.", len(fresh)), "success")
    return redirect(back)


@staff.post("/<int:round_id>/adopt")
@gate("round.concur")
def adopt(round_id: int) -> Page:
    """Adopt the proposed list for the actor's countries; the last one leads to the sealed selection."""
    try:
        with transaction() as session:
            held = rounds.round_of(session, round_id, current_actor().plan_id)
            decision = adoption.adopt(session, current_actor(), held, request.form.get("record", ""))
            is_sealed = decision.adopted_at is not None
    except DomainError as refusal:
        return back_with(refusal, url_for("rounds.proposal", round_id=round_id))
    if is_sealed:
        flash(_("Every country has adopted the list: the selection is sealed. Each country records its act next."), "success")
        return redirect(url_for("rounds.result", round_id=round_id))
    flash(_("Adopted for your country. The selection is sealed once every country has adopted it."), "success")
    return redirect(url_for("rounds.proposal", round_id=round_id))


@staff.post("/<int:round_id>/seal")
@gate("round.seal")
def seal(round_id: int) -> Page:
    """Seal the proposed list; a second click leads to the same result."""
    try:
        with transaction() as session:
            held = rounds.round_of(session, round_id, current_actor().plan_id)
            service.seal(session, current_actor(), held, request.form.get("record", ""))
    except DomainError as refusal:
        return back_with(refusal, url_for("rounds.proposal", round_id=round_id))
    flash(_("The selection is sealed. Every firm gets its own answer by mail."), "success")
    return redirect(url_for("rounds.result", round_id=round_id))

"""Shows calls to anybody: which are open, how firms are chosen, and after publication who was and the record to check it."""

from __future__ import annotations

from flask import Response, jsonify, render_template, url_for
from sqlalchemy.orm import Session

from cohort.firms.words import country_name
from cohort.kit import clock
from cohort.kit.access import public, unscoped
from cohort.kit.errors import DomainError
from cohort.rounds.calls import queries, service, told, words
from cohort.rounds.calls.parts import criteria_of
from cohort.rounds.calls.protocol import canonical, short
from cohort.rounds.calls.times import local_text
from cohort.rounds.decisions.service import decision_of
from cohort.rounds.drawing import service as drawing
from cohort.rounds.drawing.words import kind_rows, least_text
from cohort.rounds.files.call_part import with_hash
from cohort.rounds.models import Chances, Round
from cohort.rounds.site import Page, calls, session_now, staff


@calls.get("/")
@public
def index() -> Page:
    """List the calls that take applications, and the earlier ones."""
    taking, others = queries.calls_by_state(session_now(), clock.now())
    return render_template("calls/index.html", taking=[_line(each) for each in taking], others=[_line(each) for each in others])


def _line(round_: Round) -> dict[str, object]:
    return {
        "title": words.title_of(round_), "href": url_for("calls.detail", code=round_.code), "code": round_.code,
        "apply_href": url_for("apply.start", code=round_.code), "closes": local_text(round_.closes_at, round_.time_zone),
        "seats": words.seats_text(round_.protocol), "status": round_.status, "state": words.STATES[round_.status],
        "countries": ", ".join(country_name(code) for code in round_.protocol["countries"]),
    }


@calls.get("/<code>")
@public
def detail(code: str) -> Page:
    """Show one call: rules, dates, how firms are chosen, and its outcome once published."""
    session = session_now()
    round_ = queries.call_of(session, code)
    held = drawing.published(session, round_.id)
    return render_template(
        "calls/detail.html", round=round_, words=words, told=told, criteria=criteria_of(round_.protocol), short=short,
        result=_result(session, round_) if round_.status == "published" else [], chances=_chances(round_, held) if held else None,
        is_seed_known=drawing.is_seed_known(session, round_),
        is_taking=service.takes_applications(round_), closes=local_text(round_.closes_at, round_.time_zone),
        opens=local_text(round_.opens_at, round_.time_zone),
        countries=", ".join(country_name(one) for one in round_.protocol["countries"]),
    )


def _result(session: Session, round_: Round) -> list[dict[str, object]]:
    """Return by country who was chosen and who was called later: names of those that agreed, a number of the others."""
    (named, unnamed), (later, later_unnamed) = queries.published_firms(session, round_), queries.called_later(session, round_)
    return [
        {"country": country_name(one), "names": named.get(one, []), "unnamed": unnamed.get(one, 0),
         "later": later.get(one, []), "later_unnamed": later_unnamed.get(one, 0)}
        for one in round_.protocol["countries"] if one in {*named, *unnamed, *later, *later_unnamed}
    ]


def _chances(round_: Round, held: list[Chances]) -> dict[str, object]:
    """Return the published chances, the last ones, with the reason of every later publication."""
    last = held[-1]
    return {
        "rows": kind_rows(last.lottery, round_.protocol), "least": least_text(last.lottery), "hash": drawing.hash_of(last),
        "published": local_text(last.published_at, round_.time_zone), "reasons": [each.reason for each in held if each.reason],
    }


@calls.get("/<code>/protocol.json")
@public
def protocol(code: str) -> Response:
    """Give the sealed protocol in the very bytes that its hash is of."""
    round_ = queries.call_of(session_now(), code)
    return Response(canonical(round_.protocol), mimetype="application/json")


@staff.get("/<code>/record.json")
@public
def record(code: str) -> Response:
    """Give the public record of a published decision: random codes and sealed scores, for `cohort verify`."""
    session = session_now()
    round_ = queries.call_of(session, code)
    with unscoped(session):  # the record is public once it is published
        decision = decision_of(session, round_.id)
    if round_.status != "published" or decision is None:
        raise DomainError("not_found")
    held = drawing.published(session, round_.id)
    drawn = {"chances_hash": drawing.hash_of(held[-1])} if held else {}
    answer = jsonify({**decision.record, "call": with_hash({
        **drawn, "code": round_.code, "title_es": round_.title_es, "title_en": round_.title_en,
        "protocol_hash": round_.protocol_hash, "seed_hash": round_.seed_hash, "pool_hash": round_.pool_hash,
        "protocol": round_.protocol, "record_hash": decision.record_hash,
    })})
    answer.headers["Content-Disposition"] = f'attachment; filename="{round_.code}-record.json"'
    return answer

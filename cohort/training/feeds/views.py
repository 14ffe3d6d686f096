"""Shows a person's calendar address, makes and revokes it, and gives the feed to whoever holds the address."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, current_app, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from cohort.kit.access import current_actor, public, signed_in
from cohort.kit.database import db, transaction
from cohort.kit.errors import DomainError, sentence
from cohort.kit.history import name_actions
from cohort.kit.navigation import frame_of
from cohort.training.feeds import service

name_actions({"calendar.made": _l("made a calendar address"), "calendar.revoked": _l("revoked a calendar address")})
blueprint = Blueprint("calendar", __name__, url_prefix="/calendar")
Page = str | AnyResponse


def _public_url() -> str:
    return cast(str, current_app.extensions["settings"].public_url)


@blueprint.get("/")
@signed_in
def mine() -> Page:
    """Show whether the actor has a calendar address, and how to use one."""
    return _page("")


@blueprint.post("/")
@signed_in
def make() -> Page:
    """Make a new address and show it, once."""
    try:
        with transaction() as session:
            token = service.make_feed(session, current_actor())
    except DomainError as refusal:
        flash(sentence(refusal), "error")
        return redirect(url_for("calendar.mine"))
    address = f"{_public_url()}{url_for('calendar.feed', token=token)}"
    return _page(address)


def _page(address: str) -> str:
    feed = service.feed_of(cast(Session, db.session()), current_actor())
    return render_template("training/calendar.html", layout=frame_of(current_actor()), feed=feed, address=address)


@blueprint.post("/revoke")
@signed_in
def revoke() -> Page:
    """Close the actor's address."""
    with transaction() as session:
        service.revoke_feed(session, current_actor())
    flash(_("Revoked. Calendars that used the address no longer get anything."), "success")
    return redirect(url_for("calendar.mine"))


@blueprint.get("/<token>.ics")
@public
def feed(token: str) -> Response:
    """Give the feed to a calendar program."""
    session = cast(Session, db.session())
    found, person = service.opened(session, token)
    answer = Response(service.written(session, found, person, _public_url()), mimetype="text/calendar")
    answer.headers["Cache-Control"] = "private, max-age=900"
    answer.headers["Content-Disposition"] = 'inline; filename="cohort.ics"'
    return answer

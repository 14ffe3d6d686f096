"""Opens the sign-in library's passkey pages under our addresses; every step of a passkey is the library's work."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Flask, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_security import Security, UserMixin, wan_deleted, wan_registered
from flask_security.webauthn import (
    webauthn_delete,
    webauthn_register,
    webauthn_register_response,
    webauthn_signin,
    webauthn_signin_response,
)
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cohort.kit.access import current_actor, public, signed_in
from cohort.kit.audit import record
from cohort.kit.database import db
from cohort.kit.doors import limiter
from cohort.people.account import ask_again
from cohort.people.models import Person
from cohort.people.profile import tell_of_change

# The library finds its own pages by this name.
blueprint = Blueprint("security", __name__)


@blueprint.route("/account/passkeys/", methods=["GET", "POST"], endpoint="wan_register")
@signed_in
def register() -> ResponseReturnValue:
    """List the passkeys and begin a new one."""
    return cast(ResponseReturnValue, webauthn_register())


@blueprint.post("/account/passkeys/<token>", endpoint="wan_register_response")
@signed_in
def register_response(token: str) -> ResponseReturnValue:
    """Take in what the browser made."""
    return cast(ResponseReturnValue, webauthn_register_response(token))


@blueprint.post("/account/passkeys/delete", endpoint="wan_delete")
@signed_in
def delete() -> ResponseReturnValue:
    """Remove a passkey by its name."""
    return cast(ResponseReturnValue, webauthn_delete())


@blueprint.route("/sign-in/passkey", methods=["GET", "POST"], endpoint="wan_signin")
@public
@limiter.limit("30 per minute", methods=["POST"])
def sign_in() -> ResponseReturnValue:
    """Begin to sign in with a passkey."""
    return cast(ResponseReturnValue, webauthn_signin())


@blueprint.post("/sign-in/passkey/<token>", endpoint="wan_signin_response")
@public
@limiter.limit("30 per minute")
def sign_in_response(token: str) -> ResponseReturnValue:
    """Take in what the passkey answered."""
    return cast(ResponseReturnValue, webauthn_signin_response(token))


def _note(action: str, user: UserMixin, name: str) -> None:
    session_, person = cast(Session, db.session()), cast(Person, user)
    record(session_, current_actor(), f"passkey.{action}", person, after={"name": name})
    tell_of_change(session_, person, f"passkey_{action}")


def _added(_app: Flask, user: UserMixin, name: str, **_rest: object) -> None:
    _note("added", user, name)
    session["two_factors"] = True


def _removed(_app: Flask, user: UserMixin, name: str, **_rest: object) -> None:
    _note("removed", user, name)


def _sign_in_first(_mechanisms: object = None, _headers: object = None) -> Response:
    return redirect(url_for("sign_in.index", next=request.path))


def _sign_in_again(_within: object, _grace: object) -> Response:
    return ask_again(url_for("security.wan_register"))


def init_app(app: Flask, security: Security) -> None:
    """Tell the library where our pages are and note each passkey that comes or goes."""
    security.unauthn_handler(_sign_in_first)
    security.reauthn_handler(_sign_in_again)
    wan_registered.connect(_added, app, weak=False)
    wan_deleted.connect(_removed, app, weak=False)
    app.register_blueprint(blueprint)

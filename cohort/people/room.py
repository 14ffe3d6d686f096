"""Opens the room: the sign-in library, who acts, pages; decides nothing itself."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, flash, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from cohort.config import Settings
from cohort.kit import access
from cohort.kit.access import current_actor
from cohort.kit.errors import error_page
from cohort.people import (
    account_mail,
    alarms,
    factors,
    passkeys,
    security,
    sessions,
    sign_in,
    signed_in,
    views,
)

JOBS = (alarms.watch_jobs,)  # registered when the module is loaded
# What somebody who must still set up a second factor may open meanwhile.
OPEN_MEANWHILE = frozenset({
    "account.second_factor", "account.sign_out", "account.choose_language", "security.wan_register",
    "security.wan_register_response", "sign_in.index", "sign_in.code", "sign_in.send_link", "sign_in.link",
    "sign_in.open_link", "security.wan_signin", "security.wan_signin_response", "styles.site_css", "static",
})


def init_app(app: Flask, settings: Settings) -> None:
    """Start sign-in, load the actor of each request and register the room's pages."""
    library = security.init_app(app, settings)
    sessions.init_app(app)
    signed_in.init_app(app)
    access.init_app(app, signed_in.load_actor)
    app.before_request(_ask_for_second_factor)
    app.register_error_handler(CSRFError, _stale_form)
    for blueprint in (sign_in.blueprint, account_mail.blueprint, views.blueprint):
        app.register_blueprint(blueprint)
    passkeys.init_app(app, library)


def _ask_for_second_factor() -> Response | None:
    """Lead staff of a plan that demands two factors to set one up, before anything else opens."""
    if request.endpoint in OPEN_MEANWHILE or request.endpoint is None:
        return None
    if session.get("two_factors") or not factors.is_demanded(current_actor()):
        return None
    flash(_("Your plan asks staff for a second factor. Set one up to go on."), "warning")
    return redirect(url_for("account.second_factor"))


def _stale_form(error: CSRFError) -> Response:
    """Send a form whose session ended to the sign-in page and back to itself; otherwise say that it was not ours."""
    referrer = urlsplit(request.referrer or "")
    if current_actor().person_id is None and referrer.netloc == request.host and referrer.path != "/sign-in":
        flash(_("Your session has ended. Sign in to go on where you were; what you typed is still there."), "warning")
        return redirect(url_for("sign_in.index", next=referrer.path + ("?" + referrer.query if referrer.query else "")))
    return error_page(400, _("The form was open for too long or came from another page. Reload it and send it again."))

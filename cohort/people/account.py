"""Shows and changes one's own account: profile, password, second factor, sessions, plan and language; nobody else's.

Notices and mail address stand in `account_mail`.
"""

from __future__ import annotations

from typing import cast
from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_security import logout_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cohort.kit.access import current_actor, public, signed_in
from cohort.kit.database import db, transaction
from cohort.kit.doors import limiter
from cohort.kit.errors import DomainError, sentence
from cohort.kit.language import LANGUAGES, reader_language
from cohort.people import actors, factors, profile, queries, sessions
from cohort.people.forms import AddressForm, CodeForm, NoticesForm, PasswordForm, ProfileForm
from cohort.people.links import safe_target
from cohort.people.security import PASSWORD_LENGTH_MIN

blueprint = Blueprint("account", __name__)

Page = Response | str | tuple[str, int]


def ask_again(target: str) -> Response:
    """Send somebody who signed in more than an hour ago through the sign-in page before a key changes."""
    flash(_("To change how you sign in, please sign in once more."), "warning")
    return redirect(url_for("sign_in.index", next=target))


@blueprint.get("/account/")
@signed_in
def index() -> Page:
    """Show the account."""
    return page()


def page(
    profile_form: ProfileForm | None = None, password_form: PasswordForm | None = None,
    notices_form: NoticesForm | None = None, address_form: AddressForm | None = None,
) -> str:
    """Return the account page; a form that was sent and refused stands in it as it was typed."""
    session_, actor = cast(Session, db.session()), current_actor()
    person = profile.own_person(session_, actor)
    own = sorted({grant.plan_id for grant in actors.valid_grants(session_, person.id)})
    return render_template(
        "people/account.html", person=person, actor=actor,
        profile_form=profile_form or ProfileForm(formdata=None, obj=person).offer(),
        password_form=password_form or PasswordForm(formdata=None), least=PASSWORD_LENGTH_MIN,
        notices_form=notices_form or NoticesForm(formdata=None).offer(profile.notices_of(actor), profile.wanted_notices(session_, actor)),
        address_form=address_form or AddressForm(formdata=None),
        places=sessions.places_of(session_, person.id), here=sessions.this_place(),
        plans=queries.plans_of(session_, own), demanded=factors.is_demanded(actor),
    )


@blueprint.post("/account/profile")
@signed_in
def edit_profile() -> Page:
    """Change name, language and region."""
    form = ProfileForm().offer()
    if not form.validate_on_submit():
        return page(profile_form=form), 422
    with transaction() as session_:
        profile.change_profile(session_, current_actor(), form.name.data, form.language.data, form.region.data or None)
    session.pop("language", None)
    flash(_("Saved."), "success")
    return redirect(url_for("account.index"))


@blueprint.post("/account/password")
@signed_in
def edit_password() -> Page:
    """Set a new password."""
    if not sessions.is_fresh():
        return ask_again(url_for("account.index"))
    form = PasswordForm()
    if not form.validate_on_submit():
        return page(password_form=form), 422
    try:
        with transaction() as session_:
            profile.set_password(session_, current_actor(), form.password.data, sessions.this_place())
    except DomainError as error:
        form.password.errors = [sentence(error)]
        return page(password_form=form), 422
    flash(_("Your new password is set. You are signed out everywhere else."), "success")
    return redirect(url_for("account.index"))


@blueprint.post("/account/plan")
@signed_in
def choose_plan() -> Response:
    """Work in another plan in which the person has a role."""
    wanted = request.form.get("plan_id", type=int)
    person_id = cast(int, current_actor().person_id)
    if wanted not in {grant.plan_id for grant in actors.valid_grants(cast(Session, db.session()), person_id)}:
        raise DomainError("not_found")
    session["plan_id"] = wanted
    return redirect("/home")


def _page_before() -> str:
    """Return the path, with its filters, of the page on which the form stood."""
    before = urlsplit(request.referrer or "")
    return before.path + (f"?{before.query}" if before.query else "")


@blueprint.post("/account/language")
@public
def choose_language() -> Response:
    """Speak another language from now on: in this browser, and with the account when somebody is signed in."""
    language = request.form.get("language", "")
    if language not in LANGUAGES:
        raise DomainError("not_found")
    session["language"] = language
    actor = current_actor()
    if actor.person_id is not None:
        with transaction() as session_:
            profile.choose_language(session_, actor, language)
        session.pop("language")
    return redirect(safe_target(request.form.get("back") or _page_before()))


@blueprint.post("/account/sessions/<int:place_id>/sign-out")
@signed_in
def sign_out_there(place_id: int) -> Response:
    """Sign out at one other place."""
    with transaction() as session_:
        sessions.sign_out_place(session_, current_actor(), place_id)
    flash(_("Signed out there."), "success")
    return redirect(url_for("account.index", _anchor="sessions"))


@blueprint.post("/account/sessions/sign-out-others")
@signed_in
def sign_out_elsewhere() -> Response:
    """Sign out everywhere but here."""
    with transaction() as session_:
        actor = current_actor()
        sessions.sign_out_others(session_, actor, cast(int, actor.person_id), sessions.this_place())
    flash(_("Signed out everywhere else."), "success")
    return redirect(url_for("account.index", _anchor="sessions"))


@blueprint.route("/account/second-factor", methods=["GET", "POST"])
@signed_in
@limiter.limit("20 per minute", methods=["POST"])
def second_factor() -> Page:
    """Set an authenticator app up: scan, type the code, keep the recovery codes."""
    if not sessions.is_fresh():
        return ask_again(url_for("account.second_factor"))
    person = profile.own_person(cast(Session, db.session()), current_actor())
    setup = factors.start_setup(person, session.get("factor_setup"))
    session["factor_setup"] = setup.secret
    form = CodeForm()
    if request.method == "GET":
        return render_template("people/second_factor.html", form=form, setup=setup)
    if not form.validate_on_submit():
        return render_template("people/second_factor.html", form=form, setup=setup), 422
    try:
        with transaction() as session_:
            recovery = factors.finish_setup(session_, current_actor(), setup.secret, form.code.data)
    except DomainError as error:
        form.code.errors = [sentence(error)]
        return render_template("people/second_factor.html", form=form, setup=setup), 422
    session.pop("factor_setup")
    session["two_factors"] = True
    return render_template("people/recovery_codes.html", codes=recovery)


@blueprint.post("/account/second-factor/off")
@signed_in
def second_factor_off() -> Response:
    """Remove the authenticator app."""
    if not sessions.is_fresh():
        return ask_again(url_for("account.index"))
    with transaction() as session_:
        factors.turn_off(session_, current_actor())
    flash(_("The authenticator app is removed."), "success")
    return redirect(url_for("account.index"))


@blueprint.post("/sign-out")
@signed_in
def sign_out() -> Response:
    """End the session of this place; the sign-in page goes on in the same language."""
    language = reader_language()
    with transaction() as session_:
        place = sessions.this_place()
        if place is not None:
            sessions.sign_out_place(session_, current_actor(), place)
    logout_user()
    session.clear()
    session["language"] = language
    flash(_("You are signed out."), "success")
    return redirect(url_for("sign_in.index"))

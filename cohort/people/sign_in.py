"""Opens the doors: password, mailed or handed link, code, invitation; who may do what is decided by their roles."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_security import login_user
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cohort.kit import clock
from cohort.kit.access import current_actor, public, unscoped
from cohort.kit.database import db, transaction
from cohort.kit.doors import limiter
from cohort.kit.errors import DomainError, sentence
from cohort.kit.navigation import home_href
from cohort.people import factors, invitations, links, profile
from cohort.people.actors import actor_of
from cohort.people.forms import AcceptForm, CodeForm, LinkForm, SignInForm
from cohort.people.models import Invitation, Person
from cohort.people.words import role_name

blueprint = Blueprint("sign_in", __name__)

CODE_WITHIN_S = 600
Page = Response | str | tuple[str, int]


def _address() -> str:
    return request.remote_addr or ""


def _enter(person: Person, via: list[str], target: str) -> Response:
    """Sign the person in here and lead them on; the language they chose for their account is theirs from now on."""
    login_user(person, remember=False, authn_via=via)
    if via == ["link", links.HANDED]:
        session["fs_paa"] = 0  # whoever handed the link has seen it: it may not change how the person signs in
    for name in ("language", "waiting", "plan_id"):
        session.pop(name, None)
    onward = links.safe_target(target)
    return redirect(home_href(actor_of(cast(Session, db.session()), person)) if onward == "/" else onward)


def _first_step_done(session_: Session, person: Person, via: list[str], target: str) -> Response:
    """Lead on to the second factor where there is one, else sign in."""
    target = links.safe_target(target)
    if person.tf_totp_secret:
        session["waiting"] = {"person": person.id, "at": clock.now().timestamp(), "target": target, "via": via}
        return redirect(url_for("sign_in.code"))
    if person.webauthn and factors.is_demanded(actor_of(session_, person)):
        flash(_("Your plan asks staff for a second factor. Sign in with your passkey."), "warning")
        return redirect(url_for("security.wan_signin", next=target))
    return _enter(person, via, target)


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
@limiter.limit("60 per minute", methods=["POST"])
def index() -> Page:
    """Ask for mail address and password."""
    form = SignInForm()
    if request.method == "GET":
        form.next.data = links.safe_target(request.args.get("next"))
        form.email.data = request.args.get("email", "")
        return render_template("people/sign_in.html", form=form)
    if not form.validate_on_submit():
        return render_template("people/sign_in.html", form=form), 422
    if not form.password.data:
        form.password.errors = [_("Type your password, or ask for a link by mail below.")]
        return render_template("people/sign_in.html", form=form), 422
    try:
        with transaction() as session_:
            person = profile.check_password(session_, form.email.data, form.password.data, _address())
            if person is not None:
                return _first_step_done(session_, person, ["password"], form.next.data)
    except DomainError as error:
        form.form_errors.append(sentence(error))
        return render_template("people/sign_in.html", form=form), 429
    form.form_errors.append(_("Mail address and password do not match. Check both, or ask for a link by mail below."))
    return render_template("people/sign_in.html", form=form), 422


@blueprint.route("/sign-in/link", methods=["GET", "POST"])
@public
@limiter.limit("20 per minute", methods=["POST"])
def send_link() -> Page:
    """Mail a sign-in link; the answer is the same whether the address is known or not."""
    form = LinkForm()
    if request.method == "GET":
        form.next.data = links.safe_target(request.args.get("next"))
        form.email.data = request.args.get("email", "")
        return render_template("people/send_link.html", form=form)
    if not form.validate_on_submit():
        return render_template("people/send_link.html", form=form), 422
    with transaction() as session_:
        address = (form.email.data or "").strip().lower()
        person = session_.scalar(select(Person).where(Person.email == address, Person.active))
        if person is not None:
            links.mail_sign_in_link(session_, person, links.safe_target(form.next.data))
    return render_template("people/link_sent.html", email=address)


@blueprint.get("/sign-in/link/<token>")
@public
@limiter.limit("60 per minute")
def link(token: str) -> Page:
    """Show a button for the link, so that a preview of the message does not use it up."""
    found = links.find_link(cast(Session, db.session()), token)
    return render_template("people/open_link.html", name=found.person.name or found.person.email)


@blueprint.post("/sign-in/link/<token>")
@public
@limiter.limit("20 per minute")
def open_link(token: str) -> Response:
    """Use the link up and sign in."""
    with transaction() as session_:
        used = links.use_link(session_, token)
        return _first_step_done(session_, used.person, ["link", used.purpose], used.target)


@blueprint.route("/sign-in/code", methods=["GET", "POST"])
@public
@limiter.limit("20 per minute", methods=["POST"])
def code() -> Page:
    """Ask for the second factor of a sign-in that has begun here less than ten minutes ago."""
    waiting = session.get("waiting")
    if not waiting or clock.now().timestamp() - waiting["at"] > CODE_WITHIN_S:
        session.pop("waiting", None)
        flash(_("That took longer than ten minutes. Please sign in again."), "warning")
        return redirect(url_for("sign_in.index"))
    form = CodeForm()
    if request.method == "GET":
        return render_template("people/code.html", form=form)
    if not form.validate_on_submit():
        return render_template("people/code.html", form=form), 422
    try:
        with transaction() as session_:
            person = session_.get(Person, waiting["person"])
            proof = factors.check_code(session_, person, form.code.data, _address()) if person else None
            if person is not None and proof is not None:
                return _enter(person, [*waiting["via"], proof], waiting["target"])
    except DomainError as error:
        form.code.errors = [sentence(error)]
        return render_template("people/code.html", form=form), 429
    form.code.errors = [sentence(DomainError("code_wrong"))]
    return render_template("people/code.html", form=form), 422


def _accept_page(form: AcceptForm, invitation: Invitation, has_account: bool, status: int = 200) -> tuple[str, int]:
    page = render_template(
        "people/accept.html", form=form, invitation=invitation, role=role_name(invitation.role),
        has_account=has_account, may_accept=not has_account or _is_invited(invitation),
    )
    return page, status


def _is_invited(invitation: Invitation) -> bool:
    session_ = cast(Session, db.session())
    person = invitations.account_of(session_, invitation)
    return person is not None and person.id == current_actor().person_id


@blueprint.route("/invitation/<token>", methods=["GET", "POST"])
@public
@limiter.limit("30 per minute")
def accept(token: str) -> Page:
    """Let an invited person make an account, or add the role to the one they have."""
    session_ = cast(Session, db.session())
    with unscoped(session_):
        invitation = invitations.find_invitation(session_, token)
        has_account = invitations.account_of(session_, invitation) is not None
        form = AcceptForm(language=invitation.language).offer()
        if request.method == "GET":
            return _accept_page(form, invitation, has_account)
        if not has_account and not form.validate_on_submit():
            return _accept_page(form, invitation, has_account, 422)
        return _take_in(token, form, invitation, has_account)


def _take_in(token: str, form: AcceptForm, invitation: Invitation, has_account: bool) -> Page:
    actor = current_actor()
    try:
        typed = "" if has_account else (form.password.data or "")
        secret = profile.hashed_password(typed, invitation.email) if typed else None
    except DomainError as error:
        form.password.errors = [sentence(error)]
        return _accept_page(form, invitation, has_account, 422)
    with transaction() as session_:
        person = invitations.accept_invitation(
            session_, actor, token, form.name.data or "", form.language.data or "es", secret,
        )
        flash(_("Welcome. You are in as %(role)s.", role=role_name(invitation.role)), "success")
        if has_account:
            session["plan_id"] = invitation.plan_id
            return redirect("/")
        return _enter(person, ["invitation"], "/")

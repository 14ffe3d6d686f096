"""Shows who has which role in the plan and lets those who may invite, give and end roles; sign-in stands in sign_in."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cohort.kit import clock
from cohort.kit.access import Actor, Role, current_actor, gate
from cohort.kit.database import db, transaction
from cohort.kit.errors import DomainError, sentence
from cohort.kit.navigation import ROLE_NAMES, Entry, announce
from cohort.people import grants, invitations, links, queries
from cohort.people.forms import InviteForm, RoleForm
from cohort.people.models import Person, RoleGrant
from cohort.people.words import country_choices, country_name, role_name

blueprint = Blueprint("people", __name__, url_prefix="/people")

Page = Response | str | tuple[str, int]

announce(Entry(_l("People"), "people.index", "users", "people.see", 80, is_admin=True))


@blueprint.get("/")
@gate("people.see")
def index() -> Page:
    """List roles and waiting invitations of the chosen plan."""
    actor, asked = current_actor(), request.args
    role = Role(asked["role"]) if asked.get("role") in set(Role) else None
    plan_id = cast(int, actor.plan_id)
    return render_template(
        "people/index.html", actor=actor, role_name=role_name, country_name=country_name,
        page=queries.roles_of_plan(plan_id, role, asked.get("country", ""), asked.get("q", "").strip()),
        waiting=queries.waiting_invitations(cast(Session, db.session()), plan_id),
        roles=[(each.value, role_name(each)) for each in ROLE_NAMES], countries=country_choices(),
    )


def roles_to_give(actor: Actor) -> list[Role]:
    """Return the roles that the actor may give, widest first."""
    if not actor.sees_all:
        return [role for role in Role if role in grants.BY_COORDINATORS]
    return [role for role in Role if role is not Role.ADMINISTRATOR or Role.ADMINISTRATOR in actor.roles]


@blueprint.route("/invite", methods=["GET", "POST"])
@gate("people.invite")
def invite() -> Page:
    """Invite somebody by mail; the link is shown once, to hand over where mail does not arrive."""
    actor = current_actor()
    form = InviteForm(role=request.args.get("role"), firm_id=request.args.get("firm", type=int)).offer(
        roles_to_give(actor), actor.countries,
    )
    if request.method == "GET":
        return render_template("people/invite.html", form=form)
    if not form.validate_on_submit():
        return render_template("people/invite.html", form=form), 422
    try:
        with transaction() as session_:
            link = invitations.invite(
                session_, actor, form.email.data, Role(form.role.data), form.country.data or None, form.firm_id.data,
                cast(int, actor.plan_id), form.language.data,
            )
    except DomainError as error:
        form.form_errors.append(sentence(error))
        return render_template("people/invite.html", form=form), 422
    return render_template("people/link_made.html", link=link, email=form.email.data, days=invitations.LASTS.days)


@blueprint.post("/invitations/<int:invitation_id>/withdraw")
@gate("people.invite")
def withdraw(invitation_id: int) -> Response:
    """Withdraw an invitation that still waits."""
    with transaction() as session_:
        invitations.withdraw_invitation(session_, current_actor(), invitation_id)
    flash(_("The invitation is withdrawn."), "success")
    return _back()


@blueprint.post("/roles/<int:grant_id>/revoke")
@gate("people.invite")
def revoke(grant_id: int) -> Response:
    """End a role now."""
    with transaction() as session_:
        grants.revoke_role(session_, current_actor(), grant_id)
    flash(_("The role has ended."), "success")
    return _back()


@blueprint.route("/<int:person_id>", methods=["GET", "POST"])
@gate("people.see")
def detail(person_id: int) -> Page:
    """Show what roles a person has and had in the plan, and give a further one."""
    session_, actor = cast(Session, db.session()), current_actor()
    person = session_.get(Person, person_id)
    held = queries.roles_of_person(session_, cast(int, actor.plan_id), person_id)
    if person is None or not held:
        raise DomainError("not_found")
    form = RoleForm().offer(roles_to_give(actor), actor.countries)
    if request.method == "GET":
        return _person_page(form, person, held), 200
    if not form.validate_on_submit():
        return _person_page(form, person, held), 422
    try:
        with transaction() as writing:
            grants.grant_role(
                writing, actor, person, Role(form.role.data), cast(int, actor.plan_id),
                country=form.country.data or None, firm_id=form.firm_id.data,
            )
    except DomainError as error:
        form.form_errors.append(sentence(error))
        return _person_page(form, cast(Person, session_.get(Person, person_id)), held), 422
    flash(_("The role is given."), "success")
    return redirect(url_for("people.detail", person_id=person_id))


def _person_page(form: RoleForm, person: Person, held: list[RoleGrant]) -> str:
    return render_template(
        "people/detail.html", form=form, person=person, held=held, actor=current_actor(), today=clock.today(),
        role_name=role_name, country_name=country_name,
    )


@blueprint.post("/<int:person_id>/sign-in-link")
@gate("people.invite")
def sign_in_link(person_id: int) -> Page:
    """Make a link for somebody of a firm, to send by message."""
    with transaction() as session_:
        person = session_.get(Person, person_id)
        if person is None:
            raise DomainError("not_found")
        link = links.make_sign_in_link(session_, current_actor(), person)
        return render_template("people/link_made.html", link=link, email=person.name or person.email, days=0)


def _back() -> Response:
    """Return to the list for those who may see it, else to the invitation form."""
    return redirect(url_for("people.index" if current_actor().may("people.see") else "people.invite"))

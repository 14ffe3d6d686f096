"""Shows plans and takes changes to them; every change keeps its reason and what stood before."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask import session as browser
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from cohort import reference
from cohort.kit import clock, navigation
from cohort.kit.access import Actor, current_actor, gate
from cohort.kit.database import db, transaction
from cohort.kit.errors import DomainError, sentence
from cohort.kit.history import history_of, name_actions
from cohort.people.links import safe_target
from cohort.plans import defaults, forms, queries, service, words
from cohort.plans.models import Plan
from cohort.plans.rights import require_edit
from cohort.plans.template_words import hangs_on

blueprint = Blueprint("plans", __name__, url_prefix="/plans")
Page = str | Response | tuple[str, int]

name_actions({
    "plan.created": _l("started the plan"), "plan.extended": _l("extended the plan"),
    "plan.country_switched": _l("changed how a country stands"), "plan.policy_set": _l("set a rule"),
    "plan.deputy_named": _l("named a deputy"),
    "member.joined": _l("took the firm into the plan"), "member.left": _l("ended the firm’s part in the plan"),
})
navigation.announce(navigation.Entry(_l("Plan"), "plans.current", "calendar", "plan.see", 70))


def _session() -> Session:
    return cast(Session, db.session())


def _country_choices() -> list[SelectChoice]:
    return [SelectChoice(code, words.country_name(code)) for code in reference.countries()]


@blueprint.get("/current")
@gate("plan.see")
def current() -> Page:
    """Lead to the plan that the actor works in."""
    return redirect(url_for("plans.detail", plan_id=queries.plan_of(_session(), current_actor().plan_id).id))


@blueprint.get("/")
@gate("plan.see")
def index() -> Page:
    """List every plan of the installation."""
    return render_template("plans/index.html", plans=queries.plans(_session()), end_of=queries.end_of, words=words)


@blueprint.get("/<int:plan_id>")
@gate("plan.see")
def detail(plan_id: int) -> Page:
    """Show one plan: dates, countries, policies, template, deputies, history."""
    session, today = _session(), clock.today()
    plan = queries.plan_of(session, plan_id)
    policies = [queries.policy_on(session, plan.id, kind, today) for kind in defaults.POLICIES]
    deputies, is_here = queries.deputies_from(session, plan.id, today), current_actor().plan_id == plan.id
    return render_template(
        "plans/detail.html", plan=plan, words=words, ends_on=queries.end_of(plan), deputies=deputies, is_here=is_here,
        names=queries.names_of(session, [person for row in deputies for person in (row.coordinator_id, row.deputy_id)]),
        month=queries.month_of(plan, today), countries=queries.countries_on(session, plan.id, today),
        policies=policies, template=queries.template_of(session, plan.id),
        hangs_on=hangs_on, member_count=queries.member_count(session, plan.id), history=history_of(session, plan),
    )


@blueprint.route("/new", methods=["GET", "POST"])
@gate("plan.edit")
def new() -> Page:
    """Start a plan."""
    form = forms.PlanForm()
    form.lead_country.choices = _country_choices()
    if form.validate_on_submit():
        facts = {name: value for name, value in form.data.items() if name != "csrf_token"}
        try:
            with transaction() as session:
                plan = service.create_plan(session, current_actor(), service.NewPlan(**facts))
                plan_id = plan.id
        except DomainError as error:
            form.form_errors.append(sentence(error))
        else:
            flash(gettext("The plan is ready. Check its countries and rules before the first call."), "success")
            browser["plan_id"] = plan_id  # whoever starts a plan goes on in it
            return redirect(url_for("plans.detail", plan_id=plan_id))
    return _answer(
        "plans/edit.html", form, title=gettext("New plan"), submit=gettext("Start the plan"), back=url_for("plans.index"),
        back_label=gettext("All plans"),
    )


def _answer(template: str, form: Any, **context: Any) -> Page:
    page = render_template(template, form=form, words=words, **context)
    return (page, 422) if form.is_submitted() else page


def _change(plan_id: int, form: Any, title: str, act: Any, back_to: str | None = None) -> Page:
    """Take one change of a plan: show the form, or do it and return to the plan; a refusal keeps what was typed."""
    plan = queries.plan_of(_session(), plan_id)
    own = url_for("plans.detail", plan_id=plan.id)
    back = safe_target(back_to, own)
    if form.validate_on_submit():
        try:
            with transaction() as session:
                act(session, current_actor(), queries.plan_of(session, plan_id))
        except DomainError as error:
            form.form_errors.append(sentence(error))
        else:
            flash(gettext("Saved."), "success")
            return redirect(back)
    return _answer(
        "plans/edit.html", form, title=title, submit=gettext("Save"), back=back,
        back_label=gettext("Back to the plan") if back == own else gettext("Back"),
    )


def _plan_to_edit(plan_id: int) -> Plan:
    """Return a plan that the actor may change, so that no form is shown which cannot be sent."""
    plan = queries.plan_of(_session(), plan_id)
    require_edit(current_actor(), plan)
    return plan


@blueprint.route("/<int:plan_id>/extend", methods=["GET", "POST"])
@gate("plan.edit")
def extend(plan_id: int) -> Page:
    """Give a later end; a link may suggest one (`until`) and name the page to return to (`back`)."""
    _plan_to_edit(plan_id)
    form = forms.ExtensionForm()
    if not form.is_submitted():
        form.ends_on.data = request.args.get("until", type=date.fromisoformat)

    def act(session: Session, actor: Actor, plan: Plan) -> None:
        service.extend_plan(session, actor, plan, form.ends_on.data, form.reason.data)

    return _change(plan_id, form, gettext("Extend the plan"), act, request.args.get("back"))


@blueprint.route("/<int:plan_id>/countries", methods=["GET", "POST"])
@gate("plan.edit")
def country(plan_id: int) -> Page:
    """Switch how a country stands from a day on."""
    _plan_to_edit(plan_id)
    form = forms.CountryForm()
    form.country.choices = _country_choices()

    def act(session: Session, actor: Actor, plan: Plan) -> None:
        service.switch_country(
            session, actor, plan, form.country.data, effective_on=form.effective_on.data,
            membership=form.membership.data, counts_as_origin=form.counts_as_origin.data,
            counts_as_destination=form.counts_as_destination.data, reason=form.reason.data,
        )

    return _change(plan_id, form, gettext("How a country stands"), act)


@blueprint.route("/<int:plan_id>/policies/<kind>", methods=["GET", "POST"])
@gate("plan.edit")
def policy(plan_id: int, kind: str) -> Page:
    """Append a version of one policy."""
    _plan_to_edit(plan_id)
    if kind not in defaults.POLICIES:
        raise DomainError("not_found")
    held = queries.policy_on(_session(), plan_id, kind, clock.today()).settings
    form = forms.policy_form(kind, held, clock.today())

    def act(session: Session, actor: Actor, plan: Plan) -> None:
        service.set_policy(
            session, actor, plan, kind, forms.typed_settings(form, held),
            valid_from_on=form["valid_from_on"].data, reason=form["reason"].data,
        )

    return _change(plan_id, form, str(words.POLICY_NAMES[kind]), act)


@blueprint.route("/<int:plan_id>/deputies", methods=["GET", "POST"])
@gate("plan.see")
def deputy(plan_id: int) -> Page:
    """Name who stands in: for any coordinator, or, as a coordinator, for oneself."""
    actor = current_actor()
    plan = queries.plan_of(_session(), plan_id)
    if plan.id != actor.plan_id:
        raise DomainError("plan_other")
    own = actor.own_countries
    form = forms.DeputyForm()
    staff = queries.staff_choices(_session(), plan_id)
    form.country.choices = [each for each in _country_choices() if actor.may("plan.edit") or each.value in own]
    form.deputy_id.choices = [SelectChoice(key, name) for key, name in staff]
    form.coordinator_id.choices = [
        SelectChoice(key, name) for key, name in staff if actor.may("plan.edit") or key == actor.person_id
    ]

    def act(session: Session, actor: Actor, plan: Plan) -> None:
        service.name_deputy(
            session, actor, plan, form.country.data, coordinator_id=form.coordinator_id.data,
            deputy_id=form.deputy_id.data, from_on=form.from_on.data, until_on=form.until_on.data,
        )

    return _change(plan_id, form, gettext("Name a deputy"), act)

"""Shows the register and one firm, and takes changes of its profile; declarations, people and files have their own views."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import LazyString, gettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cohort.firms import forms, queries, service, words
from cohort.firms.corrections.service import earlier_numbers
from cohort.firms.listing import list_rows
from cohort.firms.models import Firm
from cohort.firms.queries import FirmFilters
from cohort.firms.reach import may_edit, may_read_files, require_edit
from cohort.kit import navigation
from cohort.kit.access import Actor, current_actor, gate
from cohort.kit.database import db, transaction
from cohort.kit.errors import WORDINGS, DomainError, sentence
from cohort.kit.history import history_of, name_actions
from cohort.kit.remembered import remembered
from cohort.reference import consent_texts
from cohort.rules.taxid import format_tax_id, masked

blueprint = Blueprint("firms", __name__, url_prefix="/firms")
Page = str | Response | tuple[str, int]

name_actions(words.ACTS)
navigation.announce(navigation.Entry(
    LazyString(lambda: gettext("Firms") if current_actor().is_staff else gettext("My firm")),
    "firms.index", "building-2", "firm.see", 40,
))


def session_of_request() -> Session:
    """Return the session of this request."""
    return cast(Session, db.session())


def filters_of_request() -> FirmFilters:
    """Return what the address narrows the list to."""
    given = {name: request.args.get(name, "").strip()[:100] for name in ("country", "size", "women", "sector", "search")}
    return FirmFilters(**given)


def answer(template: str, form: Any, **context: Any) -> Page:
    """Return the page of a form; a form that was sent and is shown again answers 422."""
    page = render_template(template, form=form, words=words, **context)
    return (page, 422) if form.is_submitted() else page


def refuse(form: Any, error: DomainError) -> None:
    """Show a refusal above the form; one that is not about what was typed gets its own page."""
    if int(WORDINGS[error.code].status) not in (409, 422):
        raise error
    form.form_errors.append(sentence(error))


@blueprint.get("/")
@gate("firm.see")
def index() -> Page:
    """List the firms within reach, 50 a page; a person of a firm is led to it."""
    actor = current_actor()
    if not actor.is_staff:
        return redirect(url_for("firms.own"))
    filters, session = filters_of_request(), session_of_request()
    page = queries.firm_page(session, filters, request.args.get("after", ""), request.args.get("before", ""))
    total = remembered(("firm-count", actor, filters), lambda: queries.count_firms(session, filters))
    kept = {name: value for name, value in vars(filters).items() if value}
    return render_template("firms/index.html", page=page, total=total, rows=list_rows(page.firms), filters=filters,
                           kept=kept, words=words)


@blueprint.get("/own")
@gate("own.see")
def own() -> Page:
    """Lead a person to the firm that they act for."""
    firm_ids = sorted(current_actor().firm_ids or ())
    if not firm_ids:
        abort(404)
    return redirect(url_for("firms.detail", firm_id=firm_ids[0]))


@blueprint.get("/<int:firm_id>")
@gate("firm.see")
def detail(firm_id: int) -> Page:
    """Show everything of one firm."""
    session, actor = session_of_request(), current_actor()
    found = queries.firm_detail(session, firm_id)
    firm = found.firm
    return render_template(
        "firms/detail.html", found=found, firm=firm, words=words, may_change=may_edit(actor, firm),
        may_read_files=may_read_files(actor, firm), history=history_of(session, firm),
        tax_id=(format_tax_id if may_edit(actor, firm) else masked)(firm.country, firm.tax_id),
        earlier=earlier_numbers(session, firm) if may_edit(actor, firm) else [],
        texts=consent_texts(firm.country, words.language()), consents=queries.last_consents(found.consents),
        is_own=firm.id in (actor.firm_ids or ()) and not actor.is_staff,
    )


@blueprint.route("/new", methods=["GET", "POST"])
@gate("firm.edit")
def new() -> Page:
    """Register a firm."""
    actor = current_actor()
    form = forms.NewFirmForm().offer(actor.countries)
    doubtful = False
    if form.validate_on_submit():
        try:
            with transaction() as session:
                firm = service.register_firm(session, actor, form.new_firm())
                target = url_for("firms.detail", firm_id=firm.id)
        except DomainError as error:
            doubtful = error.code == "tax_id_doubtful"
            if error.code in ("tax_id_refused", "tax_id_doubtful"):
                form.tax_id.errors = [sentence(error)]
            else:
                refuse(form, error)
        else:
            flash(gettext("The firm is on the register. Next: what it declares of its ownership and size."), "success")
            return redirect(target)
    return answer("firms/new.html", form, doubtful=doubtful or bool(form.confirmed.data))


@blueprint.route("/<int:firm_id>/edit", methods=["GET", "POST"])
@gate("firm.see")
def edit(firm_id: int) -> Page:
    """Change a firm's profile."""
    firm = editable_firm(session_of_request(), firm_id)
    form = forms.ProfileForm.of(firm)
    if form.validate_on_submit():
        try:
            with transaction() as session:
                service.update_firm(session, current_actor(), queries.get_firm(session, firm_id), form.profile())
        except DomainError as error:
            refuse(form, error)
        else:
            flash(gettext("Saved."), "success")
            return redirect(url_for("firms.detail", firm_id=firm_id))
    return answer("firms/edit.html", form, firm=queries.get_firm(session_of_request(), firm_id))


def editable_firm(session: Session, firm_id: int) -> Firm:
    """Return a firm that this request's actor may change; DomainError `not_found` or `not_allowed` else."""
    firm = queries.get_firm(session, firm_id)
    require_edit(current_actor(), firm)
    return firm


def _firm_name(session: Session, actor: Actor) -> str:
    """Name the firm whose pages a firm's person sees."""
    if not actor.firm_ids:
        return ""
    firm = session.execute(select(Firm.trade_name, Firm.legal_name).where(Firm.id == min(actor.firm_ids))).first()
    return (firm.trade_name or firm.legal_name) if firm else ""


navigation.name_firm_with(_firm_name)

"""Shows who earned a certificate, issues, revokes and prints it; anybody checks one by its code."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from cohort.firms.words import country_name
from cohort.kit import clock, navigation
from cohort.kit.access import current_actor, gate, public
from cohort.kit.database import db, transaction
from cohort.kit.doors import limiter
from cohort.kit.errors import WORDINGS, DomainError, sentence
from cohort.kit.history import name_actions
from cohort.kit.paper import pdf_of
from cohort.plans import queries as plan_queries
from cohort.training.certificates import queries, service, words
from cohort.training.certificates.forms import RevokeForm
from cohort.training.certificates.paper import page_of

blueprint = Blueprint("certificates", __name__)
Page = str | AnyResponse | tuple[str, int]
name_actions({"certificate.issued": _l("issued a certificate"), "certificate.revoked": _l("revoked a certificate")})
navigation.announce(navigation.Entry(_l("Certificates"), "certificates.index", "award", "worklist.see", 44))
SHOWN = 50


def _session() -> Session:
    return cast(Session, db.session())


def _address_of(code: str) -> str:
    return f"{current_app.extensions['settings'].public_url}{url_for('certificates.check', code=code)}"


@blueprint.get("/training/certificates")
@gate("worklist.see")
def index() -> Page:
    """List who earned a certificate and has none, then what was issued."""
    session, actor = _session(), current_actor()
    plan = plan_queries.plan_of(session, actor.plan_id)
    page = min(max(1, request.args.get("page", 1, type=int)), 100_000)
    issued, total = queries.issued_page(session, plan.id, page)
    return render_template(
        "training/certificates.html", earned=queries.earners(session, plan.id, clock.today(plan.time_zone)), shown=SHOWN,
        issued=issued, pages=navigation.Pages(page, SHOWN, total), words=words, country_name=country_name,
    )


@blueprint.post("/training/certificates/issue/<any(training, completion):kind>")
@gate("worklist.see")
def issue(kind: str) -> Page:
    """Issue to the members that the page showed: one, or all of them."""
    ids = {int(text) for text in request.form.get("members", "").split(",") if text.isdecimal() and len(text) < 10}
    try:
        with transaction() as session:
            actor = current_actor()
            plan = plan_queries.plan_of(session, actor.plan_id)
            made = service.issue_certificates(session, actor, plan.id, kind, ids, clock.today(plan.time_zone))
    except DomainError as error:
        if int(WORDINGS[error.code].status) != 422:
            raise
        flash(sentence(error), "error")
    else:
        flash(ngettext("%(num)s certificate was issued.", "%(num)s certificates were issued.", len(made)), "success")
    return redirect(url_for("certificates.index"))


@blueprint.get("/training/certificates/<int:certificate_id>.pdf")
@gate("milestone.see")
def paper(certificate_id: int) -> AnyResponse:
    """Send the certificate as a tagged PDF in the firm's language."""
    found = queries.certificate_named(_session(), certificate_id)
    service.refuse_revoked(found)
    answer = Response(pdf_of(page_of(found, _address_of(found.code))), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f"inline; filename={found.kind}-{found.code}.pdf"
    return answer


@blueprint.route("/training/certificates/<int:certificate_id>/revoke", methods=["GET", "POST"])
@gate("milestone.edit")
def revoke(certificate_id: int) -> Page:
    """Ask why, then take the certificate back."""
    form = RevokeForm()
    found = queries.certificate_named(_session(), certificate_id)
    service.refuse_revoked(found)
    if form.validate_on_submit():
        with transaction() as session:
            service.revoke_certificate(session, current_actor(), queries.certificate_named(session, certificate_id), form.reason.data)
        flash(gettext("Revoked. Its page says so from now on."), "success")
        return redirect(url_for("certificates.index"))
    page = render_template("training/revoke.html", form=form, certificate=found, words=words)
    return (page, 422) if form.is_submitted() else page


@blueprint.get("/certificates/")
@public
def ask() -> Page:
    """Ask for a code, and lead to its page."""
    typed = request.args.get("code", "").strip()
    if typed:
        return redirect(url_for("certificates.check", code=typed[:40].replace("/", "")))
    return render_template("training/certificate_ask.html", fault="", typed="")


@blueprint.get("/certificates/<code>")
@public
@limiter.limit("60 per minute")
def check(code: str) -> Page:
    """Show anybody what was certified, or that it was revoked and why."""
    try:
        found = queries.certificate_of_code(_session(), code)
    except DomainError as error:
        return render_template("training/certificate_ask.html", fault=sentence(error), typed=code[:40]), int(WORDINGS[error.code].status)
    return render_template(
        "training/certificate.html", certificate=found, content=found.content, words=words, country_name=country_name,
        is_intact=queries.is_intact(found),
    )

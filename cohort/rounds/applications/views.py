"""Leads a firm from the open page to its receipt: mail address, tax number, two short pages, a look over, sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, cast

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import Form

from cohort import reference
from cohort.firms.models import Firm
from cohort.firms.words import country_name
from cohort.kit import clock
from cohort.kit.access import Actor, current_actor, public, signed_in, unscoped
from cohort.kit.database import transaction
from cohort.kit.doors import limiter
from cohort.kit.errors import DomainError, sentence
from cohort.kit.language import number, reader_language, reader_region
from cohort.rounds.applications import answers, entry, forms, freezing, queries, service, told
from cohort.rounds.applications import words as own_words
from cohort.rounds.calls import words
from cohort.rounds.calls.parts import questions_of
from cohort.rounds.calls.queries import call_of
from cohort.rounds.calls.service import takes_applications
from cohort.rounds.calls.times import local_text
from cohort.rounds.decisions import appeals
from cohort.rounds.decisions import words as decision_words
from cohort.rounds.decisions.letters import notice_on
from cohort.rounds.drawing import service as drawing
from cohort.rounds.models import Application
from cohort.rounds.seats.offers import standing_offer
from cohort.rounds.site import Page, apply, back_with, session_now

_: Callable[..., str] = gettext


@apply.route("/<code>", methods=["GET", "POST"])
@public
@limiter.limit("20 per hour", methods=["POST"])
def start(code: str) -> Page:
    """Ask for mail address and country; whoever is signed in goes on where they were."""
    session, round_, actor = session_now(), call_of(session_now(), code), current_actor()
    if actor.person_id is not None:
        own = queries.own_application(session, actor, round_)
        return redirect(url_for("apply.receipt" if own else "apply.firm", code=code))
    form = forms.StartForm().offer(round_.protocol["countries"])
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                entry.start(writing, call_of(writing, code), form.email.data, form.country.data, reader_language())
        except DomainError as refusal:
            form.form_errors.append(sentence(refusal))
        else:
            return render_template("apply/link_sent.html", round=round_, words=words, email=form.email.data)
    page = render_template("apply/start.html", round=round_, words=words, form=form, is_taking=takes_applications(round_),
                           closes=local_text(round_.closes_at, round_.time_zone))
    return (page, 422) if form.is_submitted() else page


@apply.route("/<code>/firm", methods=["GET", "POST"])
@signed_in
def firm(code: str) -> Page:
    """Ask for the tax number; the next page is the same whether we know the firm or not."""
    session, round_, actor = session_now(), call_of(session_now(), code), current_actor()
    form = forms.TaxForm()
    country = form.country.data or request.args.get("country") or reader_region()
    if form.validate_on_submit():
        typed = entry.TaxNumber(country, form.tax_id.data, form.check_digit.data or "", form.is_confirmed.data)
        try:
            with transaction() as writing:
                entry.begin(writing, actor, call_of(writing, code), typed)
        except DomainError as refusal:
            form.form_errors.append(sentence(refusal))
        else:
            return redirect(url_for("apply.form", code=code))
    form.country.data = country
    own = [each for each in _own_firms(session, actor) if each.country in round_.protocol["countries"]]
    page = render_template("apply/firm.html", round=round_, words=words, form=form, own=own, country=country,
                           label=reference.countries()[country].tax_id_label if country in reference.countries() else "",
                           country_name=country_name)
    return (page, 422) if form.is_submitted() else page


def _own_firms(session: Session, actor: Actor) -> list[Firm]:
    found = [session.get(Firm, firm_id) for firm_id in sorted(actor.firm_ids or ())]
    return [each for each in found if each is not None]


@apply.post("/<code>/for/<int:firm_id>")
@signed_in
def for_firm(code: str, firm_id: int) -> Page:
    """Begin the application of a firm one acts for already."""
    actor = current_actor()
    if firm_id not in (actor.firm_ids or ()):
        raise DomainError("not_found")
    try:
        with transaction() as writing:
            entry.begin_for_firm(writing, actor, call_of(writing, code), writing.get_one(Firm, firm_id))
    except DomainError as refusal:
        return back_with(refusal, url_for("apply.firm", code=code))
    return redirect(url_for("apply.form", code=code))


def own_here(code: str) -> Application:
    """Return one's own application to the call of the address; raises `not_found` where there is none."""
    session = session_now()
    found = queries.own_application(session, current_actor(), call_of(session, code))
    if found is None:
        raise DomainError("not_found")
    return found


@apply.route("/<code>/form", methods=["GET", "POST"])
@signed_in
def form(code: str) -> Page:
    """First page of the form: the firm and what it sells."""
    application = own_here(code)
    page_form = forms.FirmPartForm(data=_answers(application)).offer(clock.today(application.round.time_zone).year)

    def show() -> str:
        return part("apply/form.html", application, page_form, 0)

    return kept(code, page_form, lambda: page_form.data, show, url_for("apply.ownership", code=code))


@apply.route("/<code>/ownership", methods=["GET", "POST"])
@signed_in
def ownership(code: str) -> Page:
    """Second page of the form: who owns and leads the firm, and what it agrees to."""
    application = own_here(code)
    kind = str(application.answers.get("form") or "company")
    page_form = forms.OwnerPartForm(data=_answers(application))
    texts = reference.consent_texts(application.country, "es" if reader_language() == "es" else "en")

    def show() -> str:
        return part("apply/ownership.html", application, page_form, 1, texts=texts, names=page_form.concerning(kind))

    return kept(code, page_form, lambda: page_form.typed(kind), show, url_for("apply.questions" if application.round.protocol.get("questions") else "apply.review", code=code))


def _answers(application: Application) -> dict[str, Any]:
    """Return the draft as form data: boxes as truth values."""
    boxes = ("data_notice", *answers.CONSENTS)
    return {**application.answers, **{name: application.answers.get(name) == "yes" for name in boxes}}


def kept(code: str, page_form: Form, typed: Callable[[], Mapping[str, Any]], show: Callable[[], str], following: str) -> Page:
    """Show a page of the form, or keep what was typed and go on, or stay when only “save” was asked for."""
    if request.method != "POST":
        return show()
    if not page_form.validate():
        return show(), 422
    try:
        with transaction() as writing:
            service.save_draft(writing, current_actor(), own_here(code), typed())
    except DomainError as refusal:
        cast(Any, page_form).form_errors.append(sentence(refusal))
        return show(), 422
    if request.form.get("action") == "save":
        flash(_("Your draft is saved. You can go on with it until the call closes."), "success")
        return redirect(request.path)
    return redirect(following)


def part(template: str, application: Application, page_form: Form, step: int, **context: Any) -> str:
    given, asked = answers.Given(application.answers, application.country), questions_of(application.round.protocol)
    return render_template(
        template, round=application.round, words=words, application=application, form=page_form, step=step,
        complete=answers.complete_share(given, asked), currency=reference.countries()[application.country].currency,
        closes=local_text(application.round.closes_at, application.round.time_zone), **context,
    )


@apply.get("/<code>/review")
@signed_in
def review(code: str) -> Page:
    """Show what will be sent, what is missing, how we read the figures, and the checks with their reasons."""
    application = own_here(code)
    given = answers.Given(application.answers, application.country)
    asked = questions_of(application.round.protocol)
    needed, later = answers.missing(given, asked)
    sales = given.number("annual_sales")
    return render_template(
        "apply/review.html", round=application.round, words=words, application=application, step=3 if asked else 2, own_words=own_words,
        complete=answers.complete_share(given, asked), needed=needed, later=later, unread=answers.unread(given, asked),
        told=told.asked_rows(given, asked, _own_file(code)),
        checks=freezing.judge_now(application.round, application), given=given,
        sales=f"{reference.countries()[application.country].currency} {number(sales)}" if sales is not None else "",
        is_taking=takes_applications(application.round),
        closes=local_text(application.round.closes_at, application.round.time_zone),
    )


@apply.post("/<code>/submit")
@signed_in
def submit(code: str) -> Page:
    """Send the application in."""
    try:
        with transaction() as writing:
            service.submit(writing, current_actor(), own_here(code))
    except DomainError as refusal:
        return back_with(refusal, url_for("apply.review", code=code))
    return redirect(url_for("apply.receipt", code=code))


@apply.get("/<code>/receipt")
@signed_in
def receipt(code: str) -> Page:
    """Show one's own application: draft, receipt, and after the decision its outcome and the days for an appeal."""
    application = own_here(code)
    if application.status == "draft":
        return redirect(url_for("apply.form", code=code))
    session, round_ = session_now(), application.round
    told_on = notice_on(session, round_, application.country)
    seat = appeals.seat_of(session, application.id) if told_on else None
    return render_template(
        "apply/receipt.html", round=round_, words=words, application=application, own_words=own_words, seat=seat,
        told=told.asked_rows(answers.Given(_sent(session, application), application.country), questions_of(round_.protocol), _own_file(code)),
        checks=application.eligibility, is_taking=takes_applications(round_), decision_words=decision_words,
        why=decision_words.reason_text(seat.reason, seat.reason_params, round_.protocol) if seat else "",
        appeal=appeals.appeal_of(session, application.id), **_appeal_days(application, told_on),
        offer=standing_offer(session, application.id), chance=drawing.own_chance(session, application),
        sent=local_text(application.submitted_at, round_.time_zone) if application.submitted_at else "",
        closes=local_text(round_.closes_at, round_.time_zone),
    )


def _own_file(code: str) -> told.HrefOf:
    return lambda kept: url_for("apply.file", code=code, upload_id=kept.id)


def _sent(session: Session, application: Application) -> dict[str, Any]:
    """Return what was last sent in: what counts, whatever was typed since."""
    with unscoped(session):  # `own_here` gave the file
        return freezing.sent_answers(session, [application.id]).get(application.id, application.answers)


def _appeal_days(application: Application, told_on: date | None) -> dict[str, Any]:
    if told_on is None:
        return {"appeal_until": None, "may_appeal": False}
    until = appeals.last_day(application, told_on)
    today = clock.today(reference.countries()[application.country].time_zone)
    return {"appeal_until": until, "may_appeal": today <= until}


@apply.route("/<code>/withdraw", methods=["GET", "POST"])
@signed_in
def withdraw(code: str) -> Page:
    """Ask, then take the application back."""
    application, back = own_here(code), url_for("apply.receipt", code=code)
    if request.method == "GET":
        return render_template("apply/withdraw.html", round=application.round, words=words, back=back)
    return _done(lambda writing: service.withdraw(writing, current_actor(), own_here(code)), back,
                 _("Your application is withdrawn."))


@apply.post("/<code>/reopen")
@signed_in
def reopen(code: str) -> Page:
    """Make a withdrawn application a draft again."""
    return _done(lambda writing: service.reopen(writing, current_actor(), own_here(code)),
                 url_for("apply.receipt", code=code), _("You can go on with your application."))


def _done(act: Callable[[Session], object], back: str, told: str) -> Response:
    try:
        with transaction() as writing:
            act(writing)
    except DomainError as refusal:
        return back_with(refusal, back)
    flash(told, "success")
    return redirect(back)


@apply.route("/<code>/appeal", methods=["GET", "POST"])
@signed_in
def appeal(code: str) -> Page:
    """Take an appeal against the outcome."""
    application, page_form = own_here(code), forms.AppealForm()
    back = url_for("apply.receipt", code=code)
    if page_form.validate_on_submit():
        try:
            with transaction() as writing:
                appeals.file_appeal(writing, current_actor(), own_here(code), page_form.text.data)
        except DomainError as refusal:
            page_form.form_errors.append(sentence(refusal))
        else:
            flash(_("We have your appeal. You get the answer by mail."), "success")
            return redirect(back)
    page = render_template("apply/appeal.html", round=application.round, words=words, form=page_form, back=back,
                           **_appeal_days(application, notice_on(session_now(), application.round, application.country)))
    return (page, 422) if page_form.is_submitted() else page

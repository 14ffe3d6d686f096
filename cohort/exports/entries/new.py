"""Takes a new export on a phone in under a minute, or from staff for a firm; nothing typed or sent is ever lost."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from cohort.exports import words
from cohort.exports.entries import queries, service
from cohort.exports.entries.checks import currencies
from cohort.exports.entries.forms import ExportForm
from cohort.exports.events import require_reach, today_of
from cohort.exports.facts import minor_units
from cohort.exports.flags import words as flag_words
from cohort.exports.flags.progress import FirmProgress, progress_of
from cohort.exports.proof.escalation import check_by, check_days
from cohort.exports.rates.service import conversion_words, converted
from cohort.exports.site import Page, blueprint, refuse, session_of_request
from cohort.kit import language, uploads
from cohort.kit.access import Actor, current_actor, gate
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError, sentence
from cohort.kit.language import is_ambiguous_number, typed_number
from cohort.plans import queries as plan_queries
from cohort.plans.models import Member


@blueprint.route("/new", methods=["GET", "POST"])
@gate("export.log")
def new() -> Page:
    """Take one export: from a firm for itself, from staff for the firm in the address."""
    session, actor = session_of_request(), current_actor()
    member = _member(session, actor)
    if member is None:
        return _no_member(session, actor)
    require_reach(actor, member.firm)
    firm_id, today = member.firm_id, today_of(member.firm)
    form = ExportForm().offer(member.firm, plan_queries.destinations_on(session, member.plan_id, today), today)
    if not form.is_submitted():
        _remember(session, form, member)
        return _page(session, member, form, today)
    if _keep_file(form, firm_id) and form.validate_on_submit() and not _read_back(form):
        target = _save(form, firm_id)
        if target:
            return redirect(target)
    session = session_of_request()
    member = plan_queries.member_of(session, current_actor().plan_id or 0, firm_id)
    assert member is not None  # it was there a moment ago, and members are never deleted
    return _page(session, member, form, today), 422


@blueprint.get("/converted")
@gate("export.log")
def in_dollars() -> Response:
    """Return an amount in dollars, in words, while it is being typed; empty words for what is no amount."""
    currency = request.args.get("currency", "")
    try:
        value, day = typed_number(request.args.get("amount", "")), date.fromisoformat(request.args.get("on", ""))
        minor = minor_units(value, currency) if currency in currencies() else 0
    except (ValueError, DomainError):
        minor = 0
    said = conversion_words(converted(session_of_request(), minor, currency, day), currency) if minor else ""
    return jsonify(words=said)


def _member(session: Session, actor: Actor) -> Member | None:
    wanted = request.args.get("firm", type=int)
    firm_ids = [wanted] if actor.is_staff and wanted is not None else sorted(actor.firm_ids or ())
    for firm_id in firm_ids:
        member = plan_queries.member_of(session, actor.plan_id or 0, firm_id)
        if member is not None:
            return member
    if actor.is_staff and wanted is not None:
        raise DomainError("not_found")
    return None


def _no_member(session: Session, actor: Actor) -> Page:
    """Let staff choose the firm; tell a firm that is no member why it cannot log."""
    plan = plan_queries.plan_of(session, actor.plan_id)
    members = plan_queries.active_members(session, plan.id, plan_queries.end_of(plan)) if actor.is_staff else []
    return render_template("exports/choose.html", members=members, words=words)


def _remember(session: Session, form: ExportForm, member: Member) -> None:
    """Fill in what the firm told last time: product, platform, currency."""
    last = queries.last_of_firm(session, member.plan_id, member.firm_id)
    form.product.data = last.product if last else member.firm.product
    if last:
        form.channel.data = form.channel_value(last.channel, last.marketplace)
        form.currency.data = last.currency


def _keep_file(form: ExportForm, firm_id: int) -> bool:
    """Store a file that came with the form at once, so that another try of the form still has it."""
    sent = form.proof.data
    if not isinstance(sent, FileStorage) or not sent.filename:
        return True
    try:
        with transaction() as session:
            form.kept_file.data = uploads.store(session, current_actor(), sent, "export", firm_id).token
    except DomainError as error:
        form.validate()
        form.proof.errors = [sentence(error)]
        return False
    finally:
        sent.close()
    return True


def _read_back(form: ExportForm) -> bool:
    """Write an amount like “1.234” without its mark and ask once more; no currency here has three decimals."""
    typed = (form.amount.data or "").strip()
    if not is_ambiguous_number(typed):
        return False
    form.amount.data = typed.replace(".", "").replace(",", "")
    form.amount.description = gettext("You typed “%(typed)s”; we read it as %(read)s.", typed=typed, read=form.amount.data)
    return True


def _save(form: ExportForm, firm_id: int) -> str:
    """Log the export and return where to go, or show the refusal on the form and return nothing."""
    try:
        with transaction() as session:
            actor = current_actor()
            member = plan_queries.member_of(session, actor.plan_id or 0, firm_id)
            if member is None:
                raise DomainError("not_found")
            kept = queries.kept_upload(session, actor, member.firm, form.kept_file.data or "")
            export = service.log_export(
                session, actor, member, form.facts(), [kept] if kept else [], form.request_key.data or None
            )
            target = url_for("exports.detail", export_id=export.id)
            by_on = check_by(export, check_days(session, export.plan_id, today_of(member.firm)))
            [progress] = progress_of(session, member.plan, [member], today_of(member.firm))
            said = gettext(
                "Received. Your coordinator checks it by %(day)s. %(next)s", day=language.day(by_on),
                next=flag_words.ahead(progress.standing, progress.if_checked),
            )
    except DomainError as error:
        refuse(form, error)
        return ""
    flash(said, "success")
    return target


def _page(session: Session, member: Member, form: ExportForm, today: date) -> str:
    progress: FirmProgress = progress_of(session, member.plan, [member], today)[0]
    said: Any = ""
    if form.amount.data and form.exported_on.data and not form.amount.errors:
        try:
            minor = minor_units(typed_number(form.amount.data), form.currency.data)
            said = conversion_words(converted(session, minor, form.currency.data, form.exported_on.data), form.currency.data)
        except (ValueError, DomainError):
            said = ""
    is_early = form.exported_on.data is not None and form.exported_on.data < member.joined_on
    kept = queries.kept_upload(session, current_actor(), member.firm, form.kept_file.data or "")
    return render_template(
        "exports/new.html", form=form, member=member, progress=progress, words=words, flag_words=flag_words,
        converted=said, kept=kept, asks_baseline=is_early or current_actor().is_staff,
    )

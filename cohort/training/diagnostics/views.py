"""Takes a firm's diagnostic with the anchors in view, and shows what firms, countries and the plan gained."""

from __future__ import annotations

from datetime import date
from typing import cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cohort.kit import clock, navigation
from cohort.kit.access import current_actor, gate
from cohort.kit.database import db, transaction
from cohort.kit.errors import WORDINGS, DomainError, sentence
from cohort.kit.history import name_actions
from cohort.kit.language import ZONES
from cohort.plans import queries as plan_queries
from cohort.plans import words as plan_words
from cohort.plans.groups import chosen_group, group_choices, group_counts
from cohort.plans.models import Member
from cohort.training import queries as training_queries
from cohort.training.diagnostics import queries, service, words

blueprint = Blueprint("diagnostics", __name__, url_prefix="/training")
Page = str | Response | tuple[str, int]
name_actions({"diagnostic.taken": _l("took a diagnostic")})
navigation.announce(navigation.Entry(_l("Capacity"), "diagnostics.capacity", "chart-column", "worklist.see", 42))


def _session() -> Session:
    return cast(Session, db.session())


@blueprint.get("/members/<int:member_id>/diagnostics/<any(start, month_18, end):moment>")
@gate("milestone.confirm")
def form(member_id: int, moment: str) -> Page:
    """Show the seven areas with what each mark means, with what was saved before."""
    member = training_queries.member_named(_session(), member_id)
    saved = queries.last_saved(_session(), member_id, moment)
    typed = {code: str(mark) for code, mark in queries.marks_of(saved).items()} if saved else {}
    if saved:
        typed |= {"note": saved.note, "taken_on": saved.taken_on.isoformat()}
    is_partial = saved is not None and not queries.is_whole(saved)
    return _page(member, moment, typed, _missing(typed) if is_partial else [])


def _missing(typed: dict[str, str]) -> list[tuple[str, str]]:
    names = words.area_names()
    return [(f"#{code}", str(gettext("%(area)s: not marked yet", area=name))) for code, name in names.items() if not typed.get(code)]


def _page(member: Member, moment: str, typed: dict[str, str], faults: list[tuple[str, str]]) -> str:
    today = clock.today(ZONES[member.country])
    return render_template(
        "training/diagnostic.html", member=member, moment=moment, typed=typed, faults=faults, today=today,
        names=words.area_names(), anchors=words.anchors(), words=words, marks=[typed[code] for code in words.area_names() if typed.get(code)],
    )


@blueprint.post("/members/<int:member_id>/diagnostics/<any(start, month_18, end):moment>")
@gate("milestone.confirm")
def take(member_id: int, moment: str) -> Page:
    """Keep what is filled in; say what is missing, or that it counts now."""
    typed = {name: request.form.get(name, "") for name in (*queries.area_codes(), "note", "taken_on")}
    try:
        with transaction() as session:
            member = training_queries.member_named(session, member_id)
            row = service.take_diagnostic(
                session, current_actor(), member, moment, service.read_marks(typed), _day(typed["taken_on"]), typed["note"])
            left = len(queries.area_codes()) - len(row.marks)
    except DomainError as error:
        if int(WORDINGS[error.code].status) != 422:
            raise
        return _page(training_queries.member_named(_session(), member_id), moment, typed, [("", sentence(error))]), 422
    if left:
        flash(ngettext("Saved. %(num)s area is still open; the diagnostic counts once it is marked.",
                       "Saved. %(num)s areas are still open; the diagnostic counts once they are marked.", left), "success")
        return redirect(url_for("diagnostics.form", member_id=member_id, moment=moment))
    flash(gettext("Saved. The diagnostic counts now."), "success")
    return redirect(url_for("training.member", member_id=member_id) + "#capacity")


def _day(text: str) -> date:
    """Return the day of a form; raises `diagnostic_date` for one that the calendar does not have."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise DomainError("diagnostic_date") from error


@blueprint.get("/capacity")
@gate("worklist.see")
def capacity() -> Page:
    """Show what the firms of the plan gained, by area, by country and firm by firm."""
    session, actor = _session(), current_actor()
    plan = plan_queries.plan_of(session, actor.plan_id)
    counts = group_counts(session, plan.id)
    group = chosen_group(request.args.get("group", ""), counts)
    country = request.args.get("country", "")
    found = queries.plan_capacity(session, plan.id, group, country)
    page = min(max(1, request.args.get("page", 1, type=int)), 100_000)
    return render_template(
        "training/capacity.html", found=found, country=country, group=group, groups=group_choices(counts, group),
        countries=[(code, plan_words.country_name(code)) for code in found.countries], words=words, plan_words=plan_words,
        firms=found.firms[(page - 1) * 50 : page * 50], pages=navigation.Pages(page, 50, len(found.firms)), plan=plan,
        printed_on=clock.today(plan.time_zone),
    )

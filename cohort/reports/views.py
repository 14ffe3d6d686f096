"""Opens the first page of each role, the coordinator's work list, the public page and its data; changes nothing."""

from __future__ import annotations

import io
from typing import Any, cast

from flask import Blueprint, Response, redirect, render_template, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from cohort.exports.flags import words as flag_words
from cohort.exports.flags.progress import progress_of
from cohort.kit import clock, navigation, tables
from cohort.kit.access import Actor, current_actor, gate, public, signed_in
from cohort.kit.database import db
from cohort.kit.language import number
from cohort.kit.navigation import Entry
from cohort.plans import queries as plan_queries
from cohort.plans import words as plan_words
from cohort.reports import figures, lists, words
from cohort.reports.own import own_page
from cohort.reports.pilots import pilot_lines
from cohort.reports.public import report_of
from cohort.rounds.calls import queries as call_queries
from cohort.rounds.decisions import words as decision_words
from cohort.rounds.seats import words as seat_words
from cohort.rounds.waiting import PLACES, WORDS, steps_for
from cohort.rules.stages import quarter_of, quarter_start
from cohort.training import queries as training_queries
from cohort.training import words as training_words
from cohort.training.coaching.queries import due_steps
from cohort.training.dates.requests import waiting_requests
from cohort.training.diagnostics import words as capacity_words
from cohort.training.reminders.snoozing import rests_of

blueprint = Blueprint("reports", __name__)
Page = str | AnyResponse | tuple[str, int]


def _session() -> Session:
    return cast(Session, db.session())


def work_count(session: Session, actor: Actor) -> int:
    """Return how many exports, milestones and wishes for more time wait for the actor: the gold number on the rail."""
    plan_id = actor.plan_id or 0
    return lists.to_verify_count(session, plan_id) + training_queries.waiting_count(session, actor) + len(waiting_requests(session, plan_id))


navigation.announce(Entry(_l("Overview"), "reports.overview", "layout-dashboard", "overview.see", 10))
navigation.announce(Entry(_l("My work"), "reports.work", "list-checks", "worklist.see", 15, work_count))
for permission, endpoint in (
    ("round.decide", "reports.overview"), ("worklist.see", "reports.work"), ("overview.see", "reports.overview"),
    ("own.see", "reports.own"), ("round.review", "reviews.index"), ("round.see", "rounds.index"), ("member.see", "training.index"),
):
    navigation.home_for(permission, endpoint)


@blueprint.get("/home")
@signed_in
def home() -> Page:
    """Lead whoever is signed in to their first page."""
    target = navigation.home_href(current_actor())
    return redirect(target if target != "/" else url_for("calls.index"))


@blueprint.get("/reports/overview")
@gate("overview.see")
def overview() -> Page:
    """Show how the plan stands, what needs a decision, who is becoming recurring, what is late."""
    return _overview("reports/overview.html")


@blueprint.get("/reports/print")
@gate("overview.see")
def printed() -> Page:
    """Show the same figures as one sheet for paper."""
    return _overview("reports/print.html")


def _overview(template: str) -> str:
    session, actor = _session(), current_actor()
    plan = plan_queries.plan_of(session, actor.plan_id)
    today = clock.today(plan.time_zone)
    groups = figures.parity_today(session, plan.id)
    shown = lists.on_their_way(session, plan.id) if actor.may("flag.see") and actor.may("firm.see") else []
    return render_template(
        template, plan=plan, today=today, month=plan_queries.month_of(plan, today), ends_on=plan_queries.end_of(plan),
        everyone=groups[""], by_country={code: group for code, group in groups.items() if code},
        at_selection=figures.parity_at_selection(session, plan.id), recurring=figures.recurring(session, plan.id),
        gained=figures.became_recurring(session, plan.id, quarter_start(quarter_of(today))),
        punctuality=figures.punctuality(session, plan.id, today), value=figures.value(session, plan.id),
        path=figures.path(session, plan.id), rows=progress_of(session, plan, shown, today),
        due=lists.due_next(session, plan.id, today), late=lists.late_by_country(session, plan.id, today),
        pilots=pilot_lines(session, plan.id, today), stages=_stage_rows(session, plan.id),
        decisions=lists.decisions(session, plan.id) if actor.may("round.decide") else None, **decision_steps(session, actor),
        share=float(plan_queries.policy_on(session, plan.id, "parity", today).settings["share"]),
        words=words, plan_words=plan_words, flag_words=flag_words,
    )


def _stage_rows(session: Session, plan_id: int) -> list[dict[str, Any]]:
    """Return how many firms stand in each stage, along the path, for whoever reads how many and not who."""
    counts = figures.stages(session, plan_id)
    return [
        {"label": flag_words.STAGE_NAMES[stage], "value": counts[stage], "text": number(counts[stage])}
        for stage in flag_words.STAGE_NAMES if stage in counts
    ]


def decision_steps(session: Session, actor: Actor) -> dict[str, Any]:
    """Return what decisions wait for from this person, with their words and pages."""
    return {"steps": steps_for(session, actor), "step_words": WORDS, "step_places": PLACES}


@blueprint.get("/reports/work")
@gate("worklist.see")
def work() -> Page:
    """Show the work list: to verify, to confirm, to call, each oldest first."""
    session, actor = _session(), current_actor()
    plan = plan_queries.plan_of(session, actor.plan_id)
    today = clock.today(plan.time_zone)
    handed_in = [each for each in training_queries.waiting_for_us(session, plan.id) if training_queries.may_answer(actor, each.confirms)]
    return render_template(
        "reports/work.html", to_verify=lists.to_verify(session, plan.id),
        verify_count=lists.to_verify_count(session, plan.id), to_confirm=handed_in,
        rests=rests_of(session, actor.person_id, [each.id for each in handed_in], today),
        to_call=lists.to_call(session, plan.id, today), today=today, words=words, plan_words=plan_words,
        training_words=training_words, back=url_for("reports.work"), pilots=lists.pilot_firms(session, plan.id),
        more_time=waiting_requests(session, plan.id), steps_due=due_steps(session, actor, today), standing_in=plan_queries.standing_in(session, actor, today), **decision_steps(session, actor),
    )


@blueprint.get("/own")
@gate("own.see")
def own() -> Page:
    """Show a firm what is next, how far it is, and where to log an export."""
    session, actor = _session(), current_actor()
    return render_template(
        "reports/own.html", **own_page(session, actor), plan_words=plan_words, training_words=training_words,
        flag_words=flag_words, decision_words=decision_words, seat_words=seat_words,
    )


@blueprint.get("/")
@public
def index() -> Page:
    """Show anybody what the plan promised, where it stands and how firms were chosen."""
    session = _session()
    plan = plan_queries.public_plan(session, clock.today())
    taking, _others = call_queries.calls_by_state(session, clock.now())
    if plan is None:
        return render_template("reports/no_plan.html")
    report = report_of(session, plan, clock.today(plan.time_zone))
    return render_template("reports/public.html", report=report, calls=taking, words=words, plan_words=plan_words, capacity_words=capacity_words)


@blueprint.get("/open-data/")
@public
def open_data() -> Page:
    """List what can be taken away: protected totals, and the sealed record of every published round."""
    session = _session()
    plan = plan_queries.public_plan(session, clock.today())
    rounds = report_of(session, plan, clock.today(plan.time_zone)).rounds if plan else []
    return render_template("reports/open_data.html", plan=plan, rounds=rounds, plan_words=plan_words)


@blueprint.get("/open-data/countries.csv")
@public
def countries_csv() -> Page:
    """Answer the public figures by country, small groups left empty."""
    session = _session()
    plan = plan_queries.public_plan(session, clock.today())
    lines = report_of(session, plan, clock.today(plan.time_zone)).countries if plan else []
    columns = ["country", "firms", "women_owned_or_led", "recurring", "verified_usd"]
    table = [
        [line.country, line.firm_count, line.women_count, line.recurring_count, None if line.value_cents is None else line.value_cents / 100]
        for line in lines
    ]
    out = io.StringIO()
    tables.write_csv(out, columns, [["" if cell is None else cell for cell in row] for row in table])
    return Response(out.getvalue(), mimetype="text/csv", headers={"Content-Disposition": "attachment; filename=countries.csv"})

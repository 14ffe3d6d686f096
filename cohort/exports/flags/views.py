"""Shows where each firm stands on its way to recurring, and why: every flag opens what decided it."""

from __future__ import annotations

from flask import render_template, request
from flask_babel import lazy_gettext as _l

from cohort.exports import words
from cohort.exports.flags import queries
from cohort.exports.flags import words as flag_words
from cohort.exports.site import Page, blueprint, session_of_request
from cohort.kit import clock, navigation
from cohort.kit.access import current_actor, gate
from cohort.plans import queries as plan_queries
from cohort.plans.groups import chosen_group, group_choices, group_counts
from cohort.rules.stages import STAGES

navigation.announce(navigation.Entry(_l("Recurrence flags"), "exports.flags", "flag", "flag.see", 60, queries.new_count))


@blueprint.get("/flags/")
@gate("flag.see")
def flags() -> Page:
    """List the members with their last eight quarters, partners, needs and stage."""
    session, actor = session_of_request(), current_actor()
    plan = plan_queries.plan_of(session, actor.plan_id)
    today = clock.today(plan.time_zone)
    stage, country = request.args.get("stage", "")[:20], request.args.get("country", "")[:2]
    page = max(1, request.args.get("page", 1, type=int))
    counts = group_counts(session, plan.id)
    group = chosen_group(request.args.get("group", ""), counts)
    rows, total = queries.flag_page(session, plan, group, stage, country, page, today)
    return render_template(
        "exports/flags.html", rows=rows, total=total, group=group, groups=group_choices(counts, group), stage=stage,
        country=country, today=today, words=words,
        flag_words=flag_words, pages=navigation.Pages(page, queries.PAGE_ROWS, total),
        stages=[(each.value, flag_words.STAGE_NAMES[each.value]) for each in STAGES],
        countries=[(code, words.country_name(code)) for code in plan_queries.origins_on(session, plan.id, today)],
    )


@blueprint.get("/flags/<int:flag_id>")
@gate("flag.see")
def flag(flag_id: int) -> Page:
    """Show why a flag was raised: rule, exports counted, day, next step."""
    current_actor().require("firm.see")  # an observer reads how many, not who
    session = session_of_request()
    found = queries.flag_named(session, flag_id)
    return render_template(
        "exports/flag.html", flag=found, exports=queries.exports_of(session, found), flags=queries.earlier_of(session, found),
        words=words, flag_words=flag_words,
    )

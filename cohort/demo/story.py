"""Tells the demo's story day by day, in the order of its chapters; each chapter decides what its people do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import cast as typed

from sqlalchemy.orm import Session

from cohort.demo.choosing import (
    first_call,
    open_call,
    play_appeals,
    play_call,
    reserve_call,
    review_call,
)
from cohort.demo.growth import play_growth
from cohort.demo.members import Enrolment, assign_coach, find_members, join_pilots, let_sign_in
from cohort.demo.milestones import give_more_time, play_milestones
from cohort.demo.nights import GAPLESS_DAYS, run_morning, run_night
from cohort.demo.shipping import deal_patterns, play_exports
from cohort.demo.sketches import Sketch, draw_firms
from cohort.demo.stage_set import COUNTRIES, PASSWORD, Cast, hash_of, open_pilot, set_stage
from cohort.demo.timeline import Agenda, Timeline, instant
from cohort.demo.trainings import play_trainings
from cohort.kit import clock
from cohort.kit.database import db, transaction
from cohort.plans.models import Plan

STAGE_SET_DAYS = 100  # before the plan's first day
PILOT_FIRMS = 3


@dataclass(frozen=True)
class Scale:
    """How large the story is: applicants and seats of the first call, applicants of the later ones, by country.

    In the last `gapless_days` every job runs every day; before them, on the days on which it has something to do.
    """

    applicants: int = 103
    seats: int = 20
    review_applicants: int = 8
    later_applicants: int = 5
    gapless_days: int = GAPLESS_DAYS


FULL = Scale()
Progress = Callable[[int, int, date], None]


@dataclass
class Story:
    """Everything that the chapters share while the story is told."""

    timeline: Timeline
    seed: int
    scale: Scale
    agenda: Agenda = field(default_factory=Agenda)
    enrolment: Enrolment = field(default_factory=Enrolment)
    due_days: list[date] = field(default_factory=list)
    password_hash: str = ""

    def draw(self, chapter: str) -> Random:
        """Return the chance of one chapter, so that a longer chapter leaves the others as they were."""
        return Random(f"{self.seed}/{chapter}")


def tell_story(timeline: Timeline, seed: int, scale: Scale = FULL, progress: Progress = lambda *_: None) -> None:
    """Build the whole demo in the empty database of this site, by services and jobs; needs the site's context."""
    story = Story(timeline, seed, scale, password_hash=hash_of(PASSWORD))
    day = timeline.from_start(-STAGE_SET_DAYS)
    with clock.at(instant(day)), transaction() as session:
        cast = set_stage(session, timeline, story.draw("stage"), story.password_hash)
    _note_chapters(story, cast)
    total = (timeline.last_day - day).days
    while day <= timeline.last_day:
        _live_through(story, day)
        progress(total - (timeline.last_day - day).days, total, day)
        day += timedelta(days=1)


def _live_through(story: Story, day: date) -> None:
    """Run one day: the jobs of its morning, what people do, the job of its night."""
    run_morning(typed(Session, db.session()), story.timeline, day, story.due_days, story.scale.gapless_days)
    acts = list(story.agenda.of(day))
    if acts:
        with transaction() as session:
            for moment, act in acts:
                with clock.at(moment):
                    act(session)
        db.session.remove()  # a session that remembers every row makes each flush slower
    run_night(typed(Session, db.session()), story.timeline, day, story.scale.gapless_days)
    db.session.remove()


def _note_chapters(story: Story, cast: Cast) -> None:
    """Put on the agenda what is known from the beginning; the rest is noted once the members are known."""
    timeline, agenda = story.timeline, story.agenda
    firms = _sketches(story)
    first = first_call(timeline, firms["first"], story.scale.seats * len(COUNTRIES))
    reserve = reserve_call(timeline, firms["reserve"])
    play_call(agenda, timeline, story.draw("first call"), cast, first)
    play_call(agenda, timeline, story.draw("reserve call"), cast, reserve)
    play_call(agenda, timeline, story.draw("review call"), cast, review_call(timeline, firms["review"], 2 * len(COUNTRIES)))
    play_call(agenda, timeline, story.draw("open call"), cast, open_call(timeline, firms["later"], 2 * len(COUNTRIES)))
    play_appeals(agenda, timeline, cast, first, reserve)
    start = timeline.starts_on
    agenda.add(start, lambda session: open_pilot(session, cast, session.get_one(Plan, cast.plan_id), start), -60)
    agenda.add(start, lambda session: join_pilots(session, cast, firms["pilot"], start), 0)
    agenda.add(start, lambda session: _meet_members(session, story, cast, [*firms["first"], *firms["pilot"]]), 30)


def _sketches(story: Story) -> dict[str, list[Sketch]]:
    """Draw the firms of every call; their numbers, and so their tax ids, never meet."""
    timeline, scale = story.timeline, story.scale
    opens, later = timeline.from_start(-90), timeline.before(21)
    drawn: dict[str, list[Sketch]] = {"first": [], "later": [], "review": []}
    for country in COUNTRIES:
        random = story.draw(f"firms {country}")
        drawn["first"] += draw_firms(random, country, scale.applicants, opens)
        drawn["later"] += draw_firms(random, country, scale.later_applicants, later, start=scale.applicants)
    beyond = scale.applicants + scale.later_applicants
    for country in COUNTRIES:  # numbered behind the 40 that the reserve call draws from
        random = story.draw(f"firms review {country}")
        drawn["review"] += draw_firms(random, country, scale.review_applicants, timeline.before(50), start=beyond + 40)
    random = story.draw("firms reserve")
    drawn["reserve"] = [
        each for each in draw_firms(random, "MX", 40, later, start=beyond) if each.ownership in ("no", "unknown", "sole_man")
    ][:6]
    drawn["pilot"] = draw_firms(story.draw("firms pilot"), "CR", PILOT_FIRMS, opens)
    return drawn


def _meet_members(session: Session, story: Story, cast: Cast, sketches: list[Sketch]) -> None:
    """Find who was chosen and note what they will do until the last day."""
    timeline, agenda = story.timeline, story.agenda
    story.enrolment.members = members = find_members(session, cast, sketches)
    let_sign_in(session, members, story.password_hash)
    assign_coach(session, cast, members, story.password_hash)
    patterns = deal_patterns(story.draw("patterns"), members)
    story.due_days = play_milestones(agenda, timeline, story.draw("milestones"), cast, members, session)
    play_exports(agenda, timeline, story.draw("exports"), cast, members, patterns)
    play_trainings(agenda, timeline, story.draw("trainings"), cast, members)
    play_growth(agenda, timeline, story.draw("growth"), cast, members)
    random = story.draw("more time")
    for each in members:
        if patterns[each.member_id] == "never" and random.random() < 0.7:
            give_more_time(agenda, timeline, random, cast, each)

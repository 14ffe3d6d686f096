"""The pilot group stands in no figure of the plan; it has a table and a list of its own."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cohort.exports.models import Export, FirmStanding, StageFlag
from cohort.kit import clock
from cohort.reports import figures, lists, pilots
from cohort.reports.figures import Group, Value
from cohort.reports.pilots import PilotLine
from cohort.reports.public import report_of
from cohort.training.models import Milestone
from tests import world as worlds
from tests.rooms.stage import Do, PagesOf
from tests.world import NOW, World

TODAY = NOW.date()
STAGES = {"CL": "becoming", "PE": "recurring"}


def _arrange(session: Session, world: World) -> None:
    """Let Peru's firm be the pilot group: recurring, with two late milestones and US$ 1,200 verified."""
    world.member(session, "PE").is_pilot = True
    session.execute(update(Milestone).values(done_on=TODAY, handed_in_on=TODAY))
    for key, numbers in (("CL", (11,)), ("PE", (11, 12))):
        for number in numbers:
            row = world.milestone(session, number, key)
            row.done_on = row.handed_in_on = None
            row.due_on = TODAY - timedelta(days=10)
    for key, stage in STAGES.items():
        standing = session.scalars(select(FirmStanding).where(FirmStanding.firm_id == world.firms[key])).one_or_none()
        standing = standing or FirmStanding(plan_id=world.plan, firm_id=world.firms[key], next_step={}, rule_version="recurrence-1", judged_on=TODAY)
        standing.stage, standing.first_export_on, standing.last_export_on = stage, date(2026, 3, 2), date(2026, 11, 2)
        session.add(standing)
        session.add(StageFlag(
            plan_id=world.plan, firm_id=world.firms[key], stage="recurring", previous_stage="becoming", rule_version="recurrence-1",
            effective_on=TODAY, raised_on=TODAY, raised_at=clock.now(), operations=[], reason={}, next_step={}))
    worlds.export_of(session, world, date(2026, 11, 2), "CL").counted_usd_cents = 50_000
    worlds.export_of(session, world, date(2026, 11, 2), "PE").counted_usd_cents = 120_000
    session.execute(update(Export).values(state="verified"))
    session.flush()


def test_no_figure_of_the_plan_counts_them(session: Session, world: World, do: Do) -> None:
    do(lambda opened: _arrange(opened, world))
    plan, since = world.plan, date(2026, 10, 1)
    assert figures.parity_today(session, plan) == {"": Group(0, 1), "CL": Group(0, 1)}
    assert figures.recurring(session, plan).total == 0
    assert figures.became_recurring(session, plan, since) == 1
    punctuality = figures.punctuality(session, plan, TODAY)
    assert (punctuality.overdue_count, punctuality.oldest_days) == (1, 10)
    assert figures.value(session, plan) == Value(50_000, 0, 0)
    assert figures.stages(session, plan) == {"becoming": 1}
    assert lists.late_by_country(session, plan, TODAY) == {"CL": 1}
    assert [(group.number, group.firm_count, group.countries) for group in lists.due_next(session, plan, TODAY)] == [(11, 1, ("CL",))]
    assert [member.country for member in lists.on_their_way(session, plan)] == ["CL"]
    report = report_of(session, world.plan_of(session), TODAY)
    assert ([line.country for line in report.countries], report.everyone.total, report.pilot_countries) == (["CL"], 1, ["PE"])


def test_they_have_their_own_line(session: Session, world: World, do: Do) -> None:
    assert pilots.pilot_lines(session, world.plan, TODAY) == []
    do(lambda opened: _arrange(opened, world))
    session.expire_all()
    assert pilots.pilot_lines(session, world.plan, TODAY) == [PilotLine("PE", 1, 1, 1, 2, 120_000)]
    assert lists.pilot_firms(session, world.plan) == {world.firms["PE"]}


def test_the_overview_and_the_sheet_show_them_apart(world: World, do: Do, pages: PagesOf) -> None:
    do(lambda opened: _arrange(opened, world))
    for path in ("/reports/overview", "/reports/print"):
        text = pages("manager").get(path).text
        assert "Pilot group" in text, path
        assert "stand outside seats, parity and every figure of the plan." in text, path
    assert "1 firm in the cohort · 1 country" in pages("manager").get("/reports/overview").text
    assert "Perú participa con un grupo piloto, que no entra en ninguna de estas cifras." in pages().get("/").text


def test_whoever_reaches_the_pilot_group_alone_reads_no_zeros(world: World, do: Do, pages: PagesOf) -> None:
    do(lambda opened: _arrange(opened, world))
    for path in ("/reports/overview", "/reports/print"):
        text = pages("peru").get(path).text
        assert "Pilot group" in text, path
        for absent in ("Recurring exporters", "From application to recurring exporter"):
            assert absent not in text, path


def test_a_work_list_marks_them(world: World, do: Do, pages: PagesOf) -> None:
    do(lambda opened: _arrange(opened, world))
    rows = [words for words in pages("manager").get("/reports/work").words if "pilot group" in words]
    assert rows == ["Peru · pilot group"]


def test_flags_are_listed_by_group(world: World, do: Do, pages: PagesOf) -> None:
    do(lambda opened: _arrange(opened, world))
    manager = pages("manager")
    assert "1 firm, the latest change first" in manager.get("/exports/flags/").text
    cohort, pilot = manager.get("/exports/flags/").text, manager.get("/exports/flags/?group=pilot").text
    assert [name in cohort for name in ("Ñandú Tejidos", "Cacao del Norte")] == [True, False]
    assert [name in pilot for name in ("Ñandú Tejidos", "Cacao del Norte")] == [False, True]

"""Tries diagnostics: who takes one, what is kept and what counts, the hand-in that follows, gains and their pages."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from sqlalchemy.orm import Session

from cohort import reference
from cohort.plans.service import leave_member
from cohort.rules.capacity import NOBODY
from cohort.training import service as training
from cohort.training.diagnostics import queries, service
from cohort.training.diagnostics.models import Diagnostic
from tests.pages import Pages
from tests.rooms.stage import Do, PagesOf, noted, refusal, rows
from tests.world import NOW, World, more_members

AREAS = [area.code for area in reference.diagnostic()]
TODAY = NOW.date()


def marks(mark: int, **others: int) -> dict[str, int]:
    return dict.fromkeys(AREAS, mark) | others


def typed(mark: int, *without: str) -> dict[str, str]:
    return {code: str(mark) for code in AREAS if code not in without} | {"taken_on": TODAY.isoformat(), "note": ""}


def take(session: Session, world: World, moment: str, given: dict[str, int], key: str = "CL", who: str = "coordinator") -> Diagnostic:
    return service.take_diagnostic(session, world.actor(session, who), world.member(session, key), moment, given, TODAY)


def test_a_diagnostic_is_appended_and_the_latest_whole_one_of_a_moment_counts(session: Session, world: World) -> None:
    first = take(session, world, "start", marks(2), who="coach")
    assert (first.marks, first.taken_on, first.recorded_at) == (marks(2), TODAY, NOW)
    assert noted(session)[0][::2] == ("diagnostic.taken", {"moment": "start", "marks": marks(2), "taken_on": TODAY})
    take(session, world, "start", {"product": 5})
    assert queries.capacity_of(session, world.member(session)).start is first, "a part does not count yet"
    second = take(session, world, "start", marks(3))
    shown = queries.capacity_of(session, world.member(session))
    assert (shown.start, shown.latest, shown.gain) == (second, second, None)
    assert [row.id for row in rows(session, Diagnostic)] == sorted(row.id for row in rows(session, Diagnostic))
    assert len(rows(session, Diagnostic)) == 3


def test_a_firm_gains_from_its_start_to_its_latest_moment(session: Session, world: World) -> None:
    take(session, world, "start", marks(2))
    take(session, world, "end", marks(4))
    take(session, world, "month_18", marks(3))
    shown = queries.capacity_of(session, world.member(session))
    assert shown.latest is not None
    assert shown.gain is not None
    assert (shown.latest.moment, shown.gain.gain) == ("end", 2)
    only_later = queries.Capacity(world.member(session), {"end": shown.taken["end"]})
    assert (only_later.start, only_later.gain) == (None, None)


def test_who_may_not_and_what_may_not(session: Session, world: World) -> None:
    member = world.member(session)
    for who in ("firmcl", "administrator", "observer", "evaluator", "nobody"):
        actor = world.actor(session, who)
        assert refusal(lambda actor=actor: service.take_diagnostic(session, actor, member, "start", marks(2), TODAY)) == "not_allowed", who
    coach = world.actor(session, "coach")
    assert refusal(lambda: service.take_diagnostic(session, coach, member, "start", {}, TODAY)) == "diagnostic_empty"
    for day in (TODAY + timedelta(days=1), date(2026, 1, 4)):
        assert refusal(lambda day=day: service.take_diagnostic(session, coach, member, "start", marks(2), day)) == "diagnostic_day"
    for text in ("0", "6", "2.5", "two", "²"):
        assert refusal(lambda text=text: service.read_marks({"team": text})) == "diagnostic_mark"
    assert service.read_marks({"team": " 4 ", "product": "", "else": "9"}) == {"team": 4}
    leave_member(session, world.actor(session, "manager"), member, TODAY, "Cerró.")
    assert refusal(lambda: service.take_diagnostic(session, coach, member, "start", marks(2), TODAY)) == "member_gone"
    assert rows(session, Diagnostic) == []


def test_a_whole_one_is_handed_in_for_its_milestone_and_somebody_else_confirms(session: Session, world: World) -> None:
    take(session, world, "start", {"product": 5}, who="coach")
    assert world.milestone(session, 4).handed_in_on is None
    take(session, world, "start", marks(2, team=3), who="coach")
    milestone = world.milestone(session, 4)
    assert (milestone.handed_in_on, [entry.text for entry in milestone.entries]) == (
        TODAY, ["Diagnóstico en siete áreas, promedio 2,1 de 5."])
    take(session, world, "start", marks(3), who="coach")
    assert len(world.milestone(session, 4).entries) == 1, "what waits is not handed in again"
    assert refusal(lambda: training.confirm(session, world.actor(session, "coach"), milestone)) == "not_yours_to_confirm"
    training.confirm(session, world.actor(session, "coordinator"), milestone)
    assert world.milestone(session, 4).done_on == TODAY
    take(session, world, "end", marks(4))
    assert world.milestone(session, 23).handed_in_on is None, "the last one wants a report besides"


def test_a_plan_counts_its_cohort_by_country(session: Session, world: World) -> None:
    more_members(session, world, 2)
    for key, before, after in (("CL", 2, 3), ("PE", 1, 3), ("X2", 2, 2)):
        take(session, world, "start", marks(before), key, "manager")
        take(session, world, "month_18", marks(after), key, "manager")
    take(session, world, "start", marks(1), "X3", "manager")
    found = queries.plan_capacity(session, world.plan)
    assert (found.everyone.firm_count, found.everyone.gained_count, found.everyone.gain) == (3, 2, Fraction(1))
    assert {code: (each.firm_count, each.gain) for code, each in found.countries.items()} == {
        "CL": (2, Fraction(1, 2)), "PE": (1, Fraction(2))}
    order = [row.member.id for row in found.firms]
    assert order == [world.members[key] for key in ("X2", "CL", "PE", "X3")], "least gain first, open ones last"
    chile = queries.plan_capacity(session, world.plan, country="CL")
    assert (chile.everyone, len(chile.firms), set(chile.countries)) == (found.countries["CL"], 3, {"CL", "PE"})
    assert queries.plan_capacity(session, world.other_plan).everyone == NOBODY


def test_the_form_keeps_what_is_filled_and_says_what_is_missing(session: Session, world: World, pages: PagesOf) -> None:
    path = f"/training/members/{world.members['CL']}/diagnostics/start"
    coach = pages("coach")
    page = coach.get(path)
    assert len([facts for facts in page.of("input") if facts.get("type") == "radio"]) == 35
    assert "Knows the cost of making it; the price is set by looking at others." in page.words
    assert "Choose the mark of one area at least." in coach.sent_back(path, taken_on=TODAY.isoformat(), note="Sin tiempo").text
    assert "Give the day on which it was taken." in coach.sent_back(path, **typed(2) | {"taken_on": "2026-02-31"}).text
    page = coach.send(path, **typed(2, "team", "logistics") | {"note": "Falta el equipo"})
    assert "Saved. 2 areas are still open; the diagnostic counts once they are marked." in page.words
    assert {"Team: not marked yet", "Logistics: not marked yet", "Falta el equipo"} <= set(page.words)
    assert len([facts for facts in page.of("input") if "checked" in facts]) == 5
    page = coach.send(path, **typed(2))
    assert {"Saved. The diagnostic counts now.", "Mean of the seven areas: 2.0 of 5."} <= set(page.words)
    assert [len(row.marks) for row in rows(session, Diagnostic)] == [5, 7]
    assert "This page is not for your role" in pages("firmcl").refused(path, 403)


def test_a_firm_sees_its_picture_on_its_own_pages(world: World, pages: PagesOf, do: Do) -> None:
    owner = pages("firmcl", "es")
    assert "Lo que su empresa sabe hacer" not in owner.get("/own").text
    do(lambda session: take(session, world, "start", marks(2), who="coach"))
    do(lambda session: take(session, world, "month_18", marks(3, team=1), who="coach"))
    for path in ("/own", f"/training/members/{world.members['CL']}"):
        page = owner.get(path)
        assert "Promedio de las siete áreas: 2,7 de 5, +0,7 desde el inicio." in page.words, path
        assert {"Equipo", "2 → 1", "Producto", "2 → 3"} <= set(page.words), path
        assert "Diagnóstico del mes 18" not in page.words, "a firm takes none"


def test_milestones_lead_to_their_diagnostic(session: Session, world: World, pages: PagesOf) -> None:
    moments = {4: "start", 20: "month_18", 23: "end", 5: None}
    coordinator, owner = pages("coordinator"), pages("firmcl")
    for number, moment in moments.items():
        path = f"/training/milestones/{world.milestone(session, number).id}"
        led = [link.rsplit("/", 1)[-1] for link in coordinator.get(path).links if "/diagnostics/" in link]
        assert led == ([moment] if moment else []), number
        assert [link for link in owner.get(path).links if "/diagnostics/" in link] == []


def test_managers_and_coordinators_see_what_was_gained(world: World, pages: PagesOf, do: Do) -> None:
    assert "No gain to show yet" in pages("manager").get("/training/capacity").words
    do(lambda session: more_members(session, world, 1))
    for key, before, after in (("CL", 2, 3), ("PE", 1, 3), ("X2", 2, 2)):
        do(lambda session, key=key, before=before: take(session, world, "start", marks(before), key, "manager"))
        do(lambda session, key=key, after=after: take(session, world, "end", marks(after), key, "manager"))
    page = pages("manager").get("/training/capacity")
    assert {"Firms gained +1.0 points on average", "67 %", "1.7 → 2.7", "Cacao del Norte", "Ñandú Tejidos"} <= set(page.words)
    assert {"Firms gained +2.0 points on average"} <= set(pages("manager").get("/training/capacity?country=PE").words)
    chile = pages("coordinator", "es").get("/training/capacity")
    assert {"Las empresas ganaron +0,5 puntos en promedio", "50 %"} <= set(chile.words)
    assert "Cacao del Norte" not in chile.text
    for who, status in (("coach", 403), ("observer", 403), ("firmcl", 403), ("stranger", 200)):
        assert pages(who).open("/training/capacity").status_code == status, who
    assert "Ñandú Tejidos" not in pages("stranger").get("/training/capacity").text


def test_other_countries_and_plans_reach_no_form(world: World, pages: PagesOf, session: Session) -> None:
    path = f"/training/members/{world.members['CL']}/diagnostics/end"
    for who, status in (("peru", 404), ("stranger", 404), ("firmpe", 403), ("observer", 403)):
        browser: Pages = pages(who)
        answer = browser.open(path, method="POST", data={"csrf_token": browser.token_of("/account/"), **typed(2)})
        assert (browser.open(path).status_code, answer.status_code) == (status, status), who
    assert pages("coach").open(path.replace("/end", "/later")).status_code == 404
    assert rows(session, Diagnostic) == []


def test_anybody_reads_the_plans_gain_once_five_firms_have_one(world: World, pages: PagesOf, do: Do) -> None:
    def gain(session: Session, keys: list[str]) -> None:
        for key in keys:
            take(session, world, "start", marks(2), key, "manager")
            take(session, world, "end", marks(3), key, "manager")

    do(lambda session: more_members(session, world, 4))
    do(lambda session: gain(session, ["CL", "X2", "X3", "X4"]))
    assert "What firms learnt to do" not in pages().get("/").text
    do(lambda session: gain(session, ["PE"]))
    page = pages("nobody").get("/")
    assert {"What firms learnt to do", "Firms gained +1.0 points on average.", "2.0 → 3.0"} <= set(page.words)
    assert "+1.0" not in page.words, "Chile has four firms, Peru one"
    assert "gained at least half a point" not in page.text, "it would say the same of every firm"

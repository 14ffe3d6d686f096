"""Assigning, declaring, scoring and settling by the services, each evaluator with their own eyes."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from cohort.firms.models import FirmPerson
from cohort.kit import audit, clock
from cohort.kit.access import SYSTEM, Role, act_as
from cohort.kit.errors import DomainError
from cohort.kit.outbox import OutboxMessage
from cohort.people import grants
from cohort.rounds.applications.service import set_aside
from cohort.rounds.decisions.appeals import answer_appeal
from cohort.rounds.decisions.fates import fates
from cohort.rounds.decisions.letters import feedback_of
from cohort.rounds.decisions.solving import answer, files_of, question_of
from cohort.rounds.decisions.words import reason_text
from cohort.rounds.models import Appeal, Application, ScoreEntry, Submission
from cohort.rounds.reviews import assigning, blind, changes, conflicts, letters, sheets, waiting
from cohort.rounds.reviews.models import Assignment, Conflict, Review, ReviewSent
from cohort.rounds.scores.service import latest_scores, score_files
from tests.rooms.rounds.conftest import World
from tests.rooms.rounds.reviews.conftest import Panel, panel_for
from tests.rooms.stage import refusal


def scores(panel: Panel) -> dict[int, int | None]:
    return {key: row.score for key, row in latest_scores(panel.session, panel.round_.id).items()}


def standing(panel: Panel, file: Application) -> list[tuple[int, str]]:
    rows = panel.session.scalars(select(Assignment).where(
        Assignment.application_id == file.id, Assignment.ended_at.is_(None)).order_by(Assignment.id))
    return [(row.evaluator_id, row.source) for row in rows]


def test_two_reviews_make_the_mean_and_one_makes_nothing(panel: Panel) -> None:
    file = panel.files[0]
    panel.give(file, "ana", "beto")
    panel.free(file, "ana", "beto")
    assert panel.send(file, "ana", 4, 3) == 720_000
    assert scores(panel) == {}  # one review of two is no score, and no zero
    assert panel.send(file, "beto", 3, 4) == 680_000
    assert scores(panel) == {file.id: 700_000}
    assert [(row.source, row.recorded_by) for row in panel.session.scalars(select(ScoreEntry))] == [("review", None)]
    with pytest.raises(DomainError) as raised:
        question_of(panel.round_, files_of(panel.session, panel.round_))
    assert (raised.value.code, raised.value.params) == ("decision_unscored", {"count": 3})


def test_a_gap_calls_a_third_by_itself_and_the_median_counts(panel: Panel) -> None:
    file = panel.files[0]
    panel.through(file, {"ana": (5, 5), "beto": (3, 3)})
    given = standing(panel, file)
    assert (given[:2], given[2][1]) == ([(panel.id("ana"), "hand"), (panel.id("beto"), "hand")], "third")
    assert scores(panel) == {}
    third = next(name for name in ("carla", "dora") if panel.id(name) == given[2][0])
    told = panel.session.scalars(select(OutboxMessage).where(
        OutboxMessage.person_id == panel.id(third), OutboxMessage.kind == letters.KIND)).all()
    assert [(row.subject_kind, row.step) for row in told] == [("round", letters.ASSIGNED)]
    panel.free(file, third)
    panel.send(file, third, 4, 4)
    assert scores(panel) == {file.id: 800_000}
    assert len(standing(panel, file)) == 3


def test_others_stay_hidden_until_ones_own_is_in(panel: Panel) -> None:
    file = panel.files[0]
    panel.give(file, "ana", "beto")
    panel.free(file, "ana", "beto")
    panel.send(file, "ana", 4, 4)
    actor = panel.as_("beto")
    for model in (Review, ReviewSent, Assignment, Conflict):
        rows = panel.session.scalars(select(model)).all()
        assert {getattr(row, "evaluator_id", getattr(row, "sent_by", 0)) for row in rows} <= {actor.person_id}, model
    assert panel.session.scalars(select(ScoreEntry)).all() == []
    held, _sheet = sheets.sheet_of(panel.session, actor, file.id)
    assert [each.points for each in sheets.others_sent(panel.session, held)] == [800_000]  # shown by the page when sent
    act_as(panel.session, SYSTEM)


def test_a_file_that_is_not_ones_own_is_not_there(panel: Panel) -> None:
    file, other = panel.files[:2]
    panel.give(file, "ana")
    beto = panel.as_("beto")
    for act in (
        lambda: sheets.file_of(panel.session, beto, file.id), lambda: sheets.declare(panel.session, beto, file.id, False),
        lambda: sheets.save(panel.session, beto, file.id, 0, {}), lambda: sheets.file_of(panel.session, beto, 10**9),
    ):
        assert refusal(act) == "not_found"
    ana = panel.as_("ana")
    assert refusal(lambda: sheets.sheet_of(panel.session, ana, other.id)) == "not_found"
    assert refusal(lambda: sheets.sheet_of(panel.session, ana, file.id)) == "review_undeclared"
    assert refusal(lambda: sheets.save(panel.session, ana, file.id, 0, {"growth": "3"})) == "review_undeclared"
    act_as(panel.session, SYSTEM)


def test_a_declared_conflict_closes_the_file_everywhere(panel: Panel) -> None:
    file = panel.files[0]
    panel.give(file, "ana", "beto")
    ana = panel.as_("ana")
    assert refusal(lambda: sheets.declare(panel.session, ana, file.id, True, "  ")) == "conflict_words"
    assert sheets.declare(panel.session, ana, file.id, True, "Mi hermana trabaja allí.") is False
    for act in (
        lambda: sheets.file_of(panel.session, ana, file.id), lambda: sheets.declare(panel.session, ana, file.id, False),
        lambda: sheets.send(panel.session, ana, file.id, 0, {}),
    ):
        assert refusal(act) == "review_barred"
    assert panel.session.scalars(select(Application).where(Application.id == file.id)).all() == []
    assert waiting.own_files(panel.session, ana) == []
    act_as(panel.session, SYSTEM)
    assert standing(panel, file) == [(panel.id("beto"), "hand")]
    ended = panel.session.scalars(select(Assignment).where(Assignment.ended_at.is_not(None))).one()
    assert (ended.evaluator_id, ended.end_reason) == (panel.id("ana"), changes.CONFLICT)
    again = panel.give(file, "ana")
    assert [(each.pair, each.kind, each.fact) for each in again.refused] == [
        ((file.id, panel.id("ana")), "other", "Mi hermana trabaja allí.")]
    assert refusal(lambda: changes.say_by_staff(
        panel.session, panel.world.manager, panel.round_, (file.id, panel.id("ana")), False, "No importa")) == "conflict_unknown"


def test_a_conflict_found_after_sending_takes_the_score_back(panel: Panel) -> None:
    file = panel.files[0]
    panel.through(file, {"ana": (4, 4), "beto": (4, 4)})
    assert scores(panel) == {file.id: 800_000}
    sheets.declare(panel.session, panel.as_("ana"), file.id, True, "La reconocí por su historia.")
    act_as(panel.session, SYSTEM)
    assert scores(panel) == {}
    panel.through(file, {"carla": (3, 3)})
    assert scores(panel) == {file.id: 700_000}
    assert panel.session.scalar(select(func.count(ReviewSent.id))) == 3  # nothing sent is ever lost


def test_detected_links_bar_at_once_and_say_why(panel: Panel) -> None:
    firm = panel.files[0].firm
    assert firm is not None
    contact = panel.session.scalars(select(FirmPerson).where(FirmPerson.firm_id == firm.id)).first()
    assert contact is not None
    contact.email, contact.name = "ventas@mail.panelcl.lat", "RÍOS, Beto Andrés"
    firm.owner_group = "Grupo Carla Mena"
    given = panel.give(panel.files[0], "ana", "beto", "carla", "dora")
    assert [pair[1] for pair in given.given] == [panel.id("dora")]
    assert {(each.pair[1], each.kind, each.fact) for each in given.refused} == {
        (panel.id("ana"), "domain", "mail.panelcl.lat"), (panel.id("beto"), "name", "RÍOS, Beto Andrés"),
        (panel.id("carla"), "owner", "Grupo Carla Mena")}
    pair = (panel.files[0].id, panel.id("beto"))
    changes.say_by_staff(panel.session, panel.world.manager, panel.round_, pair, False, "Otra persona del mismo nombre.")
    assert panel.give(panel.files[0], "beto").given == (pair,)
    panel.free(panel.files[0], "beto")  # a word of staff is not overruled by detecting the same again
    assert panel.give(panel.files[0], "ana").refused[0].kind == "domain"


def test_a_link_that_appears_later_bars_at_the_declaration(panel: Panel) -> None:
    file = panel.files[0]
    panel.give(file, "ana")
    assert file.firm_id is not None
    grants.give(panel.session, SYSTEM, panel.evaluators["ana"], Role.COACH, panel.world.plan.id, "CL", file.firm_id)
    assert sheets.declare(panel.session, panel.as_("ana"), file.id, False) is False
    act_as(panel.session, SYSTEM)
    words = conflicts.words_on(panel.session, panel.round_.id)[file.id, panel.id("ana")]
    assert (words.has_conflict, words.source, words.kind) == (True, "detected", "past_link")


def test_who_reads_names_in_another_role_reviews_no_blind_file(world: World) -> None:
    panel = panel_for(world)
    grants.give(panel.session, SYSTEM, panel.evaluators["ana"], Role.COORDINATOR, world.plan.id, "PE", None)
    chile, peru = panel.files[0], panel.files[3]
    assert (chile.country, peru.country) == ("CL", "PE")
    assert [each.kind for each in panel.give(peru, "ana").refused] == ["role"]
    assert panel.give(chile, "ana").given == ((chile.id, panel.id("ana")),)
    assert panel.session.scalars(select(Conflict)).all() == []  # their work as a coordinator goes on


def test_two_windows_never_overwrite_each_other(panel: Panel) -> None:
    file = panel.files[0]
    panel.give(file, "ana")
    panel.free(file, "ana")
    ana = panel.as_("ana")
    first = sheets.save(panel.session, ana, file.id, 0, {"readiness": "3", "comment": "uno"})
    assert (first.version, first.marks, first.comment) == (1, {"readiness": 3}, "uno")
    assert refusal(lambda: sheets.save(panel.session, ana, file.id, 0, {"readiness": "5"})) == "review_stale"
    assert refusal(lambda: sheets.send(panel.session, ana, file.id, 0, {"readiness": "5", "growth": "5"})) == "review_stale"
    assert sheets.sheet_of(panel.session, ana, file.id)[1].marks == {"readiness": 3}
    for mark in ("6", "-1", "dos"):
        assert refusal(lambda mark=mark: sheets.save(panel.session, ana, file.id, 1, {"readiness": mark})) == "review_mark"
    with pytest.raises(DomainError) as raised, panel.session.begin_nested():
        sheets.send(panel.session, ana, file.id, 1, {"readiness": "5"})
    assert raised.value.code == "review_open_criteria"
    act_as(panel.session, SYSTEM)


def test_a_review_is_reopened_with_a_reason_until_others_are_seen(panel: Panel) -> None:
    file = panel.files[0]
    panel.give(file, "ana", "beto")
    panel.free(file, "ana", "beto")
    assert refusal(lambda: sheets.reopen_own(panel.session, panel.as_("ana"), file.id, "x")) == "review_not_sent"
    panel.send(file, "ana", 4, 4)
    ana = panel.as_("ana")
    assert refusal(lambda: sheets.save(panel.session, ana, file.id, 1, {})) == "review_sent"
    assert refusal(lambda: sheets.reopen_own(panel.session, ana, file.id, " ")) == "reason_missing"
    sheets.reopen_own(panel.session, ana, file.id, "Me equivoqué de archivo.")
    act_as(panel.session, SYSTEM)
    panel.send(file, "ana", 3, 3)
    panel.send(file, "beto", 3, 3)
    assert scores(panel) == {file.id: 600_000}
    assert refusal(lambda: sheets.reopen_own(panel.session, panel.as_("ana"), file.id, "Otra vez")) == "review_others_seen"
    act_as(panel.session, SYSTEM)
    sheets.reopen(panel.session, panel.world.manager, panel.round_, file.id, panel.id("ana"), "Pidió corregir.")
    assert scores(panel) == {}
    panel.send(file, "ana", 4, 3)
    assert scores(panel) == {file.id: 660_000}
    review = panel.review(file, "ana")
    sent = panel.session.scalars(select(ReviewSent.points).where(ReviewSent.review_id == review.id).order_by(ReviewSent.id))
    assert sent.all() == [800_000, 600_000, 720_000]
    with panel.session.begin_nested():
        audit.seal(panel.session)
    acts = [(entry.action, (audit.changes(entry) or ({}, {}))[1].get("reason")) for entry in audit.history_of(panel.session, review)]
    assert acts[::-1] == [
        ("review.sent", None), ("review.reopened", "Me equivoqué de archivo."), ("review.sent", None),
        ("review.reopened", "Pidió corregir."), ("review.sent", None)]


def test_a_mark_too_low_cannot_be_selected_whatever_the_points(panel: Panel) -> None:
    low, good = panel.files[:2]
    panel.through(low, {"ana": (5, 0), "beto": (5, 1)})
    panel.through(good, {"ana": (4, 4), "beto": (4, 4)})
    files = files_of(panel.session, panel.round_)
    assert [each.id for each in files.pool] == [good.id]
    assert [each.id for each in files.low_mark] == [low.id]
    assert scores(panel)[low.id] == 640_000  # above the lowest score of 60
    for file in panel.files[2:]:
        panel.through(file, {"carla": (4, 4), "dora": (4, 4)})
    files = files_of(panel.session, panel.round_)
    found = answer(question_of(panel.round_, files))
    fate = {each.id: told for each, told in fates(panel.round_, files, found)}[low.id]
    assert (fate["outcome"], fate["place"], fate["score"]) == ("not_selected", None, 640_000)
    assert reason_text(fate["reason"], fate["reason_params"], panel.round_.protocol) == "marked too low in: Criterion growth"


def test_ending_and_moving_need_a_reason_and_keep_what_was_sent(panel: Panel) -> None:
    file, other = panel.files[:2]
    panel.through(file, {"ana": (4, 4), "beto": (4, 4)})
    panel.give(other, "ana")
    rows = changes.standing_of_evaluator(panel.session, panel.round_.id, panel.id("ana"))
    assert [row.application_id for row in rows] == [file.id, other.id]
    manager = panel.world.manager
    assert refusal(lambda: changes.end(panel.session, manager, panel.round_, rows, " ")) == "reason_missing"
    assert refusal(lambda: changes.move(panel.session, manager, panel.round_, rows, panel.id("ana"), "x")) == "move_same"
    assert refusal(lambda: changes.end(panel.session, panel.actor("ana"), panel.round_, rows, "x")) == "not_allowed"
    given = changes.move(panel.session, manager, panel.round_, rows, panel.id("carla"), "Enferma.")
    assert given.given == ((file.id, panel.id("carla")), (other.id, panel.id("carla")))
    assert scores(panel) == {}
    assert standing(panel, other) == [(panel.id("carla"), "hand")]
    [last] = changes.standing_of_evaluator(panel.session, panel.round_.id, panel.id("beto"))
    assert changes.end(panel.session, manager, panel.round_, [last], "Se retira.") == 1
    assert panel.session.scalar(select(func.count(ReviewSent.id))) == 2


def test_foreign_files_evaluators_and_calls_without_reviews_are_refused(panel: Panel) -> None:
    manager, round_ = panel.world.manager, panel.round_
    outsider = panel.world.people["observer"].id
    for pairs in ([(10**9, panel.id("ana"))], [(panel.files[0].id, outsider)], [(panel.files[0].id, 10**9)]):
        assert refusal(lambda pairs=pairs: assigning.give(panel.session, manager, round_, pairs, "hand")) == "assign_foreign"
    assert refusal(lambda: assigning.give(panel.session, manager, round_, [], "hand")) == "assign_nothing"
    assert refusal(lambda: assigning.give(panel.session, panel.actor("ana"), round_, [(1, 1)], "hand")) == "not_allowed"
    round_.status = "decided"
    assert refusal(lambda: assigning.fill(panel.session, manager, round_)) == "reviews_not_open"
    round_.protocol = {**round_.protocol, "reviews": None}
    assert refusal(lambda: assigning.fill(panel.session, manager, round_)) == "reviews_off"


def test_scores_may_still_be_brought_in_and_a_review_does_not_take_them_back(panel: Panel) -> None:
    file = panel.files[0]
    score_files(panel.session, panel.world.manager, panel.round_, {file.id: 650_000})
    panel.give(file, "ana")
    panel.free(file, "ana")
    panel.send(file, "ana", 5, 5)
    assert scores(panel) == {file.id: 650_000}  # not complete: what was typed stands


def test_only_the_late_are_reminded_and_the_mail_knows_what_is_true(panel: Panel) -> None:
    first, second = panel.files[:2]
    panel.through(first, {"ana": (4, 4)})
    panel.give(second, "beto")
    panel.give(first, "carla")
    panel.free(first, "carla")
    late = [person for person, counts in waiting.counts_of(panel.session, panel.round_.id).items() if counts.open_count]
    assert set(late) == {panel.id("beto"), panel.id("carla")}
    assert [letters.remind(panel.session, panel.round_, late), letters.remind(panel.session, panel.round_, late)] == [2, 0]
    mails = {row.person_id: row for row in panel.session.scalars(select(OutboxMessage).where(
        OutboxMessage.kind == letters.KIND, OutboxMessage.step == letters.REMINDED))}
    assert set(mails) == set(late)
    said = letters.still_waiting(panel.session, mails[panel.id("carla")])
    assert said is not None
    assert (said["declare"], said["score"], said["is_reminder"]) == (0, 1, True)
    panel.send(first, "carla", 4, 4)
    assert letters.still_waiting(panel.session, mails[panel.id("carla")]) is None


def test_a_blind_file_shows_nothing_of_who_it_is(panel: Panel) -> None:
    file = panel.files[0]
    firm = file.firm
    assert firm is not None
    said = {**file.answers, "product": f"Chales de {firm.name.upper()} por Rosa Quispe", "story": f"RUT {file.tax_id}: desde 2019",
            "owner_story": "La dueña es Rosa"}
    panel.session.add(Submission(application_id=file.id, answers=said, receipt_hash="h", submitted_at=clock.now(), submitted_by=None))
    panel.give(file, "ana")
    panel.free(file, "ana")
    panel.as_("ana")
    shown = blind.shown_to_evaluator(panel.session, panel.round_, file)
    text = repr(shown).lower()
    for secret in (firm.name, file.tax_id, "Rosa", "Quispe", str(file.answers["company_name"]), "60", "dueña"):
        assert secret.lower() not in text, secret
    assert ("Your story", "RUT ▒▒▒: desde 2019") in shown.answers
    assert shown.who == ()
    act_as(panel.session, SYSTEM)


def test_an_open_review_shows_who_it_is_but_not_who_owns_it(world: World) -> None:
    panel = panel_for(world, is_blind=False)
    file = panel.files[0]
    panel.give(file, "beto")
    panel.free(file, "beto")
    panel.as_("beto")
    shown = blind.shown_to_evaluator(panel.session, panel.round_, file)
    assert dict(shown.who) == {"Name of the firm": file.firm.name if file.firm else "", "Tax number": file.tax_id, "Person": "Rosa Quispe"}
    assert "About the owner" in dict(shown.answers)
    act_as(panel.session, SYSTEM)


def test_every_file_gets_its_reviews_by_balance(world: World) -> None:
    panel = panel_for(world, each=3)
    done = assigning.fill(panel.session, world.manager, panel.round_)
    assert (len(done.given), done.short) == (24, {})
    counts = waiting.counts_of(panel.session, panel.round_.id)
    assert sorted(each.all_count for each in counts.values()) == [6, 6, 6, 6]
    again = assigning.fill(panel.session, world.manager, panel.round_)
    assert (again.given, again.short) == ((), {})
    set_aside(panel.session, world.manager, panel.files, "Prueba.")
    assert assigning.to_review(panel.session, panel.round_.id) == []


def test_files_that_nobody_is_free_for_are_named(panel: Panel) -> None:
    file = panel.files[0]
    for name in ("ana", "beto", "carla"):
        changes.say_by_staff(panel.session, panel.world.manager, panel.round_, (file.id, panel.id(name)), True, "Vínculo.")
    done = assigning.fill(panel.session, panel.world.manager, panel.round_)
    assert done.short == {file.id: 1}
    assert standing(panel, file) == [(panel.id("dora"), "balance")]


def test_severity_waits_for_every_file(world: World) -> None:
    panel = panel_for(world, final="severity")
    marks: list[dict[str, tuple[int, ...]]] = [
        {"ana": (3, 3), "beto": (4, 4)}, {"beto": (3, 3), "carla": (3, 3)}, {"carla": (2, 2), "dora": (2, 2)}, {"dora": (4, 4), "ana": (3, 3)}]
    for file, given in zip(panel.files[:3], marks[:3], strict=True):
        panel.through(file, given)
    assert scores(panel) == {}
    panel.through(panel.files[3], marks[3])
    # Ana gives 20 less than any other on what they share: 15 below the mean of the four, who stand 5 above it
    assert [scores(panel)[each.id] for each in panel.files] == [750_000, 550_000, 350_000, 750_000]


def test_letters_carry_the_feedback_that_counts_and_no_judge_reviewed_the_file(panel: Panel) -> None:
    file, manager = panel.files[0], panel.world.people["second"]
    grants.give(panel.session, SYSTEM, manager, Role.EVALUATOR, panel.world.plan.id, None, None)
    panel.round_.protocol = {**panel.round_.protocol, "reviews": {**panel.round_.protocol["reviews"], "is_blind": False}}
    panel.evaluators["second"] = manager
    panel.give(file, "ana", "beto", "second")
    panel.free(file, "ana", "beto", "second")
    for name in ("ana", "beto", "second"):
        panel.send(file, name, 4, 4, feedback=f"De {name}.")
    sheets.declare(panel.session, panel.as_("beto"), file.id, True, "La reconocí.")
    act_as(panel.session, SYSTEM)
    assert feedback_of(panel.session, [file.id]) == {file.id: ["De ana.", "De second."]}
    appeal = Appeal(application_id=file.id, text="Revisen.", filed_on=clock.today(), filed_at=clock.now(), filed_by=None, due_on=clock.today())
    panel.session.add(appeal)
    panel.session.flush()
    assert refusal(lambda: answer_appeal(panel.session, panel.actor("second"), appeal, True, "Sí.")) == "appeal_own_score"

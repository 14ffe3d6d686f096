"""The pages of evaluators and of the manager, from assigning to the score, with everything that must be refused."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from cohort.kit import clock, mail
from cohort.kit.access import SYSTEM, Role
from cohort.kit.outbox import OutboxMessage
from cohort.people import grants
from cohort.rounds.models import Appeal, Application, Round, ScoreEntry
from cohort.rounds.reviews.models import Assignment, Review
from tests.pages import Pages, sign_in_as
from tests.rooms.rounds.conftest import AFTER, Site, World
from tests.rooms.rounds.reviews.conftest import Panel, panel_for


@dataclass
class Desk:
    """The site with a closed, reviewed call, by its numbers."""

    site: Site
    round_id: int
    files: dict[str, int]  # country → file
    codes: dict[str, str]
    people: dict[str, int]

    def browser(self, name: str) -> Pages:
        return sign_in_as(self.site.app, self.people[name])

    def act(self, what: Callable[[Panel], object]) -> object:
        def inside(world: World) -> object:
            round_ = world.session.get_one(Round, self.round_id)
            files = list(world.session.scalars(select(Application).order_by(Application.id)))
            by_mail = {name: world.people[name] for name in ("ana", "beto", "carla", "dora")}
            return what(Panel(world, round_, files, by_mail))

        return self.site.do(inside)

    @property
    def board(self) -> str:
        return f"/rounds/{self.round_id}/reviews"


@pytest.fixture
def desk(doors: Site) -> Desk:
    found: dict[str, object] = {}

    def arrange(world: World) -> None:
        panel = panel_for(world)
        found["round"] = panel.round_.id
        found["files"] = {each.country: each.id for each in panel.files}
        found["codes"] = {each.country: each.code for each in panel.files}
        found["people"] = {name: person.id for name, person in world.people.items()}

    doors.do(arrange)
    clock.pin(AFTER)
    return Desk(doors, found["round"], found["files"], found["codes"], found["people"])  # type: ignore[arg-type]


def version_of(browser: Pages, path: str) -> str:
    return re.findall(r'name="version" value="(\d+)"', browser.open(path).text)[0]


def test_an_evaluator_lands_on_their_files_and_goes_from_one_to_the_next(desk: Desk) -> None:
    chile, peru = desk.files["CL"], desk.files["PE"]
    browser = desk.browser("ana")
    assert browser.open("/home").headers["Location"] == "/rounds/reviews/"
    assert "Nothing waits for you" in browser.get("/rounds/reviews/").text
    desk.act(lambda panel: [panel.give(file, "ana") for file in panel.files if file.id in (chile, peru)])
    home = browser.get("/rounds/reviews/")
    assert "2 files to declare" in home.text
    assert browser.open(f"/rounds/reviews/{chile}").headers["Location"] == f"/rounds/reviews/{chile}/conflict"
    page = browser.get(f"/rounds/reviews/{chile}/conflict")
    assert desk.codes["CL"] in page.text
    assert "Chile" in page.text
    for secret in ("Firmacl0", "Chales"):
        assert secret not in page.text
    refused = browser.post(f"/rounds/reviews/{chile}/conflict", status=422)
    assert "Please check these points" in refused.text
    assert browser.post(f"/rounds/reviews/{chile}/conflict", has_conflict="no").headers["Location"] == f"/rounds/reviews/{chile}"
    sheet = browser.get(f"/rounds/reviews/{chile}")
    assert "Chales de alpaca" in sheet.text
    assert "readiness anchor 3" in sheet.text
    for secret in ("Firmacl0", "Rosa", "Quispe", "76000001", "women", "Women"):
        assert secret not in sheet.text, secret
    saved = browser.send(f"/rounds/reviews/{chile}", **{"version": "0", "mark-readiness": "4", "comment": "Bien", "action": "save"})
    assert "Saved. You can go on with it any time." in saved.text
    assert "1 criterion has no mark yet." in saved.text
    kept = browser.post(f"/rounds/reviews/{chile}", status=422, version="1", comment="Muy bien", action="send", **{"mark-readiness": "5"})
    assert 'href="#mark-growth"' in kept.text
    assert "Muy bien" in kept.text
    typed = {"version": "1", "mark-readiness": "5", "mark-growth": "4", "comment": "Muy bien", "action": "send"}
    answer = browser.post(f"/rounds/reviews/{chile}", **typed)
    assert answer.headers["Location"] == "/rounds/reviews/"  # the other file is not declared yet
    home = browser.get("/rounds/reviews/")
    assert "1 file to declare" in home.text
    assert "Sent in" in home.text
    assert "92 of 100 points" in browser.get(f"/rounds/reviews/{chile}").text


def test_what_is_typed_is_saved_by_script_with_its_version(desk: Desk) -> None:
    chile = desk.files["CL"]
    desk.act(lambda panel: (panel.give(panel.files[0], "ana"), panel.free(panel.files[0], "ana")))
    browser, path = desk.browser("ana"), f"/rounds/reviews/{chile}"
    token = browser.token_of(path)

    def save(**typed: str) -> tuple[int, dict[str, object]]:
        answer = browser.open(path + "/save", method="POST", data={"csrf_token": token, **typed})
        return answer.status_code, answer.get_json()

    status, answer = save(version="0", **{"mark-readiness": "3"})
    assert (status, answer["version"], answer["left"], answer["points"]) == (200, 1, "1 criterion has no mark yet.", "")
    status, answer = save(version="1", **{"mark-readiness": "3", "mark-growth": "5"})
    assert (status, answer["version"], answer["points"]) == (200, 2, "76 of 100 points")
    status, answer = save(version="1", **{"mark-readiness": "0"})
    assert (status, list(answer)) == (409, ["message"])
    assert save(version="2", **{"mark-readiness": "6"})[0] == 422
    assert save(version="x", **{"mark-readiness": "1"})[0] == 409
    stale = browser.check(path, browser.open(path, method="POST", data={
        "csrf_token": token, "version": "1", "mark-readiness": "0", "comment": "mío", "action": "save"}), 409)
    assert "changed in another window" in stale.text
    assert "mío" in stale.text
    assert re.findall(r'name="version" value="(\d+)"', browser.open(path).text) == ["2"]
    assert desk.act(lambda panel: panel.review(panel.files[0], "ana").marks) == {"readiness": 3, "growth": 5}


def test_a_closed_or_foreign_file_answers_by_number_with_words(desk: Desk) -> None:
    chile, peru = desk.files["CL"], desk.files["PE"]
    desk.act(lambda panel: (panel.give(panel.files[0], "ana"), panel.give(panel.files[3], "beto")))
    browser = desk.browser("ana")
    told = browser.send(f"/rounds/reviews/{chile}/conflict", has_conflict="yes", reason="Es de mi prima.")
    assert "The file is closed to you" in told.text
    for path in (f"/rounds/reviews/{chile}", f"/rounds/reviews/{chile}/conflict", f"/rounds/reviews/{chile}/reopen"):
        assert "A conflict of interest closes this file to you." in browser.refused(path, 403), path
    for path in (f"/rounds/reviews/{peru}", f"/rounds/reviews/{peru}/conflict", "/rounds/reviews/999999"):
        assert "not yours to see" in browser.refused(path, 404), path
    token = browser.token_of("/rounds/reviews/")
    for path, status in ((f"/rounds/reviews/{chile}", 403), (f"/rounds/reviews/{chile}/save", 403), (f"/rounds/reviews/{peru}/save", 404)):
        answer = browser.open(path, method="POST", data={"csrf_token": token, "version": "0", "mark-growth": "5"})
        assert answer.status_code == status, path
    for path in (desk.board, f"/rounds/{desk.round_id}/files", f"/rounds/{desk.round_id}/files/{chile}", f"{desk.board}/files/{chile}"):
        assert browser.open(path).status_code == 403
    assert desk.act(lambda panel: panel.session.scalars(select(Review)).all()) == []


def test_the_manager_assigns_by_hand_and_reads_why_not(desk: Desk) -> None:
    browser = desk.browser("manager")
    assert "4 files lack an evaluator." in browser.get(desk.board).text
    page = browser.get(desk.board + "/assign")
    assert "Ana Soto" in page.text
    told = browser.send(desk.board + "/assign", file=str(desk.files["CL"]), evaluator=[str(desk.people["ana"]), str(desk.people["beto"])])
    assert "2 reviews were assigned." in told.text
    assert "Choose an evaluator" in browser.send(desk.board + "/assign", file=str(desk.files["CL"])).text
    assert "not of this call" in browser.send(desk.board + "/assign", file="999", evaluator=str(desk.people["ana"])).text
    desk.act(lambda panel: setattr(panel.files[3].firm, "owner_group", "Grupo Carla Mena"))
    told = browser.send(desk.board + "/assign", file=str(desk.files["PE"]), evaluator=str(desk.people["carla"]))
    assert "name or group of the owners: Grupo Carla Mena" in told.text
    word = f"{desk.board}/conflicts/{desk.files['PE']}/{desk.people['carla']}"
    assert "Lift a conflict" in browser.get(word).text
    browser.sent_back(word, reason=" ")
    assert "no conflict, noted by staff" in browser.send(word, reason="Es otra Carla Mena.").text
    told = browser.send(desk.board + "/assign?all=yes", file=str(desk.files["PE"]), evaluator=str(desk.people["carla"]))
    assert "1 review was assigned." in told.text


def test_a_sheet_is_shown_first_and_applied_whole(desk: Desk) -> None:
    browser, path = desk.browser("manager"), desk.board + "/sheet"
    code, other = desk.codes["CL"], desk.codes["PE"]
    good = f"file\tevaluator\n{code}\tana@panelcl.lat\n{code}\tbeto@panelpe.lat\n{other};CARLA@panelco.lat"
    shown = browser.check(path, browser.open(path, method="POST", data={"csrf_token": browser.token_of(path), "sheet": good}), 200)
    assert "3 reviews would be assigned" in shown.text
    assert "3 files would still lack an evaluator." in shown.text
    assert desk.act(lambda panel: panel.session.scalars(select(Assignment)).all()) == []
    done = browser.send(path, sheet=good, apply="yes")
    assert "3 reviews were assigned." in done.text
    faulty = "\n".join((f"{code}\tana@panelcl.lat", f"{code}\tana@panelcl.lat", "NADIE\tana@panelcl.lat",
                        f"{other}\tnadie@panelcl.lat", f"{other}"))
    back = browser.post(path, status=422, sheet=faulty)
    for words in ("4 lines cannot be taken", "stand on line 1 already", "“NADIE” is no file of this call",
                  "“nadie@panelcl.lat” is no evaluator", "The line needs a code and a mail address"):
        assert words in Pages.check(browser, path, back, 422).text, words
    assert "The sheet has faults" in browser.post(path, status=422, sheet=faulty, apply="yes").text
    assert "The sheet has no lines" in browser.post(path, status=422, sheet="\n").text
    desk.act(lambda panel: setattr(panel.files[3].firm, "owner_group", "Grupo Dora Paz"))
    barred = browser.post(path, status=422, sheet=f"{other}\tdora@panelmx.lat\n{other}\tana@panelcl.lat")
    assert "Dora Paz may not review" in barred.text
    assert len(desk.act(lambda panel: panel.session.scalars(select(Assignment)).all())) == 3  # type: ignore[arg-type]


def test_the_manager_fills_reminds_checks_moves_and_ends(desk: Desk) -> None:
    browser = desk.browser("manager")
    assert "8 reviews were assigned." in browser.send(desk.board + "/fill", desk.board).text
    board = browser.get(desk.board)
    assert "Reviews: 0 of 4 files complete" in board.text
    assert "4 evaluators are reminded." in browser.send(desk.board + "/remind", desk.board).text
    assert "reminded today already" in browser.send(desk.board + "/remind", desk.board).text
    desk.act(lambda panel: setattr(panel.files[0].firm, "owner_group", "Grupo Ana Soto"))
    check = f"{desk.board}/conflicts?evaluator={desk.people['ana']}"
    assert "Not noted yet" in browser.get(check).text
    assert "1 file is closed to its evaluator now." in browser.send(check).text
    assert "Closed to them" in browser.get(check).text
    assert "No link is known" in browser.get(f"{desk.board}/conflicts?evaluator={desk.people['beto']}").text
    own = f"{desk.board}/evaluators/{desk.people['beto']}"
    reading = browser.get(own)
    files = [each["value"] for each in reading.of("input") if each.get("name") == "file"]
    assert len(files) == 2
    assert "Say why" in browser.send(own, file=files[0], action="end", reason="", to_evaluator=str(desk.people["ana"])).text
    assert "1 assignment ended." in browser.send(own, file=files[0], action="end", reason="Enfermo").text
    moved = browser.send(own, file=files[1], action="move", reason="Enfermo", to_evaluator=str(desk.people["dora"]))
    assert re.search("1 review was assigned|stood already", moved.text)
    assert "This evaluator has no file" in browser.get(own).text
    assert browser.open(f"{desk.board}/evaluators/{desk.people['observer']}").status_code == 404
    for path in ("/scores", f"/files/{desk.files['PE']}", "?state=short", "?state=complete"):
        browser.get(desk.board + path)


def test_a_third_review_and_the_score_reach_the_manager(desk: Desk) -> None:
    chile = desk.files["CL"]
    desk.act(lambda panel: panel.through(panel.files[0], {"ana": (5, 5), "beto": (2, 2)}))
    browser = desk.browser("manager")
    board = browser.get(desk.board + "?state=apart")
    assert "100 · 40" in board.text
    third = desk.act(lambda panel: panel.session.scalars(select(Assignment.evaluator_id).where(Assignment.source == "third")).one())
    name = next(name for name, key in desk.people.items() if key == third)
    desk.act(lambda panel: (panel.free(panel.files[0], name), panel.send(panel.files[0], name, 4, 4, comment="Sólida.", feedback="Mejore el empaque.")))
    page = browser.get(f"{desk.board}/files/{chile}")
    for words in ("80 of 100 points", "as third review", "Sólida.", "Mejore el empaque."):
        assert words in page.text, words
    scores = browser.get(desk.board + "/scores").text.splitlines()
    assert [line for line in scores if " · " in line and "80" in line] == ["100 · 40 · 80"]
    own = desk.browser("ana").get(f"/rounds/reviews/{chile}")
    assert "you see the other scores" in own.text
    assert "Beto" not in own.text
    again = f"{desk.board}/files/{chile}/reopen/{desk.people['beto']}"
    browser.get(again)
    browser.sent_back(again, reason=" ")
    assert "Re-opened: does not count now" in browser.send(again, reason="Pidió corregir.").text
    assert desk.act(lambda panel: panel.session.scalars(select(ScoreEntry.score).order_by(ScoreEntry.id)).all()) == [800_000, None]


def test_one_s_own_review_is_reopened_on_its_page(desk: Desk) -> None:
    chile = desk.files["CL"]
    desk.act(lambda panel: panel.through(panel.files[0], {"ana": (3, 3)}))
    browser = desk.browser("ana")
    browser.get(f"/rounds/reviews/{chile}/reopen")
    browser.sent_back(f"/rounds/reviews/{chile}/reopen", reason=" ")
    assert "It counts again once you send it in" in browser.send(f"/rounds/reviews/{chile}/reopen", reason="Error mío.").text
    assert "has not been sent in" in browser.follow(f"/rounds/reviews/{chile}/reopen").text


def test_a_call_without_reviews_says_so(desk: Desk) -> None:
    desk.act(lambda panel: setattr(panel.round_, "protocol", {**panel.round_.protocol, "reviews": None}))
    browser = desk.browser("manager")
    for path in ("", "/assign", "/sheet", "/conflicts", "/scores", f"/evaluators/{desk.people['ana']}", f"/files/{desk.files['CL']}"):
        assert "takes its scores from elsewhere" in browser.refused(desk.board + path, 409), path
    assert "Scores" in browser.get(f"/rounds/{desk.round_id}").text


def test_the_mail_says_counts_and_nothing_of_a_firm(desk: Desk) -> None:
    desk.act(lambda panel: panel.give(panel.files[0], "ana"))

    def written(panel: Panel) -> list[str]:
        row = panel.session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "review_waiting")).one()
        found = []
        for language in ("es", "en"):
            row.language = language
            said = mail.write(desk.site.app, row, {**row.params, "declare": 1, "score": 2})
            found.append(said.subject + said.text + said.html)
        return found

    spanish, english = desk.act(written)  # type: ignore[misc]
    assert "1 file to declare free of conflicts" in english
    assert "2 files to score" in english
    for text in (spanish, english):
        assert "/rounds/reviews/" in text
        assert "Firmacl0" not in text
        assert desk.codes["CL"] not in text




def test_whoever_reads_names_in_another_role_stays_blind_elsewhere(desk: Desk) -> None:
    """Ana also coordinates Peru: she scores a blind file of Chile, which no page of her other role shows her."""
    chile, peru = desk.files["CL"], desk.files["PE"]

    def both(panel: Panel) -> None:
        grants.give(panel.session, SYSTEM, panel.evaluators["ana"], Role.COORDINATOR, panel.world.plan.id, "PE", None)
        panel.give(panel.files[0], "ana")
        panel.free(panel.files[0], "ana")

    desk.act(both)
    browser, base = desk.browser("ana"), f"/rounds/{desk.round_id}"
    assert desk.codes["CL"] in browser.get(f"/rounds/reviews/{chile}").text
    for path in (base, base + "/files", base + "/scores"):
        text = browser.get(path).text
        assert "Firmacl0" not in text, path
        assert desk.codes["CL"] not in text, path
    assert "Firmape0" in browser.get(base + "/files").text
    browser.refused(f"{base}/files/{chile}", 404)
    browser.refused(f"{base}/files/{chile}/country", 404)
    browser.get(f"{base}/files/{peru}")


def test_an_appeal_names_no_firm_to_its_evaluator(desk: Desk) -> None:
    def appealed(panel: Panel) -> int:
        panel.give(panel.files[0], "ana")
        panel.round_.status, panel.round_.decided_at = "decided", clock.now()
        appeal = Appeal(application_id=panel.files[0].id, text="Pedimos revisar.", filed_on=clock.today(), filed_at=clock.now(),
                        filed_by=None, due_on=clock.today())
        panel.session.add(appeal)
        panel.session.flush()
        return appeal.id

    number = desk.act(appealed)
    evaluator, manager = desk.browser("ana"), desk.browser("manager")
    assert "Firmacl0" not in evaluator.get(f"/rounds/{desk.round_id}").text
    evaluator.refused(f"/rounds/{desk.round_id}/appeals/{number}", 404)
    assert "Firmacl0" in manager.get(f"/rounds/{desk.round_id}").text


@pytest.mark.parametrize(("name", "content", "words"), [
    ("a.csv", "archivo,correo,nota\n{code},ana@panelcl.lat,x\n", "1 review would be assigned"),
    ("a.csv", "codigo;evaluadora\n{code};BETO@panelpe.lat\n", "1 review would be assigned"),
    ("a.csv", "firma,nombre\n{code},Ana\n", "needs a column “file” and a column “evaluator”"),
    ("a.xlsx", "PK\x03\x04 roto", "cannot be read as a table"),
    ("a.csv", "", "cannot be read as a table"),
])
def test_a_sheet_may_be_a_file(desk: Desk, name: str, content: str, words: str) -> None:
    browser, path = desk.browser("manager"), desk.board + "/sheet"
    upload = (io.BytesIO(content.format(code=desk.codes["CL"]).encode()), name)
    answer = browser.open(path, method="POST", data={"csrf_token": browser.token_of(path), "file": upload})
    assert words in browser.check(path, answer, 200 if "would be" in words else 422).text

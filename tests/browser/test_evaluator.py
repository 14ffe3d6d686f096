"""An evaluator's way: declares, reads a blind file, marks it by keyboard while it saves itself, sends it in; a third is called."""

from __future__ import annotations

from playwright.sync_api import Browser

from cohort.demo.sketches import MAIL_DOMAIN
from tests.browser.reviewing import RUBRIC, code_of, mailbox
from tests.browser.site import Site, words
from tests.browser.visitor import Visitor
from tests.browser.walks import Walk


def files_of(site: Site, walk: Walk) -> list[tuple[int, str, str]]:
    """The files of the walk's call that Eva was given, oldest first: number, code, name of the firm."""
    return site.rows(
        "SELECT a.id, a.code, f.legal_name FROM assignment g JOIN application a ON a.id = g.application_id JOIN firm f ON f.id = a.firm_id "
        "JOIN person p ON p.id = g.evaluator_id WHERE p.email = ? AND g.source = 'hand' ORDER BY g.assigned_at, g.id",
        f"{mailbox('eva', walk)}@{MAIL_DOMAIN}")  # type: ignore[return-value]


def saved(visitor: Visitor) -> None:
    """Wait until the sheet says that it is saved."""
    visitor.page.wait_for_function(
        "start => document.querySelector('[data-sheet-status]').textContent.startsWith(start)",
        arg=words(visitor.walk.language, "Saved at %(time)s").split("%")[0].strip())


def mark_by_keys(visitor: Visitor, marks: str) -> None:
    for key in marks:
        visitor.page.keyboard.press(key)
    assert visitor.page.evaluate("document.activeElement.id") == "comment"


def declare_conflict(site: Site, visitor: Visitor, file: tuple[int, str, str]) -> None:
    """The oldest file is not theirs to judge: it closes at once, by its number too."""
    number, code, firm = file
    assert code in visitor.text()
    visitor.click(".page-head__actions .button--main, .page-head__actions .button")
    assert firm not in visitor.page.content()
    visitor.tick("has_conflict", "yes")
    visitor.write("#reason", "Trabaja allí alguien de mi familia.")
    visitor.press_main()
    assert code not in visitor.text()
    answer = visitor.get(f"/rounds/reviews/{number}")
    assert answer.status == 403
    assert firm not in answer.text()
    assert site.rows("SELECT has_conflict, source FROM conflict WHERE application_id = ? ORDER BY id DESC LIMIT 1", number) == [(1, "declared")]


def test_an_evaluator_scores_a_blind_file_by_keyboard_and_a_third_is_called(site: Site, chromium: Browser, walk: Walk) -> None:
    first, second = files_of(site, walk)
    visitor = site.visit_as(chromium, walk, mailbox("eva", walk))
    visitor.open("/home")
    assert visitor.page.url.endswith("/rounds/reviews/")
    [(waiting,)] = site.rows(
        "SELECT count(*) FROM assignment g JOIN person p ON p.id = g.evaluator_id WHERE p.email = ? AND g.ended_at IS NULL",
        f"{mailbox('eva', walk)}@{MAIL_DOMAIN}")
    assert waiting >= 2  # the manager of another test may have given more
    assert visitor.heading().startswith(str(waiting))
    declare_conflict(site, visitor, first)
    number, code, firm = second
    visitor.click(".page-head__actions .button")
    visitor.tick("has_conflict", "no")
    visitor.press_main()
    assert visitor.page.url.endswith(f"/rounds/reviews/{number}")
    assert code in visitor.heading()
    assert firm not in visitor.page.content()
    mark_by_keys(visitor, "445")
    visitor.page.keyboard.type("Sólida, con pedidos.")
    saved(visitor)
    assert site.rows("SELECT marks, comment FROM review WHERE application_id = ? AND version > 0 AND sent_at IS NULL", number) == [
        ('{"readiness": 4, "capacity": 4, "growth": 5}', "Sólida, con pedidos.")]
    look_from_a_second_window(visitor, number)
    visitor.click("#marks .button--main")
    [(points,)] = site.rows("SELECT s.points FROM review_sent s JOIN review r ON r.id = s.review_id WHERE r.application_id = ? ORDER BY s.id DESC LIMIT 1", number)
    assert points == sum(weight * mark for (_name, weight, *_), mark in zip(RUBRIC, (3, 4, 5), strict=True)) * 2_000
    assert site.rows("SELECT count(*) FROM assignment WHERE application_id = ? AND source = 'third' AND ended_at IS NULL", number) == [(1,)]
    visitor.open(f"/rounds/reviews/{number}")
    assert "Otto" not in visitor.page.content()
    assert words(walk.language, "Your review is in, so you see the other scores of this file") in visitor.text()
    visitor.close()


def look_from_a_second_window(visitor: Visitor, number: int) -> None:
    """What another window saved is never overwritten: the first one says so, and goes on from what stands."""
    other = visitor.context.new_page()
    other.goto(f"{visitor.address}/rounds/reviews/{number}")
    other.locator("label[for='mark-readiness-3']").click()
    other.wait_for_function("() => document.querySelector('input[name=version]').value > 1")
    other.close()
    visitor.page.locator("#comment").press_sequentially(" Más.")
    stale = words(visitor.walk.language, "This sheet was changed in another window meanwhile. Nothing was overwritten: compare, then save again.")
    visitor.page.wait_for_function("words => document.querySelector('[data-sheet-status]').textContent === words", arg=stale)
    assert [each for each in visitor.faults if "409" in each] == visitor.faults
    visitor.faults.clear()
    visitor.page.once("dialog", lambda dialog: dialog.accept())
    visitor.open(f"/rounds/reviews/{number}")
    assert visitor.page.locator("#mark-readiness-3").is_checked()


def test_a_sheet_is_saved_without_scripts(site: Site, chromium: Browser, walk: Walk) -> None:
    otto = mailbox("otto", walk)
    number = files_of(site, walk)[0][0]
    site.visit_as(chromium, walk, otto).close()
    visitor = site.visit_as(chromium, walk, otto, with_scripts=False)
    visitor.open(f"/rounds/reviews/{number}")
    if "conflict" in visitor.page.url:
        visitor.page.locator("label:has(input[name=has_conflict][value=no])").click()
        visitor.press_main()
    visitor.page.locator("label[for='mark-growth-4']").click()
    visitor.click("#marks .button--quiet")
    assert visitor.page.locator("#mark-growth-4").is_checked()
    assert site.rows("SELECT r.marks FROM review r JOIN person p ON p.id = r.evaluator_id WHERE r.application_id = ? AND p.email = ?",
                     number, f"{otto}@{MAIL_DOMAIN}") == [('{"growth": 4}',)]
    visitor.close()


def test_a_manager_fills_the_board_and_reads_conflicts(site: Site, chromium: Browser, walk: Walk) -> None:
    [(round_id,)] = site.rows("SELECT id FROM round WHERE code = ?", code_of(walk))
    visitor = site.visit_as(chromium, walk, "direccion")
    visitor.open(f"/rounds/{round_id}")
    visitor.click(f"main a[href='/rounds/{round_id}/reviews']")
    visitor.click("form[action$='/reviews/fill'] button")
    [(lacking,)] = site.rows(
        "SELECT count(*) FROM application a WHERE a.round_id = ? AND a.status = 'submitted' AND a.eligible <> 'no' AND (SELECT count(*) FROM assignment g WHERE g.application_id = a.id AND g.ended_at IS NULL) < 2",
        round_id)
    assert lacking == 0
    for path in ("conflicts", "assign?all=yes", "sheet", "scores"):
        visitor.open(f"/rounds/{round_id}/reviews/{path}")
    visitor.open(f"/rounds/{round_id}/reviews")
    visitor.click("form[action$='/reviews/remind'] button", first=True)
    assert site.rows("SELECT count(*) > 0 FROM outbox_message WHERE kind = 'review_waiting' AND step = 1 AND subject_id = ?", round_id) == [(1,)]
    visitor.close()

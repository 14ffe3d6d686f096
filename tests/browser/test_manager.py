"""A manager opens a call, pastes scores, sees list, reasons and effect of the rules, proposes, and publishes what was sealed once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.conftest import ROOT
from tests.browser.site import Site, words
from tests.browser.visitor import Visitor
from tests.browser.walks import Walk

MANAGER = "direccion"


def test_a_manager_starts_a_call_from_a_ready_template(site: Site, chromium: Browser, walk: Walk) -> None:
    visitor = site.visit_as(chromium, walk, MANAGER)
    visitor.open("/home")
    assert visitor.heading() == words(walk.language, "Month %(number)s of %(total)s", number=14, total=27)
    assert visitor.page.locator("main table").count() >= 2
    visitor.click("main a[href$='/rounds/new']")
    code = f"new-{walk.name}"
    visitor.write("#code", code)
    visitor.press_main()
    visitor.click("main a[href$='/open']")
    visitor.write("#rare_reason", "Son pocas en el registro; se espera a más.")
    visitor.click("main form.confirm .button--main")
    assert site.rows("SELECT status, seats, length(protocol_hash), length(seed_hash) FROM round WHERE code = ?", code) == [("open", 40, 64, 64)]
    visitor.open(f"/calls/{code}")
    assert site.rows("SELECT protocol_hash FROM round WHERE code = ?", code)[0][0] in visitor.text()
    visitor.close()


def scores_as_pasted(site: Site, walk: Walk) -> str:
    """Return two columns as a spreadsheet of the manager's country puts them on the clipboard: a tab, a decimal comma."""
    eligible = site.rows("SELECT a.code FROM application a JOIN round r ON r.id = a.round_id WHERE r.code = ? AND a.eligible = 'yes' ORDER BY a.id", walk.code)
    return "\n".join(f"{code}\t{70 + number},{number}" for number, (code,) in enumerate(eligible))


def paste_scores(site: Site, visitor: Visitor, walk: Walk, round_id: int) -> None:
    visitor.open(f"/rounds/{round_id}")
    visitor.click("main a[href$='/scores']", first=True)
    visitor.click("main a[href$='/scores/paste']")
    text = scores_as_pasted(site, walk)
    visitor.write("#sheet", text.replace("\t71,1", "\tseventy"))
    visitor.press_main(refused=True)
    assert "seventy" in visitor.text()
    visitor.write("#sheet", text)
    visitor.press_main()
    visitor.click("main button[name=apply]")
    count = text.count("\n") + 1
    assert site.rows("SELECT count(*) FROM score_entry s JOIN application a ON a.id = s.application_id WHERE a.round_id = ?", round_id) == [(count,)]


def test_a_manager_decides_on_pasted_scores_and_anybody_verifies(site: Site, chromium: Browser, walk: Walk, tmp_path: Path) -> None:
    [(round_id,)] = site.rows("SELECT id FROM round WHERE code = ?", walk.code)
    visitor = site.visit_as(chromium, walk, MANAGER)
    paste_scores(site, visitor, walk, round_id)
    visitor.open(f"/rounds/{round_id}/decide")
    assert visitor.page.locator(".key-figure").count() == 3
    assert words(walk.language, "Effect of each rule") in visitor.text()
    listed = visitor.page.locator("main table").first.locator("tbody tr")
    assert listed.count() >= 4
    visitor.language = "es"  # the act is a document in Spanish, whoever opens it
    visitor.click("main a[href$='/act']")
    assert visitor.page.locator(".printable").count() == 1
    visitor.language = walk.language
    visitor.page.go_back()

    visitor.open(f"/rounds/{round_id}/what-if")
    assert visitor.page.locator("main table").first.locator("tbody tr").count() == 10
    visitor.page.go_back()
    visitor.click("form[action$='/propose'] button")
    assert visitor.page.locator("form[action$='/seal']").count() == 0  # whoever proposed does not seal
    agreed_by_each_country(site, chromium, walk, round_id)
    sealed_by_another(site, chromium, walk, round_id)
    visitor.open(f"/rounds/{round_id}/result")
    assert site.rows("SELECT count(*) FROM decision WHERE round_id = ?", round_id) == [(1,)]
    assert site.rows("SELECT count(*) FROM seat s JOIN application a ON a.id = s.application_id WHERE a.round_id = ? AND s.outcome = 'selected'", round_id) == [(4,)]
    visitor.click("main a[href$='/publish']")
    visitor.write("#rare_reason", "Son pocas, y la regla es la misma para todos los países.")
    visitor.click("main form.confirm .button--main")
    seats_offered(site, visitor, round_id)
    visitor.close()
    verified_by_anybody(site, chromium, walk, tmp_path)


def seats_offered(site: Site, visitor: Visitor, round_id: int) -> None:
    """The act is recorded, the letters are read and sent, and two firms say yes by telephone: they are members."""
    visitor.click("main a[href$='/seats']")
    visitor.write("#number", "Resolución 7/2026")
    visitor.press_main()
    visitor.click("main a[href$='/letters']")
    visitor.click("form[action$='/letters'] button")
    for _firm in range(2):
        visitor.click("main a[href*='/seats/']", first=True)
        visitor.only("button.button--main").click()
        visitor.page.wait_for_load_state()
    assert site.rows("SELECT count(*) FROM member WHERE round_id = ?", round_id) == [(2,)]


def agreed_by_each_country(site: Site, chromium: Browser, walk: Walk, round_id: int) -> None:
    """Each coordinator verifies the ownership of its country's provisional seats, and agrees."""
    for coordinator in ("chile", "peru"):  # the countries of these calls
        visitor = site.visit_as(chromium, walk, coordinator)
        visitor.open(f"/rounds/{round_id}")
        visitor.click("main a[href$='/proposal']")
        for _claim in range(visitor.page.locator("main a[href$='/ownership']").count()):
            visitor.click("main a[href$='/ownership']", first=True)
            visitor.tick("answer", "yes")
            visitor.write("#reason", "Vimos la escritura.")
            visitor.press_main()
        visitor.click("form[action$='/concur'] button")
        visitor.close()


def sealed_by_another(site: Site, chromium: Browser, walk: Walk, round_id: int) -> None:
    """The administrator seals with a double click, and it is sealed once."""
    visitor = site.visit_as(chromium, walk, "admin")
    visitor.open(f"/rounds/{round_id}/proposal")
    with visitor.page.expect_navigation(url="**/result"):
        visitor.only("form[action$='/seal'] button").dblclick(no_wait_after=True)
    visitor.page.wait_for_load_state()
    visitor.look()
    visitor.close()


def verified_by_anybody(site: Site, chromium: Browser, walk: Walk, folder: Path) -> None:
    """Somebody without an account takes the record, and the command says “same” in a folder that holds nothing else."""
    visitor = site.visit(chromium, walk)
    visitor.open(f"/calls/{walk.code}")
    visitor.speak()
    href = visitor.only("a[href$='/record.json']").get_attribute("href")
    answer = visitor.get(str(href))
    assert answer.ok
    record = folder / "record.json"
    record.write_bytes(answer.body())
    verify = [sys.executable, "-c", "from cohort.cli import main; main()", "verify"]
    same = subprocess.run([*verify, record.name], cwd=folder, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True, timeout=60, check=False)
    assert (same.returncode, sorted(path.name for path in folder.iterdir())) == (0, ["record.json"]), same.stderr
    changed = json.loads(record.read_text())
    left_out = next(row["code"] for row in changed["rows"] if row["code"] not in changed["result"]["selected"])
    changed["result"]["selected"][0] = left_out
    record.write_text(json.dumps(changed))
    differs = subprocess.run([*verify, record.name], cwd=folder, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True, timeout=60, check=False)
    assert differs.returncode == 3
    visitor.close()


def test_the_paths_of_a_manager_lead_on(site: Site, chromium: Browser, walk: Walk) -> None:
    """Every entry of the menu opens, at this width and in this language."""
    visitor = site.visit_as(chromium, walk, MANAGER)
    visitor.open("/home")
    places = visitor.page.locator("header nav a").evaluate_all("links => [...new Set(links.map(link => link.getAttribute('href')))]")
    assert len(places) >= 9
    for place in places:
        visitor.open(place)
        assert visitor.page.locator("header nav a[aria-current=page]").count() == 2, place  # once on a desk, once on a phone
    visitor.close()



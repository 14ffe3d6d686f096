"""A manager's first minutes in the demo: a call that the plan is too short for, and a closed one, scored by a sheet."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from cohort.kit.tables import open_table, write_xlsx
from tests.browser.site import Site, words
from tests.browser.visitor import Visitor
from tests.browser.walks import WALKS, Walk

MANAGER = "direccion"
CLOSED = "2026-1"  # the demo's own call, which waits for scores


def test_a_call_that_the_plan_is_too_short_for_says_so_and_what_to_do(site: Site, chromium: Browser, walk: Walk) -> None:
    visitor = site.visit_as(chromium, walk, MANAGER)
    visitor.open("/rounds/new")
    too_soon = words(walk.language, "The plan ends too soon for the firms of this call")
    assert too_soon not in visitor.text()
    visitor.write("#code", f"late-{walk.name}")
    visitor.write("#closes_at", "2027-03-10T23:59")
    visitor.press_main()
    draft = visitor.page.url
    assert too_soon in visitor.text()
    visitor.click("main .notice a[href*='/extend']")
    assert visitor.page.locator("#ends_on").input_value() == "2028-04-30"
    visitor.click("main form.form-frame .button--text")
    assert visitor.page.url == draft
    visitor.click("main a[href$='/open']")
    assert too_soon in visitor.text()
    visitor.close()


def filled(visitor: Visitor, folder: Path, more: float) -> tuple[Path, dict[str, float]]:
    """Take the sheet of the page, write points into it as a person does, and return it with the points by code."""
    href = visitor.only("main a[href$='/scores/sheet.xlsx']").get_attribute("href")
    answer = visitor.get(str(href))
    assert answer.ok
    empty, full = folder / "empty.xlsx", folder / "full.xlsx"
    empty.write_bytes(answer.body())
    table = open_table(empty)
    lines = [list(cells.values()) for _row, cells in table.rows]
    points = {line[0]: 61.125 + place + more for place, line in enumerate(lines)}
    with full.open("wb") as book:
        write_xlsx(book, table.columns, [[*line[:-1], points[line[0]]] for line in lines], "scores")
    return full, points


def test_a_manager_scores_a_closed_call_by_the_sheet_and_prints_the_draft_act(
    site: Site, chromium: Browser, walk: Walk, tmp_path: Path
) -> None:
    [(round_id, status)] = site.rows("SELECT id, status FROM round WHERE code = ?", CLOSED)
    assert status == "closed"
    visitor = site.visit_as(chromium, walk, MANAGER)
    visitor.open("/home")
    visitor.click(f"main a[href$='/rounds/{round_id}']", first=True)
    visitor.click("main a[href$='/scores']", first=True)
    file, points = filled(visitor, tmp_path, WALKS.index(walk) / 4)
    visitor.click("main a[href$='/scores/paste']")
    visitor.page.locator("#file").set_input_files(file)
    visitor.press_main()
    assert visitor.page.locator("main tbody tr").count() == len(points) >= 4
    visitor.click("main button[name=apply]")
    held = site.rows(
        "SELECT a.code, s.score FROM score_entry s JOIN application a ON a.id = s.application_id WHERE s.id IN"
        " (SELECT max(id) FROM score_entry GROUP BY application_id) AND a.round_id = ?", round_id)
    assert dict(held) == {code: round(value * 10_000) for code, value in points.items()}
    visitor.open(f"/rounds/{round_id}/decide")
    assert words(walk.language, "Effect of each rule") in visitor.text()
    visitor.language = "es"  # the act is a document in Spanish, whoever opens it
    visitor.click("main a[href$='/act']")
    assert visitor.heading() == "Borrador del acta de selección"
    visitor.language = walk.language
    visitor.close()

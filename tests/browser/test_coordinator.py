"""A coordinator works through the list: verifies by keyboard, confirms in place, prepares a message; the list shrinks."""

from __future__ import annotations

import re

from playwright.sync_api import Browser

from tests.browser.site import Site
from tests.browser.visitor import Visitor
from tests.browser.walks import Walk

DOCUMENT = {"CL": "DUSSI", "CO": "DEX", "MX": "PEDIMENTO", "PE": "DEF"}


def counts(visitor: Visitor) -> list[int]:
    """Return how much is to verify, to confirm, to call; the heading says the same: “7 to verify, 4 to call”."""
    found = [visitor.page.locator(f"#{part} [data-work-row]").count() for part in ("verify", "confirm", "call")]
    assert [int(number) for number in re.findall(r"\d+", visitor.heading()) if number != "0"] == [count for count in found if count]
    return found


def press(visitor: Visitor, *keys: str) -> None:
    for key in keys:
        visitor.page.keyboard.press(key)


def verify_by_keyboard(visitor: Visitor, document: str, number: str) -> None:
    """From the work list: next row, open it, document, number, Enter; no mouse, no touch."""
    press(visitor, "j")
    first = visitor.page.locator("[data-work-row]").first
    assert visitor.page.evaluate("document.activeElement === document.querySelector('[data-work-row]')")
    href = first.locator("[data-work-open]").get_attribute("href")
    with visitor.page.expect_navigation(url=f"**{href}"):
        press(visitor, "Enter")
    visitor.look()
    assert visitor.page.evaluate("document.activeElement.id") == "document_type"
    names = visitor.page.locator("#document_type option").evaluate_all("all => all.map(each => each.value)")
    press(visitor, *["ArrowDown"] * names.index(document), "Tab")
    visitor.page.keyboard.type(number)
    with visitor.page.expect_navigation():
        press(visitor, "Enter")
    visitor.page.wait_for_load_state()
    visitor.look()


def test_a_coordinator_verifies_the_first_export_by_keyboard(site: Site, chromium: Browser, walk: Walk) -> None:
    visitor = site.visit_as(chromium, walk, walk.coordinator)
    visitor.open("/home")
    before = counts(visitor)
    [(waiting,)] = site.rows("SELECT count(*) FROM export WHERE origin = ? AND state = 'waiting'", walk.country)
    assert before[0] == waiting >= 2
    verify_by_keyboard(visitor, DOCUMENT[walk.country], f"DOC{walk.country}77")
    assert site.rows("SELECT state, evidence_level FROM export WHERE document_number = ?", f"DOC{walk.country}77") == [("verified", 3)]
    visitor.open("/home")
    assert counts(visitor) == [before[0] - 1, *before[1:]]
    visitor.close()


def test_a_coordinator_confirms_a_milestone_in_place(site: Site, chromium: Browser, walk: Walk) -> None:
    visitor = site.visit_as(chromium, walk, walk.coordinator)
    visitor.open("/home")
    before = counts(visitor)
    visitor.click("#confirm form.post-button button", first=True)
    assert visitor.page.url.endswith("/reports/work#confirm"), visitor.text()
    after = counts(visitor)
    assert (after[0], after[1]) == (before[0], before[1] - 1)
    assert site.rows(
        "SELECT count(*) FROM milestone_entry e JOIN firm f ON f.id = e.firm_id WHERE e.kind = 'confirmed' AND f.country = ? AND date(e.recorded_at) = '2026-11-24'",
        walk.country) == [(1,)]
    visitor.close()


def test_a_coordinator_prepares_a_message_for_whatsapp(site: Site, chromium: Browser, walk: Walk) -> None:
    [(member_id, firm_id, phone)] = site.rows(
        "SELECT m.id, m.firm_id, p.phone FROM member m JOIN firm f ON f.id = m.firm_id JOIN firm_person p ON p.firm_id = f.id WHERE f.country = ? AND NOT m.is_pilot ORDER BY m.id LIMIT 1",
        walk.country)
    visitor = site.visit_as(chromium, walk, walk.coordinator)
    visitor.open(f"/training/members/{member_id}")
    visitor.click("main a[href$='/whatsapp']")
    text = visitor.only("#text").input_value()
    assert len(text) > 40
    visitor.press_main()
    href = str(visitor.only("main a[href^='https://wa.me/']").get_attribute("href"))
    assert href.startswith(f"https://wa.me/{phone.lstrip('+')}?text=")
    assert site.rows("SELECT kind, text FROM contact_note WHERE firm_id = ? ORDER BY id DESC LIMIT 1", firm_id) == [("whatsapp", text)]
    visitor.close()

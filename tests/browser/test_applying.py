"""An owner whom nobody invited finds a call and applies, by mailed link, with and without JavaScript."""

from __future__ import annotations

from playwright.sync_api import Browser

from cohort.demo.sketches import tax_id_of
from tests.browser.site import Site, words
from tests.browser.visitor import Visitor
from tests.browser.walks import WALKS, Walk


def apply(site: Site, visitor: Visitor, walk: Walk, number: int) -> str:
    """Walk from the public page to the receipt; return the address that applied."""
    email = f"owner{number}@{walk.name}.example.test"
    visitor.open("/")
    visitor.speak()
    visitor.click("main a[href='/calls/']", first=True)
    visitor.click("main a[href$='/calls/2026-2']")
    visitor.click("main a[href$='/apply/2026-2']")
    visitor.write("#email", email)
    visitor.choose("#country", walk.country)
    visitor.press_main()
    assert email in visitor.text()

    visitor.open(site.mailed_link(email))
    visitor.click("main form.post-button button")
    tax_id, digit = tax_id_of(walk.country, number)
    visitor.write("#tax_id", tax_id)
    if digit:
        visitor.write("#check_digit", digit)
    visitor.press_main()
    fill_in(visitor, walk)
    visitor.click("main form.post-button button")
    return email


def fill_in(visitor: Visitor, walk: Walk) -> None:
    """Answer both pages of the form as a firm that a woman owns and leads."""
    visitor.write("#company_name", f"Telar de prueba {walk.name}")
    visitor.write("#contact_name", "Elisa Prueba")
    visitor.write("#product", "Chales de alpaca")
    visitor.tick("travels", "parcel")
    visitor.tick("sells_online", "now")
    visitor.write("#founded_on", "2019-03-01")
    visitor.write("#exports_count", "1")
    visitor.choose("#sales_year", "2025")
    visitor.write("#annual_sales", "60000000" if walk.country in ("CL", "CO") else "300000")
    visitor.write("#employees", "4")
    visitor.tick("form", "company")
    visitor.press_main()
    visitor.write("#women_ownership_pct", "60")
    for name in ("women_control", "woman_signatory", "independent"):
        visitor.tick(name, "yes")
    visitor.write("#board_total", "0")
    visitor.tick("data_notice")
    visitor.press_main()


def receipts(site: Site, visitor: Visitor, walk: Walk, email: str) -> list[tuple[str, str, int]]:
    """Check that the page shows code and receipt; return state and eligibility of the file and how many receipts were mailed."""
    assert visitor.heading().startswith(words(walk.language, "We have your application"))
    [(code, status, eligible, receipt)] = site.rows(
        "SELECT a.code, a.status, a.eligible, a.receipt_hash FROM application a JOIN person p ON p.id = a.applicant_id WHERE p.email = ?", email)
    assert code in visitor.text()
    assert receipt in visitor.text()
    [(mails,)] = site.rows("SELECT count(*) FROM outbox_message WHERE address = ? AND kind = 'application_receipt'", email)
    return [(status, eligible, mails)]


def test_an_owner_applies_without_an_invitation(site: Site, chromium: Browser, walk: Walk) -> None:
    visitor = site.visit(chromium, walk)
    email = apply(site, visitor, walk, 7000 + WALKS.index(walk))
    assert receipts(site, visitor, walk, email) == [("submitted", "yes", 1)]
    visitor.close()


def test_an_owner_applies_without_javascript(site: Site, chromium: Browser, walk: Walk) -> None:
    visitor = site.visit(chromium, walk, with_scripts=False)
    email = apply(site, visitor, walk, 7010 + WALKS.index(walk))
    assert receipts(site, visitor, walk, email) == [("submitted", "yes", 1)]
    visitor.close()


def test_a_faulty_form_keeps_what_was_typed_and_leads_to_the_fault(site: Site, chromium: Browser, walk: Walk) -> None:
    visitor = site.visit(chromium, walk)
    visitor.open("/apply/2026-2")
    visitor.speak()
    visitor.choose("#country", walk.country)
    visitor.press_main(refused=True)
    assert visitor.page.locator("#email").get_attribute("aria-invalid") == "true"
    assert visitor.page.locator("#country").input_value() == walk.country
    visitor.only("[data-error-summary] a").click()
    assert visitor.page.evaluate("document.activeElement.id") == "email"
    visitor.close()

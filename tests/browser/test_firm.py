"""An owner opens a one-use link, logs an export with a photo in a few actions, and reads who checks it by when."""

from __future__ import annotations

import re

from playwright.sync_api import Browser

from tests.browser.site import Site, words
from tests.browser.visitor import Visitor
from tests.browser.walks import WALKS, Walk

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8ffff3f0005fe02fea735817e0000000049454e44ae426082")
PHOTO = {"name": "guia.png", "mimeType": "image/png", "buffer": PIXEL}


def open_by_link(site: Site, visitor: Visitor, walk: Walk) -> None:
    """Ask for a link by mail, open it, land on the firm's own page."""
    address = site.facts["firms"][walk.country]
    visitor.open("/sign-in/link")
    visitor.speak()
    visitor.write("#email", address)
    visitor.press_main()
    link = site.mailed_link(address)
    visitor.page.goto(link)
    visitor.look()
    visitor.language = ""  # from here on the person's own language, until the switch
    with visitor.page.expect_navigation():
        visitor.page.locator("main form.post-button button").click()
    visitor.language = walk.language
    visitor.speak()
    visitor.look()
    answer = visitor.context.request.get(link)
    assert answer.status == 410  # used up


def log_export(visitor: Visitor, walk: Walk, product: str) -> None:
    """Log one export from the firm's own page, in fewer than ten actions, photo included."""
    visitor.actions = 0
    visitor.click("main a[href$='/exports/new']", first=True)
    destination = "MX" if walk.country != "MX" else "CL"
    visitor.tick("destination", destination)
    visitor.write("#amount", "1.234")
    visitor.write("#product", product)
    visitor.choose("#channel", str(visitor.page.locator("#channel option").nth(1).get_attribute("value")))
    visitor.page.locator("#proof").set_input_files(PHOTO)  # type: ignore[arg-type]
    visitor.actions += 1
    visitor.press_main(refused=True)
    assert visitor.page.locator("form.form-frame").count() == 1, "an ambiguous value is read back before it is saved"
    assert words(walk.language, "Is this the value?") in visitor.text()
    visitor.press_main()
    assert visitor.actions < 10


def received(site: Site, visitor: Visitor, walk: Walk, product: str) -> list[tuple[str, str, int]]:
    """Check that the page says until when it is checked; return state, origin and number of proofs of what was saved."""
    begins = words(walk.language, "Received. Your coordinator checks it by %(day)s. %(next)s", day="@", next="@").split("@")[0]
    assert begins in visitor.text()
    assert re.search(r"(diciembre|December|noviembre|November)", visitor.told()[0])
    return site.rows(
        "SELECT e.state, e.origin, (SELECT count(*) FROM export_proof p WHERE p.export_id = e.id) FROM export e WHERE e.product = ?", product)


def test_an_owner_logs_an_export_in_under_ten_actions(site: Site, chromium: Browser, walk: Walk) -> None:
    visitor = site.visit(chromium, walk)
    open_by_link(site, visitor, walk)
    assert visitor.page.locator(".quarter-squares").count() == 1
    log_export(visitor, walk, f"Chales {walk.name}")
    assert received(site, visitor, walk, f"Chales {walk.name}") == [("waiting", walk.country, 1)]
    for path in ("/own", "/exports/", "/training/own", "/firms/own", "/account/"):
        visitor.open(path)
    visitor.close()


def test_an_owner_logs_an_export_without_javascript(site: Site, chromium: Browser, walk: Walk) -> None:
    visitor = site.visit(chromium, walk, with_scripts=False)
    open_by_link(site, visitor, walk)
    log_export(visitor, walk, f"Mantas {walk.name}")
    assert received(site, visitor, walk, f"Mantas {walk.name}") == [("waiting", walk.country, 1)]
    visitor.close()


def test_the_first_page_of_a_phone_is_light(site: Site, chromium: Browser) -> None:
    """A first visit on a phone loads at most 150 KB, fonts, pictures and scripts included."""
    visitor = site.visit(chromium, WALKS[1])
    sizes: list[int] = []
    visitor.page.on("response", lambda answer: sizes.append(int(answer.headers.get("content-length") or 0)))
    visitor.open("/sign-in")
    visitor.page.wait_for_load_state("networkidle")
    assert len(sizes) >= 4
    assert sum(sizes) <= 150_000, sizes
    visitor.close()

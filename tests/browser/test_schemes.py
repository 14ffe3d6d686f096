"""The dark scheme keeps its contrast, and paper shows the page without its frame."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.browser.site import Site
from tests.browser.walks import WALKS

OPEN_PAGES = ("/", "/calls/", "/calls/2026-2", "/calls/2025-1", "/apply/2026-2", "/open-data/", "/sign-in")
STAFF_PAGES = ("/reports/overview", "/rounds/1", "/rounds/1/result", "/firms/", "/exports/", "/exports/flags/", "/training/", "/plans/current")


def test_the_dark_scheme_keeps_its_contrast(site: Site, chromium: Browser) -> None:
    for walk, mailbox, pages in ((WALKS[0], "direccion", STAFF_PAGES), (WALKS[1], "hilosdelsur", ("/own", "/exports/new", "/training/own"))):
        visitor = site.visit_as(chromium, walk, mailbox, scheme="dark")
        for path in (*OPEN_PAGES, *pages):
            visitor.open(path)
        ground = visitor.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert sum(int(part) for part in ground[4:-1].split(",")) < 150, ground
        visitor.close()


def test_paper_shows_the_words_without_the_frame(site: Site, chromium: Browser) -> None:
    visitor = site.visit_as(chromium, WALKS[0], "direccion")
    for path in ("/reports/print", "/rounds/1/act", "/reports/overview", "/rounds/1/result"):
        visitor.page.emulate_media(media="screen")
        visitor.open(path)
        visitor.page.emulate_media(media="print")
        assert visitor.page.locator("header.rail >> visible=true").count() == 0
        assert visitor.page.locator("main .button >> visible=true").count() == 0
        assert visitor.page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--ground').trim()") == "#ffffff"
        assert len(visitor.text()) > 400
    visitor.close()

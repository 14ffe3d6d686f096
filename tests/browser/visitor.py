"""Walks through the site as one person does and looks at every page: access, language, width, console, requests."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request

from tests.browser.walks import Walk

AXE = (Path(__file__).parents[1] / "vendor" / "axe.min.js").read_text("utf-8")
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN_AXE = """async (tags) => {
  const found = await axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations'], elementRef: false});
  return found.violations.map(each => each.id + ': ' + each.nodes.slice(0, 3).map(node => node.html.slice(0, 160) + ' – ' + node.failureSummary.slice(0, 300)).join(' | '));
}"""
MEASURE = """() => ({
  language: document.documentElement.lang, headings: document.querySelectorAll('h1').length,
  wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  policy: window.cohortPolicy || [], notices: document.querySelectorAll('.notice').length,
  faults: document.querySelectorAll('[data-error-summary]').length, title: document.title,
})"""
NOTE_POLICY = """window.cohortPolicy = [];
document.addEventListener('securitypolicyviolation', each => window.cohortPolicy.push(each.violatedDirective + ' ' + each.blockedURI));"""


class Visitor:
    """One person in one browser; each step ends with a look at the page."""

    def __init__(
        self, address: str, walk: Walk, context: BrowserContext, seen: set[tuple[object, ...]], scheme: str, with_scripts: bool
    ) -> None:
        self.address, self.walk, self.context, self.scheme, self.with_scripts = address, walk, context, scheme, with_scripts
        self.seen, self.actions = seen, 0
        context.set_default_timeout(20_000)
        if with_scripts:
            context.add_init_script(NOTE_POLICY)
        self.page: Page = context.new_page()
        self.faults: list[str] = []
        self.refusals, self.language = 0, walk.language
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("request", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        # A refused form answers 422, which the browser notes in its console as a failed load.
        if "422" in message.text and self.refusals:
            self.refusals -= 1
        elif message.type in ("error", "warning"):
            self.faults.append(f"console: {message.text} ({self.page.url})")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.faults.append(f"request to another host: {request.url}")

    def close(self) -> None:
        """End the visit; whatever was noted meanwhile fails the test."""
        self.context.close()
        assert self.faults == [], self.faults

    def look(self, scheme: str = "") -> None:
        """Check the page that is shown; axe reads each kind of page once a width, language and scheme."""
        shown = self.page.evaluate(MEASURE)
        assert shown["language"] == (self.language or shown["language"]), f"language of {self.page.url}"
        assert shown["headings"] == 1, f"{shown['headings']} h1 on {self.page.url}"
        assert shown["wide"] <= 0, f"{self.page.url} is {shown['wide']} px wider than its window of {self.walk.width}"
        assert shown["policy"] == []
        assert self.faults == [], self.faults
        kind = re.sub(r"\d+|/sign-in/link/\S+", "#", urlsplit(self.page.url).path)
        key = (kind, shown["notices"], shown["faults"], self.walk.name, scheme or self.scheme)
        if key not in self.seen and self.with_scripts:
            self.page.evaluate(AXE)
            broken = self.page.evaluate(RUN_AXE, STANDARD)
            assert broken == [], f"axe on {self.page.url} at {self.walk.name}: {broken}"
            self.seen.add(key)

    def open(self, path: str, status: int = 200) -> None:
        """Go to an address of the site and look."""
        answer = self.page.goto(path if path.startswith("http") else self.address + path)
        assert answer is not None
        assert answer.status == status, f"{path} answered {answer.status}"
        self.look()

    def speak(self) -> None:
        """Choose the language of the walk, as a person does in the menu; the page must say so."""
        if self.page.evaluate("document.documentElement.lang") != self.walk.language:
            self.unfold()
            self.click(f"form[action$='/account/language'] button[value={self.walk.language}]")

    def unfold(self) -> None:
        """Open the menu that holds language and account on a phone."""
        for summary in self.page.locator("header summary:visible").all()[:1]:
            summary.click()

    def only(self, selector: str) -> Locator:
        """Return what the selector shows on this page: exactly one, visible."""
        found = self.page.locator(f"{selector} >> visible=true")
        assert found.count() == 1, f"{found.count()} visible {selector} on {self.page.url}"
        return found

    def click(self, selector: str, *, first: bool = False, refused: bool = False) -> None:
        """Click on what leads elsewhere, wait for the page, look at it."""
        target = self.page.locator(f"{selector} >> visible=true").first if first else self.only(selector)
        self.refusals += refused
        with self.page.expect_navigation():
            target.click()
        self.actions += 1
        self.page.wait_for_load_state()
        self.look()

    def press_main(self, *, refused: bool = False) -> None:
        """Press the main button of the page's form."""
        self.click("main form.form-frame .button--main", refused=refused)

    def write(self, selector: str, text: str) -> None:
        """Type into a field."""
        self.only(selector).fill(text)
        self.actions += 1

    def choose(self, selector: str, value: str) -> None:
        """Choose from a list."""
        self.only(selector).select_option(value)
        self.actions += 1

    def tick(self, name: str, value: str = "") -> None:
        """Tick a box or a chip by the name of its field, on its words as a finger does."""
        control = f"input[name={name}]" + (f"[value='{value}']" if value else "")
        self.page.locator(f"label:has({control})").click()
        assert self.page.locator(control).is_checked(), control
        self.actions += 1

    def heading(self) -> str:
        """Return the words of the h1."""
        return self.page.locator("h1").inner_text().strip()

    def text(self) -> str:
        """Return all words of the page."""
        return self.page.locator("main").inner_text()

    def told(self) -> list[str]:
        """Return the notices of the page."""
        return [each.strip() for each in self.page.locator(".notice").all_inner_texts()]

    def get(self, path: str) -> Any:
        """Fetch a file with the cookies of this visit."""
        return self.context.request.get(self.address + path)

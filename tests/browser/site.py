"""Knows the served site from outside: its address, its outbox in the database, and who is signed in where."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel.support import Translations
from playwright.sync_api import Browser

from cohort.demo.sketches import MAIL_DOMAIN
from cohort.demo.stage_set import PASSWORD
from tests.browser.visitor import Visitor
from tests.browser.walks import Walk

CATALOGUES = Path(__file__).parents[2] / "cohort" / "translations"
LOCALES = {"es": "es-CL", "en": "en-GB"}


@dataclass
class Site:
    """One served installation, and what the walks have seen of it so far."""

    address: str
    folder: Path
    seen: set[tuple[object, ...]] = field(default_factory=set)
    signed_in: dict[str, Any] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "facts.json").read_text()))

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Read the database as it is now; nothing here writes."""
        with closing(sqlite3.connect(f"file:{self.folder / 'cohort.db'}?mode=ro", uri=True)) as connection:
            return connection.execute(statement, values).fetchall()

    def mailed_link(self, address: str) -> str:
        """Return the link of the last mail to an address, as the outbox holds it."""
        [(params,)] = self.rows("SELECT params FROM outbox_message WHERE address = ? ORDER BY id DESC LIMIT 1", address)
        return str(json.loads(params)["link"])

    def visit(
        self, browser: Browser, walk: Walk, *, with_scripts: bool = True, scheme: str = "light", state: Any = None
    ) -> Visitor:
        """Open a browser of its own: nobody is signed in unless a state is given."""
        context = browser.new_context(
            viewport={"width": walk.width, "height": walk.height}, locale=LOCALES[walk.language], accept_downloads=True,
            java_script_enabled=with_scripts, color_scheme=scheme, is_mobile=walk.width < 600, has_touch=walk.width < 600,  # type: ignore[arg-type]
            timezone_id="America/Santiago", storage_state=state,
        )
        return Visitor(self.address, walk, context, self.seen, scheme, with_scripts)

    def visit_as(self, browser: Browser, walk: Walk, mailbox: str, **how: Any) -> Visitor:
        """Open a browser signed in by the form once, later from what that left, in the language of the walk."""
        visitor = self.visit(browser, walk, state=self.signed_in.get(mailbox), **how)
        if mailbox not in self.signed_in:
            visitor.page.goto(self.address + "/sign-in")
            visitor.speak()
            visitor.write("#email", f"{mailbox}@{MAIL_DOMAIN}")
            visitor.write("#password", PASSWORD)
            visitor.language = ""  # the account's own, until the walk's is chosen
            visitor.press_main()
            visitor.language = walk.language
            self.signed_in[mailbox] = visitor.context.storage_state()
        else:
            visitor.page.goto(self.address + "/account/")
        visitor.speak()
        return visitor


def words(language: str, message: str, **values: object) -> str:
    """Return a message of the site as it reads in a language."""
    said = Translations.load(str(CATALOGUES), [language]).gettext(message)
    return said % values if values else said

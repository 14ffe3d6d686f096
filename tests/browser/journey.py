"""Sets the stage of the whole journey of a call: a world of its own, a clock that moves, and the firms that apply.

What is done on the way is in `journey_call` and `journey_decision`.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from cohort.demo.sketches import tax_id_of
from tests.browser.served import serving
from tests.browser.site import Site, words
from tests.browser.visitor import Visitor
from tests.browser.walks import Walk

OPENING_AT = "2026-11-24T15:00:00+00:00"
CLOSING_AT = "2026-11-27T15:00:00+00:00"  # the deadline was the evening before
ANSWERING_AT = "2026-11-30T15:00:00+00:00"
REPLACING_AT = "2026-12-02T15:00:00+00:00"
CODE = "journey"


@dataclass(frozen=True)
class Applicant:
    """A firm that applies: what it types, and the marks that its file is given, in turn for each criterion."""

    key: str
    country: str
    number: int
    company: str
    contact: str
    marks: str
    women_pct: int = 0
    is_small: bool = False

    @property
    def email(self) -> str:
        return f"{self.key}@journey.example.test"

    @property
    def website(self) -> str:
        return f"https://www.{self.key}.example.test"

    @property
    def story(self) -> str:
        return f"Exportamos una vez y queremos {self.number} pedidos más."

    @property
    def tax_id(self) -> str:
        return tax_id_of(self.country, self.number)[0]

    @property
    def sales(self) -> str:
        """Sales of the year in the country's money: of a micro firm, or of a small one."""
        return {"CL": ("60000000", "300000000"), "PE": ("300000", "2000000")}[self.country][self.is_small]

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what tells who the firm is: a blind evaluator never reads any of it."""
        return (self.company, self.contact, self.email, self.website, self.tax_id, f"{self.key}.example.test")


# On points alone Cobre would have a seat of Chile; the rule that a small firm gets one gives it to Madera.
FIRMS = (
    Applicant("telar", "CL", 8001, "Telares Quebrada", "Rosa Cheuque", "5", women_pct=80),
    Applicant("miel", "CL", 8002, "Mieles Aguanegra", "Inés Collao", "34", women_pct=60),
    Applicant("cobre", "CL", 8003, "Cobres Sotaquí", "Hernán Olguín", "4"),
    Applicant("madera", "CL", 8004, "Maderas Chanleufu", "Abel Painemal", "43", is_small=True),
    Applicant("cacao", "PE", 8005, "Cacaos Urubamba", "Yolanda Huamaní", "54", women_pct=100),
    Applicant("quinua", "PE", 8006, "Quinuas Ayaviri", "Nelly Ccori", "43", women_pct=70),
    Applicant("plata", "PE", 8007, "Platas Huancavelica", "Óscar Ramos", "4"),
)
APART = "cobre"  # its first evaluator gives the highest marks, its second the lowest
PANEL = (("ines", "Inés Barahona"), ("julio", "Julio Cáceda"), ("karen", "Karen Oyarzo"))


def firm(key: str) -> Applicant:
    [found] = [each for each in FIRMS if each.key == key]
    return found


def mailbox(name: str) -> str:
    return f"{name}-journey"


@dataclass
class Journey:
    """One journey: the site of its own, how staff and firms read it, and the number of its call."""

    site: Site
    chromium: Browser
    staff: Walk
    firms: Walk
    port: int
    firms_have_scripts: bool = True
    round_id: int = 0
    _served: ExitStack = field(default_factory=ExitStack)

    def move_to(self, instant: str) -> None:
        """Let the site live on another instant; everybody signs in anew."""
        self._served.close()
        self.site.signed_in.clear()
        self._served.enter_context(serving(self.site.folder, self.port, instant))

    def end(self) -> None:
        self._served.close()

    def staff_visit(self, mailbox_: str) -> Visitor:
        return self.site.visit_as(self.chromium, self.staff, mailbox_)

    def firm_visit(self, path: str = "/") -> Visitor:
        visitor = self.site.visit(self.chromium, self.firms, with_scripts=self.firms_have_scripts)
        visitor.open(path)
        visitor.speak()
        return visitor

    def firm_returns(self, who: Applicant) -> Visitor:
        """Let a firm come back by a mailed link and open its application."""
        visitor = self.firm_visit("/sign-in/link")
        visitor.write("#email", who.email)
        visitor.press_main()
        visitor.page.goto(self.site.mailed_link(who.email))
        visitor.language = ""  # from here on the person's own language, until the switch
        visitor.click("main form.post-button button")
        visitor.language = self.firms.language
        visitor.speak()
        visitor.open(f"/apply/{CODE}/receipt")
        return visitor

    def says(self, message: str, **values: object) -> str:
        """Return a message as staff reads it."""
        return words(self.staff.language, message, **values)

    def tells(self, message: str, **values: object) -> str:
        """Return a message as firms read it."""
        return words(self.firms.language, message, **values)

    def path(self, rest: str = "") -> str:
        return f"/rounds/{self.round_id}{rest}"

    def file_of(self, key: str) -> tuple[int, str]:
        """Return number and code of a firm's file."""
        [found] = self.site.rows(
            "SELECT a.id, a.code FROM application a JOIN person p ON p.id = a.applicant_id WHERE a.round_id = ? AND p.email = ?",
            self.round_id, firm(key).email)
        return found[0], found[1]

    def firm_of(self, code: str) -> Applicant:
        """Return the firm behind a code: who scores does not know it, the test does."""
        [(email,)] = self.site.rows("SELECT p.email FROM application a JOIN person p ON p.id = a.applicant_id WHERE a.code = ?", code)
        return next(each for each in FIRMS if each.email == email)

    def seats(self) -> dict[str, str]:
        """Return how each firm's offer stands."""
        rows = self.site.rows(
            "SELECT p.email, o.state FROM offer o JOIN application a ON a.id = o.application_id JOIN person p ON p.id = a.applicant_id WHERE a.round_id = ?",
            self.round_id)
        return {email.split("@")[0]: state for email, state in rows}


def copied(world: Path, folder: Path) -> Path:
    """Copy a world that may be in use, without the evaluators of other calls: those of the journey are invited on the way."""
    folder.mkdir()
    shutil.copytree(world / "uploads", folder / "uploads")
    shutil.copy(world / "secret_key", folder / "secret_key")
    with closing(sqlite3.connect(world / "cohort.db")) as held, closing(sqlite3.connect(folder / "cohort.db")) as own:
        held.backup(own)
        own.execute("UPDATE role_grant SET valid_to = '2026-11-01' WHERE role = 'evaluator'")
        own.commit()
    return folder


@contextmanager
def journey(world: Path, folder: Path, chromium: Browser, port: int, staff: Walk, firms: Walk, **how: Any) -> Iterator[Journey]:
    """Begin a journey on the day its call opens; nothing is served afterwards."""
    made = Journey(Site(f"http://localhost:{port}", copied(world, folder)), chromium, staff, firms, port, **how)
    made.move_to(OPENING_AT)
    try:
        yield made
    finally:
        made.end()


def has_no_secret(visitor: Visitor) -> None:
    """Check that a page which a blind evaluator reads tells of no firm of the call."""
    page = visitor.page.content()
    told = [secret for each in FIRMS for secret in each.secrets if secret in page]
    assert told == [], f"{visitor.page.url} tells {told}"



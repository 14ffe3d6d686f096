"""A browser for tests that reads every page it fetches as a careful reader would, and a quick way to sign in.

It leaves out how a page looks (that is for the real browser) and what it should say (that is for each test).
"""

from __future__ import annotations

import re
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.test import TestResponse

from cohort.kit import clock
from cohort.kit.database import db
from cohort.kit.language import LANGUAGES
from cohort.people.models import Person, SignInSession
from cohort.people.sessions import hashed

UNLABELLED = {"hidden", "submit", "button", "reset"}
SILENT = {"script", "style", "template"}
# What a page says by mistake: an absent value, a place that nobody filled, an object instead of its words.
LEFTOVER = re.compile(r"\bNone\b(?! [a-z])|\b(Undefined|undefined|NaN|lazy_gettext)\b|\{\{|\{%|%\(\w+\)|<\w+ (object|at) |&lt;(Lazy|class)")


class Reading(HTMLParser):
    """What a page holds, tag by tag, with the words a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self._silent = 0
        self._open_labels = 0
        self.inside_label: list[dict[str, str]] = []
        self.posts: list[list[str]] = []
        self._in_post = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {name: value or "" for name, value in attrs}
        self.tags.append((tag, facts))
        self._silent += tag in SILENT
        self._open_labels += tag == "label"
        if tag == "form":
            self._in_post = facts.get("method", "").lower() == "post"
            self.posts += [[]] if self._in_post else []
        if tag in {"input", "select", "textarea"}:
            if self._open_labels:
                self.inside_label.append(facts)
            if self._in_post:
                self.posts[-1].append(facts.get("name", ""))

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in SILENT
        self._open_labels -= tag == "label"
        if tag == "form":
            self._in_post = False

    def handle_data(self, text: str) -> None:
        if not self._silent and text.strip():
            self.words.append(" ".join(text.split()))

    def of(self, *names: str) -> list[dict[str, str]]:
        """The attributes of all tags with these names."""
        return [facts for tag, facts in self.tags if tag in names]

    @property
    def text(self) -> str:
        """The words of the page, one piece a line."""
        return "\n".join(self.words)

    @property
    def links(self) -> list[str]:
        """Where its links lead."""
        return [facts["href"] for facts in self.of("a") if "href" in facts]

    def has_place(self, name: str) -> bool:
        """Whether a link within the page has somewhere to go; `#` alone leads to its top."""
        return not name or any(facts.get("id") == name for _tag, facts in self.tags)

    def faults(self) -> list[str]:
        """Everything that is wrong with the page, each in words; empty for a good one."""
        ids = Counter(facts["id"] for _tag, facts in self.tags if facts.get("id"))
        labelled = {facts.get("for") for facts in self.of("label")}
        controls = [facts for facts in self.of("input", "select", "textarea")
                    if facts.get("type") not in UNLABELLED and "hidden" not in facts]
        nameless = [
            facts.get("name", "?") for facts in controls
            if facts.get("id") not in labelled and facts not in self.inside_label
            and not facts.get("aria-label") and not facts.get("aria-labelledby")
        ]
        scripts = [facts for facts in self.of("script") if "src" not in facts and not facts.get("type", "").endswith("json")]
        handlers = [f"{tag} {name}" for tag, facts in self.tags for name in facts if name == "style" or name.startswith("on")]
        return [
            *(["no language"] if not self.of("html") or self.of("html")[0].get("lang") not in LANGUAGES else []),
            *([f"{len(self.of('h1'))} h1"] if len(self.of("h1")) != 1 else []),
            *(f"id twice: {name}" for name, times in ids.items() if times > 1),
            *(f"no label: {name}" for name in nameless),
            *(["a table without caption"] if len(self.of("table")) != len(self.of("caption")) else []),
            *(f"inline: {each}" for each in handlers),
            *(["inline script"] if scripts else []),
            *(["inline style"] if self.of("style") else []),
            *("a form without token" for names in self.posts if "csrf_token" not in names),
            *(f"left over: {found[0]!r} in {words!r}" for words in self.words if (found := LEFTOVER.search(words))),
        ]


class Pages:
    """A browser on the site; each page that it fetches must be without fault, and its links must lead somewhere."""

    def __init__(self, app: Flask, client: FlaskClient | None = None) -> None:
        self.app = app
        self.client = client or app.test_client()

    def open(self, path: str, **more: Any) -> TestResponse:
        """Make one request as a server would: in a context of its own, whatever the test around it holds open."""
        answer: TestResponse = Context().run(lambda: self.client.open(path, **more))
        return answer

    def get(self, path: str, status: int = 200) -> Reading:
        """Fetch a page that answers `status`."""
        return self.check(path, self.open(path), status)

    def follow(self, path: str) -> Reading:
        """Fetch a page, through as many redirects as it takes."""
        return self.check(path, self.open(path, follow_redirects=True), 200)

    def refused(self, path: str, status: int) -> str:
        """Fetch an error page; returns its words."""
        return self.get(path, status).text

    def post(self, path: str, page: str | None = None, status: int = 302, **typed: Any) -> TestResponse:
        """Send a form with the token of `page` (default: the same address); checks the page that comes back."""
        answer = self.open(path, method="POST", data={"csrf_token": self.token_of(page or path), **typed})
        if answer.mimetype == "text/html" and answer.status_code not in (301, 302, 303, 308):
            self.check(path, answer, status)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:1500])
        return answer

    def send(self, path: str, page: str | None = None, **typed: Any) -> Reading:
        """Send a form that must be accepted, and return the page it leads to."""
        answer = self.post(path, page, 302, **typed)
        return self.follow(answer.headers["Location"])

    def sent_back(self, path: str, page: str | None = None, **typed: Any) -> Reading:
        """Send a form that must be refused with 422; what was typed must stand in it still."""
        reading = Reading(self.post(path, page, 422, **typed).text)
        kept = {facts.get("value") for facts in reading.of("input", "option")} | set(reading.words)
        lost = {name: value for name, value in typed.items() if isinstance(value, str) and value.strip() and value.strip() not in kept}
        assert lost == {}, f"{path} lost what was typed"
        return reading

    def token_of(self, path: str) -> str:
        """The token of a page's form."""
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.open(path).text)
        assert found, f"{path} has no form with a token"
        return found[1]

    def check(self, path: str, answer: TestResponse, status: int) -> Reading:
        """Read a page that was fetched already; it must answer `status` and have no fault."""
        assert answer.status_code == status, (path, answer.status_code, answer.headers.get("Location"), answer.text[:1500])
        assert answer.mimetype == "text/html", (path, answer.mimetype)
        reading = Reading(answer.text)
        faults = reading.faults() + [
            f"leads nowhere: {link}" for link in reading.links
            if not (reading.has_place(link[1:]) if link.startswith("#") else self._leads_somewhere(path, link))
        ]
        assert faults == [], (path, faults)
        return reading

    def _leads_somewhere(self, path: str, link: str) -> bool:
        """Whether a link of the site has a view; other sites, mail and phone are not ours to ask."""
        target = urlsplit(urljoin(f"http://localhost{path}", link))
        if target.scheme not in {"http", "https"} or target.netloc != "localhost":
            return True
        try:
            self.app.url_map.bind("localhost").match(target.path, method="GET")
        except RequestRedirect:
            return True
        except HTTPException:
            return False
        return True


def sign_in_as(app: Flask, person_id: int, language: str = "en") -> Pages:
    """Return a browser in which this person is signed in, by a place of its own; the door itself is tested in people."""
    with app.app_context():
        session: Session = db.session()
        person = session.get_one(Person, person_id)
        person.language, token = language, secrets.token_hex(8)
        now = clock.now()
        session.add(SignInSession(
            person_id=person_id, token_hash=hashed(token), kind="browser", created_at=now, last_seen_at=now,
            expires_at=now + timedelta(days=14),
        ))
        uniquifier = person.fs_uniquifier
        session.commit()
        db.session.remove()
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie.update({"_user_id": uniquifier, "_fresh": True, "place": token, "seen_at": now.timestamp(), "two_factors": True,
                       "fs_paa": time.time()})
    return Pages(app, client)


@contextmanager
def counted_queries(app: Flask) -> Iterator[list[str]]:
    """Collect the statements that run inside, savepoints left out."""
    with app.app_context():
        connection = db.engines[None]
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            statements.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(connection, "before_cursor_execute", note)

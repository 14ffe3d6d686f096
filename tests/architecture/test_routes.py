"""Walks every route as every role, as another country, as another firm, from another plan, and signed out.

What must come out is computed: from the gate of the view, the permissions of the role, and the reach of the person
over the thing that the address names (everything named belongs to one firm in Chile).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from cohort.app import create_app
from cohort.config import Settings
from cohort.kit import clock
from cohort.kit.access import PERMISSIONS, SYSTEM, Role, act_as, gate_of
from cohort.kit.database import db, transaction
from cohort.kit.doors import limiter
from cohort.people import grants
from cohort.plans.service import name_deputy
from tests import world as worlds
from tests.pages import Pages, sign_in_as
from tests.postgres import throwaway_cluster
from tests.schema import build_schema

SAFE = {"GET", "HEAD", "OPTIONS"}
ROLES: dict[str, Role | None] = {
    "administrator": Role.ADMINISTRATOR, "manager": Role.MANAGER, "coordinator": Role.COORDINATOR,
    "peru": Role.COORDINATOR, "evaluator": Role.EVALUATOR, "coach": Role.COACH, "firmcl": Role.FIRM,
    "firmpe": Role.FIRM, "observer": Role.OBSERVER, "stranger": Role.MANAGER, "nobody": None, "": None,
    "deputy": Role.COORDINATOR, "past": Role.COORDINATOR,
}
# Places of an address that name something of the firm in Chile.
OF_THE_FIRM = {"firm_id", "member_id", "milestone_id", "export_id", "declaration_id", "firm_person_id", "application_id"}
# Places that name something of the plan; whoever works in another one is refused. Which plans there are is public.
OF_THE_PLAN = {"plan_id", "round_id", "person_id", "grant_id", "member_id", "milestone_id", "export_id", "application_id", "session_id"}
OPEN_TO_OTHER_PLANS = {"plans.detail"}
OUT_OF_REACH = {
    "peru": "another country", "past": "stood in for Chile until yesterday", "firmpe": "another firm", "evaluator": "sees no firm", "observer": "sees no firm",
    "nobody": "has no role",
}
# Views that name a thing which nobody has here, or that exist in another state of it only: 404, 410 or 422 is right.
STATEFUL = {
    "sign_in.accept", "sign_in.link", "account.new_address", "sign_in.code", "firms.checked", "exports.flag", "mail.detail", "jobs.detail",
    "rounds.appeal", "rounds.record", "gallery.page", "gallery.show", "calls.protocol", "calls.chances_file", "calendar.feed", "dates.detail", "dates.take_back", "certificates.check", "certificates.paper", "certificates.revoke", "sessions.here", "rounds.chances", "apply.request_to_act", "apply.colleague", "apply.form",
    "apply.review", "apply.receipt", "apply.ownership", "apply.appeal", "apply.withdraw", "apply.firm", "exports.edit",
    "exports.refund", "exports.reopen", "exports.withdraw", "exports.send_back", "exports.new", "exports.in_dollars",
    "rounds.seats", "rounds.letters_page", "rounds.seat", "rounds.replace", "rounds.proposal", "rounds.act_pdf",
    "rounds.what_if_page", "apply.decline", "rounds.result", "rounds.act", "rounds.decide", "rounds.close", "rounds.edit", "rounds.open_call", "rounds.finding",
    "rounds.scores", "rounds.paste", "rounds.rubric", "rounds.rules", "rounds.quota", "rounds.questions", "rounds.question", "rounds.question_new", "apply.questions", "apply.file", "rounds.handed_in", "reviews.file", "firms.own", "firms.verdict", "static", "health.metrics", "health.ready",
}
ASKS_MORE = {  # what the service asks besides the gate, by view: who of those that may enter is refused
    "firms.edit": {"coach"}, "firms.new_person": {"coach"}, "firms.ownership": {"coach"}, "firms.size": {"coach"},
    "firms.file": {"coach"}, "exports.flag": {"observer"}, "rounds.files": {"evaluator", "observer"},
    "rounds.seats": {"evaluator", "observer"}, "rounds.proposal": {"evaluator", "observer"},
    # only of a national call of several countries, where a coordinator sees to the act and letters of theirs
    **{view: {"coordinator", "peru", "deputy", "past"} for view in ("rounds.act", "rounds.act_pdf", "rounds.letters_page")},
}


@dataclass(frozen=True)
class Walk:
    """The site with its world, a browser for each person, and what stands for each place of an address."""

    app: Flask
    doors: worlds.Doors
    browsers: dict[str, Pages]
    answers: list[tuple[Rule, str, TestResponse]] = field(default_factory=list)

    def path(self, rule: Rule) -> str:
        values = {name: self._value(rule, name) for name in rule.arguments}
        return self.app.url_map.bind("localhost").build(rule.endpoint, values, method=min((rule.methods or set()) - {"HEAD", "OPTIONS"}))

    def _value(self, rule: Rule, name: str) -> object:
        if name == "token":
            return self.doors.files.get(rule.endpoint, "a-token-that-nobody-has")
        if name in self.doors.values:
            return self.doors.values[name]
        known = {
            "kind": "parity" if rule.endpoint == "plans.policy" else min(getattr(rule._converters.get(name), "items", {"csv"})), "act": "redate", "moment": "start", "check": "country",
            "name": "reminders", "filename": "icon.svg", "place_id": 999, "message_id": 1, "flag_id": 1, "appeal_id": 1,
            "invitation_id": 1, "offer_id": 1, "upload_id": 999, "change_id": 999, "talk_id": 999, "certificate_id": 999,
        }
        return known[name]


def _site(url: str, folder: Path) -> Flask:
    app = create_app(Settings.read({"COHORT_INSTANCE": str(folder), "COHORT_DATABASE_URL": url, "COHORT_SECRET_KEY": "k" * 40}))
    app.testing = True
    clock.pin(worlds.NOW)  # building a site sets the clock by its settings
    app.config["REMEMBERED_SECONDS"] = 0.0
    limiter.enabled = False
    build_schema(app)
    return app


def _walk(app: Flask) -> Walk:
    with app.app_context(), transaction() as session:
        act_as(session, SYSTEM)
        world = worlds.build(session)
        doors = worlds.furnish(session, world)
        _name_deputies(session, world)
    browsers = {name: sign_in_as(app, world.people[name]) if name else Pages(app) for name in ROLES}
    return Walk(app, doors, browsers)


def _name_deputies(session: Session, world: worlds.World) -> None:
    """Two coordinators of other countries: one stands in for Chile's today, one did until yesterday."""
    for name, country, from_on, until_on in (
        ("deputy", "CO", worlds.NOW.date(), worlds.NOW.date()), ("past", "MX", date(2026, 11, 1), date(2026, 11, 23)),
    ):
        person = grants.find_or_make_person(session, f"{name}@cohort.test", name.title(), "es", None)
        world.people[name] = person.id
        grants.grant_role(session, SYSTEM, person, Role.COORDINATOR, world.plan, country=country)
        name_deputy(
            session, SYSTEM, world.plan_of(session), "CL", coordinator_id=world.people["coordinator"], deputy_id=person.id,
            from_on=from_on, until_on=until_on)


def _let_go(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def walk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """The whole matrix runs on SQLite, a sample of it on PostgreSQL."""
    folder = tmp_path_factory.mktemp("routes")
    try:
        if request.param == "sqlite":
            app = _site(f"sqlite:///{folder / 'routes.db'}", folder)
            yield _walk(app)
            _let_go(app)
        else:
            with throwaway_cluster() as cluster:
                app = _site(cluster.fresh_database(), folder)
                yield _walk(app)
                _let_go(app)
    finally:
        clock.pin(None)
        limiter.enabled = True


def rules_of(walk: Walk, *, sending: bool) -> list[Rule]:
    """The routes to walk, each view once a method; on PostgreSQL every fifth."""
    chosen = sorted(
        (rule for rule in walk.app.url_map.iter_rules()
         if ("POST" in (rule.methods or ())) == sending or (not sending and "GET" in (rule.methods or ()))),
        key=lambda rule: (rule.endpoint, rule.rule),
    )
    return chosen if "sqlite" in walk.app.config["SQLALCHEMY_DATABASE_URI"] else chosen[::5]


def fetched(walk: Walk) -> list[tuple[Rule, str, TestResponse]]:
    """Every page as every person got it; the walk is made once."""
    if not walk.answers:
        for rule in rules_of(walk, sending=False):
            for name, browser in walk.browsers.items():
                answer = browser.client.get(walk.path(rule))
                _ = answer.get_data()
                answer.close()
                walk.answers.append((rule, name, answer))
    return walk.answers


def expected(walk: Walk, rule: Rule, name: str) -> str:
    """What must come out: `in`, `sign in`, `refused` (by the gate), `hidden` (out of reach)."""
    gate = gate_of(walk.app, rule.endpoint)
    if gate == "public":
        return "in"
    if not name:
        return "sign in"
    role = ROLES[name]
    if gate != "signed_in" and (role is None or gate not in PERMISSIONS[role]):
        return "refused"
    if rule.arguments & OF_THE_FIRM and name in OUT_OF_REACH:
        return "hidden"
    # Firms are shared by all plans, so a manager of another plan reads the register; what a plan holds stays in it.
    if name == "stranger" and rule.arguments & OF_THE_PLAN and rule.endpoint not in OPEN_TO_OTHER_PLANS:
        return "hidden"
    return "hidden" if name in ASKS_MORE.get(rule.endpoint, set()) else "in"


def came_out(status: int, location: str) -> str:
    if status == 302 and location.startswith("/sign-in?"):
        return "sign in"
    # 503 is the answer of a site whose scheduler does not run, which is so here
    return {403: "refused", 404: "hidden", 503: "in"}.get(status, "in" if status < 500 else "broken")


def is_right(wanted: str, found: str, endpoint: str) -> bool:
    if wanted == "hidden":
        return found in {"hidden", "refused"}
    return found == wanted or (wanted == "in" and found == "hidden" and endpoint in STATEFUL)


def test_every_page_opens_for_whom_it_should_and_for_nobody_else(walk: Walk) -> None:
    wrong, seen = {}, set()
    for rule, name, answer in fetched(walk):
        wanted, found = expected(walk, rule, name), came_out(answer.status_code, answer.headers.get("Location", ""))
        seen.add((wanted, found))
        if not is_right(wanted, found, rule.endpoint):
            wrong[f"{rule.endpoint} as {name or 'signed out'}"] = f"{wanted}, but {answer.status_code}"
    assert wrong == {}
    assert {("in", "in"), ("sign in", "sign in"), ("refused", "refused")} <= seen


def test_every_page_that_opens_is_a_good_page(walk: Walk) -> None:
    """Language, one h1, labels, captions, tokens, links: each page as each person who may see it."""
    for rule, name, answer in fetched(walk):
        if answer.mimetype == "text/html" and answer.status_code in {200, 403, 404}:
            walk.browsers[name].check(walk.path(rule), answer, answer.status_code)


def test_nothing_can_be_sent_by_whom_it_should_not(walk: Walk) -> None:
    """With a good token, so that the token is not what refuses."""
    wrong = {}
    tokens = {name: browser.token_of("/account/" if name else "/sign-in") for name, browser in walk.browsers.items()}
    for rule in rules_of(walk, sending=True):
        path = walk.path(rule)
        for name, browser in walk.browsers.items():
            wanted = expected(walk, rule, name)
            if wanted == "in":
                continue
            answer = browser.client.post(path, data={"csrf_token": tokens[name]})
            found = came_out(answer.status_code, answer.headers.get("Location", ""))
            if not is_right(wanted, found, rule.endpoint):
                wrong[f"{rule.endpoint} as {name or 'signed out'}"] = f"{wanted}, but {answer.status_code}"
    assert wrong == {}


def test_every_person_of_the_walk_is_who_they_should_be(walk: Walk) -> None:
    with walk.app.app_context():
        session: Session = db.session()
        assert session.info.get("actor", SYSTEM) is SYSTEM
    for name, browser in walk.browsers.items():
        assert browser.client.get("/account/").status_code == (200 if name else 302), name

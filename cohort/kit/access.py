"""Decides who may open a door and which rows a query may return; who a person is stands in `people`.

Every view carries a gate. Every table with rows that belong to a country or a firm has a scope rule; the rule
is added to each ORM select of the session, so a query cannot forget it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar, cast
from urllib.parse import urlencode, urlsplit

from flask import Flask, abort, g, redirect, request
from sqlalchemy import ColumnElement, Executable, event
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.orm.interfaces import ORMOption
from werkzeug.wrappers import Response

from cohort.kit.database import Base, db
from cohort.kit.errors import DomainError

View = TypeVar("View", bound=Callable[..., Any])


class Role(StrEnum):
    """The seven roles of a plan, in the words of contract.md."""

    ADMINISTRATOR = "administrator"
    MANAGER = "manager"
    COORDINATOR = "coordinator"
    EVALUATOR = "evaluator"
    COACH = "coach"
    FIRM = "firm"
    OBSERVER = "observer"


STAFF = frozenset({Role.ADMINISTRATOR, Role.MANAGER, Role.COORDINATOR, Role.EVALUATOR, Role.COACH, Role.OBSERVER})

_READ = {"overview.see", "round.see", "report.see", "flag.see"}
_FOLLOW = {"firm.see", "member.see", "milestone.see", "export.see"}
PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.ADMINISTRATOR: frozenset(
        _READ | _FOLLOW | {"people.see", "people.invite", "plan.see", "plan.edit", "job.see", "job.run"}
        | {"mail.see", "mail.act", "audit.see", "firm.edit", "firm.import", "round.seal"}
    ),
    Role.MANAGER: frozenset(
        _READ | _FOLLOW | {"people.see", "people.invite", "plan.see", "plan.edit", "job.see", "job.run", "mail.see"}
        | {"audit.see", "firm.edit", "firm.import", "round.edit", "round.score", "round.decide"}
        | {"round.seal", "round.publish"}
        | {"milestone.confirm", "milestone.edit", "export.log", "export.verify", "worklist.see", "call.log"}
        | {"session.edit"}
    ),
    Role.COORDINATOR: frozenset(
        _READ | _FOLLOW | {"people.invite", "firm.edit", "firm.import", "round.score", "milestone.confirm"}
        | {"export.log", "export.verify", "worklist.see", "call.log", "plan.see", "round.concur", "session.edit"}
    ),
    Role.EVALUATOR: frozenset({"round.see", "round.review"}),
    Role.COACH: frozenset(_FOLLOW | {"milestone.confirm", "call.log"}),
    Role.FIRM: frozenset(
        {"own.see", "own.edit", "firm.see", "member.see", "milestone.see", "milestone.submit", "export.see"}
        | {"export.log", "application.edit"}
    ),
    Role.OBSERVER: frozenset(_READ),
}


@dataclass(frozen=True)
class Actor:
    """Who acts, under which plan, with which reach; `countries` and `firm_ids` of None mean all of them.

    `stands_in` names, as (country, name), whose countries among them are theirs as a deputy's alone.
    """

    person_id: int | None = None
    name: str = ""
    plan_id: int | None = None
    roles: frozenset[Role] = frozenset()
    countries: frozenset[str] | None = frozenset()
    firm_ids: frozenset[int] | None = frozenset()
    is_system: bool = False
    stands_in: tuple[tuple[str, str], ...] = ()

    def may(self, permission: str) -> bool:
        """Return whether one of the roles carries the permission."""
        return self.is_system or any(permission in PERMISSIONS[role] for role in self.roles)

    def require(self, permission: str) -> None:
        """Raise `DomainError("not_allowed")` unless the actor may."""
        if not self.may(permission):
            raise DomainError("not_allowed")

    @property
    def sees_all(self) -> bool:
        """Whether no row is hidden by country or firm."""
        return self.is_system or self.countries is None

    @property
    def own_countries(self) -> frozenset[str]:
        """The countries of the actor's own roles, those of a deputy left out."""
        return (self.countries or frozenset()) - {country for country, _name in self.stands_in}

    @property
    def is_staff(self) -> bool:
        """Whether the actor works for the programme, as against for a firm."""
        return bool(self.roles & STAFF)


ANONYMOUS = Actor()
SYSTEM = Actor(name="system", countries=None, firm_ids=None, is_system=True)

Rule = Callable[[Actor], ColumnElement[bool] | None]
_rules: dict[type[Base], Rule] = {}
OPEN_TABLES: dict[str, str] = {}


def scope(model: type[Base], rule: Rule) -> None:
    """Register which rows of `model` an actor may see; the rule returns a criterion, or None for all of them.

    The criterion follows from the actor alone, never from the time or the database's state.
    """
    _rules[model] = rule
    _limits.cache_clear()
    _limited_often.cache_clear()


def open_table(model: type[Base], reason: str) -> None:
    """Declare that rows of `model` belong to nobody in particular, with the reason; a test wants one or the other."""
    OPEN_TABLES[model.__tablename__] = reason


def scoped_models() -> frozenset[type[Base]]:
    """Return the models that have a scope rule."""
    return frozenset(_rules)


def act_as(session: Session, actor: Actor) -> None:
    """Let `session` see what `actor` may see, from the next query on."""
    session.info["actor"] = actor
    session.expire_all()


@contextmanager
def unscoped(session: Session) -> Iterator[None]:
    """Let the block see every row: for public totals, uniqueness checks and work that follows a firm across countries.

    An architecture test lists its callers, so that each use is a decision.
    """
    before = session.info.get("actor", SYSTEM)
    session.info["actor"] = SYSTEM
    try:
        yield
    finally:
        session.info["actor"] = before


@event.listens_for(Session, "do_orm_execute")
def _add_scope(state: ORMExecuteState) -> None:
    # Relationship and column loads inherit the criteria of the statement that loaded their parent.
    if not state.is_select or state.is_column_load or state.is_relationship_load:
        return
    actor = state.session.info.get("actor", SYSTEM)
    if actor.is_system:
        return
    limited = _limited_often if state.execution_options.get(ASKED_OFTEN) else _limited
    state.statement = limited(state.statement, actor)


@lru_cache(maxsize=1_000)
def _limits(actor: Actor) -> tuple[ORMOption, ...]:
    """Return what an actor's queries are narrowed by, written once an actor: there are thirty tables, few of them asked."""
    return tuple(
        with_loader_criteria(model, criterion, include_aliases=True)
        for model, rule in _rules.items()
        if (criterion := rule(actor)) is not None
    )


def _limited(statement: Executable, actor: Actor) -> Executable:
    limits = _limits(actor)
    return statement.options(*limits) if limits else statement


# A statement that its room writes once and asks at every click carries this option; it is narrowed once an actor too.
ASKED_OFTEN = "asked_often"
_limited_often = lru_cache(maxsize=500)(_limited)


def gate(permission: str) -> Callable[[View], View]:
    """Mark a view as open to actors with `permission` alone."""

    def mark(view: View) -> View:
        cast(Any, view).gate = permission
        return view

    return mark


def public(view: View) -> View:
    """Mark a view as open to anyone, signed in or not."""
    cast(Any, view).gate = "public"
    return view


def signed_in(view: View) -> View:
    """Mark a view as open to whoever is signed in, whatever the role."""
    cast(Any, view).gate = "signed_in"
    return view


def current_actor() -> Actor:
    """Return who makes this request."""
    return cast(Actor, g.get("actor", ANONYMOUS))


# Views of libraries carry no gate of ours; their blueprints are named with what protects them.
LIBRARY_GATES = {"static": "public", "security.": "public"}


def gate_of(app: Flask, endpoint: str) -> str | None:
    """Return the gate of an endpoint, or None when it has none (a defect: such a view answers 404 to all)."""
    marked = getattr(app.view_functions[endpoint], "gate", None)
    if marked is not None:
        return cast(str, marked)
    return next((mark for prefix, mark in LIBRARY_GATES.items() if endpoint.startswith(prefix)), None)


def init_app(app: Flask, load_actor: Callable[[], Actor]) -> None:
    """Load the actor of each request, scope its session and hold the gate of the view."""

    @app.before_request
    def hold_gate() -> Response | None:
        if request.endpoint is None or request.endpoint == "static":
            return None
        g.actor = load_actor()
        act_as(cast(Session, db.session()), g.actor)
        needed = gate_of(app, request.endpoint)
        if needed is None:
            abort(404)
        if needed == "public":
            return None
        if g.actor.person_id is None:
            return _ask_to_sign_in()
        if needed != "signed_in" and not g.actor.may(needed):
            abort(403)
        return None


def _ask_to_sign_in() -> Response:
    """Send a person to the sign-in page and back; a script gets a plain 401."""
    if request.accept_mimetypes.best == "application/json":
        abort(401)
    if request.method in {"GET", "HEAD"}:
        back = request.full_path.rstrip("?")
    else:  # the page whose form was sent; a browser names it with its whole address
        page = urlsplit(request.referrer or "")
        back = page.path + (f"?{page.query}" if page.query else "") if page.netloc == request.host else "/"
    return redirect("/sign-in?" + urlencode({"next": back}))

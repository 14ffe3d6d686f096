"""Builds the menu, the counters and the frame of each page from what the rooms announce; pages decide their content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

from flask import Flask, g, request, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from cohort.kit import remembered as remembering
from cohort.kit.access import Actor, Role, current_actor
from cohort.kit.database import db
from cohort.kit.language import LANGUAGES, reader_language, reader_region
from cohort.kit.remembered import remembered

Count = Callable[[Session, Actor], int]
ROLE_NAMES = {
    Role.ADMINISTRATOR: _l("Administrator"),
    Role.MANAGER: _l("Programme manager"),
    Role.COORDINATOR: _l("Coordinator"),
    Role.EVALUATOR: _l("Evaluator"),
    Role.COACH: _l("Coach"),
    Role.FIRM: _l("Firm"),
    Role.OBSERVER: _l("Observer"),
}


@dataclass(frozen=True)
class Entry:
    """What a room announces: words, view, icon, who sees it, where it stands, and a counter of what waits."""

    label: object
    endpoint: str
    icon: str
    permission: str
    order: int
    count: Count | None = None
    is_admin: bool = False


@dataclass(frozen=True)
class NavEntry:
    """One line of the menu as layouts draw it."""

    label: str
    href: str
    icon: str
    count: int | None
    active: bool


_entries: dict[str, Entry] = {}
_plan_names: dict[str, Callable[[Session, Actor], str]] = {}
_homes: list[tuple[str, str]] = []


def announce(entry: Entry) -> None:
    """Add an entry to the menu; a room calls it once, when its module is loaded."""
    _entries[entry.endpoint] = entry


def home_for(permission: str, endpoint: str) -> None:
    """Say which view is the first page of whoever has `permission`; earlier calls win."""
    if (permission, endpoint) not in _homes:
        _homes.append((permission, endpoint))


def name_plan_with(name: Callable[[Session, Actor], str]) -> None:
    """Let the room of plans say how the rail names the plan."""
    _plan_names["plan"] = name


def name_firm_with(name: Callable[[Session, Actor], str]) -> None:
    """Let the room of firms say whose pages a firm's person sees."""
    _plan_names["firm"] = name


def home_href(actor: Actor) -> str:
    """Return the address of the actor's first page; the public page for whoever has none."""
    endpoint = next((view for permission, view in _homes if actor.may(permission)), None)
    return url_for(endpoint) if endpoint else "/"


def frame_of(actor: Actor) -> str:
    """Return the layout of a page that several roles share."""
    if actor.person_id is None:
        return "layouts/public.html"
    return "layouts/staff.html" if actor.is_staff else "layouts/firm.html"


@dataclass(frozen=True)
class _Frame:
    """What a frame shows on every page of an actor: the menus with their counters, the names of plan and firm, the account."""

    entries: list[tuple[Entry, NavEntry]]
    plan_name: str
    firm_name: str
    account: dict[str, str] | None
    home_href: str
    language_options: list[dict[str, Any]]


def _asked(session: Session, actor: Actor) -> _Frame:
    shown = sorted((each for each in _entries.values() if actor.may(each.permission)), key=lambda entry: entry.order)
    return _Frame(
        entries=[
            (each, NavEntry(str(each.label), url_for(each.endpoint), each.icon, (each.count and each.count(session, actor)) or None, False))
            for each in shown
        ],
        plan_name=_plan_names["plan"](session, actor) if "plan" in _plan_names else "",
        firm_name=_plan_names["firm"](session, actor) if "firm" in _plan_names and not actor.is_staff else "",
        account=_account(actor),
        home_href=home_href(actor),
        language_options=_languages(),
    )


def _menu(entries: list[tuple[Entry, NavEntry]], is_admin: bool) -> list[NavEntry]:
    """Return one menu with the entry of this page marked, or of its room where the page has none of its own."""
    shown = [(each.endpoint, line) for each, line in entries if each.is_admin is is_admin]
    here, room = request.endpoint or "", (request.endpoint or "").split(".")[0]
    of_room = [endpoint for endpoint, _line in shown if endpoint.split(".")[0] == room]
    # the page itself, else the list that it is one of (`exports.flag` of `exports.flags`), else the room's first
    active = next((each for each in of_room if here and each.startswith(here)), next(iter(of_room), ""))
    return [replace(line, active=True) if endpoint == active else line for endpoint, line in shown]


def _account(actor: Actor) -> dict[str, str] | None:
    if actor.person_id is None:
        return None
    role = " · ".join(str(words) for each, words in ROLE_NAMES.items() if each in actor.roles)
    return {"name": actor.name, "role": role, "href": url_for("account.index"), "sign_out_href": url_for("account.sign_out")}


def _frame() -> dict[str, Any]:
    """Return what every page's layout needs; queried once a request, however many templates are drawn."""
    if "frame" not in g:
        actor, session = current_actor(), cast(Session, db.session())
        key = (actor, reader_language(), reader_region())
        asked = cast(_Frame, remembered(key, lambda: _asked(session, actor)))
        g.frame = {
            "actor": actor,
            "locale": reader_language(),
            "layout": frame_of(actor),
            "nav": tuple(_menu(asked.entries, is_admin=False)),
            "nav_admin": tuple(_menu(asked.entries, is_admin=True)),
            "account": asked.account,
            "home_href": asked.home_href,
            "plan_name": asked.plan_name,
            "firm_name": asked.firm_name,
            "language_options": asked.language_options,
        }
    return cast(dict[str, Any], g.frame)


def _languages() -> list[dict[str, Any]]:
    return [{"code": code, "label": label, "current": code == reader_language()} for code, label in LANGUAGES.items()]


@dataclass(frozen=True)
class Pages:
    """Which page of a list is shown, in the shape that the macro `pagination` reads."""

    page: int
    per_page: int
    total: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // self.per_page))

    @property
    def has_prev(self) -> bool:
        """Whether a page comes before this one."""
        return self.page > 1

    @property
    def has_next(self) -> bool:
        """Whether a page follows."""
        return self.page < self.pages

    @property
    def prev_num(self) -> int:
        """The page before."""
        return self.page - 1

    @property
    def next_num(self) -> int:
        """The page after."""
        return self.page + 1

    def iter_pages(self, **_edges: int) -> list[int | None]:
        """Return the numbers to link: the ends and those around this page, None where some are left out."""
        near = sorted({1, self.pages, *range(max(1, self.page - 2), min(self.pages, self.page + 2) + 1)})
        shown: list[int | None] = []
        for number in near:
            if shown and shown[-1] is not None and number - shown[-1] > 1:
                shown.append(None)
            shown.append(number)
        return shown


def init_app(app: Flask) -> None:
    """Give every template its frame."""
    app.context_processor(_frame)
    remembering.init_app(app)

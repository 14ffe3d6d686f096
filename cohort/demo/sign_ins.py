"""Names the demo's sign-ins for the sign-in page and the command, only while the database holds the finished demo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from flask import Flask
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from cohort.demo.marker import demo_of
from cohort.demo.members import SIGN_IN_FIRMS
from cohort.demo.sketches import MAIL_DOMAIN, plain_letters
from cohort.demo.stage_set import COACH, PASSWORD, STAFF, StaffMember
from cohort.firms.words import country_name
from cohort.kit.access import Role
from cohort.kit.database import db
from cohort.people.words import role_name

_FIRMS = {SIGN_IN_FIRMS[0]: _l("firm, led by a woman, Chile"), SIGN_IN_FIRMS[1]: _l("firm, Colombia")}


@dataclass(frozen=True)
class SignIn:
    """One account that a visitor may use: address, name, and what it is, in words of the reader and in English."""

    email: str
    name: str
    role: Any
    role_en: str


def shown_sign_ins() -> list[SignIn]:
    """Return the sign-ins of the demo in this database, the manager first; nothing in any other installation."""
    noted = demo_of(cast(Session, db.session()))
    if noted is None or not noted.counts.get("finished"):
        return []
    order = sorted((*STAFF, COACH), key=lambda each: (each.role is not Role.MANAGER, each.role is not Role.COORDINATOR))
    firms = [
        SignIn(f"{plain_letters(name)}@{MAIL_DOMAIN}", name, words, str(words)) for name, words in _FIRMS.items()
    ]
    staff = [_of_staff(each) for each in order]
    return [staff[0], *firms, *staff[1:]]


def _of_staff(each: StaffMember) -> SignIn:
    role = str(role_name(each.role))
    words = f"{role}, {country_name(each.country)}" if each.country else role
    return SignIn(each.email, each.name, words, words)


def init_app(app: Flask) -> None:
    """Let the sign-in page ask for the sign-ins and the password they share."""
    app.jinja_env.globals.update(demo_sign_ins=shown_sign_ins, demo_password=PASSWORD)

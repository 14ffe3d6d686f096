"""Holds the three doors of the room and what its views share: reading the actor's round, refusing without losing work."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, flash, redirect
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cohort.kit.database import db
from cohort.kit.errors import WORDINGS, DomainError, sentence

staff = Blueprint("rounds", __name__, url_prefix="/rounds")
calls = Blueprint("calls", __name__, url_prefix="/calls")
apply = Blueprint("apply", __name__, url_prefix="/apply")

Page = str | Response | tuple[str, int]


def session_now() -> Session:
    """Return the session of this request."""
    return cast(Session, db.session())


def back_with(refusal: DomainError, href: str) -> Response:
    """Return to `href` with the refusal in words; what is nobody's to see or our own fault is raised again."""
    status = int(WORDINGS[refusal.code].status)
    if status in {403, 404} or status >= 500:
        raise refusal
    flash(sentence(refusal), "error")
    return redirect(href)

"""Maps what went wrong to a status and to words in the reader's language; rules and services only raise codes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from http import HTTPStatus

from flask import Flask, Response, current_app, make_response, render_template, request
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import HTTPException

from cohort.kit.language import day


class DomainError(Exception):
    """A refusal with a code and the facts that its sentence needs; raised by rules and services."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params


@dataclass(frozen=True)
class Wording:
    """The sentence of one code, as a translatable text with named places, and its HTTP status."""

    text: object
    status: int = HTTPStatus.UNPROCESSABLE_ENTITY


WORDINGS: dict[str, Wording] = {
    "not_allowed": Wording(_l("You may not do this."), HTTPStatus.FORBIDDEN),
    "not_found": Wording(_l("There is no such record, or it is not yours to see."), HTTPStatus.NOT_FOUND),
    "write_on_read": Wording(_l("A page that only shows may not change anything."), HTTPStatus.INTERNAL_SERVER_ERROR),
    "reason_missing": Wording(_l("Say why: the reason is kept, and whom it concerns can read it.")),
    "country_unknown": Wording(_l("%(country)s is not a country of the programme.")),
    "locked": Wording(_l("Another change is being saved. Wait a moment and try again."), HTTPStatus.SERVICE_UNAVAILABLE),
}


def wording(code: str, text: object, status: int = HTTPStatus.UNPROCESSABLE_ENTITY) -> None:
    """Give a code its sentence; a room calls this once beside its service. A code has one sentence only."""
    if code in WORDINGS:
        raise ValueError(f"the code {code!r} has a sentence already")
    WORDINGS[code] = Wording(text, status)


def sentence(error: DomainError) -> str:
    """Return the sentence of `error` in the language of the present reader."""
    known = WORDINGS.get(error.code)
    if known is None:
        raise LookupError(f"the code {error.code!r} has no sentence") from error
    shown = {name: day(value) if isinstance(value, date) else str(value) for name, value in error.params.items()}
    return str(known.text) % shown


_TITLES = {
    400: (_l("We could not read that request"), _l("Go back, reload the page and try again.")),
    401: (_l("Please sign in"), _l("This page is for people of the programme.")),
    403: (_l("This page is not for your role"), _l("If you think it should be, ask your programme manager.")),
    404: (_l("We could not find that page"), _l("The address may be old or mistyped. The overview leads to everything.")),
    405: (_l("That action does not work here"), _l("Go back and use the buttons of the page.")),
    409: (_l("Somebody was faster"), _l("The record changed meanwhile. Reload the page to see how it stands.")),
    413: (_l("That file is too large"), _l("Files up to 10 MB are accepted. A photo taken smaller will do.")),
    422: (_l("That cannot be saved yet"), _l("Go back, correct what is marked and send again.")),
    429: (_l("Too many tries"), _l("Wait a minute and try again.")),
    500: (_l("Something broke on our side"), _l("Nothing you had stored is lost. It has been noted; try again in a moment.")),
    503: (_l("We are busy for a moment"), _l("Wait a few seconds and try again. What you typed is still in the form.")),
}


def error_page(status: int, detail: str = "") -> Response:
    """Return the page for `status`, with one sentence of what happened and one of what to do."""
    title, help_text = _TITLES.get(status, _TITLES[500 if status >= 500 else 400])
    page = render_template("errors/error.html", status=status, title=title, detail=detail, help=help_text)
    return make_response(page, status)


def init_app(app: Flask) -> None:
    """Register the handlers: refusals, HTTP errors, and faults that were not foreseen."""

    @app.errorhandler(DomainError)
    def refused(error: DomainError) -> Response:
        return error_page(int(WORDINGS[error.code].status), sentence(error))

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        if error.response is not None:
            return make_response(error.response)
        page = error_page(error.code or 500)
        for name, value in error.get_headers():
            if name.lower() in {"retry-after", "allow"}:
                page.headers[name] = value
        return page

    @app.errorhandler(500)
    def broken(_error: Exception) -> Response:
        current_app.logger.error("unhandled fault", extra={"path": request.path, "method": request.method})
        return error_page(500)

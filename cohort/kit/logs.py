"""Writes one JSON line for each thing that happened, with the request it belongs to; what is worth a line is decided there."""

from __future__ import annotations

import logging
import re
import secrets
import sys

import structlog
from flask import Flask, Response, g, request

_SHARED = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.ExtraAdder(),
    structlog.processors.format_exc_info,
)
log = structlog.get_logger("cohort.web")


def configure(level: str) -> None:
    """Send every logger, ours and the libraries', as JSON to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("apscheduler", "alembic"):
        logging.getLogger(noisy).setLevel("WARNING")


def _route_through_stdlib() -> None:
    """Let our loggers speak through the standard library's: silent below WARNING until `configure` is called."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level, *_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(), cache_logger_on_first_use=False,
    )


def init_app(app: Flask) -> None:
    """Give each request an id, a line at its end and a header that names it."""
    _route_through_stdlib()

    @app.before_request
    def name_request() -> None:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if re.fullmatch(r"[\w.-]{8,64}", given) else secrets.token_hex(8)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def note_request(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.get("request_id", "")
        if request.endpoint not in {"static", "health.live", "health.ready", "health.metrics"}:
            log.info("request", method=request.method, route=str(request.url_rule), status=response.status_code)
        return response

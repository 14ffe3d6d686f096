"""Keeps the doors: Content-Security-Policy with a nonce, security headers, CSRF, rate limits, request sizes."""

from __future__ import annotations

import secrets

from flask import Flask, Response, g, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from cohort.config import Settings

csrf = CSRFProtect()
limiter = Limiter(get_remote_address, headers_enabled=True)

MAX_REQUEST_BYTES = 12 * 1024 * 1024  # one file of 10 MB and the form around it
MAX_FORM_BYTES = 1024 * 1024
MAX_FORM_PARTS = 1000


def csp_nonce() -> str:
    """Return this response's nonce; only a library's page needs one, ours carry no inline script."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


# One text, since the library's policy object writes the whole header again at each directive.
_POLICY = "; ".join((
    "default-src 'none'", "script-src 'self' 'nonce-{nonce}'", "style-src 'self'", "font-src 'self'", "connect-src 'self'",
    "manifest-src 'self'", "img-src 'self' data: blob:", "form-action 'self'", "base-uri 'self'", "frame-ancestors 'none'",
))


def init_app(app: Flask, settings: Settings) -> None:
    """Set limits, CSRF and headers on every response."""
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_FORM_BYTES,
        MAX_FORM_PARTS=MAX_FORM_PARTS,
        WTF_CSRF_TIME_LIMIT=None,  # the token lives as long as the session: a form left open overnight still saves
        RATELIMIT_STORAGE_URI=settings.limiter_url,
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https://"),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,  # it is written when it changes, and for whoever is signed in every few minutes
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    csrf.init_app(app)
    limiter.init_app(app)

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _POLICY.format(nonce=csp_nonce())
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", "camera=(self), geolocation=(), microphone=()")
        if settings.public_url.startswith("https://"):
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        if request.endpoint != "static" and "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response

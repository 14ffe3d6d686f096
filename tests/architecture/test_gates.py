"""Holds that every route has a gate and that nothing is sent without the page's own token."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from cohort.app import create_app
from cohort.config import Settings
from cohort.kit import doors
from cohort.kit.access import PERMISSIONS, Role, gate_of

SAFE = {"GET", "HEAD", "OPTIONS"}
# Views that take a POST without the token of a page, each with its reason. There is none.
EXEMPT: dict[str, str] = {}
PUBLIC_SENDING = {
    "sign_in.index", "sign_in.send_link", "sign_in.open_link", "sign_in.code", "sign_in.accept",
    "account.choose_language", "account.confirm_address", "security.wan_signin", "security.wan_signin_response",
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder: Path = tmp_path_factory.mktemp("gates")
    return create_app(Settings.read({"COHORT_INSTANCE": str(folder), "COHORT_SECRET_KEY": "k" * 40}))


def endpoints(app: Flask) -> list[str]:
    return sorted({rule.endpoint for rule in app.url_map.iter_rules()})


def sending(app: Flask) -> list[str]:
    return sorted({rule.endpoint for rule in app.url_map.iter_rules() if (rule.methods or set()) - SAFE})


def test_every_route_has_a_gate(app: Flask) -> None:
    assert [endpoint for endpoint in endpoints(app) if gate_of(app, endpoint) is None] == []


def test_every_gate_is_a_permission_that_some_role_has(app: Flask) -> None:
    known = {"public", "signed_in"}.union(*(PERMISSIONS[role] for role in Role))
    assert {gate_of(app, endpoint) for endpoint in endpoints(app)} - known == set()


def test_nothing_is_exempt_from_the_token(app: Flask) -> None:
    assert app.config.get("WTF_CSRF_ENABLED", True) is True
    assert app.config["WTF_CSRF_CHECK_DEFAULT"] is True
    exempt = {str(name) for name in doors.csrf._exempt_views} | {str(name) for name in doors.csrf._exempt_blueprints}
    assert exempt == set(EXEMPT)


def test_every_sending_route_refuses_without_the_token(app: Flask) -> None:
    """By address: each one answers 400 before it looks at anything else."""
    client = app.test_client()
    answers = {}
    for rule in app.url_map.iter_rules():
        methods = (rule.methods or set()) - SAFE
        if not methods or rule.endpoint in EXEMPT:
            continue
        values = {name: min(getattr(rule._converters[name], "items", {"1"})) for name in rule.arguments}
        with app.test_request_context():
            path = app.url_map.bind("localhost").build(rule.endpoint, values, method=min(methods))
        answers[rule.endpoint] = client.open(path, method=min(methods)).status_code
    assert {endpoint: code for endpoint, code in answers.items() if code != 400} == {}


def test_nothing_is_sent_from_outside_but_these(app: Flask) -> None:
    """What a stranger may send is a short list, so that a new door is a decision."""
    open_to_all = {endpoint for endpoint in sending(app) if gate_of(app, endpoint) == "public"}
    assert {name for name in open_to_all if not name.startswith(("calls.", "apply."))} == PUBLIC_SENDING


def test_sign_out_is_never_by_link(app: Flask) -> None:
    methods = {frozenset(rule.methods or ()) for rule in app.url_map.iter_rules() if rule.rule == "/sign-out"}
    assert methods == {frozenset({"POST", "OPTIONS"})}

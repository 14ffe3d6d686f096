"""Signs operators in through the real door and lends the site the test kinds of mail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import ChoiceLoader, DictLoader

from cohort.kit.access import Role
from tests.jobs import site as sites
from tests.rooms.people.conftest import MakePerson, client, make_person, post, quick, session, sign_in, world

__all__ = ["client", "make_person", "quick", "session", "world"]


@pytest.fixture
def kinds(app: Flask) -> Iterator[None]:
    """The mail kinds, templates and jobs of the tests."""
    before = app.jinja_env.loader
    app.jinja_env.loader = ChoiceLoader([sites.TEMPLATES, before or DictLoader({})])
    with sites.kinds_of_tests():
        yield
    app.jinja_env.loader = before


@pytest.fixture
def operator(client: FlaskClient, make_person: MakePerson, kinds: None) -> FlaskClient:
    """A browser in which an administrator is signed in, in English."""
    make_person("admin@mesa.test", Role.ADMINISTRATOR)
    sign_in(client, "admin@mesa.test")
    post(client, "/account/language", page="/account/", language="en", back="/account/")
    return client


@pytest.fixture
def manager(app: Flask, make_person: MakePerson, kinds: None) -> FlaskClient:
    """A browser in which a manager is signed in."""
    browser = app.test_client()
    make_person("manager@mesa.test", Role.MANAGER)
    sign_in(browser, "manager@mesa.test")
    return browser

"""Signs in as everybody whom the sign-in page names, and opens the pages each of them works with."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from cohort.demo.build import sign_in_lines
from cohort.demo.members import SIGN_IN_FIRMS
from cohort.demo.sketches import MAIL_DOMAIN, plain_letters
from cohort.demo.stage_set import COACH, PASSWORD, STAFF
from cohort.kit import clock
from cohort.kit.doors import limiter
from tests.rooms.demo.conftest import AS_OF, Build

EMAILS = [
    *(each.email for each in (*STAFF, COACH)),
    *(f"{plain_letters(name)}@{MAIL_DOMAIN}" for name in SIGN_IN_FIRMS),
]


@pytest.mark.parametrize("email", EMAILS)
def test_everybody_can_sign_in_and_open_what_their_rail_offers(small: Flask, email: str) -> None:
    clock.pin(AS_OF)
    try:
        with small.app_context():
            limiter.reset()
        client = small.test_client()
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/sign-in").text)
        assert token is not None
        home = client.post(
            "/sign-in", data={"email": email, "password": PASSWORD, "csrf_token": token[1]}, follow_redirects=True)
        assert home.status_code == 200, home.request.path
        assert home.request.path != "/sign-in"
        rail = {href for href in re.findall(r'href="(/[a-z][^"?#]*)"', home.text) if not href.startswith(("/static", "/site.css"))}
        answers = {href: client.get(href, follow_redirects=True).status_code for href in sorted(rail)}
        assert {href: status for href, status in answers.items() if status != 200} == {}
    finally:
        clock.pin(None)


def test_the_sign_in_page_names_them_in_a_demo_alone(small: Flask, build: Build) -> None:
    shown = small.test_client().get("/sign-in").text
    assert [email for email in EMAILS if email not in shown] == []
    assert PASSWORD in shown
    elsewhere = build(is_built=False)
    page = elsewhere.test_client().get("/sign-in").text
    assert PASSWORD not in page
    assert MAIL_DOMAIN not in page
    assert sign_in_lines(elsewhere) == []
    assert len(sign_in_lines(small)) == 1 + len(EMAILS)

"""Holds `cohort people invite` on an installation of its own: link out, exit codes, nothing written when refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select

from cohort.app import create_app
from cohort.config import Settings
from cohort.kit import clock
from cohort.kit.database import db, transaction
from cohort.people.cli import people_group
from cohort.people.models import Invitation
from cohort.plans.models import Plan
from tests.schema import build_schema

KEY = "a key for tests that is long enough to be taken"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Path]]:
    folder = tmp_path_factory.mktemp("installation")
    site = create_app(Settings.read({"COHORT_INSTANCE": str(folder), "COHORT_SECRET_KEY": KEY}))
    build_schema(site)
    with site.app_context(), transaction() as session:
        session.add(Plan(
            code="first", name_es="Plan", name_en="Plan", starts_on=date(2025, 9, 1), ends_on=date(2027, 8, 31),
            time_zone="America/Santiago", lead_country="CL", recorded_at=clock.now(),
        ))
    yield site, folder
    with site.app_context():
        db.engine.dispose()


def invitations_in(site: Flask) -> int:
    with site.app_context():
        return db.session.scalar(select(func.count(Invitation.id))) or 0


@pytest.fixture
def run(installed: tuple[Flask, Path]) -> CliRunner:
    return CliRunner(env={"COHORT_INSTANCE": str(installed[1]), "COHORT_SECRET_KEY": KEY})


def test_link_is_printed_and_opens(installed: tuple[Flask, Path], run: CliRunner) -> None:
    words = ["invite", "A@b.test", "--role", "coordinator", "--country", "cl"]
    plain = run.invoke(people_group, words)
    assert (plain.exit_code, plain.stderr) == (0, "")
    answer = json.loads(run.invoke(people_group, [*words, "--json"]).output)
    assert (answer["email"], answer["role"]) == ("A@b.test", "coordinator")
    client = installed[0].test_client()
    addresses = [line.removeprefix("http://localhost:5000") for line in (plain.output.strip(), answer["link"])]
    assert [client.get(path).status_code for path in addresses] == [404, 200]  # the second withdrew the first


@pytest.mark.parametrize("words", [
    ["a@b.test"], ["a@b.test", "--role", "king"], ["nobody", "--role", "observer"],
    ["a@b.test", "--role", "coordinator"], ["a@b.test", "--role", "observer", "--plan", "99999"],
    ["a@b.test", "--role", "firm", "--firm", "99999"], ["a@b.test", "--role", "observer", "--language", "fr"],
])
def test_refusal_is_2_with_a_sentence_and_writes_nothing(
    installed: tuple[Flask, Path], run: CliRunner, words: list[str],
) -> None:
    before = invitations_in(installed[0])
    done = run.invoke(people_group, ["invite", *words])
    assert done.exit_code == 2
    assert done.stderr != ""
    assert done.stdout == ""
    assert invitations_in(installed[0]) == before

"""National seals on the page of ownership: offered by country, counted under a profile that names them alone."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.firms.models import OwnershipDeclaration
from cohort.firms.profiles import accepted_seals
from cohort.kit.access import Role
from cohort.plans.models import PolicyVersion
from cohort.rules.parity import PROFILES
from tests.pages import Pages
from tests.rooms.firms.conftest import NOW, SignIn, World

SEAL = "Sello Empresa Mujer"


def judge_by(session: Session, world: World, profile: str) -> None:
    session.add(PolicyVersion(plan_id=world.plan, kind="parity", version=2, valid_from_on=date(2026, 1, 1),
                              settings={"profile": profile}, recorded_at=NOW))
    session.commit()


def test_a_seal_counts_under_the_profile_that_names_it_and_for_its_own_country() -> None:
    assert {(profile, country): accepted_seals(profile, country) for profile in PROFILES for country in ("CL", "PE")
            if accepted_seals(profile, country)} == {("CHILECOMPRA", "CL"): frozenset({SEAL})}


@pytest.mark.parametrize(("profile", "hint", "counted"), [
    ("CHILECOMPRA", "a seal in force counts for parity", SEAL), ("IWA34", "the answers above decide", "")])
def test_the_page_offers_the_seals_of_the_country_and_says_whether_they_count(
    app: Flask, session: Session, world: World, sign_in: SignIn, profile: str, hint: str, counted: str
) -> None:
    judge_by(session, world, profile)
    pages, path = Pages(app, sign_in(Role.COORDINATOR, "CL")), f"/firms/{world.chile}/ownership"
    shown = pages.get(path)
    assert (hint in shown.text, f"{SEAL} (ChileCompra)" in shown.text) == (True, True)
    detail = pages.send(path, kind="company", seal=SEAL, seal_until_on="2027-06-30").text
    row = session.scalars(select(OwnershipDeclaration)).one()
    assert (row.seal, row.seal_until_on, row.note["seal"], "that the plan accepts: Sello" in detail) == (
        SEAL, date(2027, 6, 30), counted, bool(counted))


def test_a_seal_that_has_run_out_counts_no_more(app: Flask, session: Session, world: World, sign_in: SignIn) -> None:
    judge_by(session, world, "CHILECOMPRA")
    Pages(app, sign_in(Role.COORDINATOR, "CL")).send(
        f"/firms/{world.chile}/ownership", kind="company", seal=SEAL, seal_until_on="2026-11-23")
    assert session.scalars(select(OwnershipDeclaration)).one().note["seal"] == ""


def test_a_seal_needs_its_last_day_and_a_day_its_seal(app: Flask, session: Session, world: World, sign_in: SignIn) -> None:
    pages, path = Pages(app, sign_in(Role.COORDINATOR, "CL")), f"/firms/{world.chile}/ownership"
    assert "Give the last day of the seal." in pages.sent_back(path, kind="company", seal=SEAL).text
    assert "Choose which seal holds until that day." in pages.sent_back(path, kind="company", seal_until_on="2027-06-30").text
    assert "is no day. Expected" in pages.sent_back(path, kind="company", seal=SEAL, seal_until_on="31/02/2027").text
    assert pages.post(path, status=422, kind="company", seal="Mine", seal_until_on="2027-06-30").status_code == 422
    assert session.scalars(select(OwnershipDeclaration)).all() == []


def test_a_country_without_a_seal_is_not_asked_for_one(app: Flask, world: World, sign_in: SignIn) -> None:
    pages, path = Pages(app, sign_in(Role.COORDINATOR, "PE")), f"/firms/{world.peru}/ownership"
    assert "National seal" not in pages.get(path).text
    assert "Declared on" in pages.send(path, kind="company", seal=SEAL).text

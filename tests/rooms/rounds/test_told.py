"""What a firm answered reads as people say it, in the reader's language and formats; nothing that was typed is lost."""

from __future__ import annotations

import pytest
from flask import Flask, g
from flask_babel import force_locale

from cohort.rounds.applications import service as applications
from cohort.rounds.applications.answers import Given
from cohort.rounds.applications.told import answer_rows, answer_text
from cohort.rounds.models import Application
from tests.rooms.rounds.conftest import ANSWERS, Site, World
from tests.rooms.rounds.pages import checked


@pytest.mark.parametrize(("name", "typed", "told"), [
    ("annual_sales", "152.282.000", "CLP 152.282.000"), ("annual_sales", "152282000", "CLP 152.282.000"),
    ("annual_sales", "", ""), ("annual_sales", "unos 15 millones", "unos 15 millones"),
    ("founded_on", "2019-03-01", "1 de marzo de 2019"), ("founded_on", "hace años", "hace años"),
    ("women_ownership_pct", "60", "60 %"), ("women_ownership_pct", "33,5", "33,5 %"),
    ("employees", "1200", "1.200"), ("travels", "parcel", "En paquete"), ("woman_signatory", "unknown", "la empresa no lo sabe"),
    ("form", "sole_trader", "Una sola persona dueña, sin sociedad"), ("product", "no", "no"), ("sells_online", "", ""),
])
def test_an_answer_in_words(app: Flask, name: str, typed: str, told: str) -> None:
    with app.test_request_context(), force_locale("es"):
        g.region = "CL"
        assert " ".join(answer_text(name, Given({name: typed}, "CL")).split()) == told


def test_only_the_questions_of_its_form(app: Flask) -> None:
    with app.test_request_context(), force_locale("en"):
        alone = dict(answer_rows({**ANSWERS, "form": "sole_trader", "owner_is_woman": "yes"}, "PE"))
        board = dict(answer_rows({**ANSWERS, "board_total": "3", "board_women": "1"}, "PE"))
    assert (alone["The owner is a woman"], alone["Sales of 2025"]) == ("Yes", "PEN 50,000.00")
    assert "A woman signs for it" not in alone
    assert (board["A woman signs for it"], board["Women on the board"]) == ("Yes", "1")


def sent_then_changed(world: World) -> tuple[int, int]:
    round_ = world.call()
    file: Application = world.apply(round_, "una", "PE", 1, womens=True)
    applications.save_draft(world.session, world.actor("una"), file, {"annual_sales": "999"})
    return round_.id, file.id


def test_staff_read_what_was_sent_and_settle_only_a_closed_call(doors: Site) -> None:
    round_id, file_id = doors.do(sent_then_changed)  # type: ignore[misc]
    page = doors.client("manager@plan.test").get(f"/rounds/{round_id}/files/{file_id}").text
    checked(page)
    assert "PEN 50.000,00" in page  # a manager without an office reads the lead's formats
    assert "999" not in page
    assert "2019-03-01" not in page
    assert "Resolver" not in page

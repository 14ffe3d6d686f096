"""Arranges a closed call that is reviewed blind: four evaluators, files of four countries, a rubric with anchors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.kit.access import SYSTEM, Actor, Role, act_as
from cohort.people import grants
from cohort.people.models import Person, RoleGrant
from cohort.rounds.calls import service as calls
from cohort.rounds.calls.parts import criteria_of
from cohort.rounds.models import Application, Round
from cohort.rounds.reviews import assigning, sheets
from cohort.rounds.reviews.models import Review
from tests.rooms.rounds.conftest import AFTER, World, make_person

RUBRIC = [
    {"criterion": name, "weight": weight, "label": {"es": f"Criterio {name}", "en": f"Criterion {name}"},
     "anchors": [{"es": f"{name} ancla {mark}", "en": f"{name} anchor {mark}"} for mark in range(6)]}
    for name, weight in (("readiness", 60), ("growth", 40))
]
TERMS: dict[str, Any] = {"per_file": 2, "gap": "20", "final": "mean_or_median", "is_blind": True, "least_mark": 1}
QUESTIONS = [
    {"name": "story", "kind": "long", "label": {"es": "Su historia", "en": "Your story"}, "help": {"es": "", "en": ""},
     "is_needed": False, "is_blind": False, "choices": []},
    {"name": "owner_story", "kind": "long", "label": {"es": "Sobre la dueña", "en": "About the owner"},
     "help": {"es": "", "en": ""}, "is_needed": False, "is_blind": True, "choices": []},
]
EVALUATORS = (("ana", "CL"), ("beto", "PE"), ("carla", "CO"), ("dora", "MX"))


@dataclass
class Panel:
    """A closed call with its files and evaluators, and how they act."""

    world: World
    round_: Round
    files: list[Application]
    evaluators: dict[str, Person] = field(default_factory=dict)

    @property
    def session(self) -> Session:
        return self.world.session

    def id(self, name: str) -> int:
        return self.evaluators[name].id

    def actor(self, name: str) -> Actor:
        return self.world.actor(name)

    def give(self, file: Application, *names: str, source: str = "hand") -> assigning.Given:
        return assigning.give(self.session, self.world.manager, self.round_, [(file.id, self.id(name)) for name in names], source)

    def as_(self, name: str) -> Actor:
        """See what an evaluator sees, from the next query on."""
        actor = self.actor(name)
        act_as(self.session, actor)
        return actor

    def free(self, file: Application, *names: str) -> None:
        """Let evaluators declare the file free of conflicts, each with their own eyes."""
        for name in names:
            assert sheets.declare(self.session, self.as_(name), file.id, False) is True
        act_as(self.session, SYSTEM)

    def send(self, file: Application, name: str, *marks: int, **words: str) -> int:
        """Send a review in with its marks in the rubric's order; returns its points."""
        actor = self.as_(name)
        typed = {each.name: str(mark) for each, mark in zip(criteria_of(self.round_.protocol), marks, strict=True)}
        held = sheets.sheet_of(self.session, actor, file.id)[1]
        sent = sheets.send(self.session, actor, file.id, held.version, {**typed, **words})
        act_as(self.session, SYSTEM)
        return sent.points

    def review(self, file: Application, name: str) -> Review:
        return self.session.scalars(select(Review).where(
            Review.application_id == file.id, Review.evaluator_id == self.id(name))).one()

    def through(self, file: Application, marks: dict[str, tuple[int, ...]]) -> None:
        """Give, declare and send in, for each evaluator named."""
        self.give(file, *marks)
        self.free(file, *marks)
        for name, given in marks.items():
            self.send(file, name, *given)


def reviewed_call(world: World, **terms: Any) -> Round:
    """An open call whose protocol asks for reviews."""
    round_ = world.call(is_open=False)
    round_.protocol = {**round_.protocol, "rubric": RUBRIC, "questions": QUESTIONS, "reviews": {**TERMS, **terms}}
    calls.open_round(world.session, world.manager, round_)
    return round_


def evaluators_for(world: World) -> dict[str, Person]:
    for name, country in EVALUATORS:
        person = make_person(world.session, f"{name}@panel{country.lower()}.lat", Role.EVALUATOR, world.plan.id, country)
        person.name = {"ana": "Ana Soto", "beto": "Beto Ríos", "carla": "Carla Mena", "dora": "Dora Paz"}[name]
        world.people[name] = person
    usual = world.people["evaluator"]
    for grant in world.session.scalars(select(RoleGrant).where(RoleGrant.person_id == usual.id)):
        grants.revoke_role(world.session, SYSTEM, grant.id)  # the four above are the whole panel
    return {name: world.people[name] for name, _country in EVALUATORS}


def panel_for(world: World, each: int = 1, **terms: Any) -> Panel:
    """Close a reviewed call with some files a country; leaves the clock after its closing."""
    round_ = reviewed_call(world, **terms)
    evaluators = evaluators_for(world)
    files = world.fill(round_, each)
    world.close(round_)
    clock.pin(AFTER)
    return Panel(world, round_, files, evaluators)


@pytest.fixture
def panel(world: World) -> Panel:
    return panel_for(world)

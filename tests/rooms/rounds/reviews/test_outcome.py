"""What marks come to, and what links an evaluator to a file: pure answers, no database."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from cohort.rounds.calls.parts import Criterion, ReviewTerms
from cohort.rounds.reviews.blind import covered
from cohort.rounds.reviews.detection import (
    EvaluatorFacts,
    FileFacts,
    Link,
    is_same_host,
    is_same_name,
    links_between,
    same_address,
)
from cohort.rounds.reviews.outcome import (
    SentMarks,
    low_criteria,
    mean_or_median,
    points_of,
    read_marks,
    score_of,
    standing_of,
)

RUBRIC = (Criterion("a", 25, {}, ()), Criterion("b", 75, {}, ()))


def sent(*points: int) -> list[SentMarks]:
    return [SentMarks(place, {}, 10_000 * each) for place, each in enumerate(points)]


def test_points_are_weights_times_marks_and_exact() -> None:
    assert [points_of(RUBRIC, {"a": a, "b": b}) for a, b in ((0, 0), (5, 5), (1, 0), (0, 1), (3, 4))] == [
        0, 1_000_000, 50_000, 150_000, 750_000]
    with pytest.raises(KeyError):
        points_of(RUBRIC, {"a": 3})


@pytest.mark.parametrize(("typed", "marks", "faulty"), [
    ({"a": "3", "b": ""}, {"a": 3}, ()), ({"a": " 0 ", "b": "5"}, {"a": 0, "b": 5}, ()), ({"a": "6"}, {}, ("a",)),
    ({"a": "-1", "b": "2.5"}, {}, ("a", "b")), ({"a": "cinco"}, {}, ("a",)), ({"a": None, "other": "4"}, {}, ()),
    ({"a": "٣"}, {}, ("a",)), ({"a": 4}, {"a": 4}, ()),
])
def test_a_mark_is_one_of_six_and_an_open_one_no_zero(
    typed: dict[str, object], marks: dict[str, int], faulty: tuple[str, ...]
) -> None:
    assert read_marks(RUBRIC, typed) == (marks, faulty)


def test_a_file_given_besides_is_waited_for() -> None:
    found = [standing_of(ReviewTerms(), sent(*points), 3) for points in ((70, 80), (60, 90), (70, 80, 75))]
    assert [(each.needed_count, each.is_complete, each.calls_third) for each in found] == [
        (3, False, False), (3, False, True), (3, True, False)]


@pytest.mark.parametrize(("points", "per_file", "gap", "needed", "complete", "third"), [
    ((), 2, None, 2, False, False), ((70,), 2, None, 2, False, False), ((70, 90), 2, 20, 2, True, False),
    ((69, 90), 2, 21, 3, False, True), ((69, 90, 75), 2, 21, 3, True, False), ((10, 90, 50), 3, 80, 3, True, False),
    ((70,), 1, None, 1, True, False), ((10, 90), 1, 80, 1, True, False),
])
def test_a_third_is_called_above_the_gap_and_never_twice(
    points: tuple[int, ...], per_file: int, gap: int | None, needed: int, complete: bool, third: bool
) -> None:
    found = standing_of(ReviewTerms(per_file=per_file, gap=Decimal(20)), sent(*points))
    assert (found.gap, found.needed_count, found.is_complete, found.calls_third) == (
        None if gap is None else gap * 10_000, needed, complete, third)


def test_the_score_is_what_the_sealed_rules_say() -> None:
    points = [600_000, 900_000, 700_000]
    assert score_of(ReviewTerms(), points[:2]) == 750_000
    assert score_of(ReviewTerms(), points, Fraction(1)) == 700_000  # shown beside it, used only where the rules say so
    assert score_of(ReviewTerms(final="median"), [*points, 800_000]) == 750_000
    assert score_of(ReviewTerms(final="severity"), points[:2], Fraction(1_305_001, 2)) == 652_500
    assert [score_of(ReviewTerms(final="severity"), points, Fraction(each)) for each in (1_050_000, -1)] == [1_000_000, 0]
    assert mean_or_median([1, 2]) == Fraction(3, 2)


@pytest.mark.parametrize(("first", "second", "third", "low"), [
    ({"a": 0, "b": 2}, {"a": 2, "b": 2}, None, ()), ({"a": 0, "b": 2}, {"a": 1, "b": 2}, None, ("a",)),
    ({"a": 0, "b": 0}, {"a": 5, "b": 0}, {"a": 0, "b": 5}, ("a", "b")),
])
def test_a_mark_too_low_is_put_together_as_the_score_is(
    first: dict[str, int], second: dict[str, int], third: dict[str, int] | None, low: tuple[str, ...]
) -> None:
    reviews = [SentMarks(place, marks, 0) for place, marks in enumerate((first, second, third)) if marks is not None]
    assert low_criteria(ReviewTerms(least_mark=1), RUBRIC, reviews) == low
    assert low_criteria(ReviewTerms(least_mark=0), RUBRIC, reviews) == ()


@pytest.mark.parametrize(("one", "other", "same"), [
    ("Rosa Quispe", "QUISPE HUAMÁN, Rosa Elena", True), ("Rosa Quispe Soto", "Rosa Quispe Huamán", False),
    ("Rosa", "Rosa Quispe", False), ("José de la Peña", "Jose Pena", True), ("Ana Núñez", "Ana Nunez", True),
    ("", "", False), ("Ana N.", "Ana N.", False),
])
def test_names_are_folded(one: str, other: str, same: bool) -> None:
    assert (is_same_name(one, other), is_same_name(other, one)) == (same, same)


@pytest.mark.parametrize(("one", "other", "same"), [
    ("lanas.cl", "mail.lanas.cl", True), ("https://www.Lanas.cl/tienda", "lanas.cl", True), ("milanas.cl", "lanas.cl", False),
    ("com.pe", "hilos.com.pe", False), ("", "lanas.cl", False), ("cl", "lanas.cl", False),
])
def test_hosts_are_folded(one: str, other: str, same: bool) -> None:
    assert (is_same_host(one, other), is_same_host(other, one)) == (same, same)


def test_addresses_share_their_aliases() -> None:
    assert same_address("Ro.Sa+x@gmail.com") == same_address("rosa@googlemail.com")
    assert same_address("ro.sa@lanas.cl") != same_address("rosa@lanas.cl")


EVALUATOR = EvaluatorFacts(7, "Rosa Quispe Soto", ("rosa@lab.lanas.cl",), frozenset({3}), frozenset({"Grupo Ñandú"}))


@pytest.mark.parametrize(("file", "link"), [
    (FileFacts(1), None),
    (FileFacts(1, firm_ids=frozenset({3})), Link("past_link", "")),
    (FileFacts(1, person_ids=frozenset({7})), Link("past_link", "")),
    (FileFacts(1, mails=("ROSA+y@lab.lanas.cl",)), Link("past_link", "rosa@lab.lanas.cl")),
    (FileFacts(1, owner_group="grupo nandu"), Link("owner", "grupo nandu")),
    (FileFacts(1, firm_names=("Textiles Rosa Quispe Soto EIRL",)), Link("owner", "Textiles Rosa Quispe Soto EIRL")),
    (FileFacts(1, people=("Rosa Quispe",)), Link("name", "Rosa Quispe")),
    (FileFacts(1, mails=("ventas@lanas.cl",)), Link("domain", "lanas.cl")),
    (FileFacts(1, hosts=("www.lanas.cl",)), Link("domain", "lanas.cl")),
    (FileFacts(1, mails=("otra@gmail.com",), hosts=("hilos.cl",), people=("Rosa Lima",), owner_group="Otro"), None),
])
def test_each_kind_of_link_is_found(file: FileFacts, link: Link | None) -> None:
    assert links_between(EVALUATOR, file)[:1] == (() if link is None else (link,))


def test_free_mail_hosts_link_nobody() -> None:
    for host in ("gmail.com", "hotmail.cl", "yahoo.com.mx", "outlook.es", "vtr.net", "demo.test", "example.org"):
        one, other = EvaluatorFacts(1, "Ana Soto", (f"ana@{host}",)), FileFacts(1, mails=(f"eva@{host}",))
        assert links_between(one, other) == ()


def test_names_inside_answers_are_covered() -> None:
    text = "En Hilos del Súr (RUT 76.123.456-0) tejemos; HILOS  DEL SUR nació en 2019. Llame a rosa quispe. Hilos."
    assert covered(text, ["Hilos del Sur", "761234560", "Rosa Quispe", "SA"]) == (
        "En ▒▒▒ (RUT ▒▒▒) tejemos; ▒▒▒ nació en 2019. Llame a ▒▒▒. Hilos.")

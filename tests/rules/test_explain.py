"""Prices, reasons and swaps; rules that clash and the least change that makes room."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cohort.rules.conflicts import Change, conflict, relaxation, relaxed
from cohort.rules.explain import Reason, Swap, Tally, prices, reasons, swaps, tally, unconstrained
from cohort.rules.lots import draw
from cohort.rules.pool import Pool
from cohort.rules.quotas import Quota, SeatPlan
from cohort.rules.selection import Selection, choose

WOMEN = {"women": ("yes",)}
POOL = Pool.of(
    list("abcdef"), [900_000, 850_000, 800_000, 750_000, 700_000, 600_000],
    {"women": ["no", "no", "yes", "no", "yes", "yes"], "country": ["CL", "CL", "PE", "PE", "CL", "PE"]},
)
LOTS = draw(POOL.ids, "seed")
PARITY = SeatPlan(4, (
    Quota("women", WOMEN, min_share=Fraction(1, 2)), Quota("CL", {"country": ("CL",)}, max=3),
    Quota("women of PE", WOMEN, of={"country": ("PE",)}, min_share=Fraction(1, 2), max_share=Fraction(1)),
))
CHOSEN = choose(POOL, PARITY, "seed")


def test_each_rule_is_tallied_in_places():
    assert tally(POOL, PARITY, CHOSEN.selected) == [
        Tally("women", 2, None, 2), Tally("CL", None, 3, 3), Tally("women of PE", 1, 1, 1, 1),
    ]
    both = SeatPlan(4, (
        Quota("q", WOMEN, of={"country": ("CL",)}, min=1, max=3, min_share=Fraction(1, 4), max_share=Fraction(1, 2)),
        Quota("open", WOMEN, of={"country": ("CL",)}, min=1),
    ))
    assert tally(POOL, both, ["a", "b", "e", "f"]) == [Tally("q", 1, 1, 1, 3), Tally("open", 1, None, 1, 3)]


def test_a_rule_costs_what_the_best_cohort_without_it_alone_has_more():
    assert CHOSEN.selected == ("a", "b", "c", "e")
    found = prices(POOL, PARITY, CHOSEN)
    assert (dict(found.by_rule), found.together) == ({"women": 50_000, "CL": 0, "women of PE": 0}, 50_000)


def test_prices_count_with_stayers_seated_and_barred_out():
    found = choose(POOL, PARITY, "seed", stayers=["d"], barred=["c"])
    assert found.selected == ("a", "d", "e", "f")
    cost = prices(POOL, PARITY, found, ["d"], ["c"])
    assert dict(cost.by_rule) == {"women": 150_000, "CL": 0, "women of PE": 0}
    assert cost.together == 250_000
    assert unconstrained(POOL, 4, LOTS, ["d"], ["c"]).tolist() == [3, 0, 1, 4]


def test_only_an_optimal_selection_has_prices():
    with pytest.raises(ValueError, match=r"^only an optimal selection has prices$"):
        prices(POOL, PARITY, Selection("infeasible"))


def test_everybody_learns_why_without_another_name():
    assert reasons(POOL, PARITY, CHOSEN.selected, LOTS) == {
        "a": Reason("in_by_score"), "b": Reason("in_by_score"), "c": Reason("in_by_score"),
        "d": Reason("out_by_rule", 100_000, ("women",)),
        "e": Reason("in_by_rule", None, ("women",)),
        "f": Reason("out_by_score", 100_000, ()),
    }


def test_stayers_barred_equals_and_closed_seats_have_reasons_of_their_own():
    rows = Pool.of(list("pqrst"), [5, 5, 9, 1, 7], {"women": ["no", "no", "no", "yes", "no"]})
    lots = draw(rows.ids, "seed")
    plan = SeatPlan(3, (Quota("women", WOMEN, min=1),))
    found = choose(rows, plan, "seed", stayers=["s"], barred=["t"])
    winner, loser = sorted("pq", key=lambda one: lots[rows.ids.index(one)])
    assert set(found.selected) == {"r", "s", winner}
    assert reasons(rows, plan, found.selected, lots, ["s"], ["t"]) == {
        winner: Reason("in_by_score"), loser: Reason("out_by_lot", 0, ()), "r": Reason("in_by_score"),
        "s": Reason("stays"), "t": Reason("barred"),
    }
    assert reasons(rows, SeatPlan(1), ["s"], lots, ["s"])["r"] == Reason("out_by_rule", None, ())
    only = SeatPlan(1, (Quota("women", WOMEN, min=1),))
    assert reasons(rows, only, ["s"], lots)["r"] == Reason("out_by_rule", None, ("women",))


def test_all_chosen_by_score_need_no_rule():
    assert reasons(POOL, SeatPlan(6), tuple("abcdef"), LOTS) == dict.fromkeys("abcdef", Reason("in_by_score"))


def test_swaps_show_seat_by_seat_what_the_rules_moved():
    assert swaps(POOL, PARITY, CHOSEN.selected, LOTS) == [Swap("e", "d", 50_000, ("women",))]
    assert swaps(POOL, SeatPlan(3), tuple("abc"), LOTS) == []


@pytest.mark.parametrize(
    ("plan", "names", "changes"),
    [
        (PARITY, (), ()),
        (SeatPlan(8), ("seats",), (Change("seats", "min", Fraction(8), Fraction(6)),)),
        (
            SeatPlan(4, (Quota("women", WOMEN, min=4), Quota("CL", {"country": ("CL",)}, min=1))),
            ("women",), (Change("women", "min", Fraction(4), Fraction(3)),),
        ),
        (
            SeatPlan(3, (
                Quota("most", WOMEN, max=3), Quota("women of CL", {**WOMEN, "country": ("CL",)}, min=1),
                Quota("PE", {"country": ("PE",)}, min=3),
            )),
            ("women of CL", "PE"), (Change("women of CL", "min", Fraction(1), Fraction(0)),),
        ),
        (
            SeatPlan(4, (Quota("CL", {"country": ("CL",)}, min=1), Quota("women", WOMEN, min=4))),
            ("women",), (Change("women", "min", Fraction(4), Fraction(3)),),
        ),
        (
            SeatPlan(4, (Quota("PE", {"country": ("PE",)}, min=3), Quota("men", {"women": ("no",)}, min_share=Fraction(3, 4)))),
            ("PE", "men"), (Change("PE", "min", Fraction(3), Fraction(2)),),
        ),
        (
            SeatPlan(4, (Quota("PE", {"country": ("PE",)}, max=1), Quota("CL", {"country": ("CL",)}, max=1))),
            ("PE", "CL"), (Change("PE", "max", Fraction(1), Fraction(3)),),
        ),
        (
            SeatPlan(4, (Quota("CL", {"country": ("CL",)}, max=1), Quota("PE", {"country": ("PE",)}, max=1))),
            ("CL", "PE"), (Change("CL", "max", Fraction(1), Fraction(3)),),
        ),
        (
            SeatPlan(4, (Quota("men", {"women": ("no",)}, min_share=Fraction(3, 4)), Quota("PE", {"country": ("PE",)}, min=3))),
            ("men", "PE"), (Change("men", "min", Fraction(3), Fraction(2)),),
        ),
        (
            SeatPlan(4, (
                Quota("CL", {"country": ("CL",)}, min=3),
                Quota("women of CL", WOMEN, of={"country": ("CL",)}, min_share=Fraction(2, 5)),
            )),
            ("CL", "women of CL"),
            (Change("women of CL", "min", Fraction(2, 5), Fraction(1, 3), of_share=True),),
        ),
        (
            SeatPlan(4, (
                Quota("PE", {"country": ("PE",)}, min=3),
                Quota("women of PE", WOMEN, of={"country": ("PE",)}, max_share=Fraction(3, 5), max=3),
            )),
            ("PE", "women of PE"),
            (Change("women of PE", "max", Fraction(3, 5), Fraction(2, 3), of_share=True),),
        ),
        (
            SeatPlan(8, (Quota("women", WOMEN, min=4), Quota("men", {"women": ("no",)}, max=3))),
            ("seats",),
            (Change("seats", "min", Fraction(8), Fraction(6)), Change("women", "min", Fraction(4), Fraction(3))),
        ),
        (
            SeatPlan(2, (Quota("second", WOMEN, max=0), Quota("first", {"women": ("no",)}, max=0), Quota("third", WOMEN, max=1))),
            ("first", "third"), (Change("first", "max", Fraction(0), Fraction(2)),),
        ),
    ],
)
def test_rules_that_clash_are_irreducible_and_the_change_is_least_and_first(plan, names, changes):
    assert conflict(POOL, plan) == names
    assert relaxation(POOL, plan) == changes
    eased = relaxed(plan, changes)
    assert choose(POOL, eased, "seed").status == "optimal"


def test_fixed_members_clash_too():
    assert conflict(POOL, SeatPlan(2), stayers=["a", "b", "c"]) == ("seats",)
    assert relaxation(POOL, SeatPlan(2), stayers=["a", "b", "c"]) == (
        Change("seats", "max", Fraction(2), Fraction(3)),
    )
    assert conflict(POOL, SeatPlan(3, (Quota("women", WOMEN, min=2),)), ["a", "b"], ["c"]) == ("women",)
    assert relaxation(POOL, SeatPlan(3, (Quota("women", WOMEN, min=2),)), ["a", "b"], ["c"]) == (
        Change("women", "min", Fraction(2), Fraction(1)),
    )


def test_an_empty_pool_leaves_no_seat():
    nobody = Pool.of([], [], {"women": []})
    assert conflict(nobody, SeatPlan(2)) == ("seats",)
    assert relaxation(nobody, SeatPlan(2, (Quota("women", WOMEN, min=1),))) == (
        Change("seats", "min", Fraction(2), Fraction(0)), Change("women", "min", Fraction(1), Fraction(0)),
    )

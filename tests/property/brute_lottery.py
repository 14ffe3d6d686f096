"""The most equal chances by writing down every panel there is: slow, plain, and sharing no code with `cohort.rules`."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.optimize import linprog

from tests.property.brute_cohort import keeps


def band_counts(group, edges):
    """How many of a group stand in each band, the best band first."""
    bands = [sum(one["score"] < edge for edge in edges) for one in group]
    return tuple(bands.count(band) for band in range(len(edges) + 1))


def best_panels(people, seats, quotas, edges):
    """Every set that keeps the rules with the best bands, as sets of ids."""
    kept = [
        group for group in itertools.combinations(people, seats)
        if all(keeps(quota, seats, group) for quota in quotas)
    ]
    best = max((band_counts(group, edges) for group in kept), default=None)
    return [{one["id"] for one in group} for group in kept if band_counts(group, edges) == best]


def least_chance(panels):
    """The highest least chance that any lottery over these panels gives to whoever stands in one of them."""
    able = sorted(set().union(*panels))
    rows = np.array([[-(one in panel) for panel in panels] + [1] for one in able], dtype=float)
    sums = np.array([[1.0] * len(panels) + [0.0]])
    found = linprog(
        [0.0] * len(panels) + [-1.0], A_ub=rows, b_ub=np.zeros(len(able)), A_eq=sums, b_eq=[1.0], bounds=(0, 1)
    )
    assert found.success
    return -found.fun

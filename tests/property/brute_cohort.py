"""The choice of a cohort by trying every set: slow, plain, and sharing no code with `cohort.rules`.

It reads quotas as words about people; only the dataclasses that carry the question are imported by the tests.
"""

from __future__ import annotations

import hashlib
import itertools


def lots_of(ids, seed):
    digests = {one: hashlib.sha256((seed + "\n" + one).encode("utf-8")).hexdigest() for one in ids}
    return {one: place for place, one in enumerate(sorted(ids, key=lambda one: (digests[one], one)), start=1)}


def matches(person, where):
    return all(person[column] in values for column, values in where.items())


def keeps(quota, seats, people):
    among = people if quota.of is None else [one for one in people if matches(one, quota.of)]
    count = sum(matches(one, quota.where) for one in among)
    total = seats if quota.of is None else len(among)
    return (
        (quota.min is None or count >= quota.min)
        and (quota.max is None or count <= quota.max)
        and (quota.min_share is None or count + quota.min_short >= quota.min_share * total)
        and (quota.max_share is None or count - quota.max_over <= quota.max_share * total)
    )


def best_cohort(people, seats, quotas, seed, stayers=(), barred=()):
    """The best set of ids with its total, or None: people are dictionaries with id, score and attributes."""
    lots = lots_of([one["id"] for one in people], seed)
    best = None
    for group in itertools.combinations(people, seats):
        ids = {one["id"] for one in group}
        if not set(stayers) <= ids or ids & set(barred):
            continue
        if not all(keeps(quota, seats, group) for quota in quotas):
            continue
        own = sorted(lots[one] for one in ids)
        key = (-sum(one["score"] for one in group), sum(own), own)
        if best is None or key < best[0]:
            best = (key, ids)
    return None if best is None else (best[1], -best[0][0])

"""Times the set-based stages of all firms against a plain GROUP BY in SQLite on the same rows, in one run.

Rows are in memory for us and under a covering index for SQLite; reading them from a database is left out.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import sys
import time
from datetime import date

import numpy as np

from cohort.rules.spells import effective_on
from cohort.rules.stages import RecurrencePolicy
from cohort.rules.standings import stages_of

AS_OF = date(2026, 10, 1)
ROWS_A_FIRM = 20
ROUNDS = 5


def rows_of(firm_count):
    """Skewed activity over five years, as in the design's measurements: many firms with few rows, few with many."""
    random = np.random.default_rng(2026)
    weight = random.pareto(1.5, firm_count) + 0.05
    count = firm_count * ROWS_A_FIRM
    firm = np.sort(random.choice(firm_count, count, p=weight / weight.sum()))
    day = np.datetime64("2021-10-01", "D") + random.integers(0, 1827, count)
    order = np.lexsort((day, firm))
    return firm, day[order], random.integers(0, 4, count), random.integers(1_000, 90_000, count)


def store(firm, day, destination, cents):
    """The same rows in SQLite with the covering index of the peer."""
    base = sqlite3.connect(":memory:")
    base.execute("create table export (firm_id integer, day integer, destination integer, cents integer)")
    rows = zip(firm.tolist(), day.astype(int).tolist(), destination.tolist(), cents.tolist(), strict=True)
    base.executemany("insert into export values (?, ?, ?, ?)", rows)
    base.execute("create index covering on export (firm_id, day, destination, cents)")
    return base


def seconds(action):
    """Wall time of one call."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def measure(firm_count):
    """One size: medians of five interleaved rounds, and the ratio of ours to the GROUP BY."""
    columns = rows_of(firm_count)
    base = store(*columns)
    policy = RecurrencePolicy()

    def group_by():
        base.execute("select firm_id, count(*), sum(cents) from export group by firm_id").fetchall()

    def decide():
        return stages_of(*columns, firm_count=firm_count, as_of=AS_OF, policy=policy)

    found = decide()
    times = [
        (seconds(decide), seconds(group_by), seconds(lambda: effective_on(found, AS_OF, policy)))
        for _ in range(ROUNDS)
    ]
    ours, theirs, since = (statistics.median(column) for column in zip(*times, strict=True))
    return {
        "bench": "recurrence",
        "size": firm_count,
        "rows": firm_count * ROWS_A_FIRM,
        "ratio": round(ours / theirs, 3),
        "against": "sqlite3 group by firm on a covering index",
        "seconds": round(ours, 4),
        "against_seconds": round(theirs, 4),
        "effective_on_seconds": round(since, 4),
    }


def main():
    """Print one JSON line a size; sizes may be given as arguments."""
    for firm_count in [int(size) for size in sys.argv[1:]] or [1_000, 10_000, 100_000]:
        print(json.dumps(measure(firm_count)), flush=True)


if __name__ == "__main__":
    main()

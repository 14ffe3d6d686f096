"""Times the nightly pass over all firms, from the database to the changed rows, against a bare GROUP BY on its index.

SQLite in a file, rows as the site keeps them; the pass reads, decides, compares with what stands and writes what is
new. The incremental night has new facts of 1,000 firms. Letters are left out: no firm of the bench has people.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
from sqlalchemy import text

from cohort.app import create_app
from cohort.config import Settings
from cohort.exports.flags.nightly import judge_night
from cohort.kit import clock
from cohort.kit.access import SYSTEM, act_as
from cohort.kit.database import db, transaction
from cohort.kit.schema import upgrade_database
from cohort.plans.models import Plan
from cohort.plans.service import NewPlan, create_plan

AS_OF = date(2026, 10, 1)
KNOWN = "2026-09-30 12:00:00.000000"
ROWS_A_FIRM = 20
ROUNDS = 5
DIRTY = 1_000


def fill(session, firm_count):
    """Members and verified exports: skewed activity over five years, many firms with few rows, few with many."""
    plan = create_plan(session, SYSTEM, NewPlan("BENCH", "Bench", "Bench", date(2026, 1, 1), "CL", duration_days=3650))
    session.flush()
    session.execute(text(
        "insert into firm (id, country, tax_id, tax_id_status, legal_name, trade_name, sort_name, is_natural_person, sector, region,"
        " city, product, web_address, owner_group, size_class, women_owned, women_led, ownership_verified, recorded_at)"
        " values (:id, 'CL', :tax, 'valid', 'x', '', :tax, 0, '', '', '', '', '', '', 'unknown', 'unknown', 'unknown', 0, :at)"
    ), [{"id": number, "tax": f"t{number}", "at": KNOWN} for number in range(1, firm_count + 1)])
    session.execute(text(
        "insert into member (plan_id, firm_id, country, is_pilot, joined_on, left_reason, womens_at_entry, entry_stage, season_quarters, recorded_at)"
        " select :plan, id, 'CL', 0, '2020-01-01', '', 'unknown', 'never', '[]', :at from firm"
    ), {"plan": plan.id, "at": KNOWN})
    random = np.random.default_rng(2026)
    weight = random.pareto(1.5, firm_count) + 0.05
    count = firm_count * ROWS_A_FIRM
    firms = (random.choice(firm_count, count, p=weight / weight.sum()) + 1).tolist()
    days = (np.datetime64("2021-10-01", "D") + random.integers(0, 1827, count)).astype(str).tolist()
    places = random.choice(np.array(["CO", "MX", "PE"]), count).tolist()
    cents = random.integers(1_000, 90_000, count).tolist()
    statement = (
        "insert into export (plan_id, firm_id, exported_on, origin, destination, product, hs_code, hs_edition, quantity, value_minor,"
        " currency, rate_source, fob_usd_cents, channel, marketplace, buyer, incoterm, shipment, is_baseline, is_sample, recorded_at,"
        " entered_for_firm, state, evidence_level, counted_usd_cents, verified_at) values"
        f" ({plan.id}, ?, ?, 'CL', ?, 'Shawls', '', 2022, '', ?, 'USD', '', ?, 'marketplace', '', 'B2C', '', '', 0, 0, '{KNOWN}',"
        f" 0, 'verified', 3, ?, '{KNOWN}')"
    )
    cursor = session.connection().connection.cursor()
    cursor.executemany(statement, ((firm, day, place, cent, cent, cent) for firm, day, place, cent in zip(firms, days, places, cents, strict=True)))
    return plan.id


def seconds(action):
    """Wall time of one call."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def nights(plan_id, random, firm_count):
    """The three things that are timed, each in a transaction of its own."""
    def group_by():
        with transaction() as session:
            session.connection().connection.cursor().execute(
                "select firm_id, count(*), sum(counted_usd_cents) from export where plan_id = ? and counted_usd_cents > 0 group by firm_id",
                (plan_id,),
            ).fetchall()

    def night(is_full):
        with transaction() as session:
            judge_night(session, session.get_one(Plan, plan_id), AS_OF, is_full=is_full)

    def touch():
        numbers = random.choice(firm_count, DIRTY, replace=False) + 1
        with transaction() as session:
            session.execute(text("update firm_standing set is_dirty = 1 where firm_id = :id"), [{"id": int(number)} for number in numbers])

    return group_by, night, touch


def measure(firm_count):
    """One size: medians of interleaved rounds, and the ratios to the GROUP BY."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings.read({"COHORT_INSTANCE": folder, "COHORT_SECRET_KEY": "k" * 40}))
        upgrade_database(app)
        clock.pin(datetime(2026, 10, 2, 5, tzinfo=UTC))
        with app.app_context():
            act_as(db.session(), SYSTEM)
            with clock.at(datetime(2026, 1, 1, tzinfo=UTC)), transaction() as session:
                plan_id = fill(session, firm_count)
            group_by, night, touch = nights(plan_id, np.random.default_rng(7), firm_count)
            first = seconds(lambda: night(True))
            rounds = []
            for _ in range(ROUNDS):
                touch()
                rounds.append((seconds(group_by), seconds(lambda: night(False)), seconds(lambda: night(True))))
            db.session.remove()
            db.engine.dispose()
        size = sum(part.stat().st_size for part in Path(folder).glob("*.db*"))
    base, incremental, full = (statistics.median(column) for column in zip(*rounds, strict=True))
    return {
        "bench": "flags", "size": firm_count, "rows": firm_count * ROWS_A_FIRM, "ratio": round(full / base, 2),
        "against": "GROUP BY on the covering index, SQLite", "seconds": round(full, 3), "against_seconds": round(base, 3),
        "incremental_firms": DIRTY, "incremental_seconds": round(incremental, 3), "incremental_ratio": round(incremental / base, 3),
        "first_night_seconds": round(first, 1), "database_mb": round(size / 1e6),
    }


def main():
    """Print one JSON line a size; sizes may be given as arguments."""
    for firm_count in [int(size) for size in sys.argv[1:]] or [2_000, 20_000, 100_000]:
        print(json.dumps(measure(firm_count)), flush=True)


if __name__ == "__main__":
    main()

"""Times the nightly pass over all firms, from the database to the changed rows, against a bare GROUP BY on its index.

SQLite in a file and PostgreSQL, rows as the site keeps them; the pass reads, decides, compares with what stands and
writes what is new. The day judged lies inside a quarter, so that the window's edge cuts one for every firm. The
incremental night has 2,000 new, corrected, refunded and withdrawn exports of 1,000 firms; keeping their quarters is
timed apart, because it happens with each fact. Letters are left out: no firm of the bench has people.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import bindparam, select, text, update

from cohort.app import create_app
from cohort.config import Settings
from cohort.exports.flags.nightly import judge_night
from cohort.exports.models import Export, FirmStanding
from cohort.exports.operations import among, without_collector
from cohort.exports.rollup import check_quarters, keep_quarters
from cohort.kit import clock
from cohort.kit.access import SYSTEM, act_as
from cohort.kit.database import db, transaction
from cohort.kit.schema import upgrade_database
from cohort.plans.models import Plan
from cohort.plans.service import NewPlan, create_plan
from tests.postgres import throwaway_cluster

AS_OF = date(2026, 11, 15)
FIRST = np.datetime64(AS_OF, "D") - 1826
KNOWN = "2026-11-14 12:00:00.000000+00:00"
ROWS_A_FIRM = 20
ROUNDS = 7
DIRTY, FACTS = 1_000, 2_000
PLACES = ("CO", "MX", "PE")
COLUMNS = (
    "plan_id, firm_id, exported_on, origin, destination, product, hs_code, hs_edition, quantity, value_minor, currency, rate_source,"
    " fob_usd_cents, channel, marketplace, buyer, incoterm, shipment, is_baseline, is_sample, recorded_at, entered_for_firm, state,"
    " evidence_level, counted_usd_cents, verified_at"
)
SEASONAL = 20  # one firm in so many sells in the second and third quarter alone


def fill(session, firm_count):
    """Members and verified exports: skewed activity over five years, many firms with few rows, few with many."""
    plan = create_plan(session, SYSTEM, NewPlan("BENCH", "Bench", "Bench", date(2026, 1, 1), "CL", duration_days=3650))
    session.flush()
    session.execute(text(
        "insert into firm (id, country, tax_id, tax_id_status, legal_name, trade_name, sort_name, is_natural_person, sector, region,"
        " city, product, web_address, owner_group, size_class, women_owned, women_led, ownership_verified, recorded_at)"
        " values (:id, 'CL', :tax, 'valid', 'x', '', :tax, false, '', '', '', '', '', '', 'unknown', 'unknown', 'unknown', false, :at)"
    ), [{"id": number, "tax": f"t{number}", "at": KNOWN} for number in range(1, firm_count + 1)])
    session.execute(text(
        "insert into member (plan_id, firm_id, country, is_pilot, joined_on, left_reason, womens_at_entry, entry_stage, season_quarters, recorded_at)"
        f" select {plan.id}, id, 'CL', false, '2020-01-01', '', 'unknown', 'never', '[]', '{KNOWN}' from firm"
    ))
    session.execute(text(f"update member set season_quarters = '[2, 3]' where firm_id % {SEASONAL} = 0"))
    random = np.random.default_rng(2026)
    weight = random.pareto(1.5, firm_count) + 0.05
    count = firm_count * ROWS_A_FIRM
    firms = (random.choice(firm_count, count, p=weight / weight.sum()) + 1).tolist()
    days = (FIRST + random.integers(0, 1827, count)).astype(str).tolist()
    places = random.choice(np.array(PLACES), count).tolist()
    cents = random.integers(1_000, 90_000, count).tolist()
    store(session, (
        (plan.id, firm, day, "CL", place, "Shawls", "", 2022, "", cent, "USD", "", cent, "marketplace", "", "B2C", "", "", False, False,
         KNOWN, False, "verified", 3, cent, KNOWN)
        for firm, day, place, cent in zip(firms, days, places, cents, strict=True)
    ))
    begun = time.perf_counter()
    keep_quarters(session, plan.id, range(1, firm_count + 1))
    return plan.id, time.perf_counter() - begun


def store(session, rows):
    """Put exports in as fast as the database takes them."""
    cursor = session.connection().connection.cursor()
    if session.get_bind().dialect.name == "sqlite":
        cursor.executemany(f"insert into export ({COLUMNS}) values ({', '.join('?' * 26)})", rows)
        return
    with cursor.copy(f"copy export ({COLUMNS}) from stdin") as copy:
        for row in rows:
            copy.write_row(row)


def seconds(action):
    """Wall time of one call."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def bare_pass(plan_id):
    """What a pass over all rows costs at least: read, summed by firm and handed over, with nothing decided."""
    with transaction() as session, without_collector():
        cursor = session.connection().connection.cursor()
        cursor.execute(
            "select firm_id, count(*), sum(counted_usd_cents) from export"
            f" where plan_id = {plan_id} and counted_usd_cents > 0 group by firm_id"
        )
        assert cursor.fetchall()


def night(plan_id, is_full):
    """The night of the day; a full one after another must find nothing."""
    with transaction() as session:
        return judge_night(session, session.get_one(Plan, plan_id), AS_OF, is_full=is_full)


def change_facts(plan_id, random, firm_count):
    """New, corrected, refunded and withdrawn exports of 1,000 firms; returns what keeping their quarters took."""
    numbers = (random.choice(firm_count, DIRTY, replace=False) + 1).tolist()
    with transaction() as session:
        rows = session.execute(select(Export.id, Export.firm_id).where(
            Export.plan_id == plan_id, Export.counted_usd_cents > 0, among(session, Export.firm_id, numbers))).all()
        chosen = random.permutation(len(rows))[:FACTS * 3 // 4]
        touched = [rows[place].id for place in chosen.tolist()]
        parts = [touched[start::3] for start in range(3)]
        table = Export.__table__
        here = update(table).where(table.c.id == bindparam("number"))
        for values, part in zip((
            {"exported_on": AS_OF - timedelta(days=40), "counted_usd_cents": 44_000}, {"counted_usd_cents": 500},
            {"counted_usd_cents": 0, "state": "withdrawn"},
        ), parts, strict=True):
            session.execute(here.values(values), [{"number": number} for number in part])
        store(session, [
            (plan_id, firm, (AS_OF - timedelta(days=int(random.integers(0, 30)))).isoformat(), "CL", "MX", "Shawls", "", 2022, "", 50_000, "USD",
             "", 50_000, "marketplace", "", "B2C", "", "", False, False, KNOWN, False, "verified", 3, 50_000, KNOWN)
            for firm in numbers[:FACTS // 4]
        ])
        session.execute(update(FirmStanding).where(among(session, FirmStanding.firm_id, numbers)).values(is_dirty=True))
        return seconds(lambda: keep_quarters(session, plan_id, numbers))


def rounds_of(plan_id, firm_count):
    """Interleaved: the bare pass, an incremental night, a full night that must find nothing."""
    random = np.random.default_rng(7)
    for _ in range(ROUNDS):
        kept = change_facts(plan_id, random, firm_count)
        base = seconds(lambda: bare_pass(plan_id))
        incremental = seconds(lambda: night(plan_id, False))
        before = time.perf_counter()
        assert night(plan_id, True)["judged"] == 0, "a full night found what the incremental one missed"
        yield base, incremental, time.perf_counter() - before, kept


def measure(firm_count, folder, settings):
    """One size on one database: medians of interleaved rounds, and the ratios to the GROUP BY."""
    app = create_app(Settings.read({"COHORT_INSTANCE": folder, "COHORT_SECRET_KEY": "k" * 40, **settings}))
    upgrade_database(app)
    clock.pin(datetime(2026, 11, 16, 5, tzinfo=UTC))
    with app.app_context():
        act_as(db.session(), SYSTEM)
        with clock.at(datetime(2026, 1, 1, tzinfo=UTC)), transaction() as session:
            plan_id, rolled = fill(session, firm_count)
        if settings:
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("vacuum analyze"))
        first = seconds(lambda: night(plan_id, True))
        rounds = list(rounds_of(plan_id, firm_count))
        assert check_quarters(db.session(), False) == []
        db.session.remove()
        db.engine.dispose()
    base, incremental, full, kept = (statistics.median(column) for column in zip(*rounds, strict=True))
    return {
        "bench": "flags", "size": firm_count, "rows": firm_count * ROWS_A_FIRM, "ratio": round(full / base, 2),
        "against": f"GROUP BY on the covering index, {'PostgreSQL' if settings else 'SQLite'}", "seconds": round(full, 3),
        "against_seconds": round(base, 3), "incremental_firms": DIRTY, "incremental_seconds": round(incremental, 4),
        "incremental_ratio": round(incremental / base, 3), "quarters_kept_seconds": round(kept, 4),
        "all_quarters_seconds": round(rolled, 1), "first_night_seconds": round(first, 1),
    }


def main():
    """Print one JSON line a size and database; sizes may be given as arguments, `sqlite` or `postgresql` too."""
    sizes = [int(word) for word in sys.argv[1:] if word.isdigit()] or [2_000, 20_000, 100_000]
    kinds = [word for word in sys.argv[1:] if not word.isdigit()] or ["sqlite", "postgresql"]
    for kind in kinds:
        for firm_count in sizes:
            with ExitStack() as stack:
                folder = stack.enter_context(tempfile.TemporaryDirectory())
                address = stack.enter_context(throwaway_cluster()).fresh_database() if kind == "postgresql" else ""
                settings = {"COHORT_DATABASE_URL": address} if address else {}
                print(json.dumps(measure(firm_count, str(Path(folder)), settings)), flush=True)


if __name__ == "__main__":
    main()

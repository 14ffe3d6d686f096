"""Measures bringing in a file of firms – checked, stored, indexed – against a bare `csv.reader` pass of the same file.

Prints one JSON line a size: `ratio` is seconds of ours over those of the bare pass (less is better); `against` names it.
"""

from __future__ import annotations

import csv
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from sqlalchemy import delete

from cohort.app import create_app
from cohort.config import Settings
from cohort.firms.importer import check_file
from cohort.firms.imports.storing import ready_rows, store_checked
from cohort.firms.models import Firm, FirmSize, OwnershipDeclaration
from cohort.kit.access import SYSTEM, act_as
from cohort.kit.database import db, transaction
from cohort.kit.imports import ImportRun

ROUNDS = 5
KEY = "a key for the bench that is long enough to be taken"
HEADER = "country,tax_id,legal_name,sector,annual_sales,sales_year,women_ownership_pct,women_control,woman_signatory,independent,board_total\n"


def ruc(number: int) -> str:
    base = f"20{number:08}"
    weighed = sum(int(digit) * weight for digit, weight in zip(base, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2), strict=True))
    return f"{base}{(11 - weighed % 11) % 10}"


def write(path: Path, size: int) -> None:
    with path.open("w", encoding="utf-8") as out:
        out.write(HEADER)
        out.writelines(f"PE,{ruc(number)},Empresa {number} SAC,commerce,{number * 37 % 9_000_000}.50,2025,{number % 101},yes,yes,yes,0\n"
                       for number in range(size))


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def bare(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as opened:
        return sum(1 for _row in csv.reader(opened))


def store(path: Path, size: int, locked: list[float]) -> None:
    """Bring the file in as a door does, and note for how long the write lock was held."""
    with ready_rows() as ready:
        act_as(db.session(), SYSTEM)  # type: ignore[arg-type]
        report = check_file(db.session(), SYSTEM, path, ready=ready)  # type: ignore[arg-type]
        began = time.perf_counter()
        with transaction() as session:
            store_checked(session, SYSTEM, report, ready)
        locked.append(time.perf_counter() - began)
    assert report.brought_in == size, report.counts()


def forget() -> None:
    with transaction() as session:
        for model in (FirmSize, OwnershipDeclaration, Firm, ImportRun):
            session.execute(delete(model))


def measure(site: Flask, folder: Path, size: int) -> dict[str, object]:
    """Return one size: medians of interleaved rounds."""
    path = folder / f"firms-{size}.csv"
    write(path, size)
    with site.app_context():
        times: list[tuple[float, float, float]] = []
        locked: list[float] = []
        for _round in range(ROUNDS if size <= 10_000 else 1):
            checked = seconds(lambda: check_file(db.session(), SYSTEM, path))  # type: ignore[arg-type]
            times.append((seconds(lambda: store(path, size, locked)), seconds(lambda: bare(path)), checked))
            forget()
    ours, theirs, check = (statistics.median(column) for column in zip(*times, strict=True))
    return {"bench": "import-firms", "size": size, "ratio": round(ours / theirs, 1), "against": "csv.reader pass", "seconds": round(ours, 3),
            "against_seconds": round(theirs, 4), "check_seconds": round(check, 3), "lock_seconds": round(statistics.median(locked), 3), "rows_a_second": round(size / ours)}


def main() -> None:
    """Print one JSON line a size; sizes may be given as arguments."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = create_app(Settings.read({
            "COHORT_INSTANCE": name, "COHORT_DATABASE_URL": f"sqlite:///{folder / 'bench.db'}", "COHORT_SECRET_KEY": KEY}))
        with site.app_context():
            db.create_all()
        for size in [int(size) for size in sys.argv[1:]] or [1_000, 10_000, 100_000]:
            print(json.dumps(measure(site, folder, size)), flush=True)


if __name__ == "__main__":
    main()

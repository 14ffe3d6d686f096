"""CDNOW's 1/10 sample, a customer as a firm: the command's answer equals a plain, slow reference of domain.md §1."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from click.testing import CliRunner

from cohort.exports.files.cli import recurrence

SOURCE = Path(__file__).parents[2].parent / "shared" / "data" / "cdnow_sample" / "transactions.csv"
AS_OF = date(1998, 6, 30)
DISTRIBUTION = {
    "lapsed": 1539,
    "dormant": 303,
    "becoming": 296,
    "repeat": 139,
    "reactivated": 75,
    "consolidated": 5,
}


def run_on(bought, day):
    """Purchases (day, cents) of the current run on a day, as written in domain.md, by looking at every pair."""
    inside = [one for one in bought if 0 <= (day - one[0]).days < 365]
    if not inside or (day - inside[-1][0]).days > 180:
        return []
    start = 0
    for place in range(len(inside) - 1):
        if (inside[place + 1][0] - inside[place][0]).days > 180:
            start = place + 1
    return inside[start:]


def quarters_of(run):
    return len({(day.year, (day.month + 2) // 3) for day, _ in run})


def is_r1(run):
    return len(run) >= 3 and quarters_of(run) >= 3 and sum(cents for _, cents in run) >= 100_000


def slow_stage(bought):
    """The stage on AS_OF of purchases in order of days."""
    last_on = bought[-1][0]
    if last_on < AS_OF - timedelta(days=365):
        return "lapsed"
    if last_on < AS_OF - timedelta(days=180):
        return "dormant"
    run = run_on(bought, AS_OF)
    years = {day.year for day, _ in bought}
    if is_r1(run):
        return "consolidated" if {last_on.year, last_on.year - 1} <= years else "recurring"
    if len(run) >= 2 and quarters_of(run) >= 2:
        return "becoming"
    lapse = None
    for before, after in pairwise(bought):
        if (after[0] - before[0]).days > 365:
            lapse = after[0]
    if lapse is not None:
        for day, _ in bought:
            known = run_on([one for one in bought if one[0] <= day], day)
            if day >= lapse and (quarters_of(known) >= 2 or is_r1(known)):
                lapse = None
                break
    if lapse is not None:
        return "reactivated"
    return "first" if len(bought) == 1 else "repeat"


def slow_row(customer, bought):
    """One row of the answer but for its next step."""
    run = run_on(bought, AS_OF)
    days = [day for day, _ in run] + [AS_OF]
    gaps = [(days[place + 1] - days[place]).days for place in range(len(run))]
    cents = sum(value for _, value in run)
    return [
        customer,
        slow_stage(bought),
        str(len(run)),
        str(quarters_of(run)),
        str(min(len(run), 1)),
        f"{cents // 100}.{cents % 100:02d}",
        str(max(gaps)) if gaps else "",
        bought[0][0].isoformat(),
        bought[-1][0].isoformat(),
    ]


def test_stages_of_cdnow_customers(tmp_path):
    if not SOURCE.exists():
        print("cdnow_sample is not beside the checkout: nothing compared")
        return
    bought = defaultdict(list)
    path = tmp_path / "exports.csv"
    with SOURCE.open(newline="") as opened, path.open("w") as written:
        written.write("firm_id,date,destination,value_usd\n")
        for row in csv.DictReader(opened):
            whole, _, part = row["usd"].partition(".")
            cents = int(whole) * 100 + int((part + "00")[:2])
            bought[row["customer_id"]].append((date.fromisoformat(row["date"]), cents))
            written.write(f"{row['customer_id']},{row['date']},US,{row['usd']}\n")
    result = CliRunner().invoke(recurrence, [str(path), "--as-of", AS_OF.isoformat()])
    answer = list(csv.reader(result.stdout.splitlines()))[1:]
    assert (result.exit_code, result.stderr) == (0, "")
    assert [row[:-1] for row in answer] == [slow_row(name, sorted(bought[name])) for name in sorted(bought)]
    assert Counter(row[1] for row in answer) == DISTRIBUTION

"""Tells the exports of the members: who sells when and where, what proves it, who checks it; the stage is never set.

Each pattern is a list of days before the last day; which stage follows from it is the product's own judgement.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from sqlalchemy.orm import Session

from cohort.demo.members import Enrolled
from cohort.demo.papers import paper
from cohort.demo.stage_set import COUNTRIES, Cast
from cohort.demo.timeline import Act, Agenda, Timeline, working_day
from cohort.demo.words import CHANNELS
from cohort.exports.entries.service import correct_export, log_export
from cohort.exports.facts import ExportFacts
from cohort.exports.models import Export
from cohort.exports.proof.service import refund_export, refuse_export, verify_export
from cohort.kit.access import Actor
from cohort.plans.models import Member

# Name → days before `as_of` of each export, jittered by a few days; how many of 80 firms follow it.
PATTERNS: dict[str, tuple[int, ...]] = {
    "never": (), "first": (75,), "first_early": (160,), "repeat": (38, 16), "isolated": (265, 24), "becoming": (148, 62),
    "becoming_long": (232, 140, 137), "steady": (292, 205, 112, 28), "steady_new": (195, 104, 20),
    "often": (330, 268, 240, 170, 128, 95, 51, 33, 18), "two_years": (398, 318, 230, 141, 66, 22),
    "quiet": (352, 270, 212), "lapsed": (388,), "back": (411, 14), "season": (396, 380, 369, 15), "abroad": (150, 90),
}
SHARES: dict[str, int] = {
    "never": 17, "first": 7, "first_early": 5, "repeat": 5, "isolated": 4, "becoming": 10, "becoming_long": 4, "steady": 8,
    "steady_new": 6, "often": 4, "two_years": 3, "quiet": 2, "lapsed": 1, "back": 1, "season": 2, "abroad": 1,
}
OF_NAMED = {
    "Hilos del Sur": "becoming", "Tejidos Aymara": "becoming_long", "Café Alto Nudo": "steady", "Miel del Maule": "quiet",
    "Papel Amate Lab": "repeat", "Cacao Sierra Alta": "two_years",
}
WAITING = {"CL": 7, "CO": 2, "MX": 3, "PE": 2}  # how many exports of each country wait for a check on the last day
DOCUMENTS = {"CL": "DUSSI", "CO": "DEX", "MX": "PEDIMENTO", "PE": "DEF", "CR": "DUA"}
FREE = ("refund", "part_refund", "refused", "corrected")  # what happens to single exports, once or twice each


@dataclass(frozen=True)
class Shipment:
    """One export to come: its day, value, place, way of selling, and whether the last part is left to us."""

    on: date
    destination: str
    usd: Decimal
    currency: str
    value: Decimal
    channel: tuple[str, str]
    number: str
    level: int
    is_baseline: bool = False
    is_waiting: bool = False


def deal_patterns(random: Random, members: list[Enrolled]) -> dict[int, str]:
    """Return the pattern of each member: the named ones their own, all others dealt by share, each at least once."""
    others = [each for each in members if each.name not in OF_NAMED and not each.is_pilot]
    deck = [name for name, count in SHARES.items() for _ in range(count)]
    fixed = [OF_NAMED[each.name] for each in members if each.name in OF_NAMED]
    for name in fixed:
        if deck.count(name) > 1:
            deck.remove(name)
    random.shuffle(deck)
    rare = [name for name in ("quiet", "lapsed", "back", "season", "two_years", "steady", "never") if name in deck]
    deck = [*rare, *deck]
    order = random.sample(others, len(others))
    dealt = {each.member_id: deck[place % len(deck)] for place, each in enumerate(order)}
    pilots = iter(("becoming", "season_pilot", "never"))
    return {
        each.member_id: dealt.get(each.member_id) or OF_NAMED.get(each.name) or next(pilots, "never") for each in members
    }


def play_exports(
    agenda: Agenda, timeline: Timeline, random: Random, cast: Cast, members: list[Enrolled], patterns: dict[int, str]
) -> None:
    """Note every export of every member, with its check, and the few that end otherwise."""
    fates = [*FREE, *FREE]
    waiting = dict(WAITING)
    for each in members:
        days = _days(random, timeline, patterns[each.member_id])
        if waiting.get(each.country) and _may_wait(each, patterns[each.member_id]):
            waiting[each.country] -= 1
            days.append((timeline.before(2 + waiting[each.country] % 6), True))
        for on, is_waiting in sorted(days):
            shipment = _shipment(random, each, on, is_abroad=patterns[each.member_id] == "abroad", is_waiting=is_waiting)
            may_end_otherwise = fates and len(days) > 4 and not is_waiting and on < timeline.before(60) and random.random() < 0.2
            _play_one(agenda, timeline, random, cast, each, shipment, fates.pop() if may_end_otherwise else "")
    _play_baselines(agenda, timeline, random, cast, members)


def _may_wait(each: Enrolled, pattern: str) -> bool:
    """Return whether an export in our queue leaves the firm's place in the story as it is."""
    return each.name == "Hilos del Sur" or pattern in ("first", "steady", "steady_new", "often", "becoming", "two_years")


def _days(random: Random, timeline: Timeline, pattern: str) -> list[tuple[date, bool]]:
    if pattern == "season_pilot":
        year = timeline.as_of.year
        return [(day, False) for day in (date(year, 2, 12), date(year, 4, 20), date(year, 5, 28)) if day < timeline.last_day]
    least, latest = timeline.from_start(1), timeline.before(12)
    days = [timeline.before(max(12, ago + random.randint(-6, 6))) for ago in PATTERNS[pattern]]
    return [(min(max(day, least), latest), False) for day in days]


def _shipment(random: Random, each: Enrolled, on: date, *, is_abroad: bool, is_waiting: bool, is_baseline: bool = False) -> Shipment:
    partners = [code for code in COUNTRIES if code != each.country]
    favourite = partners[each.sketch.number % len(partners)]
    destination = favourite if random.random() < 0.6 else random.choice(partners)
    if is_abroad or (not is_waiting and random.random() < 0.04):
        destination = random.choice(("US", "EC", "BR"))
    channel = random.choice(CHANNELS)
    is_big = channel[0] == "b2b_platform"
    usd = Decimal(round(random.lognormvariate(8.9 if is_big else 6.9, 0.45) + 360))
    level = 3 if usd > 1800 or each.country in ("CO", "MX", "CR") or random.random() < 0.5 else 2
    currency = _CURRENCIES[each.country] if random.random() < 0.35 else "USD"
    value = usd * _LEVELS[currency]
    return Shipment(
        on, destination, usd, currency, value, channel, f"{each.country}{on:%y%m%d}{each.firm_id:04}{random.randint(10, 99)}",
        level, is_baseline=is_baseline, is_waiting=is_waiting,
    )


_CURRENCIES = {"CL": "CLP", "CO": "COP", "MX": "MXN", "PE": "PEN", "CR": "CRC"}
_LEVELS = {"USD": Decimal(1), "CLP": Decimal(950), "COP": Decimal(4100), "MXN": Decimal("18.5"), "PEN": Decimal("3.65"), "CRC": Decimal(505)}


def _play_one(
    agenda: Agenda, timeline: Timeline, random: Random, cast: Cast, each: Enrolled, shipment: Shipment, fate: str
) -> None:
    told = min(shipment.on + timedelta(days=random.randint(0, 5)), timeline.last_day)
    box: list[int] = []
    with_file = shipment.is_waiting or told > timeline.before(70)
    agenda.add(told, _log(each, shipment, box, with_file=with_file), random.randint(0, 280))
    if shipment.is_waiting:
        return
    coordinator = cast.coordinator(each.country)
    checked = min(working_day(told + timedelta(days=random.randint(1, 6))), timeline.before(1))
    if fate in ("refused", "corrected"):
        agenda.add(checked, _refuse(coordinator, box), 310)
        if fate == "corrected":
            agenda.add(checked + timedelta(days=3), _correct(each, shipment, box), 30)
            agenda.add(checked + timedelta(days=5), _verify(coordinator, shipment, each, box), 310)
        return
    agenda.add(checked, _verify(coordinator, shipment, each, box), random.randint(300, 420))
    if fate:
        cents = None if fate == "refund" else int(shipment.usd * 40)
        agenda.add(checked + timedelta(days=random.randint(8, 25)), _refund(coordinator, box, cents), 200)


def _log(each: Enrolled, shipment: Shipment, box: list[int], *, with_file: bool) -> Act:
    def act(session: Session) -> None:
        whose = session.get_one(Member, each.member_id)
        files = [paper(f"Guía {shipment.number}", (f"De: {each.name}", f"A: {shipment.destination}", each.sketch.trade.product))]
        export = log_export(session, each.actor, whose, _facts(each, shipment), files if with_file else (), proof_kind="transport")
        box.append(export.id)

    return act


def _facts(each: Enrolled, shipment: Shipment, product: str = "") -> ExportFacts:
    places = Decimal(1) if shipment.currency == "CLP" else Decimal("0.01")
    return ExportFacts(
        exported_on=shipment.on, destination=shipment.destination, product=product or each.sketch.trade.product,
        value=shipment.value.quantize(places), currency=shipment.currency, channel=shipment.channel[0],
        marketplace=shipment.channel[1], buyer="B2B" if shipment.channel[0] == "b2b_platform" else "B2C",
        shipment="online" if each.sketch.trade.sector == "it_services" else "courier", is_baseline=shipment.is_baseline,
    )


def _verify(actor: Actor, shipment: Shipment, each: Enrolled, box: list[int]) -> Act:
    def act(session: Session) -> None:
        kind = DOCUMENTS[each.country] if shipment.level == 3 else "GUIDE"
        if each.sketch.trade.sector == "it_services" and shipment.level == 3:
            kind = "CONTRACT"
        verify_export(
            session, actor, session.get_one(Export, box[0]), shipment.level, kind, shipment.number,
            hs_code=each.sketch.trade.hs_code,
        )

    return act


def _refuse(actor: Actor, box: list[int]) -> Act:
    def act(session: Session) -> None:
        refuse_export(session, actor, session.get_one(Export, box[0]), "La guía no se lee: suba una foto con el número completo.")

    return act


def _correct(each: Enrolled, shipment: Shipment, box: list[int]) -> Act:
    def act(session: Session) -> None:
        facts = _facts(each, shipment, f"{each.sketch.trade.product} (guía nueva)")
        correct_export(session, each.actor, session.get_one(Export, box[0]), facts, "Foto nueva de la guía.")

    return act


def _refund(actor: Actor, box: list[int], cents: int | None) -> Act:
    def act(session: Session) -> None:
        reason = "La compradora devolvió el paquete." if cents is None else "Devolución de una parte del pedido."
        refund_export(session, actor, session.get_one(Export, box[0]), cents, reason)

    return act


def _play_baselines(agenda: Agenda, timeline: Timeline, random: Random, cast: Cast, members: list[Enrolled]) -> None:
    """Note what firms exported before they joined, told in their first weeks; it never counts towards recurrence."""
    for each in members:
        count = int(each.sketch.answers.get("exports_count") or 0)
        for _ in range(min(count, 2) if random.random() < 0.7 else 0):
            on = timeline.from_start(-random.randint(40, 700))
            shipment = _shipment(random, each, on, is_abroad=False, is_waiting=False, is_baseline=True)
            told, box = working_day(timeline.from_start(random.randint(6, 50))), list[int]()
            agenda.add(told, _log(each, shipment, box, with_file=False), random.randint(0, 280))
            agenda.add(working_day(told + timedelta(days=2)), _verify(cast.coordinator(each.country), shipment, each, box), 330)

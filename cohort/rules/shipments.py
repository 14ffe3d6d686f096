"""Decides which logged exports count towards recurrence, why the others do not, and who may verify one.

Leaves out rates and conversion (rows arrive in US cents) and the stages themselves (`recurrence`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import IntEnum, StrEnum

from cohort.rules.stages import ECOMMERCE_CHANNELS, Operation, RecurrencePolicy

SEA_ONLY_INCOTERMS = frozenset({"FAS", "FOB", "CFR", "CIF"})
INCOTERMS = SEA_ONLY_INCOTERMS | {"EXW", "FCA", "CPT", "CIP", "DAP", "DPU", "DDP"}
PARCEL_MODES = frozenset({"courier", "post"})


class Evidence(IntEnum):
    """The evidence ladder of domain.md §5, weakest first."""

    E0 = 0
    E1 = 1
    E2 = 2
    E3 = 3
    E4 = 4


class WhyNot(StrEnum):
    """Why a logged export does not count; a door puts each into words."""

    NOT_VERIFIED = "not_verified"
    FOREIGN_ORIGIN = "foreign_origin"
    OWN_COUNTRY = "own_country"
    DESTINATION_NOT_IN_PLAN = "destination_not_in_plan"
    CHANNEL = "channel"
    SAMPLE = "sample"
    RETURNED = "returned"
    BASELINE = "baseline"
    DUPLICATE = "duplicate"
    NO_VALUE = "no_value"


@dataclass(frozen=True)
class Shipment:
    """One logged export as the rules see it. `origin` and `destination` are ISO codes, money is US cents.

    `fob_cents` None: no rate for its day yet, so it waits. `verified` is the outcome of the check, taken by the
    ladder (`counts_as_verified`). Absent document parts are empty and never make a duplicate.
    """

    id: int
    exported_on: date
    origin: str
    destination: str
    channel: str
    fob_cents: int | None
    verified: bool
    returned_cents: int = 0
    sample: bool = False
    baseline: bool = False
    document_type: str = ""
    document_number: str = ""


@dataclass(frozen=True)
class Counting:
    """What the plan says about which exports count, for one firm: its country, joining day, destinations.

    `destinations` are the plan's countries on the export's day; a firm's own country never counts, even if listed.
    """

    country: str
    joined_on: date
    destinations: frozenset[str]
    policy: RecurrencePolicy


@dataclass(frozen=True)
class Counted:
    """The operations that count, and the reasons of each other shipment by its id (all that apply)."""

    operations: tuple[Operation, ...]
    left_out: dict[int, tuple[WhyNot, ...]]


def counted_of(shipments: Iterable[Shipment], counting: Counting) -> Counted:
    """The counted operations of one firm, by day, and why every other shipment is left out (domain.md §1, §5).

    Of shipments that would count and share one document only the earliest logged (least id) does. A partial
    refund lowers the value, a refund in full leaves the shipment out.
    """
    ordered = sorted(shipments, key=lambda shipment: shipment.id)
    left_out = {shipment.id: reasons for shipment in ordered if (reasons := why_not(shipment, counting))}
    fitting = [shipment for shipment in ordered if shipment.id not in left_out]
    left_out |= dict.fromkeys(duplicates_of(fitting), (WhyNot.DUPLICATE,))
    operations = [
        Operation(shipment.exported_on, shipment.destination, shipment.fob_cents - shipment.returned_cents)
        for shipment in fitting
        if shipment.id not in left_out and shipment.fob_cents is not None
    ]
    return Counted(tuple(sorted(operations)), left_out)


def why_not(shipment: Shipment, counting: Counting) -> tuple[WhyNot, ...]:
    """Every reason why this shipment alone does not count, in a fixed order; empty when it counts."""
    policy = counting.policy
    allowed = policy.destinations or tuple(counting.destinations)
    value = shipment.fob_cents
    tests = (
        (not shipment.verified, WhyNot.NOT_VERIFIED),
        (shipment.origin != counting.country, WhyNot.FOREIGN_ORIGIN),
        (shipment.destination == counting.country, WhyNot.OWN_COUNTRY),
        (
            shipment.destination != counting.country and shipment.destination not in allowed,
            WhyNot.DESTINATION_NOT_IN_PLAN,
        ),
        (policy.ecommerce_only and shipment.channel not in ECOMMERCE_CHANNELS, WhyNot.CHANNEL),
        (shipment.sample, WhyNot.SAMPLE),
        (is_returned_in_full(value, shipment.returned_cents), WhyNot.RETURNED),
        (shipment.baseline or shipment.exported_on < counting.joined_on, WhyNot.BASELINE),
        (value is None, WhyNot.NO_VALUE),
    )
    return tuple(reason for applies, reason in tests if applies)


def is_returned_in_full(value_cents: int | None, returned_cents: int) -> bool:
    """True when something was returned and nothing of the value is left.

    >>> is_returned_in_full(40_000, 40_000), is_returned_in_full(40_000, 39_999), is_returned_in_full(0, 0)
    (True, False, False)
    """
    return returned_cents > 0 and value_cents is not None and returned_cents >= value_cents


def document_key(country: str, document_type: str, number: str) -> tuple[str, str, str] | None:
    """The key under which a document counts once: country, type, number without case, blanks, dots or dashes.

    None when type or number is missing: nothing can be said then.

    >>> document_key("PE", "DAM", "235-2026-40-012345")
    ('PE', 'DAM', '235202640012345')
    """
    plain = "".join(sign for sign in number.upper() if sign.isalnum())
    kind = document_type.strip().upper()
    return (country.upper(), kind, plain) if kind and plain else None


def duplicates_of(shipments: Sequence[Shipment]) -> dict[int, int]:
    """For each shipment whose document an earlier one (in the order given) already has: its id → that one's id."""
    seen: dict[tuple[str, str, str], int] = {}
    repeated: dict[int, int] = {}
    for shipment in shipments:
        key = document_key(shipment.origin, shipment.document_type, shipment.document_number)
        if key is None:
            continue
        if key in seen:
            repeated[shipment.id] = seen[key]
        else:
            seen[key] = shipment.id
    return repeated


def fob_cents_of(cif_cents: int, freight_cents: int, insurance_cents: int) -> int:
    """FOB = CIF − freight − insurance, in US cents (domain.md §5).

    Raises ValueError when a part is negative or nothing is left, because an export has a value.

    >>> fob_cents_of(50_000, 8_000, 500)
    41500
    """
    if min(cif_cents, freight_cents, insurance_cents) < 0:
        raise ValueError("CIF, freight and insurance are 0 or more")
    fob = cif_cents - freight_cents - insurance_cents
    if fob <= 0:
        raise ValueError("freight and insurance leave no value")
    return fob


def counts_as_verified(
    evidence: Evidence, fob_usd: Decimal, simplified_limit_usd: Decimal | None, approvals: int
) -> bool:
    """True when the evidence suffices (domain.md §5 and rule 14).

    E3 and E4 count. E2 counts up to the origin's simplified limit (included) with one approval by a coordinator;
    where no limit is set, with two approvals by different people. E0 and E1 never do.
    """
    if evidence >= Evidence.E3:
        return True
    if evidence < Evidence.E2:
        return False
    if simplified_limit_usd is None:
        return approvals >= 2
    return fob_usd <= simplified_limit_usd and approvals >= 1


def may_verify(verifier_id: int, logged_by: int, *, firm_people: frozenset[int] = frozenset()) -> bool:
    """True when this person may verify: neither the one who logged it nor one of the firm's own people.

    Staff who entered it for a firm pass the firm's confirming person as `logged_by` (domain.md §5).
    """
    return verifier_id != logged_by and verifier_id not in firm_people


def sea_term_by_parcel(incoterm: str, mode: str) -> bool:
    """True when a sea-only Incoterm meets courier or post: worth a warning, never a refusal (domain.md §5).

    >>> sea_term_by_parcel("FOB", "courier"), sea_term_by_parcel("DAP", "courier")
    (True, False)
    """
    return incoterm.strip().upper() in SEA_ONLY_INCOTERMS and mode in PARCEL_MODES


@dataclass(frozen=True)
class HsCode:
    """An HS code read from text: six digits, and whether a lost leading zero was put back."""

    code: str
    zero_restored: bool


def read_hs_code(text: str) -> HsCode:
    """HS-6 from text with or without dots; five digits mean a spreadsheet dropped the leading zero.

    Longer national codes (8–10 digits) give their first six. Raises ValueError otherwise.

    >>> read_hs_code("901.11")
    HsCode(code='090111', zero_restored=True)
    """
    digits = "".join(sign for sign in text if sign not in ". -")
    if not digits.isascii() or not digits.isdigit() or len(digits) not in (5, 6, 7, 8, 9, 10):
        raise ValueError("an HS code has 6 to 10 digits")
    lost_zero = len(digits) % 2 == 1
    return HsCode((("0" if lost_zero else "") + digits)[:6], lost_zero)

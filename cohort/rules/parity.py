"""Decides which firms are women-owned and women-led under a named profile, and counts a group's parity.

It leaves out who may be chosen (quotas, selection) and never derives that a firm is owned or led by men.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Literal, get_args

Answer = Literal["yes", "no", "unknown"]
ProfileName = Literal["IWA34", "IFC", "WECONNECT", "CHILECOMPRA"]
Counting = Literal["owned_or_led", "owned", "led", "both"]
FirmForm = Literal["company", "sole_trader", "couple"]
PROFILES: tuple[ProfileName, ...] = get_args(ProfileName)
COUNTINGS: tuple[Counting, ...] = get_args(Counting)


@dataclass(frozen=True)
class OwnershipFacts:
    """What a firm declares; None is a fact not known. Percentages run from 0 to 100; board_total 0: no board.

    `couple` is a firm held 50/50 by two spouses. `owner_is_woman` speaks of a sole trader,
    `woman_decides_alone` of a couple (she alone signs and decides from day to day). `seals_in_force` names
    the national women's-business seals that the firm holds in its own country on the day judged.
    """

    women_ownership_pct: Decimal | None = None
    women_control: bool | None = None
    woman_signatory: bool | None = None
    independent: bool | None = None
    woman_chief_executive: bool | None = None
    woman_legal_rep_pct: Decimal | None = None
    board_total: int | None = None
    board_women: int | None = None
    form: FirmForm = "company"
    owner_is_woman: bool | None = None
    woman_decides_alone: bool | None = None
    seals_in_force: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reason:
    """Why one answer fell: the conditions known to fail, and those whose facts are missing (codes)."""

    failed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class OwnershipJudgement:
    """Owned and led under one profile, each with its reason; `seal` names the accepted seal, if any."""

    owned: Answer
    led: Answer
    profile: ProfileName
    owned_reason: Reason = Reason()
    led_reason: Reason = Reason()
    seal: str = ""


@dataclass(frozen=True)
class GroupParity:
    """A group's firms by what counts for parity; *no* and *unknown* stay apart, never added to yes."""

    women_count: int
    others_count: int
    unknown_count: int

    @property
    def firms_count(self) -> int:
        """All firms of the group."""
        return self.women_count + self.others_count + self.unknown_count

    def meets(self, share: Decimal | Fraction) -> bool:
        """Return whether women's firms are at least `share` (0 to 1) of the group; an empty one meets it."""
        return self.women_count >= Fraction(share) * self.firms_count


_Condition = tuple[str, bool | None]
_Judged = tuple[Answer, Reason]


def judge(
    facts: OwnershipFacts, profile: ProfileName = "IWA34", accepted_seals: frozenset[str] = frozenset()
) -> OwnershipJudgement:
    """Return whether a firm is women-owned and women-led under `profile`: each yes, no or unknown.

    `no` as soon as a known fact fails, `unknown` only if missing facts alone could fail it. Percentages are
    compared as exact decimals, the board in whole numbers (3 * women >= total for a third). WECONNECT has no
    rule of its own for *led* and answers led = owned. A seal in force that the protocol accepts is named in
    the judgement; owned and led stay as the facts say. Errors: ValueError for an unknown profile. Sources:
    ISO IWA 34:2021, IFC, WEConnect International, ChileCompra's Sello Empresa Mujer; domain.md §2.

    >>> facts = OwnershipFacts(Decimal(25), True, True, True, board_total=0)
    >>> judgement = judge(facts)
    >>> judgement.owned, judgement.led, judgement.owned_reason.failed
    ('no', 'yes', ('ownership',))
    """
    if profile not in PROFILES:
        raise ValueError(f"unknown profile {profile!r}; known: {', '.join(PROFILES)}")
    owned, led = _FORMS[facts.form](facts, profile)
    seal = min(facts.seals_in_force & accepted_seals, default="")
    return OwnershipJudgement(owned[0], led[0], profile, owned[1], led[1], seal)


def counts_for_parity(judgement: OwnershipJudgement, counting: Counting = "owned_or_led") -> Answer:
    """Return whether a firm counts as women's for parity under the protocol's switch (domain.md §2).

    An accepted seal says that the firm is owned or led by women but not which, so it decides
    `owned_or_led` alone. Errors: ValueError for an unknown switch.

    >>> counts_for_parity(OwnershipJudgement("no", "unknown", "IWA34"))
    'unknown'
    """
    if counting not in COUNTINGS:
        raise ValueError(f"unknown counting {counting!r}; known: {', '.join(COUNTINGS)}")
    if counting == "owned":
        return judgement.owned
    if counting == "led":
        return judgement.led
    answers = (judgement.owned, judgement.led)
    if counting == "both":
        return "no" if "no" in answers else "unknown" if "unknown" in answers else "yes"
    if judgement.seal or "yes" in answers:
        return "yes"
    return "unknown" if "unknown" in answers else "no"


def parity_of(group: Iterable[Answer]) -> GroupParity:
    """Return how many firms of a group count as women's, do not, and are not known.

    >>> parity_of(["yes", "no", "unknown", "yes"])
    GroupParity(women_count=2, others_count=1, unknown_count=1)
    """
    answers = list(group)
    return GroupParity(answers.count("yes"), answers.count("no"), answers.count("unknown"))


def seats_needed(share: Decimal | Fraction, seats: int) -> int:
    """Return the least number of women's firms among `seats` that is no less than `share` (0 to 1) of them.

    Errors: ValueError when the share is not from 0 to 1 or the seats are negative. Source: domain.md §8.

    >>> seats_needed(Decimal("0.50"), 5), seats_needed(Decimal("0.5"), 25)
    (3, 13)
    """
    if not 0 <= share <= 1 or seats < 0:
        raise ValueError(f"a share from 0 to 1 of 0 or more seats is expected, not {share} of {seats}")
    return ceil(Fraction(share) * seats)


def _company(facts: OwnershipFacts, profile: ProfileName) -> tuple[_Judged, _Judged]:
    share = facts.women_ownership_pct
    control = ("control", facts.women_control)
    executive = ("chief_executive", facts.woman_chief_executive)
    if profile == "IWA34":
        rest = [control, ("signatory", facts.woman_signatory), ("independent", facts.independent)]
        owned = _all_of([("ownership", _above(share, 50)), *rest])
        board = ("board", _board_share_met(facts, 1, 3))
        return owned, _all_of([("ownership", _at_least(share, 25)), *rest, board])
    if profile == "IFC":
        board = ("board", _board_share_met(facts, 3, 10))
        led = _all_of([("ownership", _at_least(share, 20)), executive, board])
        return _all_of([("ownership", _at_least(share, 51))]), led
    if profile == "WECONNECT":
        owned = _all_of([("ownership", _at_least(share, 51)), control])
        return owned, owned
    led = _any_of([executive, ("legal_representatives", _above(facts.woman_legal_rep_pct, 50))])
    return _all_of([("ownership", _above(share, 50))]), led


def _sole_trader(facts: OwnershipFacts, _profile: ProfileName) -> tuple[_Judged, _Judged]:
    answer = _all_of([("owner", facts.owner_is_woman)])
    return answer, answer


def _couple(facts: OwnershipFacts, profile: ProfileName) -> tuple[_Judged, _Judged]:
    owned: _Judged = ("no", Reason(failed=("ownership",)))
    if profile == "WECONNECT":
        return owned, owned
    return owned, _all_of([("decides_alone", facts.woman_decides_alone)])


_FORMS = {"company": _company, "sole_trader": _sole_trader, "couple": _couple}


def _above(share_pct: Decimal | None, bound_pct: int) -> bool | None:
    return None if share_pct is None else share_pct > bound_pct


def _at_least(share_pct: Decimal | None, bound_pct: int) -> bool | None:
    return None if share_pct is None else share_pct >= bound_pct


def _board_share_met(facts: OwnershipFacts, numerator: int, denominator: int) -> bool | None:
    """A board with at least numerator/denominator women, or no board at all."""
    if facts.board_total == 0:
        return True
    if facts.board_total is None or facts.board_women is None:
        return None
    return denominator * facts.board_women >= numerator * facts.board_total


def _all_of(conditions: list[_Condition]) -> _Judged:
    failed = tuple(name for name, holds in conditions if holds is False)
    missing = tuple(name for name, holds in conditions if holds is None)
    if failed:
        return "no", Reason(failed=failed)
    return ("unknown", Reason(missing=missing)) if missing else ("yes", Reason())


def _any_of(conditions: list[_Condition]) -> _Judged:
    if any(holds for _, holds in conditions):
        return "yes", Reason()
    missing = tuple(name for name, holds in conditions if holds is None)
    if missing:
        return "unknown", Reason(missing=missing)
    return "no", Reason(failed=tuple(name for name, _ in conditions))

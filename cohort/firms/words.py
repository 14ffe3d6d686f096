"""Says what the codes of this room mean, in the reader's language: refusals, answers, sectors, sizes, acts.

The reasons that `rules` give are worded in `files.wording`, which works in a command too; here is the site's side.
"""

from __future__ import annotations

from http import HTTPStatus

from flask_babel import get_locale
from flask_babel import lazy_gettext as _l

from cohort import reference
from cohort.firms.files.wording import Language, size_note, tax_id_note, women_note
from cohort.firms.models import Firm, FirmSize, OwnershipDeclaration
from cohort.kit.errors import wording
from cohort.kit.language import money
from cohort.rules.parity import OwnershipJudgement, Reason
from cohort.rules.size import SizeResult
from cohort.rules.taxid import TaxIdResult

ANSWERS = {"yes": _l("yes"), "no": _l("no"), "unknown": _l("we do not know")}
SECTORS = {
    "manufacturing": _l("Manufacturing"), "industry": _l("Other industry"), "commerce": _l("Commerce"),
    "services": _l("Services"), "it_services": _l("Information technology"), "other": _l("Another sector"),
}
SIZES = {
    "micro": _l("micro"), "small": _l("small"), "medium": _l("medium"), "large": _l("large"),
    "unknown": _l("we do not know"),
}
WOMEN_FILTERS = [
    ("either", _l("owned or led")), ("owned", _l("owned")), ("led", _l("led")), ("no", _l("neither")),
    ("unknown", _l("we do not know")),
]
FORMS = {
    "company": _l("Company or co-operative"), "sole_trader": _l("One owner, no company"),
    "couple": _l("Two spouses, half each"),
}
VERDICTS = {"verified": _l("Verified"), "refuted": _l("Not proven")}
ACTS = {
    "firm.registered": _l("registered the firm"), "firm.changed": _l("changed the profile"),
    "firm.tax_id_corrected": _l("corrected the tax number"),
    "firms.imported": _l("brought in a file of firms"), "firms.downloaded": _l("downloaded the list of firms"),
    "firm.person_added": _l("added a person"), "firm.person_ended": _l("noted that a person no longer acts for the firm"),
    "ownership.declared": _l("declared the ownership"), "ownership.verified": _l("verified the ownership"),
    "ownership.refuted": _l("found the ownership not proven"), "size.declared": _l("declared the size of a year"),
    "consent.given": _l("gave a consent"), "consent.taken_back": _l("took a consent back"),
}

wording("name_missing", _l("The name is empty. Write it as it stands on the tax certificate or identity document."))
wording("text_too_long", _l("“%(text)s…” is too long; up to %(most)s characters are kept."))
wording("sector_unknown", _l("“%(sector)s” is no sector of the list. Choose one, or leave it open."))
wording("tax_id_refused", _l("The tax number cannot be right: %(why)s. Compare it sign by sign with the tax certificate."))
wording("tax_id_doubtful", _l("Please read the tax number back: %(why)s. Tick the box if it is right."))
wording("firm_exists", _l("The firm with number %(tax_id)s is on the register already."), HTTPStatus.CONFLICT)
wording("tax_id_same", _l("%(tax_id)s is the number that stands there already."))
wording("tax_id_taken", _l("%(tax_id)s is the number of %(firm)s (firm no. %(firm_id)s)."), HTTPStatus.CONFLICT)
wording("contact_missing", _l("Give a mail address or a telephone number, so that the person can be reached."))
wording("email_malformed", _l("“%(email)s” is no mail address. Expected: name@domain."))
wording("phone_malformed", _l("“%(phone)s” is no telephone number. Expected: + and 8 to 15 digits, such as +56 9 1234 5678."))
wording("person_twice", _l("%(email)s already stands for a person of this firm."), HTTPStatus.CONFLICT)
wording("consent_unknown", _l("“%(purpose)s” is no purpose that anybody is asked to agree to."))
wording("consent_version", _l("The text “%(version)s” is no longer shown. Read version %(current)s and decide again."))
wording("profile_unknown", _l("“%(profile)s” is no ownership profile that we know."))
wording("share_out_of_range", _l("%(share)s is no percentage. Expected: 0 to 100."))
wording("board_contradicts", _l("%(women)s women on a board of %(total)s members cannot be. Check both figures."))
wording("declared_ahead", _l("%(day)s has not come yet. Give today or an earlier day."))
wording("file_foreign", _l("That file belongs to another firm."), HTTPStatus.FORBIDDEN)
wording("verdict_unknown", _l("“%(verdict)s” is no verdict. Expected: verified or not proven."))
wording("own_declaration", _l("Another person must verify this: nobody verifies what they declared or what is their own."), HTTPStatus.FORBIDDEN)
wording("amount_negative", _l("An amount below zero cannot be. Expected: 0 or more."))
wording("employees_whole", _l("Count people in whole numbers."))
wording("sales_year_unlikely", _l("%(year)s cannot be the year of the sales. Expected: a past year, such as the last one."))
wording("filter_unknown", _l("The list cannot be filtered by “%(value)s”."), HTTPStatus.BAD_REQUEST)


class TaxIdWords:
    """The reason of a tax number's verdict, worded in the language of whoever reads it when it is read."""

    def __init__(self, result: TaxIdResult) -> None:
        self.result = result

    def __str__(self) -> str:
        if self.result.note_code == "co_check_digit_missing":
            return str(_l("a NIT has one more digit, the check digit; write it in its own box"))
        return tax_id_note(self.result, language())


def language() -> Language:
    """Return `es` or `en`, whichever this reader's page is in; English outside a page."""
    return "es" if str(get_locale() or "en").startswith("es") else "en"


def country_name(code: str) -> str:
    """Return a country's name in the reader's language."""
    return reference.countries()[code].names[language()]


def country_choices() -> list[tuple[str, str]]:
    """Return the countries of the plan as (code, name)."""
    return [(code, country.names[language()]) for code, country in reference.countries().items()]


def womens_words(firm: Firm) -> str:
    """Return the plum tag's words for a women-owned or women-led firm, empty for every other."""
    if firm.women_owned == "yes":
        return str(_l("women-owned and women-led") if firm.women_led == "yes" else _l("women-owned"))
    return str(_l("women-led")) if firm.women_led == "yes" else ""


def ownership_reason(declaration: OwnershipDeclaration) -> str:
    """Return why owned and led came out as they did: what fails, what is missing, under which profile."""
    reasons = {
        side: Reason(tuple(declaration.note[side]["failed"]), tuple(declaration.note[side]["missing"]))
        for side in ("owned", "led")
    }
    judged = OwnershipJudgement(
        declaration.women_owned, declaration.women_led, declaration.profile,  # type: ignore[arg-type]
        reasons["owned"], reasons["led"],
    )
    return women_note(judged, language())


def size_reason(size: FirmSize) -> str:
    """Return the figure that decided the class, the bound it was held against and the rule's version."""
    note = size.note
    return size_note(SizeResult(size.size_class, note["code"], note["params"], size.rule_version), language())  # type: ignore[arg-type]


def amount(minor: int | None, currency: str) -> str:
    """Return money the reader's way, empty when it is not known."""
    return "" if minor is None else money(minor, currency)


def yes_no(value: bool | None) -> str:
    """Return an answer in words; an open one says that we do not know."""
    return str(ANSWERS["unknown" if value is None else "yes" if value else "no"])

"""Refuses facts of an export that cannot be: days, places, channels, codes; whether it counts is decided in `rules`."""

from __future__ import annotations

from datetime import date
from functools import cache

from babel import Locale
from flask_babel import lazy_gettext as _l

from cohort import reference
from cohort.exports import events
from cohort.exports.documents import documents_of
from cohort.exports.facts import ExportFacts
from cohort.firms.models import Firm
from cohort.kit.errors import DomainError, wording
from cohort.plans.models import Member
from cohort.rules.shipments import INCOTERMS, read_hs_code

wording("exported_ahead", _l("The day of the export lies in the future. Log it once the goods have left."))
wording("exported_before_joining", _l("The firm joined on %(day)s. Mark the export as one from before, or correct the day."))
wording("exported_after_joining", _l("This export was made as a member: it is not one from before joining."))
wording("exported_after_leaving", _l("The firm left the plan on %(day)s."))
wording("not_a_member", _l("The firm is not in the plan; only exports from before joining can be noted."))
wording("destination_own", _l("The goods must go to another country than the firm's own."))
wording("destination_unknown", _l("Choose the country that the goods went to."))
wording("channel_unknown", _l("Choose how it was sold."))
wording("currency_unknown", _l("Choose the currency of the amount."))
wording("product_missing", _l("Say in a few words what was sold."))
wording("hs_code_malformed", _l("An HS code has 6 digits; “%(typed)s” has not."))
wording("incoterm_unknown", _l("“%(typed)s” is not one of the Incoterms 2020."))
wording("document_unknown", _l("Choose a document that is used in the firm's country."))
wording("export_text_long", _l("“%(text)s…” is too long: at most %(most)s characters."))

_NEW_HS_FROM = date(2028, 1, 1)  # HS 2028 comes into force (domain.md §5)
_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "ZZ", "QO", "XA", "XB"})  # groupings and placeholders of the table
SHIPMENTS = ("", "courier", "post", "sea", "air", "land", "online")
_LENGTHS = {"product": 200, "marketplace": 60, "quantity": 40, "document_number": 60}


@cache
def country_codes() -> frozenset[str]:
    """Return the two-letter codes of all countries."""
    codes = {str(code) for code in Locale("en").territories}
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - _NO_COUNTRIES


def currencies() -> list[str]:
    """Return the currencies that an export may be told in: those of the plan's countries, dollars and euros."""
    return list(dict.fromkeys([*(each.currency for each in reference.countries().values()), "USD", "EUR"]))


def check_facts(firm: Firm, member: Member | None, facts: ExportFacts) -> None:
    """Raise a DomainError that names what cannot be; days are those where the firm is."""
    _check_day(firm, member, facts)
    if facts.destination == firm.country:
        raise DomainError("destination_own")
    known = (
        (facts.destination in country_codes(), DomainError("destination_unknown")),
        (facts.channel in reference.channels(), DomainError("channel_unknown")),
        (facts.currency in currencies(), DomainError("currency_unknown")),
        (bool(facts.product.strip()), DomainError("product_missing")),
        (not facts.incoterm or facts.incoterm in INCOTERMS, DomainError("incoterm_unknown", typed=facts.incoterm)),
        (facts.shipment in SHIPMENTS and facts.buyer in ("B2C", "B2B"), DomainError("channel_unknown")),
        (
            not facts.document_type or facts.document_type in {each.code for each in documents_of(firm.country)},
            DomainError("document_unknown"),
        ),
    )
    for holds, refusal in known:
        if not holds:
            raise refusal
    for name, most in _LENGTHS.items():
        if len(getattr(facts, name).strip()) > most:
            raise DomainError("export_text_long", text=getattr(facts, name)[:30], most=most)


def _check_day(firm: Firm, member: Member | None, facts: ExportFacts) -> None:
    if facts.exported_on > events.today_of(firm):
        raise DomainError("exported_ahead")
    if member is None:
        if not facts.is_baseline:
            raise DomainError("not_a_member")
        return
    if facts.is_baseline and facts.exported_on >= member.joined_on:
        raise DomainError("exported_after_joining")
    if not facts.is_baseline and facts.exported_on < member.joined_on:
        raise DomainError("exported_before_joining", day=member.joined_on)
    if member.left_on is not None and facts.exported_on > member.left_on:
        raise DomainError("exported_after_leaving", day=member.left_on)


def hs_columns(hs_code: str, exported_on: date) -> dict[str, object]:
    """Return the HS code in six digits with its edition; empty stays empty. Errors: `hs_code_malformed`."""
    edition = 2028 if exported_on >= _NEW_HS_FROM else 2022
    if not hs_code.strip():
        return {"hs_code": "", "hs_edition": edition}
    try:
        return {"hs_code": read_hs_code(hs_code).code, "hs_edition": edition}
    except ValueError as error:
        raise DomainError("hs_code_malformed", typed=hs_code) from error

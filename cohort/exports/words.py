"""Names states, events, reasons, places and channels of exports in the reader's language; decides nothing."""

from __future__ import annotations

from babel import Locale
from flask_babel import lazy_gettext as _l

from cohort import reference
from cohort.exports.documents import DOCUMENTS, LEVEL_NAMES, PROOF_KINDS
from cohort.exports.entries.checks import country_codes
from cohort.kit import language
from cohort.rules.shipments import WhyNot

__all__ = ["DOCUMENTS", "LEVEL_NAMES", "PROOF_KINDS"]

STATE_NAMES = {
    "waiting": _l("waiting for us"), "verified": _l("verified"), "refused": _l("sent back"), "withdrawn": _l("withdrawn"),
}
STATE_TONES = {"waiting": "sun", "verified": "sea", "refused": "coral", "withdrawn": "neutral"}
ACTIONS = {
    "export.logged": _l("logged it"), "export.verified": _l("verified it"), "export.approved": _l("approved it; a second person has to"),
    "export.refused": _l("sent it back"), "export.reopened": _l("opened it again"), "export.refunded": _l("noted a refund"),
    "export.corrected": _l("corrected it"), "export.withdrawn": _l("withdrew it"), "export.confirmed": _l("confirmed it for the firm"),
    "export.rated": _l("converted it, the rate has arrived"), "export.proof_added": _l("added a file"),
    "exports.downloaded": _l("downloaded the list"), "rates.imported": _l("brought in exchange rates"),
}
WHY_NOT = {
    WhyNot.NOT_VERIFIED: _l("it has not been checked yet"),
    WhyNot.FOREIGN_ORIGIN: _l("the goods did not leave from the firm's country"),
    WhyNot.OWN_COUNTRY: _l("it went to the firm's own country"),
    WhyNot.DESTINATION_NOT_IN_PLAN: _l("the country it went to is not a destination of the plan"),
    WhyNot.CHANNEL: _l("it was not sold online"),
    WhyNot.SAMPLE: _l("it was a free sample"),
    WhyNot.RETURNED: _l("the buyer got all the money back"),
    WhyNot.BASELINE: _l("it was made before joining the plan"),
    WhyNot.DUPLICATE: _l("its document shows another export already"),
    WhyNot.NO_VALUE: _l("the exchange rate of that day is not there yet"),
}
SHIPMENT_NAMES = {
    "": _l("not said"), "courier": _l("courier"), "post": _l("post"), "sea": _l("sea"), "air": _l("air"),
    "land": _l("land"), "online": _l("online, a service"),
}


def country_name(code: str) -> str:
    """Return a country's name in the language of the page; any country of the world."""
    found = reference.countries().get(code)
    formats = language.formats()
    if found is not None:
        return found.names["es" if formats.language == "es" else "en"]
    return str(Locale(formats.language).territories.get(code, code))


def channel_name(code: str) -> str:
    """Return a channel's name in the language of the page."""
    found = reference.channels().get(code)
    return found.names["es" if language.formats().language == "es" else "en"] if found else code


def other_countries() -> list[tuple[str, str]]:
    """Return the countries outside the programme by name, for a select box."""
    named = sorted((country_name(code), code) for code in country_codes() - set(reference.countries()))
    return [(code, name) for name, code in named]

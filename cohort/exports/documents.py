"""Names the documents that can show an export, by origin; which of them suffices is decided in `rules.shipments`."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True)
class Document:
    """A kind of document: code, words, the country that issues it (empty: any), and the evidence it usually gives."""

    code: str
    name: object
    country: str
    level: int


# domain.md §5; number formats are not verified there, so none is enforced.
DOCUMENTS: dict[str, Document] = {
    each.code: each
    for each in (
        Document("DUS", _l("Export declaration (DUS)"), "CL", 3),
        Document("DUSSI", _l("Simplified declaration (DUSSI)"), "CL", 3),
        Document("DEX", _l("Export declaration (DEX)"), "CO", 3),
        Document("PEDIMENTO", _l("Export declaration (pedimento)"), "MX", 3),
        Document("DAM", _l("Export declaration (DAM)"), "PE", 3),
        Document("DSE", _l("Simplified declaration (DSE)"), "PE", 3),
        Document("DEF", _l("Exporta Fácil declaration (DEF)"), "PE", 3),
        Document("DUA", _l("Export declaration (DUA)"), "CR", 3),
        Document("CONTRACT", _l("Contract or invoice of a service, paid from abroad"), "", 3),
        Document("GUIDE", _l("Courier guide with delivery abroad"), "", 2),
        Document("POSTAL", _l("Postal form (CN22, CN23) with delivery abroad"), "", 2),
        Document("INVOICE", _l("Invoice and payment"), "", 1),
    )
}
LEVEL_NAMES = {
    0: _l("declared only"), 1: _l("invoice and payment"), 2: _l("courier or post, delivered abroad"),
    3: _l("customs declaration"), 4: _l("matched with customs data"),
}
PROOF_KINDS = {
    "invoice": _l("Invoice or receipt"), "payment": _l("Payment"), "transport": _l("Courier or postal guide"),
    "declaration": _l("Customs declaration"), "other": _l("Other"),
}


def documents_of(origin: str) -> list[Document]:
    """Return the documents that an export from `origin` may have, strongest first."""
    return [each for each in DOCUMENTS.values() if each.country in ("", origin)]

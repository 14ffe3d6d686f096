"""The four ways every journey is walked: desk and phone, Spanish and English, each with a country of its own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Walk:
    """One way: width and language of the reader, the country whose firm and coordinator act, the code of its call."""

    width: int
    language: str
    country: str
    coordinator: str

    @property
    def code(self) -> str:
        return f"walk-{self.language}-{self.width}"

    @property
    def name(self) -> str:
        return f"{self.language}-{self.width}"

    @property
    def height(self) -> int:
        return 860 if self.width > 600 else 760


WALKS = (
    Walk(1280, "es", "CL", "chile"),
    Walk(390, "es", "PE", "peru"),
    Walk(1280, "en", "MX", "mexico"),
    Walk(390, "en", "CO", "colombia"),
)

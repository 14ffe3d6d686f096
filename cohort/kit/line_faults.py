"""What is wrong with one line of a sheet that somebody pasted or brought in; each kind of sheet words its own faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class LineFault:
    """One line that cannot be taken, with the reason as a code and its facts; a sheet's own class gives the `WORDS`."""

    WORDS: ClassVar[Mapping[str, Any]] = {}

    line: int
    code: str
    params: Mapping[str, Any]

    def __str__(self) -> str:
        return str(self.WORDS[self.code]) % self.params

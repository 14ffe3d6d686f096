"""Compiles the catalogues while the package is built, so that a wheel and a checkout speak both languages."""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Write a .mo beside each .po before files are gathered."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile each catalogue in place."""
        for catalogue in sorted(Path(self.root, "cohort", "translations").glob("*/LC_MESSAGES/*.po")):
            with catalogue.open("rb") as source, NamedTemporaryFile(dir=catalogue.parent, delete=False) as target:
                write_mo(target, read_po(source, locale=catalogue.parts[-3]))
            written = Path(target.name)
            written.chmod(0o644)
            written.replace(catalogue.with_suffix(".mo"))  # at once: whoever reads it now sees the whole file

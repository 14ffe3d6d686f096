"""Builds the site once for the tests that ask its registries."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from cohort.app import create_app
from cohort.config import Settings


@pytest.fixture(scope="session")
def built_site(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder: Path = tmp_path_factory.mktemp("built")
    return create_app(Settings.read({"COHORT_INSTANCE": str(folder), "COHORT_SECRET_KEY": "k" * 40}))

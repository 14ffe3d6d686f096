"""Serves the real site on loopback to a real Chromium: one world, one server and one browser a run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from cohort.kit.serve import free_port
from tests.browser.served import ROOT, environment, serving
from tests.browser.site import Site
from tests.browser.walks import WALKS, Walk
from tests.browser.world import TODAY

HERE = Path(__file__).parent
KEPT_WORLD = "BROWSER_WORLD"  # a folder built before, to spare its building while a journey is written
SWITCHES = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the walks in one process, so that one server starts."""
    for test in items:
        if test.path.parent == HERE:
            test.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation that is lived in."""
    folder = tmp_path_factory.mktemp("world")
    if KEPT_WORLD in os.environ:
        shutil.copytree(os.environ[KEPT_WORLD], folder, dirs_exist_ok=True)
        return folder
    subprocess.run([sys.executable, "-m", "tests.browser.world", str(folder)], env=environment(folder, 0, TODAY), cwd=ROOT, check=True, timeout=240)
    return folder


@pytest.fixture(scope="session")
def site(world: Path) -> Iterator[Site]:
    """The site under gunicorn, as `cohort run` starts it, with its strict Content-Security-Policy."""
    port = free_port("127.0.0.1", 5700 + os.getpid() % 200)
    with serving(world, port, TODAY):
        yield Site(f"http://localhost:{port}", world)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One headless Chromium, the system's own."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "Chromium is needed: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(SWITCHES))
        yield browser
        browser.close()


@pytest.fixture(params=WALKS, ids=lambda walk: walk.name)
def walk(request: pytest.FixtureRequest) -> Walk:
    """Desk and phone, Spanish and English."""
    return request.param  # type: ignore[no-any-return]

"""The built wheel alone serves the site: templates, static files, catalogues, tables and migrations are inside."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
VISIT = """
import cohort, pathlib, sys
assert pathlib.Path(cohort.__file__).is_relative_to(sys.argv[1]), cohort.__file__
from cohort.app import create_app
from cohort.kit.schema import upgrade_database
app = create_app()
upgrade_database(app)
client = app.test_client()
page = client.get("/sign-in", headers={"Accept-Language": "es"})
assert page.status_code == 200, page.status
print("Ingresar" in page.text, client.get("/static/css/site.css").status_code, client.get("/static/js/forms.js").status_code)
"""


def test_the_wheel_serves_the_site(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(ROOT)],
        capture_output=True, text=True, check=False,
    )
    assert built.returncode == 0, built.stderr
    [wheel] = (tmp_path / "dist").glob("*.whl")
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(site), "COHORT_INSTANCE": str(tmp_path / "instance")}
    visited = subprocess.run(
        [sys.executable, "-c", VISIT, str(site)], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )
    assert visited.returncode == 0, visited.stderr
    assert visited.stdout.split() == ["True", "200", "200"]


def test_the_source_distribution_holds_what_a_wheel_needs(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)],
        capture_output=True, text=True, check=False,
    )
    assert built.returncode == 0, built.stderr
    [archive] = tmp_path.glob("*.tar.gz")
    listed = subprocess.run(["tar", "tzf", str(archive)], capture_output=True, text=True, check=True).stdout
    for needed in ("templates/layouts/base.html", "static/css/tokens.css", "cohort/migrations/env.py", ".ci/hatch_build.py"):
        assert f"/{needed}" in listed, needed

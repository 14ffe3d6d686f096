"""Holds that README names every setting, command, job and role, so that it cannot fall behind."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from flask import Flask

from cohort.cli import COMMANDS
from cohort.config import Settings
from cohort.kit.access import Role
from cohort.kit.jobs import JOBS

README = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")


def test_every_setting_stands_in_readme() -> None:
    assert [each.metadata["env"] for each in fields(Settings) if f"`{each.metadata['env']}`" not in README] == []


def test_no_setting_stands_in_readme_that_is_none() -> None:
    known = {each.metadata["env"] for each in fields(Settings)}
    named = {word.strip("`,.:;()=") for word in README.replace("=", " ").split() if word.strip("`,.:;()=").startswith("COHORT_")}
    assert named - known == set()


def test_every_command_stands_in_readme() -> None:
    assert [name for name in COMMANDS if f"`cohort {name}" not in README and f"cohort {name} " not in README] == []


def test_every_job_stands_in_readme(built_site: Flask) -> None:
    assert [name for name in JOBS if f"`{name}`" not in README] == []


def test_every_role_stands_in_readme() -> None:
    lower = README.lower()
    named = {Role.MANAGER: "programme manager"}
    assert [role.value for role in Role if named.get(role, role.value) not in lower] == []

"""Holds the settings of one installation, read from the environment and checked at start.

What a plan may change while it runs (policies, countries, thresholds) is stored per plan, not here.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PACKAGE = Path(__file__).resolve().parent
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


_COPIES = (
    ("backups_daily", "COHORT_BACKUPS_DAILY", 7), ("backups_weekly", "COHORT_BACKUPS_WEEKLY", 4),
    ("backups_monthly", "COHORT_BACKUPS_MONTHLY", 12),
)


class BadSetting(ValueError):
    """A setting that cannot be used; the message names it and says what is expected."""


def web_root() -> Path:
    """Return the folder that holds `templates/` and `static/`: the checkout's, else the wheel's own copy."""
    checkout = PACKAGE.parent
    return checkout if (checkout / "templates").is_dir() else PACKAGE / "_web"


def _setting(name: str, help_text: str, default: object = "") -> Any:
    """Declare a field together with its environment name and the sentence that README shows."""
    return field(default=default, metadata={"env": name, "help": help_text})


@dataclass(frozen=True)
class Settings:
    """Every setting with its default; build it with `Settings.read`, which refuses bad values."""

    database_url: str = _setting("COHORT_DATABASE_URL", "Database; default: SQLite in the instance folder")
    secret_key: str = _setting("COHORT_SECRET_KEY", "Signs cookies and links; made and kept in the instance folder when absent")
    smtp_url: str = _setting("COHORT_SMTP_URL", "smtp://user:password@host:port (smtps:// for TLS); absent: mail is kept and shown on the operator page")
    public_url: str = _setting("COHORT_PUBLIC_URL", "Address that mails and links carry", "http://localhost:5000")
    instance: Path = _setting("COHORT_INSTANCE", "Folder for the database, the key and uploads", Path("instance"))
    backups: Path = _setting("COHORT_BACKUPS", "Folder for the archives of each night; default: backups/ in the instance folder", Path("backups"))
    backups_daily: int = _setting("COHORT_BACKUPS_DAILY", "How many daily archives stay", 7)
    backups_weekly: int = _setting("COHORT_BACKUPS_WEEKLY", "How many weekly archives stay", 4)
    backups_monthly: int = _setting("COHORT_BACKUPS_MONTHLY", "How many monthly archives stay", 12)
    limiter_url: str = _setting("COHORT_LIMITER_URL", "Shared store for rate limits; default: each process counts alone", "memory://")
    mail_from: str = _setting("COHORT_MAIL_FROM", "Sender of every mail; required with COHORT_SMTP_URL", "cohort@localhost")
    trusted_proxies: int = _setting("COHORT_TRUSTED_PROXIES", "How many proxies stand in front and may name the client", 0)
    metrics_token: str = _setting("COHORT_METRICS_TOKEN", "Bearer token for /metrics and /health/ready from elsewhere than loopback")
    log_level: str = _setting("COHORT_LOG_LEVEL", "DEBUG, INFO, WARNING or ERROR", "INFO")
    today: date | datetime | None = _setting("COHORT_TODAY", "A date or an instant that stands for now, for demo and tests; refused when the SMTP host is not loopback", None)

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Return the settings of this environment; raises `BadSetting` naming the variable that is wrong."""
        env = os.environ if environment is None else environment
        known = {str(f.metadata["env"]): f.name for f in fields(cls)}
        unknown = sorted(name for name in env if name.startswith("COHORT_") and name not in known)
        if unknown:
            raise BadSetting(f"{unknown[0]}: no such setting; known are {', '.join(sorted(known))}")
        raw = {name: env[variable].strip() for variable, name in known.items() if env.get(variable, "").strip()}
        instance = Path(raw.get("instance") or _default_instance()).resolve()
        instance.mkdir(parents=True, exist_ok=True)
        settings = cls(
            database_url=raw.get("database_url") or f"sqlite:///{instance / 'cohort.db'}",
            secret_key=raw.get("secret_key") or _kept_secret(instance),
            smtp_url=raw.get("smtp_url", ""),
            public_url=raw.get("public_url", "http://localhost:5000").rstrip("/"),
            instance=instance,
            backups=Path(raw.get("backups") or instance / "backups").resolve(),
            **{name: _whole_number(known_as, raw.get(name, str(default))) for name, known_as, default in _COPIES},
            limiter_url=raw.get("limiter_url", "memory://"),
            mail_from=raw.get("mail_from", "" if raw.get("smtp_url") else "cohort@localhost"),
            trusted_proxies=_whole_number("COHORT_TRUSTED_PROXIES", raw.get("trusted_proxies", "0")),
            metrics_token=raw.get("metrics_token", ""),
            log_level=raw.get("log_level", "INFO").upper(),
            today=_day_or_instant(raw.get("today", "")),
        )
        settings._refuse_contradictions()
        return settings

    def _refuse_contradictions(self) -> None:
        """Raise `BadSetting` for values that are well formed but cannot stand together."""
        if self.backups_daily < 1:
            raise BadSetting("COHORT_BACKUPS_DAILY: at least 1 is expected")
        if len(self.secret_key) < 32:
            raise BadSetting("COHORT_SECRET_KEY: at least 32 characters are expected")
        if self.log_level not in LOG_LEVELS:
            raise BadSetting(f"COHORT_LOG_LEVEL: {self.log_level!r} is not one of {', '.join(LOG_LEVELS)}")
        if urlsplit(self.public_url).scheme not in {"http", "https"}:
            raise BadSetting(f"COHORT_PUBLIC_URL: {self.public_url!r} must begin with http:// or https://")
        if not self.smtp_url:
            return
        parts = urlsplit(self.smtp_url)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise BadSetting("COHORT_SMTP_URL: expected smtp://host:port or smtps://host:port")
        if "@" not in self.mail_from:
            raise BadSetting("COHORT_MAIL_FROM: an address is required when COHORT_SMTP_URL is set")
        if self.today is not None and parts.hostname not in LOOPBACK:
            raise BadSetting("COHORT_TODAY: refused while COHORT_SMTP_URL names a host other than this machine")

    @property
    def uploads(self) -> Path:
        """The folder that holds uploaded files under neutral names."""
        return self.instance / "uploads"


def _default_instance() -> str:
    checkout = PACKAGE.parent
    return str(checkout / "instance") if (checkout / "pyproject.toml").is_file() else str(Path.cwd() / "instance")


def _kept_secret(instance: Path) -> str:
    """Return the installation's key, made once and readable by its owner alone."""
    path = instance / "secret_key"
    if not path.exists():
        made = secrets.token_urlsafe(48)
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
                stream.write(made)
        except FileExistsError:
            pass  # another process of the same first start was faster; its key is as good
    return path.read_text("ascii").strip()


def _whole_number(name: str, text: str) -> int:
    if not text.isdigit():
        raise BadSetting(f"{name}: {text!r} is not a whole number")
    return int(text)


def _day_or_instant(text: str) -> date | datetime | None:
    if not text:
        return None
    try:
        if len(text) <= 10:
            return date.fromisoformat(text)
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadSetting(f"COHORT_TODAY: {text!r} is neither a date (2026-11-24) nor an instant") from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)

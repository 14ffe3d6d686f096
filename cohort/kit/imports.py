"""Records each file that was brought in as one act: which file, by whom, what came of it; rows carry its number."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from cohort.kit.access import open_table
from cohort.kit.database import Base


class ImportRun(Base):
    """One imported file, named by the hash of its bytes; `counts` says how many rows did what."""

    __tablename__ = "import_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    file_name: Mapped[str] = mapped_column(String(200))
    file_sha256: Mapped[str] = mapped_column(String(64), index=True)
    counts: Mapped[dict[str, Any]]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]


open_table(ImportRun, "holds counts and a file hash, no row of the file")
